"""What a Spiking Neural Unit hands on: its state from step to step, its traces to BPTT.

Symbols as in `snu_ref.snu`, where the equations stand.
"""
from typing import NamedTuple

import numpy as np


class SNUState(NamedTuple):
    """State s and output y after a step, each (B, n_units)."""
    s: np.ndarray
    y: np.ndarray


class SNUCache(NamedTuple):
    """What a forward pass leaves for the backward pass: the traces of all steps."""
    x: np.ndarray        # (T, B, n_in)
    z: np.ndarray        # (T, B, n_units), the argument of g
    all_s: np.ndarray    # (T + 1, B, n_units), entry t is s_t: the first that of the initial state
    all_y: np.ndarray    # (T + 1, B, n_units), likewise
    b: np.ndarray        # (n_units,)

    @property
    def s(self):
        """Membrane potential after each step: (T, B, n_units)."""
        return self.all_s[1:]

    @property
    def y(self):
        """Output of each step: (T, B, n_units)."""
        return self.all_y[1:]

    @property
    def v(self):
        """The argument of h, s + b: (T, B, n_units)."""
        return self.s + self.b

    @property
    def start(self):
        """The state before step 1."""
        return SNUState(self.all_s[0], self.all_y[0])

    def piece(self, steps, samples):
        """The traces of some steps and samples, two slices: a cache of views, without x."""
        states = slice(steps.start, steps.stop + 1)
        return SNUCache(None, self.z[steps, samples], self.all_s[states, samples],
                        self.all_y[states, samples], self.b)

    @property
    def state(self):
        """The state after the last step, as arrays of its own, to be fed to the next piece."""
        return SNUState(self.all_s[-1].copy(), self.all_y[-1].copy())
