"""Changes to what goes in and comes out: the states at both ends, time and batch.

The equations are right in all of these. The rest is as in `catalogue_forward`.
"""
import numpy as np

from ..program.conditions import several_samples, several_steps
from ..program.equations import TRACES, Variant

SEQUENCES = ("x", "dy")
STATES = ("state.s", "state.y")
STEPWISE = (*TRACES, *(f"adj.{name}" for name in TRACES), "grad.x")


def _nonzero(*names):
    return lambda inputs: any(inputs[name].any() for name in names)


def _zeroed(*names):
    """Inputs set to 0; a state that is not used has the gradient 0."""
    def inputs_changed(config, inputs):
        return {**inputs, **{name: np.zeros_like(inputs[name]) for name in names}}

    def outputs_changed(c, outputs):
        for name in names:
            start = name.replace("state", "start")
            if start in outputs:
                outputs[start] = np.zeros_like(outputs[start])
    return {"inputs": (inputs_changed,), "outputs": (outputs_changed,)}


def _rearranged(inputs_by, outputs_by, sequences=SEQUENCES):
    """Sequences rearranged before the run; all that has a time axis put back after it."""
    def inputs_changed(config, inputs):
        changed = {**inputs, **{name: inputs_by(inputs[name]) for name in sequences}}
        B, n = changed["x"].shape[1], inputs["params.b"].size
        if B != inputs["x"].shape[1]:  # states of the wrong batch are of no use: zeros
            changed.update({name: np.zeros((B, n)) for name in (*STATES, "dend.s", "dend.y")})
        return changed

    def outputs_changed(c, outputs):
        for name in STEPWISE:
            if name in outputs:
                outputs[name] = outputs_by(outputs[name])
        if "end.s" in outputs and outputs["end.s"].shape != c.given["state.s"].shape:
            for name in ("end.s", "end.y", "start.s", "start.y"):
                outputs.pop(name, None)
    return {"inputs": (inputs_changed,), "outputs": (outputs_changed,)}


def _reshaped(a):
    T, B, n = a.shape
    return np.ascontiguousarray(a).reshape(B, T, n).swapaxes(0, 1)


def _unreshaped(a):
    T, B, n = a.shape
    return np.ascontiguousarray(a.swapaxes(0, 1)).reshape(T, B, n)


def _end_values(end):
    return [var.value for var in end]


def _samples_in_a_row(c, inputs, forward):
    """Each sample begins where the one before ended."""
    s, y = inputs["state.s"].copy(), inputs["state.y"].copy()
    for i in range(1, len(s)):
        end_s, end_y = _end_values(forward((s, y)))
        s[i], y[i] = end_s[i - 1], end_y[i - 1]
    return s, y


def _after_another_run(c, inputs, forward):
    return tuple(_end_values(forward((inputs["state.s"], inputs["state.y"]))))


def _shifted(names, steps):
    """Traces a step late or early; the gap holds zeros."""
    def change(c, outputs):
        for name in names:
            moved = np.roll(outputs[name], steps, axis=0)
            moved[:1 if steps > 0 else None][steps if steps < 0 else 0:] = 0
            outputs[name] = moved
    return {"outputs": (change,)}


def _copied(name, source):
    def change(c, outputs):
        outputs[name] = outputs[source]
    return change


def _adjoint_of_y_alone(c, outputs):
    if "adj.y" in outputs:
        outputs["adj.y"] = c.given["dy"].copy()


def _state_before_last(c, outputs):
    for name in ("s", "y"):
        outputs[f"end.{name}"] = outputs[name][-2]


def _y_before_last(c, outputs):
    y = outputs["y"]
    before = y[-2] if len(y) > 1 else c.given["state.y"]
    if before.shape == outputs["end.y"].shape:
        outputs["end.y"] = before


def _reset_already(c, outputs, name, y):
    """A trace of s after the reset by its own step's y, where both are there and of one shape."""
    if outputs[name].shape == outputs[y].shape:
        fired = outputs[y]
        if c.config["lateral_inhibition"]:
            fired = fired.max(axis=-1, keepdims=True)
        outputs[name] = outputs[name] * (1 - fired)


