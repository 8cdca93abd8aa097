"""The settings of each task and unit, as small tables, a table for each preset.

Preset "small" is for the data that come with the package and Python, "paper" for the full data.

Each value says where it comes from:
    published(v)   the paper's figures, read in the charts of the authors' toolkit and in a caption
                   (`published.py`)
    toolkit(v)     the authors' public toolkit and notebooks (IBM/neuroaikit)
    any other      ours: chosen on validation data only

The learning rates of the small presets are the best, by the validation figure of seeds 11 and 12
(language: 11), of
    digits     0.001, 0.002, 0.005, 0.01, 0.02; RNN also 0.0005, snu-conv also 0.04
    music      0.001, 0.003, 0.006, 0.01
    language   0.0015, 0.003, 0.006, 0.012, 0.024 (all but the RNN), 0.048 (GRU)

What each setting means: `snu_ref.tasks.settings.SETTINGS`.
"""
from typing import Any, NamedTuple

from .. import validation


class Choice(NamedTuple):
    """A value and where it comes from."""
    value: Any
    source: str


def published(value):
    """From the charts and the caption of `published.py`."""
    return Choice(value, "published")


def toolkit(value):
    """From the authors' toolkit."""
    return Choice(value, "toolkit")


WEIGHTS = dict(store=None, keep="best")
LEAKY = toolkit({"g": "leaky_relu"})
FEED_FORWARD = {"g": "identity", "decay": 0.8}

# ---- digits -------------------------------------------------------------------------------------

DIGITS = dict(
    **WEIGHTS, hidden=(256,), options={}, lateral_inhibition=False, n_steps=20, test_steps=None,
    max_spikes=20, shift=0, distortion=None, hidden_dropout=None, optimiser="adam", lr=0.002,
    momentum=0.0, schedule="cosine", batch=32, epochs=20, clip=None)

DIGITS_SMALL = {
    "snu": dict(DIGITS, options=LEAKY, lr=0.01),
    "ssnu": dict(DIGITS, options={"g": "identity"}, lr=0.01),
    "rnn": dict(DIGITS, lr=0.001), "gru": DIGITS, "lstm": DIGITS,
    "snu-conv": dict(DIGITS, options=LEAKY, hidden=(16, 32), kernel=3, lr=0.02, epochs=6),
}

# The numbers of layers are from the charts, their width is ours.
MNIST = dict(DIGITS, n_steps=toolkit(20), shift=1, lr=0.001, batch=100, hidden=(256,) * 3)

DIGITS_PAPER = {
    "snu": dict(MNIST, options=LEAKY, hidden=(256,) * 6, lr=0.002),
    "ssnu": dict(MNIST, options={"g": "identity"}, lr=0.002),
    "rnn": MNIST, "gru": MNIST, "lstm": MNIST,
    "snu-conv": dict(MNIST, options=LEAKY, hidden=(16, 32), kernel=5, batch=50, lr=0.01, n_steps=10,
                     max_spikes=10, test_steps=30, epochs=16),
}

# ---- music --------------------------------------------------------------------------------------

MUSIC = dict(
    **WEIGHTS, hidden=published((150,)), options={}, optimiser="adam", lr=0.006, momentum=0.0,
    schedule="cosine", batch=8, epochs=60, clip=1.0, dropout=0.0)
RECURRENT = toolkit({"g": "identity", "decay": 0.4, "recurrent": True})

MUSIC_SMALL = {
    "snu": dict(MUSIC, options=FEED_FORWARD), "ssnu": dict(MUSIC, options=RECURRENT),
    "rnn": MUSIC, "gru": dict(MUSIC, lr=0.003), "lstm": MUSIC,
}

# Weights on phase-change devices: we could not read the paper's settings, so the store is ours.
PCM = dict(MUSIC_SMALL["snu"], lr=0.01, keep="last", store={"kind": "pcm", "scale": 16.0})

JSB = dict(MUSIC, epochs=100, dropout=0.25)

# hidden sizes of the comparators: those of Chung et al., arXiv:1412.3555, about 20,000 parameters,
# whose figures the paper quotes
MUSIC_PAPER = {
    "snu": dict(JSB, options=FEED_FORWARD, lr=0.01), "ssnu": dict(JSB, options=RECURRENT),
    "rnn": dict(JSB, hidden=(100,), dropout=0.2, lr=0.015),
    "gru": dict(JSB, hidden=(46,), dropout=0.0),
    "lstm": dict(JSB, hidden=(36,), dropout=0.2, lr=0.015),
}

# ---- language -----------------------------------------------------------------------------------

LANGUAGE = dict(
    **WEIGHTS, embedding=128, hidden=(128,), options={}, tied=True, projection=True, dropout=0.3,
    optimiser="adam", lr=0.012, momentum=0.0, schedule="cosine", batch=16, bptt=30, epochs=16,
    clip=1.0)
SNU = {"options": {**FEED_FORWARD, "train_decay": True}}
SSNU = {"options": {"g": "identity", "decay": 0.5, "recurrent": True, "train_decay": True},
        "tied": published(True)}

LANGUAGE_SMALL = {
    "snu": {**LANGUAGE, **SNU}, "ssnu": {**LANGUAGE, **SSNU},
    "rnn": dict(LANGUAGE, lr=0.006), "gru": dict(LANGUAGE, lr=0.024), "lstm": LANGUAGE,
}

PTB = dict(LANGUAGE, embedding=300, hidden=(600,), dropout=0.35, lr=0.002, batch=20, bptt=35,
           epochs=8)

LANGUAGE_PAPER = {
    "snu": dict(PTB, **SNU, hidden=(1000,), dropout=0.25),
    "ssnu": dict(PTB, **SSNU, embedding=400, hidden=(800,), dropout=0.4, epochs=10),
    "rnn": PTB, "gru": PTB,
    # rate, norm of clipping and dropout as in PyTorch's example word_language_model: without tying,
    # the best of three settings on validation data after two epochs
    "lstm": dict(PTB, embedding=200, hidden=(200, 200), projection=False, dropout=0.2,
                 optimiser="sgd", lr=20.0, clip=0.25),
}

PRESETS = {
    ("digits", "small"): DIGITS_SMALL,
    ("music", "small"): MUSIC_SMALL,
    ("language", "small"): LANGUAGE_SMALL,
    ("music", "pcm"): {"snu": PCM},
    ("music", "quantised"): {"snu": dict(PCM, store={"kind": "quantised", "scale": 16.0})},
    ("digits", "paper"): DIGITS_PAPER,
    ("music", "paper"): MUSIC_PAPER,
    ("language", "paper"): LANGUAGE_PAPER,
}


def find_preset(task, unit, preset):
    """The table of a task, unit and preset: dict of Choice. ValueError that lists what there is."""
    tables = PRESETS.get((task, preset))
    if tables is None:
        known = ", ".join(repr(p) for t, p in PRESETS if t == task)
        raise ValueError(f"preset: expected one of {known} for {task}, got {preset!r}")
    table = tables[validation.one_of("unit", unit, tables)]
    return {name: value if isinstance(value, Choice) else Choice(value, "ours")
            for name, value in table.items()}
