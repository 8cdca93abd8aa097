"""The warnings of training: silent layers, no gradient, a loss that diverges, no update."""
import io
import json

import numpy as np
import pytest

from snu_ref import SNU, Dense, Network
from snu_ref.files import write_json
from snu_ref.losses import softmax_cross_entropy
from snu_ref.tasks.training import Batch, train
from snu_ref.tasks.watch import Watch
from helpers.toy_tasks import TASKS, digits, music, toy_settings


class Sines:
    """Two classes of sines of amplitude 0.3 with noise; three layers of 32 SNUs, and a read-out."""
    unit, name, metric, higher_is_better = "snu", "sines", "accuracy", True
    loss = staticmethod(softmax_cross_entropy)
    data = {}

    def __init__(self, scale=1.0, b=-1.0, **options):
        self.scale, self.b, self.options = scale, b, options

    def network(self, settings, rng):
        layers = [SNU(n, 32, rng=rng, **self.options) for n in (3, 32, 32)]
        for layer in layers:
            layer.params["W"] *= self.scale
            layer.params["b"][:] = self.b
        return Network([*layers, Dense(32, 2, rng=rng)])

    def batches_per_epoch(self, settings):
        return 4

    def batches(self, settings, rng):
        for _ in range(4):
            labels = rng.integers(0, 2, 16)
            t = np.arange(30)[:, None, None]
            x = 0.3 * np.sin(t * (0.3 + 0.3 * labels[:, None]) + np.arange(3))
            yield Batch(x + rng.normal(0, 0.03, x.shape), np.broadcast_to(labels, (30, 16)))

    def evaluate(self, network, split, settings, seed):
        return {"accuracy": 0.5}


@pytest.mark.parametrize("seed", range(3))
def test_a_network_born_dead_is_named_with_what_to_do(seed):
    stream = io.StringIO()
    trained = train(Sines(), toy_settings(epochs=3), seed, stream=stream)
    line, = trained.warnings
    assert line.startswith("epoch 1 and 2 more: layers[0], layers[1], layers[2] never fired: ")
    assert 'g="identity" (--set options.g=identity)' in line
    assert "the gradient of 0.W, 0.b, 1.W, 1.b, 2.W, 3.W was exactly 0" in line
    assert stream.getvalue().count("warning: ") == 1 == len(stream.getvalue().splitlines())
    assert trained.history[1]["warnings"].keys() == {"silent"}


@pytest.mark.parametrize("changes", [{"g": "identity"}, {"scale": 3.0}])
def test_what_it_advises_makes_units_fire(changes):
    trained = train(Sines(**changes), toy_settings(epochs=10, schedule="constant"), 0)
    assert "warnings" not in trained.history[-1]


def test_a_layer_that_never_rests_is_named():
    trained = train(Sines(b=2.0), toy_settings(epochs=1), 0)
    assert "layers[0], layers[1], layers[2] fired at every step: a smaller W" in trained.warnings[0]


@pytest.mark.parametrize("task, unit", [(task, unit) for task in TASKS
                                        for unit in ("snu", "ssnu", "rnn", "gru", "lstm")])
def test_there_is_no_false_alarm(task, unit):
    """They fire in the last epoch: a small spiking network may be silent at first and wake up."""
    settings = toy_settings(epochs=4, hidden=(16,), lr=0.05,
                            options={"g": "identity"} if "snu" in unit else {})
    assert "warnings" not in train(TASKS[task](unit), settings, 0).history[-1]


def test_updates_that_are_lost_in_rounding_are_named():
    trained = train(music(), toy_settings(epochs=1, lr=1e-30), 0)
    assert trained.warnings == ["epoch 1: no weight changed: lr is too small"]


def test_a_rate_is_never_raised():
    """One below 1e-12 was 1e-12 with a cosine."""
    start = train(music(), toy_settings(epochs=1, lr=1e-30), 0).network.params["2.b"]
    assert 0 < np.abs(start).max() < 1e-28


def test_a_loss_that_grows_is_named_and_the_training_goes_on():
    trained = train(digits(), toy_settings(epochs=2, lr=1000.0, clip=None), 0)
    assert len(trained.history) == 2 and trained.diverged == ""
    assert any("the loss diverges: " in line and "try a smaller lr" in line
               and "(clip=1.0)" in line for line in trained.warnings)


