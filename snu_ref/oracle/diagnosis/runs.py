"""The runs of one diagnosis: a case under each change of the catalogue, run once and kept.

    runs = Runs(config, inputs, port, deadline)
    runs.single             name -> outputs, of the changes that show in the port's tensors
    runs.run(names)         outputs of several together
    runs.best(count)        the single changes that agree furthest with the port

What it does not do: decide what explains the port (`stages`, `estimates`, `nearly`).
"""
import time

import numpy as np

from ..program.equations import FORWARD, finish, run
from .along import FORMS
from .matching import agree
from .variants import VARIANTS, applies, combined, find, outputs_with

ROUNDED = ("products_in_tf32", "products_in_bfloat16")
INEXACT = ("float32", "precision", *ROUNDED)  # no change of the equations


class Runs:
    """A case, a port's numbers for it, and what the case gives under changes."""

    def __init__(self, config, inputs, port, deadline):
        self.config, self.inputs, self.port, self.deadline = config, inputs, port, deadline
        T, B, n = inputs["dy"].shape
        self.sizes = T, B, n
        self.right = run(config, inputs, {})
        self.single = {}
        self._progress = {}

    def late(self):
        """Whether the time is over."""
        return time.process_time() > self.deadline

    def run_singles(self):
        """Run every change of the catalogue that applies, and keep those that show."""
        for name, variant in VARIANTS.items():
            if self.late():
                break
            if (name in INEXACT or not applies(self.config, name)
                    or not (variant.fits(self.inputs) and variant.tells(self.inputs))):
                continue
            outputs = self.run((name,))
            if self.shows(outputs, self.port.names):
                self.single[name] = outputs

    def shows(self, outputs, names):
        """Whether any of these tensors differs from the right one, or is missing."""
        return not all(k in outputs and agree(outputs[k], self.right[k]) for k in names)

    def run(self, names, backward=True):
        """The outputs with these changes, or None where they do not go together."""
        variants = [find(name) for name in names]
        if backward and not set(names) & set(FORMS):
            # what comes out of a run is cheap to change: no new run for that
            late = [v for v in variants if set(v.changes_for(self.config)) == {"outputs"}]
            plain = [v.name for v in variants if v not in late]
            if late and (not plain or len(plain) == 1 and plain[0] in self.single):
                changes = combined(self.config, late)["outputs"]
                done = self.single[plain[0]] if plain else self.right
                return finish(self.config, self.inputs, done, changes)
        try:
            return outputs_with(self.config, self.inputs, variants, backward=backward)
        except (AttributeError, TypeError, ValueError):
            if len(names) == 1:
                raise
            return None  # one leaves a shape, or a plain number, with which the other cannot go on

    def best(self, count):
        """The single changes, as names, that come further than the right equations."""
        start = self.port.progress(self.right)
        further = [name for name in self.single if self.progress(name) > start]
        more = [name for name in self.single if name not in further
                and len(self.port.matched(self.single[name]))
                > len(self.port.matched(self.right))]
        further.sort(key=self.progress, reverse=True)
        return [(name,) for name in (further + more)[:count]]

    def progress(self, name):
        """How far, in the order of computation, the run with one change agrees with the port."""
        if name not in self._progress:
            self._progress[name] = self.port.progress(self.single[name])
        return self._progress[name]

    def moves_forward(self, name):
        """Whether a single change shows in the traces or the final state, told or not."""
        return self.shows(self.single[name], FORWARD)

    def distinct(self):
        """{name: others} with one name for each set of changes of equal outputs, furthest first."""
        forms, first = {}, {}
        for name, outputs in self.single.items():
            key = b"".join(np.round(outputs[k], 9).tobytes() + b"|" if k in outputs else b"-"
                           for k in self.port.names)
            if key in first:
                forms[first[key]].append(name)
            else:
                first[key], forms[name] = name, []
        return dict(sorted(forms.items(), key=lambda item: -self.progress(item[0])))
