"""The training loop, its checkpoints and presets, on a toy task that trains in milliseconds."""
import json
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref import SNU, Adam, Dense, Network, SGD
from snu_ref.losses import softmax_cross_entropy
from snu_ref.progress import Progress
from snu_ref.tasks import checkpoints
from snu_ref.tasks.digits import Digits, split_validation
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.language import Language, sample
from snu_ref.tasks.music import Music, pad
from snu_ref.tasks.presets import PRESETS, Choice, describe, find_preset, settings_of
from snu_ref.tasks.training import Batch, best_epoch, learning_rate, train, update
from snu_ref.tasks.units import UNITS


def _settings(**changes):
    return SimpleNamespace(**{**dict(
        hidden=(8,), options={}, optimiser="adam", lr=0.02, momentum=0.0, schedule="cosine", batch=4, epochs=4,
        clip=1.0, lateral_inhibition=False, store=None, keep="best", n_steps=6, max_spikes=6, embedding=6, tied=True, projection=True, dropout=0.2, bptt=5), **changes})


def _digits(unit="snu"):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 60)
    values = np.eye(10, dtype=np.float32)[labels]  # class k lights pixel k: easy to learn
    train_part, valid = split_validation(values, labels, 20)
    return Digits(unit, {"train": train_part, "valid": valid, "test": (values, labels)})


def _music(unit="ssnu"):
    rng = np.random.default_rng(0)
    rolls = [(rng.random((n, 88)) < 0.05).astype(np.uint8) for n in (5, 9, 7, 6, 2)]
    return Music(unit, {"train": rolls, "valid": rolls[:2], "test": rolls})


def _language(unit="ssnu"):
    words = np.arange(400) % 7
    return Language(unit, {"train": words, "valid": words[:60], "test": words[:60]}, 7)


TASKS = {"digits": _digits, "music": _music, "language": _language}


