"""The report of a check, word for word, and what it does not call proved: of results by hand."""
from math import nan
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref.oracle.cases.abilities import SNU_OPTIONS
from snu_ref.oracle.comparison import report
from snu_ref.oracle.comparison.checking import Result
from snu_ref.oracle.comparison.compare import Comparison, Divergence
from snu_ref.oracle.comparison.proved import not_proved
from snu_ref.oracle.comparison.verdict import Verdict
from snu_ref.oracle.diagnosis.causes import Cause

CONFIG = {key: values[0] for key, values in SNU_OPTIONS.items()}
FIRST = Divergence("s", (1, 0, 2), "t, sample, unit", 0.5, 0.25, "0x1p-1", "0x1p-2", 3, 0.25, 1e-12,
                   nan, 7, 2e-13)


def entry(name, family="rnn", unit="rnn", outputs=("s", "y"), **config):
    return {"id": name, "family": family, "why": f"why of {name}", "outputs": list(outputs),
            "config": {"unit": unit, **config}}


def passed(name, worst=0.0, compared=("s", "y"), case=None, **options):
    return Result(entry(name, **options), "passed", "", Comparison(compared, 2, worst, None), None,
                  case)


def failed(name, divergence=FIRST, wrong=("s",), a=np.ones((2, 1, 3)), got=None, inputs=(),
           expected=False, **options):
    outputs = {name: a for name in ("s", "y")}
    comparison = Comparison(("s", "y"), 2, 0.5, divergence, wrong)
    return Result(entry(name, **options), "failed", "", comparison,
                  {"s": a - 0.25 if got is None else got}, (dict(inputs), outputs), expected)


def verdict(results, stories=(), unsteady=None, entries=(), dtype="float64", **source):
    source = {"name": "port.py", "dtype": np.dtype(dtype), "can": None, "said": None,
              "printed": [], "strays": [], **source}
    return Verdict(SimpleNamespace(**source), list(results), list(stories), unsteady,
                   list(entries), made=4, seed=9)


def lines_of(results, **options):
    """The report without its first line, which names the format, as lines."""
    first, *lines = str(verdict(results, **options)).splitlines()
    assert first.endswith("float64, port.py")
    return lines


HEAD = "family     cases passed failed skipped  agreed to"


def test_a_pass():
    results = [passed("a"), passed("b", 1.5e-13), passed("c", 2e-16, family="gru", unit="gru")]
    assert lines_of(results) == [
        "", HEAD,
        "rnn            2      2      -       -    1.5e-13",
        "gru            1      1      -       -    2.0e-16", "",
        "PASSED: 3 cases, 6 tensors; 0 cases skipped",
        "Every number that was compared is right. The vectors contain nothing else."]


def test_a_pass_in_part_with_what_was_not_returned_and_what_was_printed():
    results = [passed("a", compared=("y",)), passed("b", compared=("y",)),
               *(Result(entry(name), "skipped", "too long") for name in "cdef"),
               Result(entry("g"), "skipped", "too wide"),
               Result(entry("h", "far"), "skipped", report.OUTSIDE),
               failed("x", family="bad", expected=True)]
    entries = [r.entry for r in results] + [entry("i", unit="lstm"), entry("j", unit="gru")]
    assert lines_of(results, entries=entries, printed=list("1234567")) == [
        "", HEAD,
        "rnn            7      2      -       5   all bits",
        "bad            1      -      1       -          -", "",
        "not returned, so not checked: s (2 cases)",
        "skipped, 4 cases (c, d, e, ...): too long", "skipped, g: too wide",
        f"skipped, h: {report.OUTSIDE}", "",
        "the port printed 7 lines:", "  | 1", "  | 2", "  | 3", "  | 4", "  | 5", "",
        "failed as expected: x", "",
        "PASSED IN PART: 2 cases, 2 tensors; 6 cases skipped",
        "not proved: outputs of rnn: s; units: lstm, gru",
        "Every number that was compared is right, except for the expected failures. "
        "Nothing listed as not proved was compared."]


