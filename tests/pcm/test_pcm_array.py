"""The array of differential pairs: programming, clock, updates, counters, stuck devices."""

import math

import numpy as np
import pytest
from helpers.quiet_arrays import FREE, quiet, set_pairs

from snu_ref.pcm import (ColumnReadout, PCMArray, TimeRunsBackwards, UpdateNoise, UpdateRule,
                         full_scale)


# ------------------------------------------------------------------- programming, scale

def test_positive_weights_go_to_plus_devices_at_8_uS_per_unit():
    array = quiet(1, 3)
    array.program(np.array([[1.0, -2.0, 0.0]]), 0.0)
    np.testing.assert_allclose(array.conductance(0.0)[:, 0, 0], [[8, 0, 0], [0, 16, 0]])


def test_full_scale_for_inference():
    W = np.array([[0.5, -2.0], [1.0, 0.1]])
    assert full_scale(W) == 12.5 and full_scale(W, pairs=2) == 25.0
    array = PCMArray.from_weights(W, noise=0.0, readout=FREE)
    assert array.scale == 12.5
    assert array.conductance(0.0).max() == 25.0
    np.testing.assert_allclose(array.read_weights(0.0), W, rtol=1e-12)
    other = quiet(2, 2)
    other.program(W, 0.0, scale=5.0)
    assert other.scale == 5.0
    np.testing.assert_allclose(other.read_weights(0.0), W, rtol=1e-12)
    for largest in np.random.default_rng(0).uniform(0.01, 9.0, 200):  # rounding exceeds no limit
        PCMArray.from_weights(np.array([[largest]]), noise=0.0)


def test_pairs_share_a_weight():
    W = np.random.default_rng(1).uniform(-1, 1, (4, 3))
    array = quiet(pairs=3, scale=60.0)
    array.program(W, 0.0)
    np.testing.assert_allclose(array.read_weights(0.0), W, rtol=0, atol=1e-12)
    assert array.conductance(0.0).shape == (2, 3, 4, 3)
    np.testing.assert_allclose(array.conductance(0.0).max(axis=0),
                               np.broadcast_to(np.abs(W) * 20, (3, 4, 3)), rtol=1e-12)


def test_programming_starts_afresh():
    array = quiet()
    array.update(np.full((4, 3), 0.01))
    assert (array.chi != 0).all()
    array.program(np.zeros((4, 3)), 10.0)
    assert (array.chi == 0).all() and array.drift_factor == 1.0


def test_a_state_stays_as_it_was_whatever_the_array_does_next():
    array = quiet(read_noise="1/f", noise=np.random.default_rng(0))
    array.update(np.full((4, 3), 0.15))
    array.read_weights(5.0)
    kept = array.state()
    before = {name: a.tobytes() for name, a in kept.items()}
    array.program(np.ones((4, 3)), 8.0, noise=0.0)
    array.update(np.full((4, 3), -0.4))
    array.read_weights(9.0)
    array.program(np.ones((4, 3)), 10.0, noise=0.0)
    assert {name: a.tobytes() for name, a in kept.items()} == before
    array.read_weights(30.0)
    kept = array.state()
    array.restore(kept)
    before = {name: a.tobytes() for name, a in array.state().items()}
    for a in (
        *kept.values(),
        *array.state().values(),
    ):  # changing a state does not change the array
        a[...] = 0
    assert {name: a.tobytes() for name, a in array.state().items()} == before


# ------------------------------------------------------------------------- the clock

def test_the_clock_moves_with_updates_reads_and_writes_only_forward():
    array = quiet()
    assert array.now == 0.0
    array.update(np.zeros((4, 3)))
    assert array.now == 1.0
    array.read_weights(100.0)
    assert array.now == 100.0
    array.update(np.full((4, 3), 0.2))
    assert array.now == 101.0
    assert (array.devices.t_write[0] == 101.0).all() and (array.devices.t_write[1] == 0.0).all()
    array.program(np.zeros((4, 3)), 200.0)
    array.wait(300.0)
    assert array.now == 300.0
    slow = quiet(rule=UpdateRule(seconds=5.0))
    slow.update(np.zeros((4, 3)))
    assert slow.now == 5.0


def test_x_at_array_shows_the_state_at_the_clock():
    array = quiet()
    W = np.full((4, 3), 0.9)
    array.program(W, 0.0)
    x = np.ones((2, 4))
    fresh = x @ array
    array.wait(1e6)
    late = x @ array
    np.testing.assert_allclose(late, fresh * (1e6 / 20) ** -array.devices.nu[0, 0, 0, 0],
                               rtol=1e-12)
    with pytest.raises(TimeRunsBackwards):
        array.product(x, 20.0)


# -------------------------------------------------------------------- chi and pulses

def test_epsilon_is_the_nominal_step():
    for dW, n in ((0.77 * (1 - 1e-9) / 8, 0), (0.77 * (1 + 1e-9) / 8, 1),
                  (3 * 0.77 * (1 + 1e-9) / 8, 3), (-0.77 * (1 - 1e-9) / 8, 0),
                  (-2 * 0.77 * (1 + 1e-9) / 8, -2)):
        array = quiet(1, 1)
        np.testing.assert_array_equal(array.update(np.array([[dW]])), [[n]])
        np.testing.assert_allclose(array.chi, [[8 * dW - 0.77 * n]], atol=1e-14)


