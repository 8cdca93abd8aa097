"""The check: right ports pass, for wrong ones it names place and cause, nothing is left out
silently."""
import json
import re

import pytest
from helpers.command_runs import start
from helpers.second_port import ECHO, PORT, wrong
from helpers.vectors import ENTRIES

from snu_ref.oracle.comparison.checking import check_cases, not_repeatable
from snu_ref.oracle.comparison.port import open_source


# ---- right ports pass ---------------------------------------------------------------------------

@pytest.mark.parametrize(
    "dtype, patterns",
    [
        ("float64", "hand,edge,rest-*-rec*,unit,batch,stream"),
        ("float32", "hand,edge,rest-*-rec*,unit,batch,stream,long-snu-200"),
    ],
)
def test_a_right_port_passes_whatever_its_order_of_sums(check, dtype, patterns):
    status, text = check(PORT, "--dtype", dtype, "--cases", patterns)
    assert status == 0, text
    assert "PASSED" in text and "so not checked: adj.y" in text


def test_the_reference_passes_its_own_vectors_in_all_families(check):
    status, text = check(ECHO.format("return out"))
    assert status == 0 and f"PASSED: {len(ENTRIES)} cases" in text and " 0 cases skipped" in text
    status, text = check(
        ECHO.format("return out"),
        "--dtype",
        "float32",
        "--cases",
        "rnn,gru,lstm,loss,optimiser,training",
    )
    assert status == 0, text


# ---- wrong ports are named ----------------------------------------------------------------------

@pytest.mark.parametrize(
    "changes, diagnosis, tensor",
    [
        ([("q > 0 for q in v", "q >= 0 for q in v")], r"step\(0\)|v >= 0|at v = 0", "y"),
        (
            [
                ('c["reset_grad"] == "through" and c["lateral_inhibition"]', "False"),
                ('elif c["reset_grad"] == "through"', "elif False"),
            ],
            "constant in the backward pass",
            "start.y|grad",
        ),
        ([("v = s[-1] + b", "v = s[-1] - b")], "b", "v"),
        ([("ds, dy = dz * decay * gate", "ds, dy = 0 * dz")], "from state to state", "start.s"),
    ],
)
def test_a_wrong_port_is_told_what_is_wrong(check, changes, diagnosis, tensor):
    status, text = check(wrong(*changes), "--cases", "hand,edge,unit-tanh-relu*")
    assert status == 1
    first = text[text.index("FAILURE 1"):]
    assert re.search(r"diagnosis: .*(" + diagnosis + ")", first), first
    assert re.search(r"tensor    (" + tensor + ")", first), first
    assert re.search(r"expected .* 0x[0-9a-f]{16}\n", first) and "error  " in first


def test_one_cause_is_one_story_and_all_its_cases_are_named_or_counted(check):
    source = wrong(('out["grad.b"] += dv', 'out["grad.b"] += dv / B'))
    ids = [id for family in ("rest-tanh", "unit-tanh") for id in ENTRIES if id.startswith(family)]
    ids = [*ids[:4], *ids[-11:]]
    for n, more in ((13, ""), (14, "and 1 more"), (15, "and 2 more")):
        text = check(source, "--cases", ",".join(ids[:n]))[1]
        assert f"FAILURE 1 of 1: {n} cases" in text and text.count("also ") == 12, text
        assert more in text and (more or "; --json lists them all" not in text), text


@pytest.mark.parametrize(
    "edits, cases, says",
    [
        (
            {"s_0": "0 * s_0", "y_0": "0 * y_0"},
            "hand-start-state,hand-decay",
            "the initial state is ignored",
        ),
        (
            {"fired": "max(seen, axis=-2)"},
            "unit-tanh-relu-inh,hand-inhibition",
            "the maximum runs over the batch, not over the units",
        ),
    ],
)
def test_a_mistake_that_a_simpler_one_covers_elsewhere_is_one_story(check, edits, cases, says):
    """From rest, an ignored state shows only in its own gradient. With one sample, a maximum over
    the batch shows nowhere."""
    source = ("from snu_ref.oracle.program.step import run\nclass Port:\n    def run(self, case):\n"
              f"        return run(case.config, case.inputs, {edits!r})\n")
    text = check(source, "--cases", cases)[1]
    assert "FAILURE 1 of 1: 2 cases" in text and f"diagnosis: {says}" in text, text


