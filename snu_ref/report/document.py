"""Make the page report.html from the results.json and the figures of `reproduce`.

The page works offline, without scripts or other files. Its text is in `page.html`; the modules of
this folder fill in tables, figures, and sentences that depend on the results.
"""
import json
from pathlib import Path
from string import Template

from ..files import read_regular, whole_file
from . import claim, devices, figures, sections
from .page import text

LARGEST = 10 ** 7  # bytes; our choice: about fifty times the file of a full reproduction
HERE = Path(__file__).parent


def write_report(folder):
    """Make report.html from results.json and the figures in `folder`; returns its path.

    Raises OSError for missing files, ValueError for a results.json that is not from `reproduce`.
    """
    path = Path(folder) / "results.json"
    try:
        results = json.loads(read_regular(path, LARGEST).decode("utf-8"))
        page = build(results, Path(folder))
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, json.JSONDecodeError,
            UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected results of this version of `reproduce`, found "
                         f"{type(error).__name__}: {error}") from error
    report = Path(folder) / "report.html"
    with whole_file(report) as file:
        file.write(page.encode())
    return report


def build(results, folder):
    """The page as a string, from the data of results.json; the figures are read from `folder`."""
    page, style = ((HERE / name).read_text(encoding="utf-8") for name in ("page.html", "style.css"))
    parts = {name: text(part) for of in (claim, sections, devices, figures)
             for name, part in of.parts(results).items()}
    return figures.embedded(Template(page).substitute(parts, style=style), folder,
                            results["figures"])
