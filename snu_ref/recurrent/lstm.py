"""Long short-term memory (LSTM) with a forget gate: one step and its reverse.

    a_t = x_t W + h_{t-1} H + b              4n columns: blocks a_i, a_f, a_g, a_o, in this order
    i_t = sigmoid(a_i)                       input gate
    f_t = sigmoid(a_f)                       forget gate
    g_t = tanh(a_g)                          candidate
    o_t = sigmoid(a_o)                       output gate
    c_t = f_t . c_{t-1} + i_t . g_t          cell
    h_t = o_t . tanh(c_t)                    output; the state is (h_t, c_t)

Shapes: x_t (B, n_in), h_t and c_t (B, n), W (n_in, 4n), H (n, 4n), b (4n), one bias for each gate.
Parameters: 4 (n_in n + n^2 + n). The forget gate's bias starts at 1, so that a new cell remembers
(sigmoid(1) = 0.73); the other biases start at 0. No peephole connections.

The reverse
-----------
h_t reaches the loss as an output (dy_t) and through a_{t+1}; c_t reaches it through h_t and
c_{t+1}. With ' for transposed and . point-wise:

    dh_t = dy_t + da_{t+1} H'
    dc_t = f_{t+1} . dc_{t+1}  +  o_t . (1 - tanh(c_t)^2) . dh_t
    da_i = g_t . i_t (1 - i_t) . dc_t
    da_f = c_{t-1} . f_t (1 - f_t) . dc_t
    da_g = i_t . (1 - g_t^2) . dc_t
    da_o = tanh(c_t) . o_t (1 - o_t) . dh_t

Sources: S. Hochreiter, J. Schmidhuber, Neural Computation 9, 1735-1780 (1997); the forget gate:
F. A. Gers, J. Schmidhuber, F. Cummins, Neural Computation 12, 2451-2471 (2000); its bias of 1:
R. Jozefowicz, W. Zaremba, I. Sutskever, ICML 2015.
"""
from typing import NamedTuple

import numpy as np

from ..activations import sigmoid
from ..layer import brief
from .loop import Recurrent


class LSTMState(NamedTuple):
    """Output h and cell c after a step, each (B, n_units)."""
    h: np.ndarray
    c: np.ndarray
    __repr__ = brief


class LSTM(Recurrent):
    """A layer of LSTM units, gate order i, f, g, o.

        c_t = f_t . c_{t-1} + i_t . g_t,    h_t = o_t . tanh(c_t)

    Arguments and initial values are those of `Recurrent`, but the forget bias starts at 1.
    params: {"W": (n_in, 4 n_units), "H": (n_units, 4 n_units), "b": (4 n_units,)}, all trainable.
    Raises ValueError or TypeError that names the argument. Sources: at the top of this file.

    >>> sum(p.size for p in LSTM(88, 150, rng=np.random.default_rng(0)).params.values())
    143400
    """
    State = LSTMState
    gates = "ifgo"

    def __init__(self, n_in, n_units, *, rng, dtype=np.float64):
        super().__init__(n_in, n_units, rng=rng, dtype=dtype)
        b_i, b_f, b_g, b_o = self.split(self.params["b"])
        b_f[:] = 1

    def _advance(self, a, state):
        h, c = state
        a_i, a_f, a_g, a_o = self.split(a + h @ self.params["H"])
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
        c = f * c + i * g
        h = o * np.tanh(c)
        return LSTMState(h, c), [i, f, g, o]

    def _coefficients(self, cache):
        i, f, g, o = self.split(cache.act)
        tanh_c = np.tanh(cache.trace.c[1:])                    # of c_t, after each step
        return [g * i * (1 - i),                               # da_i per dc_t      (T, B, n) each
                cache.before.c * f * (1 - f),                  # da_f per dc_t
                i * (1 - g * g),                               # da_g per dc_t
                tanh_c * o * (1 - o),                          # da_o per dh_t
                o * (1 - tanh_c * tanh_c),                     # dc_t per dh_t
                f]                                             # dc_{t-1} per dc_t

    def _reverse(self, dstate, coef, da):
        to_i, to_f, to_g, to_o, to_c, f = coef
        dh, dc = dstate
        dc = dc + to_c * dh
        np.concatenate([to_i * dc, to_f * dc, to_g * dc, to_o * dh], axis=-1, out=da)
        return LSTMState(da @ self.params["H"].T, f * dc)
