"""The claims of the results page: a row is better than another row, or than a published result.

`claims.txt` lists them and explains their form. Each claim is in favour of the paper. `verdicts`
decides whether the tables support it.
"""
import re
from pathlib import Path
from typing import NamedTuple

from ..tasks.presets import PUBLISHED
from .rows import BLOCKS, INJECTED
from .runs import BEST_INJECTED, PROGRAMMED


class Claim(NamedTuple):
    """The claim that row `a` is better than `b`, or worse by less than `margin`.

    about: the beginning of a sentence, which names the data. a: (block, name of the row). b: like
    `a`, or the published result of `a`. margin: in the units of the table, at least 0; accuracies
    are fractions. rival: `a` is a unit that the SNU is compared with; an `a` that is better than
    its published result speaks against the paper.
    """
    about: str
    a: tuple
    b: tuple | float
    margin: float = 0.0
    rival: bool = False


def read_claims(path):
    """The claims in a file like `claims.txt`."""
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
    return Claim(about, a, PUBLISHED[task, unit][0] / (100 if task == "digits" else 1),
                 rival=unit in ("rnn", "gru", "lstm"))


CLAIMS = read_claims(Path(__file__).with_name("claims.txt"))
MEMBRANE = [claim for claim in CLAIMS if isinstance(claim.b, tuple) and claim.b[0] == "membrane"]

# Pairs for the figures, not claims: each row of a block, and the unchanged row.
BASES = {"JSB, SNU": ("jsb", "SNU"), "JSB, sSNU": ("jsb", "sSNU, recurrent"),
         "digits, SNU": ("digits", "SNU"), "digits, sSNU": ("digits", "sSNU")}
UNIT_ROWS = [Claim("", ("unit", row.name), BASES[", ".join(row.name.split(", ")[:2])])
             for row in BLOCKS["unit"][1]]
DEVICE_ROWS = [
    *[Claim("", ("devices", row.name), ("memory", "JSB, in the loop"))
      for row in BLOCKS["devices"][1] if row not in INJECTED],
    Claim("", ("devices", BEST_INJECTED), ("memory", f"JSB, software{PROGRAMMED}"))]
