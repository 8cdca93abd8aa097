"""What a whole check says of ports that declare what they can: mistakes of real code, together."""
import re

import numpy as np
import pytest
from helpers.vectors import ENTRIES, case_of

import snu_ref.oracle
from snu_ref.oracle.cases.scalar_loss import training_of
from snu_ref.oracle.diagnosis import unit
from snu_ref.oracle.diagnosis.backward import Steps
from snu_ref.oracle.diagnosis.seen import Seen
from snu_ref.oracle.diagnosis.sets import BY_HAND, Edits, Whole
from snu_ref.oracle.mistakes.edit import TABLE, Edit
from snu_ref.oracle.program.backward import run_backward
from snu_ref.oracle.program.step import Run, run

GRADIENTS = "grad.W", "grad.b", "grad.decay", "grad.x"
KEPT = "the state is reset in the same step as its spike"
SOFT = "the reset subtracts the threshold -b (soft reset), after the decay"
LEAKY = "x W is multiplied by 1 - decay (a leaky average)"
NARROW = "the surrogate is 1 for |v| < 1"
START = {"s_0": "0 * s_0", "y_0": "0 * y_0"}

# lines of the port, what it can, what is said of it
WRONG = [
    # the gradients tell a reset in the same step from a first gate without y_0
    ({"kept": "s * (1 - fired_by(y))", "gate": "1"}, dict(g="identity", reset_grad="detached"),
     [f"{KEPT}; y_0 resets nothing"]),
    ({"kept": "s * (1 - fired_by(y))", "gate": "1", "s": "z", "h_slope": "abs(v) < 1"},
     dict(g="tanh"), ["g is left out", f"{KEPT}; y_0 resets nothing", NARROW]),
    # dL/ds is not that of the reported state
    ({"kept": "s * (1 - fired_by(y))", "gate": "1", "s_out": "kept", "h_slope": "abs(v) < 1",
      "input": "(1 - decay) * current"}, dict(g="identity", reset_grad="detached"),
     [f"{KEPT}, and s is reported after its reset (if this is meant, declare state=\"after "
      "reset\")", LEAKY, NARROW]),
    ({"kept": "s - const(s * fired_by(y))", "gate": "1", "s_out": "kept",
      "h_slope": "1 / (1 + 10 * abs(v))", "input": "(1 - decay) * current"},
     dict(g="identity", surrogate="fast_sigmoid", state="after reset", start="rest",
          reset_grad="detached"),
     [LEAKY, "the surrogate is 1 / (1 + 10 |v|)",
      "the reset subtracts a constant: the gradient from state to state lacks the gate"]),
    # dL/dv does not flow to s as it is
    ({"v": "decay * s + b", "h_slope": "y * dpsi(v)"}, dict(g="identity"),
     ["v is decay s + b", "the slope of the step is 0 where there is no spike"]),
    # no gradient reaches x, so the sums alone show the slope
    ({"current": "round(x) @ W", "h_slope": "exp(-abs(v))"}, dict(g="tanh"),
     ["x is rounded to whole numbers", "the surrogate is exp(-|v|)"]),
    # a line without an inverse, and a mistake in another line
    ({"s": "float16(g(z))", "y": "h(s)"}, dict(g="leaky_relu"),
     ["the state is rounded to float16", "b is left out"]),
    ({"s": "clip(g(z), -2, 2)", "decay": "sigmoid(decay)"}, dict(g="identity"),
     ["the decay goes through a sigmoid", "the state is clamped to [-2, 2]"]),
    # a state that relu hides in half of its numbers
    ({"input": "current * gate", "feedback": "(y_before @ H) * gate"},
     dict(g="relu", recurrent=True, start="rest", surrogate="fast_sigmoid"),
     ["the reset gate also multiplies x W", "the reset gate also multiplies y H"]),
    # one number in two terms
    ({"input": "0.3 * current", "feedback": "0.3 * (y_before @ H)", "h_slope": "abs(v) < 1",
      "leak": "decay * s_before + b * fired"}, dict(g="identity", recurrent=True, start="rest"),
     [SOFT, "x W + y H is multiplied by 0.3", NARROW]),
    # a port that starts from 0 and does not declare it
    ({**START, "leak": "decay * s_before + b * fired"}, dict(g="identity"),
     [SOFT, "the initial state is ignored"]),
    # the first step decides between edits
    ({"fired": "clip(sum(seen), 0, 1)"}, dict(g="relu", lateral_inhibition=True),
     ["the gate uses min(1, sum_j y_j) instead of max_j y_j"]),
    ({"decay": "clip(decay, 0, 0.8)", "feedback": "y_before", "input": "(1 - decay) * current"},
     dict(g="identity"), ["the decay is clipped to at most 0.8", LEAKY,
                          "y of the step before is added to z, without weights"]),
    # the gradients alone show it: y holds
    ({"decay": "decay * decay"}, dict(g="identity", returns=("y", *GRADIENTS)),
     ["the decay is applied twice"]),
]


