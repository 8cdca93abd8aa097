"""Independent notes: against the definition by hand, against a loss, and the laws it must obey."""
from math import log

import numpy as np
import pytest

from snu_ref import bernoulli_nll
from snu_ref.data.baselines import (independent_notes_nll, nearest_chords_nll,
                                    nearest_neighbour)
from snu_ref.data.datasets import load_chorales, piano_roll


@pytest.fixture(scope="module")
def rolls():
    return [[piano_roll(piece.pitches) for piece in split] for split in load_chorales()]


def test_by_hand():
    train = [np.array([[1, 1], [1, 0], [0, 0], [1, 0]])]  # after the first step: 2 of 3, 0 of 3
    test = [np.array([[0, 0], [1, 1]]), np.array([[1, 1], [0, 0], [1, 0]])]
    p, q = 3 / 5, 1 / 5
    both, none, first = -log(p * q), -log((1 - p) * (1 - q)), -log(p * (1 - q))
    assert independent_notes_nll(train, test) == pytest.approx((both + none + first) / 3, rel=1e-14)
    per_piece = (both + (none + first) / 2) / 2
    assert independent_notes_nll(train, test, per_piece=True) == pytest.approx(per_piece, rel=1e-14)


def test_is_the_loss_of_a_network_whose_logits_never_change(rolls):
    train, _, test = rolls
    predicted = np.concatenate([roll[1:] for roll in train]).astype(float)
    p = (predicted.sum(axis=0) + 1) / (len(predicted) + 2)
    target = np.concatenate([roll[1:] for roll in test])[:, None].astype(float)  # (T, 1, 88)
    loss, _ = bernoulli_nll(np.broadcast_to(np.log(p / (1 - p)), target.shape).copy(), target)
    assert independent_notes_nll(train, test) == pytest.approx(loss, rel=1e-12)


def test_chorales_are_as_hard_as_those_of_the_published_task(rolls):
    # 11.09 nats pooled, 11.04 per piece, and 3.89 notes a step on the published 229/76/77 chorales
    # (Boulanger-Lewandowski et al. 2012), by the same function. Ours are other encodings of Bach's
    # chorales in another split.
    train, valid, test = rolls
    assert independent_notes_nll(train, test) == pytest.approx(11.04, abs=0.005)
    assert independent_notes_nll(train, test, per_piece=True) == pytest.approx(11.03, abs=0.005)
    assert independent_notes_nll(train, valid) == pytest.approx(11.05, abs=0.005)
    assert np.concatenate(train).sum(axis=1).mean() == pytest.approx(3.87, abs=0.005)


def test_on_its_own_training_pieces_it_is_the_entropy():
    rng = np.random.default_rng(0)
    train = [(rng.random((40001, 3)) < [0.5, 0.1, 0.9]).astype(np.uint8)]
    rate = train[0][1:].mean(axis=0)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate)).sum()
    assert independent_notes_nll(train, train) == pytest.approx(entropy, rel=1e-6)


def test_other_rates_than_those_of_the_test_pieces_cost_more(rolls):
    train, valid, test = rolls
    own = independent_notes_nll(test, test)
    assert own < independent_notes_nll(train, test)
    higher = [np.roll(roll, 1, axis=1) for roll in train]  # everything a semitone up
    assert independent_notes_nll(higher, test) > independent_notes_nll(train, test) + 5


def test_first_steps_and_order_do_not_count(rolls):
    train, _, test = rolls
    expected = independent_notes_nll(train, test)
    other = [roll.copy() for roll in test]
    for roll in other:
        roll[0] = 1 - roll[0]
    assert independent_notes_nll(train, other) == expected
    assert independent_notes_nll(train[::-1], test[::-1]) == pytest.approx(expected, rel=1e-13)


def test_an_unseen_note_costs_much_but_not_infinitely_much():
    train = [np.zeros((11, 1))]
    assert independent_notes_nll(train, [np.ones((2, 1))]) == pytest.approx(log(12), rel=1e-14)


def test_dtype_does_not_matter_and_inputs_stay(rolls):
    train, _, test = rolls
    expected = independent_notes_nll(train, test)
    for dtype in (bool, np.int8, np.float32):
        copies = [roll.astype(dtype) for roll in train], [roll.astype(dtype) for roll in test]
        assert independent_notes_nll(*copies) == expected
        assert all((copy == roll).all() for copy, roll in zip(copies[0], train))


