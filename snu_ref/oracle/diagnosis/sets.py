"""Run a case with a set of edits: the forward pass, and the gradients in one of several forms.

Automatic differentiation gives the gradient of the wrong forward pass. A backward pass written by
hand has the right equations, but uses the traces of the wrong forward pass. What else it takes from
the forward pass differs between programs: FORMS lists the possibilities.
"""
from typing import NamedTuple

import numpy as np

from ..mistakes.edit import Edit
from ..program.backward import SUMS, names_of_sums, run_backward
from ..program.lines import compute, resolve, right_lines
from ..program.step import PARAMETERS, TRACES, Run
from .seen import Seen

# The forms of the gradients; the last takes all that a program keeps of its forward pass.
DERIVED, BY_HAND, KEPT = FORMS = (
    "derived", "by hand", "by hand, with gate, parameters and start of the forward pass")
# line -> output, for lines on which no other line of the step depends
LATE = {**SUMS, "start_s": "start.s", "start_y": "start.y"}


class Edits(NamedTuple):
    """Edits of the forward pass, the form of its gradients, and edits of the backward pass."""
    forward: tuple = ()
    form: str = DERIVED
    backward: tuple = ()
    view: Edit = None      # another order of the port's arrays, if any

    @property
    def all(self):
        """All edits."""
        return self.forward + self.backward

    def said(self):
        """What the port does."""
        views = (self.view,) if self.view else ()
        return tuple(dict.fromkeys(e.said() for e in (*views, *self.all)))

    @property
    def cost(self):
        """Lower is better: fewer edits, and edits without k."""
        return sum(e.cost for e in self.all) + bool(self.view)

    @property
    def rank(self):
        """Lower is better: a lower cost, commoner edits."""
        form = FORMS.index(self.form) if self.forward else self.form != BY_HAND
        return self.cost, form, sum(e.order for e in self.all)

    def only(self, wanted):
        """The edits for which wanted(edit) holds."""
        return self._replace(forward=tuple(filter(wanted, self.forward)),
                             backward=tuple(filter(wanted, self.backward)))

    def for_case(self, seen):
        """The edits that apply to a case."""
        return self.only(lambda e: e.applies(seen.config, seen.inputs))


def texts(edits):
    """name -> text of several edits; a later edit overrides an earlier one."""
    return {name: text for e in edits for name, text in e.texts().items()}


class Runs:
    """Runs one case with sets of edits, each set once, and counts the runs."""

    def __init__(self, seen, count):
        self.seen, self.count, self._kept, self._fits, self._views = seen, count, {}, {}, {}

    def of(self, view):
        """The runs of the case with the arrays reordered by a view."""
        if view is None:
            return self
        if view not in self._views:
            def there(arrays):
                return {name: compute(text, {"a": a}) if name in names.split() else a
                        for name, a in arrays.items()}
            ((names, text),) = view.lines
            self._views[view] = type(self)(self.seen._replace(
                inputs=there(self.seen.inputs), got=there(self.seen.got)), self.count)
        return self._views[view]

    def answer(self, edits):
        """(the case in the view of these edits, all outputs with the edits that apply to it)."""
        whole = self.of(edits.view)
        return whole.seen, whole.run(edits.for_case(self.seen))

    def fits(self, edits):
        """Whether the edits of a set that apply to this case give all numbers of the port."""
        here = edits.for_case(self.seen)
        if here not in self._fits:
            self._fits[here] = bool(here.said()) and Seen.matches(*self.answer(here))
        return self._fits[here]


class Whole(Runs):
    """The runs of a case of the SNU.

    own: (traces, adjoints) of the port; if given, each line is computed from these.
    """

    def __init__(self, seen, count, own=(None, None)):
        super().__init__(seen, count)
        self.own = own

    def traces(self, forward):
        """(outputs, computed traces) of a forward pass with edits."""
        return ({}, self.own[0]) if self.own[0] is not None else self._forward(forward)[:2]

    def gives_forward(self, forward):
        """Whether the edits that apply to this case give all numbers of its forward pass."""
        here = Edits(forward).for_case(self.seen).forward
        return self.seen.matches(self.traces(here)[0], self.seen.names(True))

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
        outputs, names, late = self._run(edits)
        return {**outputs, **self._late(outputs, names, late)} if late else outputs

    def names(self, edits):
        """The names, whole arrays, that the slopes and the sums may use."""
        return self._run(edits)[1][0]

    def _run(self, edits):
        """Outputs and names without the edits of lines in LATE, and the texts of these edits."""
        text = texts(edits.backward)
        late = {name: text.pop(name) for name in LATE if name in text}
        key = edits.form, *texts(edits.forward).items(), *text.items()
        if key not in self._kept:
            self.count()
            self._kept[key] = (self._derived if edits.form == DERIVED else self._by_hand)(
                edits, text)
        return *self._kept[key], late

    def _derived(self, edits, text):
        done = Run(self.seen.config, self.seen.inputs, {**texts(edits.forward), **text},
                   held=self.own[0])
        outputs = {**done.forward(), **done.backward()}
        return outputs, self._names(self.seen.inputs, done.computed(), outputs)

    def _by_hand(self, edits, text):
        config, inputs = self.seen.config, self.seen.inputs
        outputs, traces = self.traces(edits.forward)
        if edits.form == KEPT:
            values = self._forward(edits.forward)[2]
            inputs = {**inputs, "state.s": values["s_0"], "state.y": values["y_0"], **{
                f"params.{name}": values[name] for name in PARAMETERS if name in values}}
        else:
            y = traces["y"]
            before = np.concatenate([inputs["state.y"][None], y[:-1]])
            traces = {**traces, "gate": 1 - before if not config["lateral_inhibition"] else
                      (1 - before.max(-1, keepdims=True)) * np.ones_like(y)}
        outputs = {**outputs, **run_backward(config, inputs, traces, text, self.own[1])}
        return outputs, self._names(inputs, traces, outputs)

    def _names(self, inputs, traces, outputs):
        """The names that the lines in LATE may use: those of sums, and those before step 0."""
        adjoints = {**{f"d{name}": outputs[f"adj.{name}"] for name in TRACES},
                    **(self.own[1] or {})}
        return names_of_sums(inputs, traces, adjoints), {
            "dz_after": adjoints["dz"][0], "gate_after": traces["gate"][0],
            "s": inputs["state.s"], "y": inputs["state.y"]}

    def _late(self, outputs, names, edits):
        """The outputs of edited lines in LATE; an edit may use the right value, the line's own."""
        right, (sums, start), found = right_lines(self.seen.config), names, {}
        for line, text in edits.items():
            if (name := LATE[line]) in outputs:
                text = resolve(text.replace(right[line], "G"), self.seen.config)
                found[name] = 0 * outputs[name] + compute(text, {
                    **sums, **({} if line in SUMS else start), "G": outputs[name]})
        return found
