"""The units that the tasks compare, by name, and chains of them."""
from ..gru import GRU
from ..lstm import LSTM
from ..rnn import RNN
from ..snu import SNU

UNITS = {  # name on the command line: (name in tables, constructor)
    "snu": ("SNU", lambda n_in, n, options: SNU(n_in, n, h="step", **options)),
    "ssnu": ("sSNU", lambda n_in, n, options: SNU(n_in, n, h="sigmoid", **options)),
    "rnn": ("RNN", lambda n_in, n, options: RNN(n_in, n, **options)),
    "gru": ("GRU", lambda n_in, n, options: GRU(n_in, n, **options)),
    "lstm": ("LSTM", lambda n_in, n, options: LSTM(n_in, n, **options)),
}


def unit_layers(unit, sizes, options, rng, dtype):
    """Layers of the named unit: sizes (n_in, n_1, ..., n_K) gives K layers; options as for its class."""
    make = UNITS[unit][1]
    return [make(n_in, n, {**options, "rng": rng, "dtype": dtype}) for n_in, n in zip(sizes, sizes[1:])]
