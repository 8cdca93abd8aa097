"""Dropout between layers: in training, each value is either set to 0 or scaled up.

    y = x . m / (1 - rate),    m = 0 with probability rate, else 1;      dx = dy . m / (1 - rate)

The scaling keeps the mean. For use after training, `without_dropout` returns a network with the
same parameter arrays, but without the dropout layers.

Source: Srivastava et al., JMLR 15 (2014), in the "inverted" form. As in Zaremba et al.,
arXiv:1409.2329, dropout is applied between layers, never along time inside a unit.
"""
import numpy as np

from .. import validation
from ..network import Network
from .dense import Memoryless


class Dropout(Memoryless):
    """y = x . m / (1 - rate), with a new mask m in each forward pass, or a given one.

    rate : probability that a value is dropped, in [0, 1).
    rng : Generator that draws the masks; or mask : array of 0 and 1 (T, B, n) that every pass uses.
    Raises ValueError or TypeError that names the argument.

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

    def _apply(self, x):
        if self.mask is None:
            kept = self.rng.random(x.shape, dtype=np.float32) >= self.rate
        else:
            kept = validation.array("mask", self.mask, x.shape, self.mask.dtype)
        factor = kept.astype(self.dtype) * (1 / (1 - self.rate))
        return x * factor, factor

    def _reverse(self, dy, cache, need_dx):
        return dy * cache.kept, {}


def without_dropout(network):
    """The Network without its Dropout layers and with the same arrays, for use after training.

    >>> from snu_ref import Dense
    >>> rng = np.random.default_rng(0)
    >>> len(without_dropout(Network([Dense(3, 2, rng=rng), Dropout(0.5, rng=rng)])).layers)
    1
    """
    validation.instance("network", network, Network)
    return Network([without_dropout(layer) if isinstance(layer, Network) else layer
                    for layer in network.layers if not isinstance(layer, Dropout)])
