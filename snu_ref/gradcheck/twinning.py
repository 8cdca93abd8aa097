"""The naive twin of a layer, in the form that the checker calls: forward and backward in one call.

A Network's twin chains the equations of its layers, and tied layers share their numbers. So no line
of the vectorised code runs in it.
"""
from functools import singledispatch

import numpy as np

from ..layers.conv import ConvSNU
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding, TiedOutput
from ..layers.pooling import AveragePool2d, Flatten, MaxPool2d
from ..network import Network
from ..recurrent import gru, lstm, rnn
from ..snu import SNU
from ..twins import convolution, readout, recurrent
from ..twins.scalars import adjoints, numbers, reverse, values
from ..twins.snu import snu_steps
from .layers import leaves, rebuilt


def twin_of(layer):
    """The twin of a layer or Network: (params, x, state, dy, dstate) -> grads, dx, dstate."""
    return lambda params, *rest: run_twin(layer, *rest)[1:]


def run_twin(layer, x, state, dy, dstate):
    """y, grads, dx, dstate of a layer's twin; dy None asks for the forward pass only."""
    made = {id(a): numbers(name, a) for name, a in layer.params.items()}
    start = rebuilt(state, (numbers(name, a) for name, a in leaves("state", state)))
    words = x.dtype.kind != "f"
    if not words:
        x = numbers("x", x)
    y, end = _forward(layer, made, x, start)
    if dy is None:
        return values(y), None, None, None
    reverse([y, *dict(leaves("", end)).values()], [dy, *dict(leaves("", dstate)).values()])
    return (values(y), {name: adjoints(made[id(a)]) for name, a in layer.params.items()},
            None if words else adjoints(x),
            rebuilt(state, (adjoints(a) for _, a in leaves("", start))))


def _forward(layer, made, x, state):
    """y and the final state, in Numbers; made: those of every parameter, by its id."""
    if not isinstance(layer, Network):
        return _equations(layer, {name: made[id(a)] for name, a in layer.params.items()}, x, state)
    ends = []
    for inner, s in zip(layer.layers, state):
        x, end = _forward(inner, made, x, s)
        ends.append(end)
    return x, tuple(ends)


@singledispatch
def _equations(layer, p, x, state):
    raise TypeError(f"layer: expected one with a twin, got {type(layer).__name__}")


@_equations.register
def _(layer: SNU, p, x, state):
    _, s, _, y = snu_steps(p, x, state, h=layer.h.name, g=layer.g.name,
                           surrogate=layer.surrogate.name, reset_grad=layer.reset_grad,
                           lateral_inhibition=layer.lateral_inhibition)
    return y[1:], (s[-1], y[-1])


@_equations.register
def _(layer: ConvSNU, p, x, state):
    """The convolution, then the unit: places as samples, input weights the identity."""
    T, B, n = *x.shape[:2], layer.n_units
    z = convolution.conv2d(p["W"], x.reshape(-1, *layer.in_shape), stride=layer.stride,
                           padding=layer.padding)
    y, end = _equations.dispatch(SNU)(layer, {**p, "W": numbers("W", np.eye(n))},
                                      z.reshape(T, -1, n), [a.reshape(-1, n) for a in state])
    return (y.reshape(T, B, *layer.out_shape),
            tuple(a.reshape(B, *layer.out_shape) for a in end))


@_equations.register(rnn.RNN)
@_equations.register(gru.GRU)
@_equations.register(lstm.LSTM)
def _(layer, p, x, state):
    step = getattr(recurrent, f"{type(layer).__name__.lower()}_step")
    found = recurrent.unroll(step, p, x, state)
    return found[0][1:], tuple(part[-1] for part in found)


@_equations.register
def _(layer: Dense, p, x, state):
    return readout.dense(p["W"], p["b"], x), ()


@_equations.register
def _(layer: Embedding, p, x, state):
    return p["E"][x], ()


@_equations.register
def _(layer: TiedOutput, p, x, state):
    return readout.dense(p["E"].T, p["b"], x), ()


@_equations.register
def _(layer: Dropout, p, x, state):
    """The mask must be a given one."""
    y = np.empty_like(x)
    for at in np.ndindex(x.shape):
        y[at] = x[at] * (float(layer.mask[at]) / (1 - layer.rate))
    return y, ()


@_equations.register(AveragePool2d)
@_equations.register(MaxPool2d)
def _(layer, p, x, state):
    y = convolution.pool2d(x.reshape(-1, *layer.in_shape), size=layer.size, stride=layer.stride,
                           kind="max" if isinstance(layer, MaxPool2d) else "average")
    return y.reshape(*x.shape[:2], *layer.out_shape), ()


@_equations.register
def _(layer: Flatten, p, x, state):
    """Pixel by pixel, in row-major order."""
    y = np.empty(x.shape[:2] + layer.out_shape, object)
    _, width, c = layer.in_shape
    for t, b, i, j, k in np.ndindex(x.shape):
        y[t, b, (i * width + j) * c + k] = x[t, b, i, j, k]
    return y, ()