@pytest.mark.parametrize("lines, can, says", WRONG)
def test_mistakes_of_real_code_are_named_together(lines, can, says):
    can = dict(unit="snu", h="step", surrogate="tanh", reset_grad="through", recurrent=False,
               lateral_inhibition=False) | can
    can.setdefault("returns", ("s", "y", *GRADIENTS, *("grad.H",) * can["recurrent"]))

    def port(case):
        return {name: a for name, a in run(case.config, case.inputs, lines).items()
                if name in can["returns"]}
    (story,) = snu_ref.oracle.check(port, can=can, cases="made,default").stories
    assert story.grade == "confirmed" and sorted(story.says) == sorted(says), story


def test_a_port_that_ignores_its_start_is_told_so_first():
    """In some cases two mistakes of the step would give the same numbers."""
    def port(case):
        return {name: a for name, a in run(case.config, case.inputs, START).items()
                if name in ("s", "y", *GRADIENTS)}
    can = dict(unit="snu", h="step", g="relu", surrogate="fast_sigmoid", reset_grad="through",
               lateral_inhibition=False, returns=("s", "y", *GRADIENTS))
    (story,) = snu_ref.oracle.check(port, can=can).stories
    assert story.grade == "confirmed" and story.says == ("the initial state is ignored",)


@pytest.mark.parametrize("id", ["unit-tanh-tanh", "unit-arctan-identity-det", "rest-tanh-relu"])
def test_the_steps_of_a_wrong_forward_pass_hold_with_every_slope(id):
    """Law: dL/dz is put together from parts, and is that of a run with the edits.

    Edits with which x reaches later steps are left out, as dL/dx of a step is then not dz W'; also
    a v that is computed from z.
    """
    inputs, _ = case_of(id)
    config, slope = ENTRIES[id]["config"], Edit((("h_slope", "exp(-abs(v))"),), "")
    for e in TABLE["FORWARD"]:
        if e.slot in ("W", "v", "current", "input") and len(e.lines) == 1 and not e.fitted \
                and e.applies(config, inputs) and not re.search(r"_before|\bz\b", e.lines[0][1]):
            got = run(config, inputs, {**e.texts(), **slope.texts()})
            got = {name: got[name] for name in ("s", "y", *GRADIENTS)}
            steps = Steps(Whole(Seen(id, "unit", config, inputs, got, 1e-10), {"left": 1000}),
                          Edits((e,)))
            steps.terms(())
            assert steps.target is None or steps.right((slope,)).all(), e.says


def test_a_dz_that_holds_gets_no_edit_and_few_numbers_at_the_last_step_suffice():
    inputs, right = case_of("default-snu-rest")
    config = ENTRIES["default-snu-rest"]["config"]

    def walks(out):
        got = {name: out[name] for name in ("s", "y", *GRADIENTS)}
        whole = Whole(Seen("", "default", config, inputs, got, 1e-10), {"left": 1000})
        return [Edits((), backward=some).said() for some in Steps(whole, Edits()).walks()]
    assert walks(right) == [()]
    assert np.count_nonzero(right["adj.z"][-1]) < 5     # too few for a height and a width
    lines = {"seen": "const(y_before)", "h_slope": "1.25 * (1 - tanh(2.5 * v)**2)"}
    assert ("the reset gate is a constant in the backward pass: no gradient flows through it",
            "the surrogate is psi'(2.5 v), multiplied by 1.25") in walks(run(config, inputs, lines))


