"""Where the standard normal draws N come from: one convention for every function of the package.

An argument `noise` is one of

    numpy.random.Generator   N is drawn from it
    a number                 every N is this number: 0.0 switches the noise off, 1.0 puts every
                             draw one standard deviation up
    a float array            the draws themselves, one entry per device (entries of devices that
                             the call does not touch are ignored), so that a program in another
                             language can be given the very same draws

Where one call needs several kinds of draw, a Generator or a number serves all of them, and arrays
come in the named tuple below that lists them in the order in which they are drawn. Each member of
a tuple follows the same convention. A Generator is asked only for the draws that are used.
"""
from typing import Any, NamedTuple

import numpy as np

from .checks import check_array, check_number


class ProgramNoise(NamedTuple):
    """Closed-loop programming: both arrays have the shape of the devices."""
    conductance: Any  # N of G0
    drift: Any        # N of nu


class RefreshNoise(NamedTuple):
    """Refresh of an array: (2, pairs, n_in, n_out) each, unless noted."""
    read: Any     # N of the white read that judges
    reset: Any    # N of the RESET
    rewrite: Any  # ProgramNoise for the closed loop; (rounds, 2, pairs, n_in, n_out) for blind


class UpdateNoise(NamedTuple):
    """One training update of an array."""
    pulses: Any          # (rounds, 2, pairs, n_in, n_out): N of the r-th pulse on each device
    refresh: Any = None  # noise of the refresh, wanted only when this update brings one


class ColumnNoise(NamedTuple):
    """A product read by columns."""
    devices: Any  # (2, pairs, n_in, n_out)
    output: Any   # (row tiles, ..., n_out), the dots being those of the input


def split(noise, kind, name="noise"):
    """`noise` as the named tuple `kind`; a Generator or a number is handed to every member."""
    if isinstance(noise, kind):
        return noise
    if isinstance(noise, np.random.Generator):
        return kind(*[noise] * len(kind._fields))
    if isinstance(noise, (np.ndarray, tuple, list)) or noise is None:
        raise TypeError(f"{name} must be a Generator, a number or a {kind.__name__}"
                        f"({', '.join(kind._fields)}), got {type(noise).__name__}")
    return kind(*[check_number(name, noise)] * len(kind._fields))


def check_noise(noise, shape, name="noise"):
    """`noise` checked: a Generator, a float, or a finite float array of exactly `shape`."""
    if isinstance(noise, np.random.Generator):
        return noise
    if isinstance(noise, np.ndarray):
        return check_array(name, noise, shape)
    if isinstance(noise, (tuple, list)) or noise is None:
        raise TypeError(f"{name} must be a Generator, a number or a float array, "
                        f"got {type(noise).__name__}")
    return check_number(name, noise)


def check_rounds(noise, rounds, shape, name="noise"):
    """`noise` of repeated pulses: an array has shape (R, *shape) with R >= rounds."""
    if isinstance(noise, np.ndarray):
        if noise.shape[1:] != tuple(shape) or noise.ndim != len(shape) + 1:
            raise ValueError(f"{name} must have shape (rounds, {', '.join(map(str, shape))}), "
                             f"got {noise.shape}")
        if len(noise) < rounds:
            raise ValueError(f"{name} holds draws for {len(noise)} rounds of pulses, "
                             f"{rounds} are needed")
        return check_array(name, noise, noise.shape)
    return check_noise(noise, shape, name)


def normal(noise, shape):
    """N for a whole array of `shape`, from a checked `noise`."""
    if isinstance(noise, np.random.Generator):
        return noise.standard_normal(shape)
    return noise if isinstance(noise, np.ndarray) else np.full(shape, noise)


def normal_at(noise, index):
    """N for the devices at the flat positions `index`, from a checked `noise`."""
    if isinstance(noise, np.random.Generator):
        return noise.standard_normal(len(index))
    return noise.reshape(-1)[index] if isinstance(noise, np.ndarray) else noise
