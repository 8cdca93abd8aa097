"""The diagnosis of all units but the SNU: one or two edits of the unit's program."""
import itertools

import numpy as np

from ..cases.scalar import clip_lines, optimiser_lines
from ..cases.scalar_pcm import scalar_array, scalar_devices
from ..mistakes.edit import TABLE
from ..mistakes.loss import loss_lines, training_of
from ..program.step import run
from . import numbers
from .sets import Edits, Runs, texts

PROGRAMS = {
    **{unit: (run, TABLE["GATED"]) for unit in ("rnn", "gru", "lstm")},
    "loss": (loss_lines, TABLE["LOSS"]),
    "optimiser": (optimiser_lines, TABLE["OPTIMISER"]),
    "clip": (clip_lines, TABLE["CLIP"]),
    "training": (training_of, [e for name in ("TRAINING", "OPTIMISER", "CLIP", "LOSS")
                               for e in TABLE[name]]),
    "pcm": (scalar_devices, TABLE["DEVICES"]), "pcm-array": (scalar_array, TABLE["DEVICES"]),
}
NEARER = 12   # our choice: pairs are formed of so many edits that each make more numbers right


class Other(Runs):
    """The runs of a case of another unit than the SNU."""

    @np.errstate(all="ignore")
    def run(self, edits):
        """All outputs with a set of edits; NaN if they cannot be computed."""
        key = tuple(texts(edits.all).items())
        if key not in self._kept:
            self.count()
            try:
                self._kept[key] = PROGRAMS[self.seen.config["unit"]][0](
                    self.seen.config, self.seen.inputs, dict(key))
            except (ValueError, ArithmeticError, IndexError):
                self._kept[key] = {name: np.nan * a for name, a in self.seen.got.items()}
        return self._kept[key]

    def agreed(self, edits):
        """How many of the port's numbers a set of edits gives."""
        outputs = self.run(edits)
        return sum(int((np.abs(outputs[name] - a) <= self.seen.tolerance(outputs[name])).sum())
                   for name, a in self.seen.got.items())


def sets_of(case):
    """Sets of edits that give all numbers of a case."""
    edits = [e for e in PROGRAMS[case.seen.config["unit"]][1] if e.applies(case.seen.config)]
    plain = [Edits((e,)) for e in edits if not e.fitted]
    found = [few for few in plain if case.fits(few)] or [
        Edits((e._replace(k=k),)) for e in edits if e.fitted
        and (k := _number(case, e)) is not None]
    if found:
        return found
    base, scored = case.agreed(Edits()), [(case.agreed(few), few) for few in plain]
    near = [few for n, few in sorted(scored, key=lambda item: -item[0]) if n > base][:NEARER]
    pairs = (Edits(a.all + b.all) for a, b in itertools.product(near, plain)
             if a.all[0].slot != b.all[0].slot)
    return [few for few in pairs if not case.count.spent() and case.fits(few)][:6]


def _number(case, edit):
    def vector(arrays):
        return np.concatenate([arrays[name].ravel() for name in got] or [np.zeros(0)])
    got = case.seen.got
    tolerance = np.concatenate([np.full(a.size, case.seen.tolerance(a)) for a in got.values()])
    return numbers.fit(lambda k: vector(case.run(Edits((edit._replace(k=k),)))), vector(got),
                       tolerance)
