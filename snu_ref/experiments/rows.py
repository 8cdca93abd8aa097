"""The rows of the results page: which unit, which settings, how many seeds; in BLOCKS.

A row is one line of a table on the page. Its settings are those of a preset with some of them
changed; "options.NAME" changes one option of the units. Where a block holds trials (`split`
"valid"), only their validation figure is read. The rows of a block in CHOSEN are the best trials of
another block; `runs.rows_of` finds them.
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
    shown: tuple = ()       # show the test images for so many steps as well


NO_MEMBRANE = {"options.decay": 0.0, "options.train_decay": False}
FEED_FORWARD = {"options.recurrent": False, "options.decay": 0.8}


def _compared(task):
    """The five units with preset small."""
    return [Row(UNITS[unit][0], task, unit) for unit in COMPARED]


def _jsb(name, unit, **more):
    return Row(name, "music", unit, preset="paper", data="full", **more)


def _digits(name, unit, **more):
    return Row(name, "digits", unit, **more)


JSB = [
    _jsb("SNU", "snu"),
    _jsb("sSNU, recurrent", "ssnu"),
    _jsb("sSNU, feed-forward", "ssnu", changes=FEED_FORWARD),
    _jsb("RNN, 100 units", "rnn"),
    _jsb("GRU, 46 units", "gru"),
    _jsb("LSTM, 36 units", "lstm"),
    _jsb("LSTM, 68 units", "lstm", changes={"hidden": (68,)}),
]

MEMBRANE = [
    _jsb("JSB, SNU, decay 0", "snu", changes=NO_MEMBRANE),
    _jsb("JSB, sSNU, recurrent, decay 0", "ssnu", changes=NO_MEMBRANE),
    _jsb("JSB, sSNU, feed-forward, decay 0", "ssnu", changes={**FEED_FORWARD, **NO_MEMBRANE}),
    _digits("digits, SNU, decay 0", "snu", changes=NO_MEMBRANE),
    _digits("digits, sSNU, decay 0", "ssnu", changes=NO_MEMBRANE),
    Row("language, SNU, decay 0", "language", "snu", changes=NO_MEMBRANE),
    Row("language, sSNU, recurrent, decay 0", "language", "ssnu", changes=NO_MEMBRANE),
    Row("language, sSNU, feed-forward", "language", "ssnu", changes=FEED_FORWARD),
    Row("language, sSNU, feed-forward, decay 0", "language", "ssnu",
        changes={"options.recurrent": False, **NO_MEMBRANE}),
]

SIZED = [  # name, unit, changes, hidden units at about 26,600 and at about 49,100 parameters
    ("sSNU, feed-forward", "ssnu", FEED_FORWARD, (150, 277)),
    ("sSNU, recurrent", "ssnu", {}, (97, 150)), ("SNU", "snu", {}, (150, 277)),
    ("RNN", "rnn", {}, (97, 150)), ("GRU", "gru", {}, (52, 82)), ("LSTM", "lstm", {}, (43, 68))]
RATES, DROPOUTS = (0.003, 0.006, 0.015), (0.0, 0.2, 0.4)

GRID = [_jsb(f"{name}, {sizes[i]} units", unit, seeds=2, split="valid",
             changes={**changes, "hidden": (sizes[i],), "lr": lr, "dropout": dropout})
        for i in (1, 0) for name, unit, changes, sizes in SIZED
        for lr, dropout in product(RATES, DROPOUTS)]


def _memory(where, data):
    def row(name, preset, **more):
        return Row(f"{where}, {name}", "music", "snu", preset=preset, data=data, **more)
    return [row("software", "pcm", changes={"store": None}, devices=8),
            row("whole steps on ideal devices", "quantised"), row("in the loop", "pcm")]


# ---- one thing changed at a time ----------------------------------------------------------------

def _changed(on, unit, what, *values):
    """A row for each value of an option; on: "JSB" or "digits"."""
    where = {"JSB": _jsb, "digits": _digits}[on]
    return [where(f"{on}, {UNITS[unit][0]}, {what} {value}", unit,
                  changes={f"options.{what}": value}) for value in values]


UNIT = [row for on, other_g in (("JSB", ("relu", "leaky_relu", "tanh")),
                                ("digits", ("relu", "identity", "tanh"))) for row in (
    *_changed(on, "snu", "reset_grad", "detached"),
    *_changed(on, "snu", "surrogate", "boxcar", "triangle", "arctan", "fast_sigmoid"),
    *_changed(on, "snu", "g", *other_g),
    *_changed(on, "snu", "train_decay", True),
    *_changed(on, "snu", "decay", 0.4, 0.95),
    *_changed(on, "snu", "threshold", 0.3, 2.0),
    *_changed(on, "ssnu", "reset_grad", "detached"),
    *_changed(on, "ssnu", "train_decay", True),
    *_changed(on, "ssnu", "g", "relu", "leaky_relu", "tanh"))]

PCM = {"kind": "pcm", "scale": 16.0}  # as in preset pcm
SOURCES = ("write", "read", "drift", "converters")


def _devices(name, **store):
    return Row(name, "music", "snu", preset="pcm", data="full",
               changes={"store": {**PCM, **store}})


INJECTED = [  # trials of the noise; the best by validation, once programmed, stands in the table
    Row(f"software, noise of {sigma} injected", "music", "snu", preset="pcm", data="full",
        changes={"store": {"kind": "noisy", "sigma": sigma}}, devices=8)
    for sigma in (0.0, 0.02, 0.04, 0.08)]

DEVICES = [
    *[_devices(f"in the loop, ideal {source}", ideal=(source,)) for source in SOURCES],
    _devices("in the loop, no refresh", refresh_every=None),
    *[_devices(f"in the loop, only {source} not ideal",
               ideal=tuple(other for other in SOURCES if other != source)) for source in SOURCES],
    *[_devices(f"in the loop, epsilon {epsilon}", epsilon=epsilon) for epsilon in (0.4, 1.5)],
    *[_devices(f"in the loop, scale {scale}", scale=scale) for scale in (8.0, 24.0)],
    *INJECTED,
]

# ---- runs of hours ------------------------------------------------------------------------------

def _mnist(name, unit, seeds=1, **changes):
    return Row(f"MNIST, {name}", "digits", unit, preset="paper", data="full", changes=changes,
               seeds=seeds)


EQUAL = {"rnn": 191, "gru": 89, "lstm": 72}  # units a layer at the sSNU's 335,114 parameters

MNIST = [
    *[_mnist(f"{name}, {'with' if shift else 'without'} shifts", unit, seeds, **changes,
             shift=shift)
      for shift in (0, 1) for name, unit, seeds, changes in (
          ("sSNU, 4 layers", "ssnu", 3, {}), ("SNU, 7 layers", "snu", 3, {}),
          *[(f"{UNITS[unit][0]}, 3 x {n}", unit, 1, {"hidden": (n,) * 3})
            for unit, n in EQUAL.items()])],
    _mnist("SNU conv, without shifts", "snu-conv", shift=0)._replace(shown=(300,)),
    _mnist("SNU conv, elastic", "snu-conv", shift=0, distortion=(34, 4))._replace(shown=(300,)),
]

REGULARISED = [  # trials: what helps the sSNU and the SNU without shifts
    _mnist(f"{name}, without shifts, dropout", unit, shift=0, hidden_dropout=rate)._replace(
        split="valid")
    for name, unit in (("sSNU, 4 layers", "ssnu"), ("SNU, 7 layers", "snu"))
    for rate in (0.1, 0.2, 0.4)]

INHIBITION = [
    _mnist(f"SNU, 784-100-10, {'with' if inhibited else 'without'} inhibition", "snu", 3,
           hidden=(100,), shift=0, lateral_inhibition=inhibited) for inhibited in (False, True)]


def _ptb(name, unit, seeds=3, **changes):
    return Row(f"Penn Treebank, {name}", "language", unit, preset="paper", data="full",
               changes=changes, seeds=seeds)


PTB = [
    _ptb("sSNU, recurrent", "ssnu"), _ptb("SNU", "snu"), _ptb("LSTM, 2 x 200", "lstm"),
    _ptb("sSNU, recurrent, decay 0", "ssnu", 1, **NO_MEMBRANE),
    _ptb("SNU, decay 0", "snu", 1, **NO_MEMBRANE),
    _ptb("sSNU, feed-forward", "ssnu", 1, **FEED_FORWARD),
    _ptb("LSTM, 2 x 345", "lstm", 1, embedding=345, hidden=(345, 345)),
]


BASELINES = [  # the unit is a name of experiments.baselines
    Row(f"{where}, {model}", task, model, data=data, seeds=1) for task, model, where, data in (
        ("digits", "nearest neighbour", "digits", "small"),
        ("digits", "logistic regression", "digits", "small"),
        ("digits", "nearest neighbour", "MNIST", "full"),
        ("digits", "logistic regression", "MNIST", "full"),
        ("music", "nearest chords", "JSB", "full"),
        ("music", "nearest chords", "small chorales", "small"),
        ("music", "logistic regression", "JSB", "full"),
        ("music", "logistic regression", "small chorales", "small"))]


BLOCKS = {  # name: (what the table shows, rows)
    "jsb": ("The JSB chorales, preset paper", JSB),
    "membrane": ("The membrane switched off: decay 0, fixed", MEMBRANE),
    "digits": ("Small digits, preset small", _compared("digits")),
    "music": ("Small chorales, preset small", _compared("music")),
    "language": ("Small language, preset small", _compared("language")),
    "memory": ("Weights on phase-change devices",
               _memory("JSB", "full") + _memory("small chorales", "small")),
    "grid": ("JSB at equal size: trials of learning rate and dropout, by validation", GRID),
    "care": ("JSB at equal size and equal care", []),
    "baselines": ("Simple models", BASELINES),
    "unit": ("One thing of the unit changed", UNIT),
    "devices": ("One thing of the devices changed", DEVICES),
    "mnist": ("MNIST, with and without shifted training images", MNIST),
    "regularised": ("MNIST without shifts: trials of dropout, by validation", REGULARISED),
    "dropout": ("MNIST without shifts, with the best dropout", []),
    "inhibition": ("MNIST with lateral inhibition", INHIBITION),
    "ptb": ("Penn Treebank", PTB),
}
CHOSEN = {"care": ("grid", 5), "dropout": ("regularised", 3)}  # block: (its trials, seeds)


def find_block(name):
    """The rows of a block. ValueError that lists what there is."""
    return BLOCKS[validation.one_of("block", name, BLOCKS)][1]