def test_pulses_go_to_plus_for_positive_and_to_minus_for_negative_counts():
    array = quiet(1, 3, scale=1.0, rule=UpdateRule(epsilon=1.0))
    n = array.update(np.array([[2.5, -3.5, 0.5]]))
    np.testing.assert_array_equal(n, [[2, -3, 0]])
    np.testing.assert_array_equal(array.chi, [[0.5, -0.5, 0.5]])
    G = array.conductance(1.0)[:, 0, 0]
    # 0.1, 3.29165 and 4.33674 uS after 0, 2 and 3 noise-free pulses
    np.testing.assert_allclose(G, [[3.29165, 0.1, 0.1], [0.1, 4.33674, 0.1]], atol=6e-6)


def test_chi_is_conserved_exactly_for_dyadic_updates():
    rng = np.random.default_rng(2)
    rule = UpdateRule(epsilon=0.75, refresh_every=7)
    array = PCMArray(6, 5, noise=rng, rule=rule)
    array.update(np.full((6, 5), 1 / 16))
    start, total, pulses = array.chi.copy(), np.zeros((6, 5)), np.zeros((6, 5), dtype=int)
    for _ in range(60):
        dW = rng.integers(-300, 301, (6, 5)) / 1024
        pulses += array.update(dW)
        total += 8 * dW
    assert np.abs(pulses).sum() > 0
    np.testing.assert_array_equal(start + total, 0.75 * pulses + array.chi)
    assert (np.abs(array.chi) < 0.75).all()


def test_chi_is_conserved_to_rounding_for_any_update():
    rng = np.random.default_rng(3)
    array = PCMArray(6, 5, noise=rng)
    total, pulses = np.zeros((6, 5)), np.zeros((6, 5), dtype=int)
    for _ in range(120):
        dW = rng.normal(0, 0.1, (6, 5))
        pulses += array.update(dW)
        total += 8 * dW
    # 120 additions and subtractions of numbers of the size of 1 to 10
    np.testing.assert_allclose(total, 0.77 * pulses + array.chi, rtol=0, atol=1e-12)


def test_one_update_with_the_draws_passed_in():
    # two pulses on a device after RESET, by hand; the draws of other devices are not used
    array = quiet(1, 2, scale=1.0, rule=UpdateRule(epsilon=1.0))
    N = np.full((2, 2, 1, 1, 2), 77.0)
    N[:, 1, 0, 0, 1] = 0.5, -0.25
    array.update(np.array([[0.0, -2.0]]), noise=UpdateNoise(pulses=N))
    G = 0.1
    for k, n in ((1, 0.5), (2, -0.25)):
        P = math.exp(-k / 2.6)
        G += -0.084 * G + 0.880 + 1.40 * P + n * (0.091 * G + 0.260 + 2.15 * P)
    np.testing.assert_allclose(array.conductance(1.0)[:, 0, 0], [[0.1, 0.1], [0.1, G]], rtol=1e-12)


def test_a_thousand_pulses_are_allowed_and_one_more_is_not():
    for n in (1000, -1000, 1001, -1001):
        array = quiet(rule=UpdateRule(epsilon=0.5))
        dW = np.zeros((4, 3))
        dW[1, 2] = n * 0.5 / 8.0
        if abs(n) == 1000:
            assert array.update(dW)[1, 2] == n
        else:
            with pytest.raises(
                ValueError, match="dW: expected at most 1000 pulses at one synapse, got 1001"
            ):
                array.update(dW)
            assert not array.chi.any() and array.now == 0.0


def test_pulses_are_dealt_to_the_pairs_in_turn():
    array = quiet(1, 2, pairs=3, scale=1.0, rule=UpdateRule(epsilon=1.0, refresh_every=None))
    array.update(np.array([[4.0, -2.0]]))
    P = array.devices.P[:, :, 0]  # (2, pairs, 2): counts are read off the pulse memory
    counts = np.rint(-2.6 * np.log(P)).astype(int)
    np.testing.assert_array_equal(counts[..., 0], [[2, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(counts[..., 1], [[0, 0, 0], [1, 1, 0]])
    array.update(np.array([[-1.0, 5.0]]))   # the next pair in turn, whatever the sign
    counts = np.rint(-2.6 * np.log(array.devices.P[:, :, 0])).astype(int)
    np.testing.assert_array_equal(counts[..., 0], [[2, 1, 1], [0, 1, 0]])
    np.testing.assert_array_equal(counts[..., 1], [[2, 1, 2], [1, 1, 0]])


def test_float32_steps_are_taken():
    array = quiet(1, 1)
    array.update(np.array([[0.125]], dtype=np.float32))
    assert array.chi.dtype == np.float64
    np.testing.assert_allclose(array.chi, [[0.23]], atol=1e-12)


# ---------------------------------------------------------------------------- counters

def test_counters():
    array = quiet(4, 3)
    assert set(array.counters.values()) == {0}
    array.program(np.zeros((4, 3)), 0.0)
    n = array.update(np.full((4, 3), 0.5))
    array.read_weights(2.0)
    np.ones((5, 4)) @ array
    np.ones((2, 5, 4)) @ array
    np.ones(4) @ array
    assert array.counters == dict(set_pulses=int(np.abs(n).sum()), resets=0, programs=24,
                                  device_reads=24 * 4, matvecs=5 + 10 + 1, updates=1, refreshes=0)
    set_pairs(array, 12.0, 10.0, t=2.0)
    array.refresh(3.0)
    assert array.counters["resets"] == 24 and array.counters["refreshes"] == 12
    assert array.counters["programs"] == 24 + 12 and array.counters["device_reads"] == 24 * 5
    column = quiet(4, 3, readout=ColumnReadout())
    np.ones((5, 4)) @ column
    assert column.counters["matvecs"] == 5 and column.counters["device_reads"] == 0
