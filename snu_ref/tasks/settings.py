"""The settings of a run: their meanings, allowed values, and changes from the command line."""
import ast
import hashlib
import math
import re
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

from .. import validation


# ---- checks: each returns the value, or raises a TypeError or ValueError that names the setting --

def _or(other, check):
    """`other`, such as None, or a value that passes the check."""
    return lambda name, value: (other if type(value) is type(other) and value == other
                                else check(name, value))


def _sizes(name, value):
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"{name}: expected sizes such as (64,) or (64, 64), got {value!r}")
    return tuple(_COUNT(name, size) for size in value)


def _distortion(name, value):
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f"{name}: expected (alpha, sigma) such as (34, 4), got {value!r}")
    return validation.number_in(name, value[0], 0, MOST), _POSITIVE(name, value[1])


def _entries(name, value):
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name}: expected entries such as {name}.NAME=VALUE, got {value!r}")
    return dict(value)


MOST = 100_000  # our choice: the most units, words or steps; far more than a CPU can train
_COUNT = partial(validation.integer, low=1, high=MOST)
_POSITIVE = partial(validation.number_in, low=0, high=math.inf, low_open=True, high_open=True)
_SHARE = partial(validation.number_in, low=0, high=1, high_open=True)

SETTINGS = {  # name: (its meaning, its check: (name, value) -> checked value)
    "hidden": ("units of each hidden layer: (64, 64); snu-conv: channels", _sizes),
    "options": ("options of the units, as in options.g=identity", _entries),
    "optimiser": ("adam or sgd", partial(validation.one_of, choices=("adam", "sgd"))),
    "lr": ("learning rate", _POSITIVE),
    "momentum": ("momentum of sgd, in [0, 1)", _SHARE),
    "schedule": ("of the learning rate: constant, or cosine (falls to 0)",
                 partial(validation.one_of, choices=("constant", "cosine"))),
    "batch": ("images, pieces of music or streams of text in each update", _COUNT),
    "epochs": ("passes over the training data", _COUNT),
    "clip": ("largest norm of the gradient, or None", _or(None, _POSITIVE)),
    "store": ("storage of weights: None, pcm, quantised, rounded, noisy", _or(None, _entries)),
    "keep": ("epoch whose network is kept: best or last",
             partial(validation.one_of, choices=("best", "last"))),
    "dropout": ("music: of hidden outputs, in [0, 1); language: words too", _SHARE),
    "n_steps": ("digits: time steps an image is shown (the paper's Ns)", _COUNT),
    "test_steps": ("digits: time steps in validation and test; None: n_steps", _or(None, _COUNT)),
    "max_spikes": ("digits: mean spikes of the brightest pixel in n_steps", _COUNT),
    "lateral_inhibition": ("digits: in hidden layers, True or False", validation.flag),
    "shift": ("digits: largest random shift of training images in pixels", _or(0, _COUNT)),
    "distortion": ("digits: elastic distortion (alpha, sigma), pixels; or None",
                   _or(None, _distortion)),
    "hidden_dropout": ("digits: dropout of hidden outputs, in [0, 1), or None", _or(None, _SHARE)),
    "kernel": ("snu-conv: side of the kernels, odd", partial(_COUNT, high=63)),
    "embedding": ("language: length of a word's vector", _COUNT),
    "tied": ("language: the output uses the embedding's table", validation.flag),
    "projection": ("language: a linear layer before the tied output", validation.flag),
    "bptt": ("language: words between two updates", _COUNT),
}


