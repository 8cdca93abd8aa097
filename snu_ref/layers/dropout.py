"""Dropout between layers: in training, each value is either set to 0 or scaled up.

    y = x . m / (1 - rate),    m = 0 with probability rate, else 1;      dx = dy . m / (1 - rate)

The scaling keeps the mean. For use after training, `without_dropout` gives the same network, on the
same arrays, without its dropout layers.

Source: Srivastava et al., JMLR 15 (2014), in the "inverted" form. It is applied between layers,
never along time inside a unit, as in Zaremba et al., arXiv:1409.2329.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from ..layer import Layer, brief
from ..network import Network


class DropoutCache(NamedTuple):
    """The factors that were applied, 0 or 1 / (1 - rate)."""
    factor: np.ndarray  # (T, B, n)
    state = ()
    __repr__ = brief


class Dropout(Layer):
    """y = x . m / (1 - rate), with a new mask m in each forward pass, or a given one.

    rate : probability that a value is dropped, in [0, 1).
    rng : Generator that draws the masks; or mask : array of 0 and 1 (T, B, n) that is used in every
    pass. Raises ValueError or TypeError that names the argument.

    >>> y, _ = Dropout(0.5, mask=np.array([[[1.0, 0.0]]])).forward(np.ones((1, 1, 2)))
    >>> y.tolist()
    [[[2.0, 0.0]]]
    """

    def __init__(self, rate, *, rng=None, mask=None, dtype=np.float64):
        super().__init__(dtype)
        self.rate = validation.number_in("rate", rate, 0, 1, high_open=True)
        if (rng is None) == (mask is None):
            raise ValueError("rng, mask: expected exactly one of the two, got "
                             + ("neither" if rng is None else "both"))
        if mask is not None:
            validation.array("mask", mask, ("T", "B", "n"), self.dtype)
            mask = validation.zeros_and_ones("mask", mask, None).copy()
        else:
            validation.generator("rng", rng)
        self.rng, self.mask = rng, mask

    def forward(self, x, state=None):
        """x (T, B, n) -> y of the same shape, and the cache."""
        self.check_state("state", state, B=None)
        validation.array("x", x, ("T", "B", "n"), self.dtype)
        if self.mask is None:
            kept = self.rng.random(x.shape, dtype=np.float32) >= self.rate
        else:
            kept = validation.array("mask", self.mask, x.shape, self.mask.dtype)
        factor = kept.astype(self.dtype)
        factor *= 1 / (1 - self.rate)
        return x * factor, DropoutCache(factor)

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """dy (T, B, n) -> dx of the same shape or None, {}, ()."""
        self.check_cache(cache, DropoutCache)
        self.check_state("dstate", dstate, B=None)
        validation.array("dy", dy, cache.factor.shape, self.dtype)
        return (dy * cache.factor if need_dx else None), {}, ()


def without_dropout(network):
    """The Network without its Dropout layers, on the same parameter arrays, for use."""
    validation.instance("network", network, Network)
    return Network([without_dropout(layer) if isinstance(layer, Network) else layer
                    for layer in network.layers if not isinstance(layer, Dropout)])
