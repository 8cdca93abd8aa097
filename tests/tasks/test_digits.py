"""The digits: accuracy of known answers, batches that hold all images once, networks by name."""
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref.tasks.digits import Digits, one_hot, split_validation
from snu_ref.tasks.distortion import shifted
from snu_ref.tasks.units import UNITS, conv_layers, unit_layers
from helpers.toy_tasks import digits, toy_settings


def images_of_numbers(n, bits=7):
    """Image i shows the number i, a pixel a bit: coding at full rate loses nothing. And labels."""
    numbers = np.arange(n)
    values = (numbers[:, None] >> np.arange(bits) & 1).astype(np.float32)
    return values, numbers % 10


class Answers:
    """A fake network: it looks up its outputs by the number that an image shows."""

    def __init__(self, y):
        self.y = y  # (T, images, 10)

    def forward(self, x, state=None):
        numbers = (x[0] @ 2 ** np.arange(x.shape[2])).astype(int)
        return self.y[:, numbers], SimpleNamespace(layers=())


def test_accuracy_is_that_of_the_largest_output_averaged_over_time():
    """The last step and the single largest output would each give another answer."""
    values, labels = images_of_numbers(4)
    settings = toy_settings(n_steps=3, max_spikes=3)
    y = np.zeros((3, 4, 10))
    for i, answer in enumerate((0, 1, 2, 9)):  # three of four are right
        y[:2, i, answer] = 0.6
        y[2, i, 5] = 1.0
    task = Digits("snu", {split: (values, labels) for split in ("train", "valid")})
    assert task.evaluate(Answers(y), "valid", settings, 0) == {"accuracy": 0.75}
    task.data["valid"] = values[3:], labels[3:]
    assert task.evaluate(Answers(y), "valid", settings, 0) == {"accuracy": 0.0}
    assert task.evaluate(Answers(y), "train", settings, 0) == {"accuracy": 0.75}


def test_outputs_do_not_depend_on_how_many_images_go_at_a_time(monkeypatch):
    """The code of these images is not random; rates are weighted by the number of images."""
    values, labels = images_of_numbers(25)
    task, settings = Digits("snu", {"train": (values, labels)}), toy_settings(
        n_steps=5, max_spikes=5)
    network = task.network(settings, np.random.default_rng(0))
    network.params["0.W"][...] *= 3
    means, rates = task.outputs(network, values, settings, np.random.default_rng(0))
    monkeypatch.setattr("snu_ref.tasks.digits.EVALUATION_BATCH", 10)
    parts = task.outputs(network, values, settings, np.random.default_rng(0))
    assert means.shape == (25, 10) and np.allclose(means, parts[0])
    assert np.allclose(rates, parts[1], rtol=1e-6) and len(rates) == 2 and 0 < rates[0] < 1
    y, cache = network.forward(task.code(values, settings, np.random.default_rng(0)))
    assert np.allclose(means, y.mean(axis=0)) and rates[0] == pytest.approx(
        cache.layers[0].y.mean(), rel=1e-6)


def test_an_evaluation_has_spikes_of_its_own_that_depend_on_the_seed_alone():
    task, settings = digits(), toy_settings(n_steps=6, max_spikes=3)
    network = task.network(settings, np.random.default_rng(0))
    seen = []
    forward = network.forward
    vars(network)["forward"] = lambda x: seen.append(x) or forward(x)
    for seed in (3, 3, 4):
        task.evaluate(network, "valid", settings, seed)
    assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])
    assert seen[0].shape == (6, 20, 10) and set(np.unique(seen[0])) == {0, 1}
    lit = seen[0][:, task.data["valid"][0] == 1]
    assert 0.3 < lit.mean() < 0.7 and not seen[0][:, task.data["valid"][0] == 0].any()


