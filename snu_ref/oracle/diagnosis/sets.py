"""Run a case with a set of edits: the forward pass, and the gradients in one of several forms.

Automatic differentiation gives the gradient of the wrong forward pass. A backward pass written by
hand has the right equations, but uses the traces of the wrong forward pass. What else it takes from
the forward pass differs between programs: FORMS lists the possibilities.
"""
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..mistakes.edit import texts
from ..program.backward import SUMS, names_of_sums, run_backward
from ..program.lines import compute, resolve, right_lines
from ..program.step import PARAMETERS, TRACES, Run
from .forward import Frames
from .lines import look

# The gradients: by automatic differentiation; by hand, from z, s, v and y of the forward pass; by
# hand, from all that a program keeps of it.
DERIVED, BY_HAND, KEPT = FORMS = (
    "derived", "by hand", "by hand, with its gate, parameters and initial state")
AT_ONCE = 0.25       # our choice: a backward pass of all steps at once counts as this many trials
LOOK = 25            # our choice: testing the lines of a case counts as this many trials


class Spent(Exception):
    """No trials are left."""


def spend(budget, trials=1):
    """Count trials. A trial is a run with new edits, with or without the backward pass.

    budget["left"] is what is left for a whole check. Unlike a clock, it gives the same report on
    any machine.
    """
    if budget["left"] < trials:
        raise Spent
    budget["left"] -= trials


def unless_spent(default, function, *arguments):
    """What a function returns, or the default if there are not enough trials for it."""
    try:
        return function(*arguments)
    except Spent:
        return default


@contextmanager
def uncounted(budget):
    """Trials that are not counted, because what they cost is known: one for each case."""
    left, budget["left"] = budget["left"], np.inf
    try:
        yield
    finally:
        budget["left"] = left


DEPENDS_ON = {"h_slope": "surrogate", "g_slope": "g", "s": "g", "y": "h", "v": "h",
              "seen": "lateral_inhibition"}


class Edits(NamedTuple):
    """Edits of the forward pass, the form of its gradients, and edits of the backward pass."""
    forward: tuple = ()
    form: str = DERIVED
    backward: tuple = ()

    @property
    def all(self):
        """All edits."""
        return self.forward + self.backward

    def said(self):
        """What the port does."""
        return tuple(dict.fromkeys(e.said() for e in self.all))

    @property
    def cost(self):
        """Lower is better: fewer edits, and edits without k."""
        return sum(e.cost for e in self.all)

    @property
    def rank(self):
        """Lower is better: a lower cost, then an earlier form, then commoner edits."""
        form = FORMS.index(self.form) if self.forward else self.form != BY_HAND
        return self.cost, form, sum(e.order for e in self.all)

    def changed(self, change):
        """With change(edits) in place of the edits of each pass."""
        return self._replace(forward=tuple(change(self.forward)),
                             backward=tuple(change(self.backward)))

    def only(self, wanted):
        """The edits for which wanted(edit) holds."""
        return self.changed(lambda edits: filter(wanted, edits))

    def limited(self, config, option=None):
        """Each edit, limited to config's value of `option`, or of its line's in DEPENDS_ON."""
        def limit(e):
            name = option or DEPENDS_ON.get(e.slot)
            return e if not name or f"{name}=" in e.when else e._replace(
                when=f"{e.when} {name}={config[name]}".strip())
        return self.changed(lambda edits: map(limit, edits))

    def for_case(self, seen):
        """The edits that apply to a case."""
        return self.changed(seen.those)


class Runs:
    """Runs one case with sets of edits, each set once."""

    def __init__(self, seen, budget):
        self.seen, self.budget, self._kept, self._fits = seen, budget, {}, {}

    def shows(self, edits):
        """Whether a set can explain this case: an edit applies, or its arrays were reordered."""
        return bool(edits.for_case(self.seen).all) or self.seen.turned

    def fits(self, edits):
        """Whether the edits of a set that apply to this case give all numbers of the port."""
        here = edits.for_case(self.seen)
        if here not in self._fits:
            self._fits[here] = self.shows(here) and self.seen.matches(self.run(here))
        return self._fits[here]


