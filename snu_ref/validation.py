"""Argument checks shared by all modules: a failure names the argument, what is wanted, what came.

A wrong type or dtype is a TypeError, a wrong shape, range, name or a NaN is a ValueError. Nothing
is converted and nothing is broadcast: what passes is used as it is.
"""
import math
import numbers

import numpy as np

REAL_DTYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.longdouble))


def real_dtype(dtype):
    """`dtype` as one of float32, float64, longdouble; TypeError for any other."""
    try:
        found = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
    except TypeError:
        found = None
    if found is None or found not in REAL_DTYPES:
        raise TypeError(f"dtype: expected float32, float64 or longdouble, got {dtype!r}")
    return found


def positive_int(name, value):
    """`value` as an int of at least 1; TypeError for another type, ValueError below 1."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a positive int, got {value!r}")
    if value < 1:
        raise ValueError(f"{name}: expected a positive int, got {value}")
    return int(value)


def number_in(name, value, low, high, *, low_open=False, high_open=False):
    """`value` as a Python float within [low, high], ends left out on request; named errors."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a real number, got {value!r}")
    try:
        value = float(value)
    except OverflowError:  # an integer beyond the largest float
        value = math.inf if value > 0 else -math.inf
    above = value > low if low_open else value >= low
    below = value < high if high_open else value <= high
    if not (above and below):  # also catches NaN
        left, right = "(" if low_open else "[", ")" if high_open else "]"
        raise ValueError(f"{name}: expected a number in {left}{low}, {high}{right}, got {value}")
    return value


def one_of(name, value, choices):
    """`value` if it is one of the names in `choices`, else a ValueError that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def flag(name, value):
    """`value` if it is True or False, else a TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def generator(name, value):
    """`value` if it is a numpy.random.Generator, else a TypeError."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name}: expected a numpy.random.Generator, such as "
                        f"numpy.random.default_rng(0), got {value!r}")
    return value


def array(name, value, shape, dtype, *, finite=True):
    """Check that `value` is an array of the given shape and dtype, and free of NaN and infinity.

    `shape` holds an int where the length is fixed and a letter, used in the message, where it is
    free. Returns `value` itself. Raises TypeError (type, dtype) or ValueError (shape, NaN).
    """
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array of shape {_show(shape)}, "
                        f"got {type(value).__name__}")
    if value.dtype != dtype:
        raise TypeError(f"{name}: expected dtype {np.dtype(dtype)}, got {value.dtype}; "
                        f"convert it with .astype({np.dtype(dtype).name!r})")
    fits = value.ndim == len(shape) and all(
        isinstance(want, str) or want == have for want, have in zip(shape, value.shape))
    if not fits:
        raise ValueError(f"{name}: expected shape {_show(shape)}, got {_show(value.shape)}")
    if finite and not all_finite(value):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"{name}: expected finite numbers, got {value[where]} at index {where}")
    return value


def all_finite(a):
    """True if `a` holds neither NaN nor infinity."""
    # the square is the fastest pass there is; only where it overflows each number must be looked at
    return bool(np.isfinite(np.vdot(a, a)) or np.isfinite(a).all())


def _show(shape):
    inner = ", ".join(str(n) for n in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
