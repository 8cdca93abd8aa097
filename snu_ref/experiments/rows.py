"""The rows of the results page: which unit, which settings, how many seeds; in blocks.

    find_block("membrane")     the rows of a block
    BLOCKS                     all of them: name -> (what it asks, rows)

A row is one line of a table on the page. Its settings are those of a preset with some of them
changed; "options.NAME" changes one option of the units. Where a block holds trials (`split`
"valid"), only their validation figure is read.
"""
from itertools import product
from typing import NamedTuple

from .. import validation
from ..tasks.units import COMPARED, UNITS


class Row(NamedTuple):
    """Some runs that differ in the seed alone."""
    name: str
    task: str
    unit: str
    preset: str = "small"
    data: str = "small"     # "small", in the package, or "full"
    changes: dict = {}
    seeds: int = 5          # seeds 0, 1 ...
    split: str = "test"     # "valid": a trial, the test split is not read
    devices: int = 0        # program each network on devices so many times


NO_MEMBRANE = {"options.decay": 0.0, "options.train_decay": False}
FEED_FORWARD = {"options.recurrent": False, "options.decay": 0.8}


def _compared(task):
    """The five units with preset small."""
    return [Row(UNITS[unit][0], task, unit) for unit in COMPARED]


def _jsb(name, unit, **more):
    return Row(name, "music", unit, preset="paper", data="full", **more)


JSB = [
    _jsb("SNU", "snu"),
    _jsb("sSNU, recurrent", "ssnu"),
    _jsb("sSNU, feed-forward", "ssnu", changes=FEED_FORWARD),
    _jsb("RNN, 100 units", "rnn"),
    _jsb("GRU, 46 units", "gru"),
    _jsb("LSTM, 36 units", "lstm"),
    _jsb("LSTM, 68 units", "lstm", changes={"hidden": (68,)}),
    _jsb("logistic regression", "rnn", changes={"hidden": (), "dropout": 0.0}),
]

MEMBRANE = [
    _jsb("JSB, SNU, decay 0", "snu", changes=NO_MEMBRANE),
    _jsb("JSB, sSNU, recurrent, decay 0", "ssnu", changes=NO_MEMBRANE),
    _jsb("JSB, sSNU, feed-forward, decay 0", "ssnu", changes={**FEED_FORWARD, **NO_MEMBRANE}),
    Row("digits, SNU, decay 0", "digits", "snu", changes=NO_MEMBRANE),
    Row("digits, sSNU, decay 0", "digits", "ssnu", changes=NO_MEMBRANE),
    Row("language, SNU, decay 0", "language", "snu", changes=NO_MEMBRANE),
    Row("language, sSNU, recurrent, decay 0", "language", "ssnu", changes=NO_MEMBRANE),
    Row("language, sSNU, feed-forward", "language", "ssnu",
        changes={"options.recurrent": False, "options.decay": 0.8}),
    Row("language, sSNU, feed-forward, decay 0", "language", "ssnu",
        changes={"options.recurrent": False, **NO_MEMBRANE}),
]

# Units on the chorales at two sizes: (hidden units at about 26,600 and at about 49,000 parameters)
SIZES = {"snu": (150, 277), "ssnu": (97, 150), "ssnu-ff": (150, 277), "rnn": (97, 150),
         "gru": (52, 82), "lstm": (43, 68)}
SIZED = {"ssnu-ff": ("sSNU, feed-forward", "ssnu", FEED_FORWARD),
         "ssnu": ("sSNU, recurrent", "ssnu", {}),
         **{unit: (UNITS[unit][0], unit, {}) for unit in ("snu", "rnn", "gru", "lstm")}}
RATES, DROPOUTS = (0.003, 0.006, 0.015), (0.0, 0.2, 0.4)


def sized(key, size, lr, dropout, **more):
    """A unit on the chorales at size 0 or 1, with a learning rate and a dropout."""
    name, unit, changes = SIZED[key]
    n = SIZES[key][size]
    return _jsb(f"{name}, {n} units", unit,
                changes={**changes, "hidden": (n,), "lr": lr, "dropout": dropout}, **more)


GRID = [sized(key, size, lr, dropout, seeds=2, split="valid")
        for size in (1, 0) for key in SIZED for lr, dropout in product(RATES, DROPOUTS)]


def _memory(where, data):
    def row(name, preset, **more):
        return Row(f"{where}, {name}", "music", "snu", preset=preset, data=data, **more)
    return [row("software", "pcm", changes={"store": None}, devices=8),
            row("whole steps on ideal devices", "quantised"), row("in the loop", "pcm")]


BLOCKS = {  # name: (what it asks, rows)
    "jsb": ("The JSB chorales, preset paper", JSB),
    "membrane": ("The membrane switched off: decay 0, fixed", MEMBRANE),
    "digits": ("Small digits, preset small", _compared("digits")),
    "music": ("Small chorales, preset small", _compared("music")),
    "language": ("Small language, preset small", _compared("language")),
    "memory": ("Weights on phase-change devices",
               _memory("JSB", "full") + _memory("small chorales", "small")),
    "grid": ("JSB at equal size: trials of learning rate and dropout, by validation", GRID),
}


BASELINES = [  # the unit is a name of experiments.baselines
    Row("digits, nearest neighbour", "digits", "nearest neighbour", seeds=1),
    Row("digits, logistic regression", "digits", "logistic regression", seeds=1),
    Row("MNIST, nearest neighbour", "digits", "nearest neighbour", data="full", seeds=1),
    Row("MNIST, logistic regression", "digits", "logistic regression", data="full", seeds=1),
    Row("JSB, nearest chords", "music", "nearest chords", data="full", seeds=1),
    Row("small chorales, nearest chords", "music", "nearest chords", seeds=1),
    Row("small chorales, logistic regression", "music", "rnn",
        changes={"hidden": (), "dropout": 0.0}),
]
BLOCKS["baselines"] = ("Simple models", BASELINES)


def find_block(name):
    """The rows of a block. ValueError that lists what there is."""
    return BLOCKS[validation.one_of("block", name, BLOCKS)][1]