def test_three_cases_are_named_without_dots_and_skipped_ones_stand_apart():
    results = [Result(entry(name), "skipped", "why") for name in "abc"]
    assert lines_of(results) == [
        "", HEAD, "rnn            3      -      -       3          -", "",
        "skipped, 3 cases (a, b, c): why", "",
        "FAILED: nothing was checked; 3 cases skipped"]


def test_errors_strays_and_passes_that_were_not_expected():
    results = [Result(entry("a"), "error", "y: expected dtype float64, got float32; and more"),
               Result(entry("b"), "error", "y: expected dtype float64, got float32; and more"),
               Result(entry("c"), "error", "broken"),
               Result(entry("d"), "error", "known", expected_to_fail=True),
               passed("e")._replace(expected_to_fail=True), failed("f")]
    first = results[-1]
    assert lines_of(results, strays=["x.txt: unknown"], unsteady=first)[:-1] == [
        "", HEAD, "rnn            6      1      5       -   all bits", "",
        "failed as expected: d", "",
        "ERROR  x.txt: unknown", "",
        "ERROR  2 cases (a, b): y: expected dtype float64, got float32; and more", "",
        "ERROR  c: broken", "",
        "       The port returned float32. If it computes in float32, use --dtype float32, "
        "or dtype='float32' in `can`", "",
        "ERROR  e passed, but a failure was expected", "",
        "NOT REPEATABLE  f gives different numbers on a second run: the port keeps a state from "
        "one run", "  to the next, or draws random numbers. Fix this first; it may cause the "
        "failures below", ""]
    assert lines_of(results)[-1] == (
        "FAILED: 1 cases with wrong numbers, 4 with errors, 1 passed, 0 skipped")


@pytest.mark.parametrize("one", ["passed", "failed", "error"])
def test_where_anything_was_checked_the_counts_are_told(one):
    kinds = {"passed": passed("a")._replace(expected_to_fail=True), "failed": failed("a"),
             "error": Result(entry("a"), "error", "broken")}
    counts = [f"{int(one == kind)} {words}" for kind, words in (
        ("failed", "cases with wrong numbers"), ("error", "with errors"), ("passed", "passed"))]
    assert lines_of([kinds[one]])[-1] == f"FAILED: {', '.join(counts)}, 0 skipped"


def test_what_can_declares_is_told_first():
    made = passed("m", family="made-edge")
    text = str(verdict([passed("a"), made], can={"dtype": "float32"}, said={"h": {"b", "a"}}))
    first, second, *_ = text.splitlines()
    assert first.endswith("float64 (--dtype; `can` says float32), port.py")
    assert second == "only cases that fit `can`; 1 are new (--made 4 --seed 9)"
    for can in ({}, {"dtype": "float64"}):
        assert str(verdict([made], can=can)).splitlines()[0].endswith(", float64, port.py")
    assert verdict([made], said={"h": {"b", "a"}}).as_dict()["can"] == {"h": ["a", "b"]}


def test_failures_one_after_the_other():
    one = failed("f", g="relu")
    more = [failed(f"f{i}") for i in range(13)]
    end = lines_of([one, *more, passed("p")], stories=[Cause([one]), Cause(more)])
    at = end.index("FAILURE 1 of 2: 1 case")
    assert end[at:at + 13] == [
        "FAILURE 1 of 2: 1 case",
        "  no diagnosis: no known mistake gives these numbers",
        "      wrong: s; right: y",
        "  first wrong number, in the order of computation, of the simplest of these cases:",
        "    case      f: why of f",
        "    tensor    s at (1, 0, 2)   (t, sample, unit, from 0)",
        "    expected  0.5                      0x1p-1",
        "    got       0.25                     0x1p-2",
        "    apart     0.25, 3 ulps; allowed 1e-12",
        "    before    7 numbers agreed to 2.0e-13",
        "    config    unit=rnn, g=relu",
        "    see       python -m snu_ref vectors show f", ""]
    also = [f"  also f{i}: s at (1, 0, 2), expected 0.5, got 0.25" for i in range(1, 13)]
    at = end.index("FAILURE 2 of 2: 13 cases")
    assert end[at + 12:] == [
        *also, "", "FAILED: 14 cases with wrong numbers, 0 with errors, 1 passed, 0 skipped"]
    for n in (1, 2):
        more.append(failed(f"g{n}"))
        end = lines_of(more, stories=[Cause(more)])
        assert end[-15:-2] == [*also, f"  and {n} more; --json lists them all"]