@pytest.mark.parametrize("name", TASKS)
def test_a_resumed_run_ends_bit_identical(name, tmp_path):
    settings, path = _settings(options={"train_decay": True}), tmp_path / "checkpoint.npz"
    whole = train(TASKS[name](), settings, 5)
    stopped = TASKS[name]()
    evaluate, calls = stopped.evaluate, []

    def stop_in_epoch_3(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(*args)

    stopped.evaluate = stop_in_epoch_3
    with pytest.raises(KeyboardInterrupt):
        train(stopped, settings, 5, checkpoint=path)
    resumed = train(TASKS[name](), settings, 5, checkpoint=path, resume=True)
    assert len(resumed.history) == settings.epochs
    for key, p in whole.network.params.items():
        assert np.array_equal(p, resumed.network.params[key])
    for a, b in zip(whole.history, resumed.history):
        assert {k: v for k, v in a.items() if k != "seconds"} == {k: v for k, v in b.items() if k != "seconds"}
    finished = train(TASKS[name](), settings, 5, checkpoint=path, resume=True)  # nothing left to do
    assert all(np.array_equal(p, finished.network.params[key]) for key, p in whole.network.params.items())


def test_same_seed_same_numbers_other_seed_other_numbers():
    a, b, c = (train(_digits(), _settings(epochs=2), seed) for seed in (1, 1, 2))
    assert np.array_equal(a.network.params["0.W"], b.network.params["0.W"])
    assert not np.array_equal(a.network.params["0.W"], c.network.params["0.W"])


def test_training_learns_and_keeps_the_best_validation_epoch():
    task, settings = _digits(), _settings(epochs=12, hidden=(16,))
    trained = train(task, settings, 0)
    assert trained.history[-1]["loss"] < 0.5 * trained.history[0]["loss"]
    figures = [record["accuracy"] for record in trained.history]
    assert trained.best_epoch == 1 + figures.index(max(figures))
    assert task.evaluate(trained.network, "valid", settings, 0)["accuracy"] == max(figures)


def test_best_epoch_follows_the_direction_of_the_metric():
    history = [{"epoch": 1, "nll": 3.0}, {"epoch": 2, "nll": 1.0}, {"epoch": 3, "nll": 1.0}]
    lower, higher = (SimpleNamespace(metric="nll", higher_is_better=up) for up in (False, True))
    assert best_epoch(lower, _settings(), history) == 2
    assert best_epoch(higher, _settings(), history) == 1
    assert best_epoch(lower, _settings(keep="last"), history) == 3


def test_the_cosine_schedule_starts_at_lr_halves_in_the_middle_and_ends_near_zero():
    settings = _settings(lr=0.4)
    assert learning_rate(settings, 0) == 0.4
    assert learning_rate(settings, 0.5) == pytest.approx(0.2)
    assert 0 < learning_rate(settings, 1.0) < 1e-6
    assert learning_rate(_settings(lr=0.4, schedule="constant"), 0.9) == 0.4


def test_an_update_moves_trainable_parameters_only_and_keeps_decay_in_range():
    rng = np.random.default_rng(0)
    for train_decay in (False, True):
        network = Network([SNU(3, 2, rng=rng, train_decay=train_decay), Dense(2, 2, rng=rng)])
        grads = {name: np.ones_like(p) for name, p in network.params.items()}
        grads["0.decay"] = np.array([-10.0, 10.0])
        update(network, SGD(1.0), grads, None)
        assert network.params["0.decay"].tolist() == ([1.0, 0.0] if train_decay else [0.8, 0.8])
        assert (network.params["1.b"] == -1).all()


def test_an_update_clips_by_the_norm_of_the_trainable_gradients():
    network = Network([Dense(1, 1, rng=np.random.default_rng(0))])
    network.params["0.W"][:], network.params["0.b"][:] = 0, 0
    update(network, SGD(1.0), {"0.W": np.array([[3.0]]), "0.b": np.array([4.0])}, 1.0)
    assert np.allclose([network.params["0.W"][0, 0], network.params["0.b"][0]], [-0.6, -0.8])


# ---- checkpoints --------------------------------------------------------------------------------

@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    train(_music(), _settings(epochs=2), 7, checkpoint=path)
    return path


def test_a_checkpoint_holds_plain_arrays_only_and_leaves_nothing_unfinished(checkpoint):
    with np.load(checkpoint, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiU" for name in file.files)
        assert json.loads(str(file["identity"]))["seed"] == 7
    assert [path.name for path in checkpoint.parent.iterdir()] == ["checkpoint.npz"]


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_checkpoint_is_named(checkpoint, keep):
    blob = checkpoint.read_bytes()
    checkpoint.write_bytes(blob[:int(keep * len(blob)) if isinstance(keep, float) else keep])
    with pytest.raises(checkpoints.CheckpointError, match="checkpoint.npz: expected a checkpoint, but it is damaged"):
        train(_music(), _settings(epochs=2), 7, checkpoint=checkpoint, resume=True)


def test_a_flipped_byte_in_the_numbers_is_noticed(checkpoint):
    blob = bytearray(checkpoint.read_bytes())
    blob[len(blob) // 2] ^= 1
    checkpoint.write_bytes(bytes(blob))
    with pytest.raises(checkpoints.CheckpointError, match="damaged"):
        train(_music(), _settings(epochs=2), 7, checkpoint=checkpoint, resume=True)


def test_a_checkpoint_of_another_run_is_refused(checkpoint, tmp_path):
    with pytest.raises(checkpoints.CheckpointError, match="expected seed 8, but the checkpoint is of a run with 7"):
        train(_music(), _settings(epochs=2), 8, checkpoint=checkpoint, resume=True)
    with pytest.raises(checkpoints.CheckpointError, match="expected epochs 3"):
        train(_music(), _settings(epochs=3), 7, checkpoint=checkpoint, resume=True)
    with pytest.raises(checkpoints.CheckpointError, match="expected unit 'snu'"):
        train(_music("snu"), _settings(epochs=2), 7, checkpoint=checkpoint, resume=True)
    with pytest.raises(checkpoints.CheckpointError, match="expected task 'digits'"):
        train(_digits(), _settings(epochs=2), 7, checkpoint=checkpoint, resume=True)
    with pytest.raises(checkpoints.CheckpointError, match="no such file"):
        train(_music(), _settings(epochs=2), 7, checkpoint=tmp_path / "other.npz", resume=True)


def test_a_failed_write_leaves_the_last_good_checkpoint(checkpoint, monkeypatch):
    before = checkpoint.read_bytes()
    def full(*args, **kwargs): raise OSError(28, "No space left on device")
    monkeypatch.setattr(checkpoints.np, "savez", full)
    with pytest.raises(OSError):
        train(_music(), _settings(epochs=2), 7, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == before


# ---- tasks --------------------------------------------------------------------------------------

def test_padding_of_music_changes_nothing():
    task, settings = _music(), _settings()
    network = task.network(settings, np.random.default_rng(0))
    together = task.evaluate(network, "test", settings, 0)
    rolls = task.data["test"]
    alone = []
    for roll in rolls:
        task.data["test"] = [roll]
        alone.append(task.evaluate(network, "test", settings, 0)["nll"])
    steps = [len(roll) - 1 for roll in rolls]
    assert together["nll"] == pytest.approx(np.average(alone, weights=steps), rel=1e-6)
    assert together["nll_per_piece"] == pytest.approx(np.mean(alone), rel=1e-6)


def test_pad_shifts_by_one_step():
    roll = np.eye(88, dtype=np.uint8)[:4]
    batch = pad([roll, roll[:2]])
    assert np.array_equal(batch.x[:, 0], roll[:3]) and np.array_equal(batch.target[:, 0], roll[1:])
    assert batch.mask.tolist() == [[1, 1], [1, 0], [1, 0]] and not batch.x[1:, 1].any()


def test_language_streams_are_the_text_and_targets_its_next_words():
    task, settings = _language(), _settings(batch=3, bptt=5)
    task.data["train"] = np.arange(100)
    batches = list(task.batches(settings, None))
    assert len(batches) == task.batches_per_epoch(settings) == 6
    assert [batch.carry for batch in batches] == [False] + [True] * 5
    x = np.concatenate([batch.x for batch in batches])
    assert np.array_equal(x[:, 0], np.arange(30)) and np.array_equal(x[:, 1], 33 + np.arange(30))
    assert all(np.array_equal(batch.target, batch.x + 1) for batch in batches)


def test_perplexity_does_not_depend_on_the_pieces_it_is_read_in(monkeypatch):
    from snu_ref.tasks import language
    task, settings = _language(), _settings()
    network = task.network(settings, np.random.default_rng(0))
    whole = task.evaluate(network, "test", settings, 0)["perplexity"]
    monkeypatch.setattr(language, "PIECE", 7)
    assert task.evaluate(network, "test", settings, 0)["perplexity"] == pytest.approx(whole, rel=1e-5)


def test_language_learns_a_cycle_and_samples_it():
    task, settings = _language(), _settings(epochs=15, dropout=0.0, lr=0.05, hidden=(16,), embedding=12)
    trained = train(task, settings, 0)
    assert trained.history[-1]["perplexity"] < 1.5  # of 7 words in a cycle; 7 by guessing
    words = sample(trained.network, [3, 4], 8, np.random.default_rng(0), temperature=0.2)
    assert words == [5, 6, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("tied, projection, embedding", [(False, False, 6), (True, True, 6), (True, False, 8)])
def test_output_weights_of_language(tied, projection, embedding):
    settings = _settings(tied=tied, projection=projection, embedding=embedding)
    network = _language().network(settings, np.random.default_rng(0))
    shapes = [p.shape for name, p in network.params.items() if name.endswith((".E", ".W"))]
    hidden = [(7, embedding), (embedding, 8)]
    assert shapes == hidden + ([(8, embedding)] if projection else [] if tied else [(8, 7)])


def test_a_convolutional_network_trains_on_the_digits():
    loaded = load_task("digits", "snu-conv")
    values, labels = loaded.task.data["train"]
    loaded.task.data["train"] = values[:600], labels[:600]
    table = find_preset("digits", "snu-conv", "small")
    trained = train(loaded.task, settings_of(table, epochs=6, n_steps=8, max_spikes=8, hidden=(8,)), 0)
    figures = [record["accuracy"] for record in trained.history]
    assert trained.network.layers[0].out_shape == (8, 8, 8) and len(trained.network.layers) == 4
    assert figures[-1] > 0.75  # 0.10 by guessing


def test_digits_accuracy_is_that_of_the_largest_mean_output():
    task, settings = _digits(), _settings(epochs=1)
    network = task.network(settings, np.random.default_rng(0))
    values, labels = task.data["test"]
    means, rates = task.outputs(network, values, settings, np.random.default_rng([3, 1]))
    assert means.shape == (60, 10) and len(rates) == 2
    expected = np.mean([np.argmax(m) == label for m, label in zip(means, labels)])
    assert task.evaluate(network, "test", settings, 3)["accuracy"] == expected


# ---- presets ------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_is_whole_and_says_where_each_value_is_from(key):
    for unit, table in PRESETS[key].items():
        assert unit in UNITS
        assert all(isinstance(choice, Choice) and choice.source in ("published", "toolkit", "ours")
                   for choice in table.values())
        assert len(describe(table).splitlines()) == len(table)
        assert vars(settings_of(table)).keys() == table.keys()


def test_unknown_preset_unit_and_setting_are_named():
    with pytest.raises(ValueError, match="preset: digits has no preset 'huge', expected one of 'small', 'paper'"):
        find_preset("digits", "snu", "huge")
    with pytest.raises(ValueError, match="unit: expected one of"):
        find_preset("digits", "perceptron", "small")
    with pytest.raises(ValueError, match="unknown learning_rate; expected .*lr"):
        settings_of(find_preset("digits", "snu", "small"), learning_rate=1.0)


# ---- progress -----------------------------------------------------------------------------------

class _Terminal:
    def __init__(self, tty):
        self.tty, self.text = tty, ""

    def isatty(self): return self.tty

    def write(self, text): self.text += text

    def flush(self): self.text += ""


def test_progress_shows_on_a_terminal_and_is_silent_in_a_pipe():
    terminal, pipe = _Terminal(True), _Terminal(False)
    for stream in (terminal, pipe):
        progress = Progress(4, "counting", stream)
        progress.last = -1.0
        progress.step("here")
        progress.close()
    assert "counting   25 %" in terminal.text and "left" in terminal.text and "here" in terminal.text
    assert pipe.text == ""
