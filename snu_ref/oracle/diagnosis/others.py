"""Diagnose all units except the SNU, by one or two edits of the unit's program."""
from types import SimpleNamespace

import numpy as np

from ...snu import SNU
from ..cases.reference_training import make_network
from ..cases.scalar import clip_lines, optimiser_lines
from ..cases.scalar_loss import loss_lines, training_of
from ..cases.scalar_pcm import scalar_array, scalar_devices
from ..mistakes.edit import TABLE, texts
from ..program.step import run
from . import numbers
from .search import grow, smallest
from .seen import Seen
from .sets import Edits, Runs, Whole, spend

PROGRAMS = {
    **{unit: (run, TABLE["GATED"]) for unit in ("rnn", "gru", "lstm")},
    "loss": (loss_lines, TABLE["LOSS"]),
    "optimiser": (optimiser_lines, TABLE["OPTIMISER"]),
    "clip": (clip_lines, TABLE["CLIP"]),
    "training": (training_of, [e for name in ("TRAINING", "OPTIMISER", "CLIP", "LOSS")
                               for e in TABLE[name]]),
    "pcm": (scalar_devices, TABLE["DEVICES"]), "pcm-array": (scalar_array, TABLE["DEVICES"]),
}
NEARER = 12   # our choice: so many edits, those nearest to the port, get a second one


class Other(Runs):
    """The runs of one case of a unit that is not the SNU."""

    @np.errstate(all="ignore")
    def run(self, edits):
        """All outputs with a set of edits; NaN if they cannot be computed."""
        key = tuple(texts(edits.all).items())
        if key not in self._kept:
            spend(self.budget)
            try:
                self._kept[key] = PROGRAMS[self.seen.config["unit"]][0](
                    self.seen.config, self.seen.inputs, dict(key))
            except (ValueError, ArithmeticError, IndexError):
                self._kept[key] = {name: np.nan * a for name, a in self.seen.got.items()}
        return self._kept[key]


def sets_of(case):
    """Sets of edits that give all numbers of a case."""
    got, edits = case.seen.got, [e for e in PROGRAMS[case.seen.config["unit"]][1]
                                 if e.applies(case.seen.config)]

    def fits(some):
        return case.budget["left"] > 0 and case.fits(Edits(some))

    def vector(arrays):
        return np.concatenate([np.ravel(arrays[name]) for name in got] or [np.zeros(0)])

    def with_k(e):
        return numbers.fitted(
            e, lambda k: vector(case.run(Edits((e._replace(k=k),)))), vector(got), vector({
                name: np.full(np.shape(a), case.seen.tolerance(a)) for name, a in got.items()}),
            numbers.POINTS)
    found = smallest((), edits, fits, with_k) or grow(
        [()], [(e,) for e in edits if not e.fitted], 2, fits,
        lambda some: case.seen.agreed(case.run(Edits(some))), NEARER)[:6]
    return list(map(Edits, found))


def network_with(edits, budget):
    """A function like `make_network` whose SNU layers run with a set of edits (`Edits`)."""
    def make(config, params, dtype):
        network = make_network(config, params, dtype)
        for layer in network.layers:
            if isinstance(layer, SNU):
                _edit(layer, edits, budget)
        return network
    return make


def _edit(layer, edits, budget):
    config = dict(unit="snu", h=layer.h.name, g=layer.g.name, surrogate=layer.surrogate.name,
                  recurrent="H" in layer.params, lateral_inhibition=layer.lateral_inhibition,
                  reset_grad=layer.reset_grad)

    def outputs(inputs):
        seen = Seen("", "", config, inputs, {}, 0.0)
        return Whole(seen, budget).run(edits.for_case(seen))

    def forward(x, state=None):
        zero = np.zeros((x.shape[1], layer.params["b"].size))
        s, y = state or (zero, zero)
        inputs = {"x": x, "state.s": s, "state.y": y, "dend.s": zero, "dend.y": zero,
                  "dy": np.zeros((*x.shape[:2], zero.shape[1])),
                  **{f"params.{name}": a for name, a in layer.params.items()}}
        found = outputs(inputs)
        end = type(layer.zero_state(x.shape[1]))(found["end.s"], found["end.y"])
        return found["y"], SimpleNamespace(inputs=inputs, state=end, y=found["y"])

    def backward(dy, cache, dstate=None, need_dx=True):
        found = outputs({**cache.inputs, "dy": dy})
        return found["grad.x"], {name: found[f"grad.{name}"] for name in layer.params}, None
    vars(layer).update(forward=forward, backward=backward)      # a layer refuses assignments