@pytest.mark.parametrize("change, told", [
    ({}, {"margin": None, "decay": None}),
    ({"index": ()}, {"tensor": "s at ()", "decay": None}),
    ({"got": nan, "ulps": -1}, {"got": "nan                      0x1p-2   <- the first NaN; all "
                                       "numbers before it are finite",
                                "apart": "0.25; allowed 1e-12"}),
    ({"ulps": 0, "allowed": 0.0}, {"apart": "0.25, 0 ulps; must be equal"}),
    ({"ulps": 1}, {"apart": "0.25, 1 ulps; allowed 1e-12"}),
    ({"ulps": 10**6}, {"apart": "0.25; allowed 1e-12"}),
    ({"margin": 0.125}, {"margin": "|v| = 0.125 there"}),
    ({"agreed": 0.0}, {"before": "7 numbers agreed exactly"}),
    ({"before": 0}, {"before": "no numbers: it is the first"}),
])
def test_the_first_wrong_number(change, told):
    found = dict(report._divergence(failed("f", FIRST._replace(**change))))
    assert {name: found.get(name) for name in told} == told


@pytest.mark.parametrize("decay, axes, told", [
    (1, "t, sample, unit", "1 there"), (0, "t, sample, unit", "0 there"),
    (0.5, "t, sample, unit", None), (2, "t, sample, unit", None), (1, "t, sample, input", None)])
def test_a_decay_at_an_end_of_its_range_is_told(decay, axes, told):
    of = failed("f", FIRST._replace(axes=axes), inputs={"params.decay": np.array([3, 3, decay])},
                family="made-unit")
    found = dict(report._divergence(of))
    assert found.get("decay") == told and "see" not in found


@pytest.mark.parametrize("bad, told", [
    ([(1, 0, 2)], "step 1, sample 0, unit 2"), ([(0, 1, 1), (1, 1, 2)], "sample 1"),
    ([(0, 0, 0), (1, 1, 1)], None)])
def test_where_a_trace_is_wrong(bad, told):
    got = np.ones((2, 2, 3))
    for place in bad:
        got[place] = -1.0
    for tensor, axis in (("s", "unit"), ("grad.x", "input")):
        of = failed("f", FIRST._replace(tensor=tensor, allowed=0.0))
        of = of._replace(case=({}, {tensor: np.ones((2, 2, 3))}), got={tensor: got})
        said = told and told.replace("unit", axis)
        assert report._place(of) == (
            [f"    {tensor} is wrong only at {said} (from 0)"] if told else [])
    flat = of._replace(case=({}, {"grad.x": np.ones(3)}), got={"grad.x": np.zeros(3)})
    assert report._place(flat) == []
    one = of._replace(case=({}, {"grad.x": np.ones((1, 1, 1))}),
                      got={"grad.x": np.zeros((1, 1, 1))})
    assert report._place(one) == []  # an axis of one place tells nothing


def error(reason):
    return Result(entry("a"), "error", reason)


@pytest.mark.parametrize("reasons, told", [
    ([], []), (["y: expected dtype float64, got int64"], []),
    (["expected dtype float64, got float32", "expected dtype float64, got float16"], []),
    (["got nothing", "a: got b: expected dtype float32, got float64; b"], ["float64"]),
    (["s: expected shape (5, 2, 3), got (2, 5, 3)"], ["(B, T, n)"]),
    (["s: expected shape (5, 2, 3), got (2, 5, 3)", "s: expected shape (2, 2, 3), got (2, 2, 3)"],
     ["(B, T, n)"]),
    (["s: expected shape (5, 2, 3), got (2, 5, 3)", "s: expected shape (5, 2, 3), got (5, 3, 2)"],
     []),
    (["s: expected shape (5, 2, 3), got (5, 2, 4)"], []),
])
def test_hints(reasons, told):
    found = report.hints(map(error, reasons))
    assert len(found) == len(told)
    assert all(f"The port returned {what}" in text for what, text in zip(told, found))


