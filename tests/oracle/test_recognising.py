"""Mistakes outside the SNU: the programs behind them are right, each mistake shows, and is named."""
import numpy as np
import pytest

from snu_ref.oracle.diagnosis import recognising
from snu_ref.oracle.mistakes.losses import loss_numbers
from snu_ref.oracle.mistakes.optimisers import (clip_numbers, optimiser_numbers, right_clip,
                                                right_rule)
from snu_ref.oracle.mistakes.training import training_numbers
from snu_ref.oracle.program.gated import run_gated
from snu_ref.oracle.cases.manifest import load_case, read_manifest
from snu_ref.oracle.diagnosis.recognising import MISTAKES, recognise, recognised
from snu_ref.oracle.cases.second_pcm import second_array, second_devices

CASES = [(e, *load_case(e)) for e in read_manifest()["cases"] if e["config"]["unit"] in MISTAKES]
RIGHT = {
    **{unit: lambda c, i: run_gated(c, i, {}) for unit in ("rnn", "gru", "lstm")},
    "loss": lambda c, i: loss_numbers(c["loss"], i["y"], i["target"], i.get("mask")),
    "optimiser": lambda c, i: optimiser_numbers(c, i, right_rule),
    "clip": lambda c, i: clip_numbers(c, i, right_clip),
    "training": training_numbers, "pcm": second_devices, "pcm-array": second_array}


@pytest.fixture(scope="module", autouse=True)
def runs_are_shared():
    """Each mistake is run once for all tests on one case."""
    kept, run = {}, recognising.numbers_with

    def shared(config, inputs, expected, name):
        key = id(inputs), name
        if key not in kept:
            kept[key] = run(config, inputs, expected, name), inputs  # which is kept, so that its id stays
        found = kept[key][0]
        return found and {k: a.copy() for k, a in found.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognising, "numbers_with", shared)
        yield


@pytest.mark.parametrize("entry, inputs, outputs", CASES, ids=[e["id"] for e, _, _ in CASES])
def test_without_a_mistake_the_programs_give_the_vectors(entry, inputs, outputs):
    numbers = RIGHT[entry["config"]["unit"]](entry["config"], inputs)
    assert set(numbers) == set(outputs)
    for name, a in numbers.items():
        np.testing.assert_allclose(a, outputs[name], rtol=0, atol=1e-12 * (abs(outputs[name]).max() or 1))
    assert recognise(entry["config"], inputs, numbers, outputs, 1e-10) == []


def case_that_shows(unit, name):
    for entry, inputs, outputs in CASES:
        if entry["config"]["unit"] == unit:
            got = recognising.numbers_with(entry["config"], inputs, outputs, name)
            if got and any(not abs(got[k] - a).max() <= 1e-7 * (abs(a).max() or 1) for k, a in outputs.items()):
                return entry["config"], inputs, outputs, got
    return None


@pytest.mark.parametrize("unit", [unit for unit in MISTAKES if unit != "training"])
def test_every_mistake_shows_in_a_case_and_is_named(unit):
    for name in MISTAKES[unit]:
        found = case_that_shows(unit, name)
        if found is None:
            assert unit.startswith("pcm"), name  # some show in only one of single devices and arrays
            other = case_that_shows("pcm" if unit == "pcm-array" else "pcm-array", name)
            assert other is not None, name
            continue
        config, inputs, outputs, got = found
        assert (name,) in [e.names for e in recognise(config, inputs, got, outputs, 1e-10)], name
        assert recognised(config, inputs, got, outputs, 1e-10, name)
        assert not recognised(config, inputs, outputs, outputs, 1e-10, name)


def first(unit, **options):
    return next(c for c in CASES if c[0]["config"]["unit"] == unit
                and all(c[0]["config"].get(k) == v for k, v in options.items()))


def test_adam_written_once_more_with_eps_inside_the_root():
    entry, inputs, outputs = first("optimiser", optimiser="adam")
    c, got = entry["config"], {}
    for name in ("W", "b"):
        p, m, v, rows = inputs[f"params.{name}"].copy(), 0.0, 0.0, []
        for t, g in enumerate(inputs[f"grads.{name}"]):
            m, v = m + (1 - c["beta1"]) * (g - m), v + (1 - c["beta2"]) * (g * g - v)
            p = p - c["lr"] * m / (1 - c["beta1"] ** (t + 1)) / np.sqrt(v / (1 - c["beta2"] ** (t + 1)) + c["eps"])
            rows.append(p)
        got[f"after.{name}"] = np.array(rows)
    found = recognise(c, inputs, got, outputs, 1e-10)
    assert found[0].names == ("adam_eps_inside_root",) and found[0].digits > 12


