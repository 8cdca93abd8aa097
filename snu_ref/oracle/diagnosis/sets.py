"""A set of edits, run whole: the forward pass, and the gradients in one of several forms.

A program that is differentiated by a machine follows its mistakes; a backward pass that is written
by hand is the right one along wrong traces. What such a pass takes over from the forward pass,
apart from the traces, differs from one program to the next: FORMS lists it.
"""
from typing import Any, NamedTuple

import numpy as np

from ..program.backward import SUMS, names_of_sums, run_backward
from ..program.lines import compute, resolve, right_lines
from ..program.step import PARAMETERS, Run

# form -> whether the backward pass keeps the gate, the edited parameters, the reported traces
FORMS = {
    "derived": None,
    "by hand": (False, False, False),
    "by hand, with the gate of the forward pass": (True, False, False),
    "by hand, with the parameters and the start of the forward pass": (False, True, False),
    "by hand, with gate, parameters and start of the forward pass": (True, True, False),
    "by hand, along the traces as they came out": (False, False, True),
}
LATE = (*SUMS, "start_s", "start_y")   # lines that do not touch those of the step


class Edits(NamedTuple):
    """Edits of the forward pass, the form of its gradients, and edits of the backward pass."""
    forward: tuple = ()
    form: str = "derived"
    backward: tuple = ()
    view: Any = None

    @property
    def all(self):
        """All edits."""
        return self.forward + self.backward

    def said(self):
        """What the port does."""
        return (*((self.view.says,) if self.view else ()), *(e.said() for e in self.all))

    @property
    def rank(self):
        """Lower is better: fewer edits, without numbers, the commonest."""
        form = list(FORMS).index(self.form) if self.forward else self.form != "by hand"
        return (sum(1 if e.k is None else 1.5 for e in self.all) + bool(self.view), form,
                sum(e.order for e in self.all))

    def for_case(self, config, inputs):
        """Those that apply in a case."""
        here = [tuple(e for e in edits if e.applies(config, inputs))
                for edits in (self.forward, self.backward)]
        return Edits(here[0], self.form, here[1], self.view)


def texts(edits):
    """name -> text of several edits, the later ones before the earlier ones."""
    return {name: text for e in edits for name, text in e.texts().items()}


def right_gate(config, inputs, y):
    """1 - y of the step before, or its maximum."""
    before = np.concatenate([inputs["state.y"][None], y[:-1]])
    return 1 - (before.max(-1, keepdims=True) if config["lateral_inhibition"] else before) \
        * np.ones_like(y)


def _rewritten(config, outputs, done, late):
    """Sums and gradients of the start with edited lines, along a program that is differentiated."""
    right, inputs, traces, found = right_lines(config), done.inputs, done.computed(), {}
    names = names_of_sums(inputs, traces, {f"d{name}": outputs[f"adj.{name}"] for name in "zsvy"})
    start = {"dz_after": outputs["adj.z"][0], "gate_after": traces["gate"][0],
             "s": inputs["state.s"]}
    for line in late:
        name = SUMS.get(line) or line.replace("_", ".")
        text = resolve(late[line].replace(right[line], "G"), config)
        if name in outputs:
            found[name] = 0 * outputs[name] + compute(text, {
                **names, **({} if line in SUMS else start), "G": outputs[name]})
    return found


class Whole:
    """Runs sets of edits in one case; a forward pass is run once, and every run is counted.

    own: (traces, adjoints) of the port, from which each line is computed; else from its own run.
    """

    def __init__(self, seen, count, own=(None, None)):
        self.seen, self.count, self._kept, self.own = seen, count, {}, own
        self.partial = None  # (score, set) that comes nearest

    def traces(self, forward):
        """(outputs, traces as computed) of the edits of a forward pass."""
        if self.own[0] is not None:
            return {}, self.own[0]
        return self._forward(forward)[:2]

    def _forward(self, forward):
        key = tuple(texts(forward).items())
        if key not in self._kept:
            self.count()
            run = Run(self.seen.config, self.seen.inputs, dict(key))
            self._kept[key] = run.forward(), run.computed(), run.used
        return self._kept[key]

    @np.errstate(all="ignore")
    def run(self, edits):
        """All outputs with a set of edits."""
        config, inputs = self.seen.config, self.seen.inputs
        self.count()
        if edits.form == "derived":
            late = {name: text for name, text in texts(edits.backward).items() if name in LATE}
            done = Run(config, inputs, texts(edits.all), held=self.own[0])
            outputs = {**done.forward(), **done.backward()}
            return {**outputs, **_rewritten(config, outputs, done, late)}
        outputs, traces = self.traces(edits.forward)
        return {**outputs, **self.by_hand(edits, outputs, traces)}

    def by_hand(self, edits, outputs, traces):
        """Gradients by the lines of a backward pass, along traces."""
        config, inputs = self.seen.config, self.seen.inputs
        gate, used, reported = FORMS[edits.form]
        if reported:
            traces = {**traces, **{name: outputs[name] for name in ("z", "s", "v", "y")}}
        start = None
        if used:
            values = self._forward(edits.forward)[2]
            start = values["s_0"], values["y_0"]
            inputs = {**inputs, "state.y": start[1], **{
                f"params.{name}": values[name] for name in PARAMETERS if name in values}}
        if not gate:
            traces = {**traces, "gate": right_gate(config, inputs, traces["y"])}
        return run_backward(config, inputs, traces, texts(edits.backward), start, self.own[1])
