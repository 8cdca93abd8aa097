"""Stuck devices: the effect of writes, their number, stuck devices in arrays and refreshes."""

import math

import numpy as np
from helpers.quiet_arrays import quiet

from snu_ref.pcm import PCMDevices, RefreshNoise, draw_stuck

EXACT = dict(rtol=1e-12, atol=1e-13)  # a handful of float64 operations


def fresh(n, **options):
    return PCMDevices((n,), t=0.0, noise=0.0, **options)


def test_stuck_devices_ignore_every_write_and_do_not_drift():
    stuck = np.array([1, -1, 0])
    d = fresh(3, stuck=stuck)
    for write in (lambda: d.program(np.full(3, 7.0), 1.0, noise=0.3),
                  lambda: d.set_pulse(2.0, noise=0.3, pulses=4),
                  lambda: d.reset(3.0, noise=0.3)):
        before = d.state()
        write()
        after = d.state()
        for name in ("G0", "P", "nu", "t0", "t_write"):
            np.testing.assert_array_equal(after[name][:2], before[name][:2])
        assert after["G0"][2] != before["G0"][2]
    np.testing.assert_array_equal(d.conductance(1e8)[:2], [20.0, 0.1])
    np.testing.assert_allclose(d.read_white(1e8, noise=1.0)[:2], [20.73, 0.233], **EXACT)


def test_stuck_devices_have_the_pulse_memory_of_their_state():
    """P is 0 after so many SET pulses that nothing more can change, and 1 after a RESET."""
    d = fresh(3, stuck=np.array([1, -1, 0]))
    np.testing.assert_array_equal(d.state()["P"], [0.0, 1.0, 1.0])


def test_stuck_fractions_are_binomial():
    n, p_set, p_reset = 100_000, 0.02, 0.05
    stuck = draw_stuck((n,), p_set, p_reset, rng=np.random.default_rng(2))
    for code, p in ((1, p_set), (-1, p_reset)):
        assert abs((stuck == code).sum() - n * p) < 5 * math.sqrt(n * p * (1 - p))
    rng = np.random.default_rng(3)
    assert not draw_stuck((50, 2), 0.0, 0.0, rng=rng).any()
    assert (draw_stuck((50, 2), 1.0, 0.0, rng=rng) == 1).all()
    assert (draw_stuck((50, 2), 0.0, 1.0, rng=rng) == -1).all()


def test_stuck_devices_of_an_array():
    stuck = np.zeros((2, 1, 1, 3), dtype=int)
    stuck[0, 0, 0] = 1, -1, 0
    array = quiet(1, 3, stuck=stuck, scale=10.0)
    array.program(np.array([[0.5, 0.5, 0.5]]), 0.0)
    np.testing.assert_allclose(array.read_weights(0.0), [[2.0, 0.01, 0.5]], rtol=1e-12)
    array.update(np.full((1, 3), 0.2))
    assert array.counters["set_pulses"] == 2 * 3  # pulses are sent to stuck devices too
    np.testing.assert_allclose(array.read_weights(1.0)[0, :2], [2.0, 0.01], rtol=1e-12)
    assert array.conductance(1.0)[0, 0, 0, 2] > 5.5


def test_refresh_beside_a_stuck_device_stays_in_range():
    stuck = np.zeros((2, 1, 1, 1), dtype=int)
    stuck[1] = 1
    array = quiet(1, 1, stuck=stuck)
    array.devices.program(np.full((2, 1, 1, 1), 25.0), 0.0, noise=0.0)
    up = np.array([0.5, 0.0]).reshape(2, 1, 1, 1)
    assert array.refresh(0.0, noise=RefreshNoise(up, 0.0, 0.0)).all()  # target 20 + 5.44 uS
    np.testing.assert_allclose(array.conductance(0.0).ravel(), [25.0, 20.0])
