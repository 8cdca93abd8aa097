"""What the diagnosis says of a wrong forward pass: mistakes, lines that hold, nothing else.

The ports that the diagnosis is measured on are in `blind_ports`, written without its table.
"""
import re

import numpy as np
import pytest
from helpers.vectors import ENTRIES
from helpers.wrong_ports import (SOME, bent_at_random, bent_below_0, causes, from_nothing,
                                 gated_again, port, saturating, strong_at_first, subtracting,
                                 two_in_the_feedback, wavy_v, wavy_z_without_reset,
                                 weaker_after_a_spike, with_a_bias)

from snu_ref import oracle
from snu_ref.oracle.diagnosis import unit
from snu_ref.oracle.diagnosis.sets import Spent, spend
from snu_ref.oracle.program.step import run


def test_what_no_table_has_is_not_named_and_what_stands_beside_it_is_held():
    """No edit explains z, and b is subtracted: only the line of v is named."""
    def odd(case):
        i = case.inputs
        s, y = i["state.s"], i["state.y"]
        out = {"z": [], "s": [], "v": [], "y": []}
        for x in i["x"]:
            z = np.sin(3 * x) @ case.params["W"] + 0.1 * x.sum()
            z = z + case.params["decay"] * s * (1 - y) ** 3
            s = np.maximum(z, 0)
            v = s - case.params["b"]
            y = (v > 0).astype(float)
            for name, a in zip("zsvy", (z, s, v, y)):
                out[name].append(a)
        return {name: np.array(a) for name, a in out.items()}
    (cause, *_) = causes(odd, ["unit-tanh-relu", "unit-arctan-relu"])
    assert cause.grade == "held" and cause.lines["z"].startswith("wrong")
    assert cause.lines["s"] == "holds"
    assert cause.says == ("b is subtracted (as a threshold)",)


@pytest.mark.parametrize("step, cases, says", [
    (saturating, "unit-tanh-identity,unit-boxcar-identity,unit-tanh-leakyrelu",
     {"the state is clamped to at most 0.75"}),
    (gated_again, "rest-sigmoid-tanh,unit-sigmoid-relu,unit-tanh-relu",
     {"the gate is computed from step(s_before + b), not from y_before, and no gradient flows "
      "through it"}),
    (two_in_the_feedback, "unit-tanh-relu-rec,unit-boxcar-tanh-rec,rest-tanh-relu-rec",
     {"y H is multiplied by 1 - decay", "the diagonal of H is left out"}),
    (with_a_bias, "unit-tanh-relu,unit-boxcar-relu,rest-tanh-tanh",
     {"a constant for each unit is added to z, like a layer's bias"}),
])
def test_mistakes_of_the_forward_pass_are_named(step, cases, says):
    verdict = oracle.check(port(step, "s", "y"), cases=cases)
    assert verdict.stories and all(set(story.says) == says for story in verdict.stories)


def test_what_was_found_is_the_base_of_the_next_search():
    """y alone: b is subtracted, which the cases from rest tell; the initial state is ignored."""
    verdict = oracle.check(port(from_nothing, "y"), cases="rest-sigmoid-*,unit-sigmoid-*",
                           can=dict(unit="snu", h="sigmoid", recurrent=False,
                                    lateral_inhibition=False, returns=("y",)), made=0)
    assert [set(story.says) for story in verdict.stories] == [
        {"b is subtracted (as a threshold)", "the initial state is ignored"}]


def test_a_state_after_its_reset_is_undone():
    """A port whose state is that after the reset subtracts the threshold: the lines are read."""
    verdict = oracle.check(port(subtracting, "s", "y"), cases="rest,unit", made=0, can=dict(
        unit="snu", h="step", reset_grad="detached", recurrent=False, lateral_inhibition=False,
        state="after reset", returns=("s", "y")))
    assert verdict.stories[0].grade == "confirmed" and "soft reset" in verdict.stories[0].says[0]


def test_each_line_that_was_returned_is_told():
    (cause, *_) = causes(port(wavy_v, "s", "v", "y"), ["unit-tanh-relu", "unit-boxcar-relu"])
    assert not cause.says and cause.lines["s"] == cause.lines["y"] == "holds"
    assert cause.lines["v"].startswith("wrong")


def test_a_line_that_is_much_nearer_with_an_edit_is_said_to_have_another_mistake():
    """Without a reset z is much nearer to the port's; with larger waves it is not."""
    def wavier(x, s, y, W, b, decay, g, h, **_):
        s = g(x @ W + 0.3 * np.sin(7 * x @ W) + decay * s)
        return {"s": s, "y": h(s + b)}
    ids = ["unit-tanh-relu", "rest-tanh-tanh"]
    (cause, *_) = causes(port(wavy_z_without_reset, "s", "y"), ids)
    assert cause.grade == "held" and cause.says == ("the state is never reset",)
    assert cause.lines["s"].startswith("nearly holds") and cause.lines["y"] == "holds"
    (cause, *_) = causes(port(wavier, "s", "y"), ids)
    assert not cause.says and cause.lines["s"].startswith("wrong")


@pytest.mark.usefixtures("unsearched")
@pytest.mark.parametrize("step, told", [
    (weaker_after_a_spike, "wrong only in the step after a spike of the unit ("),
    (bent_below_0, "wrong only where s < 0 ("),
    (strong_at_first, "wrong at the first step; from the second step on it holds"),
    (bent_at_random, "")])
