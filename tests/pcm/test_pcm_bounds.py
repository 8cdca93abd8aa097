"""Every bound and default of a number, and what happens at a bound."""
import inspect
from math import inf

import numpy as np
import pytest
from helpers.bounds import takes
from helpers.quiet_arrays import quiet

from snu_ref import Dense, Network
from snu_ref.pcm import (ColumnReadout, DeviceReadout, PCMArray, PCMDevices, UpdateRule, draw_stuck,
                         full_scale)
from snu_ref.pcm.in_loop import NoisyStore, QuantisedStore, RoundedStore, round_to_bits
from snu_ref.pcm.readout import quantise_signed, quantise_unsigned

SMALL, LARGE = 1e-100, 1e100
ONE = np.ones((1, 1))
rng = np.random.default_rng


def network(value=0.0):
    net = Network([Dense(2, 1, rng=rng(0))])
    net.params["0.W"][...] = value
    return net


def quantised(**options):
    return QuantisedStore(network(), ("0.W",), **options)


def noisy(**options):
    return NoisyStore(network(), ("0.W",), noise=0.0, **options)


def devices():
    return PCMDevices((1,), t=0.0, noise=0.0)


def rule(name):
    above = {"refresh_above": LARGE} if name == "refresh_below" else {}
    below = {"refresh_below": SMALL} if name == "refresh_above" else {}
    return lambda v: UpdateRule(**above, **below, **{name: v})


def restored(name, value):
    """An array that takes back its state with one entry changed."""
    array = quiet(1, 1, pairs=3)
    array.restore({**array.state(), name: value})


def time_of(call):
    """The call at time t, of an array that was programmed at 10 s."""
    def at(t):
        array = quiet(1, 1)
        array.program(ONE, 10.0)
        call(array, t)
    return at


POSITIVE = [
    ("scale", lambda v: PCMArray(1, 1, noise=0.0, scale=v)),
    ("scale", lambda v: quiet(1, 1).program(0 * ONE, 0.0, scale=v)),
    ("scale", lambda v: quantised(scale=v, limit=1.0)),
    ("epsilon", lambda v: quantised(epsilon=v)),
    ("limit", lambda v: quantised(limit=v, scale=1.0)),
    ("clip", lambda v: noisy(clip=v)),
    ("full_scale", lambda v: quantise_unsigned(ONE, 8, v)),
    ("bound", lambda v: quantise_signed(ONE, 8, v)),
    ("dac_bound", lambda v: ColumnReadout(dac_bound=v)),
    ("adc_bound", lambda v: ColumnReadout(adc_bound=v)),
    (r"max\|W\|", lambda v: full_scale(v * ONE)),
    (r"state\['scale'\]", lambda v: restored("scale", np.array(v))),
    (r"state\['drift_factor'\]", lambda v: restored("drift_factor", np.array(v))),
    *((name, rule(name)) for name in ("epsilon", "seconds")),
]
ROWS = [
    *((name, "[]", SMALL, LARGE, call) for name, call in POSITIVE),
    ("refresh_above", "[]", None, LARGE, rule("refresh_above")),
    ("refresh_below", "[]", SMALL, None, rule("refresh_below")),
    ("refresh_below", "[)", None, 7.0, lambda v: UpdateRule(refresh_above=7.0, refresh_below=v)),
    ("refresh_every", "[]", 1, None, lambda n: UpdateRule(refresh_every=n)),
    ("epsilon", "[]", 6.0 / 1000, None, lambda v: UpdateRule(epsilon=v, refresh="blind")),
    ("bits", "[]", 1, 52, lambda n: quantise_unsigned(ONE, n, 1.0)),
    ("bits", "[]", 2, 52, lambda n: quantise_signed(ONE, n, 1.0)),
    ("bits", "[]", 1, 52, DeviceReadout),
    ("dac_bits", "[]", 2, 52, lambda n: ColumnReadout(dac_bits=n)),
    ("adc_bits", "[]", 2, 52, lambda n: ColumnReadout(adc_bits=n)),
    ("bits", "[]", 2, 52, lambda n: round_to_bits(ONE, n)),
    ("bits", "[]", 2, 52, lambda n: RoundedStore(network(), ("0.W",), bits=n)),
    ("output_noise", "[]", 0.0, LARGE, lambda v: ColumnReadout(output_noise=v)),
    ("sigma", "[]", 0.0, LARGE, lambda v: noisy(sigma=v)),
    ("0.W", "[]", -2.5, 2.5, lambda v: QuantisedStore(network(v), ("0.W",))),
    # |W| scale may exceed the 25 uS of each pair by a rounding error
    ("W", "[]", -6.25 * (1 + 1e-12), 6.25 * (1 + 1e-12),
     lambda v: PCMArray(1, 1, noise=0.0, pairs=2).program(v * ONE, 0.0)),
    ("p_set", "[]", 0.0, 1.0, lambda p: draw_stuck((1,), p, 0.0, rng=rng(0))),
    ("p_reset", "[]", 0.0, 0.75, lambda p: draw_stuck((1,), 0.25, p, rng=rng(0))),
    (r"shape\[0\]", "[]", 1, None, lambda n: draw_stuck((n,), 0.5, 0.5, rng=rng(0))),
    ("stuck", "[]", -1, 1,
     lambda k: PCMDevices((1,), t=0.0, noise=0.0, stuck=np.array([k]))),
    ("G_T", "[]", 0.0, 25.0, lambda G: devices().program(np.full(1, G), 0.0, noise=0.0)),
    ("pulses", "[]", 1, 1000, lambda n: devices().set_pulse(0.0, noise=0.0, pulses=n)),
    ("pulses", "[]", 1, 1000, lambda n: devices().set_pulse(0.0, noise=0.0, pulses=np.full(1, n))),
    ("dW", "[]", -1000, 1000,
     lambda n: quiet(1, 1, scale=1.0, rule=UpdateRule(epsilon=1.0)).update(n * ONE)),
    ("pairs", "[]", 1, None, lambda n: PCMArray(1, 1, noise=0.0, pairs=n)),
    ("pairs", "[]", 1, None, lambda n: full_scale(ONE, n)),
    ("n_in", "[]", 1, None, lambda n: PCMArray(n, 1, noise=0.0)),
    ("n_out", "[]", 1, None, lambda n: PCMArray(1, n, noise=0.0)),
    (r"tile\[0\]", "[]", 1, None, lambda n: ColumnReadout(tile=(n, 1))),
    (r"tile\[1\]", "[]", 1, None, lambda n: ColumnReadout(tile=(1, n))),
    (r"state\['turn'\]", "[]", 0, 2, lambda k: restored("turn", np.array([[k]]))),
    ("t", "()", -inf, inf, lambda t: PCMArray(1, 1, noise=0.0, t=t)),
    *(("t", "[)", 10.0, inf, time_of(call)) for call in (
        PCMArray.wait, PCMArray.refresh, PCMArray.calibrate, PCMArray.conductance,
        PCMArray.read_weights, lambda a, t: a.product(ONE, t), lambda a, t: a.program(ONE, t))),
]


