"""A resumed run ends like an uninterrupted one; runs and checkpoints of 0.1.0 can be resumed."""
import json
from pathlib import Path

import pytest

from snu_ref.figures import learning_curves
from snu_ref.saving import array_file
from snu_ref.tasks import checkpoints
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.run import run_task
from snu_ref.tasks.training import train
from helpers.toy_tasks import TASKS, digits, music, same_training, toy_settings

PCM = {"kind": "pcm", "scale": 16.0, "refresh_every": 5}
RUNS = {  # name: (task, unit, settings)
    "digits": ("digits", "snu", {"options": {"train_decay": True}}),
    "music": ("music", "ssnu", {"options": {"recurrent": True}, "dropout": 0.4}),
    "language": ("language", "lstm", {}),
    "sgd": (
        "digits", "rnn", {"optimiser": "sgd", "momentum": 0.9, "lr": 0.5, "schedule": "constant"}),
    "pcm": ("music", "snu", {"store": PCM, "keep": "last", "dropout": 0.0}),
    "quantised": ("music", "snu", {"store": {"kind": "quantised"}, "keep": "last", "dropout": 0.0}),
    "rounded": ("music", "snu", {"store": {"kind": "rounded", "bits": 4}, "dropout": 0.0}),
}


class Stopped(Exception):
    """Raised instead of a kill."""


def stopped_before(task, n_batches):
    """The task; it raises when training asks for more than n_batches batches."""
    batches, left = task.batches, [n_batches]

    def stopping(settings, rng):
        for batch in batches(settings, rng):
            if not left[0]:
                raise Stopped
            left[0] -= 1
            yield batch

    task.batches = stopping
    return task


@pytest.mark.parametrize("name", RUNS)
def test_a_resumed_run_ends_bit_identical(name, tmp_path):
    """Stopped before the first update, in the middle of an epoch, and at its end."""
    task, unit, changes = RUNS[name]
    settings = toy_settings(**changes)
    whole = train(TASKS[task](unit), settings, 5)
    per_epoch = TASKS[task](unit).batches_per_epoch(settings)
    for n_batches in (0, 1, per_epoch, 2 * per_epoch + 1):
        path = tmp_path / f"{n_batches}.npz"
        with pytest.raises(Stopped):
            train(stopped_before(TASKS[task](unit), n_batches), settings, 5, checkpoint=path)
        resumed = train(TASKS[task](unit), settings, 5, checkpoint=path, resume=True)
        assert len(resumed.history) == settings.epochs and same_training(whole, resumed)
    finished = train(
        TASKS[task](unit), settings, 5, checkpoint=path, resume=True)  # nothing left to do
    assert same_training(whole, finished)


def test_a_run_with_a_checkpoint_is_the_run_without(tmp_path):
    settings = toy_settings()
    assert same_training(
        train(digits(), settings, 5), train(digits(), settings, 5, checkpoint=tmp_path / "a"))


def test_the_checkpoint_of_every_epoch_is_written_once(tmp_path, monkeypatch):
    """One before the first update, then one an epoch: the disk is never an epoch behind."""
    path, lengths = tmp_path / "checkpoint.npz", []
    train(
        music(),
        toy_settings(epochs=3),
        0,
        checkpoint=path,
        report=lambda record, left: lengths.append(
            len(json.loads(str(array_file.read(path)["history"])))),
    )
    assert lengths == [1, 2, 3]


def test_a_finished_run_goes_on_as_if_it_had_had_more_epochs_from_the_start(tmp_path):
    """With a constant rate. With a cosine, the epochs left follow that of the new length."""
    for schedule in ("constant", "cosine"):
        path = tmp_path / schedule
        short, long = (toy_settings(schedule=schedule, epochs=epochs) for epochs in (2, 4))
        train(digits(), short, 5, checkpoint=path)
        longer = train(digits(), long, 5, checkpoint=path, resume=True)
        whole = train(digits(), long, 5)
        assert [record.pop("planned") for record in longer.history] == [2, 2, 4, 4]
        assert [record.pop("planned") for record in whole.history] == [4, 4, 4, 4]
        assert same_training(longer, whole) == (schedule == "constant")
        fewer = toy_settings(schedule=schedule, epochs=3)
        with pytest.raises(
            checkpoints.CheckpointError, match="expected epochs 3, but the checkpoi"):
            train(digits(), fewer, 5, checkpoint=path, resume=True)


OLD = Path(__file__).parent / "version_0_1_0"


def test_a_checkpoint_of_version_0_1_0_goes_on_and_its_results_are_read(tmp_path):
    """The file is of the first of two epochs; results.json is of the same run, not stopped."""
    path = tmp_path / "checkpoint.npz"
    path.write_bytes((OLD / "checkpoint.npz").read_bytes())
    old = json.loads((OLD / "results.json").read_text())
    table = find_preset("music", "snu", "small")
    run = run_task(load_task("music", "snu"), table, 3, epochs=2, hidden=(1,), checkpoint=path,
                   resume=True)
    assert json.loads(json.dumps(run.results["settings"])) == old["settings"]
    for new, record in zip(run.trained.history, old["history"], strict=True):
        for key in ("epoch", "loss", "nll", "nll_per_piece"):
            assert new[key] == pytest.approx(record[key], rel=1e-4)
    assert run.results["test"] == pytest.approx(old["test"], rel=1e-4)
    assert learning_curves([old, run.results], tmp_path / "curve.png").exists()