@pytest.mark.parametrize(
    "line, words",
    [
        (
            "out['y'] = out['y'] + 1e-7; return out",
            ["must be equal", "tensor    y"],
        ),  # spikes are exact
        ("out['s'] = out['s'] * float('nan'); return out", ["the first NaN", "tensor    s"]),
        ("out['grad.x'] = out['grad.x'] + float('inf'); return out", ["inf"]),
        (
            "out['start.y'] = out['start.y'] + 1e-300; return out",
            ["tensor    start.y", "must be equal"],
        ),  # should be 0
        ("out['dW'] = out['grad.W']; return out", ["unknown name 'dW'", "grad.W"]),
        ("out['y'] = out['y'][0]; return out", ["y: expected shape (2, 1, 1), got (1, 1)"]),
        ("out['y'] = out['y'].astype('f'); return out", ["y: expected dtype float64, got float32"]),
        ("out['y'] = out['y'] > 0; return out", ["y: expected dtype float64, got bool"]),
        ("out['y'] = [[1.0], [1.0, 2.0]]; return out", ["y: expected an array, got list"]),
        ("return None", ["run returned nothing", "hand-decay-0"]),
        ("return {}", ["run returned nothing"]),
        ("return out['y']", ["run returned ndarray"]),
        (
            "raise RuntimeError('no device')",
            ["run raised RuntimeError: no device (port_under_test.py, line 6)"],
        ),
        ("raise SystemExit(0)", ["run raised SystemExit"]),
    ],
)
@pytest.mark.usefixtures("undiagnosed")
def test_what_cannot_be_compared_is_an_error_that_names_it(check, line, words):
    case = "hand-reset-gradient-detached"
    status, text = check(ECHO.format(line), "--cases", case)
    assert status == 1 and "FAILED" in text
    for word in words:
        assert word.replace("hand-decay-0", case) in text, text
    assert case in text


@pytest.mark.usefixtures("undiagnosed")
def test_small_errors_are_told_from_rounding(check):
    source = ECHO.format("out['grad.W'] = out['grad.W'] * (1 + {}); return out")
    assert check(source.replace("{}", "1e-11"), "--cases", "unit-tanh-relu")[0] == 0
    assert check(source.replace("{}", "1e-9"), "--cases", "unit-tanh-relu")[0] == 1
    assert (
        check(source.replace("{}", "1e-5"), "--cases", "unit-tanh-relu", "--dtype", "float32")[0]
        == 1
    )


STEADY = "out['grad.b'] = out['grad.b'] - 1; return out"


@pytest.mark.parametrize("line, steady", [
    (STEADY, True), ("out['y'] = out['y'] * float('nan'); return out", True),
    ("out['z'] += getattr(self, 'kept', 1); self.kept = out['s'].mean(); return out", False),
    ("out['grad.W'] *= __import__('random').random(); return out", False),
    ("k = getattr(self, 'k', 1); self.k = 3; out['grad.b'] = out['grad.b'] * 0 + k * 1e-14; "
     "return out", False),
    ("self.n = getattr(self, 'n', 0) + 1; 1 / (self.n < 3); " + STEADY, False)],
    ids=["steady", "nan", "a state kept", "random", "small numbers", "a later fault"])
def test_a_port_that_is_not_repeatable_is_found(tmp_path, line, steady):
    (tmp_path / "port.py").write_text(ECHO.format(line))
    source = open_source(f"{tmp_path}/port.py:Port")
    results = list(check_cases(source, [ENTRIES["hand-bias"], ENTRIES["hand-decay"]]))
    assert [r.verdict for r in results] == ["failed", "failed"]
    assert (not_repeatable(source, results) is None) == steady


@pytest.mark.usefixtures("undiagnosed")
def test_a_port_that_is_not_repeatable_is_told_so(check):
    kept = "self.n = getattr(self, 'n', 0) + 1; out['grad.b'] = -self.n * out['grad.b']; return out"
    status, text = check(ECHO.format(kept), "--cases", "hand-bias")
    assert status == 1 and text.count("NOT REPEATABLE  hand-bias gives different numbers") == 1
    assert "NOT REPEATABLE" not in check(ECHO.format(STEADY), "--cases", "hand-bias")[1]