@pytest.mark.parametrize("name, interval, low, high, call", ROWS)
def test_numbers_in_the_interval_and_no_others_are_taken(name, interval, low, high, call):
    takes(call, interval, low, high, name)


DEFAULTS = {
    PCMArray: {"t": 0.0, "scale": 8.0, "pairs": 1}, PCMArray.from_weights: {"t": 0.0, "pairs": 1},
    full_scale: {"pairs": 1}, PCMDevices.set_pulse: {"pulses": 1}, DeviceReadout: {"bits": 8},
    ColumnReadout: {"dac_bits": 8, "adc_bits": 8, "dac_bound": 1.0, "adc_bound": 12.0,
                    "output_noise": 0.0},
    UpdateRule: {"epsilon": 0.77, "seconds": 1.0, "refresh_every": 100, "refresh_above": 8.0,
                 "refresh_below": 6.0},
    QuantisedStore: {"scale": 8.0, "epsilon": 0.77, "limit": 20.0},
    NoisyStore: {"sigma": 0.04, "clip": 2.5},
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda function: function.__name__)
def test_defaults_stay(function):
    defaults = {name: p.default for name, p in inspect.signature(function).parameters.items()}
    assert DEFAULTS[function] == {name: value for name, value in defaults.items()
                                  if isinstance(value, (int, float))}


class Least(np.random.Generator):
    """Every uniform draw is 0, the least there is."""

    def random(self, shape):
        return np.zeros(shape)


def test_a_probability_of_0_means_never_whatever_is_drawn():
    least = Least(np.random.PCG64(0))
    assert draw_stuck((3,), 0.0, 0.0, rng=least).tolist() == [0, 0, 0]
    assert draw_stuck((3,), 0.0, 0.1, rng=least).tolist() == [-1, -1, -1]
    assert draw_stuck((3,), 0.1, 0.1, rng=least).tolist() == [1, 1, 1]


def test_pulses_for_no_device_need_no_draws():
    of, before = devices(), devices().state()
    of.set_pulse(0.0, noise=np.zeros((0, 1)), pulses=3, where=np.array([False]))
    assert all(np.array_equal(a, before[name]) for name, a in of.state().items())
    with pytest.raises(ValueError, match="^noise: expected draws for 3 rounds of pulses, got 2"):
        of.set_pulse(0.0, noise=np.zeros((2, 1)), pulses=3, where=np.array([True]))


def test_columns_without_output_noise_draw_none():
    generator, G = rng(0), np.ones((2, 1, 2, 3))
    for sigma, drawn in ((0.0, False), (1e-3, True)):
        before = generator.bit_generator.state
        ColumnReadout(output_noise=sigma).product(np.ones((4, 2)), G, generator)
        assert (generator.bit_generator.state != before) == drawn


def test_an_array_that_was_never_calibrated_reads_what_its_devices_hold():
    array = quiet(1, 2)
    array.update(np.array([[0.2, -0.4]]))
    G = array.conductance(1.0)
    assert np.allclose(array.read_weights(1.0), (G[0] - G[1])[0] / 8, rtol=1e-14)
    assert np.allclose(array.product(ONE, 1.0), (G[0] - G[1])[0] / 8, rtol=1e-14)