def _column_major(c, outputs):
    for name, a in outputs.items():
        outputs[name] = a.ravel("F").reshape(a.shape)


def _x_reshaped(config, inputs):
    return {**inputs, "x": _reshaped(inputs["x"])}


def _input_gradient_unreshaped(c, outputs):
    if "grad.x" in outputs:
        outputs["grad.x"] = _unreshaped(outputs["grad.x"])


def _of_step_before(name):
    """A trace of the step before, which begins with the initial state."""
    def change(c, outputs):
        start = c.given[f"state.{name}"][None]
        if outputs[name].shape[1:] == start.shape[1:]:
            outputs[name] = np.concatenate([start, outputs[name][:-1]])
    return {"outputs": (change,)}


def _input_late(config, inputs):
    return {**inputs, "x": np.concatenate([0 * inputs["x"][:1], inputs["x"][:-1]])}


def _input_gradient_early(c, outputs):
    if "grad.x" in outputs:
        outputs["grad.x"] = np.concatenate([outputs["grad.x"][1:], 0 * outputs["grad.x"][:1]])


def _twice(name):
    return {"inputs": (lambda config, inputs: {**inputs, name: 2 * inputs[name]},)}


def _last_everywhere(*names):
    """Traces that hold their last step at every step."""
    def change(c, outputs):
        for name in names:
            outputs[name] = np.broadcast_to(outputs[name][-1], outputs[name].shape)
    return {"outputs": (change,)}


def _input_through(f):
    return {"inputs": (lambda config, inputs: {**inputs, "x": f(inputs["x"])},)}


def _no_cotangent_but_last(config, inputs):
    dy = np.zeros_like(inputs["dy"])
    dy[-1] = inputs["dy"][-1]
    return {**inputs, "dy": dy}


def _no_cotangent_on_last(config, inputs):
    dy = inputs["dy"].copy()
    dy[-1] = 0
    return {**inputs, "dy": dy}


ENDS = [
    Variant("start_ignored",
            "the initial state is ignored, s_0 = y_0 = 0: begin with the state that is given",
            _zeroed("state.s", "state.y"), tells=_nonzero(*STATES)),
    Variant("start_s_ignored",
            "the initial s is ignored: s_0 is given",
            _zeroed("state.s"),
            tells=_nonzero("state.s")),
    Variant("start_y_ignored",
            "the initial y is ignored: y_0 is given, and gates the first step's state",
            _zeroed("state.y"), tells=_nonzero("state.y")),
    Variant("end_cotangents_ignored",
            "the cotangents of the final state are ignored: they add to ds_T and dy_T",
            _zeroed("dend.s", "dend.y"), fits=_nonzero("dend.s", "dend.y")),
    Variant("end_s_cotangent_ignored",
            "the cotangent of the final s is ignored: it adds to ds_T",
            _zeroed("dend.s"), fits=_nonzero("dend.s")),
    Variant("end_y_cotangent_ignored",
            "the cotangent of the final y is ignored: it adds to dy_T",
            _zeroed("dend.y"), fits=_nonzero("dend.y")),
    Variant("state_not_cleared_in_batch",
            "the state is not cleared between samples, each begins where the one before ended: "
            "each has the initial state that is given",
            {"start": _samples_in_a_row},
            fits=several_samples),
    Variant("state_not_cleared_between_runs",
            "the state is not cleared between runs, it begins where a first run of the same case "
            "ended: begin with the state that is given",
            {"start": _after_another_run}),
    Variant("end_is_step_before",
            "the final state is that of the last step but one: that after step T",
            {"outputs": (_state_before_last,)}, fits=several_steps),
    Variant("end_y_is_step_before",
            "the final y is that of the last step but one: that after step T",
            {"outputs": (_y_before_last,)}),
    Variant("end_s_after_reset",
            "the final s is reported after the reset of the next step, s_T (1 - y_T): s_T itself",
            {"outputs": (lambda c, outputs: _reset_already(c, outputs, "end.s", "end.y"),)}),
    Variant("end_s_cotangent_twice",
            "the cotangent of the final s is added twice: once, to ds_T",
            _twice("dend.s"), fits=_nonzero("dend.s")),
    Variant("end_y_cotangent_twice",
            "the cotangent of the final y is added twice: once, to dy_T",
            _twice("dend.y"), fits=_nonzero("dend.y")),
    Variant("only_last_dy",
            "dy is used at the last step alone: every step has its own",
            {"inputs": (_no_cotangent_but_last,)}, fits=several_steps),
    Variant("no_dy_at_last_step",
            "dy of the last step is left out: every step has its own",
            {"inputs": (_no_cotangent_on_last,)}, fits=lambda inputs: inputs["dy"][-1].any()),
]

