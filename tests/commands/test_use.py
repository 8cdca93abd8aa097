"""Use a trained network: load_run loads it, and `use` draws, plays and writes with it."""
import json
import os
import shutil
import wave

import numpy as np
import pytest
from helpers.toy_tasks import TASKS as TOYS
from helpers.toy_tasks import toy_settings

from snu_ref import figures
from snu_ref.__main__ import main
from snu_ref.saving import array_file
from snu_ref.tasks import load_run
from snu_ref.tasks.language import sample
from snu_ref.tasks.music import continued, write_wav

UNITS = {"digits": "snu", "music": "ssnu", "language": "rnn"}
PUT = {"digits": ["--set", "hidden=(8,)"], "music": ["--set", "hidden=(8,)"],
       "language": ["--set", "hidden=(8,)", "--set", "embedding=8", "--set", "batch=4",
                    "--set", "bptt=10"]}


def write_data(folder):
    """Small data of each task, in the formats for users' own data."""
    rng = np.random.default_rng(0)
    (folder / "digits").mkdir()
    labels = np.arange(60) % 3
    images = np.zeros((60, 5, 5), np.uint8)
    images[np.arange(60), labels, 0] = 200
    for kind, array, magic in (("images", images, 2051), ("labels", labels, 2049)):
        head = b"".join(int(n).to_bytes(4, "big") for n in (magic, *array.shape))
        (folder / "digits" / kind).write_bytes(head + array.astype(np.uint8).tobytes())
    pieces = [[sorted(rng.choice(np.arange(50, 70), 3, False).tolist()) for _ in range(20)]
              for _ in range(12)]
    (folder / "music").write_text(json.dumps(pieces))
    words = rng.choice(["sea", "sky", "sun", "."], 600)
    (folder / "language").write_text(" ".join(words))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a finished run of each task on own data."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "data").mkdir()
    write_data(folder / "data")
    for task, unit in UNITS.items():
        assert main(["train", task, "--unit", unit, "--own", str(folder / "data" / task),
                     "--epochs", "2", "--out", str(folder / task), *PUT[task]]) == 0
    return folder


def printed(capsys, *words, status=0):
    capsys.readouterr()
    assert main([str(word) for word in words]) == status
    out, err = capsys.readouterr()
    return err if status else out


@pytest.mark.parametrize("task", UNITS)
def test_a_run_comes_back_with_its_figures(task, runs):
    run = load_run(runs / task)
    assert run.task.name == task and run.settings.epochs == 2 and run.settings.hidden == (8,)
    assert run.figures == run.results["test"]
    assert repr(run).startswith(f"Run({task}, unit {UNITS[task]}, ") and len(repr(run)) < 150
    assert len(repr(run.loaded)) < 500 and len(repr(run.trained)) < 500
    assert run.task.evaluate(run.network, "test", run.settings, 0) == run.figures


@pytest.mark.parametrize("task, files", [
    ("digits", {"wrong.png"}), ("music", {"continued.png", "continued.wav"}), ("language", set())])
def test_use_writes_what_it_says(task, files, runs, tmp_path, capsys):
    few = ["--steps", 4] if task == "music" else []
    text = printed(capsys, "use", runs / task, "--out", tmp_path, *few)
    assert "own data, not the published set" in text and "trainable parameters" in text
    assert {path.name for path in tmp_path.iterdir() if path.suffix} == files
    assert all(str(tmp_path / name) in text for name in files)


def test_wrong_images_are_those_of_the_test_figure(runs, tmp_path, capsys):
    run = load_run(runs / "digits")
    text = printed(capsys, "use", runs / "digits", "--out", tmp_path)
    wrong = round((1 - run.figures["accuracy"]) * 6)
    assert f"{wrong} of 6 test images are wrong" in text
    assert text.count(">") == (wrong + 1 if wrong else 0)


