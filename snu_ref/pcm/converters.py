"""Converters between numbers and voltages or currents: uniform quantisers that clip.

    unsigned, b bits, 0 .. full scale:   step = full_scale / (2^b - 1),    2^b levels
    signed,   b bits, -bound .. bound:   step = 2 bound / (2^b - 2),       2^b - 1 levels with 0

Inside the range the error is uniform in +-step/2, so its root mean square is step/sqrt(12).
Left out: noise, offset and gain error of the converter itself, stochastic rounding.

Source of the signed form: the input and output resolution of IBM's aihwkit (parameters/io.py).
"""
import numpy as np

from .. import validation

MAX_BITS = 52  # of a converter: as many as the fraction of a float64 has


def check_bits(name, bits, low=1):
    """The bits of a converter, from `low` to MAX_BITS, as an int."""
    return validation.integer(name, bits, low, MAX_BITS)


def positive(name, value):
    """A positive number, as a float; within 1e-100 and 1e100 (ours) products stay finite."""
    return validation.number_in(name, value, 1e-100, 1e100)


def quantise_unsigned(a, bits, full_scale):
    """a rounded to the nearest of 2^bits levels in [0, full_scale]; bits None: a as it is."""
    if bits is None:
        return a
    top = 2 ** check_bits("bits", bits) - 1
    step = positive("full_scale", full_scale) / top
    return np.clip(np.rint(a / step), 0, top) * step


def quantise_signed(a, bits, bound):
    """a rounded to the nearest of 2^bits - 1 levels in [-bound, bound]; bits None: a as it is."""
    if bits is None:
        return a
    top = 2 ** (check_bits("bits", bits, 2) - 1) - 1
    step = positive("bound", bound) / top
    return np.clip(np.rint(a / step), -top, top) * step
