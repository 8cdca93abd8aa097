"""The simple recurrent network (RNN): one step and its reverse.

    a_t = x_t W + h_{t-1} H + b
    h_t = tanh(a_t)                          output and state

Shapes: x_t (B, n_in), h_t (B, n), W (n_in, n), H (n, n), b (n). Parameters: n_in n + n^2 + n.

The reverse
-----------
h_t reaches the loss as an output (dy_t) and through the next step, a_{t+1}. With ' for transposed:

    dh_t = dy_t + da_{t+1} H'
    da_t = (1 - h_t^2) . dh_t

Source: J. L. Elman, Finding structure in time, Cognitive Science 14, 179-211 (1990); his units are
logistic, tanh is usual today.
"""
from typing import NamedTuple

import numpy as np

from ..layer import brief
from .loop import Recurrent


class RNNState(NamedTuple):
    """The hidden state, which is also the output: (B, n_units)."""
    h: np.ndarray
    __repr__ = brief


class RNN(Recurrent):
    """A layer of simple recurrent units.

        h_t = tanh( x_t W + h_{t-1} H + b )

    Arguments and initial values are those of `Recurrent`.
    params: {"W": (n_in, n_units), "H": (n_units, n_units), "b": (n_units,)}, all of them trainable.
    Raises ValueError or TypeError that names the argument. Source: Elman 1990.

    >>> sum(p.size for p in RNN(88, 150, rng=np.random.default_rng(0)).params.values())
    35850
    """
    State = RNNState
    gates = "h"

    def _advance(self, a, state):
        h = np.tanh(a + state.h @ self.params["H"])
        return RNNState(h), [h]

    def _coefficients(self, cache):
        h = cache.act
        return [1 - h * h]                                     # da_t per dh_t      (T, B, n)

    def _reverse(self, dstate, coef, da):
        da[...] = coef[0] * dstate.h
        return RNNState(da @ self.params["H"].T)
