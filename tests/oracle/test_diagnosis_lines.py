"""What the diagnosis runs: the lines of the unit, the rows of its table, and the sets of edits.

Right lines give the right numbers, and every row of the table runs, changes numbers and is printed.
"""
import numpy as np
import pytest
from helpers.vectors import ENTRIES, case_of
from helpers.wrong_ports import SOME

from snu_ref.oracle.diagnosis import numbers
from snu_ref.oracle.diagnosis.forward import Frames
from snu_ref.oracle.diagnosis.others import PROGRAMS
from snu_ref.oracle.diagnosis.seen import Seen
from snu_ref.oracle.diagnosis.sets import FORMS, Edits, Whole
from snu_ref.oracle.mistakes.edit import TABLE, edits_of, merged
from snu_ref.oracle.program.backward import run_backward
from snu_ref.oracle.program.printing import diff
from snu_ref.oracle.program.step import Run, run


@pytest.mark.parametrize("id", SOME)
def test_the_lines_are_the_unit_differentiated_and_by_hand(id):
    inputs, right = case_of(id)
    config = ENTRIES[id]["config"]
    by_hand = run_backward(config, inputs, Run(config, inputs, {}).computed())
    for name, a in {**run(config, inputs), **{f"hand {k}": v for k, v in by_hand.items()}}.items():
        expected = right.get(name.removeprefix("hand "))
        if expected is not None:
            size = np.abs(expected).max() or 1
            np.testing.assert_allclose(a, expected, rtol=1e-12, atol=1e-13 * size, err_msg=name)


