"""The recurrent units that the tests of RNN, GRU and LSTM share: as they are made, and random
ones."""

import numpy as np
import pytest

from snu_ref.recurrent.gru import GRU
from snu_ref.recurrent.lstm import LSTM
from snu_ref.recurrent.rnn import RNN

T, B, N_IN, N = 6, 2, 3, 4
ROUNDING = 1e-14  # the same sums in another order
UNITS = {
    "RNN": (RNN, {}),
    "GRU": (GRU, {}),
    "GRU reset after": (GRU, {"reset_after": True}),
    "LSTM": (LSTM, {}),
}
every_unit = pytest.mark.parametrize("name", UNITS)


def make(name, n_in=N_IN, n=N, dtype=np.float64, seed=0):
    """A unit as its constructor leaves it."""
    kind, options = UNITS[name]
    return kind(n_in, n, rng=np.random.default_rng(seed), dtype=dtype, **options)


def random_unit(name, rng):
    """A unit whose parameters, biases too, are all random."""
    unit = make(name)
    for p in unit.params.values():
        p[...] = rng.normal(size=p.shape)
    return unit


def random_state(unit, rng):
    return unit.State(*(rng.normal(size=part.shape) for part in unit.zero_state(B)))
