"""The naive twin of a layer, in the form that the checker calls: forward and backward in one call.

A Network's twin chains the equations of its layers, and tied layers share their numbers. So no line
of the vectorised code runs in it.
"""
import numpy as np

from ..layers import (AveragePool2d, ConvSNU, Dense, Dropout, Embedding, Flatten, MaxPool2d,
                      TiedOutput)
from ..network import Network
from ..recurrent import GRU, LSTM, RNN
from ..snu import SNU
from ..twins import convolution, readout
from ..twins.recurrent import gru_step, lstm_step, rnn_step, unroll
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
    if isinstance(layer, Network):
        ends = []
        for inner, s in zip(layer.layers, state):
            x, end = _forward(inner, made, x, s)
            ends.append(end)
        return x, tuple(ends)
    if type(layer) not in EQUATIONS:
        raise TypeError(f"layer: expected one with a twin, got {type(layer).__name__}")
    p = {name: made[id(a)] for name, a in layer.params.items()}
    return EQUATIONS[type(layer)](layer, p, x, state)


def _snu(layer, p, x, state):
    return snu_steps(p, x, state, h=layer.h.name, g=layer.g.name, surrogate=layer.surrogate.name,
                     reset_grad=layer.reset_grad, lateral_inhibition=layer.lateral_inhibition)[:2]


def _conv_snu(layer, p, x, state):
    """The convolution, then the unit: places as samples, input weights the identity."""
    T, B, n = *x.shape[:2], layer.n_units
    z = convolution.conv2d(p["W"], x.reshape(-1, *layer.in_shape), stride=layer.stride,
                           padding=layer.padding)
    y, end = _snu(layer, {**p, "W": numbers("W", np.eye(n))}, z.reshape(T, -1, n),
                  [a.reshape(-1, n) for a in state])
    return (y.reshape(T, B, *layer.out_shape),
            tuple(a.reshape(B, *layer.out_shape) for a in end))


def _dropout(layer, p, x, state):
    """The mask must be a given one."""
    y = np.empty_like(x)
    for at in np.ndindex(x.shape):
        y[at] = x[at] * (float(layer.mask[at]) / (1 - layer.rate))
    return y, ()


def _pool(layer, p, x, state):
    y = convolution.pool2d(x.reshape(-1, *layer.in_shape), size=layer.size, stride=layer.stride,
                           kind="max" if isinstance(layer, MaxPool2d) else "average")
    return y.reshape(*x.shape[:2], *layer.out_shape), ()


def _flatten(layer, p, x, state):
    """Pixel by pixel, in row-major order."""
    y = np.empty(x.shape[:2] + layer.out_shape, object)
    _, width, c = layer.in_shape
    for t, b, i, j, k in np.ndindex(x.shape):
        y[t, b, (i * width + j) * c + k] = x[t, b, i, j, k]
    return y, ()


EQUATIONS = {  # (layer, parameters, x, state), in Numbers -> y and the final state
    SNU: _snu, ConvSNU: _conv_snu, Dropout: _dropout, AveragePool2d: _pool, MaxPool2d: _pool,
    Flatten: _flatten,
    RNN: lambda layer, *args: unroll(rnn_step, *args),
    GRU: lambda layer, *args: unroll(gru_step, *args),
    LSTM: lambda layer, *args: unroll(lstm_step, *args),
    Dense: lambda layer, p, x, state: (readout.dense(p["W"], p["b"], x), ()),
    TiedOutput: lambda layer, p, x, state: (readout.dense(p["E"].T, p["b"], x), ()),
    Embedding: lambda layer, p, x, state: (p["E"][x], ()),
}
