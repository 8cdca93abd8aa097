"""A wrong forward pass with a backward pass that does not follow it, and what is believed of it."""
import numpy as np
import pytest
from test_check import PORT, check, wrong  # noqa: F401 (a fixture)
from test_variants import apart
from helpers.wrong_units import CONFIG, SETTINGS, draw

from snu_ref.oracle.diagnosis import stories
from snu_ref.oracle.diagnosis.along import FORMS, forms_for, run_along
from snu_ref.oracle.diagnosis.search import diagnose, explains
from snu_ref.oracle.diagnosis.explanation import FORWARD_ALONE
from snu_ref.oracle.diagnosis.variants import VARIANTS, applies, find, outputs_with, run_variant

RECURRENT = dict(CONFIG, recurrent=True, lateral_inhibition=True)
SOFT = dict(CONFIG, h="sigmoid", g="tanh")


@pytest.mark.parametrize("config", [CONFIG, RECURRENT, SOFT, dict(SOFT, recurrent=True, reset_grad="detached")])
@pytest.mark.parametrize("form", set(FORMS) - {FORWARD_ALONE})
def test_along_right_traces_the_right_backward_pass_is_right(config, form):
    inputs = draw(config)
    same = {name: lambda p: p for name in ("W", "b", "decay")}
    assert apart(run_along(config, inputs, same, form, {}), run_variant(config, inputs, ())) <= 1e-13


def by_hand(config, inputs, traces):
    """Backpropagation as a student writes it, from z, s, v, y as they are given."""
    W, decay, H = (inputs.get(f"params.{name}") for name in ("W", "decay", "H"))
    s = np.stack([inputs["state.s"], *traces["s"]])
    y = np.stack([inputs["state.y"], *traces["y"]])
    out = {name.replace("params", "grad"): 0 * a for name, a in inputs.items() if name.startswith("params")}
    out["grad.x"], ds, dy = 0 * inputs["x"], inputs["dend.s"], inputs["dend.y"]
    for t in reversed(range(len(inputs["x"]))):
        dv = (dy + inputs["dy"][t]) * (y[t + 1] * (1 - y[t + 1]) if config["h"] == "sigmoid"
                                       else 1 / np.cosh(traces["v"][t]) ** 2)
        dz = (ds + dv) * (traces["z"][t] > 0 if config["g"] == "relu" else 1 - s[t + 1] ** 2)
        out["grad.W"] += inputs["x"][t].T @ dz
        out["grad.b"] += dv.sum(0)
        out["grad.decay"] += (dz * s[t] * (1 - y[t])).sum(0)
        out["grad.x"][t] = dz @ W.T
        ds, dy = dz * decay * (1 - y[t]), -dz * decay * s[t]
        if H is not None:
            out["grad.H"] += y[t].T @ dz
            dy = dy + dz @ H.T
    return {**out, "start.s": ds, "start.y": dy}


FORWARD = ("z", "s", "v", "y", "end.s", "end.y")
HAND = [(CONFIG, "reset_to_b"), (CONFIG, "bias_subtracted"), (CONFIG, "reset_by_one_after_decay"),
        (CONFIG, "bias_in_state_unseen"), (CONFIG, "reset_for_two_steps"), (CONFIG, "input_late"),
        (CONFIG, "decay_when_reported"), (dict(CONFIG, recurrent=True), "feedback_gated"),
        (dict(CONFIG, recurrent=True), "H_transposed"), (SOFT, "hard_gate"), (SOFT, "h_of_s"), (SOFT, "g_then_relu")]


@pytest.mark.parametrize("config, name", HAND)
def test_a_wrong_forward_pass_with_a_backward_pass_by_hand_is_named(config, name):
    inputs = draw(config)
    right, changed = run_variant(config, inputs, ()), run_variant(config, inputs, (name,))
    got = {k: changed[k] for k in FORWARD}
    got.update(by_hand(config, inputs, got))
    found = diagnose(config, inputs, got, right, 1e-10, pairs=False, seconds=60)
    assert any(e.names == (name, "right_backward") for e in found), [e.names for e in found]
    assert all(len(e.names) == 2 for e in found)
    assert explains(config, inputs, got, right, 1e-10, found[0].names)
    assert "does not follow" in found[0].text
    assert not explains(config, inputs, changed, right, 1e-10, found[0].names)  # that follows


