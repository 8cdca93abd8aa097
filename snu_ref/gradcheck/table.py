"""The catalogue of gradient checks: every layer in every variant, every loss, whole networks.

Each entry is a small layer with random parameters, a random input of 5 steps and 2 samples, and a
random initial state, because a state of zero would make some gradients zero. The ranges are chosen
so that units neither stay silent nor always fire; the checker tests this.
"""
import itertools
import math
from collections import Counter
from typing import Callable, Iterator, NamedTuple

import numpy as np

from .. import losses
from ..activations import STATE_FUNCTIONS, SURROGATES
from ..layers import (AveragePool2d, ConvSNU, Dense, Dropout, Embedding, Flatten, MaxPool2d,
                      TiedOutput)
from ..network import Network
from ..recurrent import GRU, LSTM, RNN
from ..snu import SNU, SNUState
from .checking import BOUNDS, Row, check_gradient
from .frozen import TEXTBOOK_LOSSES
from .layers import check_layer
from .twinning import twin_of

SEED = 1
T, B, N_IN, N, N_WORDS = 5, 2, 3, 4, 6
IMAGE = (5, 4, 2)  # height, width, channels


class Entry(NamedTuple):
    """One line of the catalogue: `make(rng)` returns a layer."""
    piece: str
    variant: str
    make: Callable
    zero: tuple = ()       # names of gradients that are zero by construction
    spikes: bool = False   # whether all inputs are 0 or 1

    def rows(self):
        """The evidence: a Row for every parameter, input and state."""
        rng = np.random.default_rng(SEED)
        layer = self.make(rng)
        if layer.in_shape == ():
            x = rng.integers(0, N_WORDS, (T, B))
        else:
            x = rng.normal(size=(T, B, *(layer.in_shape or (N,))))
        x = (x > 0) * 1.0 if self.spikes else x
        return check_layer(layer, x, rng=rng, state=_random_state(layer, rng), twin=twin_of(layer),
                           zero=self.zero, piece=self.piece, variant=self.variant)


def _random_state(layer, rng):
    """A random state that is not zero; y of an SNU is below 0.7, so no gate is closed."""
    if isinstance(layer, Network):
        return tuple(_random_state(inner, rng) for inner in layer.layers)
    state = layer.zero_state(B)
    if isinstance(layer, SNU):
        return SNUState(rng.normal(size=state.s.shape), rng.uniform(0, 0.7, state.y.shape))
    return type(state)(*(rng.normal(size=part.shape) for part in state))


class LossEntry(NamedTuple):
    """A loss in the catalogue, with or without padded steps."""
    piece: str
    variant: str

    def rows(self):
        """The evidence for dL/dy, with the textbook form of the loss as the smooth program."""
        rng = np.random.default_rng(SEED)
        y = rng.normal(size=(T, B, N))
        target = {"mean_square_error": rng.random((B, N)),
                  "bernoulli_nll": rng.random((T, B, N)),
                  "softmax_cross_entropy": rng.integers(0, N, (T, B))}[self.piece]
        padded = (np.arange(T)[:, None] < np.array([T, T - 2])).astype(float)
        mask, real = (padded,) * 2 if self.variant == "masked" else (None, np.ones((T, B)))
        loss = getattr(losses, self.piece)
        textbook, twin = TEXTBOOK_LOSSES[self.piece]
        return check_gradient(
            lambda a: np.array(loss(a["y"], target, mask)[0]),
            lambda a, G: {"y": G * loss(a["y"], target, mask)[1]},
            {"y": y}, rng=rng, piece=self.piece, variant=self.variant,
            frozen=lambda _: lambda a: np.array(textbook(a["y"], target, real)),
            twin=lambda a, G: {"y": G * twin(a["y"], target, mask)[1]})


def catalogue() -> Iterator:
    """All entries, in the order in which the table prints them."""
    yield from _snu_entries()
    yield from _comparator_entries()
    yield from _image_entries()
    yield Entry("Dense", "", lambda rng: Dense(N_IN, N, rng=rng))
    yield Entry("Embedding", "", lambda rng: Embedding(N_WORDS, N, rng=rng))
    yield Entry("TiedOutput", "", lambda rng: TiedOutput(Embedding(N_WORDS, N, rng=rng, scale=1.0)))
    yield Entry("Dropout", "given mask", _dropout)
    for piece in TEXTBOOK_LOSSES:
        yield LossEntry(piece, "")
        yield LossEntry(piece, "masked")
    yield Entry("Network", "SNU, recurrent sSNU, Dense", _network)
    yield Entry("Network", "convolution, pooling, SNU", _image_network)
    yield Entry("Network", "language, tied weights", _language_network)


def evidence(piece=None, most=math.inf) -> Iterator[Row]:
    """Yield the rows of all pieces or of one; `most` limits the variants of each piece."""
    seen = Counter()
    for entry in catalogue():
        seen[entry.piece] += 1
        if piece in (None, entry.piece) and seen[entry.piece] <= most:
            yield from entry.rows()