def test_a_piece_goes_on_as_asked(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(figures, "continued_roll", lambda *_, **__: "drawn elsewhere")
    words = ["use", runs / "music", "--out", tmp_path, "--prime", 5, "--steps", 7]
    text = printed(capsys, *words)
    assert "given        5 steps" in text and "the network  7 steps" in text
    with wave.open(str(tmp_path / "continued.wav"), "rb") as file:
        seconds = file.getnframes() / file.getframerate()
        first = file.readframes(10 ** 9)
    assert abs(seconds - 13 * 0.6) < 0.01  # one more, in which the last chord fades
    printed(capsys, *words)
    with wave.open(str(tmp_path / "continued.wav"), "rb") as file:
        assert file.readframes(10 ** 9) == first
    printed(capsys, *words, "--seed", 1)
    with wave.open(str(tmp_path / "continued.wav"), "rb") as file:
        assert file.readframes(10 ** 9) != first


def test_a_text_goes_on_as_asked(runs, capsys):
    words = ["use", runs / "language", "--prompt", "The sun, sea", "--words", 9]
    text = printed(capsys, *words)
    assert "read as <unk>: ,, the" in text
    assert "the sun , sea | " in text
    likeliest = [printed(capsys, *words, "--temperature", 0, "--seed", seed) for seed in (0, 1)]
    assert likeliest[0] == likeliest[1]
    assert text != printed(capsys, *words, "--seed", 1)


@pytest.mark.parametrize("words, message", [
    (["digits", "--prompt", "a"], "--prompt: expected a run of language, got one of digits"),
    (["digits", "--temperature", "1"], "--temperature"),
    (["language", "--prime", "3"], "--prime: expected a run of music"),
    (["music", "--prime", "0"], "--prime: expected an int in [1, 10000]"),
    (["music", "--prime", "21"], "at most the 20 steps of test piece 1"),
    (["music", "--piece", "2"], "--piece: expected 1 to 1"),
    (["music", "--steps", "1000000"], "--steps"),
    (["music", "--temperature", "-1"], "--temperature"),
    (["music", "--temperature", "inf"], "--temperature"),
    (["language", "--words", "-4"], "--words"), (["nowhere"], "nowhere")])
def test_bad_options_are_one_line(words, message, runs, tmp_path, capsys):
    error = printed(capsys, "use", runs / words[0], "--out", tmp_path / "o", *words[1:], status=2)
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "o").exists()


# ---- runs whose files were changed --------------------------------------------------------------

def spoil_results(**values):
    def change(folder):
        path = folder / "results.json"
        results = json.loads(path.read_text())
        for name, value in values.items():
            results.pop(name) if value is None else results.update({name: value})
        path.write_text(json.dumps(results))
    return change


def without(name):
    return lambda folder: (folder / name).unlink()


