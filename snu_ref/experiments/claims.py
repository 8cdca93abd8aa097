"""What the results page compares: row against row, and row against a published figure.

The claims stand in `claims.txt`, which says in what form. Each is in favour of the paper.
`verdicts` says whether the tables support it.
"""
import re
from pathlib import Path
from typing import NamedTuple

from ..tasks.published import FIGURES
from .rows import BLOCKS, INJECTED
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


def read_claims(path):
    """The claims in a file of the form of `claims.txt`."""
    claims, here = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            level = line.index(text) // 4
            here[level:] = [text]
            if level == 2:
                claims.append(_claim(*here))
    return claims


def _claim(about, a, b):
    within, margin, place = re.fullmatch(r"(within (\S+) of )?(.*)", b).groups()
    a, (block, name) = tuple(a.split(": ", 1)), place.split(": ", 1)
    if block != "published":
        return Claim(about, a, (block, name), float(margin) if within else 0.0)
    task, unit = name.split(maxsplit=1)
    return Claim(about, a, FIGURES[task, unit][0] / (100 if task == "digits" else 1),
                 rival=unit in ("rnn", "gru", "lstm"))


CLAIMS = read_claims(Path(__file__).with_name("claims.txt"))
MEMBRANE = [claim for claim in CLAIMS
            if isinstance(claim.b, tuple) and claim.b[0] == "membrane"]

# Not claims: what a figure shows, each row of a block against the row with nothing changed.
BASES = {"JSB, SNU": ("jsb", "SNU"), "JSB, sSNU": ("jsb", "sSNU, recurrent"),
         "digits, SNU": ("digits", "SNU"), "digits, sSNU": ("digits", "sSNU")}
UNIT_ROWS = [Claim("", ("unit", row.name), BASES[", ".join(row.name.split(", ")[:2])])
             for row in BLOCKS["unit"][1]]
DEVICE_ROWS = [
    *[Claim("", ("devices", row.name), ("memory", "JSB, in the loop"))
      for row in BLOCKS["devices"][1] if row not in INJECTED],
    Claim("", ("devices", BEST_INJECTED), ("memory", f"JSB, software{PROGRAMMED}"))]
