"""Edits as a diff: the reference's line and the port's, assembled from the texts that are run."""
import re

from .backward import DS, DY
from .lines import resolve, right_lines
from .step import PARTS

SUMS = {"z": PARTS, "dy": DY, "ds": DS}
ORDER = ("s_0", "y_0", "s_before", "y_before", "gate", "z", "s", "v", "y", "kept", "kept_y",
         "z_out", "s_out", "v_out", "y_out", "h_slope", "g_slope", "order", "dz_after", "dy", "dv",
         "ds", "dz", "dW", "dH", "db", "ddecay", "dx", "start_s", "start_y")
LABELS = {"kept": "s_kept", "kept_y": "y_kept", "s_out": "s_reported", "y_out": "y_reported",
          "v_out": "v_reported", "z_out": "z_reported", "h_slope": "dy/dv", "g_slope": "ds/dz",
          "sum": "a", "order": "steps", "start_s": "dL/ds_0", "start_y": "dL/dy_0"}
AFTER = "a_after and a_next are those of the step after"
MEANINGS = {
    "const": "const(a) is a, and no gradient flows through it",
    "from_second": "from_second(a, b) is b at the first step, and a from the second step on",
    "y_before2": "y_before2 is y of two steps ago",
    "y_start": "y_start is y_0, the initial y",
    "step_from": "step_from(a, v) is 1 where a holds; its slope is the surrogate at v",
    "share": "share(d, y) is the sum of d over the units, divided among those with the largest y",
    "border": "border is true at the first step of a piece",
    "dL_dy_rolled": "dL_dy_rolled is dL_dy at index t - 1, the last one at t = 0",
    "column_order": "column_order(a) holds the numbers of a, read column by column",
    **dict.fromkeys(("dz_after", "gate_after", "s_next", "y_next"), AFTER),
}
INSIDE = ("decay", "b", "W", "H", "fired", "seen")   # an edit of these is shown where they stand


def diff(config, edits):
    """[(reference's line, the port's)] of edits (name -> text), in the order of computation."""
    right = right_lines(config)
    if config["unit"] != "snu":
        return [(f"{LABELS.get(name, name)} = {right.get(name, name)}",
                 f"{LABELS.get(name, name)} = {text}") for name, text in edits.items()]
    pairs = []
    for name in ORDER:
        two = [_line(name, config, right, changed) for changed in ({}, edits)]
        if two[0] != two[1]:
            pairs.append(tuple(f"{LABELS.get(name, name)} = {text}" for text in two))
    return pairs


def meanings(pairs):
    """What the names mean that stand in edited lines alone."""
    words = {word for right, yours in pairs
             for word in set(re.findall(r"\w+", yours)) - set(re.findall(r"\w+", right))}
    return list(dict.fromkeys(text for name, text in MEANINGS.items() if name in words))


def _line(name, config, right, edits):
    text = {**right, **edits}
    parts = SUMS.get(name, (name,))
    whole = " + ".join(text[part] for part in parts if text[part] != "0") or "0"
    if name in ("gate", "z", "s", "v"):
        for inner in INSIDE:
            if inner in ("fired", "seen") or inner in edits:
                new = text[inner]
                new = new if re.fullmatch(r"[\w.]+(\([^()]*\))?", new) else f"({new})"
                whole = re.sub(rf"\b{inner}\b", lambda _, new=new: new, whole)
    return resolve(whole, config).replace("+ -", "- ")