def as_pipe(name):
    def change(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    return change


def with_bytes(name, raw):
    return lambda folder: (folder / name).write_bytes(raw)


@pytest.mark.parametrize("spoil, words", [
    (without("results.json"), "an unfinished one; the same `train` command with --resume"),
    (without("checkpoint.npz"), "checkpoint.npz: expected a checkpoint, found no such file"),
    (shutil.rmtree, "found no such folder"),
    (as_pipe("results.json"), "results.json"), (as_pipe("checkpoint.npz"), "checkpoint.npz"),
    (with_bytes("results.json", b"{"), "results.json"),
    (with_bytes("results.json", b"[" * 10 ** 5), "results.json"),
    (with_bytes("results.json", b"\xff"), "results.json"),
    (with_bytes("checkpoint.npz", b"PK"), "checkpoint.npz"),
    (spoil_results(task="chess"), "results.json"), (spoil_results(task=None), "results.json"),
    (spoil_results(settings={"lr": {"value": 0.5}}), "checkpoint.npz"),
    (spoil_results(settings={"colour": {"value": 1}}), "colour"),
    (spoil_results(settings=[1]), "results.json"), (spoil_results(seed=7), "seed"),
    (spoil_results(path="/nowhere"), "/nowhere: .*--data"),
    (spoil_results(own=False), "lr|settings|data"),
    (spoil_results(test=None), "results.json"), (spoil_results(runs=[], task=None), "reproduce")])
def test_a_run_that_cannot_be_used_is_named(spoil, words, runs, tmp_path, capsys):
    shutil.copytree(runs / "music", tmp_path / "run")
    spoil(tmp_path / "run")
    with pytest.raises((ValueError, OSError), match=words):
        load_run(tmp_path / "run")
    error = printed(capsys, "use", tmp_path / "run", status=2)
    assert error.count("\n") == 1 and "Error" not in error


def test_data_that_moved_are_given_by_hand_and_other_data_are_refused(runs, tmp_path):
    shutil.copytree(runs / "music", tmp_path / "run")
    shutil.copy(runs / "data" / "music", tmp_path / "moved.json")
    spoil_results(path="/nowhere")(tmp_path / "run")
    assert load_run(tmp_path / "run", tmp_path / "moved.json").task.name == "music"
    pieces = json.loads((tmp_path / "moved.json").read_text())
    pieces[0][0] = [51]
    (tmp_path / "moved.json").write_text(json.dumps(pieces))
    with pytest.raises(ValueError, match="data"):
        load_run(tmp_path / "run", tmp_path / "moved.json")


def test_own_and_data_are_one_or_the_other_and_nothing_is_written(tmp_path, capsys):
    write_data(tmp_path)
    text = tmp_path / "short"
    text.write_text("a b c " * 10)
    for words, message in (
            (["music", "--own", tmp_path / "music", "--data", tmp_path], "--own"),
            (["digits", "--own", tmp_path / "music"], "expected a folder"),
            (["music", "--own", tmp_path / "digits"], "expected a file"),
            (["language", "--own", text], "bptt")):
        error = printed(capsys, "train", *words, "--out", tmp_path / "out", status=2)
        assert message in error and error.count("\n") == 1
        assert not (tmp_path / "out").exists()


# ---- continue a piece or a text -----------------------------------------------------------------

def test_a_piece_at_temperature_0_is_what_is_likelier_than_not():
    task = TOYS["music"]("ssnu")
    network = task.network(toy_settings(dropout=0.0), np.random.default_rng(0))
    network.params["1.b"][...] = np.linspace(-1, 1, 88)
    start = task.data["train"][0]
    rolls = [continued(network, start, 4, np.random.default_rng(seed), 0.0) for seed in (0, 1)]
    np.testing.assert_array_equal(*rolls)
    y, _ = network.forward(np.concatenate([start, rolls[0]])[:, None].astype(np.float32))
    np.testing.assert_array_equal(rolls[0], y[len(start) - 1:-1, 0] > 0)


def test_keys_are_drawn_with_their_probability():
    task = TOYS["music"]("snu")
    network = task.network(toy_settings(dropout=0.0), np.random.default_rng(0))
    network.params["1.W"][...], network.params["1.b"][...] = 0, 1.5  # the same for all keys
    for temperature in (1.0, 0.5):
        roll = continued(network, np.zeros((1, 88)), 100, np.random.default_rng(0), temperature)
        p = 1 / (1 + np.exp(-1.5 / temperature))
        assert abs(roll.mean() - p) < 5 * np.sqrt(p * (1 - p) / roll.size)


def test_words_at_temperature_0_are_the_likeliest():
    task = TOYS["language"]("ssnu")
    network = task.network(toy_settings(dropout=0.0), np.random.default_rng(0))
    words = sample(network, [1, 2], 6, np.random.default_rng(0), 0.0)
    y, _ = network.forward(np.array([1, 2, *words])[:, None])
    assert words == y[1:-1, 0].argmax(axis=1).tolist()
    assert sample(network, [1], 5, np.random.default_rng(0), 1e-300)


def test_sound_has_the_frequency_of_the_key(tmp_path):
    roll = np.zeros((4, 88), np.uint8)
    roll[:3, 48] = 1  # A4, 440 Hz, held
    write_wav(roll, tmp_path / "a.wav", 0.5)
    with wave.open(str(tmp_path / "a.wav"), "rb") as file:
        sound = np.frombuffer(file.readframes(10 ** 9), "<i2").astype(float)
        rate = file.getframerate()
    loudest = np.abs(np.fft.rfft(sound[:rate])).argmax()
    assert loudest == 440 and not sound[-rate // 4:].any()
    assert np.abs(sound).argmax() < rate / 10  # the key is struck once


def test_runs_of_0_1_0_and_runs_on_devices_come_back(tmp_path, monkeypatch):
    """Results of 0.1.0 do not say where the data came from; devices are in the checkpoint."""
    monkeypatch.chdir(tmp_path)
    assert main(["train", "music", "--unit", "snu", "--weights", "pcm", "--epochs", "1",
                 "--set", "hidden=(4,)", "--out", "run"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    for name in ("path", "own", "warnings"):
        del results[name]
    (tmp_path / "run" / "results.json").write_text(json.dumps(results))
    with pytest.raises(ValueError, match="data: expected none"):
        load_run("run", tmp_path)
    run = load_run("run")
    assert run.task.evaluate(run.network, "test", run.settings, 0) == run.figures


def test_the_parameters_are_those_of_the_epoch_that_was_kept(runs, tmp_path):
    shutil.copytree(runs / "music", tmp_path / "run")
    arrays = array_file.read(tmp_path / "run" / "checkpoint.npz")
    arrays = {**arrays, "best/0.b": arrays["params/0.b"] - 1}
    array_file.write(tmp_path / "run" / "checkpoint.npz", arrays)
    np.testing.assert_array_equal(load_run(tmp_path / "run").network.params["0.b"],
                                  arrays["best/0.b"])
