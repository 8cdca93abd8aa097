"""The scalar twin of a layer, in the form that the checker calls: forward and backward in one call.

A Network's twin chains the twins of its layers, so no line of the vectorised code runs in it.
"""
import numpy as np

from .. import twins
from ..layers import (AveragePool2d, ConvSNU, Dense, Dropout, Embedding, Flatten, MaxPool2d,
                      TiedOutput)
from ..network import Network
from ..recurrent import GRU, LSTM, RNN
from ..snu import SNU, SNUState


def twin_of(layer):
    """The twin of a layer or Network: (params, x, state, dy, dstate) -> grads, dx, dstate."""
    return lambda params, *rest: run_twin(layer, *rest)[1:]


def run_twin(layer, x, state, dy, dstate):
    """y, grads, dx, dstate of a layer's twin; with dy None only y has a meaning."""
    if dy is None:  # a Dropout has no out_shape: its output has the shape of its input
        dy = np.zeros(x.shape[:2] + (layer.out_shape or x.shape[2:]))
    if type(layer) not in TWINS:
        raise TypeError(f"layer: expected a layer that has a twin, got {type(layer).__name__}")
    return TWINS[type(layer)](layer, x, state, dy, dstate)


def _snu_twin(layer, params, x, state, dy, dstate):
    return twins.snu_twin(params, x, state, dy, dstate, h=layer.h.name, g=layer.g.name,
                          surrogate=layer.surrogate.name, reset_grad=layer.reset_grad,
                          lateral_inhibition=layer.lateral_inhibition)


def _snu(layer, x, state, dy, dstate):
    twin = _snu_twin(layer, layer.params, x, state, dy, dstate)
    return twin.y, twin.grads, twin.dx, SNUState(*twin.dstate)


def _conv_snu(layer, x, state, dy, dstate):
    """The convolution's twin, then the unit's, with places as samples and the identity as W."""
    T, n = len(x), layer.n_units
    W = layer.params["W"]
    images, shape = x.reshape(-1, *layer.in_shape), x.shape[:2] + layer.out_shape
    like = dict(stride=layer.stride, padding=layer.padding)
    z, *_ = twins.conv2d_twin(W, images, np.zeros((len(images),) + layer.out_shape), **like)
    twin = _snu_twin(layer, {**layer.params, "W": np.eye(n)}, z.reshape(T, -1, n),
                     tuple(part.reshape(-1, n) for part in state),
                     dy.reshape(T, -1, n), tuple(part.reshape(-1, n) for part in dstate))
    _, dW, dx = twins.conv2d_twin(W, images, twin.dx.reshape(z.shape), **like)
    return (twin.y.reshape(shape), {**twin.grads, "W": dW}, dx.reshape(x.shape),
            SNUState(*(part.reshape(shape[1:]) for part in twin.dstate)))


def _recurrent(layer, x, state, dy, dstate):
    run = {RNN: twins.rnn_twin, LSTM: twins.lstm_twin, GRU: twins.gru_twin}[type(layer)]
    options = {"reset_after": layer.reset_after} if isinstance(layer, GRU) else {}
    twin = run(layer.params, x, state, dy, dstate, **options)
    return twin.y, twin.grads, twin.dx, layer.State(*twin.dstate)


def _embedding(layer, x, state, dy, dstate):
    y, dE = twins.embedding_twin(layer.params["E"], x, dy)
    return y, {"E": dE}, None, ()


def _tied_output(layer, x, state, dy, dstate):
    W, b = layer.params["E"].T, layer.params["b"]
    y, grads, dx = twins.dense_twin({"W": W, "b": b}, x, dy)
    return y, {"E": grads["W"].T, "b": grads["b"]}, dx, ()


def _dropout(layer, x, state, dy, dstate):
    """Scalar by scalar; the layer must have a given mask."""
    y, dx = np.zeros_like(x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        factor = float(layer.mask[i]) / (1 - layer.rate)
        y[i] = float(x[i]) * factor
        dx[i] = float(dy[i]) * factor
    return y, {}, dx, ()


def _pool(layer, x, state, dy, dstate):
    kind = "max" if isinstance(layer, MaxPool2d) else "average"
    y, dx = twins.pool2d_twin(x.reshape(-1, *layer.in_shape), dy.reshape(-1, *layer.out_shape),
                              size=layer.size, stride=layer.stride, kind=kind)
    return y.reshape(dy.shape), {}, dx.reshape(x.shape), ()


def _flatten(layer, x, state, dy, dstate):
    """The twin of Flatten: copies pixel by pixel, in row-major order."""
    y, dx = np.zeros(x.shape[:2] + layer.out_shape), np.zeros(x.shape)
    height, width, c = layer.in_shape
    for t, b, i, j, k in np.ndindex(x.shape):
        place = (i * width + j) * c + k
        y[t, b, place] = x[t, b, i, j, k]
        dx[t, b, i, j, k] = dy[t, b, place]
    return y, {}, dx, ()


def _network(network, x, state, dy, dstate):
    inputs = [x]
    for layer, s in zip(network.layers, state):
        inputs.append(run_twin(layer, inputs[-1], s, None, s)[0])
    names, grads, dstates = network.first_names(), {}, [()] * len(network.layers)
    for i in reversed(range(len(network.layers))):
        _, own, dy, dstates[i] = run_twin(network.layers[i], inputs[i], state[i], dy, dstate[i])
        for name, grad in own.items():  # the gradients of a tied array are added under one name
            grads[names[i, name]] = grads.get(names[i, name], 0) + grad
    return inputs[-1], grads, dy, tuple(dstates)


TWINS = {  # (layer, x, state, dy, dstate) -> y, grads, dx, dstate
    SNU: _snu, ConvSNU: _conv_snu, RNN: _recurrent, GRU: _recurrent, LSTM: _recurrent,
    Dense: lambda layer, x, state, dy, dstate: (*twins.dense_twin(layer.params, x, dy), ()),
    Embedding: _embedding, TiedOutput: _tied_output, Dropout: _dropout, AveragePool2d: _pool,
    MaxPool2d: _pool, Flatten: _flatten, Network: _network,
}