@contextmanager
def errors_of(setting):
    """Turn errors in a setting's entries into ValueErrors that name it: "options.decay: ..."."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{setting}.{error}") from error


def check_options(place, of, options, known):
    """Raise ValueError for an option that `of` does not have; `place` comes before its name."""
    for name in options:
        if name not in known:
            raise ValueError(f"{place}{name}: expected an option of {of} "
                             f"({', '.join(known) or 'it has none'}), got {name!r}")


def check_all(values):
    """The settings in `values` (dict), each as its check returns it; unknown names stay."""
    return {name: SETTINGS[name][1](name, value) if name in SETTINGS else value
            for name, value in values.items()}


def settings_of(table, **changes):
    """The checked values of a preset's table; `changes` replace some of them.

    >>> from snu_ref.tasks.presets import find_preset
    >>> settings = settings_of(find_preset("music", "snu", "small"), epochs=2)
    >>> settings.hidden, settings.lr, settings.epochs
    ((150,), 0.006, 2)
    """
    unknown = changes.keys() - table.keys()
    if unknown:
        raise ValueError(f"settings: expected names from {', '.join(table)}, got "
                         f"{', '.join(sorted(unknown))}")
    return SimpleNamespace(**check_all({**{name: choice.value for name, choice in table.items()},
                                        **changes}))


# ---- from and to text ---------------------------------------------------------------------------

def read_value(text):
    """The Python value of a text; the text itself if it is a word, such as adam."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def read_changes(texts, table):
    """Changes of a preset's table from a list of "NAME=VALUE", the values as in Python.

    NAME.ENTRY=VALUE changes one entry of a dict and keeps the others. So does a dict as VALUE,
    unless it has another "kind". Raises ValueError that names the setting.

    >>> from snu_ref.tasks.presets import find_preset
    >>> read_changes(["lr=0.01", "options.decay=0"], find_preset("music", "snu", "small"))
    {'lr': 0.01, 'options': {'g': 'identity', 'decay': 0}}
    """
    changes, seen = {}, set()
    for text in texts:
        place, equals, value = text.partition("=")
        name, dot, entry = place.partition(".")
        if not equals or name not in table:
            raise ValueError(f"--set: expected NAME=VALUE with NAME one of {', '.join(table)}; got "
                             f"{text!r}")
        if place in seen:
            raise ValueError(f"--set {place}: expected one value, got two")
        seen.add(place)
        value = {entry: read_value(value)} if dot else read_value(value)
        if place == "store" and isinstance(value, str):  # only the kind
            value = {"kind": value}
        if isinstance(value, dict):
            old = changes.get(name, table[name].value)
            old = old if isinstance(old, dict) else {}
            if not value:
                raise ValueError(f"--set {name}: expected at least one entry, got {{}}")
            if value.get("kind") in (None, old.get("kind")):
                value = {**old, **value}
        _, check = SETTINGS[name]
        try:
            changes[name] = check(f"--set {name}", value)
        except TypeError as error:
            raise ValueError(str(error)) from error
    return changes


def describe(table, **changes):
    """The table as text, a line for each value, with its source; changes replace values."""
    lines = [(name, changes.get(name, choice.value),
              "command line" if name in changes else choice.source)
             for name, choice in table.items()]
    return "\n".join(f"  {name:18} {source:12} {value}" for name, value, source in lines)


def changes_in_name(table, changes):
    """The changed settings, as the end of a folder's name; without epochs, which may grow later.

    >>> from snu_ref.tasks.presets import find_preset
    >>> changes_in_name(find_preset("music", "snu", "small"), {"lr": 0.01, "hidden": (64, 64)})
    '-hidden=64,64-lr=0.01'
    """
    parts = []
    for name, value in sorted(changes.items()):
        old = table[name].value
        if isinstance(value, dict):
            old = old if isinstance(old, dict) else {}
            parts += [f"{name}.{key}={part}" for key, part in value.items()
                      if key not in old or old[key] != part]
        elif name != "epochs" and value != old:
            parts.append(f"{name}={','.join(map(str, value)) if type(value) is tuple else value}")
    # only characters that every file system accepts, and a limited length
    text = re.sub(r"[^\w=.,+-]", "_", "".join("-" + part for part in parts), flags=re.ASCII)
    return text if len(text) < 120 else (
        f"{text[:100]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}")
