"""What the tables say of a claim: for it, against it, or not told apart, with the interval.

    judged(claim, lines)     a side, and the sentence
    test_figures(lines, row) the test figures of a row, by seed

lines: of all tables, a dict from block to what `runs.read_table` returns. Which side it is rests on
`snu_ref.tasks.statistics` alone.
"""
import numpy as np

from ..tasks.statistics import SIGNIFICANT, difference, mcnemar, summary, verdict
from .claims import Published
from .comparison import IN_WORDS, of_summary


def test_figures(lines, row):
    """The test figures of a row by seed: a list of lists, of the devices of each network."""
    seeds = {}
    for line in lines:
        if line["row"] == row and line["test"]:
            seeds.setdefault(line["seed"], []).append(float(line["test"]))
    return list(seeds.values())


def judged(claim, lines):
    """The side that the tables take on a claim, and the words for it.

    The side is "for", "against", "neither" (not told apart), "short" (a rival that does not reach
    its published figure), "one" (one seed) or "waiting" (for a row that is not run yet).
    """
    (block, name), values = claim.a, means(lines, claim.a)
    fixed = isinstance(claim, Published) or claim.b[0] == "baselines"
    rival = [claim.value] if isinstance(claim, Published) else means(lines, claim.b)
    if not values or not rival:
        return "waiting", ""
    metric = next(line["metric"] for line in lines[block] if line["row"] == name)
    margin = getattr(claim, "margin", 0.0)
    allowed = [value + margin * (-1 if metric == "accuracy" else 1) for value in rival]
    if fixed:  # a number without a spread of its own
        allowed = allowed * len(values)
    word = verdict(values, allowed, metric == "accuracy")
    gap, low, high = difference(values, allowed)
    text = f"{name} ({shown(metric, values)}) against " + (
        f"the published {number(metric, claim.value)}" if isinstance(claim, Published)
        else f"{claim.b[1]} ({shown(metric, rival)})")
    p, fewer = (None, False) if isinstance(claim, Published) else same_images(claim, lines)
    tested = "" if p is None else f"; McNemar's test of seed 0: p = {p:.2g}"
    if low is None:
        if p is None:
            return "one", text
        return ("neither" if p >= SIGNIFICANT else "for" if fewer else "against"), text + tested
    shift = np.mean(values) - np.mean(rival) - gap  # the margin, with its sign
    gap, low, high = (number(metric, end + shift, "+") for end in (gap, low, high))
    text += f": difference {gap}, from {low} to {high}"
    if margin:
        text += f", where the margin is {number(metric, margin)}"
    text += tested
    sides = {"better": "for", "worse": "against", "not told apart": "neither"}
    if getattr(claim, "rival", False):
        sides |= {"better": "against", "worse": "short"}
    return sides[word], text


def same_images(claim, lines):
    """McNemar's p of the two rows' answers, seed 0 of each, and whether the first errs less.

    The p is None for rows without answers.
    """
    wrong = [list(map(int, line["wrong"].split()))
             for block, row in (claim.a, claim.b) for line in lines[block]
             if line["row"] == row and line["seed"] == "0" and line["wrong"]]
    return (mcnemar(*wrong), len(wrong[0]) < len(wrong[1])) if len(wrong) == 2 else (None, False)


def means(lines, place):
    """The test figure of each seed of a row at (block, name): means over devices, if it has any."""
    block, row = place
    return [float(np.mean(devices)) for devices in test_figures(lines[block], row)]


def shown(metric, values):
    """Mean and sample standard deviation as text."""
    return of_summary(metric, summary(values), " ± ")


def number(metric, value, sign=""):
    """A figure, or a difference of figures, as text; sign: "+" for a sign in any case."""
    digits, factor, _, _ = IN_WORDS[metric]
    return f"{factor * value:{sign}.{digits}f}"
