"""The training loop and the tasks, on data that train in milliseconds."""
import io
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref import SGD, SNU, Adam, Dense, Network
from snu_ref.losses import softmax_cross_entropy
from snu_ref.tasks.language import sample
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.music import pad
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.settings import settings_of
from snu_ref.tasks.training import (best_epoch, learning_rate, make_optimiser, train, train_epoch,
                                    update)
from helpers.toy_tasks import digits, language, music, toy_settings


def test_same_seed_same_numbers_other_seed_other_numbers():
    a, b, c = (train(digits(), toy_settings(epochs=2), seed) for seed in (1, 1, 2))
    assert np.array_equal(a.network.params["0.W"], b.network.params["0.W"])
    assert not np.array_equal(a.network.params["0.W"], c.network.params["0.W"])


def test_training_learns_and_keeps_the_best_validation_epoch():
    task, settings = digits(), toy_settings(epochs=12, hidden=(16,))
    trained = train(task, settings, 0)
    assert trained.history[-1]["loss"] < 0.5 * trained.history[0]["loss"]
    figures = [record["accuracy"] for record in trained.history]
    assert trained.best_epoch == 1 + figures.index(max(figures))
    assert task.evaluate(trained.network, "valid", settings, 0)["accuracy"] == max(figures)


@pytest.mark.parametrize("up, keep, kept", [
    (False, "best", 3), (True, "best", 2), (False, "last", 5)])
def test_the_parameters_of_the_kept_epoch_come_back(up, keep, kept):
    """`evaluate` returns results from a list, and records the parameters at each epoch."""
    task, settings = music(), toy_settings(epochs=5, keep=keep)
    figures, held = iter([3.0, 5.0, 1.0, 1.0, 2.0]), []

    def evaluate(network, split, _, seed):
        assert split == "valid" and seed == 8
        held.append({name: p.copy() for name, p in network.params.items()})
        return {"nll": next(figures)}

    task.evaluate, task.higher_is_better = evaluate, up
    trained = train(task, settings, 8)
    assert trained.best_epoch == kept
    assert [record["nll"] for record in trained.history] == [3, 5, 1, 1, 2]
    for name, p in trained.network.params.items():
        assert np.array_equal(p, held[kept - 1][name])
    for name in trained.network.trainable:
        p = trained.network.params[name]
        assert all(i == kept - 1 or not np.array_equal(p, held[i][name]) for i in range(5)), name


def test_an_epoch_in_full():
    """Epoch 2 of 4 written out: rates, state carried on, gradient not, clipping, Adam."""
    task, settings = language("lstm"), toy_settings(dropout=0.0, clip=0.01, batch=3, bptt=7)
    network, other = (task.network(settings, np.random.default_rng(0)) for _ in range(2))
    adam = Adam(settings.lr)
    loss = train_epoch(task, network, make_optimiser(settings), settings, 1,
                       np.random.default_rng(0))
    batches, losses, state = list(task.batches(settings, None)), [], None
    assert len(batches) == 18
    for i, batch in enumerate(batches):
        y, cache = other.forward(batch.x, state)
        state = cache.state
        value, dy = softmax_cross_entropy(y, batch.target)
        grads = other.backward(dy, cache)[1]
        norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in grads.values()))
        assert norm > 0.01  # so that clipping acts
        adam.lr = 0.02 * (1 + np.cos(np.pi * (1 + i / 18) / 4)) / 2
        adam.step(other.params, {name: (g * (0.01 / norm)).astype(np.float32)
                                 for name, g in grads.items()})
        losses.append(value)
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)
    for name, p in network.params.items():
        assert np.allclose(p, other.params[name], rtol=1e-3, atol=1e-4), name


def frozen_epoch(task, settings, network, seed=0):
    """The loss of an epoch that changes nothing: the steps are too small for float32."""
    settings = toy_settings(**{**vars(settings), "lr": 1e-30})
    return train_epoch(task, network, SGD(1e-30), settings, 0, np.random.default_rng(seed))


def test_the_state_is_carried_from_piece_to_piece_and_cleared_at_the_start_of_an_epoch():
    """So an epoch's loss does not depend on the pieces it is cut into, if nothing is learnt."""
    task = language("lstm")
    task.data["train"] = np.random.default_rng(0).integers(0, 7, 3 * 41)

    def cut(bptt):
        return toy_settings(dropout=0.0, batch=3, bptt=bptt)

    network = task.network(cut(40), np.random.default_rng(0))
    for p in network.params.values():
        p *= 8  # so that the state matters
    whole = frozen_epoch(task, cut(40), network)
    for bptt in (1, 2, 8, 20):
        assert frozen_epoch(task, cut(bptt), network) == pytest.approx(whole, rel=1e-6)
    batches = task.batches
    task.batches = lambda *args: (batch._replace(carry=False) for batch in batches(*args))
    assert abs(frozen_epoch(task, cut(8), network) - whole) > 1e-3


