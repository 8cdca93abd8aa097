"""What the report lists as not proved, for hand-made results."""
import numpy as np
import pytest
from helpers.results import CONFIG, entry, failed, passed

from snu_ref.oracle.comparison.proved import not_proved

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
    # a sigmoid has no surrogate, so the text about h is enough
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
    alone = snu(params_decay=[0.5], params_b=[0.5])  # one unit: no other decay to differ from
    assert "a different decay for each unit" in not_proved([alone], [alone.entry])[0]
    only = passed("r", compared=("y",))
    assert not_proved([only], [only.entry]) == (["outputs of rnn: s"], True)
