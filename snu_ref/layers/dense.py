"""The plain affine layer, for read-outs.

    y_t = x_t W + b

Backward, with dA for dL/dA:  dW = sum x_t' dy_t,  db = sum dy_t,  dx_t = dy_t W'.
There is no non-linearity: the loss applies the sigmoid or softmax, so that the logarithm stays
exact.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from ..layer import Layer, brief, glorot_uniform, rows


class DenseCache(NamedTuple):
    """What the backward pass of a layer without state needs: its input."""
    x: np.ndarray  # (T, B, n_in)
    state = ()
    __repr__ = brief


class Dense(Layer):
    """y_t = x_t W + b, for every step and sample.

    n_in, n_units : int; rng draws W (Glorot-uniform); b starts at 0.
    params: {"W": (n_in, n_units), "b": (n_units,)}. dtype float32, float64 or longdouble.
    Raises ValueError or TypeError that names the argument.

    >>> layer = Dense(2, 1, rng=np.random.default_rng(0))
    >>> layer.params["W"][:] = [[1.0], [2.0]]
    >>> y, _ = layer.forward(np.array([[[3.0, 4.0]]]))        # one step, one sample
    >>> y.item()
    11.0
    """

    def __init__(self, n_in, n_units, *, rng, dtype=np.float64):
        self.n_in = validation.positive_int("n_in", n_in)
        self.n_units = validation.positive_int("n_units", n_units)
        super().__init__(dtype, (self.n_in,), (self.n_units,))
        self.add_param("W",
                       glorot_uniform(self.n_in, self.n_units, validation.generator("rng", rng)))
        self.add_param("b", np.zeros(self.n_units))

    def forward(self, x, state=None):
        """x (T, B, n_in) -> y (T, B, n_units) and the cache; `state` is () or None."""
        self.check_forward(x, state)
        y = rows(x) @ self.params["W"]
        y += self.params["b"]
        return y.reshape(x.shape[:-1] + (self.n_units,)), DenseCache(x)

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """dy (T, B, n_units) -> dx (T, B, n_in) or None, grads, ()."""
        self.check_backward(dy, cache, DenseCache, dstate, x=self.in_shape)
        dx = (rows(dy) @ self.params["W"].T).reshape(cache.x.shape) if need_dx else None
        return dx, {"W": rows(cache.x).T @ rows(dy), "b": rows(dy).sum(axis=0)}, ()
