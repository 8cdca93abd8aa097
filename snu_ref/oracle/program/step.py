"""The unit's step as lines of text (`lines.txt`), run through time and differentiated.

s_before and y_before are the kept state of the step before. An edit is another text for a line.
`run` computes the lines through time on a tape and differentiates them; without edits the numbers
are those of `snu_ref.SNU`. A report prints exactly the text that is run.

It is slow, meant for short sequences, and does not check its arguments.
"""
import numpy as np

from ...activations import SURROGATES
from .functions import ARRAYS, VARS, one_array, point
from .lines import compute, program
from .tape import Tape, Var

TRACES = ("z", "s", "v", "y")
FORWARD = (*TRACES, "end.s", "end.y")
PARAMETERS = ("W", "H", "b", "decay")
PARTS = ("input", "feedback", "leak", "bias")   # z is their sum
STEP = ("s_before", "y_before", "seen", "fired", "gate", *PARTS, *TRACES, "kept", "kept_y",
        "z_out", "s_out", "v_out", "y_out", "s_T", "y_T")
SLOPES = {"s": "g_slope", "y": "h_slope"}


def names_of(config, inputs):
    """The names that every line may use: functions, sizes, and h with the surrogate's slope."""
    dpsi = SURROGATES[config["surrogate"]].dpsi
    step = point(lambda v: (v > 0).astype(v.dtype), lambda v, y: dpsi(v))
    return {**VARS, "step": step,
            "step_from": lambda fires, v: v.apply(lambda a: fires.value, lambda a, y: dpsi(a)),
            "T": len(inputs["x"]), "B": inputs["x"].shape[1],
            "n_in": inputs["x"].shape[2], "k": 1.0,
            "recurrent": config["recurrent"], "overwritten": one_array(0.0 * inputs["state.s"])}


def shifts(dy):
    """dL_dy for each step, and the same a step late, a step early and rolled."""
    zero = 0 * dy[:1]
    return {"dL_dy": dy, "dL_dy_before": np.concatenate([zero, dy[:-1]]),
            "dL_dy_next": np.concatenate([dy[1:], zero]), "dL_dy_rolled": np.roll(dy, 1, 0)}


class Run:
    """One run through time: the tape, its leaves, and the Vars of every step."""

    def __init__(self, config, inputs, edits, held=None):
        self.config, self.text, self.edits, self.held = config, program(config, edits), edits, held
        self.inputs = inputs = {name: a.astype(float) for name, a in inputs.items()}
        self.tape = tape = Tape()
        names = names_of(config, inputs)
        self.leaves = {name: tape.leaf(inputs[f"params.{name}"]) for name in PARAMETERS
                       if f"params.{name}" in inputs}
        self.leaves.update({f"{k}_0": tape.leaf(inputs[f"state.{k}"]) for k in "sy"})
        names.update(self.leaves)
        values = {name: compute(self.text[name], names) for name in self.leaves}
        for name, leaf in self.leaves.items():
            value = values[name]
            names[name] = value if isinstance(value, Var) else tape.leaf(0 * leaf.value + value)
        self.used = {name: names[name].value for name in self.leaves}
        zero = tape.leaf(0 * inputs["state.s"])
        names.update(s_before=names["s_0"], y_before=names["y_0"], y_before2=zero,
                     s_start=names["s_0"], y_start=names["y_0"],
                     x_before=tape.leaf(0 * inputs["x"][0]))
        self.steps, self.xs = [], []
        borders = np.cumsum(config.get("pieces", ()))
        for t, x in enumerate(inputs["x"]):
            names.update(t=t, x=tape.leaf(x), border=t in borders,
                         from_second=lambda later, at_first, t=t: later if t else at_first)
            self.xs.append(names["x"])
            self._step(names, t)
            names.update(x_before=names["x"], y_before2=names["y_before"],
                         s_before=names["kept"], y_before=names["kept_y"])
        self.end, self.shown = [[names[name] for name in two]
                                for two in (("kept", "kept_y"), ("s_T", "y_T"))]

    def _step(self, names, t):
        zero = self.tape.leaf(0 * self.inputs["state.s"])
        for name in STEP:
            value = compute(self.text[name], names)
            if name in TRACES:
                value = value if isinstance(value, Var) else zero + value
                if self.held is not None:   # the value of another run, the gradient of this line
                    value = self.tape.node(self.held[name][t], (value, lambda d: d))
            if SLOPES.get(name) in self.edits:
                value = self._sloped(name, value, names)
            names[name] = value
        self.steps.append({name: names[name] for name in
                           ("z", "s", "v", "y", "gate", "z_out", "s_out", "v_out", "y_out")})

    def _sloped(self, name, value, names):
        """s or y, with the edited slope ds/dz or dy/dv."""
        of = names["z" if name == "s" else "v"]
        arrays = {**{k: getattr(a, "value", a) for k, a in names.items()}, **ARRAYS,
                  name: value.value}
        if name == "s":
            arrays["v"] = value.value + arrays["b"]
        slope = compute(self.text[SLOPES[name]], arrays)
        return self.tape.node(value.value, (of, lambda d: d * slope))

    def _stacked(self, names):
        shape = self.inputs["dy"].shape
        return {name: np.stack([np.broadcast_to(getattr(step[of], "value", step[of]), shape[1:])
                                for step in self.steps]) for name, of in names.items()}

    def forward(self):
        """Traces and final state: name -> array."""
        return {**self._stacked({name: f"{name}_out" for name in TRACES}),
                "end.s": self.shown[0].value, "end.y": self.shown[1].value}

    def computed(self):
        """z, s, v, y and the gate as computed, which may differ from what is reported."""
        return self._stacked({name: name for name in (*TRACES, "gate")})

    def backward(self):
        """Adjoints and gradients, by the tape."""
        i, dL_dy, T = self.inputs, shifts(self.inputs["dy"]), len(self.steps)
        names = {"T": T, "B": i["dy"].shape[1], "n": i["dy"].shape[2], "k": 1.0,
                 "dL_dy_end": i["dend.y"], "dL_ds_end": i["dend.s"]}

        def cotangent(line, **more):
            return compute(self.text[line], {**names, **more}) + 0 * i["dend.y"]
        self.tape.backward([(step["y_out"], cotangent("loss_y", last=t == T - 1, **{
            name: a[t] for name, a in dL_dy.items()})) for t, step in enumerate(self.steps)]
            + [(self.end[0], cotangent("end_s")), (self.end[1], cotangent("end_y"))])
        shown = "s_out" if self.text["s_out"] == "kept" else "s"
        found = {f"adj.{name}": np.stack([step[shown if name == "s" else name].gradient()
                                          for step in self.steps]) for name in reversed(TRACES)}
        found.update({f"grad.{name}": self.leaves[name].gradient() for name in PARAMETERS
                      if name in self.leaves})
        found["grad.x"] = np.stack([x.gradient() for x in self.xs])
        found.update({f"start.{k}": self.leaves[f"{k}_0"].gradient() for k in "sy"})
        return found


@np.errstate(all="ignore")  # a wrong unit may overflow
def run(config, inputs, edits=None):
    """All outputs of a case with some lines edited (name -> text), differentiated by the tape."""
    done = Run(config, inputs, edits or {})
    return {**done.forward(), **done.backward()}
