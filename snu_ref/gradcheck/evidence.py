"""The catalogue of what is checked: every layer in every variant, every loss, and a whole network.

Each entry is a small layer with random parameters, a random input, and a random initial state that
is not zero, so that every gradient has something to say: 5 steps, 2 samples, gradients of order 1.
The ranges are chosen so that units neither stay silent nor always fire; the checker sees to that.
"""
import itertools
from typing import Callable, Iterator, NamedTuple

import numpy as np

from .. import losses
from ..activations import STATE_FUNCTIONS, SURROGATES
from ..dense import Dense
from ..network import Network
from ..snu import SNU, SNUState
from .checking import Row, check_gradient, check_layer
from .twinning import twin_of
from .textbook import TEXTBOOK_LOSSES

SEED = 1
T, B, N_IN, N = 5, 2, 3, 4


class Entry(NamedTuple):
    """One line of the catalogue: `make(rng)` gives a layer, its input and its initial state."""
    piece: str
    variant: str
    make: Callable
    zero: tuple = ()  # names of gradients that are zero by construction

    def rows(self):
        """The evidence: one Row per parameter, input and state."""
        rng = np.random.default_rng(SEED)
        layer, x, state = self.make(rng)
        return check_layer(layer, x, rng=rng, state=state, twin=twin_of(layer), zero=self.zero,
                           piece=self.piece, variant=self.variant)


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
        mask = None
        if self.variant == "masked":
            mask = (np.arange(T)[:, None] < np.array([T, T - 2])).astype(float)
        loss = getattr(losses, self.piece)
        textbook, twin = TEXTBOOK_LOSSES[self.piece]
        return check_gradient(
            lambda a: np.array(loss(a["y"], target, mask)[0]),
            lambda a, G: {"y": G * loss(a["y"], target, mask)[1]},
            {"y": y}, rng=rng, piece=self.piece, variant=self.variant,
            frozen=lambda _: lambda a: np.array(textbook(a["y"], target, mask)),
            twin=lambda a, G: {"y": G * twin(a["y"], target, mask)[1]})


def catalogue() -> Iterator:
    """All entries, in the order in which the table prints them."""
    yield from _snu_entries()
    yield Entry("Dense", "", lambda rng: (Dense(N_IN, N, rng=rng), rng.normal(size=(T, B, N_IN)), ()))
    for piece in TEXTBOOK_LOSSES:
        yield LossEntry(piece, "")
        yield LossEntry(piece, "masked")
    yield Entry("Network", "SNU, recurrent sSNU, Dense", _network)


def evidence(piece=None) -> Iterator[Row]:
    """All rows of the table, or those of one piece, one after the other as they are computed."""
    for entry in catalogue():
        if piece in (None, entry.piece):
            yield from entry.rows()


# ---- the unit -----------------------------------------------------------------------------------

def _snu_entries():
    outputs = [("step", surrogate) for surrogate in SURROGATES] + [("sigmoid", "tanh")]
    for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
            outputs, STATE_FUNCTIONS, (False, True), (False, True), ("through", "detached")):
        options = dict(h=h, g=g, surrogate=surrogate, recurrent=recurrent,
                       lateral_inhibition=inhibition, reset_grad=reset_grad)
        words = ["sSNU" if h == "sigmoid" else surrogate, g]
        words += ["recurrent"] * recurrent + ["inhibition"] * inhibition
        words += ["detached"] * (reset_grad == "detached")
        # y_0 acts through the reset gate and H only: with neither, its gradient is zero
        zero = ("state.y",) if reset_grad == "detached" and not recurrent else ()
        yield Entry("SNU", ", ".join(words), _snu_maker(options), zero)


def _snu_maker(options):
    def make(rng):
        unit = SNU(N_IN, N, rng=rng, decay=rng.uniform(0.5, 0.9, N), **options)
        # thresholds low enough for spikes, and high enough for inhibition not to close every gate
        unit.params["b"][:] = rng.uniform(-0.9, -0.3, N)
        return unit, rng.normal(size=(T, B, N_IN)), _random_state(unit, rng)
    return make


def _network(rng):
    network = Network([SNU(N_IN, N, rng=rng), SNU(N, N, rng=rng, h="sigmoid", recurrent=True),
                       Dense(N, 2, rng=rng)])
    network.params["0.b"][:] = -0.3
    start = (*(_random_state(unit, rng) for unit in network.layers[:2]), ())
    return network, rng.normal(size=(T, B, N_IN)), start


def _random_state(unit, rng):
    """s and y that are neither zero nor at the ends of the gate."""
    return SNUState(rng.normal(size=(B, N)), rng.uniform(0, 0.7, (B, N)))