def test_the_place_where_a_line_is_wrong_is_told_if_it_is_exact(step, told):
    """All wrong numbers are there, in all cases asked; no place is told if there is no such one."""
    (cause,) = causes(port(step, "s", "y"), ["unit-tanh-identity", "unit-boxcar-tanh",
                                             "rest-tanh-tanh", "unit-tanh-leakyrelu"])
    assert told in cause.lines["s"] and ("wrong only" in cause.lines["s"]) == ("only" in told)


@pytest.mark.parametrize("trials", [20, 120, 300])
def test_a_check_without_trials_ends_and_claims_nothing_wrong(trials, monkeypatch):
    """The budget counts all runs; the report claims nothing about edits that were not run."""
    monkeypatch.setattr(unit, "TRIALS", trials)
    monkeypatch.setattr(unit, "RESERVE", 10)
    for step in (saturating, wavy_v):
        verdict = oracle.check(port(step, "s", "y"), cases="unit-tanh-identity,unit-boxcar-relu")
        assert all(set(story.says) <= {"the state is clamped to at most 0.75"}
                   for story in verdict.stories) and verdict.stories
        if trials == 20:        # not all edits were tried, so the report may not say so
            assert "the limit of trials was reached" in str(verdict)
            assert "no known" not in str(verdict)
    budget = {"left": 1}
    spend(budget)
    with pytest.raises(Spent):
        spend(budget)


def test_a_number_in_a_line_of_bits_is_not_held():
    """Any k in a range gives the same spikes, so the gradients have to confirm it."""
    def odd(case):
        out = run(case.config, case.inputs, {"leak": "decay * tanh(s_before * s_before)"})
        out = {"s": out["s"], "y": out["y"]}
        nearest = np.abs(out["s"] + case.inputs["params.b"]).argmin()
        out["y"].flat[nearest] = 1 - out["y"].flat[nearest]
        return out
    (cause,) = causes(odd, ["unit-tanh-identity"])
    assert not any("multiplied by" in text for text in (*cause.says, cause.lines["y"]))


def test_a_port_with_dropout_is_told_which_lines_hold():
    rng = np.random.default_rng(0)

    def step(x, **names):
        return saturating(x * (rng.random(x.shape) > 0.5), **{**names, "g": np.tanh})
    verdict = oracle.check(port(step, "s", "y"), cases="rest-tanh-tanh,unit-boxcar-tanh")
    (story,) = verdict.stories
    assert verdict.unsteady and story.lines["y"] == "holds" and not (story.grade or story.says)


def test_no_edit_is_told_of_a_port_that_keeps_its_state():
    """Its gradients of the initial state are 0, as it ignores that state: no mistake of its own.
    """
    kept = {}

    def run_port(case):
        start = kept.get(case.inputs["state.s"].shape, {})
        out = run(case.config, {**case.inputs, **start})
        kept[out["end.s"].shape] = {"state.s": out["end.s"], "state.y": out["end.y"]}
        return {name: 0 * a if name.startswith("start") else a for name, a in out.items()
                if name in case.outputs}
    verdict = oracle.check(run_port, cases="unit-tanh-relu,unit-boxcar-relu,unit-tanh-tanh,"
                           "hand-input,hand-decay,default-snu-rest,rest-tanh-relu,edge-*-det")
    assert verdict.unsteady and verdict.stories
    assert not any(story.grade == "held" or "initial" in "".join(story.says)
                   for story in verdict.stories)


def test_cases_at_boundaries_alone_propose_nothing():
    """Many edits fit a case in which little happens, so the report does not list them."""
    def odd(case):
        return run(case.config, case.inputs,
                   {"y": "step(v) + 0.7 * (1 - positive(v) - positive(-v))"})
    some = [id for id, e in ENTRIES.items() if e["family"] in ("hand", "edge", "default")
            and e["config"]["unit"] == "snu" and e["config"]["h"] == "step"]
    found = causes(odd, some)
    assert found and {r.entry["family"] for c in found for r in c.results} <= {"hand", "edge"}
    assert not any(cause.says for cause in found)


def test_two_runs_say_the_same():
    def unsigned(case):
        return run(case.config, case.inputs, {"leak": "decay * s_before", "v": "s - b"})
    first, second = (causes(unsigned, SOME) for _ in range(2))
    assert [c.says for c in first] == [c.says for c in second] and first[0].grade == "confirmed"


@pytest.mark.usefixtures("unsearched")
def test_an_edit_that_holds_at_the_first_step_too_is_told():
    """From the second step on the line may hold without it, if few units fire together."""
    def port(case):
        out = run(case.config, case.inputs, {"fired": "clip(sum(seen), 0, 1)",
                                             "v": "s + b + 0.2 * tanh(9 * s)"})
        return {name: out[name] for name in ("s", "y")}
    (cause,) = causes(port, [id for id in ENTRIES if id.startswith("unit-") and "-inh" in id
                             and "-rec" not in id][:12])
    assert cause.lines["s"] == 'holds with "the gate uses min(1, sum_j y_j) instead of max_j y_j"'


@pytest.mark.usefixtures("unsearched")
def test_neither_an_edit_that_fails_after_the_first_step_nor_a_dx_that_gave_dz_is_told():
    """Some edits give the first step of a port that starts from 0; any dx gives a dz."""
    def port(case):
        out = run(case.config, case.inputs, {"s_0": "0 * s_0", "y_0": "0 * y_0",
                                             "v": "s + b + 0.2 * tanh(9 * s)"})
        return {name: out[name] for name in case.outputs if name not in ("z", "v")
                and not name.startswith("adj.")}
    (cause,) = causes(port, [id for id in ENTRIES if re.fullmatch("unit-[a-z]+-relu(-det)?", id)])
    assert cause.lines["s"].startswith("wrong at the first step")
    assert "dx" not in cause.lines and "dW" in cause.lines
