"""The rows of the results page, in BLOCKS: unit, settings, number of seeds.

`rows.ini` lists them and explains their form. The rows of a block in CHOSEN are the best trials of
another block; `runs.rows_of` finds them.
"""
from configparser import ConfigParser
from itertools import product
from pathlib import Path
from typing import NamedTuple

from .. import validation
from ..tasks.settings import read_value


class Row(NamedTuple):
    """Runs that differ only in the seed: one line of a table on the page."""
    name: str
    task: str
    unit: str
    preset: str = "small"
    data: str = "small"     # "small", in the package, or "full"
    changes: dict = {}      # changed settings of the preset
    seeds: int = 5          # seeds 0, 1 ...
    split: str = "test"     # "valid": to choose settings, without the test split
    devices: int = 0        # the number of sets of devices that get each network's weights
    shown: tuple = ()       # test again, with the images shown for these numbers of steps


def read_blocks(path):
    """The blocks in a file like `rows.ini`: {name: (what the table shows, its rows)}."""
    file, blocks = ConfigParser(interpolation=None, delimiters=["="]), {}
    file.optionxform = str  # keep capitals in names
    file.read_string(path.read_text(encoding="utf-8"))
    for block in file.sections():
        texts = dict(file[block])
        title, each = texts.pop("title"), texts.pop("each", "")
        blocks[block] = title, [row for name, text in texts.items()
                                for row in _rows(name, f"{text};{each}")]
    return blocks


def _rows(name, text):
    """The rows of "TASK PRESET DATA UNIT; NAME=VALUE|VALUE; ...": one for each choice of values."""
    what, *entries = filter(None, map(str.strip, text.split(";")))
    task, preset, data, unit = what.split(maxsplit=3)
    values = dict(entry.split("=", 1) for entry in entries)
    for chosen in product(*(map(read_value, text.split("|")) for text in values.values())):
        changes = dict(zip(values, chosen))
        own = {field: changes.pop(field) for field in Row._fields if field in changes}
        yield Row(name, task, unit, preset, data, changes, **own)


BLOCKS = read_blocks(Path(__file__).with_name("rows.ini"))
CHOSEN = {"care": ("grid", 5), "dropout": ("regularised", 3)}  # block: (block of trials, seeds)
# rows that differ in the noise; the page shows the one with the best validation result on devices
INJECTED = [row for row in BLOCKS["devices"][1] if row.devices]


def find_block(name):
    """The rows of a block. Raises ValueError, with a list of all blocks, if there is none."""
    return BLOCKS[validation.one_of("block", name, BLOCKS)][1]
