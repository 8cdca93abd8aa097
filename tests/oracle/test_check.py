"""The check of a port: right ones pass, wrong ones are told where and why, nothing passes in
silence."""

import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.command_runs import start
from helpers.vectors import ENTRIES, case_of, copied

from snu_ref.__main__ import main
from snu_ref.oracle.comparison.checking import check_cases, not_repeatable
from snu_ref.oracle.comparison.compare import compare, ulps
from snu_ref.oracle.cases.reference import outputs_of
from snu_ref.oracle.comparison.port import open_source
from snu_ref.oracle.comparison.verdict import diagnosis


# A second implementation of the unit: one sample at a time, sums from the last term to the first,
# and
# other forms of the same functions. {..} are places where the tests put mistakes.
PORT = """
import numpy as np

PSI = {"tanh": lambda v: 4 / (np.exp(np.minimum(abs(v), 40)) + np.exp(-np.minimum(abs(v), 40))) **
2,
       "boxcar": lambda v: 1.0 if abs(v) < 0.5 else 0.0, "triangle": lambda v: max(1 - abs(v), 0),
       "arctan": lambda v: 1 / (1 + np.pi * v * (np.pi * v)), "fast_sigmoid": lambda v: (1 +
       abs(v)) ** -2.0}
G = {"relu": lambda z: z if z > 0 else 0 * z, "leaky_relu": lambda z: z if z > 0 else z / 10,
     "identity": lambda z: z, "tanh": lambda z: np.tanh(z)}
DG = {"relu": lambda z: 1.0 * (z > 0), "leaky_relu": lambda z: 1.0 if z > 0 else 0.1, "identity":
lambda z: 1.0,
      "tanh": lambda z: 1 / np.cosh(z) ** 2}


def dot(a, b, kind):
    total = kind(0)
    for p, q in list(zip(a, b))[::-1]:
        total = kind(total + p * q)
    return total


def sigmoid(v, kind):
    e = np.exp(-abs(v))
    return kind(1 / (1 + e) if v > 0 else e / (1 + e))


class Port:
    def run(self, case):
        c, p = case.config, case.params
        if c["unit"] != "snu":
            raise NotImplementedError("only the SNU")
        kind, x = case.dtype.type, case["x"]
        T, B, m = x.shape
        n = p["b"].size
        out = {name: np.zeros(shape, case.dtype) for name, shape in case.outputs.items()
               if not name.startswith("adj.")}
        W, H, b, decay = p["W"], p.get("H"), p["b"], p["decay"]
        for i in range(B):
            s, y = [case["state.s"][i]], [case["state.y"][i]]
            for t in range(T):
                gate = [1 - (max(y[t]) if c["lateral_inhibition"] else y[t][j]) for j in range(n)]
                z = [kind(decay[j] * gate[j] * s[t][j] + dot(x[t, i], W[:, j], kind)
                          + (dot(y[t], H[:, j], kind) if H is not None else 0)) for j in range(n)]
                s.append(np.array([G[c["g"]](q) for q in z], case.dtype))
                v = s[-1] + b
                y.append(np.array([sigmoid(q, kind) if c["h"] == "sigmoid" else q > 0 for q in v],
                case.dtype))
                out["z"][t, i], out["s"][t, i], out["v"][t, i], out["y"][t, i] = z, s[-1], v, y[-1]
            out["end.s"][i], out["end.y"][i] = s[-1], y[-1]
            ds, dy = case["dend.s"][i].copy(), case["dend.y"][i].copy()
            for t in reversed(range(T)):
                slope = [sigmoid(q, kind) * sigmoid(-q, kind) if c["h"] == "sigmoid" else
                PSI[c["surrogate"]](q)
                         for q in out["v"][t, i]]
                dv = (dy + case["dy"][t, i]) * np.array(slope, case.dtype)
                dz = (ds + dv) * np.array([DG[c["g"]](q) for q in out["z"][t, i]], case.dtype)
                top = y[t].max()
                gate = 1 - (top if c["lateral_inhibition"] else y[t])
                out["grad.W"] += np.outer(x[t, i], dz)
                out["grad.b"] += dv
                out["grad.decay"] += dz * s[t] * gate
                out["grad.x"][t, i] = [dot(dz, W[k], kind) for k in range(m)]
                ds, dy = dz * decay * gate, np.zeros(n, case.dtype)
                if c["reset_grad"] == "through" and c["lateral_inhibition"]:
                    tied = (y[t] == top)
                    dy = dy - tied * dot(decay * s[t], dz, kind) / kind(tied.sum())
                elif c["reset_grad"] == "through":
                    dy = dy - decay * s[t] * dz
                if H is not None:
                    out["grad.H"] += np.outer(y[t], dz)
                    dy = dy + np.array([dot(dz, H[k], kind) for k in range(n)], case.dtype)
            out["start.s"][i], out["start.y"][i] = ds, dy
        return out
"""


