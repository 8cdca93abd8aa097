"""Lateral inhibition and sparsity: spikes counted by hand, with and without; table and picture."""

import numpy as np
import pytest

from snu_ref import figures
from snu_ref.experiments import inhibition
from snu_ref.tasks.digits import Digits
from snu_ref.tasks.loading import load_task
from snu_ref.experiments.inhibition import compare_inhibition, hidden_spikes, inhibition_table
from helpers.toy_tasks import toy_settings

N_STEPS = 20


def by_hand(inhibited, decay=1.0):
    """Three hidden units, driven by their pixels with 1.5, 0.6 and 0.3 a step; the threshold is 1.

    Without inhibition the first fires in every step, the second (0.6, 1.2 > 1) in every second, the
    third (0.3, 0.6, 0.9, 1.2 > 1) in every fourth. With it, a spike of the first clears all three.
    """
    values = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], np.float32)
    task = Digits("snu", {"train": (values, np.arange(4))})
    settings = toy_settings(
        hidden=(3,), n_steps=N_STEPS, max_spikes=N_STEPS, lateral_inhibition=inhibited,
        options={"decay": decay})
    network = task.network(settings, np.random.default_rng(0))
    network.params["0.W"][...] = np.diag([1.5, 0.6, 0.3])
    return task, network, values, settings


def count(inhibited, image=slice(None)):
    task, network, values, settings = by_hand(inhibited)
    return pytest.approx(
        hidden_spikes(task, network, values[image], settings, np.random.default_rng(0)), rel=1e-6)


def test_hidden_spikes_without_inhibition():
    assert count(False, slice(0, 1)) == 20 + 10 + 5
    assert count(False, slice(1, 2)) == 10 + 5
    assert count(False, slice(2, 3)) == 5
    assert count(False, slice(3, 4)) == 0
    assert count(False) == (35 + 15 + 5 + 0) / 4  # a digit, on average


def test_hidden_spikes_with_inhibition():
    """First image: the first unit alone. Second: every second step, which clears the third."""
    assert count(True, slice(0, 1)) == 20
    assert count(True, slice(1, 2)) == 10
    assert count(True, slice(2, 3)) == 5  # nobody else fires
    assert count(True) == (20 + 10 + 5 + 0) / 4  # images do not inhibit each other


def test_hidden_spikes_are_those_of_the_hidden_layer():
    """Counted one by one in the traces of a random network; the output layer's do not count."""
    rng = np.random.default_rng(0)
    values = rng.random((7, 12)).astype(np.float32)
    task = Digits("snu", {"train": (values, np.arange(7))})
    settings = toy_settings(hidden=(5,), n_steps=9, max_spikes=9)
    network = task.network(settings, rng)
    found = hidden_spikes(task, network, values, settings, np.random.default_rng(3))
    _, cache = network.forward(task.code(values, settings, np.random.default_rng(3)))
    hidden, output = (int((layer.y == 1).sum()) for layer in cache.layers)
    assert found == pytest.approx(hidden / 7, rel=1e-6) and hidden > 20 and hidden != output


@pytest.fixture(scope="module")
def rows():
    """The comparison itself, on the digits of the package, in an epoch of few steps."""
    return compare_inhibition(load_task("digits", "snu"), 0, epochs=1, n_steps=6, max_spikes=6,
                              lr=0.005)


def test_the_comparison_is_side_by_side(rows):
    assert [row["inhibition"] for row in rows] == [False, True]
    assert (
        rows[1]["spikes"] < 0.9 * rows[0]["spikes"])  # with the preset, about a quarter
    for row in rows:
        assert (
            row["accuracy"] > 0.6 and 0 < row["spikes"] < 100 * 6 and row["seconds"] > 0
        )  # 0.1 by guessing
        assert row["weights"].shape == (100, 8, 8)
    head, cells = inhibition_table(rows)
    assert head[1:3] == ("accuracy (%)", "hidden spikes a digit")
    assert [line[0] for line in cells] == ["without", "with"]
    for line, row in zip(cells, rows):
        assert line[1:3] == [f"{100 * row['accuracy']:.2f}", f"{row['spikes']:.1f}"]


def test_the_weights_shown_are_those_of_the_pixels_of_a_unit(monkeypatch):
    """weights[u, i, j] is the weight from pixel (i, j) to unit u of the trained network."""
    runs, run_task = [], inhibition.run_task
    monkeypatch.setattr(
        inhibition, "run_task", lambda *a, **k: runs.append(run_task(*a, **k)) or runs[-1])
    rows = compare_inhibition(load_task("digits", "snu"), 1, epochs=1, n_steps=2, max_spikes=2)
    for run, row in zip(runs, rows):
        assert row["weights"][3, 2, 5] == run.network.params["0.W"][2 * 8 + 5, 3]
        assert run.network.layers[0].lateral_inhibition is row["inhibition"]
        assert run.settings.hidden == (100,) and run.results["seed"] == 1
        assert row["accuracy"] == run.results["test"]["accuracy"]
        values, _ = run.loaded.task.data["test"]  # and the spikes are those of the evaluation
        assert row["spikes"] == hidden_spikes(
            run.loaded.task, run.network, values, run.settings, np.random.default_rng([1, 1]))


def test_the_picture_is_written(rows, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "input_weights.png"
    drawn = figures.input_weights(
        [("without", rows[0]["weights"]), ("with", rows[1]["weights"])], path)
    image = imread(drawn)
    assert drawn == path and image.shape[1] == 1280 and image.shape[2] in (3, 4)
    red, blue = image[..., 0] - image[..., 2] > 0.3, image[..., 2] - image[..., 0] > 0.3
    for half in np.array_split(np.arange(len(image)), 2):  # weights of both signs in both panels
        assert red[half].mean() > 0.02 and blue[half].mean() > 0.02
