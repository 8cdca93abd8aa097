"""What the results page compares: row against row, and row against a published figure.

Each claim is in favour of the paper. `verdicts` says whether the tables support it.
"""
from typing import NamedTuple

from ..tasks.published import FIGURES
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


def _published(about, block, task, names):
    """Rows against the published figures of their units; names: dict from unit to row."""
    return [Claim(about, (block, name), FIGURES[task, unit][0] / (100 if task == "digits" else 1),
                  rival=unit in ("rnn", "gru", "lstm")) for unit, name in names.items()]


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

JSB_PUBLISHED = _published(JSB, "jsb", "music", {
    "snu": "SNU", "ssnu": "sSNU, recurrent", "rnn": "RNN, 100 units", "gru": "GRU, 46 units",
    "lstm": "LSTM, 36 units"})

MNIST = [
    *[claim for shifts in ("without shifts", "with shifts") for claim in (
        *_pairs(f"{MNIST_SET}, at equal size", "mnist", f"MNIST, sSNU, 4 layers, {shifts}",
                [f"MNIST, {unit}, {shifts}" for unit in ("RNN, 3 x 191", "GRU, 3 x 89",
                                                         "LSTM, 3 x 72")]),
        *_published(MNIST_SET, "mnist", "digits", {"ssnu": f"MNIST, sSNU, 4 layers, {shifts}",
                                                   "snu": f"MNIST, SNU, 7 layers, {shifts}"}))],
    *_published(MNIST_SET, "dropout", "digits", {
        "ssnu": "MNIST, sSNU, 4 layers, without shifts, dropout",
        "snu": "MNIST, SNU, 7 layers, without shifts, dropout"}),
    *_published(MNIST_SET, "mnist", "digits", {
        "snu-conv": "MNIST, SNU conv, without shifts, shown for 300 steps"}),
    Claim(MNIST_SET, ("mnist", "MNIST, SNU conv, elastic, shown for 300 steps"), 0.9953)]

PTB = _published("On Penn Treebank (perplexity)", "ptb", "language", {
    "ssnu": "Penn Treebank, sSNU, recurrent", "snu": "Penn Treebank, SNU",
    "lstm": "Penn Treebank, LSTM, 2 x 200"})

MEMORY = [
    *[Claim(about, ("memory", f"{where}, in the loop"), ("memory", f"{where}, {b}"), margin)
      for about, where in ((f"{JSB}, with weights on devices", "JSB"),
                           (f"{CHORALES}, with weights on devices", "small chorales"))
      for b, margin in (("software", 0.2), (f"software{PROGRAMMED}", 0.0))],
    Claim(f"{JSB}, with weights on devices", ("memory", "JSB, in the loop"),
          ("devices", BEST_INJECTED))]

CLAIMS = [*MEMBRANE, *UNITS, *CARE, *BASELINES, *JSB_PUBLISHED, *MEMORY, *MNIST, *PTB]
