"""A port with `can`: the check runs the cases that fit, and new ones that are made to fit."""
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from helpers import can_ports
from helpers.can_ports import LIF, Clamped, Detached, Lif, Own, Triple, Wrong, reference
from helpers.vectors import ENTRIES

import snu_ref
from snu_ref.__main__ import main
from snu_ref.oracle.cases.abilities import KEYS, declared
from snu_ref.oracle.cases.reference import outputs_of


# ---- right and wrong ports ----------------------------------------------------------------------

@pytest.mark.parametrize("port, least", [(Lif, 10), (Own, 5)])
def test_a_right_port_passes_and_the_verdict_says_what_it_was_not_asked(port, least):
    verdict = snu_ref.oracle.check(port)
    made = [r for r in verdict.results if r.id.startswith("made-")]
    assert verdict.passed and verdict.in_part, str(verdict)
    assert len(made) == least and all(r.verdict == "passed" for r in made)
    text = str(verdict)
    assert "PASSED IN PART: " in text and "h = sigmoid" in text and "g = relu" in text
    assert max(map(len, text.splitlines())) <= 100
    assert any("grad.b" in said for said in verdict.not_proved) == (port is Lif)


def test_a_wrong_slope_is_named_with_one_answer_where_without_made_cases_one_case_fails():
    verdict = snu_ref.oracle.check(Wrong)
    assert not verdict.passed and not verdict.in_part
    story, = verdict.stories
    assert story.says == ("the surrogate is that of arctan, 1 / (1 + (pi v)^2)",)
    assert not story.others and {r.id for r in story.results} >= {
        f"made-tanh-identity-det-{i}" for i in range(1, 5)}
    assert sum(r.verdict == "failed" for r in snu_ref.oracle.check(Wrong, made=0).results) == 1


def test_what_is_equal_under_the_declared_options_is_no_alternative():
    """Where y is 0 or 1, a rounded gate and a state erased wherever y > 0 are the same."""
    def run(case):
        found = outputs_of({**case.config, "reset_grad": "detached"}, case.inputs)
        return {name: found[name] for name in case.outputs}
    can = dict(LIF, surrogate="tanh", reset_grad="through", decay="by unit", b="by unit",
               returns=("y", "grad.W", "grad.x", "grad.b"))
    story, = snu_ref.oracle.check(run, "made", can=can).stories
    assert story.grade == "confirmed" and "y > 0" not in str(story.others)
    assert story.says == ("the reset gate is a constant in the backward pass: no gradient flows "
                          "through it",)


@pytest.mark.usefixtures("undiagnosed")
def test_what_a_port_that_is_wrong_in_its_own_start_does_is_seen():
    class Zero(Own):
        def run(self, case):
            return {**super().run(case), "start.s": 0 * case["state.s"]}
    assert not snu_ref.oracle.check(Zero, "made").passed


def rounded(bits):
    """Round weights to `bits` bits of mantissa, including the leading one."""
    def round_to(a):
        mantissa, exponent = np.frexp(a)
        return np.ldexp(np.round(mantissa * 2.0 ** bits) / 2.0 ** bits, exponent).astype(a.dtype)
    return round_to


@pytest.fixture
def failing(undiagnosed):
    """(port, ...) -> the ids of the cases that fail, without a diagnosis."""
    return lambda *port, **options: {r.id for r in snu_ref.oracle.check(*port, **options).results
                                     if r.verdict == "failed"}


