"""The plain affine layer, for read-outs.

    y_t = x_t W + b

Backward, with dA for dL/dA:  dW = sum x_t' dy_t,  db = sum dy_t,  dx_t = dy_t W'.
There is no non-linearity: the loss applies the sigmoid or softmax, so that the logarithm stays
exact.
"""
import numpy as np

from .. import validation
from ..layer import glorot_uniform, rows
from .memoryless import Memoryless


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
        self.add_param("W",
                       glorot_uniform(self.n_in, self.n_units, validation.generator("rng", rng)))
        self.add_param("b", np.zeros(self.n_units))

    def _apply(self, x):
        y = rows(x) @ self.params["W"]
        y += self.params["b"]
        return y.reshape(x.shape[:-1] + self.out_shape), None

    def _reverse(self, dy, cache, need_dx):
        dx = (rows(dy) @ self.params["W"].T).reshape(cache.x.shape) if need_dx else None
        return dx, {"W": rows(cache.x).T @ rows(dy), "b": rows(dy).sum(axis=0)}
