"""The report of a check, word for word, for hand-made results."""
from math import nan
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.results import CONFIG, FIRST, entry, failed, passed

from snu_ref.oracle.comparison import report
from snu_ref.oracle.comparison.checking import Result
from snu_ref.oracle.comparison.verdict import Verdict
from snu_ref.oracle.diagnosis.causes import Cause


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
        "FAILED. Cases: 1 with wrong numbers, 4 with errors, 1 passed, 0 skipped")


@pytest.mark.parametrize("one", ["passed", "failed", "error"])
def test_where_anything_was_checked_the_counts_are_told(one):
    kinds = {"passed": passed("a")._replace(expected_to_fail=True), "failed": failed("a"),
             "error": Result(entry("a"), "error", "broken")}
    counts = [f"{int(one == kind)} {words}" for kind, words in (
        ("failed", "with wrong numbers"), ("error", "with errors"), ("passed", "passed"))]
    assert lines_of([kinds[one]])[-1] == f"FAILED. Cases: {', '.join(counts)}, 0 skipped"


def test_what_can_declares_is_told_first():
    made = passed("m", family="made-edge")
    text = str(verdict([passed("a"), made], can={"dtype": "float32"}, said={"h": {"b", "a"}}))
    first, second, *_ = text.splitlines()
    assert first.endswith("float64 (--dtype; `can` says float32), port.py")
    assert second == "only cases that fit `can`; made for this check: 1 (--made 4 --seed 9)"
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
        "  no diagnosis: no known mistake was found that gives these numbers",
        "      wrong: s; right: y",
        "  the simplest of these cases, and its first wrong number in the order of computation:",
        "    case      f: why of f",
        "    tensor    s at (1, 0, 2)   (t, sample, unit, from 0)",
        "    expected  0.5                      0x1p-1",
        "    got       0.25                     0x1p-2",
        "    error     0.25, 3 ulps; allowed 1e-12",
        "    before    7 numbers agreed to 2.0e-13",
        "    config    unit=rnn, g=relu",
        "    see       python -m snu_ref vectors show f", ""]
    also = [f"  also f{i}: s at (1, 0, 2), expected 0.5, got 0.25" for i in range(1, 13)]
    at = end.index("FAILURE 2 of 2: 13 cases")
    assert end[at + 12:] == [
        *also, "", "FAILED. Cases: 14 with wrong numbers, 0 with errors, 1 passed, 0 skipped"]
    for n in (1, 2):
        more.append(failed(f"g{n}"))
        end = lines_of(more, stories=[Cause(more)])
        assert end[-15:-2] == [*also, f"  and {n} more; --json lists them all"]


@pytest.mark.parametrize("change, told", [
    ({}, {"margin": None, "decay": None}),
    ({"index": ()}, {"tensor": "s at ()", "decay": None}),
    ({"got": nan, "ulps": -1}, {"got": "nan                      0x1p-2   <- the first NaN; all "
                                       "numbers before it are finite",
                                "error": "0.25; allowed 1e-12"}),
    ({"ulps": 0, "allowed": 0.0}, {"error": "0.25, 0 ulps; must be equal"}),
    ({"ulps": 1}, {"error": "0.25, 1 ulps; allowed 1e-12"}),
    ({"ulps": 10**6}, {"error": "0.25; allowed 1e-12"}),
    ({"margin": 0.125}, {"margin": "|v| = 0.125, the distance from the threshold"}),
    ({"agreed": 0.0}, {"before": "7 numbers agreed exactly"}),
    ({"before": 0}, {"before": "no numbers: it is the first"}),
])
def test_the_first_wrong_number(change, told):
    found = dict(report._divergence(failed("f", FIRST._replace(**change))))
    assert {name: found.get(name) for name in told} == told


@pytest.mark.parametrize("decay, axes, told", [
    (1, "t, sample, unit", "1 in this unit"), (0, "t, sample, unit", "0 in this unit"),
    (0.5, "t, sample, unit", None), (2, "t, sample, unit", None), (1, "t, sample, input", None)])
def test_a_decay_at_an_end_of_its_range_is_told(decay, axes, told):
    of = failed("f", FIRST._replace(axes=axes), inputs={"params.decay": np.array([3, 3, decay])},
                family="made-unit")
    found = dict(report._divergence(of))
    assert found.get("decay") == told and "see" not in found


def error(reason):
    return Result(entry("a"), "error", reason)


