"""One phase-change device: every coefficient, tested exactly with given draws; and laws.

Expected numbers are worked out here with `math` from the published coefficients; nothing below
calls the equations of the package.
"""

import math

import numpy as np
import pytest

from snu_ref.pcm import PCMDevices, ProgramNoise

EXACT = dict(rtol=1e-12, atol=1e-13)  # a handful of float64 operations
DECAY = math.exp(-1 / 2.6)


def fresh(n, **options):
    return PCMDevices((n,), t=0.0, noise=0.0, **options)


def programmed(G, of_G=0.0, of_nu=0.0, t=0.0):
    G = np.asarray(G, dtype=float)
    d = PCMDevices(G.shape, t=t, noise=0.0)
    d.program(G, t, noise=ProgramNoise(np.full(G.shape, float(of_G)),
                                       np.full(G.shape, float(of_nu))))
    return d


# ------------------------------------------------------------------------- programming

# 0.26348 + 1.9650 r - 1.1731 r^2 with r = G/25, by hand
SIGMA = {0.0: 0.26348, 2.5: 0.448249, 5.0: 0.609556, 10.0: 0.861784, 20.0: 1.084696, 25.0: 1.05538}


@pytest.mark.parametrize("N", [1.0, 0.0, -1.0])
def test_programmed_conductance_is_the_target_and_N_sigmas(N):
    G = programmed(list(SIGMA), of_G=N).G0
    expected = [max(target + N * sigma, 0.0) for target, sigma in SIGMA.items()]
    np.testing.assert_allclose(G, expected, **EXACT)


def test_programming_clips_at_zero_but_not_at_full_scale():
    assert programmed([1.0], of_G=-10.0).G0[0] == 0.0
    assert programmed([25.0], of_G=3.0).G0[0] == pytest.approx(25 + 3 * 1.05538, rel=1e-12)


def nu_moments(G):
    log_r = math.log(max(G / 25, 1e-7))
    return (min(max(-0.0155 * log_r + 0.0244, 0.049), 0.1),
            min(max(-0.0125 * log_r - 0.0059, 0.008), 0.045))


# from 1 to 4 uS no limit acts on mean and spread; the other values test the four limits
@pytest.mark.parametrize("G, limits", [(0.0, (0.1, 0.045)), (0.15, (0.1, 0.045)),
                                       (0.3, (None, 0.045)), (1.0, (None, None)),
                                       (2.0, (None, None)), (4.0, (None, None)),
                                       (6.0, (0.049, None)), (9.0, (0.049, 0.008)),
                                       (25.0, (0.049, 0.008))])
def test_drift_exponent_after_programming(G, limits):
    mu, sigma = nu_moments(G)
    for value, limit in zip((mu, sigma), limits):
        assert limit is None and value not in (0.049, 0.1, 0.008, 0.045) or value == limit
    for N in (-1.0, 0.0, 1.0):
        np.testing.assert_allclose(programmed([G], of_nu=N).nu, abs(mu + N * sigma), **EXACT)


def test_drift_exponent_is_an_absolute_value():
    mu, sigma = nu_moments(1.0)
    assert mu - 3 * sigma < 0
    np.testing.assert_allclose(programmed([1.0], of_nu=-3.0).nu, 3 * sigma - mu, **EXACT)


def test_draws_of_conductance_and_drift_are_not_mixed_up():
    d = PCMDevices((2,), t=0.0, noise=0.0)
    d.program(np.array([10.0, 10.0]), 0.0,
              noise=ProgramNoise(conductance=np.array([1.0, 0.0]), drift=np.array([0.0, 1.0])))
    np.testing.assert_allclose(d.G0, [10.861784, 10.0], **EXACT)
    np.testing.assert_allclose(d.nu, [0.049, 0.057], **EXACT)


def test_pulse_memory_after_programming():
    np.testing.assert_array_equal(programmed([0.0, 1e-3, 10.0]).P, [1.0, 0.0, 0.0])


# -------------------------------------------------------------------------- SET pulses

