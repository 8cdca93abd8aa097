"""The units that the tasks compare, by name, and chains of them."""
from ..layers.conv import ConvSNU
from ..layers.pooling import Flatten, MaxPool2d
from ..recurrent.gru import GRU
from ..recurrent.lstm import LSTM
from ..recurrent.rnn import RNN
from ..snu import SNU

UNITS = {  # name on the command line: (name in tables, constructor)
    "snu": ("SNU", lambda n_in, n, options: SNU(n_in, n, h="step", **options)),
    "ssnu": ("sSNU", lambda n_in, n, options: SNU(n_in, n, h="sigmoid", **options)),
    "rnn": ("RNN", lambda n_in, n, options: RNN(n_in, n, **options)),
    "gru": ("GRU", lambda n_in, n, options: GRU(n_in, n, **options)),
    "lstm": ("LSTM", lambda n_in, n, options: LSTM(n_in, n, **options)),
    "snu-conv": ("SNU conv", lambda n_in, n, options: SNU(n_in, n, h="step", **options)),
}
COMPARED = ("snu", "ssnu", "rnn", "gru", "lstm")  # those that the paper compares on every task


def conv_layers(in_shape, channels, kernel, options, rng, dtype):
    """Convolutional SNU layers, each with a max pooling of 2x2 pixels behind it, and then Flatten.

    in_shape (height, width, c); channels: output channels of the layers; kernel: its side, odd,
    with a padding that keeps the size.
    """
    layers, like = [], {"dtype": dtype}
    for n in channels:
        conv = ConvSNU(in_shape, n, kernel=kernel, padding=kernel // 2, rng=rng, **options, **like)
        layers += [conv, MaxPool2d(conv.out_shape, 2, **like)]
        in_shape = layers[-1].out_shape
    return [*layers, Flatten(in_shape, **like)]


def unit_layers(unit, sizes, options, rng, dtype):
    """Layers of the named unit, K for sizes (n_in, n_1, ..., n_K); options as for its class."""
    make = UNITS[unit][1]
    return [make(n_in, n, {**options, "rng": rng, "dtype": dtype})
            for n_in, n in zip(sizes, sizes[1:])]
