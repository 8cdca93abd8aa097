"""Checks of arguments, for all modules. All messages have one form: `name: expected ..., got ...`.

A wrong type or dtype is a TypeError; a wrong shape, range or name, or a NaN, is a ValueError. Each
check returns the value to use. A NumPy integer becomes an int, which cannot overflow; an array is
returned as it is. Nothing is broadcast.
"""
import math
import numbers
from collections.abc import Mapping

import numpy as np

class NotFinite(ValueError):
    """Numbers, or their squares, are NaN or infinite: `train` ends when it catches this."""


REAL_DTYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.longdouble))
LARGEST = 2 ** 31  # our choice: more than any size of an array or layer; its square fits int64
KINDS = {"floats": "f", "integers": "iu", "numbers": "biuf", "numbers 0 and 1": "biuf",
         "True and False": "b"}  # name in a message: dtype.kind


# ---- single values ------------------------------------------------------------------------------

def real_dtype(dtype):
    """`dtype` as one of float32, float64, longdouble; TypeError for any other."""
    try:
        found = None if dtype is None else np.dtype(dtype)  # NumPy reads None as float64
    except (TypeError, ValueError):
        found = None
    if found is None or found not in REAL_DTYPES:
        raise TypeError(f"dtype: expected float32, float64 or longdouble, got {dtype!r}")
    return found


def integer(name, value, low, high=LARGEST):
    """`value` as an int in [low, high]."""
    wanted = (f"an int in [{low}, {high}]" if high < LARGEST
              else "a positive int" if low == 1 else f"an int of at least {low}")
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}: expected {wanted}, got {value!r}")
    if not low <= value <= high:
        most = f", {high} at most" if value > high == LARGEST else ""
        raise ValueError(f"{name}: expected {wanted}{most}, got {value}")
    return int(value)


def positive_int(name, value):
    """`value` as an int of at least 1."""
    return integer(name, value, 1)


def sizes(name, value, axes=None):
    """A tuple or list of positive ints as a tuple; axes: their names, if their number is fixed."""
    wanted = f"({', '.join(axes)})" if axes else "of positive ints"
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple {wanted}, got {value!r}")
    if axes and len(value) != len(axes):
        raise ValueError(f"{name}: expected {wanted}, got {tuple(value)}")
    return tuple(positive_int(f"{name}[{i}]", n) for i, n in enumerate(value))


def number_in(name, value, low, high, *, low_open=False, high_open=False):
    """`value` as a Python float in [low, high]; low_open, high_open: without low, without high."""
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


def finite_number(name, value, low=-math.inf):
    """`value` as a Python float above `low` that is neither NaN nor infinite."""
    return number_in(name, value, low, math.inf, low_open=True, high_open=True)


def one_of(name, value, choices):
    """`value` if it is one of the names in `choices`, else a ValueError that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def flag(name, value):
    """`value` as a bool if it is True or False, else a TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def instance(name, value, *kinds):
    """`value` if it is of one of the classes `kinds`, else a TypeError that names them."""
    if not isinstance(value, kinds):
        wanted = " or ".join(f"a {kind.__name__}" for kind in kinds).replace("a E", "an E")
        came = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise TypeError(f"{name}: expected {wanted}, got {came}")
    return value


def generator(name, value):
    """`value` if it is a numpy.random.Generator, else a TypeError."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name}: expected a numpy.random.Generator, such as "
                        f"numpy.random.default_rng(0), got {value!r}")
    return value


def mapping(name, value, names=None):
    """`value` if it is a dict of names, with exactly the keys `names` if they are given."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict of names and arrays, got {type(value).__name__}")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{name}: expected names as keys, got {key!r}")
    for key in () if names is None else (*names, *value):
        if key not in value:
            raise ValueError(f"{name}: expected an entry {key!r}, got none")
        if key not in names:
            raise ValueError(f"{name}: expected no entry {key!r}, got one")
    return value


# ---- arrays -------------------------------------------------------------------------------------

def array(name, value, shape, dtype, *, finite=True, low=-math.inf, high=math.inf):
    """`value` if it is a NumPy array of that shape and dtype, without NaN, within [low, high].

    shape: an int is a fixed length, a string names a free length in the message; a leading ...
    allows any axes there; None allows any shape. dtype: a dtype, a tuple of them, or a key of
    KINDS. Subclasses of np.ndarray are errors, since their operations may differ: `*` of np.matrix
    is the matrix product, a sum over a masked array skips elements.
    """
    if type(value) is not np.ndarray:
        of = f" of shape {_show(shape)}" if shape is not None else ""
        hint = "; np.array(x) makes one" if isinstance(value, np.ndarray) else ""
        raise TypeError(f"{name}: expected a NumPy array of {_kind(dtype)}{of}, "
                        f"got {type(value).__name__}{hint}")
    if not (value.dtype.kind in KINDS[dtype] if isinstance(dtype, str)
            else value.dtype in dtype if isinstance(dtype, tuple) else value.dtype == dtype):
        one = not isinstance(dtype, (str, tuple))
        hint = f"; convert it with .astype({np.dtype(dtype).name!r})" if one else ""
        of = "" if one else "an array of "
        raise TypeError(f"{name}: expected {of}{_kind(dtype)}, got {value.dtype}{hint}")
    if shape is not None and value.shape != shape and not _fits(value.shape, shape):
        raise ValueError(f"{name}: expected shape {_show(shape)}, got {_show(value.shape)}")
    # the sum of squares is the fastest test; only if it is not finite, test each number
    if finite and value.dtype.kind in "fc" and not (
            np.isfinite(np.vdot(value, value)) or np.isfinite(value).all()):
        raise NotFinite(f"{name}: expected finite numbers, {_first(value, ~np.isfinite(value))}")
    below = low > -math.inf and value.size and value.min() < low
    if below or high < math.inf and value.size and value.max() > high:
        outside = _first(value, (value < low) | (value > high))
        raise ValueError(f"{name}: expected numbers in [{low}, {high}], {outside}")
    return value


def float64_array(name, value, shape, *, low=-math.inf, high=math.inf):
    """A finite array of floats within [low, high], as a float64 copy in C order."""
    array(name, value, shape, "floats", finite=False)
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes inf: an error below
        copy = value.astype(np.float64, order="C")
    return array(name, copy, None, np.float64, low=low, high=high)


def zeros_and_ones(name, value, shape):
    """`value` if it is an array of numbers that are all 0 or 1."""
    array(name, value, shape, "numbers 0 and 1")
    odd = (value != 0) & (value != 1)
    if odd.any():
        raise ValueError(f"{name}: expected only 0 and 1, {_first(value, odd)}")
    return value


def _first(value, where):
    """For a message: the value at the first True of `where`, and its index."""
    place = tuple(int(i) for i in np.argwhere(where)[0])
    return f"got {value[place]} at index {place}"


def _kind(dtype):
    """The name of the expected dtypes in a message."""
    if isinstance(dtype, tuple):
        return " or ".join(each.name for each in dtype)
    return dtype if isinstance(dtype, str) else f"dtype {np.dtype(dtype)}"


def _fits(found, wanted):
    if wanted and wanted[0] is ...:
        wanted = wanted[1:]
        found = found[len(found) - len(wanted):] if len(found) >= len(wanted) else found
    return len(found) == len(wanted) and all(
        isinstance(want, str) or want == have for want, have in zip(wanted, found))


def _show(shape):
    inner = ", ".join("..." if n is ... else str(n) for n in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