@pytest.mark.parametrize("reasons, told", [
    ([], []), (["y: expected dtype float64, got int64"], []),
    (["expected dtype float64, got float32", "expected dtype float64, got float16"], []),
    (["got nothing", "a: got b: expected dtype float32, got float64; b"], ["float64"]),
    (["s: expected shape (5, 2, 3), got (2, 5, 3)"], ["(B, T, n). Time comes first"]),
    (["s: expected shape (5, 2, 3), got (2, 5, 3)", "s: expected shape (2, 2, 3), got (2, 2, 3)"],
     ["(B, T, n). Time comes first"]),
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
        **known, grade="held", form="by hand, detached", beside=[other], lines={"s": "s = a"}))
    assert said == [
        "diagnosis, in part: b is halved", "    - s = z + b", "    + s = z + const(b)   (yours)",
        "    const(a) is a, and no gradient flows through it",
        "    Your gradients follow the right equations, not the edited ones; they use the numbers "
        "of your forward pass, detached.",
        "    forward line s: s = a",
        "    line by line: each edit gives your numbers, computed from your own numbers of the "
        "neighbouring step. Other wrong numbers are not explained",
        "    wrong: s; right: y", "    also failed, on boundary cases: g. Check again after the "
        "change"]
    said = report.diagnosis(Cause([one])._replace(**known, grade="confirmed", beside=[one, other]))
    assert said[0] == "diagnosis: b is halved" and said[-2:] == [
        "    confirmed: with this edit the equations give all numbers of 1 failing case, to 12 "
        "digits", "    also failed, on boundary cases: 2 cases (f, g). Check again after the "
        "change"]
    two = report.diagnosis(Cause([one, other])._replace(**known, grade="confirmed"))
    assert two[-1].endswith("give all numbers of 2 failing cases, to 12 digits")


def told(**story):
    """What is said of one failing case, for which the diagnosis has found something."""
    return "\n".join(report.diagnosis(Cause([failed("f")])._replace(digits=12.0, **story)))


def test_only_a_confirmed_diagnosis_is_called_confirmed():
    assert "confirmed:" not in "".join(
        told(grade=grade, says=("b is halved",)) for grade in ("held", ""))
    assert "with these edits" in told(grade="confirmed", says=("b is halved", "W is transposed"))


def test_a_backward_pass_that_does_not_follow_is_told_of_a_forward_pass_by_hand_only():
    words = "Your gradients follow the right equations"
    for diff, follows in ((("s = a", "s = b"), False), (("ds = a", "ds = b"), True)):
        assert (words in told(grade="held", form="by hand", diff=[diff])) != follows
        assert words not in told(grade="held", form="derived", diff=[diff])


def test_of_many_explanations_three_are_told():
    said = told(grade="confirmed", says=("0",), others=[("1",), ("2",), ("3",), ("4",)])
    assert [line[-1] for line in said.splitlines() if "another explanation" in line] == list("123")


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
        gradients = of._replace(comparison=of.comparison._replace(wrong=("grad.W",)))
        assert words not in report.diagnosis(Cause([gradients]))    # s would not help here


@pytest.mark.parametrize("lines, explained", [
    ({"s": "holds with \"b\"", "y": "holds", "dW": "wrong in 2 of 2 cases"}, True),
    ({"s": "holds with \"b\"", "y": "wrong in 1 of 2 cases"}, False), ({"dW": "holds"}, False),
    ({"s": "holds", "y": "not shown in 3 of its numbers; in all others it holds"}, False)])
def test_which_pass_is_explained(lines, explained):
    said = told(grade="held", says=("b",), lines=lines)
    assert ("Your forward pass is explained, but not all wrong gradients are" in said) == explained
    assert ("Other wrong numbers are not explained" in said) != explained
    assert all(f"{'backward' if name == 'dW' else 'forward'} line {name}: {text}" in said
               for name, text in lines.items())


def test_one_case_of_each_kind_of_first_wrong_number_comes_first():
    late, at_zero, others = FIRST._replace(index=(0, 0, 2)), FIRST._replace(margin=0.0), range(15)
    many = [*(failed(f"f{i}") for i in others), failed("late", late), failed("zero", at_zero)]
    end = lines_of(many, stories=[Cause(many)])
    at = end.index("  also f1: s at (1, 0, 2), expected 0.5, got 0.25")
    assert end[at + 1:at + 4] == [
        "  also late: s at (0, 0, 2), expected 0.5, got 0.25",
        "  also zero: s at (1, 0, 2), expected 0.5, got 0.25, where the right v is 0",
        "  also f2: s at (1, 0, 2), expected 0.5, got 0.25"]
