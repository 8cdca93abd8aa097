"""What the results page compares: row against row, and row against a published figure.

Each is written as the paper would have it. `verdict` of `snu_ref.tasks.statistics` alone decides
whether the tables speak for it, against it, or for neither.
"""
from typing import NamedTuple

from .rows import UNIT


class Claim(NamedTuple):
    """That row `a` is better than row `b`, or worse by less than `margin`.

    a, b: (block, row name); margin: in the units of the table, 0 or above.
    """
    about: str
    a: tuple
    b: tuple
    margin: float = 0.0


class Published(NamedTuple):
    """That row `a` reaches its published figure; a rival that passes its own speaks against."""
    about: str
    a: tuple
    value: float  # accuracies as fractions
    rival: bool = False


def _pairs(about, block, a, others):
    return [Claim(about, (block, a), (block, b)) for b in others]


MEMBRANE = [
    Claim(f"Membrane, {name}", (block, row), ("membrane", f"{rival}, decay 0"))
    for name, block, row, rival in (
        ("JSB, SNU", "jsb", "SNU", "JSB, SNU"),
        ("JSB, sSNU, recurrent", "jsb", "sSNU, recurrent", "JSB, sSNU, recurrent"),
        ("JSB, sSNU, feed-forward", "jsb", "sSNU, feed-forward", "JSB, sSNU, feed-forward"),
        ("digits, SNU", "digits", "SNU", "digits, SNU"),
        ("digits, sSNU", "digits", "sSNU", "digits, sSNU"),
        ("language, SNU", "language", "SNU", "language, SNU"),
        ("language, sSNU, recurrent", "language", "sSNU", "language, sSNU, recurrent"),
        ("language, sSNU, feed-forward", "membrane", "language, sSNU, feed-forward",
         "language, sSNU, feed-forward"))]

# Not claims: what a figure shows, each row of block "unit" against the row with nothing changed.
BASES = {"JSB, SNU": ("jsb", "SNU"), "JSB, sSNU": ("jsb", "sSNU, recurrent"),
         "digits, SNU": ("digits", "SNU"), "digits, sSNU": ("digits", "sSNU")}
UNIT_ROWS = [Claim(row.name, ("unit", row.name), BASES[", ".join(row.name.split(", ")[:2])])
             for row in UNIT]

UNITS = [
    *_pairs("JSB chorales", "jsb", "sSNU, recurrent",
            ("LSTM, 68 units", "LSTM, 36 units", "GRU, 46 units", "RNN, 100 units")),
    *_pairs("JSB chorales", "jsb", "SNU", ("LSTM, 36 units", "GRU, 46 units", "RNN, 100 units")),
    *[claim for task, about in (("digits", "Small digits"), ("music", "Small chorales"),
                                ("language", "Small language"))
      for unit in ("SNU", "sSNU")
      for claim in _pairs(about, task, unit, ("RNN", "GRU", "LSTM"))]]

CARE = [
    *_pairs("JSB, 26,600 parameters, equal care", "care", "SNU, 150 units",
            ("RNN, 97 units", "GRU, 52 units", "LSTM, 43 units")),
    *_pairs("JSB, 26,600 parameters, equal care", "care", "sSNU, recurrent, 97 units",
            ("RNN, 97 units", "GRU, 52 units", "LSTM, 43 units")),
    *_pairs("JSB, 49,100 parameters, equal care", "care", "SNU, 277 units",
            ("RNN, 150 units", "GRU, 82 units", "LSTM, 68 units")),
    *_pairs("JSB, 49,100 parameters, equal care", "care", "sSNU, recurrent, 150 units",
            ("RNN, 150 units", "GRU, 82 units", "LSTM, 68 units"))]

BASELINES = [
    *[Claim("Simple models", ("digits", unit), ("baselines", "digits, nearest neighbour"))
      for unit in ("SNU", "sSNU")],
    Claim("Simple models", ("jsb", "SNU"), ("baselines", "JSB, logistic regression"))]

PUBLISHED = [
    Published("JSB chorales", ("jsb", name), value, rival)
    for name, value, rival in (
        ("SNU", 8.72, False), ("sSNU, recurrent", 8.39, False), ("RNN, 100 units", 9.10, True),
        ("GRU, 46 units", 8.54, True), ("LSTM, 36 units", 8.67, True))]

MNIST = [
    claim for shifts in ("without shifts", "with shifts") for claim in (
        *_pairs(f"MNIST {shifts}, equal size", "mnist", f"MNIST, sSNU, 4 layers, {shifts}",
                [f"MNIST, {unit}, {shifts}" for unit in ("RNN, 3 x 191", "GRU, 3 x 89",
                                                         "LSTM, 3 x 72")]),
        Published(f"MNIST {shifts}", ("mnist", f"MNIST, sSNU, 4 layers, {shifts}"), 0.9850),
        Published(f"MNIST {shifts}", ("mnist", f"MNIST, SNU, 7 layers, {shifts}"), 0.9847))]

PTB = [
    Published("Penn Treebank", ("ptb", f"Penn Treebank, {name}"), value, rival)
    for name, value, rival in (("sSNU, recurrent", 108.4, False), ("SNU", 137.7, False),
                               ("LSTM, 2 x 200", 112.4, True))]

MEMORY = [
    Claim("Weights on devices", ("memory", f"{where}, in the loop"), ("memory", f"{where}, {b}"),
          margin)
    for where in ("JSB", "small chorales")
    for b, margin in (("software", 0.2), ("software, then programmed once", 0.0))]

CLAIMS = [*MEMBRANE, *UNITS, *CARE, *BASELINES, *PUBLISHED, *MEMORY, *MNIST, *PTB]