def test_the_same_with_one_mistake_of_the_backward_pass_too():
    inputs = draw(CONFIG)
    right, got = run_variant(CONFIG, inputs, ()), run_variant(CONFIG, inputs, ("no_reset",))
    got = {k: got[k] for k in FORWARD}
    got.update(by_hand(CONFIG, inputs, got))
    got["grad.b"] = -got["grad.b"]
    found = diagnose(CONFIG, inputs, got, right, 1e-10, seconds=60)
    assert ("no_reset", "right_backward", "grad.b: times -1") in [e.names for e in found]
    assert "but for this: grad.b is the right one times -1" in found[0].text


def test_a_forward_pass_is_named_whatever_the_gradients_are():
    inputs = draw(CONFIG)
    right, got = run_variant(CONFIG, inputs, ()), run_variant(CONFIG, inputs, ("no_reset",))
    got = {k: a if k in FORWARD else np.cos(99 * a) for k, a in got.items()}
    found = diagnose(CONFIG, inputs, got, right, 1e-10, pairs=False)
    assert found[0].names == ("no_reset", FORWARD_ALONE) and "mend the forward pass first" in found[0].text
    assert explains(CONFIG, inputs, got, right, 1e-10, found[0].names)
    got.update({k: right[k] for k in FORWARD})  # a right forward pass has no explanation of this kind
    assert not explains(CONFIG, inputs, got, right, 1e-10, found[0].names)


def test_spikes_alone_do_not_name_a_forward_pass():
    inputs = draw(CONFIG)
    right, got = run_variant(CONFIG, inputs, ()), run_variant(CONFIG, inputs, ("no_reset",))
    got = {k: a if k == "y" else np.cos(99 * a) for k, a in got.items() if k == "y" or k not in FORWARD}
    assert not np.array_equal(got["y"], right["y"])
    assert all(e.unmatched for e in diagnose(CONFIG, inputs, got, right, 1e-10, pairs=False))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_goes_with_every_form_ahead_of_it_and_behind(name):
    for config, make in SETTINGS[1:3]:  # recurrent; inhibited
        inputs = make(config, T=2)
        if applies(config, name) and find(name).fits(inputs):
            changes = find(name).changes_for(config)
            for form in forms_for(changes):
                for names in ((name, form), ("no_reset", form, name)):
                    outputs_with(config, inputs, [find(n) for n in names])


# ---- what the check says -------------------------------------------------------------------------

CASES = ("--cases", "hand,unit-tanh-relu,unit-sigmoid-relu,unit-sigmoid-identity")


@pytest.mark.parametrize("changes, words", [
    ([("decay[j] * gate[j] * s[t][j]", "decay[j] * (gate[j] * s[t][j] + (1 - gate[j]) * b[j])")], "reset to b and not to 0"),
    ([('sigmoid(q, kind) if c["h"] == "sigmoid" else q > 0 for q in v',
       'sigmoid(q, kind) if c["h"] == "sigmoid" else q > 0 for q in (s[-1] if c["h"] == "sigmoid" else v)')],
     "the output is h(s)"),
    ([('out["grad.W"] += np.outer(x[t, i], dz)', 'out["grad.W"] += np.outer(x[t, i], dz) / B')], "times 1/B"),
])
def test_a_mistake_in_a_port_by_hand_is_one_story(check, changes, words):  # noqa: F811
    status, text = check(wrong(*changes), *CASES)
    assert status == 1 and "FAILURE 1 of 1" in text, text
    assert words in text[text.index("diagnosis:"):].splitlines()[0]
    assert ("in cases with h=sigmoid alone" in text) == ("h(s)" in words)


def test_what_a_few_numbers_suggest_is_no_diagnosis(check, monkeypatch):  # noqa: F811
    """An unknown surrogate: some number fits every one-unit case, and none fits the rest."""
    monkeypatch.setattr(stories, "SECONDS", 1.5)
    source = PORT.replace('else PSI[c["surrogate"]](q)', "else 1 / (1 + abs(q) ** 3)")
    status, text = check(source, *CASES)
    assert status == 1 and "diagnosis: none of the known mistakes" in text
    for line in text.splitlines():
        assert not line.startswith("  diagnosis: ") or "none of the known" in line, line
