"""The frozen program: a spiking pass made smooth, whose true derivative is the surrogate gradient.

A spiking forward pass is flat almost everywhere: its differences are 0, but its surrogate gradient
is not. So the exact check differentiates a program that is frozen at one run, the nominal run (0):

    step(v_t)               ->  psi(v_t) + [ step(v0_t) - psi(v0_t) ]      the bracket is a constant
    the gate, if detached   ->  its nominal value                          also for the sSNU
    max_j y_j               ->  sum_j a_j y_j                        a_j = 1/k on the k tied units
    max pooling             ->  the nominal choice of each window

At the nominal run its values are those of the real program (the checker tests this), and its
derivative is the surrogate gradient, through reset and recurrence. This module writes the unit's
equations a second time, so it also checks the forward pass.

To avoid overflow, the losses use abs and max, which do not work for complex numbers. So the check
differentiates their textbook forms, which overflow for large logits.
"""
from functools import singledispatch

import numpy as np

from ..layers import MaxPool2d
from ..network import Network
from ..snu import SNU, SNUState
from ..twins import bernoulli_nll_twin, mean_square_error_twin, softmax_cross_entropy_twin


def frozen_step(psi, v0):
    """The step frozen at the nominal v0: smooth, with psi's slope, and the step's value at v0.

        v -> psi(v) + [ step(v0) - psi(v0) ],    step(0) = 0

    >>> frozen = frozen_step(np.tanh, 0.5)               # the unit fires at v0 = 0.5: step(v0) = 1
    >>> [round(frozen(v).item(), 3) for v in (0.4, 0.5, 0.6)]
    [0.918, 1.0, 1.075]
    """
    constant = (v0 > 0) - psi(v0)
    return lambda v: psi(v) + constant


def frozen_max(y0):
    """max_j y_j over the last axis, frozen at the nominal y0: y -> sum_j a_j y_j, (..., 1).

    a_j = 1/k on the k units that tie for the maximum of y0, else 0.

    >>> frozen_max(np.array([1.0, 1.0, 0.0]))(np.array([1.0, 2.0, 9.0])).tolist()   # (1 + 2)/2
    [1.5]
    """
    tied = y0 == y0.max(axis=-1, keepdims=True)
    share = tied / tied.sum(axis=-1, keepdims=True)
    return lambda y: (share * y).sum(axis=-1, keepdims=True)


@singledispatch
def frozen_forward(layer, x, state, nominal):
    """The output and final state of `layer`, frozen at the run with the cache `nominal`.

    x, state and layer.params may be complex. A smooth layer runs its own forward pass. Register any
    other layer with @frozen_forward.register.

    >>> unit, x = SNU(2, 3, rng=np.random.default_rng(0)), np.ones((4, 1, 2))
    >>> y, cache = unit.forward(x)
    >>> bool((frozen_forward(unit, x, unit.zero_state(1), cache)[0] == y).all())      # the same run
    True
    """
    y, cache = layer.forward(x, state)
    return y, cache.state


@frozen_forward.register
def _(layer: Network, x, state, nominal):
    states = []
    for inner, s, cache in zip(layer.layers, state, nominal.layers):
        x, s = frozen_forward(inner, x, s, cache)
        states.append(s)
    return x, tuple(states)


@frozen_forward.register
def _(layer: MaxPool2d, x, state, nominal):
    return layer.take(x, nominal.kept), ()


@frozen_forward.register
def _(layer: SNU, x, state, nominal):
    spiking, detached = layer.h.name == "step", layer.reset_grad == "detached"
    if not (spiking or detached or layer.lateral_inhibition):
        y, cache = layer.forward(x, state)  # smooth, so the real forward pass is differentiated
        return y, cache.state
    b, decay, H = layer.params["b"], layer.params["decay"], layer.params.get("H")
    s, y = state
    ys = []
    driven = layer._project(x)  # x_t W
    for t in range(len(x)):
        y0 = nominal.all_y[t]  # y_{t-1}
        seen = y0 if detached else y  # y_{t-1} in the gate; a detached one is constant
        gate = 1 - (frozen_max(y0)(seen) if layer.lateral_inhibition else seen)
        z = driven[t] + decay * s * gate
        if H is not None:
            z = z + y @ H
        s = layer.g.value(z)
        v = s + b
        y = frozen_step(layer.surrogate.psi, nominal.v[t])(v) if spiking else layer.h.value(v)
        ys.append(y)
    return np.stack(ys), SNUState(s, y)


def mean_square_error(y, target, mask):
    """Mean over samples and outputs of ( mean_t y - target )^2."""
    w = mask[:, :, None]
    return (((w * y).sum(axis=0) / w.sum(axis=0) - target) ** 2).mean()


def bernoulli_nll(y, target, mask):
    """- sum [ k log p + (1 - k) log(1 - p) ] / N with p = 1 / (1 + exp(-y))."""
    w = mask[:, :, None]
    p = 1 / (1 + np.exp(-y))
    return -(w * (target * np.log(p) + (1 - target) * np.log(1 - p))).sum() / w.sum()


def softmax_cross_entropy(y, target, mask):
    """- sum log( exp(y_k) / sum_i exp(y_i) ) / N."""
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    of_target = np.take_along_axis(p, target[:, :, None], axis=-1)[:, :, 0]
    return -(mask * np.log(of_target)).sum() / mask.sum()


TEXTBOOK_LOSSES = {  # name: (textbook form, scalar twin)
    "mean_square_error": (mean_square_error, mean_square_error_twin),
    "bernoulli_nll": (bernoulli_nll, bernoulli_nll_twin),
    "softmax_cross_entropy": (softmax_cross_entropy, softmax_cross_entropy_twin),
}
