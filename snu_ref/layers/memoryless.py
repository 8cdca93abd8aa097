"""What the layers without a state share: the interface of a layer around two formulas."""
from typing import NamedTuple

import numpy as np

from ..layer import Layer, brief


class InputCache(NamedTuple):
    """What the backward pass of a layer without a state needs."""
    of: str                         # the class of the layer
    x: np.ndarray                   # its input, (T, B) + in_shape
    kept: np.ndarray | None = None  # what else it keeps
    state = ()
    __repr__ = brief


class Memoryless(Layer):
    """Base of the layers without a state. A layer defines, for arguments that have been checked,

        _apply(x)                      -> y, and what it keeps for the backward pass, or None
        _reverse(dy, cache, need_dx)   -> dx (None unless need_dx), grads
    """

    def forward(self, x, state=None):
        """x (T, B) + in_shape -> y (T, B) + out_shape and the cache; `state` is () or None."""
        self.check_forward(x, state)
        y, kept = self._apply(x)
        return y, InputCache(type(self).__name__, x, kept)

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """dy (T, B) + out_shape -> dx of the shape of x or None, grads, ()."""
        if isinstance(cache, InputCache) and cache.of != type(self).__name__:
            raise TypeError(f"cache: expected one of {type(self).__name__}, got one of {cache.of}")
        self.check_backward(dy, cache, InputCache, dstate)
        return *self._reverse(dy, cache, need_dx), ()