@pytest.mark.parametrize("N", [1.0, 0.0, -1.0])
def test_set_pulse_without_memory(N):
    # P = 0 after programming: G0 + (-0.084 G0 + 0.880) + (0.091 G0 + 0.260) N
    d = programmed([2.0, 5.0, 10.0])
    d.set_pulse(0.0, noise=np.full((1, 3), N))
    np.testing.assert_allclose(d.G0, [2.712 + 0.442 * N, 5.46 + 0.715 * N, 10.04 + 1.17 * N],
                               **EXACT)


@pytest.mark.parametrize("N", [1.0, 0.0, -0.5])
def test_set_pulse_with_full_memory(N):
    # after a RESET: the memory decays first, then G = 0.1, the conductance before, is used
    d = fresh(1)
    d.set_pulse(0.0, noise=np.full((1, 1), N))
    mean = 0.1 - 0.0084 + 0.880 + 1.40 * DECAY
    np.testing.assert_allclose(d.G0, mean + N * (0.0091 + 0.260 + 2.15 * DECAY), **EXACT)
    np.testing.assert_allclose(d.P, DECAY, **EXACT)


def test_memory_decays_with_every_pulse():
    d = fresh(1)
    d.set_pulse(0.0, noise=0.0, pulses=3)
    G = 0.1
    for k in (1, 2, 3):
        G += -0.084 * G + 0.880 + 1.40 * math.exp(-k / 2.6)
    np.testing.assert_allclose(d.G0, G, **EXACT)
    np.testing.assert_allclose(d.P, math.exp(-3 / 2.6), **EXACT)


def test_noise_free_set_curve():
    # conductance after 0, 1, 2, 3, 5, 10, 20 noise-free pulses, to the five decimals tabulated
    table = {0: 0.10000, 1: 1.92460, 2: 3.29165, 3: 4.33674, 5: 5.80481, 10: 7.75896, 20: 9.38032}
    for n, G in table.items():
        d = fresh(1)
        if n:
            d.set_pulse(0.0, noise=0.0, pulses=n)
        assert d.G0[0] == pytest.approx(G, abs=6e-6)


def test_set_pulse_stays_between_a_tenth_and_twenty():
    d = programmed([19.0, 19.0, 0.5, 0.0])
    d.set_pulse(0.0, noise=np.array([[10.0, -0.1, -10.0, -10.0]]))
    assert d.G0[0] == 20.0 and 0.1 < d.G0[1] < 20.0
    np.testing.assert_array_equal(d.G0[2:], [0.1, 0.1])


def test_a_train_of_pulses_equals_single_pulses_and_ends_where_the_count_says():
    N = np.random.default_rng(0).standard_normal((4, 3))
    train, single = fresh(3), fresh(3)
    counts = np.array([4, 1, 2])
    train.set_pulse(1.0, noise=N, pulses=counts)
    for r in range(4):
        single.set_pulse(1.0, noise=N[r:r + 1], where=counts > r)
    np.testing.assert_array_equal(train.G0, single.G0)
    np.testing.assert_array_equal(train.P, single.P)


def test_a_pulse_acts_on_G0_and_erases_the_history_of_the_drift():
    old, new = programmed([10.0]), programmed([10.0])
    assert old.conductance(1e6)[0] < 6.0
    old.set_pulse(1e6, noise=0.0)
    new.set_pulse(0.0, noise=0.0)
    np.testing.assert_array_equal(old.G0, new.G0)
    assert (old.t_write[0], old.t0[0], old.nu[0]) == (1e6, 38.6, 0.04)
    np.testing.assert_array_equal(old.conductance(1e6 + 38.6), old.G0)


# ------------------------------------------------------------------------------- RESET

def test_reset():
    d = programmed([10.0] * 4)
    d.reset(5.0, noise=np.array([0.0, 1.0, -1.0, -20.0]))
    np.testing.assert_allclose(d.G0, [0.10, 0.11, 0.09, 0.0], **EXACT)
    for name, value in dict(P=1.0, nu=0.04, t0=38.6, t_write=5.0).items():
        np.testing.assert_array_equal(getattr(d, name), value)


def test_writes_touch_only_the_devices_named():
    where = np.array([True, False, True])
    for write in (lambda d: d.program(np.full(3, 7.0), 9.0, noise=0.5, where=where),
                  lambda d: d.set_pulse(9.0, noise=0.5, where=where),
                  lambda d: d.reset(9.0, noise=0.5, where=where)):
        d = programmed([3.0, 4.0, 5.0])
        before = d.state()
        write(d)
        for name in ("G0", "t_write"):
            changed = getattr(d, name) != before[name]
            np.testing.assert_array_equal(changed, where)
        for name in ("P", "nu", "t0"):
            assert getattr(d, name)[1] == before[name][1]


