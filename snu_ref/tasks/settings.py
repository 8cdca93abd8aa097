"""The values that a run reads from a preset's table, changed where the command line says so.

    settings_of(table, lr=0.01)          the plain values: settings.lr, settings.epochs ...
    read_change("lr=0.01", table)        one change, as text, checked
    describe(table)                      the table as text, each value with its source
"""
import ast
import math
from types import SimpleNamespace

from .. import validation


def settings_of(table, **changes):
    """The plain values of a preset's table, some of them changed: what the tasks read.

    >>> from snu_ref.tasks.presets import find_preset
    >>> settings = settings_of(find_preset("music", "snu", "small"), epochs=2)
    >>> settings.hidden, settings.lr, settings.epochs
    ((150,), 0.006, 2)
    """
    unknown = changes.keys() - table.keys()
    if unknown:
        raise ValueError(f"settings: unknown {', '.join(sorted(unknown))}; expected "
                         f"{', '.join(table)}")
    return SimpleNamespace(**{**{name: choice.value for name, choice in table.items()}, **changes})


def read_change(text, table):
    """Name and value of "NAME=VALUE", a change of a preset's table; the value as in Python.

    ValueError if the table has no such name, or the value is of another kind than the one it
    replaces.

    >>> from snu_ref.tasks.presets import find_preset
    >>> read_change("lr=0.01", find_preset("music", "snu", "small"))
    ('lr', 0.01)
    """
    name, equals, value = text.partition("=")
    if not equals or name not in table:
        raise ValueError(f"--set: expected NAME=VALUE with NAME one of {', '.join(table)}; got "
                         f"{text!r}")
    try:
        value = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        pass  # a word, such as adam
    check, old = CHECKS.get(name), table[name].value
    if check:
        return name, check(f"--set {name}", value)
    if old is not None and type(value) is not type(old):
        raise ValueError(f"--set {name}: expected a value like {old!r}, got {value!r}")
    return name, value


def _sizes(name, value):
    """A tuple of positive ints, at least one."""
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"{name}: expected sizes such as (64,) or (64, 64), got {value!r}")
    return tuple(validation.positive_int(name, size) for size in value)


def _between(low, high, **ends):
    return lambda name, value: validation.number_in(name, value, low, high, **ends)


def _clip(name, value):
    """A bound above 0, or None for no clipping."""
    return None if value is None else _between(0, math.inf, low_open=True)(name, value)


def _steps(name, value):
    """A positive int, or None for as many steps as in training."""
    return None if value is None else validation.positive_int(name, value)


def _distortion(name, value):
    """(alpha, sigma) of an elastic distortion, or None."""
    if value is None:
        return None
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f"{name}: expected (alpha, sigma) such as (34, 4), got {value!r}")
    alpha, sigma = value
    return (validation.number_in(f"{name}: alpha", alpha, 0, math.inf),
            validation.number_in(f"{name}: sigma", sigma, 0, math.inf, low_open=True))


# What a value given by hand has to be, where its kind does not say it.
CHECKS = {
    "hidden": _sizes,
    "lr": _between(0, math.inf, low_open=True, high_open=True),
    "momentum": _between(0, 1, high_open=True),
    "dropout": _between(0, 1, high_open=True),
    "hidden_dropout": _between(0, 1, high_open=True),
    "clip": _clip,
    "test_steps": _steps,
    "distortion": _distortion,
    "shift": lambda name, value: validation.positive_int(name, value) if value != 0 else 0,
    **dict.fromkeys(("batch", "epochs", "bptt", "embedding", "n_steps", "max_spikes", "kernel"),
                    validation.positive_int),
}


def describe(table, **changes):
    """The table as text, a line for each value, with its source; changes replace values."""
    lines = [(name, changes.get(name, choice.value),
              "command line" if name in changes else choice.source)
             for name, choice in table.items()]
    return "\n".join(f"  {name:18} {source:12} {value}" for name, value, source in lines)
