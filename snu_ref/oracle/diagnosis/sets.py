"""A set of edits, run whole: the forward pass, and the gradients in one of several forms.

A program that is differentiated by a machine follows its mistakes; a backward pass that is written
by hand is the right one along wrong traces. What such a pass takes over from the forward pass,
apart from the traces, differs from one program to the next: FORMS lists it.
"""
from typing import Any, NamedTuple

import numpy as np

from ..program.backward import SUMS, backward_lines, run_backward, shifts
from ..program.functions import ARRAYS
from ..program.step import PARAMETERS, Run, compute, names_of, program, resolve
from ..program.tape import Tape

# form -> whether the backward pass keeps the gate, the edited parameters, the reported traces
FORMS = {
    "derived": None,
    "by hand": (False, False, False),
    "by hand, with the gate of the forward pass": (True, False, False),
    "by hand, with the parameters and the start of the forward pass": (False, True, False),
    "by hand, with gate, parameters and start of the forward pass": (True, True, False),
    "by hand, along the traces as they came out": (False, False, True),
}
COTANGENTS = {"loss_y": ("dy", "dL_dy"), "end_y": ("dend.y", "dL_dy_end"),
              "end_s": ("dend.s", "dL_ds_end")}
LATE = (*SUMS, "start_s", "start_y", *COTANGENTS)  # lines that do not touch those of the step


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


def cotangents(inputs, late):
    """The inputs with the cotangents as edited lines have them."""
    T, B, n = inputs["dy"].shape
    if not set(late) & set(COTANGENTS):
        return inputs
    names = {"T": T, "B": B, "n": n, "k": 1.0}
    dy = shifts(inputs["dy"])
    changed = {line: np.stack([compute(late.get(line, given), {
        **names, given: row, "last": t == len(rows) - 1,
        **({name: a[t] for name, a in dy.items()} if line == "loss_y" else {})}) + 0 * row
        for t, row in enumerate(rows)]) for line, (name, given) in COTANGENTS.items()
        for rows in [inputs[name] if name == "dy" else inputs[name][None]]}
    return {**inputs, "dy": changed["loss_y"], "dend.s": changed["end_s"][0],
            "dend.y": changed["end_y"][0]}


def _rewritten(config, inputs, outputs, done, late):
    """Sums and gradients of the start with edited lines, along a program that is differentiated."""
    right, traces, found = backward_lines(config), done.computed(), {}
    T, B, n = inputs["dy"].shape
    names = {**ARRAYS, **traces, "x": inputs["x"], "T": T, "B": B, "n": n, "k": 1.0,
             **{name[7:]: a for name, a in inputs.items() if name.startswith("params.")},
             **{f"d{name}": outputs[f"adj.{name}"] for name in "zsvy"},
             **{f"{k}_before": np.concatenate([inputs[f"state.{k}"][None], traces[k][:-1]])
                for k in "sy"}}
    for line in late:
        name = SUMS.get(line) or line.replace("_", ".")
        if name not in outputs:
            continue
        text = resolve(late[line].replace(right[line], "G"), config)
        own = names if line in SUMS else {**names, "dz_after": outputs["adj.z"][0], "gate_after":
                                          traces["gate"][0], "s": inputs["state.s"]}
        try:
            found[name] = compute(text, {**own, "G": outputs[name]}) + 0 * outputs[name]
        except NameError:  # the text needs a trace that the port did not return
            pass
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
        key = tuple(texts(forward).items())
        if key not in self._kept:
            self.count()
            run = Run(self.seen.config, self.seen.inputs, dict(key))
            self._kept[key] = run.forward(), run.computed()
        return self._kept[key]

    @np.errstate(all="ignore")
    def run(self, edits):
        """All outputs with a set of edits."""
        config, inputs = self.seen.config, self.seen.inputs
        self.count()
        if edits.form == "derived":
            late = {name: text for name, text in texts(edits.backward).items() if name in LATE}
            changed = {name: text for name, text in texts(edits.all).items() if name not in late}
            done = Run(config, cotangents(inputs, late), changed, held=self.own[0])
            outputs = {**done.forward(), **done.backward()}
            return {**outputs, **_rewritten(config, inputs, outputs, done, late)}
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
            inputs, start = self._used(edits.forward)
        if not gate:
            traces = {**traces, "gate": right_gate(config, {**inputs, **(
                {"state.y": start[1]} if start else {})}, traces["y"])}
        return run_backward(config, inputs, traces, texts(edits.backward), start, self.own[1])

    def _used(self, forward):
        """The inputs with parameters as the forward pass used them, and its initial state."""
        config, inputs = self.seen.config, self.seen.inputs
        text, tape, changed = program(config, texts(forward)), Tape(), dict(inputs)
        names = names_of(config, inputs)
        names.update({name: tape.leaf(inputs[f"params.{name}"]) for name in PARAMETERS
                      if f"params.{name}" in inputs})
        names.update({f"{k}_0": tape.leaf(inputs[f"state.{k}"]) for k in "sy"})
        for name in PARAMETERS:
            if name in names:
                value = compute(text[name], names)
                changed[f"params.{name}"] = np.broadcast_to(
                    getattr(value, "value", value), inputs[f"params.{name}"].shape)
        return changed, tuple(np.asarray(compute(text[f"{k}_0"], names).value) for k in "sy")
