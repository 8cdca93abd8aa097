"""The plain affine layer, for read-outs.

    y_t = x_t W + b

Backward, with dA for dL/dA:  dW = sum x_t' dy_t,  db = sum dy_t,  dx_t = dy_t W'.
There is no non-linearity: the loss applies the sigmoid or softmax, because there the logarithm can
be computed without loss of digits.

`Memoryless` is the base of all layers without a state. It adds a layer's interface to two formulas.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from ..layer import Layer, brief, glorot_uniform, rows


class InputCache(NamedTuple):
    """What the backward pass of a layer without a state needs."""
    of: str                         # the class of the layer
    x: np.ndarray                   # its input, (T, B) + in_shape
    kept: np.ndarray | None = None  # other values for the backward pass
    state = ()
    __repr__ = brief


class Memoryless(Layer):
    """Base of the layers without a state. A layer defines, for arguments that have been checked,

        _apply(x)                      -> y, and other values for the backward pass, or None
        _reverse(dy, cache, need_dx)   -> dx (None unless need_dx), grads. Without parameters it is
                                          called only if dx is needed
    """

    def forward(self, x, state=None):
        """x (T, B) + in_shape -> y (T, B) + out_shape and the cache; `state` is () or None."""
        self.check_forward(x, state)
        y, kept = self._apply(x)
        return y, InputCache(type(self).__name__, x, kept)

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """dy (T, B) + out_shape -> dx of the shape of x or None, grads, ()."""
        if isinstance(cache, InputCache) and cache.of != type(self).__name__:
            raise TypeError(f"cache: expected one from {type(self).__name__}, got {cache.of}'s")
        self.check_backward(dy, cache, InputCache, dstate)
        if not (need_dx or self.params):
            return None, {}, ()
        return *self._reverse(dy, cache, need_dx), ()


class Dense(Memoryless):
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
        self.add_param("W", glorot_uniform((self.n_in, self.n_units), rng))
        self.add_param("b", np.zeros(self.n_units))

    def _apply(self, x):
        y = rows(x) @ self.params["W"] + self.params["b"]
        return y.reshape(x.shape[:-1] + self.out_shape), None

    def _reverse(self, dy, cache, need_dx):
        dx = (rows(dy) @ self.params["W"].T).reshape(cache.x.shape) if need_dx else None
        return dx, {"W": rows(cache.x).T @ rows(dy), "b": rows(dy).sum(axis=0)}
