"""The diagnosis of everything that is not the SNU: one or two edits of a program of its own."""
import itertools

import numpy as np

from ..mistakes import short
from ..mistakes.edit import TABLE
from ..program.gated import run_gated
from . import numbers
from .cover import Claim, cover
from .seen import seen_of
from .sets import Edits, texts

PROGRAMS = {
    **{unit: (run_gated, TABLE["GATED"]) for unit in ("rnn", "gru", "lstm")},
    "loss": (short.loss_numbers, TABLE["LOSS"]),
    "optimiser": (short.optimiser_numbers, TABLE["OPTIMISER"]),
    "clip": (short.clip_numbers, TABLE["CLIP"]),
    "training": (short.training_numbers, [e for name in ("TRAINING", "OPTIMISER", "CLIP", "LOSS")
                                          for e in TABLE[name]]),
    **{unit: (short.device_numbers, TABLE["DEVICES"]) for unit in ("pcm", "pcm-array")},
}
NEARER = 12   # ours: edits that bring one tensor more into place, from which pairs are made


class Program:
    """What is found out about the failing cases of one kind of unit."""

    def __init__(self, results, dtype, budget):
        self.cases = [seen_of(r, dtype) for r in results]
        self.run, self.table = PROGRAMS[self.cases[0].config["unit"]]
        self.budget, self._kept = budget, {}

    def outputs(self, seen, edits):
        """The outputs of a case with edits; None where they lead out of the numbers."""
        key = seen.id, edits
        if key not in self._kept:
            self.budget()
            try:
                self._kept[key] = self.run(seen.config, seen.inputs, texts(edits))
            except (ValueError, ArithmeticError, IndexError):
                self._kept[key] = None
        return self._kept[key]

    def fits(self, seen, few):
        """Whether edits give the port's numbers."""
        if not all(e.applies(seen.config) for e in few.all):
            return False
        outputs = self.outputs(seen, few.all)
        return outputs is not None and seen.matches(outputs)

    @np.errstate(all="ignore")
    def claims(self):
        """Claims, and the ids of the cases that are left."""
        known = []
        for seen in self.cases:
            if not any(self.fits(seen, few) for few in known) and not self.budget.spent():
                known += [few for few in self._found(seen) if few not in known]
        chosen, left = cover(self.cases, known, self.fits, lambda few, sample: True)
        claims = [Claim(few, tuple(seen.id for seen in mine), rivals,
                        min(seen.digits(self.outputs(seen, few.all)) for seen in mine))
                  for few, mine, rivals in chosen]
        return claims, [seen.id for seen in left]

    def _found(self, seen):
        edits = [e for e in self.table if e.applies(seen.config)]
        plain = [Edits((e,)) for e in edits if not e.fitted]
        found = [few for few in plain if self.fits(seen, few)]
        if found:
            return found
        found = [Edits((e._replace(k=k),)) for e in edits if e.fitted
                 and (k := self._number(seen, e)) is not None]
        if found:
            return found
        base = self._agreed(seen, ())
        scored = sorted(((self._agreed(seen, few.all), few) for few in plain),
                        key=lambda item: -item[0])
        near = [few for n, few in scored if n > base][:NEARER]
        pairs = (Edits(a.all + b.all) for a, b in itertools.product(near, plain)
                 if a.all[0].slot != b.all[0].slot)
        return [few for few in pairs if not self.budget.spent() and self.fits(seen, few)][:6]

    def _agreed(self, seen, edits):
        """How many numbers of the port, step by step, edits give."""
        outputs = self.outputs(seen, edits)
        if outputs is None:
            return -1
        return sum(int((np.abs(outputs[name] - a) <= seen.tolerance(outputs[name])).sum())
                   for name, a in seen.got.items() if name in outputs)

    def _number(self, seen, edit):
        def vector(k):
            outputs = self.run(seen.config, seen.inputs, texts((edit._replace(k=k),)))
            return np.concatenate([outputs[name].ravel() for name in seen.got])
        target = np.concatenate([a.ravel() for a in seen.got.values()])
        tolerance = np.concatenate([np.full(a.size, seen.tolerance(a)) for a in seen.got.values()])
        if target.size < 5 or not np.isfinite(target).all():
            return None
        try:
            return numbers.fit(vector, target, tolerance)
        except (ValueError, ArithmeticError, IndexError):
            return None
