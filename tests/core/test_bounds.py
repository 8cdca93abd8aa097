"""Every bound and every default of a number is as documented."""
import inspect
from math import inf

import numpy as np
import pytest
from helpers.bounds import takes

from snu_ref import (GRU, LSTM, RNN, SGD, SNU, Adam, AveragePool2d, ConvSNU, Dense, Dropout,
                     Embedding, Flatten, MaxPool2d, TiedOutput, bernoulli_nll, clip_by_norm,
                     rate_code, softmax_cross_entropy)
from snu_ref.layers.conv import conv2d, conv2d_backward


def rng():
    return np.random.default_rng(0)


def units(layer):
    return lambda n: layer(2, n, rng=rng())


IMAGES, KERNEL = np.zeros((2, 4, 4, 1)), np.zeros((2, 2, 1, 1))
def step(optimiser):
    optimiser.step({"p": np.zeros(1)}, {"p": np.zeros(1)})


def later(optimiser):
    """A rate that a schedule sets after the optimiser is made is checked by the next step."""
    def call(lr):
        optimiser.lr = lr
        step(optimiser)
    return call


def adam_after(t):
    optimiser = Adam(0.1)
    step(optimiser)
    optimiser.state["t"] = np.array(t)
    step(optimiser)


ROWS = [
    ("values", "[]", 0.0, 1.0, lambda v: rate_code(np.full((1, 1), v), 2, 1, rng=rng())),
    ("n_steps", "[]", 1, None, lambda n: rate_code(np.zeros((1, 1)), n, 1, rng=rng())),
    ("max_spikes", "(]", 0.0, 5.0, lambda n: rate_code(np.zeros((1, 1)), 5, n, rng=rng())),
    ("target", "[]", 0.0, 1.0,
     lambda k: bernoulli_nll(np.zeros((1, 1, 2)), np.full((1, 1, 2), k))),
    ("target", "[]", 0, 2,
     lambda k: softmax_cross_entropy(np.zeros((1, 1, 3)), np.full((1, 1), k))),
    ("lr", "()", 0.0, inf, SGD), ("lr", "()", 0.0, inf, Adam),
    ("lr", "()", 0.0, inf, later(SGD(1.0))), ("lr", "()", 0.0, inf, later(Adam(1.0))),
    ("momentum", "[)", 0.0, 1.0, lambda m: SGD(0.1, m)),
    ("beta1", "[)", 0.0, 1.0, lambda m: Adam(0.1, beta1=m)),
    ("beta2", "[)", 0.0, 1.0, lambda m: Adam(0.1, beta2=m)),
    ("eps", "()", 0.0, inf, lambda m: Adam(0.1, eps=m)),
    (r"state\['t'\]", "[]", 0, None, adam_after),
    ("max_norm", "(]", 0.0, inf, lambda m: clip_by_norm({"a": np.ones(2)}, m)),
    ("decay", "[]", 0.0, 1.0, lambda d: SNU(2, 3, rng=rng(), decay=d)),
    ("decay", "[]", 0.0, 1.0, lambda d: SNU(2, 3, rng=rng(), decay=np.full(3, d))),
    ("decay", "[]", 0.0, 1.0, lambda d: ConvSNU((4, 4, 1), 3, rng=rng(), decay=np.full(3, d))),
    ("threshold", "()", -inf, inf, lambda b: SNU(2, 3, rng=rng(), threshold=b)),
    ("rate", "[)", 0.0, 1.0, lambda p: Dropout(p, rng=rng())),
    ("padding", "[]", 0, None, lambda p: conv2d(IMAGES, KERNEL, padding=p)),
    ("padding", "[]", 0, None, lambda p: ConvSNU((4, 4, 1), 3, rng=rng(), padding=p)),
    ("stride", "[]", 1, None, lambda s: conv2d(IMAGES, KERNEL, stride=s)),
    ("stride", "[]", 1, None, lambda s: ConvSNU((4, 4, 1), 3, rng=rng(), stride=s)),
    ("kernel", "[]", 1, None, lambda k: ConvSNU((4, 4, 1), 3, rng=rng(), kernel=k)),
    ("kernel", "[]", None, 4, lambda k: ConvSNU((4, 4, 1), 3, rng=rng(), kernel=k)),
    ("kernel", "[]", None, 6, lambda k: ConvSNU((4, 4, 1), 3, rng=rng(), kernel=k, padding=1)),
    ("kernel", "[]", None, 5, lambda k: ConvSNU((9, 5, 1), 3, rng=rng(), kernel=k)),
    ("size", "[]", 1, 4, lambda k: MaxPool2d((4, 4, 1), k)),
    ("size", "[]", 1, 4, lambda k: AveragePool2d((4, 6, 1), k)),
    ("stride", "[]", 1, None, lambda k: AveragePool2d((4, 4, 1), 2, k)),
    ("scale", "(]", 0.0, 1e38, lambda s: Embedding(3, 2, rng=rng(), scale=s)),
    ("x", "[]", 0, 2, lambda i: Embedding(3, 2, rng=rng()).forward(np.full((1, 1), i))),
    ("B", "[]", 1, None, SNU(2, 3, rng=rng()).zero_state),
    ("B", "[]", 1, None, TiedOutput(Embedding(3, 2, rng=rng())).zero_state),
    *((name, "[]", 1, None, call) for kind in (SNU, Dense, Embedding, RNN, LSTM, GRU)
      for name, call in (("n_units", units(kind)),
                         ("n_words" if kind is Embedding else "n_in",
                          lambda n, kind=kind: kind(n, 2, rng=rng())))),
    *((rf"in_shape\[{i}\]", "[]", 1, None,
       lambda n, i=i: Flatten(tuple(n if axis == i else 2 for axis in range(3))))
      for i in range(3)),
]


@pytest.mark.parametrize("name, interval, low, high, call", ROWS)
def test_numbers_in_the_interval_and_no_others_are_taken(name, interval, low, high, call):
    with np.errstate(over="ignore", invalid="ignore"):
        takes(call, interval, low, high, name)


STRIDE = {"stride": 1, "padding": 0}
DEFAULTS = {  # results that were published with them can be made again
    SNU: {"decay": 0.8, "threshold": 1.0, "recurrent": False, "lateral_inhibition": False,
          "train_decay": False},
    ConvSNU: {"kernel": 3, **STRIDE, "decay": 0.8, "train_decay": False},
    conv2d: STRIDE, conv2d_backward: {**STRIDE, "need_dx": True},
    Embedding: {"scale": 0.1}, GRU: {"reset_after": False}, SGD: {"momentum": 0.0},
    Adam: {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda function: function.__name__)
def test_defaults_stay(function):
    defaults = {name: p.default for name, p in inspect.signature(function).parameters.items()}
    assert DEFAULTS[function] == {name: value for name, value in defaults.items()
                                  if isinstance(value, (int, float))}
