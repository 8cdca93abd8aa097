"""The settings of the runs as tables: one row for each setting, one column for each run."""
from ..experiments.comparison import compared
from ..tasks.settings import SETTINGS
from .page import element, table


def settings_table(part, results):
    """The settings of a task's units, or, for part "memory", of the ways that train.

    Where all columns agree in value and source, one cell stands for all.
    """
    if part == "memory":
        columns = {way: row["settings"] for way, row in results["memory"]["ways"].items()
                   if "settings" in row}
        caption = "Weights on phase-change devices (music, SNU)."
    else:
        columns = {name: group[0]["settings"] for task, _, name, group in compared(results)
                   if task == part}
        caption = f"{part.capitalize()}."
    rows = []
    for name in dict.fromkeys(name for settings in columns.values() for name in settings):
        choices = [settings.get(name) for settings in columns.values()]
        agree = len(choices) > 1 and all(choice == choices[0] for choice in choices)
        rows.append([name.replace("_", " "), *([(_cell(choices[0]), len(choices))] if agree
                                               else map(_cell, choices))])
    return element("figure", element("figcaption", caption), element(
        "div", table(["Setting", *columns], rows, class_="settings"), class_="scroll",
        role="region", aria_label=caption, tabindex="0"), class_="table short")


def settings_in_words(results):
    """A paragraph that explains each setting, by the names in the tables."""
    used = dict.fromkeys(name for r in results["runs"] for name in r["settings"])
    return element("p", *(part for name in used if name in SETTINGS for part in (
        element("strong", name.replace("_", " ")), f": {SETTINGS[name].meaning}. ")),
        class_="explained")


def _cell(choice):
    if choice is None:
        return "–"
    return element("span", value_in_words(choice["value"]),
                   element("span", choice["source"], class_="source"))


def value_in_words(value):
    """A setting's value as a reader writes it.

    >>> value_in_words({"g": "identity", "recurrent": True}), value_in_words([256, 256])
    ('g identity, recurrent', '256, 256')
    >>> value_in_words(None), value_in_words({}), value_in_words(False), value_in_words(0.005)
    ('none', 'defaults', 'no', '0.005')
    """
    if isinstance(value, dict):
        parts = [name.replace("_", " ") if item is True
                 else f"{name.replace('_', ' ')} {value_in_words(item)}"
                 for name, item in value.items()]
        return ", ".join(parts) or "defaults"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_in_words, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
