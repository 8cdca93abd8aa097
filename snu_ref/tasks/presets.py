"""The presets of `presets.ini`, and the paper's results of `published.ini`.

A preset has the settings of a task and unit, and the source of each. The table
`snu_ref.tasks.settings.SETTINGS` explains the settings.
"""
from configparser import ConfigParser
from pathlib import Path
from typing import Any, NamedTuple

from .. import validation
from .settings import read_value


class Choice(NamedTuple):
    """A value and where it comes from: "published", "toolkit" or "ours"."""
    value: Any
    source: str


def read_choices(path):
    """The entries "NAME = VALUE  SOURCE" of a file: {section: {name: Choice}}."""
    file = ConfigParser(interpolation=None)
    file.read_string(path.read_text(encoding="utf-8"))
    return {section: {name: _choice(*entry.split("  ", 1)) for name, entry in file[section].items()}
            for section in file.sections()}


def _choice(value, source="ours"):
    return Choice(read_value(value), source.strip())


def read_presets(path):
    """The presets in a file like `presets.ini`: {(task, preset): {unit: table}}.

    A table is a dict of Choice. It has the entries of three sections: of the task, of the preset,
    which may replace them, and of the unit, which may replace both.
    """
    sections, presets = read_choices(path), {}
    for task, preset, unit in filter(lambda words: len(words) == 3, map(str.split, sections)):
        presets.setdefault((task, preset), {})[unit] = {
            **sections.get(task, {}), **sections.get(f"{task} {preset}", {}),
            **sections[f"{task} {preset} {unit}"]}
    return presets


PRESETS = read_presets(Path(__file__).with_name("presets.ini"))
PUBLISHED = {  # (task, unit): the result, and its network
    (task, unit): tuple(choice)
    for task, units in read_choices(Path(__file__).with_name("published.ini")).items()
    for unit, choice in units.items()}


def find_preset(task, unit, preset):
    """The table of a task, unit and preset: dict of Choice. ValueError lists the known names."""
    tables = PRESETS.get((task, preset))
    if tables is None:
        known = ", ".join(repr(p) for t, p in PRESETS if t == task)
        raise ValueError(f"preset: expected one of {known} for {task}, got {preset!r}")
    return dict(tables[validation.one_of("unit", unit, tables)])
