"""Changes of settings: each takes effect, or one line names the setting and the value."""
import math
import re
from pathlib import Path

import pytest

from snu_ref.__main__ import main
from snu_ref.tasks import presets as presets_module
from snu_ref.tasks.presets import PRESETS, find_preset, read_presets
from snu_ref.tasks.settings import SETTINGS, describe, changes_in_name, read_changes, settings_of
from snu_ref.tasks.training import train, trial
from snu_ref.tasks.units import UNITS, check_unit_options
from helpers.toy_tasks import digits, language, music, toy_settings

MUSIC = find_preset("music", "ssnu", "small")
PCM = find_preset("music", "snu", "pcm")


def test_the_table_has_every_setting_of_every_preset_and_its_checks_pass_them():
    names = set()
    for (task, preset), tables in PRESETS.items():
        for unit in tables:
            assert unit in UNITS
            table = find_preset(task, unit, preset)
            names |= table.keys()
            assert {choice.source for choice in table.values()} <= {"published", "toolkit", "ours"}
            assert vars(settings_of(table)) == {name: c.value for name, c in table.items()}
            assert len(describe(table).splitlines()) == len(table)
    assert names == SETTINGS.keys()


def test_a_section_takes_from_those_of_its_preset_and_its_task(tmp_path):
    """The nearest one decides, with its source; a unit without changes has a section too."""
    path = tmp_path / "some.ini"
    path.write_text("[t]\nlr = 0.1\nkeep = best  toolkit\nhidden = (8,)  published\n"
                    "[t p]\nlr = 0.2\n[t p u]\nhidden = (4, 4)\nkernel = 3\n[t p v]\n[t q u]\n")
    presets = read_presets(path)
    assert list(presets) == [("t", "p"), ("t", "q")] and list(presets["t", "p"]) == ["u", "v"]
    assert presets["t", "p"]["u"] == {"lr": (0.2, "ours"), "keep": ("best", "toolkit"),
                                      "hidden": ((4, 4), "ours"), "kernel": (3, "ours")}
    assert presets["t", "p"]["v"]["hidden"] == ((8,), "published")
    assert presets["t", "q"]["u"]["lr"] == (0.1, "ours")


def test_every_section_of_the_presets_is_of_some_unit():
    path = Path(presets_module.__file__).with_name("presets.ini")
    heads = re.findall(r"^\[(.*)\]$", path.read_text(encoding="utf-8"), re.MULTILINE)
    units = [head for head in heads if len(head.split()) == 3]
    assert len(units) == sum(map(len, PRESETS.values())) > 30
    for head in heads:
        assert any(unit == head or unit.startswith(f"{head} ") for unit in units), head


