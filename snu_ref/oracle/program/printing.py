"""Show edits as a diff of the reference's line and the port's, from the text that is computed."""
import re

from .backward import DS, DY
from .lines import ARGUMENT, SECTIONS, resolve, right_lines
from .step import PARTS

SUMS = {"z": PARTS, "dy": DY, "ds": DS}
INSIDE = ("current", "decay", "b", "W", "H", "fired", "seen")   # shown inside other lines
LABELS, MEANINGS = (dict(SECTIONS[name]) for name in ("labels", "meanings"))


def diff(config, edits):
    """[(reference's line, the port's)] of edits (name -> text), in the order of computation."""
    right, pairs = right_lines(config), []
    for name in right:
        two = [_line(name, config, {**right, **changed}, changed) for changed in ({}, edits)]
        if two[0] != two[1]:
            pairs.append(tuple(f"{LABELS.get(name, name)} = {text}" for text in two))
    return pairs


def meanings(pairs):
    """The meanings of names that only the edited lines use."""
    words = {word for right, yours in pairs     # not the word in ties="first"
             for word in set(re.findall(r'\b\w+\b(?!")', yours)) - set(re.findall(r"\w+", right))}
    return list(dict.fromkeys(text for name, text in MEANINGS.items() if name in words))


def _line(name, config, text, edits):
    """A line as a report shows it; "" if the report shows it only inside another line."""
    if config["unit"] != "snu":
        return text[name]
    if name in (*INSIDE, *PARTS, *DY, *DS):
        return ""
    if text["input"] == "current":
        text = {**text, "input": text["current"]}       # without parentheses
    parts = SUMS.get(name, (name,))
    whole = " + ".join(text[part] for part in parts if text[part] != "0") or "0"
    if name in ("gate", "z", "s", "v"):
        for inner in INSIDE:
            if inner in ("current", "fired", "seen") or inner in edits:
                new = text[inner]
                new = new if re.fullmatch(rf"[\w.]+({ARGUMENT})?", new) else f"({new})"
                whole = re.sub(rf"\b{inner}\b", lambda _, new=new: new, whole)
    return resolve(whole, config).replace("+ -", "- ")