def test_an_evaluation_may_show_images_for_longer_at_the_same_rates(monkeypatch):
    """Training keeps its own length, and as many steps as before go through the network at once."""
    task, settings = digits(), toy_settings(n_steps=6, max_spikes=3, test_steps=60)
    network = task.network(settings, np.random.default_rng(0))
    monkeypatch.setattr("snu_ref.tasks.digits.EVALUATION_BATCH", 50)
    seen = []
    forward = network.forward
    vars(network)["forward"] = lambda x: seen.append(x) or forward(x)
    task.evaluate(network, "valid", settings, 0)
    values = task.data["valid"][0]
    assert [x.shape for x in seen] == 4 * [(60, 5, 10)] and len(values) == 20
    lit = np.concatenate(seen, axis=1)[:, values == 1]
    assert 0.45 < lit.mean() < 0.55
    assert next(task.batches(settings, np.random.default_rng(0))).x.shape[0] == 6


def epoch_of_images(settings, rng, n=50):
    values, labels = images_of_numbers(n)
    task = Digits("snu", {"train": (values, labels)})
    batches = list(task.batches(settings, rng))
    assert len(batches) == task.batches_per_epoch(settings)
    for batch in batches:
        assert (
            batch.x.dtype == batch.target.dtype == np.float32 and not batch.carry
            and batch.mask is None)
        assert (batch.x == batch.x[0]).all()  # at full rate every step shows the image
    shown = np.concatenate([batch.x[0] for batch in batches]) @ 2 ** np.arange(7)
    target = np.concatenate([batch.target for batch in batches])
    assert (target.sum(axis=1) == 1).all() and np.array_equal(target.argmax(axis=1), shown % 10)
    return shown.astype(int), [batch.x.shape[1] for batch in batches]


def test_an_epoch_shows_every_image_once_with_its_label_in_random_order():
    settings, rng = toy_settings(batch=8, n_steps=4, max_spikes=4), np.random.default_rng(0)
    (first, sizes), (second, _) = epoch_of_images(settings, rng), epoch_of_images(settings, rng)
    assert sizes == [8] * 6 + [2]
    for order in (first, second):
        assert sorted(order) == list(range(50))
        assert (
            abs(np.corrcoef(order, np.arange(50))[0, 1]) < 0.5
        )  # far from sorted, or cut and joined
        assert (np.diff(order) == 1).sum() < 8
    assert (first == second).sum() < 10
    assert np.array_equal(epoch_of_images(settings, np.random.default_rng(0))[0], first)
    assert epoch_of_images(settings, rng, n=48)[1] == [8] * 6


def test_the_last_images_validate():
    values, labels = images_of_numbers(10)
    train, valid = split_validation(values, labels, 3)
    assert np.array_equal(train[0], values[:7]) and np.array_equal(train[1], labels[:7])
    assert np.array_equal(valid[0], values[7:]) and np.array_equal(valid[1], labels[7:])


@pytest.mark.parametrize("unit", UNITS)
def test_networks_of_the_digits_have_the_named_unit_and_sizes(unit):
    task = Digits(unit, {"train": (np.zeros((3, 64), np.float32), np.zeros(3, int))})
    settings = toy_settings(hidden=(4, 6), kernel=3)
    network = task.network(settings, np.random.default_rng(0))
    x = task.code(np.ones((3, 64), np.float32), settings, np.random.default_rng(0))
    assert x.shape == (6, 3, *task.in_shape) and network.forward(x)[0].shape == (6, 3, 10)
    if unit == "snu-conv":
        assert [layer.out_shape for layer in network.layers] == [
            (8, 8, 4), (4, 4, 4), (4, 4, 6), (2, 2, 6), (24,), (10,)]
    else:
        assert [layer.out_shape for layer in network.layers] == [(4,), (6,), (10,)]


def test_lateral_inhibition_is_in_the_hidden_layers_and_refused_where_there_is_none():
    task = digits("ssnu")
    network = task.network(
        toy_settings(hidden=(4, 5), lateral_inhibition=True), np.random.default_rng(0))
    assert [layer.lateral_inhibition for layer in network.layers] == [True, True, False]
    network = task.network(toy_settings(hidden=(4, 5)), np.random.default_rng(0))
    assert [layer.lateral_inhibition for layer in network.layers] == [False, False, False]
    for unit in ("rnn", "gru", "lstm", "snu-conv"):
        with pytest.raises(
            ValueError, match=f"lateral_inhibition: expected False for {unit}, got True"):
            digits(unit).network(toy_settings(lateral_inhibition=True), np.random.default_rng(0))