def summary(rows):
    """A summary of the rows of each piece, as a list of dicts.

    Keys: piece, variants, tensors, zero (the number of tensors that are zero by construction);
    central, complex, twin (the largest errors of the other tensors); failed.
    """
    pieces = {}
    for row in rows:
        pieces.setdefault(row.piece, []).append(row)
    return [{"piece": piece, "variants": len({row.variant for row in own}), "tensors": len(own),
             **{method: max((getattr(row, method) for row in own if row.verdict != "zero"
                             and not math.isnan(getattr(row, method))), default=0.0)
                for method in BOUNDS},
             "zero": sum(row.verdict == "zero" for row in own),
             "failed": sum(row.failed for row in own)} for piece, own in pieces.items()]


def _snu_entries():
    outputs = [("step", surrogate) for surrogate in SURROGATES] + [("sigmoid", "tanh")]
    for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
            outputs, STATE_FUNCTIONS, (False, True), (False, True), ("through", "detached")):
        options = dict(h=h, g=g, surrogate=surrogate, recurrent=recurrent,
                       lateral_inhibition=inhibition, reset_grad=reset_grad)

        def make(rng, options=options):
            unit = SNU(N_IN, N, rng=rng, decay=rng.uniform(0.5, 0.9, N), **options)
            # thresholds: low enough for spikes, high enough that inhibition leaves gates open
            unit.params["b"][:] = rng.uniform(-0.9, -0.3, N)
            return unit
        words = ["sSNU" if h == "sigmoid" else surrogate, g]
        words += ["recurrent"] * recurrent + ["inhibition"] * inhibition
        words += ["detached"] * (reset_grad == "detached")
        # y_0 acts through the reset gate and H only: with neither, its gradient is zero
        zero = ("state.y",) if reset_grad == "detached" and not recurrent else ()
        yield Entry("SNU", ", ".join(words), make, zero)


def _comparator_entries():
    for kind, variant, options in (
            (RNN, "", {}), (LSTM, "", {}), (GRU, "reset before", {}),
            (GRU, "reset after", {"reset_after": True})):
        def make(rng, kind=kind, options=options):
            layer = kind(N_IN, N, rng=rng, **options)
            for name in sorted(layer.params.keys() & {"b", "b_h"}):  # the order of a set varies
                layer.params[name][:] = rng.normal(size=layer.params[name].shape)
            return layer
        yield Entry(kind.__name__, variant, make)


def _image_entries():
    for h, stride, padding, reset_grad in (("step", 1, 0, "through"), ("step", 2, 1, "detached"),
                                           ("sigmoid", 2, 1, "through")):
        def make(rng, h=h, stride=stride, padding=padding, reset_grad=reset_grad):
            layer = ConvSNU(IMAGE, 3, kernel=(3, 2), stride=stride, padding=padding, rng=rng, h=h,
                            g="leaky_relu", reset_grad=reset_grad, decay=rng.uniform(0.5, 0.9, 3))
            layer.params["b"][:] = -0.3
            return layer
        words = ["sSNU" if h == "sigmoid" else "tanh", f"stride {stride}", f"padding {padding}"]
        yield Entry("ConvSNU", ", ".join(words + ["detached"] * (reset_grad == "detached")), make,
                    zero=("state.y",) if reset_grad == "detached" else ())
    for kind, stride in itertools.product((AveragePool2d, MaxPool2d), (2, 1)):
        yield Entry(kind.__name__, f"size 2, stride {stride}",
                    lambda rng, layer=kind(IMAGE, 2, stride): layer)
    # spikes: most windows are ties; the first maximum in row-major order must get the gradient
    yield Entry("MaxPool2d", "ties", lambda rng: MaxPool2d(IMAGE, 2), spikes=True)
    yield Entry("Flatten", "", lambda rng: Flatten(IMAGE))


def _dropout(rng):
    return Dropout(0.3, mask=(rng.random((T, B, N)) < 0.7) * 1.0)


def _network(rng):
    network = Network([SNU(N_IN, N, rng=rng), SNU(N, N, rng=rng, h="sigmoid", recurrent=True),
                       Dense(N, 2, rng=rng)])
    network.params["0.b"][:] = -0.3
    return network


def _image_network(rng):
    conv = ConvSNU(IMAGE, 3, kernel=2, rng=rng)
    pool = MaxPool2d(conv.out_shape, 2, 1)
    flat = Flatten(pool.out_shape)
    unit = SNU(*flat.out_shape, 2, rng=rng)
    conv.params["b"][:], unit.params["b"][:] = -0.3, -0.3
    return Network([conv, pool, flat, unit])


def _language_network(rng):
    embedding = Embedding(N_WORDS, N, rng=rng, scale=1.0)
    unit = SNU(N, N, rng=rng, h="sigmoid", recurrent=True)
    return Network([embedding, _dropout(rng), unit, Dense(N, N, rng=rng), TiedOutput(embedding)])
