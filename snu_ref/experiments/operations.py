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
from typing import NamedTuple

import numpy as np

from ..layers.conv import ConvSNU
from ..layers.dropout import without_dropout
from ..layers.embedding import Embedding

N_IMAGES, N_WORDS = 200, 1000  # of the test split; our choice: enough for three digits


class Operations(NamedTuple):
    """Means over steps and samples."""
    rates: tuple         # the fraction of ones, for each layer of SNUs whose outputs are 0 or 1
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
    samples, ones, additions, multiply_adds = 0, {}, 0, 0
    for x in inputs:
        steps = x.shape[0] * x.shape[1]
        samples += steps
        for i, layer in enumerate(layers):
            y, _ = layer.forward(x)
            before = np.concatenate([np.zeros_like(y[:1]), y[:-1]])  # (T, B, ...): y_{t-1}
            for a, fan_out in ((x, _fan_out(layer)), (before, _columns(layer, "H"))):
                if fan_out and _binary(a):
                    additions += float(a.sum()) * fan_out
                elif fan_out:
                    multiply_adds += a.size * fan_out
            if _fan_out(layer) and "decay" in layer.params:
                n, total = ones.get(i, (0, 0.0))
                ones[i] = (n + float(y.sum()), total + y.size) if _binary(y) else (np.nan, 1)
            x = y
    rates = tuple(n / total for n, total in ones.values() if n == n)
    return Operations(rates, additions / samples, multiply_adds / samples,
                      float(sum(_dense(layer) for layer in layers)))


def _binary(a):
    return bool(((a == 0) | (a == 1)).all())


def _fan_out(layer):
    """The number of weights that each number of the layer's input is multiplied by."""
    if isinstance(layer, Embedding):
        return 0
    if isinstance(layer, ConvSNU):
        return int(np.prod(layer.params["W"].shape[:2])) * layer.n_units
    return _columns(layer, "W") or (layer.params["E"].shape[0] if "E" in layer.params else 0)


def _columns(layer, letter):
    """The number of columns of the layer's matrices "W" (input) or "H" (recurrence)."""
    return sum(p.shape[1] for name, p in layer.params.items()
               if name.startswith(letter) and p.ndim == 2)


def _dense(layer):
    n_in = 0 if layer.in_shape is None else int(np.prod(layer.in_shape))
    n_out = 0 if layer.out_shape is None else int(np.prod(layer.out_shape))
    return n_in * _fan_out(layer) + n_out * _columns(layer, "H")