@pytest.fixture
def check(tmp_path, capsys):
    """check(source text of an adapter module, *options) -> exit status, report."""
    def run(source, *options, name="Port"):
        path = tmp_path / "port_under_test.py"
        path.write_text(source)
        status = main(["check", f"{path}:{name}" if name else str(path), *options])
        said = capsys.readouterr()
        return status, said.out + said.err
    yield run
    sys.modules.pop("port_under_test", None)
    sys.path[:] = [p for p in sys.path if p != str(tmp_path)]


def wrong(*changes):
    """The text of the port with (old, new) changes in it."""
    source = PORT
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


ECHO = '''
from snu_ref.oracle.cases.reference import outputs_of
class Port:
    def run(self, case):
        out = outputs_of(case.config, case.inputs, case.dtype)
        {0}
'''


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
    assert re.search(r"expected .* 0x[0-9a-f]{16}\n", first) and "apart  " in first


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
            {"fired": "max_of_batch(seen)"},
            "unit-tanh-relu-inh,hand-inhibition",
            "the maximum runs over the batch, not over the units",
        ),
    ],
)
def test_a_mistake_that_a_simpler_one_covers_elsewhere_is_one_story(check, edits, cases, says):
    """At rest an ignored state shows in its gradient alone, with one sample a maximum over the
    batch in none."""
    source = ("from snu_ref.oracle.program.step import run\nclass Port:\n    def run(self, case):\n"
              f"        return run(case.config, case.inputs, {edits!r})\n")
    text = check(source, "--cases", cases)[1]
    assert "FAILURE 1 of 1: 2 cases" in text and f"diagnosis: {says}" in text, text


def test_first_divergence_is_the_first_in_the_order_of_computation():
    entry = ENTRIES["unit-tanh-relu"]
    inputs, outputs = copied(case_of(entry["id"]))
    got = {name: a.copy() for name, a in outputs.items()}
    got["grad.W"] += 1
    got["adj.v"][1, 0, 0] += 1
    got["adj.z"][3, 1, 2] += 1
    got["s"][4, 0, 1] += 1e-6
    assert compare(entry, outputs, got, "float64").divergence[:2] == ("s", (4, 0, 1))
    got["v"][2, 0, 0] += 1
    d = compare(entry, outputs, got, "float64").divergence
    assert d[:2] == ("v", (2, 0, 0)) and d.agreed == 0
    assert d.before == 2 * 4 * 6 + 2 * 6  # two steps of z, s, v, y, then z and s of the third
    assert d.margin == abs(outputs["v"][2, 0, 0])
    for name in "zsvy":
        got[name] = outputs[name]
    assert compare(entry, outputs, got, "float64").divergence[:2] == (
        "adj.z",
        (3, 1, 2),
    )  # backward in time


def test_ulps():
    one = np.float64(1)
    assert ulps(one, np.nextafter(one, 2)) == 1 and ulps(one, one) == 0
    assert ulps(np.float64(-0.0), np.float64(5e-324)) == 1
    assert ulps(np.float32(1), np.float32(1.5)) == 2 ** 22
    assert ulps(one, np.float64(np.nan)) == -1


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


def told(**story):
    """What the report says of one failing case, with what the diagnosis found for it."""
    entry = ENTRIES["hand-bias"]
    inputs, outputs = copied(case_of(entry["id"]))
    got = {**outputs, "grad.b": outputs["grad.b"] - 1}
    failed = SimpleNamespace(id=entry["id"], entry=entry, case=(inputs, outputs), got=got,
                             verdict="failed", comparison=compare(entry, outputs, got, np.float64))
    known = dict(grade="", says=(), diff=(), form="", digits=12.0, lines=None, where="", others=(),
                 beside=(), results=[failed])
    return "\n".join(diagnosis(SimpleNamespace(**{**known, **story})))