@pytest.mark.parametrize(
    "train, test, error, message",
    [
        (
            np.zeros((2, 3, 4)), [np.zeros((3, 4))], TypeError,
            "train_rolls: expected a list or tuple"),
        (
            [[[0, 1]]], [np.zeros((3, 2))], TypeError,
            r"train_rolls\[0\]: expected a NumPy array of .* got list"),
        ([np.zeros(4)], [np.zeros((3, 4))], ValueError, r"\(steps, notes\), got \(4,\)"),
        (
            [np.zeros((3, 4))], [np.zeros((3, 4)), np.zeros((3, 5))], ValueError,
            r"test_rolls\[1\]: expected shape \(steps, 4\), got \(3, 5\)"),
        (
            [np.zeros((3, 4))], [np.zeros((3, 5))], ValueError,
            r"test_rolls\[0\]: expected shape \(steps, 4\), got \(3, 5\)"),
        (
            [np.full((3, 4), 0.5)], [np.zeros((3, 4))], ValueError,
            r"train_rolls\[0\]: expected only 0"),
        (
            [np.zeros((3, 4))], [np.full((3, 4), np.nan)], ValueError,
            r"test_rolls\[0\]: expected finite numbers"),
        ([], [np.zeros((3, 4))], ValueError, "train_rolls: expected a piece of two steps or more"),
        ([np.zeros((3, 4))], [np.zeros((1, 4))], ValueError, "test_rolls: expected a piece of two"),
    ],
)
def test_refuses(train, test, error, message):
    with pytest.raises(error, match=message):
        independent_notes_nll(train, test)


@pytest.mark.parametrize("pixels", [1, 2])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_distance_between_images_is_beyond_the_dtype(dtype, pixels):
    """Near the bound the nearest image is still the right one; beyond it the numbers are named."""
    labels = np.array([3, 4])
    size = dtype(np.sqrt(float(np.finfo(dtype).max) / (4 * pixels)) * 0.99)
    train = np.array([[size] * pixels, [-size] * pixels])
    assert nearest_neighbour(train, labels, train[::-1].copy()).tolist() == [4, 3]
    with pytest.raises(ValueError, match="^train_values: expected numbers in"):
        nearest_neighbour(train * dtype(1.1), labels, train)
    with pytest.raises(ValueError, match="^values: expected numbers in"):
        nearest_neighbour(train, labels, train * dtype(1.1))


def test_no_images_have_no_neighbours():
    train, labels = np.ones((2, 3)), np.array([1, 2])
    assert nearest_neighbour(train, labels, np.ones((0, 3))).tolist() == []
    with pytest.raises(ValueError, match="^train_values: expected at least one image"):
        nearest_neighbour(train[:0], labels[:0], train)
    for at_a_time in (0, -1):
        with pytest.raises(ValueError, match="^at_a_time: expected"):
            nearest_neighbour(train, labels, train, at_a_time)


def test_nearest_chords_by_a_loop_over_all_chords():
    rng = np.random.default_rng(3)
    train, test = ([(rng.random((steps, 4)) < 0.4).astype(float) for steps in lengths]
                   for lengths in ((9, 6), (5, 2)))
    after = np.concatenate([roll[1:] for roll in train])
    before = np.concatenate([roll[:-1] for roll in train])
    q = (after.sum(axis=0) + 1) / (len(after) + 2)
    for k in (1, 2, 5, 13):  # 13 chords have a successor
        nll = []
        for roll in test:
            for now, wanted in zip(roll, roll[1:]):
                order = sorted(range(13), key=lambda i: (np.abs(before[i] - now).sum(), i))
                p = (after[order[:k]].sum(axis=0) + q) / (k + 1)
                nll.append(-np.log(np.where(wanted == 1, p, 1 - p)).sum())
        assert nearest_chords_nll(train, test, k) == pytest.approx(np.mean(nll), rel=1e-12)
    for k in (0, 14):
        with pytest.raises(ValueError, match=f"^k: expected an int in .1, 13., got {k}"):
            nearest_chords_nll(train, test, k)