def test_the_help_of_train_has_every_setting(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, (meaning, _) in SETTINGS.items():
        assert any(line.split() == [name, *meaning.split()] for line in lines), name
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize("texts, expected", [
    (["options.decay=0"], {"options": {"g": "identity", "decay": 0, "recurrent": True}}),
    (["options={'decay': 0}"], {"options": {"g": "identity", "decay": 0, "recurrent": True}}),
    (["options.g=relu", "options.recurrent=False"],
     {"options": {"g": "relu", "decay": 0.4, "recurrent": False}}),
    (["store.kind=rounded", "store.bits=4"], {"store": {"kind": "rounded", "bits": 4}}),
])
def test_a_change_of_an_entry_keeps_the_others(texts, expected):
    assert read_changes(texts, MUSIC) == expected
    assert MUSIC["options"].value == {"g": "identity", "decay": 0.4, "recurrent": True}


def test_a_store_keeps_its_entries_until_it_is_of_another_kind():
    assert read_changes(["store.scale=8"], PCM) == {"store": {"kind": "pcm", "scale": 8}}
    for text in ("store.kind=quantised", "store=quantised"):
        assert read_changes([text], PCM) == {"store": {"kind": "quantised"}}
    assert read_changes(["store=None"], PCM) == {"store": None}


@pytest.mark.parametrize("texts, words", [
    (["lr=abc"], "--set lr: expected a real number, got 'abc'"),
    (["lr=" + "[" * 5000], "--set lr: expected a real number, got '[[["),
    (["lr=nan"], "--set lr: expected a real number, got 'nan'"),
    (["clip=1e999"], "--set clip: expected a number in (0, inf), got inf"),
    (["lr.x=1"], "--set lr: expected a real number, got {'x': 1}"),
    (["lr=0.1", "lr=0.2"], "--set lr: expected one value, got two"),
    (["options.g=relu", "options.g=tanh"], "--set options.g: expected one value, got two"),
    (["schedule=step"], "--set schedule: expected one of 'constant', 'cosine', got 'step'"),
    (["optimiser=adagrad"], "--set optimiser: expected one of 'adam', 'sgd', got 'adagrad'"),
    (["keep=first"], "--set keep: expected one of 'best', 'last', got 'first'"),
    (["batch=2.5"], "--set batch: expected an int in [1, 100000], got 2.5"),
    (["batch=10000000"], "--set batch: expected an int in [1, 100000], got 10000000"),
    (["hidden=(64, 'a')"], "--set hidden: expected an int in [1, 100000], got 'a'"),
    (["options={}"], "--set options: expected at least one entry, got {}"),
    (["options=relu"], "--set options: expected entries such as --set options.NAME=VALUE, got"),
    (["options={1: 2}"], "--set options: expected entries"),
    (["store=8"], "--set store: expected entries"),
    (["colour=red"], "--set: expected NAME=VALUE with NAME one of")])
def test_a_value_that_cannot_be_is_named_when_it_is_read(texts, words):
    with pytest.raises(ValueError) as caught:
        read_changes(texts, MUSIC)
    assert words in str(caught.value)


def test_settings_from_python_are_checked_too():
    with pytest.raises(TypeError, match="lr: expected a real number, got 'abc'"):
        settings_of(MUSIC, lr="abc")
    with pytest.raises(ValueError, match="schedule: expected one of"):
        train(music(), toy_settings(schedule="step"), 0)


@pytest.mark.parametrize("task, changes, words", [
    (music("snu"), {"options": {"foo": 1}},
     "options.foo: expected an option of snu (g, decay"),
    (music("snu"), {"options": {"dtype": "float64"}}, "options.dtype: expected an option of snu"),
    (music("snu"), {"options": {"h": "sigmoid"}}, "options.h: expected an option of snu"),
    (music("ssnu"), {"options": {"surrogate": "tanh"}},
     "options.surrogate: expected an option of ssnu"),
    (music("lstm"), {"options": {"decay": 0.5}},
     "options.decay: expected an option of lstm (it has none), got 'decay'"),
    (music("snu"), {"options": {"decay": 7}},
     "options.decay: expected a number in [0, 1], got 7.0"),
    (music("snu"), {"options": {"recurrent": 1}},
     "options.recurrent: expected True or False, got 1"),
    (music("snu"), {"options": {"g": "step"}}, "options.g: expected one of 'relu'"),
    (music("snu"), {"momentum": 0.5}, "momentum: expected 0 with adam, got 0.5"),
    (music("snu"), {"store": {"scale": 8.0}},
     "store.kind: expected one of 'pcm', 'quantised', 'rounded', 'noisy', got None"),
    (music("snu"), {"store": {"kind": "pcm", "noise": 0.0}},
     "store.noise: expected an option of pcm"),
    (music("snu"), {"store": {"kind": "quantised", "scale": "x"}},
     "store.scale: expected a real number, got 'x'"),
    (music("snu"), {"store": {"kind": "quantised", "epsilon": -1}},
     "store.epsilon: expected a number in [1e-100, 1e+100], got -1.0"),
    (music("snu"), {"store": {"kind": "rounded"}}, "store.bits"),
    (music("snu"), {"store": {"kind": "rounded", "bits": 2.5}}, "store.bits"),
    (digits("snu"), {"max_spikes": 7}, "max_spikes: expected a number in (0, 6], got 7.0"),
    (language(), {"bptt": 100}, "bptt, batch: expected bptt of at most 99 with batch 4, got 100"),
    (language(), {"batch": 400}, "bptt, batch: expected bptt of at most 0 with batch 400"),
    (language(), {"tied": False}, "projection: expected False"),
], ids=str)
def test_settings_that_do_not_fit_each_other_are_named_before_the_training(task, changes, words):
    """Also by `train`, before the checkpoint is written (but for what only a batch can show)."""
    with pytest.raises(ValueError) as caught:
        trial(task, toy_settings(**changes), 0)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_sizes_that_do_not_fit_into_memory_are_named():
    settings = toy_settings(hidden=(100_000,), options={"recurrent": True})
    with pytest.raises(ValueError, match="^hidden, embedding, batch, .*: expected sizes that fit"):
        trial(music(), settings, 0)


def test_a_trial_leaves_the_run_as_it_would_be():
    settings = toy_settings(epochs=1)
    trial(music(), settings, 3)
    a = train(music(), settings, 3)
    b = train(music(), settings, 3)
    assert a.history[0]["loss"] == b.history[0]["loss"]


@pytest.mark.parametrize("unit", UNITS)
def test_every_option_of_a_unit_has_an_effect_or_is_refused(unit):
    task = digits(unit) if unit != "snu-conv" else None
    for name, value in (("g", "tanh"), ("decay", 0.3), ("surrogate", "boxcar"),
                        ("reset_after", True), ("recurrent", True), ("lateral_inhibition", True),
                        ("train_decay", True), ("reset_grad", "detached")):
        try:
            check_unit_options(unit, {name: value})
        except ValueError as error:
            assert f"options.{name}: expected an option of {unit}" in str(error)
            continue
        if task:
            base = {"g": "identity"} if unit in ("snu", "ssnu") else {}
            rates = toy_settings(epochs=2, hidden=(16,), lr=0.1, options=base)
            with_it = toy_settings(**{**vars(rates), "options": {**base, name: value}})
            losses = [train(task, settings, 0).history[1]["loss"] for settings in (rates, with_it)]
            assert losses[0] != losses[1], name


@pytest.mark.parametrize("changes, name", [
    ({}, ""), ({"lr": 0.006}, ""), ({"epochs": 3}, ""), ({"lr": 0.01}, "-lr=0.01"),
    ({"schedule": "constant", "hidden": (64, 32)}, "-hidden=64,32-schedule=constant"),
    ({"options": {"g": "identity", "decay": 0, "recurrent": True}}, "-options.decay=0"),
    ({"options": {"g": "../a b"}}, "-options.g=.._a_b"),
    ({"store": {"kind": "rounded", "bits": 4}}, "-store.kind=rounded-store.bits=4")])
def test_what_differs_from_the_preset_is_in_the_name_of_the_folder(changes, name):
    assert changes_in_name(MUSIC, changes) == name


def test_a_folder_name_is_of_bounded_length_and_says_apart_what_differs():
    a, b = (changes_in_name(MUSIC, {"hidden": (64,) * 100 + (n,)}) for n in (1, 2))
    assert a != b and len(a) == len(b) < 120 and math.isfinite(len(a))


# ---- presets ------------------------------------------------------------------------------------

def test_unknown_preset_unit_and_setting_are_named():
    with pytest.raises(
            ValueError, match="preset: expected one of 'small', 'paper' for digits, got 'huge'"):
        find_preset("digits", "snu", "huge")
    with pytest.raises(ValueError, match="unit: expected one of"):
        find_preset("digits", "perceptron", "small")
    with pytest.raises(ValueError, match="settings: expected names from .*lr.*, got learning_rate"):
        settings_of(find_preset("digits", "snu", "small"), learning_rate=1.0)


def test_a_setting_given_by_hand_is_read_as_python_and_checked():
    table = find_preset("language", "lstm", "paper")
    read = read_changes(
        [
            "tied=False", "projection=False", "hidden=(64, 32)", "lr=0.01", "clip=None",
            "optimiser=sgd"],
        table,
    )
    assert read == {
        "tied": False, "projection": False, "hidden": (64, 32), "lr": 0.01, "clip": None,
        "optimiser": "sgd"}
    assert settings_of(table, **read).hidden == (64, 32)
    table = find_preset("digits", "snu", "small")
    assert [
        read_changes([f"test_steps={text}"], table)["test_steps"] for text in ("None", "30")
    ] == [None, 30]
    with pytest.raises(ValueError, match="--set test_steps: expected an int in"):
        read_changes(["test_steps=0"], table)


@pytest.mark.parametrize(
    "text, words",
    [
        ("lr", "expected NAME=VALUE with NAME one of"), ("rate=1", "got 'rate=1'"),
        ("tied=1", "--set tied: expected True or False, got 1"),
        ("lr=0", "--set lr: expected a number in (0, inf)"), ("lr=1" + "0" * 400, "--set lr"),
        ("batch=0", "--set batch: expected an int in"),
        ("hidden=64", "--set hidden: expected sizes such as (64,)"), ("hidden=()", "--set hidden"),
        ("dropout=1", "--set dropout: expected a number in [0, 1)")],
)
def test_a_setting_that_cannot_be_is_named(text, words):
    with pytest.raises(ValueError) as caught:
        read_changes([text], find_preset("language", "lstm", "paper"))
    assert words in str(caught.value)