def test_the_named_units():
    rng = np.random.default_rng(0)
    kinds = {
        unit: type(unit_layers(unit, (3, 2), {}, rng)[0]).__name__ for unit in UNITS}
    assert kinds == {
        "snu": "SNU", "ssnu": "SNU", "rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "snu-conv": "SNU"}
    x = np.random.default_rng(1).normal(size=(9, 5, 3)).astype(np.float32)
    spikes, soft = (
        unit_layers(unit, (3, 2), {"decay": 0.5}, rng)[0] for unit in ("snu", "ssnu"))
    assert (
        set(np.unique(spikes.forward(3 * x)[0])) == {0, 1} and (soft.params["decay"] == 0.5).all())
    assert len(np.unique(soft.forward(x)[0])) > 50
    chain = unit_layers("gru", (3, 4, 5), {}, rng)
    assert [layer.in_shape + layer.out_shape for layer in chain] == [(3, 4), (4, 5)]
    assert [layer.dtype for layer in conv_layers((8, 8, 1), (2,), 3, {}, rng)] == [
        np.float32] * 3


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_convolution_keeps_the_size_and_pooling_halves_it(kernel):
    layers = conv_layers((8, 12, 1), (2, 3), kernel, {}, np.random.default_rng(0))
    assert [layer.out_shape for layer in layers] == [
        (8, 12, 2), (4, 6, 2), (4, 6, 3), (2, 3, 3), (18,)]


def test_training_images_are_moved_by_at_most_so_many_pixels_each_by_itself():
    """A pixel in the middle goes to each of the nine places about it, and only there; at an edge
    it may leave."""
    image = np.zeros((1, 64), np.float32)
    image[0, 8 * 3 + 4] = 0.5
    moved = shifted(np.repeat(image, 500, axis=0), 1, np.random.default_rng(0))
    assert moved.shape == (500, 64) and moved.dtype == np.float32
    assert (moved.sum(axis=1) == 0.5).all()
    places = {divmod(int(place), 8) for place in moved.argmax(axis=1)}
    assert places == {(row, column) for row in (2, 3, 4) for column in (3, 4, 5)}
    corner = np.zeros((500, 64), np.float32)
    corner[:, 0] = 1
    sums = shifted(corner, 1, np.random.default_rng(1)).sum(axis=1)
    assert set(sums) == {0, 1} and abs(sums.mean() - 4 / 9) < 0.1  # four of nine moves keep it


def test_only_training_images_are_moved():
    values = np.zeros((40, 64), np.float32)
    values[:, 8 * 3 + 4] = 1
    task = Digits("snu", {"train": (values, np.zeros(40, int))})
    still, moved = (next(task.batches(toy_settings(shift=shift, max_spikes=4, n_steps=4, batch=40),
                                      np.random.default_rng(0))) for shift in (0, 2))
    assert (still.x[:, :, 8 * 3 + 4] == 1).all() and not (moved.x[:, :, 8 * 3 + 4] == 1).all()
    assert (moved.x.sum(axis=2) == 1).all()


def test_a_label_that_is_no_class_is_named():
    for labels in ([-1], [10], [0, 3, -9]):
        with pytest.raises(ValueError, match=r"^labels: expected numbers in \[0, 9\], got"):
            one_hot(np.array(labels))
    for labels in ([1], np.array([1.0]), np.array([True])):
        with pytest.raises(TypeError, match="^labels: expected"):
            one_hot(labels)


def test_a_split_leaves_images_on_both_sides():
    """values[:-0] is empty, so 0 would validate with all images and train with none."""
    values, labels = np.ones((5, 4), np.float32), np.arange(5)
    for n_valid in (0, -1, 5, 6):
        with pytest.raises(ValueError, match=r"^n_valid: expected an int in \[1, 4\]"):
            split_validation(values, labels, n_valid)