@pytest.mark.usefixtures("undiagnosed")
def test_a_dtype_that_comes_back_is_told_whatever_else_is_wrong(check):
    text = check(ECHO.format("return {'y': out['y'][:0], 'z': out['z'].astype('f')}"), "--cases",
                 "hand-bias")[1]
    assert "y: expected shape" in text and "use --dtype float32" in text, text


# ---- what is left out, expected failures, exit status --------------------------------------------

@pytest.mark.usefixtures("undiagnosed")
def test_nothing_checked_is_no_pass(check):
    status, text = check(
        "class Port:\n    def run(self, case):\n        raise NotImplementedError('later')",
        "--cases", "hand-bias,hand-decay"
    )
    assert status == 1 and "nothing was checked" in text and "later" in text
    assert "skipped, 2 cases" in text
    status, text = check(
        ECHO.format("return {'start.y': out['start.y']}"), "--cases", "unit-tanh-relu-det"
    )
    assert status == 1 and "which proves nothing" in text


@pytest.mark.usefixtures("undiagnosed")
def test_expected_failures(check):
    half = ECHO.format("out['y'] = out['y'] + (case.id == 'hand-bias'); return out")
    assert check(half, "--cases", "hand-b*")[0] == 1
    status, text = check(half, "--cases", "hand-b*", "--expect-fail", "hand-bias")
    assert status == 0 and "failed as expected: hand-bias" in text
    status, text = check(half, "--cases", "hand-b*", "--expect-fail", "hand-bias*")
    assert status == 1 and "hand-bias-kept-out passed, but a failure was expected" in text
    assert check(half, "--expect-fail", "hand-nothing")[0] == 2


def test_the_verdict_is_the_exit_status_of_the_process(tmp_path):
    (tmp_path / "port.py").write_text(ECHO.format("out['y'] = out['y'] + 1; return out"))
    process = start(tmp_path, "check", "port.py:Port", "--cases", "hand-bias")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 1 and "FAILURE 1 of 1" in out and not err


def test_selection_that_matches_nothing(check):
    status, text = check(ECHO.format("return out"), "--cases", "hand,nothing")
    assert status == 2 and "'nothing'" in text


def test_forward_and_backward_apart(check):
    text = (
        "from snu_ref.oracle.cases.reference import outputs_of\n"
        "def forward(case): return {'y': outputs_of(case.config, case.inputs)['y']}\n"
        "def backward(case): return {'grad.W': outputs_of(case.config, case.inputs)['grad.W']}\n"
    )
    status, said = check(text, "--cases", "unit-tanh*", name="")
    assert status == 0 and "PASSED IN PART: 32 cases, 64 tensors" in said


def test_inputs_belong_to_the_port(check):
    status, text = check(
        ECHO.format("[a.fill(0) for a in case.inputs.values()]; return out"), "--cases", "hand"
    )
    assert status == 0, text


@pytest.mark.usefixtures("undiagnosed")
def test_json(check, tmp_path):
    file = tmp_path / "verdict.json"
    status, _ = check(
        ECHO.format("out['s'] = out['s'] * float('nan'); return out"),
        "--cases",
        "hand-b*",
        "--json",
        str(file),
    )
    verdict = json.loads(file.read_text())
    assert status == 1 and verdict["passed"] is False and verdict["version"] == "v1"
    assert [c["verdict"] for c in verdict["cases"]] == ["failed", "failed"]
    assert verdict["cases"][0]["divergence"]["got"] == "nan"
    assert {i for s in verdict["stories"] for i in s["cases"]} == {
        "hand-bias",
        "hand-bias-kept-out",
    }
    status, text = check(ECHO.format("return out"), "--cases", "hand-b*", "--json", "-")
    assert status == 0 and json.loads(text)["passed"] is True


def test_colour_only_on_a_terminal(check):
    assert "\033" not in check(ECHO.format("return out"), "--cases", "hand")[1]