def breaking(first, **infinite):
    """A task whose loss, gradient or result is not finite from epoch `first` on."""
    task, epochs = music(), [0]
    batches, loss, evaluate = task.batches, task.loss, task.evaluate

    def counted(settings, rng):
        epochs[0] += 1
        return batches(settings, rng)

    def broken_loss(y, target, mask):
        value, dy = loss(y, target, mask)
        if epochs[0] >= first:
            value, dy = infinite.get("loss", value), dy * np.float32(infinite.get("dy", 1))
        return value, dy

    def broken_figure(*args):
        broken = epochs[0] >= first and "nll" in infinite
        return {"nll": infinite["nll"]} if broken else evaluate(*args)

    task.batches, task.loss, task.evaluate = counted, broken_loss, broken_figure
    return task


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("infinite, words", [
    ({"loss": float("nan")}, "(the training loss is nan)"), ({"dy": np.inf}, "dy: expected finite"),
    ({"nll": float("inf")}, "(nll on the validation data is inf)")])
def test_a_loss_that_diverges_ends_with_the_epochs_before(infinite, words, clip, tmp_path):
    stream, path = io.StringIO(), tmp_path / "checkpoint.npz"
    trained = train(breaking(3, **infinite), toy_settings(epochs=5, clip=clip), 0, stream=stream,
                    checkpoint=path)
    assert [record["epoch"] for record in trained.history] == [1, 2]
    line = trained.diverged
    assert line.startswith("the loss diverged in epoch 3 (") and words in line
    assert f"try a smaller lr, or {'a clip below 1' if clip else 'limit'}" in line
    assert "epoch 2 was the last good epoch" in line
    assert trained.warnings == [line] and line in stream.getvalue()
    good = train(music(), toy_settings(epochs=5, clip=clip), 0, checkpoint=path, resume=True)
    assert len(good.history) == 5  # the checkpoint is that of the last good epoch


def test_a_gradient_whose_squares_overflow_is_a_loss_that_diverges():
    trained = train(breaking(3, dy=1e25), toy_settings(epochs=5, clip=None), 0)
    assert [record["epoch"] for record in trained.history] == [1, 2]
    assert "whose squares float32 can hold" in trained.diverged
    assert not train(breaking(3, dy=1e25), toy_settings(epochs=5, clip=1.0), 0).diverged


def test_parameters_that_overflow_are_a_loss_that_diverges():
    with pytest.raises(ValueError, match="the loss diverged in epoch 1 .*; try a smaller lr"):
        train(digits("rnn"), toy_settings(optimiser="sgd", lr=1e39, clip=None), 0)


def test_an_error_that_is_no_divergence_keeps_its_words():
    task = music()
    for words in ("no such split", "a name: expected finite numbers of something else"):
        task.evaluate = lambda *args: (_ for _ in ()).throw(ValueError(words))
        with pytest.raises(ValueError, match=f"^{words}$"):
            train(task, toy_settings(), 0)


def test_a_resumed_run_has_the_warnings_of_the_whole(tmp_path):
    settings, path = toy_settings(epochs=4), tmp_path / "checkpoint.npz"
    whole = train(Sines(), settings, 0)
    stopped = Sines()
    figures = iter([{"accuracy": 0.5}] * 2)
    stopped.evaluate = lambda *args: next(figures)
    with pytest.raises(StopIteration):
        train(stopped, settings, 0, checkpoint=path)
    stream = io.StringIO()
    resumed = train(Sines(), settings, 0, checkpoint=path, resume=True, stream=stream)
    assert resumed.warnings == whole.warnings != []
    assert stream.getvalue() == ""  # the first run has printed it


@pytest.mark.parametrize("g", ["relu", "identity"])
def test_layers_inside_of_a_nested_network_are_watched(g):
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 2, rng=rng), Network([SNU(2, 2, rng=rng, g=g)])])
    y, cache = network.forward(np.zeros((3, 1, 2)))
    watch = Watch(network)
    watch.step(cache, 1.0, network.backward(np.ones_like(y), cache)[1])
    line = watch.warnings([], 1.0)["silent"]
    assert line.startswith("layers[1].layers[0] never fired")
    assert ("options.g=identity" in line) == (g != "identity")  # do not advise what is already set


def test_json_is_strict_and_whole(tmp_path):
    path = tmp_path / "results.json"
    infinity, nan = float("inf"), float("nan")
    write_json(path, {"a": [1.5, infinity, (nan, -infinity)], "b": None, "é": True})
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "a": [1.5, None, [None, None]], "b": None, "é": True}
