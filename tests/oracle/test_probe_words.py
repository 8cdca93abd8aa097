"""What a probe calls and prints, with hand-made answers."""
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref.oracle.cases.abilities import SNU_OPTIONS
from snu_ref.oracle.comparison import probe
from snu_ref.oracle.comparison.compare import Comparison

CONFIG = {key: values[0] for key, values in SNU_OPTIONS.items()}
RIGHT = Comparison(("y", "grad.W"), 2, 0.0, None)


@pytest.mark.parametrize("units, others", [
    (("snu",), False), (("snu", "rnn"), True), (("snu", "rnn", "gru"), True)])
def test_outputs_are_listed_where_the_snu_is_the_only_unit(monkeypatch, units, others):
    found = []
    source = SimpleNamespace(dtype=np.dtype(float))
    monkeypatch.setattr(probe, "open_source", lambda *_: source)
    monkeypatch.setattr(probe, "_ask", lambda *_, **__: SimpleNamespace(
        reason="", comparison=RIGHT))
    monkeypatch.setattr(probe, "check_case", lambda _, entry: SimpleNamespace(
        verdict="passed" if entry["config"]["unit"] in units else "skipped"))
    of_snu = probe._of_snu

    def noted(source, some, own, any_others):
        found.append(any_others)
        return of_snu(source, some, own, any_others)

    monkeypatch.setattr(probe, "_of_snu", noted)
    said = []
    assert probe.probe("port", said.append)
    assert found == [others] and ("returns=" in said[-1]) != others


@pytest.mark.parametrize("right, h, told", [
    (0, "step", False), (1, "step", True), (2, "step", False), (1, "sigmoid", False)])
def test_a_set_of_options_with_gaps_is_told(right, h, told):
    single = {key: values[:1] for key, values in SNU_OPTIONS.items()}
    can, said = {**single, "h": (h,), "recurrent": (False, True)}, []
    probe._report(said.append, can, [(CONFIG, RIGHT)] * 2, [(CONFIG, RIGHT)] * right, {}, 5)
    assert f"\nof 5 combinations of options, {right} are right, {2 - right} wrong, " \
        "3 without an answer" in said
    gaps = "Some combinations of the options below are not right: the check shows which."
    assert (gaps in said) == told
    guess = "No answer was right, so this is a guess. The check says what is wrong."
    assert (guess in said) == (right == 0)