def test_only_a_confirmed_diagnosis_is_called_confirmed():
    said = {grade: told(grade=grade, says=("b is halved",)) for grade in ("confirmed", "held", "")}
    assert "    confirmed: with this edit the equations give all numbers of 1 failing case, " \
        "to 12 digits" in said["confirmed"]
    assert "confirmed:" not in said["held"] + said[""]
    assert "with these edits" in told(grade="confirmed", says=("b is halved", "W is transposed"))


def test_a_backward_pass_that_does_not_follow_is_told_of_a_forward_pass_by_hand_only():
    words = "Your gradients do not contain this change"
    for diff, follows in ((("s = a", "s = b"), False), (("ds = a", "ds = b"), True)):
        assert (words in told(grade="held", form="by hand", diff=[diff])) != follows
        assert words not in told(grade="held", form="derived", diff=[diff])


@pytest.mark.usefixtures("undiagnosed")
def test_the_table_counts_each_family_by_itself(check):
    line = "out['grad.b'] = out['grad.b'] - (case.family == 'unit'); return out"
    text = check(ECHO.format(line), "--cases", "hand-bias,hand-decay,unit-tanh-relu")[1]
    rows = {words[0]: words[1:4] for words in map(str.split, text.splitlines()) if len(words) > 3}
    assert rows["hand"] == ["2", "2", "-"] and rows["unit"] == ["1", "-", "1"], text


@pytest.mark.usefixtures("undiagnosed")
def test_batch_and_time_exchanged_are_told(check):
    line = ("return {name: a.swapaxes(0, 1) if a.ndim == 3 and a.shape[0] != a.shape[1] else a "
            "for name, a in out.items()}")
    text = check(ECHO.format(line), "--cases", "unit-tanh-relu,unit-sigmoid-relu")[1]
    assert "The port returned (B, T, n). Time comes first" in text, text


@pytest.mark.usefixtures("undiagnosed")
def test_the_axis_that_is_wrong_alone_has_its_name(check):
    for name, axis, case in (("grad.x", "input", "hand-direction-of-w"),
                             ("s", "unit", "hand-direction-of-h")):
        line = f"out['{name}'][..., 1] += 0.377 * np.arange(1, 1 + len(out['{name}']))[:, None]"
        text = check("import numpy as np\n" + ECHO.format(line + "; return out"), "--cases",
                     case)[1]
        assert f"{name} is wrong only at {axis} 1 (from 0)" in text, text


def test_of_many_explanations_three_are_told():
    said = told(grade="confirmed", says=("0",), others=[("1",), ("2",), ("3",), ("4",)])
    assert [line[-1] for line in said.splitlines() if "another explanation" in line] == list("123")


@pytest.mark.parametrize("kept, asked", [("y", True), ("sy", False)])
@pytest.mark.usefixtures("undiagnosed")
def test_a_port_that_gives_y_alone_is_asked_for_s(check, kept, asked):
    line = f"return {{name: out[name] * 0 + 0.37 for name in {list(kept)}}}"
    text = check(ECHO.format(line), "--cases", "hand-bias")[1]
    assert ("Return s as well and check again" in text) == asked, text


@pytest.mark.usefixtures("undiagnosed")
def test_a_dtype_that_comes_back_is_told_whatever_else_is_wrong(check):
    text = check(ECHO.format("return {'y': out['y'][:0], 'z': out['z'].astype('f')}"), "--cases",
                 "hand-bias")[1]
    assert "y: expected shape" in text and "use --dtype float32" in text, text


# ---- what is left out, expected failures, exit status --------------------------------------------

def test_what_is_left_out_is_named_with_the_number_of_cases(check):
    status, text = check(ECHO.format("del out['grad.b']; return out"), "--cases",
                         "hand-bias,hand-decay")
    assert status == 0, text
    assert "\nnot returned, so not checked: grad.b (2 cases)\n" in text, text


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


def test_the_reference_and_the_second_implementation_agree():
    """The right outputs by the reference and by the second implementation here are the same
    numbers."""
    space = {}
    exec(PORT, space)  # the text above, as a module
    from snu_ref.oracle.cases.case import Case
    entry = ENTRIES["unit-arctan-tanh-rec-inh"]
    inputs, outputs = copied(case_of(entry["id"]))
    case = Case(entry["id"], "", "", entry["config"], inputs, entry["outputs"], "float64")
    for name, a in space["Port"]().run(case).items():
        np.testing.assert_allclose(
            a, outputs_of(entry["config"], inputs)[name], rtol=1e-12, atol=1e-13
        )
