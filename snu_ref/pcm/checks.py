"""Checks of arguments shared by the phase-change memory modules.

Every check either returns the argument in a plain form (float, ndarray) or raises an error that
names the argument, what was expected and what came. None of them changes its argument, and every
public function runs all its checks before it writes anything.
"""
import numbers

import numpy as np


# Ours: what is above zero lies within these. No conductance, time or scale comes near them, and
# their products and quotients stay within float64.
POSITIVE_RANGE = (1e-100, 1e100)
MAX_BITS = 52  # of a converter: those of float64's fraction


class TimeRunsBackwards(ValueError):
    """A device was asked to be read or written at a time before its last read or write."""


def check_number(name, value, low=-np.inf, high=np.inf):
    """A finite real number in [low, high], returned as a Python float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, got {type(value).__name__}")
    value = float(value)
    if not np.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a finite number in [{low:g}, {high:g}], got {value!r}")
    return value


def check_positive(name, value):
    """A number above zero, within POSITIVE_RANGE."""
    value = check_number(name, value)
    if value <= 0.0:
        raise ValueError(f"{name} must be above zero, got {value!r}")
    return check_number(name, value, *POSITIVE_RANGE)


def check_count(name, value, low=1):
    """An integer of at least `low`, returned as a Python int."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}")
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {value}")
    return int(value)


def check_bits(name, value, low=1):
    """The bits of a converter, from `low` to MAX_BITS, as a Python int."""
    value = check_count(name, value, low)
    if value > MAX_BITS:
        raise ValueError(f"{name} must be at most {MAX_BITS}, got {value}")
    return value


def check_shape(name, value):
    """A tuple of integers of at least 1, as Python ints."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of integers, got {type(value).__name__}")
    return tuple(check_count(name, n) for n in value)


def check_array(name, a, shape, low=-np.inf, high=np.inf, unit=""):
    """A float array of exactly `shape`, finite, every entry in [low, high]; as float64."""
    if not isinstance(a, np.ndarray) or not np.issubdtype(a.dtype, np.floating):
        came = a.dtype if isinstance(a, np.ndarray) else type(a).__name__
        raise TypeError(f"{name} must be a NumPy array of floats, got {came}")
    if a.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {a.shape}")
    if not np.isfinite(a).all():
        raise ValueError(f"{name} must be finite, got {int((~np.isfinite(a)).sum())} NaN or inf")
    if a.size and (a.min() < low or a.max() > high):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}]{unit}, "
                         f"got values from {a.min():g} to {a.max():g}")
    return a.astype(np.float64)  # always a copy


def check_mask(name, where, shape):
    """A boolean array of exactly `shape`; None stands for all True."""
    if where is None:
        return np.ones(shape, dtype=bool)
    if not isinstance(where, np.ndarray) or where.dtype != np.bool_:
        came = where.dtype if isinstance(where, np.ndarray) else type(where).__name__
        raise TypeError(f"{name} must be a boolean array or None, got {came}")
    if where.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {where.shape}")
    return where


def check_time(t, now):
    """A finite time in seconds that does not lie before the clock."""
    t = check_number("t", t)
    if t < now:
        raise TimeRunsBackwards(
            f"t must not lie before the last read or write at {now!r} s, got {t!r} s")
    return t