ORDER = [
    Variant("time_reversed",
            "time runs backwards, from the last step to the first",
            _rearranged(lambda a: a[::-1], lambda a: a[::-1]), fits=several_steps),
    Variant("x_reversed",
            "x is read from the last step to the first",
            _rearranged(lambda a: a[::-1], lambda a: a, ("x",)), fits=several_steps),
    Variant("batch_and_time_swapped",
            "batch and time are exchanged: x is (T, B, n_in), time first",
            _rearranged(lambda a: a.swapaxes(0, 1), lambda a: a.swapaxes(0, 1)),
            fits=lambda inputs: several_steps(inputs) and several_samples(inputs)),
    Variant("batch_and_time_reshaped",
            "x is reshaped where its axes should be swapped, so that samples and steps are mixed: "
            "x is (T, B, n_in), time first",
            _rearranged(_reshaped, _unreshaped),
            fits=lambda inputs: several_steps(inputs) and several_samples(inputs)),
    Variant("x_reshaped",
            "x alone is reshaped where its axes should be swapped, so that samples and steps are "
            "mixed: x is (T, B, n_in), time first",
            {"inputs": (_x_reshaped,), "outputs": (_input_gradient_unreshaped,)},
            fits=lambda inputs: several_steps(inputs) and several_samples(inputs)),
    Variant("s_after_reset",
            "s is reported after the reset of the next step, s_t (1 - y_t): s_t itself",
            {"outputs": (lambda c, outputs: _reset_already(c, outputs, "s", "y"),)}),
    Variant("column_major",
            "all arrays come out in Fortran order, the first axis running fastest: in C order, the "
            "last axis",
            {"outputs": (_column_major,)}),
    Variant("y_one_step_late",
            "y is reported a step late, y_{t-1} at t",
            _shifted(("y",), 1),
            fits=several_steps),
    Variant("s_of_step_before",
            "s_{t-1} is reported as s_t, as it was before the step's update",
            _of_step_before("s")),
    Variant("y_of_step_before",
            "y_{t-1} is reported as y_t, as it was before the step's update",
            _of_step_before("y")),
    *(Variant(f"{name}_of_last_step_everywhere",
              f"{name} of the last step stands at every step, as of one buffer that is written "
              "again and again: copy it at each step",
              _last_everywhere(name), fits=several_steps) for name in ("s", "y", "v", "z")),
    Variant("input_truncated",
            "x is cut to whole numbers, as of a cast to int: it is used as it is",
            _input_through(np.trunc)),
    Variant("input_rounded",
            "x is rounded to whole numbers: it is used as it is",
            _input_through(np.rint)),
    Variant("input_late",
            "the input comes a step late, x_{t-1} W: x_t W",
            {"inputs": (_input_late,), "outputs": (_input_gradient_early,)}),
    Variant("v_reported_without_b",
            "s is reported in the place of v: v = s + b, the argument of h",
            {"outputs": (_copied("v", "s"),)}),
    Variant("adj_y_without_later_steps",
            "adj.y is the cotangent dy alone: it is dL/dy_t over all paths, those through later "
            "steps included",
            {"outputs": (_adjoint_of_y_alone,)}),
    Variant("traces_one_step_late",
            "the traces are reported a step late, those of t-1 at t",
            _shifted(TRACES, 1),
            fits=several_steps),
]

DATA_VARIANTS = [*ENDS, *ORDER]