def test_amsgrad_and_dampening_written_once_more():
    """As in PyTorch: the largest v before its correction; and a first velocity that is the gradient."""
    (entry, i, outputs), c = (found := first("optimiser", optimiser="adam")), found[0]["config"]
    p, m, v, top, rows = i["params.W"], 0.0, 0.0, 0.0, []
    for t, g in enumerate(i["grads.W"], 1):
        m, v = m + (1 - c["beta1"]) * (g - m), v + (1 - c["beta2"]) * (g * g - v)
        top = np.where(v > top, v, top)
        p = p - c["lr"] / (1 - c["beta1"] ** t) * m / (np.sqrt(top) / np.sqrt(1 - c["beta2"] ** t) + c["eps"])
        rows.append(p)
    found = recognise(c, i, {"after.W": np.array(rows)}, outputs, 1e-10)
    assert [e.names for e in found] == [("adam_maximum_of_uncorrected_v",)]
    (entry, i, outputs), c = (found := first("optimiser", optimiser="sgd", momentum=0.5)), found[0]["config"]
    p, v, rows = i["params.b"], None, []
    for g in i["grads.b"]:
        v = g if v is None else (v + g) / 2
        p = p - c["lr"] * v
        rows.append(p)
    found = recognise(c, i, {"after.b": np.array(rows)}, outputs, 1e-10)
    assert [e.names for e in found] == [("sgd_dampened_after_first_step",)]


@pytest.mark.parametrize("name", ["loss_mean_of_samples", "loss_softmax_over_time_derived",
                                  "loss_softmax_over_batch_derived", "loss_square_of_last_step", "loss_square_of_sum"])
def test_dy_of_a_mistaken_loss_is_its_derivative(name):
    for entry, inputs, outputs in CASES:
        if entry["config"]["unit"] != "loss" or "far" in entry["id"] or not recognising.numbers_with(
                entry["config"], inputs, outputs, name):
            continue
        h, dy = 1e-5, np.zeros(inputs["y"].size)
        for k, step in enumerate(h * np.eye(dy.size)):
            up, down = (recognising.numbers_with(entry["config"], {**inputs, "y": inputs["y"] + sign * step.reshape(
                inputs["y"].shape)}, outputs, name)["value"] for sign in (1, -1))
            dy[k] = (up - down) / (2 * h)
        found = recognising.numbers_with(entry["config"], inputs, outputs, name)["dy"]
        np.testing.assert_allclose(found.ravel(), dy, rtol=0, atol=1e-8)


def test_an_lstm_written_once_more_with_a_bias_of_the_forget_gate():
    entry, i, outputs = first("lstm")
    h, c, y, n = i["state.h"], i["state.c"], [], i["params.H"].shape[0]
    for x in i["x"]:
        a = x @ i["params.W"] + h @ i["params.H"] + i["params.b"]
        a[:, n:2 * n] += 1
        k = 1 / (1 + np.exp(-a))
        c = k[:, n:2 * n] * c + k[:, :n] * np.tanh(a[:, 2 * n:3 * n])
        h = k[:, 3 * n:] * np.tanh(c)
        y.append(h)
    found = recognise(entry["config"], i, {"y": np.array(y), "end.c": c}, outputs, 1e-10)
    assert [e.names for e in found] == [("lstm_forget_bias_one",)]


def test_relations_and_what_nobody_listed():
    entry, inputs, outputs = first("gru")
    got = {**outputs, "grad.b": -outputs["grad.b"]}
    assert recognise(entry["config"], inputs, got, outputs, 1e-10)[0].names == ("grad.b: times -1",)
    got = {**outputs, "y": outputs["y"] ** 2 + 1, "grad.b": np.cos(outputs["grad.b"])}
    assert all(e.unmatched for e in recognise(entry["config"], inputs, got, outputs, 1e-10))
    got = {**outputs, "y": outputs["y"] * (1 + 1e-7)}
    assert recognise(entry["config"], inputs, got, outputs, 1e-10)[0].names == ("precision",) or \
        recognise(entry["config"], inputs, got, outputs, 1e-10)[0].names[0].startswith("y: times")


def test_mistakes_are_told_in_one_line():
    for unit, names in MISTAKES.items():
        texts = [mistake.text for mistake in names.values()]
        assert all(8 < len(text) < 220 and "\n" not in text and not text.endswith(".") for text in texts)
