"""Count spikes, and the additions and multiplications with weights in a step of a network.

If all inputs are spikes or notes, a weight costs one addition for a 1 and nothing for a 0. For
other inputs it costs a multiplication and an addition (a multiply-add). So a matrix (n, m) with k
ones among its n inputs costs

    k m additions      if all inputs are 0 or 1
    n m multiply-adds  otherwise

This applies to the input x_t of a layer and to its last output y_{t-1}. `dense` counts n m for
every matrix, like a processor that does not skip zeros. The operations of a unit (decay, gates,
biases, g and h, a few each), dropout, pooling and the look-up of a word are not counted. For a
convolution, all weights of its kernels are counted, also those beyond the border of the image.
"""
import math
from typing import NamedTuple

import numpy as np

from ..layers import Embedding, without_dropout
from ..snu import SNU

N_IMAGES, N_WORDS = 200, 1000  # of the test split; our choice: enough for three digits


class Operations(NamedTuple):
    """Means over steps and samples."""
    rates: tuple         # the fraction of ones in the outputs of each layer of SNUs with h = "step"
    additions: float
    multiply_adds: float
    dense: float         # multiply-adds if every weight is used at every step


def test_inputs(task, settings, seed):
    """The inputs of the network in a test: a list of arrays (T, B, ...)."""
    data = task.data["test"]
    if task.name == "music":  # one by one, without padding
        return [roll[:-1, None].astype(np.float32) for roll in data if len(roll) > 1]
    if task.name == "language":
        return [data[:N_WORDS, None]]
    x = task.code(data[0][:N_IMAGES], settings, np.random.default_rng([seed, 1]),
                  settings.test_steps)
    return [x[:, i:i + 20] for i in range(0, x.shape[1], 20)]  # to save memory in convolutions


def count(network, inputs):
    """The Operations of a network on `inputs`, a list of arrays (T, B, ...)."""
    layers = without_dropout(network).layers
    spiking = [layer for layer in layers if isinstance(layer, SNU) and layer.h.name == "step"]
    samples, ones, additions, multiply_adds = 0, dict.fromkeys(spiking, 0.0), 0, 0
    for x in inputs:
        samples += x.shape[0] * x.shape[1]
        for layer in layers:
            y, _ = layer.forward(x)
            before = np.concatenate([np.zeros_like(y[:1]), y[:-1]])  # (T, B, ...): y_{t-1}
            for a, fan_out in zip((x, before), _fan_outs(layer)):
                if fan_out and ((a == 0) | (a == 1)).all():
                    additions += float(a.sum()) * fan_out
                elif fan_out:
                    multiply_adds += a.size * fan_out
            if layer in ones:
                ones[layer] += float(y.sum())
            x = y
    rates = tuple(n / (samples * math.prod(layer.out_shape)) for layer, n in ones.items())
    dense = sum(math.prod(shape) * fan_out for layer in layers
                for shape, fan_out in zip((layer.in_shape, layer.out_shape), _fan_outs(layer)))
    return Operations(rates, additions / samples, multiply_adds / samples, float(dense))


def _fan_outs(layer):
    """How many weights multiply each number of the layer's input, and of its last output."""
    if isinstance(layer, Embedding):  # a look-up multiplies nothing
        return 0, 0
    W, H = layer.params.get("W", layer.params.get("E")), layer.params.get("H")
    return (0 if W is None else W.size // layer.in_shape[-1], 0 if H is None else H.shape[1])
