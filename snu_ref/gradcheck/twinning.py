"""The naive twin of a given layer, in the form that the checker calls: forward and backward at once.

    twin_of(layer)(params, x, state, dy, dstate) -> grads, dx, dstate

A Network's twin chains the twins of its layers, so no line of the vectorised code runs in it.
"""
from functools import singledispatch

import numpy as np

from .. import twins
from ..dense import Dense
from ..network import Network
from ..snu import SNU


def twin_of(layer):
    """The twin of a layer or Network as a function (params, x, state, dy, dstate) -> grads, dx, dstate."""
    def twin(params, x, state, dy, dstate):
        return run_twin(layer, x, state, dy, dstate)[1:]
    return twin


@singledispatch
def run_twin(layer, x, state, dy, dstate):
    """y, grads, dx, dstate of a layer's twin; dy None asks for the forward pass only."""
    raise TypeError(f"layer: expected one with a twin, got {type(layer).__name__}")


@run_twin.register
def _(layer: SNU, x, state, dy, dstate):
    twin = twins.snu_twin(
        layer.params, x, state, _or_zeros(dy, x.shape[:2] + layer.out_shape), dstate, h=layer.h.name,
        g=layer.g.name, surrogate=layer.surrogate.name, lateral_inhibition=layer.lateral_inhibition,
        reset_grad=layer.reset_grad)
    return twin.y, twin.grads, twin.dx, type(state)(*twin.dstate)


@run_twin.register
def _(layer: Dense, x, state, dy, dstate):
    twin = twins.dense_twin(layer.params, x, _or_zeros(dy, x.shape[:2] + layer.out_shape))
    return twin.y, twin.grads, twin.dx, ()


@run_twin.register
def _(network: Network, x, state, dy, dstate):
    inputs = [x]
    for layer, s in zip(network.layers, state):
        inputs.append(run_twin(layer, inputs[-1], s, None, s)[0])
    grads, dstates = {}, [()] * len(network.layers)
    for i in reversed(range(len(network.layers))):
        _, own, dy, dstates[i] = run_twin(network.layers[i], inputs[i], state[i], dy, dstate[i])
        grads.update({f"{i}.{name}": grad for name, grad in own.items()})
    return inputs[-1], grads, dy, tuple(dstates)


def _or_zeros(dy, shape):
    return np.zeros(shape) if dy is None else dy