def test_the_words_around_a_diagnosis():
    one, other = failed("f", unit="snu", **CONFIG), failed("g")
    known = dict(says=("b is halved",), diff=(("s = z + b", "s = z + const(b)"),), digits=12.0)
    said = report.diagnosis(Cause([one, other])._replace(
        **known, grade="held", form="by hand, detached", where="t > 0", beside=[other],
        lines={"s": "s = a"}))
    assert said == [
        "diagnosis, in part: b is halved", "    - s = z + b", "    + s = z + const(b)   (yours)",
        "    const(a) is a, and no gradient flows through it",
        "    Your gradients do not contain this change: they are those of the right equations, at "
        "the numbers of your forward pass, detached.",
        "    line s: s = a",
        "    held: each edited line gives your numbers, computed from your own numbers of the "
        "neighbouring step. Other wrong numbers are not explained",
        "    only where t > 0: the other cases pass",
        "    wrong: s; right: y", "    also failed, on boundary cases: g. Check again after the "
        "change"]
    said = report.diagnosis(Cause([one])._replace(**known, grade="confirmed", beside=[one, other]))
    assert said[0] == "diagnosis: b is halved" and said[-2:] == [
        "    confirmed: with this edit the equations give all numbers of 1 failing case, to 12 "
        "digits", "    also failed, on boundary cases: 2 cases (f, g). Check again after the "
        "change"]
    two = report.diagnosis(Cause([one, other])._replace(**known, grade="confirmed"))
    assert two[-1].endswith("give all numbers of 2 failing cases, to 12 digits")


def test_colours_and_their_end():
    lines = []
    verdict([passed("a")]).write(lines.append, colour=True)
    assert lines[-2] == "\033[32mPASSED: 1 cases, 2 tensors; 0 cases skipped\033[0m"
    verdict([passed("a")]).write(lines.append)
    assert not any("\033" in line for line in lines[lines.index(lines[-1]):])


def test_plain_dicts_of_a_failure():
    one, other = failed("f", FIRST._replace(got=nan)), failed("g")
    made_of = verdict([one, passed("p"), other], [Cause([other]), Cause([one])]).as_dict()
    assert (made_of["made"], made_of["seed"], made_of["passed"]) == (4, 9, False)
    assert [case["story"] for case in made_of["cases"]] == [1, None, 0]
    assert made_of["cases"][0]["divergence"]["got"] == "nan"
    assert made_of["stories"][0]["lines"] == {} and made_of["stories"][0]["diagnosis"] is None
    lines = {"s": "s = a"}
    told = verdict([one], [Cause([one], "held", ("b",), lines=lines)]).as_dict()["stories"][0]
    assert told["lines"] == lines and told["diagnosis"]["text"] == "b"
    bare = Verdict(verdict([one]).source, [one], [], None, [])
    assert (bare.made, bare.seed) == (0, 0)


def test_s_is_asked_for_where_a_spiking_unit_returned_y_alone():
    words = "    Return s as well and check again: y alone does not show the cause."
    for unit, compared, asked in (("snu", ("y",), True), ("snu", ("s", "y"), False),
                                  ("rnn", ("y",), False)):
        of = failed("f", FIRST._replace(tensor="y"), ("y",), unit=unit, **CONFIG)
        of = of._replace(comparison=of.comparison._replace(compared=compared), got={
            "y": np.zeros((2, 1, 3))})
        assert (words in report.diagnosis(Cause([of]))) == asked


# ---- what is not proved --------------------------------------------------------------------------

TENSORS = ("z", "s", "v", "y", "end.s", "end.y", "adj.y", "adj.v", "adj.s", "adj.z", "grad.W")
FEATURES = ["boundary cases", "s_0 other than 0", "y_0 = 1", "y_0 between 0 and 1",
            "a loss on the final state", "a different decay for each unit",
            "a different threshold for each unit", "several samples", "a sequence in pieces",
            "200 steps", "sizes that are no multiple of a SIMD width"]


