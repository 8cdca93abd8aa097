"""The presets of `presets.ini`: the settings of each task and unit, and where each comes from.

What a setting means: `snu_ref.tasks.settings.SETTINGS`.
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


def read_presets(path):
    """The presets in a file of the form of `presets.ini`: {(task, preset): {unit: table}}.

    A table is a dict of Choice. It has what the sections of its task and of its preset say, and
    what the unit's own section changes.
    """
    file, presets = ConfigParser(interpolation=None), {}
    file.read_string(path.read_text(encoding="utf-8"))
    for task, preset, unit in filter(lambda words: len(words) == 3, map(str.split, file)):
        table = {}
        for section in (task, f"{task} {preset}", f"{task} {preset} {unit}"):
            for name, entry in file[section].items() if section in file else ():
                value, _, source = entry.partition("  ")
                table[name] = Choice(read_value(value), source.strip() or "ours")
        presets.setdefault((task, preset), {})[unit] = table
    return presets


PRESETS = read_presets(Path(__file__).with_name("presets.ini"))


def find_preset(task, unit, preset):
    """The table of a task, unit and preset: dict of Choice. ValueError that lists what there is."""
    tables = PRESETS.get((task, preset))
    if tables is None:
        known = ", ".join(repr(p) for t, p in PRESETS if t == task)
        raise ValueError(f"preset: expected one of {known} for {task}, got {preset!r}")
    return dict(tables[validation.one_of("unit", unit, tables)])
