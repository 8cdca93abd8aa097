"""What the diagnosis says of wrong gradients, alone and beside a wrong forward pass."""
import numpy as np
import pytest
from helpers.vectors import ENTRIES, case_of
from helpers.wrong_ports import backward_port, causes

from snu_ref.oracle.diagnosis.backward import Steps
from snu_ref.oracle.diagnosis.numbers import shortest
from snu_ref.oracle.diagnosis.seen import Seen
from snu_ref.oracle.diagnosis.sets import Edits, Whole
from snu_ref.oracle.mistakes.edit import TABLE
from snu_ref.oracle.program.backward import run_backward
from snu_ref.oracle.program.step import Run, run


def test_the_gradients_of_a_wrong_forward_pass_are_no_further_mistakes():
    """Those of a port without reset and with a wavy z lack the gate; that is no mistake of theirs.
    """
    def odd(case):
        return run(case.config, case.inputs, {
            "leak": "decay * s_before", "input": "x @ W + 0.01 * tanh(9 * (x @ W))"})
    (cause, *_) = causes(odd, ["unit-tanh-relu", "unit-boxcar-relu", "rest-tanh-relu"])
    assert cause.says == ("the state is never reset",)
    assert not any(text.startswith("holds with") for text in cause.lines.values())


def test_a_clipped_gradient_is_found_beside_one_that_is_missing():
    """An edit that makes a tensor right, but not the last wrong step, is no progress."""
    def clipped(case):
        i, c = case.inputs, case.config
        found = run(c, i)
        traces = {name: found[name] for name in "zsvy"}
        back = run_backward(c, i, traces, {"dz": "clip(ds * g_slope, -0.3, 0.3)"})
        return {"s": found["s"], "y": found["y"], "start.s": 0 * back["start.s"],
                "start.y": 0 * back["start.y"],
                **{name: a for name, a in back.items() if name.startswith("grad.")}}
    (cause, *others) = causes(clipped, ["unit-tanh-relu", "unit-arctan-relu", "rest-tanh-relu"])
    assert not others and any("is clipped to [-0.3, 0.3]" in text for text in cause.says)
    assert "the gradient of the initial state is 0" in cause.says and len(cause.says) == 2


@pytest.mark.parametrize("back, forward, says", [
    # the last step shows a wrong slope, because no reset follows it
    ({"h_slope": "0.4 / (1 + 25 * abs(v))**2", "through_gate": "0.3 * v * dz_after"}, None,
     {"the surrogate is 1 / (1 + 25 |v|)^2 (snnTorch 0.9, fast_sigmoid), multiplied by 0.4"}),
    # a wrong sum is named, although the steps are not explained
    ({"dW": "sum(outer(x[:-1], dz[1:]))", "through_leak": "0.3 * v * dz_after"}, None,
     {"dW uses x of the step before"}),
    # backward lines that may follow from a known mistake of the forward pass are not named
    ({"through_H": "dz_after @ H", "end_s": "0.7 * dL_ds_end * v", "ddecay": "sum(dz * s_before)"},
     {"decay": "1 - decay"}, {"1 - decay is used instead of the decay"}),
])
def test_backward_lines_are_told_beside_what_no_table_has(back, forward, says):
    ids = ["unit-tanh-tanh-rec", "unit-tanh-identity-rec", "unit-boxcar-identity-rec"]
    (cause,) = causes(backward_port(back, forward=forward), ids)
    assert cause.grade == "held" and set(cause.says) == says, cause.lines
    assert cause.lines["s"].startswith("holds") and cause.lines.get("dz", "")[:5] != "holds"


def test_a_dx_that_is_multiplied_by_a_number_is_told_beside_what_no_table_has():
    """If dW is right, so is dL/dz: a wrong dx must not be taken for a wrong dL/dz."""
    back = {"dx": "2 * dz @ W.T", "db": "sum(dv * tanh(3 * v))"}
    names = "s", "y", "grad.W", "grad.b", "grad.decay", "grad.x", "start.s"
    (cause,) = causes(backward_port(back, *names), [
        "unit-tanh-identity", "unit-boxcar-identity", "start-rest-boxcar-identity"])
    assert cause.grade == "held" and cause.says == ("dx is multiplied by 2",)
    assert cause.lines["dz"] == cause.lines["ddecay"] == "holds"
    assert cause.lines["db"].startswith("wrong")


@pytest.mark.usefixtures("unsearched")
def test_a_sum_of_wrong_terms_is_not_called_wrong():
    """db is the sum of dv. If dv may be wrong, nothing is known of the sum."""
    (cause,) = causes(backward_port({"h_slope": "0.4 + 0.3 * tanh(9 * v)"}, "s", "y", "grad.x",
                                    "grad.W", "grad.b"), ["unit-tanh-tanh", "unit-arctan-tanh"])
    assert cause.lines["dz"].startswith("wrong") and "db" not in cause.lines


@pytest.mark.parametrize("back, says", [
    ({"h_slope": "2.0 * (abs(v) < 0.3)"}, "the surrogate is 1 for |v| < 0.3, multiplied by 2"),
    ({"h_slope": "0.3 * maximum(0, 1 - 2 * abs(v))"},
     "the surrogate is max(0, 1 - 2 |v|), multiplied by 0.3"),
    ({"h_slope": "exp(-3.125 * v**2) / 3"},
     "the surrogate is exp(-3.125 v^2), multiplied by 0.333333"),
    ({"dx": "2 * dz @ W.T"}, "dx is multiplied by 2")])
