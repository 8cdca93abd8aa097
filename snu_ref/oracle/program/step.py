"""The step of a recurrent unit, written as lines of text (`lines.txt`).

`run` computes the lines for all steps, in the order of the file, and differentiates them. An edit
replaces the text of a line. Without edits the numbers are those of the package's layers. A report
prints exactly the text that is computed. s_before and y_before are the state of the step before
(RNN and GRU: h_before; LSTM: h_before and c_before).

The code is slow, is meant for short sequences, and does not check its arguments.
"""
import numpy as np

from ...activations import SURROGATES
from .functions import ARRAYS, VARS, one_array, point, rearranged
from .lines import compute, program, right_lines
from .tape import Var, backward, plain

TRACES = ("z", "s", "v", "y")
FORWARD = (*TRACES, "end.s", "end.y")
PARAMETERS = ("W", "H", "b", "b_h", "decay")
PARTS = ("input", "feedback", "leak", "bias")   # z is their sum
# Each part of a unit's state, and the line that gives it to the next step.
STATE = {"snu": {"s": "kept", "y": "kept_y"}, "rnn": {"h": "h"}, "gru": {"h": "h"},
         "lstm": {"h": "h", "c": "c"}}
SLOPES = {"s": "g_slope", "y": "h_slope"}


def names_of(config, inputs):
    """The names that every line may use: functions, sizes, and h with the surrogate's slope."""
    def dpsi(v, y):
        return SURROGATES[config["surrogate"]].dpsi(v)
    return {**VARS, "step": point(lambda v: (v > 0).astype(v.dtype), dpsi),
            "step_at_0": point(lambda v: (v >= 0).astype(v.dtype), dpsi),
            "T": len(inputs["x"]), "B": inputs["x"].shape[1],
            "n_in": inputs["x"].shape[2], "k": 1.0, "recurrent": config.get("recurrent"),
            "overwritten": one_array(0.0 * inputs["dy"][0])}


def shifts(dy):
    """dL_dy of each step; also one step late, one step early, and rolled by one step."""
    zero = 0 * dy[:1]
    return {"dL_dy": dy, "dL_dy_before": np.concatenate([zero, dy[:-1]]),
            "dL_dy_next": np.concatenate([dy[1:], zero]), "dL_dy_rolled": np.roll(dy, 1, 0)}


