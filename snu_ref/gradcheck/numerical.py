"""Numerical derivatives of a scalar function, element by element, by two methods.

    central difference   ( f(x + h) - f(x - h) ) / 2h      h = 1e-6: error about h^2 + 1e-16 |f| / h
    complex step         Im f(x + ih) / h                  h = 1e-30: no difference is taken, so nothing
                                                           cancels, and the result is exact to rounding

The complex step asks that f be analytic where it stands: every branch must look at the real part.
Central differences ask nothing, but are wrong within h of a kink. A kink shows in the two one-sided
differences: they agree to h |f''| where f is smooth, and differ by the jump in the slope at a kink.

Sources: complex step, Squire & Trapp, SIAM Review 40 (1998); the step sizes are ours.
"""
from typing import NamedTuple

import numpy as np

H_CENTRAL = 1e-6
H_COMPLEX = 1e-30
KINK = 1e-5  # ours: a larger jump between the one-sided differences, relative to the tensor, is a kink


class Difference(NamedTuple):
    """Central differences of one tensor, and where the one-sided ones disagree."""
    value: np.ndarray
    kink: np.ndarray  # bool, same shape


def central_difference(f, inputs, name):
    """d f / d inputs[name] by central differences.

    f takes a dict of arrays, such as inputs, and returns a float. Returns a Difference.
    """
    x = inputs[name]
    value, jump = np.zeros(x.shape), np.zeros(x.shape)
    middle = f(inputs)
    for i in np.ndindex(x.shape):
        ends = []
        for h in (H_CENTRAL, -H_CENTRAL):
            moved = x.copy()
            moved[i] += h
            ends.append((f({**inputs, name: moved}), moved[i] - x[i]))
        (up, h_up), (down, h_down) = ends
        value[i] = (up - down) / (h_up - h_down)
        jump[i] = abs((up - middle) / h_up - (down - middle) / h_down)
    largest = np.abs(value).max(initial=0)
    return Difference(value, jump > KINK * largest)


def complex_step(f, inputs, name):
    """d f / d inputs[name] by the complex step; f must run on complex arrays and return a complex number."""
    inputs = {key: a.astype(np.complex128) if a.dtype.kind == "f" else a for key, a in inputs.items()}
    x = inputs[name]
    value = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.copy()
        moved[i] += 1j * H_COMPLEX
        value[i] = np.imag(f({**inputs, name: moved})) / H_COMPLEX
    return value