class Whole(Runs):
    """The runs of a case of the SNU."""

    @cached_property
    def looks(self):
        """What is known about its lines (`lines.look`)."""
        spend(self.budget, LOOK)
        return look(self.seen)

    @cached_property
    def frames(self):
        """Its lines, computed from the port's own numbers."""
        return Frames(self.seen)

    @np.errstate(all="ignore")
    def on_own_traces(self):
        """The case with the port's own forward pass in place of the right one."""
        seen, s, own = self.seen, self.seen.state, Whole(self.seen, self.budget)
        z = {"relu": np.where(s > 0, s, -1.0), "leaky_relu": np.where(s > 0, s, 10 * s),
             "tanh": np.arctanh(np.clip(s, -1 + 1e-16, 1 - 1e-16))}.get(seen.config["g"], s)
        traces = {"z": z, "s": s, "v": s + seen.params["b"]}
        own._kept[()] = seen.got, {**traces, **seen.got}, seen.params
        return own

    def gives_forward(self, forward):
        """Whether the edits that apply to this case give all numbers of its forward pass."""
        here = Edits(forward).for_case(self.seen).forward
        return self.seen.matches(self.forward(here)[0])

    @np.errstate(all="ignore")      # a wrong unit may overflow
    def forward(self, forward):
        """(outputs, computed traces, parameters and start) of a forward pass with edits."""
        key = tuple(texts(forward).items())
        if key not in self._kept:
            spend(self.budget)
            run = Run(self.seen.config, self.seen.inputs, dict(key))
            self._kept[key] = run.forward(), run.computed(), run.used
        return self._kept[key]

    @np.errstate(all="ignore")
    def dz(self, edits):
        """The port's dL/dz if these edits are right, else None; m and W in dL/dx = (m dz) W'."""
        got, seen = self.seen.got, self.seen
        W = self.forward(edits.forward)[2]["W"] if edits.form != BY_HAND else seen.params["W"]
        if "adj.z" in got or "grad.x" not in got:
            return got.get("adj.z"), 1, W
        own = seen.reported(self.run(edits))
        if seen.proposes and "grad.W" in got and got["grad.W"].any() \
                and seen.equal(own["grad.W"], got["grad.W"]):
            return own["adj.z"], 1, W       # dW is right, so dL/dz is; perhaps dx is not
        ones, m = np.ones(seen.inputs["dy"].shape), 1
        if edits.backward or any(name in ("current", "input") for e in edits.forward
                                 for name, _ in e.lines):
            m = np.stack([self.run(edits, ones * unit)["grad.x"] @ w / (w @ w or 1)
                          for unit, w in zip(np.eye(len(W.T)), W.T)], -1)
        if np.linalg.matrix_rank(W) < len(W.T):
            return None, m, W
        dz = got["grad.x"] @ np.linalg.pinv(W.T) / m
        known = np.isfinite(dz).all() and seen.equal(self.run(edits, dz)["grad.x"], got["grad.x"])
        return (dz if known else None), m, W

    @np.errstate(all="ignore")
    def run(self, edits, dz=None):
        """All outputs with a set of edits. No line depends on a sum, so its edit needs no new run.

        dz: the port's dL/dz, from which each step is computed. In the edit of a sum, G stands for
        the value of the right line.
        """
        outputs, names, sums = self._run(edits, dz)
        right, config, found = right_lines(self.seen.config), self.seen.config, dict(outputs)
        for line, text in sums.items():
            if (name := SUMS[line]) in outputs:
                text = resolve(text.replace(right[line], "G"), config)
                found[name] = 0 * outputs[name] + compute(text, {**names, "G": outputs[name]})
        return found

    def names(self, edits, dz=None):
        """The names, whole arrays, that the slopes and the sums may use."""
        return self._run(edits, dz)[1]

    def _run(self, edits, dz):
        """Outputs and names without the edits of sums; and {sum: text} of these edits."""
        text = texts(edits.backward)
        sums = {name: text.pop(name) for name in SUMS if name in text}
        key = (edits.form, dz is not None and dz.tobytes(),
               *texts(edits.forward).items(), *text.items())
        if key not in self._kept:
            spend(self.budget, 1 if edits.form == DERIVED else
                  bool(text) if dz is None else AT_ONCE)     # without edits `forward` counts it
            if edits.form == DERIVED:
                done = Run(self.seen.config, self.seen.inputs, {**texts(edits.forward), **text}, dz)
                outputs = {**done.forward(), **done.backward()}
                outputs["adj.own_s"] = np.stack([step["s"].gradient() for step in done.steps])
                inputs, traces = self.seen.inputs, done.computed()
            else:
                outputs, inputs, traces = self._by_hand(edits, text, dz)
            adjoints = {f"d{name}": outputs[f"adj.{name}"] for name in TRACES}
            self._kept[key] = outputs, names_of_sums(self.seen.config, inputs, traces, {
                **adjoints, "dz": adjoints["dz"] if dz is None else dz})
        return *self._kept[key], sums

    def _by_hand(self, edits, text, dz):
        config, inputs = self.seen.config, self.seen.inputs
        outputs, traces, values = self.forward(edits.forward)
        if edits.form == KEPT:
            inputs = {**inputs, "state.s": values["s_0"], "state.y": values["y_0"], **{
                f"params.{name}": values[name] for name in PARAMETERS if name in values}}
        else:
            traces = {name: traces[name] for name in TRACES}
        found = run_backward(config, inputs, traces, text, dz)
        return {**outputs, **found, "adj.own_s": found["adj.s"]}, inputs, traces
