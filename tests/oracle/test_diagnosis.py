"""Laws of the diagnosis: what is run is printed, right programs are right, no claim without proof.

The ports that the diagnosis is measured on are in `blind_ports`, written without its table.
"""
from collections import Counter

import numpy as np
import pytest
from helpers.vectors import ENTRIES, case_of

from snu_ref.oracle.comparison.checking import check_cases
from snu_ref.oracle.comparison.port import AdapterSource
from snu_ref.oracle.diagnosis import numbers
from snu_ref.oracle.diagnosis.causes import tell
from snu_ref.oracle.diagnosis.others import PROGRAMS
from snu_ref.oracle.diagnosis.sets import FORMS, Edits, Whole
from snu_ref.oracle.diagnosis.seen import Seen
from snu_ref.oracle.mistakes.edit import TABLE, edits_of, merged
from snu_ref.oracle.program.backward import run_backward
from snu_ref.oracle.program.printing import diff
from snu_ref.oracle.program.step import Run, run

SOME = ["unit-tanh-relu", "unit-arctan-tanh-rec-inh-det", "unit-sigmoid-leakyrelu-rec-inh",
        "unit-boxcar-identity-rec", "rest-sigmoid-tanh-inh", "edge-ties",
        "edge-silent-inhibition", "stream-snu-rec", "default-ssnu-decay"]


def source(function, dtype="float64"):
    return AdapterSource(function, dtype)


def causes(function, ids):
    return tell(list(check_cases(source(function), [ENTRIES[id] for id in ids])), "float64")


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


def test_every_row_of_the_table_runs_and_changes_numbers_in_some_case_and_is_printed():
    idle = {e: e.said() for name in ("FORWARD", "SLOPES", "PATHS", "HAND") for e in TABLE[name]}
    ids = [*SOME, "edge-z-zero-relu", "edge-z-zero-leaky", "edge-kink-boxcar", "edge-v-zero-tanh",
           "hand-start-state", "unit-triangle-relu", "unit-tanh-leakyrelu-rec", "batch-snu",
           "unit-tanh-tanh-det", "unit-tanh-relu-inh-det", "unit-sigmoid-tanh-det"]
    for id in ids:
        entry = ENTRIES[id]
        inputs, right = case_of(id)
        whole = Whole(Seen(id, "", entry["config"], inputs, right, 1e-10), Counter())
        for e in [e for e in idle if e.applies(entry["config"], inputs)]:
            form = "by hand" if e in TABLE["HAND"] else "derived"
            e_k = e._replace(k=0.37) if e.fitted else e
            edits = Edits((e_k,), form) if e in TABLE["FORWARD"] else Edits((), form, (e_k,))
            if not whole.seen.matches(whole.run(edits)):
                assert diff(entry["config"], e_k.texts()) or "fired" in e.slot, e
                del idle[e]
    assert len(idle) <= 12, idle.values()   # shapes that these cases do not have


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
    ("k * a * b * d", "a * b * c", None),       # its number would be lost
])
def test_two_mistakes_of_one_line_are_one_text(one, other, both):
    """Each changes other words of the right text, or both are no text at all."""
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


def test_what_no_table_has_is_not_named_and_what_stands_beside_it_is_held():
    """z is wrong beyond any table, b is subtracted: the line of v is told, and no more."""
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


def test_cases_at_boundaries_alone_propose_nothing():
    """Anything fits a case in which little happens, so the edits that do are not told."""
    def odd(case):
        return run(case.config, case.inputs,
                   {"y": "step(v) + 0.7 * (not_negative(v) - positive(v))"})
    some = [id for id, e in ENTRIES.items() if e["family"] in ("hand", "edge", "default")
            and e["config"]["unit"] == "snu" and e["config"]["h"] == "step"]
    found = causes(odd, some)
    assert found and {r.entry["family"] for c in found for r in c.results} <= {"hand", "edge"}
    assert not any(cause.says for cause in found)


def test_two_runs_say_the_same():
    def port(case):
        return run(case.config, case.inputs, {"leak": "decay * s_before", "v": "s - b"})
    first, second = (causes(port, SOME) for _ in range(2))
    assert [c.says for c in first] == [c.says for c in second] and first[0].grade == "confirmed"


def test_forms_of_the_gradients_differ():
    inputs, right = case_of("unit-sigmoid-tanh")
    config = ENTRIES["unit-sigmoid-tanh"]["config"]
    whole = Whole(Seen("", "", config, inputs, right, 1e-10), Counter())
    soft = next(e for e in TABLE["FORWARD"] if e.said() == "the decay is applied twice")
    found = [whole.run(Edits((soft,), form))["grad.decay"] for form in FORMS]
    assert not np.allclose(found[0], found[1]) and not np.allclose(found[1], found[2])
