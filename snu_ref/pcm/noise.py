"""The source of the standard normal numbers N: one convention for every function in this folder.

An argument `noise` is one of

    numpy.random.Generator   draws N
    a number                 every N is this number: 0.0 switches the noise off, 1.0 raises every
                             value by one standard deviation
    a float array            the values of N, one per device, so that a program in another language
                             can use the same; entries of devices that the call does not touch are
                             ignored

If a call needs several kinds of N, a Generator or a number is used for all of them. Arrays come in
one of the named tuples below, which list them in the order of drawing. Each member of a tuple
follows the same convention. A Generator draws only the numbers that are used.
"""
from typing import Any, NamedTuple

import numpy as np

from .. import validation


class ProgramNoise(NamedTuple):
    """Closed-loop programming: both arrays have the shape of the devices."""
    conductance: Any  # N of G0
    drift: Any        # N of nu


class RefreshNoise(NamedTuple):
    """Refresh of an array: (2, pairs, n_in, n_out) each, unless noted."""
    read: Any     # N of the white noise of the read that decides
    reset: Any    # N of the RESET
    rewrite: Any  # ProgramNoise for the closed loop; (rounds, 2, pairs, n_in, n_out) for blind


class UpdateNoise(NamedTuple):
    """One training update of an array."""
    pulses: Any          # (rounds, 2, pairs, n_in, n_out): N of the r-th pulse on each device
    refresh: Any = None  # noise of the refresh, needed only if one is due


class ColumnNoise(NamedTuple):
    """A product read by columns."""
    devices: Any  # (2, pairs, n_in, n_out)
    output: Any   # (row tiles, ..., n_out) for an input (..., n_in)


def split(noise, kind, name="noise"):
    """`noise` as the named tuple `kind`; a Generator or a number goes to every member."""
    if isinstance(noise, kind):
        return noise
    noise = _one_source(name, noise, f"{kind.__name__}({', '.join(kind._fields)})")
    return kind(*[noise] * len(kind._fields))


def check_noise(noise, shape, name="noise"):
    """The checked `noise`: a Generator, a float, or a finite float array of exactly `shape`."""
    if isinstance(noise, np.ndarray):
        return validation.float64_array(name, noise, tuple(shape))
    return _one_source(name, noise, "float array")


def check_rounds(noise, rounds, shape, name="noise"):
    """The checked `noise` of repeated pulses; an array has shape (R, *shape) with R >= rounds."""
    noise = check_noise(noise, ("rounds", *shape), name)
    if isinstance(noise, np.ndarray) and len(noise) < rounds:
        raise ValueError(f"{name}: expected draws for {rounds} rounds of pulses, got {len(noise)}")
    return noise


def _one_source(name, noise, other):
    """A Generator, or a number as a float; `other` names the third possibility in the message."""
    if isinstance(noise, np.random.Generator):
        return noise
    try:
        return validation.finite_number(name, noise)
    except TypeError:
        raise TypeError(f"{name}: expected a Generator, a number or a {other}, "
                        f"got {type(noise).__name__}") from None


def normal(noise, shape):
    """N for a whole array of `shape`, from a checked `noise`."""
    if isinstance(noise, np.random.Generator):
        return noise.standard_normal(shape)
    return noise if isinstance(noise, np.ndarray) else np.full(shape, noise)


def normal_at(noise, index):
    """N for the devices at the flat positions `index`, from a checked `noise`."""
    if isinstance(noise, np.ndarray):
        return noise.reshape(-1)[index]
    return normal(noise, len(index))