# ------------------------------------------------------------------------------- drift

def test_drift_after_programming_starts_at_20_s():
    d = programmed([10.0], t=100.0)
    for t in (100.0, 110.0, 120.0):
        np.testing.assert_array_equal(d.conductance(t), [10.0])
    np.testing.assert_allclose(d.conductance(300.0), 10 * 10 ** -0.049, **EXACT)


def test_drift_after_a_pulse_starts_at_38_6_s():
    d = fresh(1)
    d.set_pulse(0.0, noise=0.0, pulses=2)
    G0 = d.G0[0]
    assert d.conductance(38.6)[0] == G0
    np.testing.assert_allclose(d.conductance(386.0), G0 * 10 ** -0.04, **EXACT)
    np.testing.assert_allclose(d.conductance(3860.0), G0 * 100 ** -0.04, **EXACT)


def test_drift_after_a_reset():
    d = programmed([10.0])
    d.reset(0.0, noise=0.0)
    np.testing.assert_allclose(d.conductance(386.0), 0.1 * 10 ** -0.04, **EXACT)


def test_log_log_slope_of_one_device_is_minus_nu():
    d = programmed([0.5, 3.0, 12.0], of_nu=0.7)
    times = np.logspace(1.5, 7.5, 7)
    log_G = np.log([d.conductance(t) for t in times])
    slope = np.diff(log_G, axis=0) / np.diff(np.log(times))[:, None]
    np.testing.assert_allclose(slope, np.broadcast_to(-d.nu, slope.shape), rtol=1e-11)


@pytest.mark.parametrize("write", [lambda d, t: d.program(np.full(1, 8.0), t, noise=0.0),
                                   lambda d, t: d.set_pulse(t, noise=0.0),
                                   lambda d, t: d.reset(t, noise=0.0)])
def test_every_write_restarts_the_drift(write):
    early, late = programmed([10.0]), programmed([10.0])
    write(early, 0.0)
    late.wait(1e5)
    write(late, 1e5)
    np.testing.assert_allclose(late.conductance(1e5 + 1000.0), early.conductance(1000.0), **EXACT)


def test_slope_of_the_mean_logarithm_is_minus_the_mean_exponent():
    d = PCMDevices((20000,), t=0.0, noise=0.0)
    rng = np.random.default_rng(1)
    d.program(np.full(20000, 3.0), 0.0, noise=rng)
    times = (1e2, 1e7)
    G = np.array([d.conductance(t) for t in times])
    run = math.log(times[1] / times[0])
    slope_of_mean_log = (np.log(G[1]).mean() - np.log(G[0]).mean()) / run
    slope_of_log_mean = math.log(G[1].mean() / G[0].mean()) / run
    assert slope_of_mean_log == pytest.approx(-d.nu.mean(), rel=1e-10)
    assert slope_of_log_mean - slope_of_mean_log > 0.002  # the spread of nu bends the mean


# --------------------------------------------------------------------------- read noise

@pytest.mark.parametrize("N", [1.0, 0.0, -1.0])
def test_white_read(N):
    d = programmed([0.0, 1.0, 10.0, 25.0])
    sigma = np.array([0.13, 0.16, 0.43, 0.88])
    np.testing.assert_allclose(d.read_white(0.0, noise=np.full(4, N)),
                               np.array([0.0, 1.0, 10.0, 25.0]) + N * sigma, **EXACT)


def test_white_read_may_be_negative_and_follows_the_drifted_conductance():
    d = programmed([0.0, 20.0])
    G = 20 * 10 ** -0.049
    np.testing.assert_allclose(d.read_white(200.0, noise=np.full(2, -2.0)),
                               [-0.26, G - 2 * (0.03 * G + 0.13)], **EXACT)


def flicker(G0, a):
    Q = min(0.0088 / max(G0 / 25, 1e-7) ** 0.65, 0.2)
    return Q * math.sqrt(math.log((a + 250e-9) / (2 * 250e-9)))


