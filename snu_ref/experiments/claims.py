"""What the results page compares: row against row, and row against a published figure.

Each claim is in favour of the paper. `verdicts` says whether the tables support it.
"""
from typing import NamedTuple

from .rows import DEVICES, INJECTED, UNIT
from .runs import BEST_INJECTED, PROGRAMMED


class Claim(NamedTuple):
    """That row `a` is better than `b`, or worse by less than `margin`.

    about: of which data, as a sentence begins; a: (block, name of the row); b: the same, or the
    published figure of `a`; margin: in the units of the table, 0 or above; rival: `a` is a unit
    that the SNU is compared with, so it speaks against the paper if it passes its published figure.
    Accuracies are fractions.
    """
    about: str
    a: tuple
    b: tuple | float
    margin: float = 0.0
    rival: bool = False


def _pairs(about, block, a, others):
    return [Claim(about, (block, a), (block, b)) for b in others]


JSB, DIGITS = "On the JSB chorales (NLL, nats)", "On the small digits (accuracy, %)"
CHORALES, LANGUAGE = "On the small chorales (NLL, nats)", "On the small language (perplexity)"
MNIST_SET = "On MNIST (accuracy, %)"

MEMBRANE = [
    Claim(about, (block, row), ("membrane", f"{rival}, decay 0"))
    for about, block, row, rival in (
        (JSB, "jsb", "SNU", "JSB, SNU"),
        (JSB, "jsb", "sSNU, recurrent", "JSB, sSNU, recurrent"),
        (JSB, "jsb", "sSNU, feed-forward", "JSB, sSNU, feed-forward"),
        (DIGITS, "digits", "SNU", "digits, SNU"),
        (DIGITS, "digits", "sSNU", "digits, sSNU"),
        (LANGUAGE, "language", "SNU", "language, SNU"),
        (LANGUAGE, "language", "sSNU", "language, sSNU, recurrent"),
        (LANGUAGE, "membrane", "language, sSNU, feed-forward", "language, sSNU, feed-forward"))]

# Not claims: what a figure shows, each row of a block against the row with nothing changed.
BASES = {"JSB, SNU": ("jsb", "SNU"), "JSB, sSNU": ("jsb", "sSNU, recurrent"),
         "digits, SNU": ("digits", "SNU"), "digits, sSNU": ("digits", "sSNU")}
UNIT_ROWS = [Claim("", ("unit", row.name), BASES[", ".join(row.name.split(", ")[:2])])
             for row in UNIT]
PROGRAMMED_ONCE = ("memory", f"JSB, software{PROGRAMMED}")
DEVICE_ROWS = [
    *[Claim("", ("devices", row.name), ("memory", "JSB, in the loop"))
      for row in DEVICES if row not in INJECTED],
    Claim("", ("devices", BEST_INJECTED), PROGRAMMED_ONCE)]

UNITS = [
    *_pairs(JSB, "jsb", "sSNU, recurrent",
            ("LSTM, 68 units", "LSTM, 36 units", "GRU, 46 units", "RNN, 100 units")),
    *_pairs(JSB, "jsb", "SNU", ("LSTM, 36 units", "GRU, 46 units", "RNN, 100 units")),
    *[claim for task, about in (("digits", DIGITS), ("music", CHORALES), ("language", LANGUAGE))
      for unit in ("SNU", "sSNU")
      for claim in _pairs(about, task, unit, ("RNN", "GRU", "LSTM"))]]

CARE = [
    claim for size, units, rivals in (
        ("26,600", ("SNU, 150 units", "sSNU, recurrent, 97 units"),
         ("RNN, 97 units", "GRU, 52 units", "LSTM, 43 units")),
        ("49,100", ("SNU, 277 units", "sSNU, recurrent, 150 units"),
         ("RNN, 150 units", "GRU, 82 units", "LSTM, 68 units")))
    for unit in units
    for claim in _pairs(f"{JSB}, each unit with {size} parameters and equal care", "care", unit,
                        rivals)]

BASELINES = [
    *[Claim(DIGITS, ("digits", unit), ("baselines", "digits, nearest neighbour"))
      for unit in ("SNU", "sSNU")],
    Claim(JSB, ("jsb", "SNU"), ("baselines", "JSB, logistic regression"))]

PUBLISHED = [
    Claim(JSB, ("jsb", name), value, rival=rival)
    for name, value, rival in (
        ("SNU", 8.72, False), ("sSNU, recurrent", 8.39, False), ("RNN, 100 units", 9.10, True),
        ("GRU, 46 units", 8.54, True), ("LSTM, 36 units", 8.67, True))]

MNIST = [
    claim for shifts in ("without shifts", "with shifts") for claim in (
        *_pairs(f"{MNIST_SET}, at equal size", "mnist", f"MNIST, sSNU, 4 layers, {shifts}",
                [f"MNIST, {unit}, {shifts}" for unit in ("RNN, 3 x 191", "GRU, 3 x 89",
                                                         "LSTM, 3 x 72")]),
        Claim(MNIST_SET, ("mnist", f"MNIST, sSNU, 4 layers, {shifts}"), 0.9850),
        Claim(MNIST_SET, ("mnist", f"MNIST, SNU, 7 layers, {shifts}"), 0.9847))] + [
    Claim(MNIST_SET, ("dropout", f"MNIST, {name}, without shifts, dropout"), value)
    for name, value in (("sSNU, 4 layers", 0.9850), ("SNU, 7 layers", 0.9847))] + [
    Claim(MNIST_SET, ("mnist", "MNIST, SNU conv, without shifts, shown for 300 steps"), 0.9921),
    Claim(MNIST_SET, ("mnist", "MNIST, SNU conv, elastic, shown for 300 steps"), 0.9953)]

PTB = [
    Claim("On Penn Treebank (perplexity)", ("ptb", f"Penn Treebank, {name}"), value, rival=rival)
    for name, value, rival in (("sSNU, recurrent", 108.4, False), ("SNU", 137.7, False),
                               ("LSTM, 2 x 200", 112.4, True))]

MEMORY = [
    *[Claim(about, ("memory", f"{where}, in the loop"), ("memory", f"{where}, {b}"), margin)
      for about, where in ((f"{JSB}, with weights on devices", "JSB"),
                           (f"{CHORALES}, with weights on devices", "small chorales"))
      for b, margin in (("software", 0.2), (f"software{PROGRAMMED}", 0.0))],
    Claim(f"{JSB}, with weights on devices", ("memory", "JSB, in the loop"),
          ("devices", BEST_INJECTED))]

CLAIMS = [*MEMBRANE, *UNITS, *CARE, *BASELINES, *PUBLISHED, *MEMORY, *MNIST, *PTB]
