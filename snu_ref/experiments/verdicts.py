"""What the tables say about a claim: for it, against it, or no clear difference; with the interval.

lines: the lines of all tables, from `runs.read_tables`. `snu_ref.tasks.statistics` judges.
"""
import re

import numpy as np

from ..tasks.statistics import SIGNIFICANT, difference, mcnemar, summary, verdict
from .claims import CLAIMS
from .comparison import number, of_summary

SIDES = {  # side: the head of its list; the words between `a` and the b's, and those with a margin
    "for": ("For the paper's claims.", "is better than", "is within {} of"),
    "against": ("Against the paper's claims.", "is worse than", "is not within {} of"),
    "neither": ("Neither for nor against: no clear difference, or another unit is worse here than "
                "its published result.", "is not clearly different from", "may be within {} of"),
    "one": ("One seed, so no interval.", "is shown beside", None)}
DATA = ("JSB", "digits", "language", "small chorales", "MNIST", "Penn Treebank")  # starts of names


def test_figures(lines, row):
    """The test results of a row: for each seed a list, with one for each set of devices."""
    seeds = {}
    for line in lines:
        if line["row"] == row and line["test"]:
            seeds.setdefault(line["seed"], []).append(float(line["test"]))
    return list(seeds.values())


def means(lines, place):
    """The test results of a row (block, name), for each seed the mean over devices; its metric."""
    block, row = place
    metric = next((line["metric"] for line in lines[block] if line["row"] == row), "")
    return [float(np.mean(devices)) for devices in test_figures(lines[block], row)], metric


def judged(claim, lines):
    """Judge a claim from the tables; returns its side, and words (a, verb, b) with their results.

    The side is "for", "against", "neither" (no clear difference), "one" (a single seed, without
    lists of wrong images) or "waiting" (a row has not been run; then the words are empty).
    """
    published = not isinstance(claim.b, tuple)
    values, metric = means(lines, claim.a)
    rival = [claim.b] if published else means(lines, claim.b)[0]
    if not values or not rival:
        return "waiting", ()
    higher = metric == "accuracy"
    allowed = [value + claim.margin * (-1 if higher else 1) for value in rival]
    if published or claim.b[0] == "baselines":  # a single number, without a deviation
        allowed = allowed * len(values)
    word = verdict(values, allowed, higher)
    _, low, high = difference(values, allowed)
    p, fewer = (None, False) if published else same_images(claim, lines)
    side = {"better": "for", "worse": "against", "no clear difference": "neither"}.get(word, "one")
    if low is None and p is not None:
        side = "neither" if p >= SIGNIFICANT else "for" if fewer else "against"
    notes = [] if published else [of_summary(metric, summary(rival))]
    if low is not None:
        shift = allowed[0] - rival[0]  # the margin, with its sign
        gap, low, high = (number(metric, end, "+") for end in (
            np.mean(values) - np.mean(rival), low + shift, high + shift))
        notes.append(f"difference {gap}, {low} to {high}")
    if p is not None:
        notes.append(f"McNemar's p = {p:.2g} for seed 0")
    _, verb, within = SIDES[side]
    verb = within.format(number(metric, claim.margin)) if claim.margin else verb
    name = f"its published {number(metric, claim.b)}" if published else short_name(claim.b[1])
    text = f"{name} ({'; '.join(notes)})" if notes else name
    if claim.rival:
        side = {"for": "against", "against": "neither"}.get(side, side)
    return side, (f"{short_name(claim.a[1])} ({of_summary(metric, summary(values))})", verb, text)


def short_name(row):
    """The name of a row, in italics, without its data, which the sentence already names."""
    first, _, rest = row.partition(", ")
    name = rest if first in DATA else row
    return re.sub("(in )?(software|the loop)", r"training in \2", f"*{name}*")


def same_images(claim, lines):
    """McNemar's p for the errors of two rows, seed 0, and whether the first has fewer of them.

    p is None for rows without a list of the images that are classified wrongly.
    """
    wrong = [list(map(int, line["wrong"].split()))
             for block, row in (claim.a, claim.b) for line in lines[block]
             if line["row"] == row and line["seed"] == "0" and line["wrong"]]
    return (mcnemar(*wrong), len(wrong[0]) < len(wrong[1])) if len(wrong) == 2 else (None, False)


def text_of_claims(lines):
    """The claims as lists in Markdown, one for each of SIDES, and the number of waiting ones.

    Each data set has one item; claims with the same `a` and verb share a sentence.
    """
    said, waiting = {}, 0
    for claim in CLAIMS:
        side, words = judged(claim, lines)
        if side == "waiting":
            waiting += 1
            continue
        a, verb, b = words
        sentences = said.setdefault(side, {}).setdefault(claim.about, {})
        sentences.setdefault(f"{a} {verb} ", []).append(b)
    parts = []
    for side in filter(said.get, SIDES):
        parts.append(f"\n**{SIDES[side][0]}**\n")
        for about, sentences in said[side].items():
            parts.append(f"- {about}:")
            parts += [f"  - {start}{_list(others)}." for start, others in sentences.items()]
    if waiting:
        parts.append(f"\n{waiting} of {len(CLAIMS)} comparisons wait for rows that are not run.")
    return "\n".join(parts).strip()


def _list(parts):
    return " and ".join([", ".join(parts[:-1])] * (len(parts) > 1) + parts[-1:])