def test_a_slope_of_g_is_found_beside_an_edit_of_dz():
    """Where dL/dz is not g' times dL/ds, another g' changes more than one factor of it."""
    inputs, _ = case_of("unit-tanh-tanh")
    config = ENTRIES["unit-tanh-tanh"]["config"]
    lines = {"dz": "(through_v + through_leak) * g_slope + end_s", "g_slope": "1 - z**2"}
    forward = Run(config, inputs, {})
    got = {**forward.forward(), **run_backward(config, inputs, forward.computed(), lines)}
    whole = Whole(Seen("", "unit", config, inputs, {name: got[name] for name in (
        "s", "y", *GRADIENTS)}, 1e-10), {"left": 1000})
    dz, slope = (next(e for e in TABLE["HAND"] + TABLE["SLOPES"] if e.lines == (line,))
                 for line in lines.items())
    steps = Steps(whole, Edits((), BY_HAND, (dz,)))
    assert (slope,) in steps.walks() and whole.fits(steps.beside((slope,)))


def test_batch_and_time_exchanged_by_a_port_that_starts_from_0():
    def port(case):
        swapped = {name: a.swapaxes(0, 1) if name in ("x", "dy") else
                   np.zeros((len(case["x"]), a.shape[-1])) if name[:5] in ("state", "dend.") else a
                   for name, a in case.inputs.items()}
        out = run(case.config, swapped, {"leak": "decay * s_before + b * fired"})
        return {name: out[name].swapaxes(0, 1) if out[name].ndim == 3 else out[name]
                for name in can["returns"]}
    can = dict(unit="snu", h="step", g="relu", surrogate="tanh", reset_grad="through",
               recurrent=False, lateral_inhibition=False, start="rest",
               returns=("s", "y", *GRADIENTS))
    (story,) = snu_ref.oracle.check(port, can=can, cases="made,default").stories
    assert story.grade == "confirmed" and "batch and time are exchanged" in story.says[0]
    assert story.says[1:] == (SOFT,)


def test_where_the_state_hides_a_line_it_is_said():
    """After a reset to 0, s does not show the v with which the unit fired."""
    def port(case):
        out = run(case.config, case.inputs, {
            "input": "x @ W + 0.1 * tanh(9 * (x @ W))", "s_out": "s * (1 - y)", "s_T": "s_out"})
        return {name: out[name] for name in ("s", "y")}
    can = dict(unit="snu", h="step", g="identity", surrogate="tanh", reset_grad="through",
               recurrent=False, lateral_inhibition=False, start="rest", state="after reset",
               returns=("s", "y"))
    (story,) = snu_ref.oracle.check(port, can=can, cases="made,default").stories
    assert re.fullmatch(r"not shown in \d+ of its numbers; in all others it holds",
                        story.lines["y"])


def test_what_follows_from_a_start_that_is_ignored_is_no_further_mistake():
    """A port by hand with s_0 = 0: its ddecay lacks a term, and its dL/dy_0 is 0."""
    def port(case):
        start = {**case.inputs, "state.s": 0 * case["state.s"]}
        done = Run(case.config, start, {})
        out = {**done.forward(), **run_backward(case.config, start, done.computed(), {
            "dW": "sum(outer(x, dz)) / T"})}
        return {name: out[name] for name in case.outputs}
    (story,) = snu_ref.oracle.check(
        port, cases="unit-tanh-leakyrelu,start-spiking-tanh-leakyrelu,unit-tanh-tanh").stories
    assert story.grade == "confirmed"
    assert story.says == ("the initial s is ignored", "dW is a mean over time")


def test_a_mistake_of_the_unit_explains_the_training_of_its_networks():
    """This port detaches the reset gate, whatever it is asked."""
    def port(case):
        if case.config["unit"] == "training":
            layers = [{**layer, "reset_grad": "detached"} if layer["layer"] == "snu" else layer
                      for layer in case.config["layers"]]
            return training_of({**case.config, "layers": layers}, case.inputs, {})
        out = run({**case.config, "reset_grad": "detached"}, case.inputs)
        return {name: out[name] for name in case.outputs}
    (story,) = snu_ref.oracle.check(
        port, cases="training-snu-snu,training-snu-rec-dense,unit-tanh-relu,unit-tanh-tanh-rec"
    ).stories
    assert story.grade == "confirmed" and len(story.says) == 1
    assert "the reset gate is a constant in the backward pass" in story.says[0]
    assert [r.id for r in story.results if r.id.startswith("training")] == [
        "training-snu-snu", "training-snu-rec-dense"]


