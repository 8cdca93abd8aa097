"""All variants of the SNU, random numbers for both passes, and the comparison of results."""
import itertools

import numpy as np

from snu_ref import SNU
from snu_ref.snu import SNUState

VARIANTS = [dict(h=h, surrogate=surrogate, g=g, recurrent=recurrent, lateral_inhibition=inhibition,
                 reset_grad=reset_grad)
            for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
                [("step", s) for s in ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid")]
                + [("sigmoid", "tanh")], ("relu", "leaky_relu", "identity", "tanh"),
                (False, True), (False, True), ("through", "detached"))]
# the 32 whose forward passes differ
FORWARD_KINDS = [v for v in VARIANTS if v["surrogate"] == "tanh" and v["reset_grad"] == "through"]
ROUNDING = 1e-14  # float64 sums of some tens of terms in another order; about 1e-15 is seen
N_IN, N, T, B = 3, 4, 6, 3


def label(options):
    return " ".join(f"{name}={value}" for name, value in options.items())


def make(options, seed=0, dtype=np.float64, n_in=N_IN, n=N):
    """A unit with random parameters; x, a start state, dy and a final dstate, all of order 1."""
    rng = np.random.default_rng(seed)
    unit = SNU(n_in, n, rng=rng, decay=rng.uniform(0.5, 0.9, n), dtype=dtype, **options)
    unit.params["b"][:] = rng.uniform(-0.9, -0.3, n)  # low thresholds, so that there are spikes
    x, dy = rng.normal(size=(T, B, n_in)).astype(dtype), rng.normal(size=(T, B, n)).astype(dtype)
    start = SNUState(rng.normal(size=(B, n)).astype(dtype), rng.random((B, n)).astype(dtype))
    dend = SNUState(*rng.normal(size=(2, B, n)).astype(dtype))
    return unit, x, start, dy, dend


def run(unit, x, start, dy, dend):
    """Forward and backward: a dict of all results by name."""
    y, cache = unit.forward(x, start)
    dx, grads, dstart = unit.backward(dy, cache, dend)
    return {"y": y, "s": cache.s, "dx": dx, "dstate.s": dstart.s, "dstate.y": dstart.y, **grads}


def assert_close(have, want, message, bound=ROUNDING):
    """Each array within `bound` of its counterpart, relative to the largest element."""
    assert have.keys() == want.keys(), message
    for name in want:
        assert have[name].shape == want[name].shape, f"{name}: {message}"
        error = np.abs(have[name] - want[name]).max(initial=0)
        assert error <= bound * max(1, np.abs(want[name]).max(initial=0)), \
            f"{name} is out by {error:.1e}: {message}"
