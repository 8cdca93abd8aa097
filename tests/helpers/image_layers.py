"""What the tests of convolution and pooling share: draws, states, and differences that can be
seen."""

import numpy as np

from snu_ref.snu import SNUState

ROUNDING = 1e-13  # the same sum in another order


def rng_of(seed=0):
    return np.random.default_rng(seed)


def difference(a, b):
    """max |a - b| relative to max |b|, which must not be 0."""
    assert np.shape(a) == np.shape(b)
    largest = np.abs(b).max()
    assert largest > 1e-3, "the reference is dead"
    return np.abs(a - b).max() / largest


def random_state(layer, B, rng):
    """Neither zero nor at the ends of the gate."""
    shape = (B,) + layer.out_shape
    return SNUState(rng.normal(size=shape), rng.uniform(0, 0.7, shape))
