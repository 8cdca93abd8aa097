"""The units that the tasks compare, by name, and chains of them, in float32."""
import inspect

import numpy as np

from ..layers import ConvSNU, Flatten, MaxPool2d
from ..recurrent import GRU, LSTM, RNN
from ..snu import SNU
from .settings import check_options, errors_of

UNITS = {  # name on the command line: (name in tables, class, fixed options)
    "snu": ("SNU", SNU, {"h": "step"}),
    "ssnu": ("sSNU", SNU, {"h": "sigmoid"}),
    "rnn": ("RNN", RNN, {}),
    "gru": ("GRU", GRU, {}),
    "lstm": ("LSTM", LSTM, {}),
    "snu-conv": ("SNU conv", SNU, {"h": "step"}),
}
COMPARED = ("snu", "ssnu", "rnn", "gru", "lstm")  # the units that are compared on every task


def check_unit_options(unit, options):
    """Raise ValueError for an option that the named unit lacks, or that has no effect on it."""
    _, kind, fixed = UNITS[unit]
    without = {"rng", "dtype", *fixed, *(("surrogate",) if unit == "ssnu" else ())}
    kinds = [inspect.signature(k.__init__).parameters
             for k in ((kind, ConvSNU) if unit == "snu-conv" else (kind,))]
    check_options("options.", unit, options, [
        name for name, p in kinds[0].items() if p.kind == p.KEYWORD_ONLY and name not in without
        and all(name in parameters for parameters in kinds)])


def conv_layers(in_shape, channels, kernel, options, rng):
    """Convolutional SNU layers, each followed by max pooling of 2 x 2 pixels, and then Flatten.

    in_shape (height, width, c); channels: output channels of each layer; kernel: side of the
    kernels, odd. The padding keeps the size of the image.
    """
    check_unit_options("snu-conv", options)
    if kernel % 2 == 0:
        raise ValueError(f"kernel: expected an odd number, got {kernel}")
    layers = []
    for n in channels:
        if min(in_shape[:2]) < 2:
            raise ValueError("hidden: expected fewer layers, since each halves the image, got "
                             f"{channels}")
        with errors_of("options"):
            layers.append(ConvSNU(in_shape, n, kernel=kernel, padding=kernel // 2, rng=rng,
                                  dtype=np.float32, **options))
        layers.append(MaxPool2d(layers[-1].out_shape, 2, dtype=np.float32))
        in_shape = layers[-1].out_shape
    return [*layers, Flatten(in_shape, dtype=np.float32)]


def unit_layers(unit, sizes, options, rng):
    """K layers of a unit, for the sizes (n_in, n_1, ..., n_K); options: those of its class."""
    check_unit_options(unit, options)
    _, kind, fixed = UNITS[unit]
    with errors_of("options"):
        return [kind(n_in, n, rng=rng, dtype=np.float32, **fixed, **options)
                for n_in, n in zip(sizes, sizes[1:])]