def test_widths_heights_and_factors_are_fitted(back, says):
    ids = ["unit-tanh-identity", "unit-boxcar-identity", "start-rest-boxcar-identity"]
    names = "s", "y", "grad.W", "grad.b", "grad.decay", "grad.x"    # not dL/dz itself
    (cause,) = causes(backward_port(back, *names), ids)
    assert cause.grade == "confirmed" and cause.says == (says,), cause


def test_the_slope_of_g_is_known_also_where_dL_ds_is_0():
    inputs, right = case_of("unit-boxcar-identity")
    assert (right["adj.s"] == 0).any()
    whole = Whole(Seen("", "", ENTRIES["unit-boxcar-identity"]["config"], inputs, right, 1e-10),
                  {"left": 100})
    assert (Steps(whole, Edits((), "by hand")).terms(())[3] == 1).all()


def test_a_number_that_is_no_short_decimal_stays_exact():
    assert shortest(1 / 3, lambda k: abs(k - 1 / 3) < 1e-9) == 1 / 3
    assert shortest(0.25000001, lambda k: abs(k - 0.25) < 1e-6) == 0.25
    assert shortest(0.3, lambda k: False) is None


def test_the_factor_between_dx_and_dz_is_known_also_with_fewer_inputs_than_units():
    inputs, right = case_of("rest-tanh-relu")
    W = inputs["params.W"]
    assert W.shape[0] < W.shape[1]
    decayed = next(e for e in TABLE["FORWARD"] if e.said() == "the decay also multiplies x W")
    whole = Whole(Seen("", "", ENTRIES["rest-tanh-relu"]["config"], inputs,
                       {"grad.x": right["grad.x"]}, 1e-10), {"left": 100})
    dz, m, _ = whole.dz(Edits((decayed,)))
    assert dz is None and np.allclose(m, inputs["params.decay"], rtol=0, atol=1e-13)


def test_edits_of_a_line_that_is_edited_already_are_merged_or_left_out():
    inputs, _ = case_of("unit-tanh-relu")
    config, wrong = ENTRIES["unit-tanh-relu"]["config"], {"dx": "dz @ W.T * 3", "db": "0 * b"}
    traces = Run(config, inputs, {}).computed()
    got = {name: a for name, a in run_backward(config, inputs, traces, wrong).items()
           if name.startswith("grad")}
    for e in TABLE["HAND"]:
        if e.slot == "dx" and not e.fitted and e.applies(config, inputs):
            whole = Whole(Seen("", "", config, inputs, got, 1e-10), {"left": 1000})
            sets = Steps(whole, Edits((), "by hand", (e,)), 900).sets()
            assert all(one.backward[0] == e for one in sets)


@pytest.mark.usefixtures("unsearched")
def test_a_case_of_one_step_does_not_speak_against_a_line():
    port = backward_port({"dW": "sum(outer(tanh(x), dz))"},
                         forward={"leak": "decay * s_before + b * y_before"})
    (cause,) = causes(port, ["unit-tanh-identity", "unit-boxcar-identity", "hand-surrogate-tanh"])
    assert cause.lines["z"].startswith("holds with") and cause.lines["s"] == "holds"


def test_a_dz_of_zero_tells_nothing():
    """An input that comes a step late has dL/dx = 0 at the last step; no slope is 0."""
    def port(case):
        out = run(case.config, case.inputs, {"input": "x_before @ W",
                                             "leak": "decay * tanh(s_before * s_before)"})
        return {name: a for name, a in out.items() if name in case.outputs and "adj" not in name}
    (cause,) = causes(port, ["unit-tanh-relu", "unit-tanh-tanh", "unit-boxcar-identity"])
    assert not any("gradient" in text or "slope" in text for text in cause.says), cause.says


def test_four_backward_mistakes_beside_one_of_the_forward_pass_are_named():
    back = {"through_H": "dz_after @ H", "dW": "sum(outer(x, ds))", "start_s": "0", "end_y": "0"}
    (cause,) = causes(backward_port(back, forward={"leak": "(1 - decay) * s_before * gate"}),
                      ["unit-tanh-tanh-rec", "unit-tanh-relu-rec", "unit-arctan-leakyrelu-rec"])
    assert cause.grade == "confirmed" and len(cause.says) == 5


def test_a_port_that_returns_gradients_of_parameters_alone_is_diagnosed():
    back = {"h_slope": "1 / (1 + 25 * abs(v))**2"}
    (cause,) = causes(backward_port(back, "s", "y", "grad.W", "grad.b"),
                      ["unit-tanh-relu", "unit-tanh-tanh", "unit-boxcar-relu"])
    assert cause.grade == "confirmed" and "1 / (1 + 25 |v|)^2" in cause.says[0]


def test_a_slope_is_found_where_the_dz_of_the_port_is_not_known():
    """It then changes the terms of all earlier steps too."""
    inputs, _ = case_of("edge-kink-tanh-relu-det")
    config = ENTRIES["edge-kink-tanh-relu-det"]["config"]
    got = {name: a for name, a in run_backward(config, inputs, Run(config, inputs, {}).computed(), {
        "g_slope": "z >= 0"}).items() if name.startswith("grad")}
    whole = Whole(Seen("", "", config, inputs, got, 1e-10), {"left": 1000})
    steps = Steps(whole, Edits(form="by hand"))
    said = {e.said() for some in steps.walks() for e in some}
    assert steps.dz is None and "the slope of relu at z = 0 is 1, not 0" in said