# ---- beside a difference that no table has -------------------------------------------------------

def stories(lines, can, cases="made,default"):
    """The stories of a check of a port with these lines, or lines(config); derived gradients."""
    can = dict(unit="snu", h="step", surrogate="tanh", reset_grad="through",
               lateral_inhibition=False, returns=("s", "y", *GRADIENTS)) | can

    def port(case):
        edits = lines(case.config) if callable(lines) else lines
        return {name: a for name, a in run(case.config, case.inputs, edits).items()
                if name in can["returns"]}
    return snu_ref.oracle.check(port, can=can, cases=cases).stories


def test_a_wrong_gradient_is_confirmed_where_the_forward_pass_is_right():
    told = stories({"current": "x @ W + (n_in % 2) * tanh(x @ W)", "h_slope": "1 - tanh(abs(v))"},
                   dict(recurrent=False))
    assert [story.grade for story in told] == ["confirmed", ""]
    assert told[0].says == ("the slope is 1 - tanh(|v|), without the square",)
    assert not any(ENTRIES[r.id]["inputs"]["x"][-1] % 2 for r in told[0].results if r.id in ENTRIES)


def test_a_wrong_gradient_is_confirmed_though_others_of_its_class_have_a_wrong_forward_pass():
    def lines(config):
        odd = {"current": "x @ W + tanh(x @ W)"} if config["reset_grad"] == "through" else {}
        return {"h_slope": "1 - tanh(abs(v))", **odd}
    told = stories(lines, dict(recurrent=False, g="identity", reset_grad=("through", "detached")))
    assert [story.grade for story in told] == ["confirmed", ""]
    assert {r.entry["config"]["reset_grad"] for r in told[0].results} == {"detached"}


@pytest.mark.usefixtures("unsearched")
def test_an_edit_that_explains_most_wrong_numbers_of_a_line_is_told():
    (story,) = stories({"leak": "(decay + (1 - decay) * (t % 4 == 3)) * s_before + b * fired"},
                       dict(recurrent=False, g="identity", returns=("s", "y")))
    assert story.grade == "held" and story.says == (SOFT,)
    assert re.match(r'partly holds: ".*" gives \d+ of \d+ wrong numbers', story.lines["s"])
    (story,) = stories({"decay": "decay + 0.1 * tanh(decay - 0.4)"},
                       dict(recurrent=False, g="identity", returns=("s", "y")))
    assert story.grade == "" and story.lines["s"].startswith("wrong in")


@pytest.mark.usefixtures("unsearched")
def test_an_edit_that_explains_most_cases_of_a_line_is_told():
    (story,) = stories({"input": "(1 - decay) * current + 0.05 * (n_in == 2)",
                        "h_slope": "dpsi(v) + 0.1 * tanh(7 * v)"}, dict(recurrent=False))
    assert story.grade == "held" and story.says == (LEAKY,)
    assert re.match(r"partly holds: with .* in \d+ of the \d+ cases where it is wrong",
                    story.lines["s"])


def test_the_chosen_set_explains_all_its_cases_however_few_trials_are_left(monkeypatch):
    monkeypatch.setattr(unit, "TRIALS", 140)
    monkeypatch.setattr(unit, "RESERVE", 20)
    (story,) = stories({"decay": "decay * decay"}, dict(surrogate=("tanh", "boxcar", "arctan")),
                       "unit,made,rest,start,batch")
    assert story.grade == "confirmed" and len(story.results) > 80


def test_a_wrong_report_of_z_is_no_mistake_of_the_unit():
    def port(case):
        out = run(case.config, case.inputs)
        return {**{name: out[name] for name in ("s", "y", *GRADIENTS)},
                "z": case["x"] @ case["params.W"]}
    (story,) = snu_ref.oracle.check(port, cases="unit-tanh-relu,unit-tanh-tanh").stories
    assert story.says == ("only what is reported as z, v or end.s is wrong, as if the state is not "
                          "carried over",)
    assert story.lines.keys().isdisjoint("sy")
