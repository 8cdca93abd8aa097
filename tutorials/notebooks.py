"""Write the tutorials as notebooks.

    .venv/bin/python tutorials/notebooks.py DIR         (Windows: .venv\\Scripts\\python)

Each script becomes DIR/NAME.ipynb, cell by cell, without outputs. A notebook needs snu_ref and no
other file. Its figures appear below their cells. This script needs only the standard library.
"""
import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def cells_of(text):
    """The cells of a script: a list of ("markdown" or "code", source)."""
    cells = []
    for part in text.split("# %%")[1:]:
        first, _, body = part.partition("\n")
        if first.strip() == "[markdown]":
            lines = [line.removeprefix("#").removeprefix(" ") for line in body.splitlines()]
            cells.append(("markdown", "\n".join(lines).strip("\n")))
        else:
            cells.append(("code", body.strip("\n")))
    return cells


def notebook(text):
    """The notebook of a script, as the dict that is written to the JSON file (format 4.5)."""
    cells = []
    for i, (kind, source) in enumerate(cells_of(text)):
        cell = {"cell_type": kind, "id": f"cell-{i}", "metadata": {},
                "source": source.splitlines(keepends=True)}
        cells.append(cell if kind == "markdown"
                     else {**cell, "execution_count": None, "outputs": []})
    return {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}}}


def main():
    """Write all notebooks; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the tutorials as notebooks.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    folder = parser.parse_args().folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for script in sorted(HERE.glob("[0-9]*.py")):
            path = folder / f"{script.stem}.ipynb"
            text = json.dumps(notebook(script.read_text(encoding="utf-8")), indent=1,
                              ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")
            print(path)
    except OSError as error:
        print(f"notebooks.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
