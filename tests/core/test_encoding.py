"""Rate coding: rates within binomial bounds, the certain cases, independence, dtypes, seeds.

A count of n trials of probability p has the standard deviation sqrt(n p (1 - p)). Seeds are fixed;
the bounds are five standard deviations, which chance alone exceeds once in 1.7 million trials.
"""
import math

import numpy as np
import pytest

from snu_ref import rate_code

SIGMAS = 5


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_value_fires_at_value_times_max_spikes_over_n_steps():
    """The paper's toolkit uses 20 steps and at most 6 spikes: p = 0.3 value."""
    values = np.tile(np.array([0.1, 0.25, 0.5, 0.9, 1.0]), (2000, 1))  # (B, 5)
    spikes = rate_code(values, 20, 6, rng=rng())
    n = 20 * 2000
    for value, count in zip(values[0], spikes.sum(axis=(0, 1))):
        p = value * 6 / 20
        assert abs(count - n * p) < SIGMAS * math.sqrt(n * p * (1 - p)), value


def test_each_value_has_its_own_rate_in_its_own_place():
    values = np.array([[0.1, 0.9], [0.6, 0.3]])
    n = 4000
    rate = rate_code(values, n, n, rng=rng()).mean(axis=0)
    assert (np.abs(rate - values) < SIGMAS * np.sqrt(values * (1 - values) / n)).all()


def test_the_rate_does_not_drift_over_time_and_steps_are_independent():
    n = 100_000
    spikes = rate_code(np.full((n, 1), 0.5), 4, 2, rng=rng())[:, :, 0]  # p = 1/4, (4, n)
    deviation = math.sqrt(n * 3 / 16)
    assert (np.abs(spikes.sum(axis=1) - n / 4) < SIGMAS * deviation).all()
    for t in range(3):  # two spikes in a row come with p = 1/16
        both = (spikes[t] * spikes[t + 1]).sum()
        assert abs(both - n / 16) < SIGMAS * math.sqrt(n / 16 * 15 / 16)
    neighbours = (spikes[:, 1:] * spikes[:, :-1]).sum(axis=1)  # each sample has its own draws
    assert (np.abs(neighbours - n / 16) < SIGMAS * math.sqrt(n / 16 * 15 / 16)).all()


def test_0_never_fires_and_1_at_the_full_rate_always_does():
    values = np.tile([0.0, 1.0], (50, 1))
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        spikes = rate_code(values.astype(dtype), 400, 400, rng=rng())
        assert not spikes[:, :, 0].any() and spikes[:, :, 1].all()


class ZeroDraws(np.random.Generator):
    """Draws 0 every time, the smallest number of the interval [0, 1)."""

    def random(self, size=None, dtype=np.float64, out=None):
        return np.zeros(size, dtype)


def test_even_a_draw_of_0_does_not_fire_a_value_of_0():
    spikes = rate_code(np.array([[0.0, 1e-6]]), 3, 1, rng=ZeroDraws(np.random.PCG64(0)))
    assert not spikes[:, :, 0].any() and spikes[:, :, 1].all()


def test_shape_dtype_and_values():
    values = np.linspace(0, 1, 6).reshape(2, 3)
    assert rate_code(values, 4, 2.5, rng=rng()).dtype == np.float64
    for dtype in (np.float32, np.float64, np.longdouble):
        spikes = rate_code(values, 7, 3, rng=rng(), dtype=dtype)
        assert spikes.shape == (7, 2, 3) and spikes.dtype == dtype
        assert set(np.unique(spikes)) == {0, 1}
    assert rate_code(values[:0], 7, 3, rng=rng()).shape == (7, 0, 3)


def test_the_same_seed_gives_the_same_spikes_in_every_dtype():
    values = rng(1).random((10, 12))
    want = rate_code(values, 9, 5, rng=rng(3))
    np.testing.assert_array_equal(rate_code(values, 9, 5, rng=rng(3)), want)
    np.testing.assert_array_equal(rate_code(values, 9, 5, rng=rng(3), dtype=np.float32), want)
    assert (rate_code(values, 9, 5, rng=rng(4)) != want).any()
    generator = rng(3)
    rate_code(values, 9, 5, rng=generator)
    assert (rate_code(values, 9, 5, rng=generator) != want).any()  # the next draw differs


def test_values_are_not_changed():
    values = np.full((2, 2), 0.5)
    values.flags.writeable = False
    rate_code(values, 3, 2, rng=rng())


@pytest.mark.parametrize("max_spikes, n_steps", [(0.5, 10), (1, 1), (10, 10)])
def test_max_spikes_is_the_mean_number_for_a_value_of_1(max_spikes, n_steps):
    n, p = 20_000, max_spikes / n_steps
    count = rate_code(np.ones((n, 1)), n_steps, max_spikes, rng=rng()).sum()
    assert abs(count - n * max_spikes) <= SIGMAS * math.sqrt(n * n_steps * p * (1 - p))
