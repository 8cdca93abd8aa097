"""Plain calls of devices, their arrays and stores, for the fuzz script: name, call, arguments."""
import copy

import numpy as np

from helpers.call_arguments import bits, eighth_of_one, eighths, normal, number, rng_of
from snu_ref import Dense, pcm
from snu_ref.pcm import in_loop


def no_ties(rng, dtype):
    """Weights whose largest is 15/8, so that none lies half way between two levels."""
    W = np.clip(eighths(rng, (3, 2), dtype), -1.875, 1.875)
    W[0, 0] = 1.875
    return W


def devices_run(G_T, stuck, pulses, where, t, noise):
    devices = pcm.PCMDevices((2, 3), t=0.0, noise=0.0, stuck=stuck)
    devices.program(G_T, t, noise=noise, where=where)
    devices.set_pulse(t, noise=0.5, pulses=pulses, where=where)
    devices.reset(t, noise=0.5, where=where)
    devices.program(G_T, t, noise=0.0)
    return devices.state(), devices.read_white(t, noise=noise), devices.read_1f(2 * t, noise=noise)


def array_run(W, dW, x, t, scale, bits, noise, dac_bound):
    out = []
    for readout in (pcm.DeviceReadout(bits), pcm.ColumnReadout(bits, bits, dac_bound=dac_bound)):
        array = pcm.PCMArray(3, 2, noise=0.0, scale=scale, readout=readout)
        array.program(W, t, scale=scale)
        out += [array.update(dW), array.product(x, 2 * t), array.read_weights(3 * t, noise=noise)]
        array.calibrate(3 * t)
        out += [array.compensate(4 * t), array.refresh(5 * t, noise=0.0), array.state()]
    return out


def store_run(W, scale, epsilon, bits):
    out = []
    for make in (lambda net: in_loop.QuantisedStore(net, ("W",), scale=scale, epsilon=epsilon),
                 lambda net: in_loop.RoundedStore(net, ("W",), bits=bits)):
        dense = Dense(3, 2, rng=np.random.default_rng(0))
        dense.tie("W", copy.deepcopy(W))
        store = make(dense)
        store.read()
        dense.params["W"] += 0.375
        store.write()
        out.append(store.state())
    return out


DEVICES = {
    "full_scale": (pcm.full_scale, dict(W=normal(3, 2), pairs=number(2))),
    "draw_stuck": (lambda **a: pcm.draw_stuck(**a, rng=rng_of()), dict(
        shape=number((2, 3)), p_set=number(0.25), p_reset=number(0.25))),
    "PCMDevices": (devices_run, dict(
        G_T=eighth_of_one(2, 3), stuck=lambda rng, dtype: rng.integers(-1, 2, (2, 3)),
        pulses=lambda rng, dtype: rng.integers(1, 4, (2, 3)), where=bits(2, 3, dtype=bool),
        t=number(2.0), noise=number(0.5))),
    "PCMArray": (array_run, dict(
        W=eighth_of_one(3, 2), dW=normal(3, 2), x=eighth_of_one(4, 3), t=number(2.0),
        scale=number(8.0), bits=number(8), noise=number(0.5), dac_bound=number(1.0))),
    "from_weights": (lambda **a: pcm.PCMArray.from_weights(noise=0.0, **a).state(), dict(
        W=normal(3, 2), t=number(2.0), pairs=number(2))),
    "UpdateRule": (lambda **a: [getattr(pcm.UpdateRule(**a), name) for name in a], dict(
        epsilon=number(0.75), seconds=number(1.0), refresh_every=number(100),
        refresh_above=number(8.0), refresh_below=number(6.0))),
    "DeviceReadout": (lambda G, x, bits: pcm.DeviceReadout(bits).product(x, G), dict(
        G=eighth_of_one(2, 1, 3, 2), x=eighth_of_one(4, 3), bits=number(7))),
    "ColumnReadout": (lambda G, x, noise, **a: pcm.ColumnReadout(**a).product(x, G, noise), dict(
        G=eighth_of_one(2, 1, 3, 2), x=eighth_of_one(4, 3), noise=number(0.0), dac_bits=number(7),
        adc_bits=number(7), dac_bound=number(0.875), adc_bound=number(12.0),
        output_noise=number(0.125), tile=number((2, 1)))),
    "Stores": (store_run, dict(W=eighth_of_one(3, 2), scale=number(8.0),
                               epsilon=number(0.75), bits=number(4))),
    "round_to_bits": (in_loop.round_to_bits, dict(W=no_ties, bits=number(4))),
}