@pytest.mark.parametrize("weights", [
    rounded(8), rounded(11), lambda W: W.astype(np.float16).astype(W.dtype),
    lambda W: (np.round(W * 128) / 128).astype(W.dtype)],
    ids=["bfloat16", "TF32", "float16", "1/128"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounded_weights_are_found_by_vectors_and_by_made_cases(weights, dtype, failing):
    class Short(Lif):
        def weights(self, W):
            return weights(W)
    assert failing(Short, dtype=dtype) >= {"start-equal-tanh-identity-det", *(
        f"made-{s}-identity-det-{i}" for s in ("tanh", "arctan") for i in range(1, 5))}


@pytest.mark.parametrize("axis", ["units", "inputs", "samples"])
@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_a_vector_loop_that_forgets_what_is_left_over_is_found_by_tail_cases(axis, lanes, failing):
    def run(case):
        if not case.id.startswith(("tail-", "start-rest-", "unit-")) or case.config["recurrent"]:
            raise NotImplementedError("others")
        inputs = {name: a.copy() for name, a in case.inputs.items()}
        T, B, m = inputs["x"].shape
        n = inputs["params.b"].size
        if axis == "units" and n > lanes:
            inputs["params.W"][:, n - n % lanes:] = 0
        elif axis == "inputs" and m > lanes:
            inputs["x"][:, :, m - m % lanes:] = 0
        elif axis == "samples" and B > lanes:
            inputs["x"][:, B - B % lanes:] = 0
        case.inputs = inputs
        return {"y": reference(case)["y"]}
    assert failing(run, "tail") or (axis == "samples" and lanes > 4)
    if lanes > 4 and axis != "samples":
        assert not failing(run, "unit-tanh-*")  # no other vector shows this


@pytest.mark.usefixtures("undiagnosed")
@pytest.mark.parametrize("shape, passes", [((), True), ((1,), True), ((3,), True),
                                           ((2, 3), False)])
def test_the_gradient_of_one_number_comes_as_one_or_as_one_for_each_unit(shape, passes):
    def run(case):
        out = reference(case)
        total = np.asarray(out["grad.decay"].sum())
        return {"y": out["y"], "grad.decay": np.broadcast_to(total / max(np.prod(shape), 1), shape)}
    can = dict(LIF, start="any", returns=("y", "grad.decay"))
    verdict = snu_ref.oracle.check(run, "made-tanh-identity-det-1", can=can)
    assert verdict.passed == passes
    assert passes or "grad.decay: expected one number or one for each unit" in str(verdict)


# ---- bad declarations ---------------------------------------------------------------------------

@pytest.mark.parametrize("can, word", [
    ([], "expected a dict, got list"),
    (dict(units="snu"), "unknown key 'units'; the keys are unit, h"),
    (dict(g="gelu"), "can: g: expected one of 'relu', 'leaky_relu'"),
    (dict(g=()), "got none"), (dict(recurrent=1), "expected one of False, True, got 1"),
    (dict(decay=0.5), "'by unit', 'shared'"),
    (dict(start=("rest", "any")), "start: expected one of"),
    (dict(returns="dW"), "returns: expected one of"),
    (dict(dtype="float16"), "'float64', 'float32'"),
    (dict(h="sigmoid", surrogate="tanh"), "only h = 'step' has one"),
    (dict(state="after reset", start="own"), "cannot be computed"),
    (dict(recurrent=False, returns=("y", "grad.H")), "recurrent = False"),
    (dict(start="own", returns="start.y"), "start.y"),
    (dict(state="after reset", returns=("y", "adj.s")), "adj.s"),
    (dict(unit="gru", g="tanh"), "only the unit"),
])
def test_wrong_declarations_list_what_there_is(can, word):
    with pytest.raises(ValueError, match="can: ") as error:
        snu_ref.oracle.check(reference, "hand-input", can=can)
    assert word in str(error.value)
    assert set(declared({}, {})) == set(KEYS)


@pytest.mark.parametrize("can, word", [
    (dict(returns=("y", "grad.x", "s")), "unknown name 'z'; this case has s, y, grad.x"),
    (dict(dtype="float32"), "expected dtype float32, got float64")])
def test_what_comes_back_and_was_not_declared_is_an_error(can, word):
    def run(case):
        return {name: a.astype("float64") for name, a in reference(case).items()}
    verdict = snu_ref.oracle.check(run, "hand-input", can=can)
    assert not verdict.passed and word in str(verdict)


def test_what_was_declared_and_does_not_come_back_is_an_error():
    verdict = snu_ref.oracle.check(lambda case: {"y": reference(case)["y"]}, "hand-input",
                                   can=dict(returns=("y", "grad.W")))
    assert not verdict.passed and "`can` has grad.W in returns, but" in str(verdict)


def test_dtype_overrides_can_and_the_report_says_so():
    verdict = snu_ref.oracle.check(Lif, "made", dtype="float64")
    assert verdict.passed and "float64 (--dtype; `can` says float32)" in str(verdict)
    assert verdict.as_dict()["dtype"] == "float64"


# ---- what a port does with its state and its gradients -----------------------------------

def test_a_gate_without_gradient_is_told_as_such_although_rounding_it_does_the_same():
    text = str(snu_ref.oracle.check(Detached, "made"))
    assert "diagnosis: the reset gate is a constant in the backward pass" in text, text


def test_a_decay_that_is_clamped_is_told_as_such():
    text = str(snu_ref.oracle.check(Clamped, seed=1))
    assert "diagnosis: ddecay is 0 where the decay is 0 or 1" in text and "decay     " in text


@pytest.mark.usefixtures("undiagnosed")
def test_a_gradient_that_is_one_number_and_wrong_is_a_verdict():
    text = str(snu_ref.oracle.check(Triple, "made"))
    assert "wrong: grad.decay; right: s, y" in text, text


# ---- in a port's own tests ----------------------------------------------------------------------

PORT_TESTS = """
    import pytest, snu_ref
    from helpers.can_ports import Lif, Wrong

    @pytest.mark.parametrize("case", snu_ref.oracle.case_ids(Lif, made=1))
    def test_lif(case):
        verdict = snu_ref.oracle.check(Lif, case); assert verdict.passed, str(verdict)

    @pytest.mark.parametrize("case", snu_ref.oracle.case_ids(Wrong, made=1))
    def test_wrong(case):
        known = ["made-tanh-*"] if case.startswith("made-tanh") else ()
        verdict = snu_ref.oracle.check(Wrong, case, expect_fail=known)
        assert verdict.passed, str(verdict)
"""


def test_a_ports_own_pytest_with_an_expected_failure(tmp_path):
    (tmp_path / "test_port.py").write_text(textwrap.dedent(PORT_TESTS))
    path = [str(Path(__file__).parents[1]), *sys.path]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", str(tmp_path)], cwd=tmp_path,
                          capture_output=True, text=True, timeout=600,
                          env={**os.environ, "PYTHONPATH": ":".join(path)})
    assert "2 failed" in done.stdout and "8 passed" in done.stdout, done.stdout  # vector and edge
    assert "PASSED IN PART" not in done.stdout and "FAILURE 1 of 1" in done.stdout


@pytest.mark.parametrize("expect, word", [
    (["hand-input"], "was not run: outside what `can` declares"),
    (["made-tanh-relu-1"], "no case or family is called"), (["unit-nope"], "no case or family"),
    (["rest"], "outside"), (("made-x",), "case_ids(adapter) shows them all")])
def test_an_expected_failure_that_is_not_run_is_an_error(expect, word):
    with pytest.raises(ValueError, match="--expect-fail") as error:
        snu_ref.oracle.check(Lif, expect_fail=expect)
    assert word in str(error.value)
    with pytest.raises(ValueError, match="--cases does not select it"):
        snu_ref.oracle.check(Lif, "made", expect_fail="start-equal-tanh-identity-det")


@pytest.mark.parametrize("wrong", [
    dict(made=1.5), dict(made="4"), dict(seed=None), dict(seed="a"), dict(made=True),
    dict(cases=3), dict(expect_fail=None), dict(expect_fail=[3])])
def test_an_argument_of_another_type_is_an_error_that_names_it(wrong):
    with pytest.raises(TypeError, match=f"{next(iter(wrong)).replace('_', '-')}: expected"):
        snu_ref.oracle.check(Lif, **wrong)


@pytest.mark.parametrize("wrong", [dict(made=-1), dict(seed=-1), dict(dtype="half"), dict(dtype=3)])
def test_an_argument_out_of_range_is_an_error_that_names_it(wrong):
    for function in (snu_ref.oracle.check, snu_ref.oracle.case_ids):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
            function(Lif, **wrong)


def test_a_file_whose_adapter_is_a_class_is_told_its_name():
    with pytest.raises(ValueError, match="name the class as well: .*can_ports.py:Lif"):
        snu_ref.oracle.check(can_ports.__file__)


def test_a_pass_with_expected_failures_alone_does_not_say_that_all_is_right():
    id = next(id for id in snu_ref.oracle.case_ids(Triple) if id.startswith("made-tanh"))
    text = str(snu_ref.oracle.check(Triple, id, expect_fail={id}))
    assert "PASSED: 0 cases, 0 tensors" in text and "except for the expected failures" in text


def test_every_kind_of_adapter_gives_the_same_verdict():
    module = type(sys)("port")
    module.run, module.can = Lif().run, Lif.can

    def run(case):
        return Lif().run(case)
    run.can = Lif.can
    texts = [str(snu_ref.oracle.check(port, "made")).split("\n", 1)[1]
             for port in (Lif, Lif(), module, run, f"{can_ports.__file__}:Lif")]
    assert len(set(texts)) == 1


def test_errors_show_the_ports_own_line_and_prints_are_kept_out(capsys):
    def run(case):
        print("loading\x1b[31m", case.id)
        return {"y": np.einsum("ab,bc->ac", np.ones((2, 3)), np.ones((4, 2)))}     # the line
    verdict = snu_ref.oracle.check(run, "hand-input,hand-decay")
    text = str(verdict)
    source = Path(__file__).read_text().splitlines()
    here = next(i for i, line in enumerate(source, 1) if line.endswith("     # the line"))
    assert f"(test_check_can.py, line {here}): return" in text
    assert capsys.readouterr().out == "" and "the port printed 2 lines:\n  | loading" in text
    assert verdict.as_dict()["printed"] == [
        f"loading\\x1b[31m {id}" for id in ("hand-input", "hand-decay")]


def test_the_dict_has_the_keys_that_its_docstring_names():
    verdict = snu_ref.oracle.check(Wrong)
    found = json.loads(json.dumps(verdict.as_dict()))
    text = type(verdict).as_dict.__doc__
    for key in (*found, *found["cases"][0], *found["stories"][0]):
        assert key in text, key
    assert found["can"]["state"] == "after reset" and found["made"] == 4 and not found["in_part"]


def test_the_list_as_json(capsys):
    assert main(["vectors", "list", "--cases", "tail", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [e["id"] for e in listed] == [id for id in ENTRIES if id.startswith("tail-")]
    assert listed[0]["config"]["g"] == "relu" and listed[0]["outputs"]["y"] == [4, 5, 37]