def test_pieces_of_music_and_digits_start_from_a_cleared_state():
    """The order of the pieces does not matter to their mean loss, if nothing is learnt."""
    task, settings = music("lstm"), toy_settings(dropout=0.0, batch=1)
    network = task.network(settings, np.random.default_rng(0))
    for p in network.params.values():
        p *= 8
    losses = [frozen_epoch(task, settings, network, seed) for seed in range(3)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)


def test_every_epoch_of_a_run_has_an_order_and_dropout_of_its_own():
    orders = []
    task = digits()
    batches = task.batches

    def noted(settings, rng):
        orders.append([])
        for batch in batches(settings, rng):
            orders[-1].extend(batch.target.argmax(axis=1))
            yield batch

    task.batches = noted
    train(task, toy_settings(epochs=3), 0)
    assert len(orders) == 3 and orders[0] != orders[1] != orders[2] and len(orders[0]) == 40


def test_reports_come_after_every_epoch_with_the_time_left(monkeypatch):
    now = iter(np.arange(0.0, 1000.0, 10.0))  # each reading of the clock is ten seconds later
    monkeypatch.setattr("snu_ref.tasks.training.time.monotonic", lambda: float(next(now)))
    reports = []
    trained = train(music(), toy_settings(epochs=4), 0, stream=io.StringIO(),
                    report=lambda *record_and_left: reports.append(record_and_left))
    assert [record for record, _ in reports] == trained.history
    seconds = [record["seconds"] for record in trained.history]
    assert min(seconds) >= 10 and sum(seconds) < next(now)
    assert [left for _, left in reports] == [np.mean(seconds[:i]) * (4 - i) for i in (1, 2, 3, 4)]


@pytest.mark.parametrize("store", [{"kind": "quantised", "scale": 16.0},
                                   {"kind": "rounded", "bits": 5}, {"kind": "pcm", "scale": 16.0}])
def test_a_store_is_read_before_each_pass_and_takes_each_update(store):
    """Its final weights are near those of training in floats, not near its initial ones."""
    task, changes = music("snu"), dict(epochs=20, batch=1, dropout=0.0, keep="last", lr=0.01)
    free = train(task, toy_settings(**changes), 0)
    held = train(task, toy_settings(**changes, store=store), 0)
    start = task.network(toy_settings(**changes), np.random.default_rng(0)).params["1.W"]
    W_free, W_held = free.network.params["1.W"], held.network.params["1.W"]
    assert 0 < np.linalg.norm(W_held - W_free) < 0.75 * np.linalg.norm(W_free - start)
    assert held.history[-1]["loss"] < 0.5 * held.history[0]["loss"]


def test_an_evaluation_sees_the_weights_without_the_noise_of_training():
    task, seen = music(), []

    def evaluate(network, *_):
        seen.append(network.params["1.W"].copy())
        return {"nll": 1.0}

    task.evaluate = evaluate
    settings = toy_settings(epochs=2, dropout=0.0, store={"kind": "noisy", "sigma": 0.5})
    trained = train(task, settings, 0)
    at_rest = trained.store.weights("1.W", training=False)
    assert np.array_equal(seen[-1], at_rest.astype(seen[-1].dtype))