def snu(family="unit", compared=TENSORS, x=(199, 1, 32), config=CONFIG, **inputs):
    """A passed case of the SNU without any of the features, but for the inputs that are given."""
    zeros = {name: np.zeros((1, 3)) for name in ("state.s", "state.y", "dend.s", "dend.y")}
    case = {**zeros, "params.decay": np.ones(3), "params.b": np.ones(3), "x": np.zeros(x),
            **{name.replace("_", "."): np.array(a) for name, a in inputs.items()}}
    return passed("a", case=(case, {}), unit="snu", family=family, compared=compared,
                  outputs=TENSORS, **config)


@pytest.mark.parametrize("options, features", [
    ({}, []), ({"family": "edge"}, ["boundary cases"]), ({"family": "made-edge"}, FEATURES[:1]),
    ({"state_s": [[0.0, 2.0]]}, ["s_0 other than 0"]), ({"state_y": [[0.0, 1.0]]}, ["y_0 = 1"]),
    ({"state_y": [[0.0, 0.5]]}, ["y_0 between 0 and 1"]),
    ({"dend_s": [[0.0, 1.0]]}, ["a loss on the final state"]),
    ({"dend_y": [[0.0, 1.0]]}, ["a loss on the final state"]),
    ({"params_decay": [0.5, 0.5, 0.25]}, ["a different decay for each unit"]),
    ({"params_b": [0.5, 0.5, 0.25]}, ["a different threshold for each unit"]),
    ({"x": (199, 2, 32)}, ["several samples"]), ({"pieces": [3]}, ["a sequence in pieces"]),
    ({"x": (200, 1, 32)}, ["200 steps"]), ({"x": (199, 1, 33)}, FEATURES[-1:]),
])
def test_a_feature_is_proved_by_a_case_that_has_it(options, features):
    options = dict(options)
    if "pieces" in options:
        options["config"] = {**CONFIG, "pieces": options.pop("pieces")}
    case = snu(**options)
    assert not_proved([case], [case.entry]) == ([f for f in FEATURES if f not in features], True)
    assert not_proved([case, failed("b")], [case.entry])[0] == not_proved(
        [case], [case.entry])[0]  # a failure proves nothing


def test_options_and_outputs_that_were_not_asked_are_named():
    all_of = [snu("edge", state_s=[[1.0]], state_y=[[1.0, 0.5]], dend_s=[[1.0]],
                  params_decay=[1, 2], params_b=[1, 2], x=(200, 2, 33),
                  config={**CONFIG, "pieces": [1]})]
    entries = [snu(config={**CONFIG, **change}).entry for change in (
        {}, {"g": "relu"}, {"g": "identity"}, {"h": "sigmoid", "surrogate": "other"},
        {"surrogate": "arctan"}, {"recurrent": True})]
    here = CONFIG["g"]
    missing = [g for g in ("relu", "identity") if g != here]
    assert not_proved(all_of, entries) == ([
        "h = sigmoid", f"g = {', '.join(missing)}", "surrogate = arctan", "recurrent = True"], True)
    assert not_proved(all_of, entries[:1]) == ([], False)
    sigmoid = [all_of[0]._replace(entry={**all_of[0].entry, "config": {
        **all_of[0].entry["config"], "h": "sigmoid", "surrogate": "other"}})]
    # a sigmoid has no surrogate: that none was asked follows from h
    assert not_proved(sigmoid, entries[3:5])[0] == ["h = step"]
    assert not_proved(sigmoid, entries[3:4]) == ([], False)
    y_alone = [all_of[0]._replace(comparison=all_of[0].comparison._replace(compared=("y",)))]
    others = [entries[0], entry("b", unit="rnn"), entry("c", unit="gru"), entry("d", unit="rnn")]
    assert not_proved(y_alone, others) == ([
        "outputs of snu: grad.W",
        "traces of snu: z, s, v, end.s, end.y, adj.y, adj.v, adj.s, adj.z", "units: rnn, gru"],
        True)
    without_traces = [all_of[0]._replace(
        comparison=all_of[0].comparison._replace(compared=("y", "grad.W")))]
    assert not_proved(without_traces, entries[:1])[1] is False
    alone = snu(params_decay=[0.5], params_b=[0.5])  # a single unit differs from no other
    assert "a different decay for each unit" in not_proved([alone], [alone.entry])[0]
    only = passed("r", compared=("y",))
    assert not_proved([only], [only.entry]) == (["outputs of rnn: s"], True)
