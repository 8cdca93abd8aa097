"""Reads of an array over time: white and 1/f noise, global drift compensation."""

import math

import numpy as np
import pytest
from helpers.quiet_arrays import FREE, quiet, same_state

from snu_ref.pcm import ColumnReadout, PCMArray


# ----------------------------------------------------------------- read noise of an array

def test_white_noise_is_new_at_every_read_and_1f_noise_at_every_time():
    W = np.full((4, 3), 0.5)
    white = PCMArray(4, 3, noise=np.random.default_rng(7), readout=FREE)
    white.program(W, 0.0)
    assert (white.read_weights(20.0) != white.read_weights(20.0)).all()
    slow = PCMArray(4, 3, noise=np.random.default_rng(7), readout=FREE, read_noise="1/f")
    slow.program(W, 0.0)
    at_20 = slow.read_weights(20.0)
    np.testing.assert_array_equal(slow.read_weights(20.0), at_20)
    np.testing.assert_array_equal(slow.read_weights(20.0, noise=np.random.default_rng(8)), at_20)
    np.testing.assert_allclose(np.eye(4) @ slow, at_20, rtol=1e-14)
    N_at_20 = slow.held[1]
    at_40 = slow.read_weights(40.0)
    assert (slow.held[1] != N_at_20).all()
    np.testing.assert_array_equal(slow.read_weights(40.0), at_40)
    assert (slow.read_weights(40.0, noise=np.ones((2, 1, 4, 3))) != at_40).all()  # replaced


def test_a_write_drops_the_held_1f_noise():
    array = PCMArray(4, 3, noise=np.random.default_rng(9), readout=FREE, read_noise="1/f")
    array.program(np.full((4, 3), 0.5), 0.0)
    array.read_weights(0.0)
    for write in (lambda: array.program(np.full((4, 3), 0.5), array.now),
                  lambda: array.update(np.zeros((4, 3))), lambda: array.refresh(array.now)):
        array.read_weights(array.now)
        assert array.held is not None
        write()
        assert array.held is None


def test_1f_noise_of_an_array_by_hand():
    array = quiet(1, 1, read_noise="1/f", scale=25.0)
    array.program(np.array([[1.0]]), 0.0)
    t = 1e4
    noise = np.array([1.0, 0.0]).reshape(2, 1, 1, 1)
    expected = 500 ** -0.049 * (1 + 0.0088 * math.sqrt(math.log((t + 2.5e-7) / 5e-7)))
    np.testing.assert_allclose(array.read_weights(t, noise=noise), [[expected]], rtol=1e-12)


# ----------------------------------------------------------- global drift compensation

@pytest.mark.parametrize("readout", [FREE, ColumnReadout(None, None, tile=(5, 5))])
def test_compensation_undoes_a_common_drift(readout):
    # all weights are at 16 uS or 0, with one drift exponent: one factor undoes the drift exactly
    rng = np.random.default_rng(10)
    W, x = rng.choice([-2.0, 0.0, 2.0], (12, 7)), rng.normal(size=(3, 12))
    array = quiet(12, 7, readout=readout)
    array.program(W, 0.0)
    array.calibrate(20.0)
    np.testing.assert_allclose(x @ array, x @ W, rtol=0, atol=1e-12)
    array.wait(2000.0)
    np.testing.assert_allclose(x @ array, x @ W * 100 ** -0.049, rtol=0, atol=1e-12)
    assert array.compensate(2000.0) == pytest.approx(100 ** 0.049, rel=1e-12)
    np.testing.assert_allclose(x @ array, x @ W, rtol=0, atol=1e-12)
    np.testing.assert_allclose(array.read_weights(2000.0), W, rtol=0, atol=1e-12)
    # the factor is measured afresh, from raw outputs
    assert array.compensate(2e5) == pytest.approx(1e4 ** 0.049, rel=1e-12)


def test_compensation_compares_mean_magnitudes_of_one_hot_rows():
    array = quiet(2, 2, scale=8.0)
    W = np.array([[1.0, -0.5], [0.0, 0.25]])
    array.program(W, 0.0)
    array.calibrate(0.0)
    before = np.abs(W).mean()
    assert array.state()["drift_reference"] == pytest.approx(before, rel=1e-12)
    after = np.abs(array.read_weights(1e5)).mean()
    assert array.compensate(1e5) == pytest.approx(before / after, rel=1e-12)
    array.calibrate(1e5)
    assert array.drift_factor == 1.0


def test_compensation_needs_a_reference_and_an_output():
    array = quiet()
    array.program(np.ones((4, 3)), 0.0)
    with pytest.raises(ValueError, match="calibrate"):
        array.compensate(20.0)
    array.program(np.zeros((4, 3)), 0.0)
    before = array.state()
    with pytest.raises(ValueError, match="output"):
        array.calibrate(20.0)
    assert same_state(before, array.state())
