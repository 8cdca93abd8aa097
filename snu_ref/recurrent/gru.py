"""The gated recurrent unit (GRU), reset before or after the product: one step and its reverse.

W, H and b have 3 n columns: the blocks r, z, n, in this order (reset gate, update gate, candidate).

    r_t = sigmoid( x_t W_r + h_{t-1} H_r + b_r )                     reset gate
    z_t = sigmoid( x_t W_z + h_{t-1} H_z + b_z )                     update gate
    n_t = tanh( x_t W_n + (r_t . h_{t-1}) H_n + b_n )                candidate, reset_after=False
    n_t = tanh( x_t W_n + b_n + r_t . (h_{t-1} H_n + b_h) )          candidate, reset_after=True
    h_t = z_t . h_{t-1} + (1 - z_t) . n_t                            output and state

z_t = 1 keeps the state, as in Cho et al. (Some papers exchange z and 1 - z. Theirs is the same unit
with the signs of W_z, H_z and b_z changed.) reset_after=False is the unit of Cho et al.
reset_after=True is the form of today's frameworks: the recurrent product does not depend on r_t,
and the candidate has a second bias, b_h.

Shapes: x_t (B, n_in), h_t (B, n), W (n_in, 3n), H (n, 3n), b (3n), b_h (n). Biases start at 0.
Parameters: 3 (n_in n + n^2 + n), and n more with b_h.

The reverse
-----------
Below, a_r, a_z and a_n are the arguments of the two sigmoids and of tanh, ' is transposed, . is
point-wise. h_t reaches the loss as an output (dy_t) and in four places of the next step. dh_t is
the sum of these five parts:

    da_z = (h_{t-1} - n_t) . z_t (1 - z_t) . dh_t
    da_n = (1 - z_t) . (1 - n_t^2) . dh_t

reset_after=False, with q_t = r_t . h_{t-1}, which H_n multiplies:

    dq_t = da_n H_n'
    da_r = h_{t-1} . r_t (1 - r_t) . dq_t
    dh_{t-1} = dy_{t-1} + z_t . dh_t + da_r H_r' + da_z H_z' + r_t . dq_t
    dH_n = sum q_t' da_n

reset_after=True, with m_t = h_{t-1} H_n + b_h, which r_t multiplies:

    dm_t = r_t . da_n
    da_r = m_t . r_t (1 - r_t) . da_n
    dh_{t-1} = dy_{t-1} + z_t . dh_t + da_r H_r' + da_z H_z' + dm_t H_n'
    dH_n = sum h_{t-1}' dm_t                db_h = sum dm_t

In both, dH_r = sum h_{t-1}' da_r and dH_z = sum h_{t-1}' da_z. q and m are not stored: they are
computed again for all steps together.

Sources: K. Cho et al., EMNLP 2014, arXiv:1406.1078 (v3 has the reset before the product, v1 after
it, according to the documentation of keras.layers.GRU); b_h as documented for torch.nn.GRU.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from ..activations import sigmoid
from ..layer import brief, rows
from .loop import Recurrent


class GRUState(NamedTuple):
    """The hidden state, which is also the output: (B, n_units)."""
    h: np.ndarray
    __repr__ = brief


class GRU(Recurrent):
    """A layer of gated recurrent units, gate order r, z, n.

        h_t = z_t . h_{t-1} + (1 - z_t) . n_t

    Arguments and initial values are those of `Recurrent`. reset_after, bool: whether the reset gate
    multiplies the recurrent product of the candidate (True) or the state before it (False).
    params: {"W": (n_in, 3 n_units), "H": (n_units, 3 n_units), "b": (3 n_units,)} and "b_h":
    (n_units,) if reset_after, all trainable.
    Raises ValueError or TypeError that names the argument. Source: Cho et al. 2014.

    >>> sum(p.size for p in GRU(88, 150, rng=np.random.default_rng(0)).params.values())
    107550
    """
    State = GRUState
    gates = "rzn"

    def __init__(self, n_in, n_units, *, rng, reset_after=False, dtype=np.float64):
        super().__init__(n_in, n_units, rng=rng, dtype=dtype)
        self.reset_after = validation.flag("reset_after", reset_after)
        if self.reset_after:
            self.add_param("b_h", np.zeros(self.n_units))

    def _split_H(self):
        """H of the gates r and z, (n, 2n), and of the candidate, (n, n), as views."""
        return np.split(self.params["H"], [2 * self.n_units], axis=1)

    def _advance(self, a, state):
        h, = state
        H_rz, H_n = self._split_H()
        a_rz, a_n = np.split(a, [2 * self.n_units], axis=1)
        rz = sigmoid(a_rz + h @ H_rz)                          # both gates in one product
        r, z = np.split(rz, 2, axis=1)                         # (B, n) each
        if self.reset_after:
            n = np.tanh(a_n + r * (h @ H_n + self.params["b_h"]))
        else:
            n = np.tanh(a_n + (r * h) @ H_n)
        return GRUState(z * h + (1 - z) * n), [r, z, n]

    def _coefficients(self, cache):
        r, z, n = self.split(cache.act)
        h = cache.before.h
        met = h                                                # what r_t multiplies: h_{t-1} or m_t
        if self.reset_after:
            met = (rows(h) @ self._split_H()[1] + self.params["b_h"]).reshape(h.shape)
        return [met * r * (1 - r),                             # da_r per dq_t or da_n (T, B, n)
                (h - n) * z * (1 - z),                         # da_z per dh_t
                (1 - z) * (1 - n * n),                         # da_n per dh_t
                r, z]

    def _reverse(self, dstate, coef, da):
        to_r, to_z, to_n, r, z = coef
        H_rz, H_n = self._split_H()
        dh, = dstate
        da_n = to_n * dh
        if self.reset_after:
            da_r = to_r * da_n
            dh_before = z * dh + (r * da_n) @ H_n.T
        else:
            dq = da_n @ H_n.T
            da_r = to_r * dq
            dh_before = z * dh + r * dq
        np.concatenate([da_r, to_z * dh, da_n], axis=-1, out=da)
        return GRUState(dh_before + da[:, :2 * self.n_units] @ H_rz.T)

    def _recurrent_grads(self, cache, da):
        r, h = self.split(cache.act)[0], cache.before.h
        da_rz, da_n = np.split(da, [2 * self.n_units], axis=-1)
        dH_rz = rows(h).T @ rows(da_rz)
        if not self.reset_after:
            return {"H": np.concatenate([dH_rz, rows(r * h).T @ rows(da_n)], axis=1)}
        dm = rows(r * da_n)
        return {"H": np.concatenate([dH_rz, rows(h).T @ dm], axis=1), "b_h": dm.sum(axis=0)}
