"""Training with weights that live elsewhere than in the network: on devices, or in few bits.

A store holds some weight matrices of a network in a form of its own. Around each step of training

    store.read()     the network's arrays become the weights as the store gives them
                     ... forward pass, backward pass and optimiser run on these arrays ...
    store.write()    what the optimiser added to them, dW = after - before, is handed to the store

so neither the network nor the optimiser knows of it: the gradient is that at the weights as read,
taken straight through to what is stored (straight-through estimator). Biases and decays stay where
they are, in software.

    PCMStore         differential pairs of phase-change devices: noise at every read, blind pulses
    QuantisedStore   the same accumulator chi and nominal step, on ideal devices: no noise, no
                     drift, every pulse the same; clipped to the range of the weights
    RoundedStore     weights of b bits: rounded for every pass, while a float copy takes the updates

Sources: hardware in the loop, arXiv:1812.07040; the update scheme, Nandakumar et al., Front.
Neurosci. 14, 406 (2020). QuantisedStore and RoundedStore are ours, to tell the causes of a loss
apart.
"""
import math

import numpy as np

from .. import validation
from .array import PCMArray
from .checks import check_bits
from .update import EPSILON, accumulate


class Store:
    """Base: which arrays of a network are stored, and what they were when last read."""

    def __init__(self, network, names):
        params = network.params
        missing = [name for name in names if name not in params]
        if missing or not names:
            raise ValueError(f"names: expected names of parameters, of {', '.join(params)}, got "
                             f"{names!r}")
        for name in names:
            if params[name].ndim != 2:
                raise ValueError(f"names: expected matrices, but {name!r} has shape "
                                 f"{params[name].shape}")
        self.params = {name: params[name] for name in names}
        self.as_read = {}

    def read(self):
        """Put the weights as the store gives them now into the network's arrays."""
        for name, p in self.params.items():
            p[...] = self.weights(name)
            self.as_read[name] = p.copy()

    def write(self):
        """Hand over what was added to the arrays since the last read; RuntimeError without one."""
        if not self.as_read:
            raise RuntimeError("write: expected a read before it, to know what was added since")
        for name, p in self.params.items():
            self.add(name, p.astype(np.float64) - self.as_read[name])
        self.as_read = {}

    def state(self):
        """Everything that a run must restore, as a flat dict of arrays."""
        return {f"{name}/{key}": a for name in self.params
                for key, a in self.part_state(name).items()}

    def restore(self, state):
        """Take over a `state()`."""
        for name in self.params:
            self.restore_part(name, {key[len(name) + 1:]: a for key, a in state.items()
                                     if key.startswith(name + "/")})


class PCMStore(Store):
    """Weights on phase-change devices, programmed in closed loop at time 0 with the network's own.

    network, names : the Network and the names of its matrices to store, such as ("0.W", "1.W").
    noise : numpy.random.Generator for all device noise (a number switches it off, see noise.py).
    options : as for PCMArray (scale in uS per unit weight, pairs, readout, rule ...).
    Start weights beyond the range of the devices, 25 pairs / scale, are a ValueError.
    """

    def __init__(self, network, names, *, noise, **options):
        super().__init__(network, names)
        self.arrays = {name: PCMArray(*p.shape, noise=noise, **options)
                       for name, p in self.params.items()}
        for name, array in self.arrays.items():
            array.program(self.params[name].astype(np.float64), array.now)

    @property
    def n_devices(self):
        """How many devices there are."""
        return sum(int(np.prod(array.device_shape)) for array in self.arrays.values())

    @property
    def counters(self):
        """SET pulses, RESETs, device reads ... of all arrays together."""
        counters = [array.counters for array in self.arrays.values()]
        return {key: sum(c[key] for c in counters) for key in counters[0]}

    def weights(self, name):
        """One read of all devices of a matrix, at the array's clock."""
        return self.arrays[name].read_weights(self.arrays[name].now)

    def add(self, name, dW):
        """Through chi and pulses; a second of device time passes."""
        self.arrays[name].update(dW)

    def part_state(self, name):
        """The array's own state."""
        return self.arrays[name].state()

    def restore_part(self, name, state):
        """The array's own restore."""
        self.arrays[name].restore(state)


class QuantisedStore(Store):
    """Ideal devices: w changes by whole steps epsilon/scale, without noise, within +-limit/scale.

    scale in uS per unit weight, epsilon and limit in uS; limit 20, where the pulses of a real
    device end. chi keeps the rest, as in PCMArray.
    """

    def __init__(self, network, names, *, scale=8.0, epsilon=EPSILON, limit=20.0):
        super().__init__(network, names)
        self.scale, self.epsilon, self.limit = (
            validation.number_in(name, value, 0, math.inf, low_open=True, high_open=True)
            for name, value in (("scale", scale), ("epsilon", epsilon), ("limit", limit)))
        # both in uS
        self.values = {name: p.astype(np.float64) * self.scale for name, p in self.params.items()}
        self.chi = {name: np.zeros(p.shape) for name, p in self.params.items()}
        for name, value in self.values.items():
            largest = np.abs(value).max(initial=0.0)
            if not largest <= self.limit:
                raise ValueError(f"{name}: expected start weights within "
                                 f"+-{self.limit / self.scale:g}, got {largest / self.scale:g}")

    def weights(self, name):
        """The stored values in units of weight."""
        return self.values[name] / self.scale

    def add(self, name, dW):
        """Whole steps are applied, the rest stays in chi."""
        self.chi[name], n = accumulate(self.chi[name], dW * self.scale, self.epsilon)
        self.values[name] = np.clip(self.values[name] + n * self.epsilon, -self.limit, self.limit)

    def part_state(self, name):
        """Values and chi."""
        return {"values": self.values[name], "chi": self.chi[name]}

    def restore_part(self, name, state):
        """Values and chi, as copies."""
        self.values[name], self.chi[name] = state["values"].copy(), state["chi"].copy()


class RoundedStore(Store):
    """Weights of `bits` bits: 2^bits - 1 levels, even on both sides of 0, up to the largest weight.

        step = 2 max|W| / (2^bits - 2),    W as read = step round(W / step)

    The float copy W takes the updates; max|W| is that of the copy at the time of reading.
    """

    def __init__(self, network, names, *, bits):
        super().__init__(network, names)
        self.bits = _bits(bits)
        self.floats = {name: p.astype(np.float64) for name, p in self.params.items()}

    def weights(self, name):
        """The float copy, rounded."""
        return round_to_bits(self.floats[name], self.bits)

    def add(self, name, dW):
        """The float copy takes the whole update."""
        self.floats[name] = self.floats[name] + dW

    def part_state(self, name):
        """The float copy."""
        return {"floats": self.floats[name]}

    def restore_part(self, name, state):
        """The float copy, copied."""
        self.floats[name] = state["floats"].copy()


def round_to_bits(W, bits):
    """W on 2^bits - 1 levels, the outer ones at +-max|W|, one at 0; 2 <= bits <= 52."""
    bits = _bits(bits)
    largest = np.abs(W).max(initial=0.0)
    if largest == 0:
        return W.copy()
    step = 2 * largest / (2 ** bits - 2)
    return step * np.rint(W / step)


def _bits(bits):
    """At least 2, for levels on both sides of 0."""
    return check_bits("bits", bits, low=2)