def test_progress_is_shown_while_training_and_cleared_at_the_end(monkeypatch, tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    seconds = iter(range(100_000))  # each reading of the clock is a second later
    monkeypatch.setattr(
        "snu_ref.tasks.progress.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    settings, path = toy_settings(epochs=2, batch=1), tmp_path / "checkpoint.npz"
    for report in (None, lambda record, left: None):
        stream = Terminal()
        train(music(), settings, 0, label="here", stream=stream, report=report, checkpoint=path)
        lines = [line.rstrip() for line in stream.getvalue().split("\r")]
        assert [line[:20] for line in lines if line] == [
            f"here  {share:3} %  0:0{10 - share // 10} left"[:20] for share in range(10, 101, 10)]
        assert "loss" in lines[1] and stream.getvalue().split("\r")[-2:] == [" " * 79, ""]

    stopped = music()
    evaluate, calls = stopped.evaluate, []

    def stop_in_the_second(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*args)

    stopped.evaluate = stop_in_the_second
    with pytest.raises(KeyboardInterrupt):
        train(stopped, settings, 0, checkpoint=path)
    stream = Terminal()
    train(music(), settings, 0, label="here", stream=stream, checkpoint=path, resume=True)
    assert stream.getvalue().startswith("\rhere   60 %  0:04 left")


@pytest.mark.parametrize("changes, words", [
    ({"optimiser": "adagrad"}, "optimiser: expected one of 'adam', 'sgd'"),
    ({"optimiser": "adam", "momentum": 0.9}, "momentum: expected 0 with adam"),
    ({"schedule": "cosin"}, "schedule: expected one of 'constant', 'cosine'"),
    ({"keep": "first"}, "keep: expected one of 'best', 'last'"),
    ({"store": {"kind": "paper"}}, "kind: expected one of 'pcm', 'quantised', 'rounded'"),
    ({"store": {"bits": 3}}, "kind: expected one of")])
def test_settings_that_mean_nothing_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        train(music("snu"), toy_settings(**changes), 0)


def test_optimisers_are_made_as_the_settings_say():
    sgd = make_optimiser(toy_settings(optimiser="sgd", lr=0.3, momentum=0.5))
    assert isinstance(sgd, SGD) and (sgd.lr, sgd.momentum) == (0.3, 0.5)
    adam = make_optimiser(toy_settings(lr=0.3))
    assert isinstance(adam, Adam) and adam.lr == 0.3


def test_best_epoch_follows_the_direction_of_the_metric():
    history = [{"epoch": 1, "nll": 3.0}, {"epoch": 2, "nll": 1.0}, {"epoch": 3, "nll": 1.0}]
    lower, higher = (SimpleNamespace(metric="nll", higher_is_better=up) for up in (False, True))
    assert best_epoch(lower, toy_settings(), history) == 2
    assert best_epoch(higher, toy_settings(), history) == 1
    assert best_epoch(lower, toy_settings(keep="last"), history) == 3


def test_the_cosine_schedule_starts_at_lr_halves_in_the_middle_and_ends_near_zero():
    settings = toy_settings(lr=0.4)
    assert learning_rate(settings, 0) == 0.4
    assert learning_rate(settings, 0.5) == pytest.approx(0.2)
    assert 0 < learning_rate(settings, 1.0) <= 0.4e-12
    assert learning_rate(toy_settings(lr=0.4, schedule="constant"), 0.9) == 0.4


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


# ---- tasks --------------------------------------------------------------------------------------

def test_padding_of_music_changes_nothing():
    task, settings = music(), toy_settings()
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
    task, settings = language(), toy_settings(batch=3, bptt=5)
    task.data["train"] = np.arange(100)
    batches = list(task.batches(settings, None))
    assert len(batches) == task.batches_per_epoch(settings) == 6
    assert [batch.carry for batch in batches] == [False] + [True] * 5
    x = np.concatenate([batch.x for batch in batches])
    assert np.array_equal(x[:, 0], np.arange(30)) and np.array_equal(x[:, 1], 33 + np.arange(30))
    assert all(np.array_equal(batch.target, batch.x + 1) for batch in batches)


def test_perplexity_does_not_depend_on_the_pieces_it_is_read_in(monkeypatch):
    task, settings = language(), toy_settings()
    network = task.network(settings, np.random.default_rng(0))
    whole = task.evaluate(network, "test", settings, 0)["perplexity"]
    monkeypatch.setattr("snu_ref.tasks.language.PIECE", 7)
    assert task.evaluate(network, "test", settings, 0)["perplexity"] == pytest.approx(
        whole, rel=1e-5)


def test_language_learns_a_cycle_and_samples_it():
    task, settings = (
        language(), toy_settings(epochs=15, dropout=0.0, lr=0.05, hidden=(16,), embedding=12))
    trained = train(task, settings, 0)
    assert trained.history[-1]["perplexity"] < 1.5  # of 7 words in a cycle; 7 by guessing
    words = sample(trained.network, [3, 4], 8, np.random.default_rng(0), temperature=0.2)
    assert words == [5, 6, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "tied, projection, embedding", [(False, False, 6), (True, True, 6), (True, False, 8)])
def test_output_weights_of_language(tied, projection, embedding):
    settings = toy_settings(tied=tied, projection=projection, embedding=embedding)
    network = language().network(settings, np.random.default_rng(0))
    shapes = [p.shape for name, p in network.params.items() if name.endswith((".E", ".W"))]
    hidden = [(7, embedding), (embedding, 8)]
    assert shapes == hidden + ([(8, embedding)] if projection else [] if tied else [(8, 7)])


def test_a_convolutional_network_trains_on_the_digits():
    loaded = load_task("digits", "snu-conv")
    values, labels = loaded.task.data["train"]
    loaded.task.data["train"] = values[:600], labels[:600]
    table = find_preset("digits", "snu-conv", "small")
    trained = train(
        loaded.task, settings_of(table, epochs=6, n_steps=8, max_spikes=8, hidden=(8,)), 0)
    figures = [record["accuracy"] for record in trained.history]
    assert trained.network.layers[0].out_shape == (8, 8, 8) and len(trained.network.layers) == 4
    assert figures[-1] > 0.75  # 0.10 by guessing


def test_digits_accuracy_is_that_of_the_largest_mean_output():
    task, settings = digits(), toy_settings(epochs=1)
    network = task.network(settings, np.random.default_rng(0))
    values, labels = task.data["test"]
    means, rates = task.outputs(network, values, settings, np.random.default_rng([3, 1]))
    assert means.shape == (60, 10) and len(rates) == 2
    expected = np.mean([np.argmax(m) == label for m, label in zip(means, labels)])
    assert task.evaluate(network, "test", settings, 3)["accuracy"] == expected