@pytest.mark.parametrize("unit", PROGRAMS)
def test_the_other_programs_give_the_right_numbers(unit):
    for id, entry in ENTRIES.items():
        if entry["config"]["unit"] == unit:
            inputs, right = case_of(id)
            found = PROGRAMS[unit][0](entry["config"], inputs, {})
            assert set(found) == set(right)
            for name, a in found.items():
                size = np.abs(right[name]).max() or 1
                np.testing.assert_allclose(a, right[name], rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize("id", ["unit-tanh-relu", "unit-sigmoid-leakyrelu-rec-inh",
                                "stream-snu-rec"])
def test_from_its_own_dz_a_wrong_backward_pass_gives_the_same_at_all_steps_at_once(id):
    """By hand and on the tape, with every row; and a step uses no dz but that of the step after."""
    inputs, _ = case_of(id)
    config = ENTRIES[id]["config"]
    traces = Run(config, inputs, {}).computed()

    def on_tape(edits, dz):
        return Run(config, inputs, edits, dz).backward()

    def by_hand(edits, dz):
        return run_backward(config, inputs, traces, edits, dz)
    for back, names in ((by_hand, ("HAND", "SLOPES")), (on_tape, ("PATHS", "SLOPES", "FORWARD"))):
        for e in (e for name in names for e in TABLE[name] if e.applies(config, inputs)):
            edits = e._replace(k=0.37).texts() if e.fitted else e.texts()
            with np.errstate(all="ignore"):
                alone = back(edits, None)
                for name, a in back(edits, alone["adj.z"]).items():
                    size = np.abs(alone[name]).max() or 1
                    assert np.abs(a - alone[name]).max() <= 1e-12 * size, (e.says, name)
    right = by_hand({}, None)["adj.z"]
    changed = right.copy()
    changed[2] += 1
    moved = np.abs(by_hand({}, changed)["adj.z"] - right).max((1, 2)) > 1e-9
    assert list(np.flatnonzero(moved)) == [1]


def test_every_row_of_the_table_runs_and_changes_numbers_in_some_case_and_is_printed():
    idle = {e: e.said() for name in ("FORWARD", "SLOPES", "PATHS", "HAND") for e in TABLE[name]}
    ids = [*SOME, "edge-z-zero-relu", "edge-z-zero-leaky", "edge-kink-boxcar", "edge-v-zero-tanh",
           "hand-start-state", "edge-decay-0-and-1", "unit-triangle-relu",
           "unit-tanh-leakyrelu-rec", "batch-snu",
           "unit-tanh-tanh-det", "unit-tanh-relu-inh-det", "unit-sigmoid-tanh-det"]
    for id in ids:
        entry = ENTRIES[id]
        inputs, right = case_of(id)
        whole = Whole(Seen(id, "", entry["config"], inputs, right, 1e-10), {"left": 10**6})
        for e in [e for e in idle if e.applies(entry["config"], inputs)]:
            form = "by hand" if e in TABLE["HAND"] else "derived"
            e_k = e._replace(k=0.37) if e.fitted else e
            edits = Edits((e_k,), form) if e in TABLE["FORWARD"] else Edits((), form, (e_k,))
            if not whole.seen.matches(whole.run(edits)):
                assert diff(entry["config"], e_k.texts()) or "fired" in e.slot, e
                del idle[e]
    # two rows have the right slope: only a multiple of it is wrong; some rows need other shapes
    assert len(idle) <= 15, idle.values()


def test_gradients_follow_a_final_state_that_is_returned_changed():
    inputs, _ = case_of("unit-tanh-relu")
    config = ENTRIES["unit-tanh-relu"]["config"]
    changed = run(config, inputs, {"s_T": "2 * kept", "y_T": "3 * kept_y"})
    other = run(config, {**inputs, "dend.s": 2 * inputs["dend.s"], "dend.y": 3 * inputs["dend.y"]})
    for name in other:
        np.testing.assert_array_equal(changed[name] / {"end.s": 2, "end.y": 3}.get(name, 1),
                                      other[name], name)


def test_forms_of_the_gradients_differ():
    inputs, right = case_of("unit-sigmoid-tanh")
    config = ENTRIES["unit-sigmoid-tanh"]["config"]
    whole = Whole(Seen("", "", config, inputs, right, 1e-10), {"left": 10**6})
    soft = next(e for e in TABLE["FORWARD"] if e.said() == "the decay is applied twice")
    found = [whole.run(Edits((soft,), form))["grad.decay"] for form in FORMS]
    assert not np.allclose(found[0], found[1]) and not np.allclose(found[1], found[2])


def test_a_table_row_has_its_lines_and_its_options():
    (e,) = edits_of(
        [["kept", "s * k ; gate: 1", "the state is k s", "h=step g!=relu"]])
    assert e.lines == (("kept", "s * k"), ("gate", "1")) and e.slot == "kept" and e.fitted
    assert e._replace(k=0.5).texts() == {"kept": "s * 0.5", "gate": "1"}
    assert e._replace(k=0.5).said() == "the state is 0.5 s"
    assert e.applies(dict(h="step", g="tanh")) and not e.applies(dict(h="step", g="relu"))


@pytest.mark.parametrize("one, other, both", [
    ("a * a * b * d", "a * b * c", "a * a * b * c"),
    ("a * b * d / T", "a * c * d", "a * c * d / T"),
    ("a * c * d", "a * e * d", None),           # the same word
    ("clip(a * b * d, 1)", "clip(a, 1) * b * d", None),
    ("k * a * b * d", "a * b * c", None),       # a text with k is not merged
])
def test_two_mistakes_of_one_line_are_one_text(one, other, both):
    """Each edit changes other words of the right text; otherwise they are not merged."""
    edits = edits_of([["leak", one, "one", "h=step"], ["leak", other, "other", "h=step g=relu"]])
    for two in (edits, edits[::-1]):
        found = merged("a * b * d", *two)
        assert (found and found.lines) == (both and (("leak", both),))
        assert found is None or (found.when, found.cost) == (" ".join(dict.fromkeys(
            f"{two[0].when} {two[1].when}".split())), 2)


def test_a_number_is_the_shortest_decimal_that_fits():
    slope = np.linspace(-1, 1, 9)
    bounds = np.full(9, 1e-9)
    assert numbers.fit(lambda k: k * slope, 0.3 * slope, bounds) == 0.3
    assert numbers.fit(lambda k: k * slope, 0.3 * slope + 1e-3, bounds) is None
    few = slope[:3]
    assert numbers.fit(lambda k: k * few, 0.3 * few, np.full(3, 1e-9)) is None
    assert numbers.fit(lambda k: np.tanh(k * slope), np.tanh(1.7 * slope), bounds) == 1.7
    assert 0.25 < numbers.firing(slope, np.ones(9), slope > -0.3) <= 0.5


def test_nan_and_infinity_equal_themselves_alone():
    seen = Seen("", "", {}, {}, {}, 1e-10)
    odd = np.nan, np.inf, -np.inf, 1.0, 1 + 1e-9
    for i, a in enumerate(odd):
        for j, b in enumerate(odd):
            assert seen.equal(np.array([1.0, a]), np.array([1.0, b])) == (i == j), (a, b)
    assert seen.equal(np.ones(2), np.ones(2) + 1e-11) and not seen.equal(np.ones(2), np.ones(1))


def test_one_step_shows_no_line_that_needs_the_step_before():
    """The report says nothing about a single step: lines of s are tested from the second on."""
    inputs, right = case_of("unit-tanh-relu")
    one = {name: a[:1] if name in ("x", "dy") else a for name, a in inputs.items()}
    got = {name: right[name][:1] for name in "sy"}
    config = ENTRIES["unit-tanh-relu"]["config"]
    assert not Frames(Seen("", "", config, one, got, 1e-10)).holds("s", ())
    assert Frames(Seen("", "", config, inputs, {n: right[n] for n in "sy"}, 1e-10)).holds("s", ())