class Run:
    """One run over all steps: the inputs on the tape, and the values of all names in each step."""

    def __init__(self, config, inputs, edits, dz=None):
        """dz: a port's dL/dz, which replaces the computed one in each step, or None."""
        self.config, self.text, self.edits = config, program(config, edits), edits
        self.dz = dz
        self.inputs = inputs = {name: a.astype(float) for name, a in inputs.items()}
        self.state = STATE[config["unit"]]
        self.leaves = {name: Var(inputs[f"params.{name}"]) for name in PARAMETERS
                       if f"params.{name}" in inputs}
        self.leaves.update({f"{k}_0": Var(inputs[f"state.{k}"]) for k in self.state})
        names = {**names_of(config, inputs), **self.leaves}
        whole = dict(self.leaves)
        if config["unit"] != "snu":
            self._blocks(names, {p: whole.pop(p) for p in "WHb"})
        values = {name: compute(self.text[name], names) for name in whole}
        for name, value in values.items():
            names[name] = value if isinstance(value, Var) else Var(0 * names[name].value + value)
        self.used = {name: names[name].value for name in self.leaves}
        self.zero = Var(0 * inputs["dy"][0])
        for k in self.state:
            names.update(dict.fromkeys((f"{k}_start", f"{k}_before"), names[f"{k}_0"]))
            names[f"{k}_before2"] = self.zero
        names["x_before"], names["current_before"] = Var(0 * inputs["x"][0]), self.zero
        self.steps, borders = [], np.cumsum(config.get("pieces", ()))
        step = right_lines(config, f"{config['unit']} step")
        for t, x in enumerate(inputs["x"]):
            names.update(t=t, x=Var(x), border=t in borders,
                         from_second=lambda later, at_first, t=t: later if t else at_first)
            for name in step:
                names[name] = self._line(name, names)
            self.steps.append(dict(names))
            names["x_before"], names["current_before"] = names["x"], names.get("current")
            for k, kept in self.state.items():
                names[f"{k}_before2"], names[f"{k}_before"] = names[f"{k}_before"], names[kept]

    def _blocks(self, names, params):
        """W, H and b in blocks of columns, and the lines of RNN, GRU and LSTM that are functions.

        total(k) is the line `sum` for block k; gate(a) and act(a) are the lines of these names.
        """
        text, n = self.text, self.inputs["dy"].shape[-1]
        for i, k in enumerate(text["order"]):
            block = rearranged(lambda a, i=i: a[..., i * n:(i + 1) * n])
            names.update({f"{p}_{k}": compute(text[p], {**names, p: block(a), "block": k})
                          for p, a in params.items()})
        names.update({name: lambda a, name=name: compute(text[name], {**names, "a": a})
                      for name in ("gate", "act")}, total=lambda k: compute(text["sum"], {
                          **names, **{p: names[f"{p}_{k}"] for p in params}}))

    def _line(self, name, names):
        value = compute(self.text[name], names)
        if name in TRACES and (not isinstance(value, Var) or value in map(names.get, TRACES)):
            value = self.zero + value       # a new Var, so that it has its own gradient
        if SLOPES.get(name) in self.edits:
            value = self._sloped(name, value, names)
        if name == "z" and self.dz is not None:
            value = Var(value.value, (value, lambda d, t=names["t"]: self.dz[t]))
        return value

    def _sloped(self, name, value, names):
        """s or y, with the edited slope ds/dz or dy/dv."""
        arrays = {**{k: plain(a) for k, a in names.items()}, **ARRAYS, name: value.value}
        if name == "s":
            arrays["v"] = value.value + arrays["b"]
        slope = compute(self.text[SLOPES[name]], arrays)
        return Var(value.value, (names["z" if name == "s" else "v"], lambda d: d * slope))

    def _stacked(self, names):
        found = {name: np.empty(self.inputs["dy"].shape) for name in names}
        for name, of in names.items():
            for t, step in enumerate(self.steps):
                found[name][t] = plain(step[of])
        return found

    def forward(self):
        """Traces and final state: name -> array."""
        last = self.steps[-1]
        return {**self._stacked({name[:-4]: name for name in last if name.endswith("_out")}),
                **{f"end.{k}": last[f"{k}_T"].value for k in self.state}}

    def computed(self):
        """z, s, v, y and the gate as computed, which may differ from what is reported."""
        return self._stacked({name: name for name in (*TRACES, "gate")})

    def backward(self):
        """Adjoints and gradients, by the tape."""
        i, text, last = self.inputs, self.text, self.steps[-1]
        (T, B, n), dL_dy = i["dy"].shape, shifts(i["dy"])
        names = {"T": T, "B": B, "n": n, "k": 1.0,
                 **{f"dL_d{k}_end": i[f"dend.{k}"] for k in self.state}}

        def cotangent(line, **more):
            return compute(text[line], {**names, **more}) + self.zero.value
        backward([(step["y_out"], cotangent("loss_y", last=step is last, **{
            name: a[t] for name, a in dL_dy.items()})) for t, step in enumerate(self.steps)]
            + [(last[f"{k}_T"], cotangent(f"end_{k}")) for k in self.state]
            + [(step["z"], self.zero.value) for step in self.steps if self.dz is not None])
        found, grads = {}, {name: leaf.gradient() for name, leaf in self.leaves.items()}
        if self.config["unit"] == "snu":
            shown = {"s": "s_out"} if text["s_out"] == "kept" else {}
            found = {f"adj.{name}": np.stack([step[shown.get(name, name)].gradient()
                                              for step in self.steps]) for name in TRACES[::-1]}
        else:
            grads.update({name: compute(text[f"d{name}"], {**names, f"d{name}": grads[name]}) + 0.0
                          for name in PARAMETERS if name in grads})
        found.update({f"grad.{name}": grads[name] for name in PARAMETERS if name in grads})
        found["grad.x"] = np.stack([step["x"].gradient() for step in self.steps])
        return {**found, **{f"start.{k}": grads[f"{k}_0"] for k in self.state}}


@np.errstate(all="ignore")  # a wrong unit may overflow
def run(config, inputs, edits=None):
    """All outputs of a case with some lines edited (name -> text), differentiated by the tape."""
    done = Run(config, inputs, edits or {})
    return {**done.forward(), **done.backward()}
