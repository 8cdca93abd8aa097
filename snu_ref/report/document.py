"""One page with all that `reproduce` wrote into a folder, from its results.json and its figures.

The page, report.html, needs no network, no scripts and no other file.
"""
import json
from pathlib import Path

from ..files import read_regular, whole_file
from . import claim, devices, sections
from .page import element, page, paragraph

PARTS = (("claim", "The claim, and this run's answer", claim.claim),
         ("tasks", "Tasks", sections.tasks),
         ("inhibition", "Inhibition and sparsity", sections.inhibition),
         ("memory", "Phase-change devices", devices.memory),
         ("gradients", "Gradients", sections.gradients),
         ("made", "What was run", sections.made))
LARGEST = 10 ** 7  # bytes of results.json, ours: some fifty times that of a whole reproduction
PAPER = "https://arxiv.org/abs/1812.07040v2"


def write_report(folder):
    """Make report.html from results.json and the figures in `folder`; returns its path.

    Raises OSError for files that are missing, and ValueError for a results.json that `reproduce`
    did not write.
    """
    path = Path(folder) / "results.json"
    try:
        results = json.loads(read_regular(path, LARGEST).decode("utf-8"))
        text = build(results, Path(folder))
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, json.JSONDecodeError,
            UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected what this version of `reproduce` writes, but "
                         f"{type(error).__name__}: {error}") from error
    report = Path(folder) / "report.html"
    with whole_file(report) as file:
        file.write(text.encode())
    return report


def build(results, folder):
    """The page as a string, from the data of results.json; the figures are read from `folder`."""
    header = element(
        "header", element("h1", "The Spiking Neural Unit, reproduced"),
        paragraph("S. Woźniak, A. Pantazi, T. Bohnstingl and E. Eleftheriou (",
                  element("a", "arXiv:1812.07040", href=PAPER),
                  ") cast the spiking neuron as a recurrent unit: the SNU, which spikes, and the "
                  "sSNU, its soft variant. This page shows one run of snu_ref, a reference "
                  "implementation in NumPy, on small data. Of the paper we have read the abstract, "
                  "and figures in the charts of the authors' toolkit (IBM/neuroaikit), which cite "
                  "the journal version; we have not read the body."),
        EQUATIONS)
    contents = element("nav", element("ol", *(element("li", element("a", title, href=f"#{id}"))
                                              for id, title, _ in PARTS)), aria_label="Contents")
    return page("snu_ref: the Spiking Neural Unit, reproduced", header, contents,
                element("main", *(make(results, folder) for _, _, make in PARTS)))


def _symbol(name, index=""):
    return element("i", name), element("sub", index) if index else ""


EQUATIONS = element(
    "div",
    paragraph(*_symbol("s", "t"), " = ", *_symbol("g"), "( ", *_symbol("W"), " ",
              *_symbol("x", "t"), " + ", *_symbol("H"), " ", *_symbol("y", "t−1"), " + ",
              *_symbol("l"), "(τ) ⊙ ", *_symbol("s", "t−1"), " ⊙ (1 − ", *_symbol("y", "t−1"),
              ") )"),
    paragraph(*_symbol("y", "t"), " = ", *_symbol("h"), "( ", *_symbol("s", "t"), " + ",
              *_symbol("b"), " )"),
    element("p", "The state s, or membrane potential, decays by the factor l(τ); an output of 1 "
                 "resets it. The output y: h is a step for the SNU and a sigmoid for the sSNU; −b "
                 "is the threshold. Only recurrent units have H.", class_="soft"),
    class_="equations")