@pytest.mark.parametrize("N", [1.0, 0.0, -1.0])
@pytest.mark.parametrize("t", [0.0, 20.0, 3600.0, 3e7])
def test_1f_read_after_programming(N, t):
    targets = [0.1, 0.5, 3.0, 25.0]  # Q at its limit of 0.2 for the first, then below
    d = programmed(targets)
    a = max(t, 20.0)
    expected = []
    for G0 in targets:
        G = G0 * (a / 20) ** -nu_moments(G0)[0]
        expected.append(max(G * (1 + N * flicker(G0, a)), 0.0))
    np.testing.assert_allclose(d.read_1f(t, noise=np.full(4, N)), expected, **EXACT)


def test_1f_read_at_full_scale_by_hand():
    # Q = 0.0088, ln((20 + 2.5e-7)/5e-7) = 17.50439..., its root 4.183824...
    assert programmed([25.0]).read_1f(0.0, noise=1.0)[0] == pytest.approx(25.92044, abs=1e-5)


def test_1f_read_uses_the_conductance_as_programmed_and_the_age_of_the_device():
    d = programmed([5.0], of_G=4.0, t=1000.0)           # target 5, G0 = 7.438224
    G0, t = 7.438224, 1e5
    G = G0 * ((t - 1000) / 20) ** -nu_moments(5.0)[0]
    np.testing.assert_allclose(d.read_1f(t, noise=1.0), G * (1 + flicker(G0, t - 1000)), **EXACT)


def test_1f_read_after_a_pulse_and_at_zero():
    d = fresh(1)
    d.set_pulse(0.0, noise=0.0, pulses=2)
    G0 = d.G0[0]
    np.testing.assert_allclose(d.read_1f(1.0, noise=1.0), G0 * (1 + flicker(G0, 38.6)), **EXACT)
    assert d.read_1f(2.0, noise=-100.0)[0] == 0.0
    assert programmed([0.0]).read_1f(0.0, noise=3.0)[0] == 0.0  # no division by zero


# ---- layouts and limits -------------------------------------------------------------------------

@pytest.mark.parametrize(
    "layout",
    [
        np.ascontiguousarray,
        np.asfortranarray,
        lambda a: a[::-1][::-1],
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    ],
)
def test_writes_arrive_whatever_the_layout_of_what_was_given(layout):
    """The layout of `stuck`, of targets, counts, draws and of a restored state changes no
    number."""
    rng = np.random.default_rng(0)
    stuck, G = rng.integers(-1, 2, (3, 4)), rng.uniform(1, 20, (3, 4))
    pulses, where, N = rng.integers(1, 4, (3, 4)), rng.random((3, 4)) < 0.5, rng.normal(size=(3, 4))
    results = []
    for change in (np.array, layout):
        devices = PCMDevices((3, 4), t=0.0, noise=0.0, stuck=change(stuck))
        devices.restore({name: change(a) if a.ndim else a for name, a in devices.state().items()})
        devices.program(change(G), 1.0, noise=ProgramNoise(change(N), change(N)))
        results.append(devices.state())
        devices.set_pulse(2.0, noise=0.3, pulses=change(pulses), where=change(where))
        devices.reset(3.0, noise=change(N), where=~change(where))
        results.append(devices.state())
    for expected, found in zip(results[:2], results[2:]):
        assert all(np.array_equal(expected[name], found[name]) for name in expected)
    working = stuck == 0
    assert np.array_equal(results[2]["G0"] != 0.1, working | (stuck == 1))


def test_pulses_have_an_upper_bound():
    devices = PCMDevices((3,), t=0.0, noise=0.0)
    devices.set_pulse(1.0, noise=0.0, pulses=1000)
    before = devices.state()
    for pulses in (1001, 10 ** 12, np.array([1, 2, 10 ** 12])):
        with pytest.raises(ValueError, match="^pulses: expected .*1000.* got 1"):
            devices.set_pulse(2.0, noise=0.0, pulses=pulses)
    assert all(np.array_equal(before[name], a) for name, a in devices.state().items())
    devices.set_pulse(
        2.0, noise=0.0, pulses=np.array([1, 2, 10**12]), where=np.array([True, True, False])
    )
