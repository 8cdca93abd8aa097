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
    NoisyStore       float weights with noise added for every pass of training: robust to be
                     programmed on devices afterwards

Sources: hardware in the loop, the paper (arXiv:1812.07040); the update scheme, Nandakumar et al.,
Front. Neurosci. 14, 406 (2020). QuantisedStore and RoundedStore are ours, to tell the causes of a
loss apart.
"""

import numpy as np

from .. import validation
from ..layer import Layer
from ..network import Network
from .array import PCMArray
from .converters import check_bits, positive
from .noise import RefreshNoise, UpdateNoise, check_noise, normal
from .readout import DeviceReadout
from .update import EPSILON, accumulate


class Store:
    """Base: which arrays of a network are stored, and what they were when last read."""

    def __init__(self, network, names):
        params = validation.instance("network", network, Network, Layer).params
        matrices = [name for name, p in params.items() if p.ndim == 2]
        if not isinstance(names, (tuple, list)):
            raise TypeError(f"names: expected a tuple of names, got {type(names).__name__}")
        if not names or not all(name in matrices for name in names):
            raise ValueError(f"names: expected names of matrices, of {', '.join(matrices)}, "
                             f"got {names!r}")
        self.params = {name: params[name] for name in names}
        self.as_read = {}

    def read(self, training=True):
        """Put the weights as the store gives them now into the network's arrays.

        training: False for the weights that an evaluation is to see, where these differ.
        """
        for name, p in self.params.items():
            p[...] = self.weights(name) if training else self.at_rest(name)
            self.as_read[name] = p.copy()

    def at_rest(self, name):
        """The weights outside training: the same, unless a store says otherwise."""
        return self.weights(name)

    def write(self):
        """Hand over what was added to the arrays since the last read; RuntimeError without one."""
        if not self.as_read:
            raise RuntimeError("write: expected a read before it, to know what was added since")
        added = {}
        for name, p in self.params.items():
            validation.array(name, p, None, p.dtype)
            added[name] = p.astype(np.float64) - self.as_read[name]
            self.check(name, added[name])
        for name, dW in added.items():
            self.add(name, dW)
        self.as_read = {}

    def check(self, name, dW):
        """ValueError where `add` would refuse, before any matrix takes its update."""

    def state(self):
        """Everything that a run must restore, as a flat dict of arrays."""
        return {f"{name}/{key}": a for name in self.params
                for key, a in self.part_state(name).items()}

    def restore(self, state):
        """Take over a `state()`; on an error nothing changes."""
        before = self.state()
        validation.mapping("state", state, before)
        try:
            self._restore(state)
        except (TypeError, ValueError):
            self._restore(before)
            raise

    def _restore(self, state):
        for name in self.params:
            self.restore_part(name, {key[len(name) + 1:]: a for key, a in state.items()
                                     if key.startswith(name + "/")})


class PCMStore(Store):
    """Weights on phase-change devices, programmed in closed loop at time 0 with the network's own.

    network, names : the Network and the names of its matrices to store, such as ("0.W", "1.W").
    noise : numpy.random.Generator for all device noise (a number switches it off, see noise.py).
    ideal : names of SOURCES, what the devices do perfectly: "write" (programming, pulses and RESETs
        are exact), "read", "drift" (none), "converters" (none).
    options : as for PCMArray (scale in uS per unit weight, pairs, readout, rule ...).
    Start weights beyond the range of the devices, 25 pairs / scale, are a ValueError.
    """
    SOURCES = ("write", "read", "drift", "converters")

    def __init__(self, network, names, *, noise, ideal=(), **options):
        super().__init__(network, names)
        for source in ideal:
            validation.one_of("ideal", source, self.SOURCES)
        if "converters" in ideal:
            options["readout"] = DeviceReadout(bits=None)
        self.drifts = "drift" not in ideal
        read, write = (0.0 if source in ideal else noise for source in ("read", "write"))
        self.of_read = read
        self.of_update = UpdateNoise(write, RefreshNoise(read, write, write))
        self.arrays = {name: PCMArray(*p.shape, noise=noise, **options)
                       for name, p in self.params.items()}
        for name, array in self.arrays.items():
            array.program(self.params[name].astype(np.float64), array.now, noise=write)
            self._stop_drift(array)

    def _stop_drift(self, array):
        """A drift exponent of 0 for what was written, if the devices are to be without drift."""
        if not self.drifts:
            array.devices.nu[...] = 0.0

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
        return self.arrays[name].read_weights(self.arrays[name].now, noise=self.of_read)

    def check(self, name, dW):
        """Whether the pulses that it takes are too many."""
        self.arrays[name].accumulated(dW)

    def add(self, name, dW):
        """Through chi and pulses; a second of device time passes."""
        self.arrays[name].update(dW, noise=self.of_update)
        self._stop_drift(self.arrays[name])

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
        self.scale, self.epsilon = positive("scale", scale), positive("epsilon", epsilon)
        self.limit = positive("limit", limit)
        self.values = {}                                                                       # uS
        self.chi = {name: np.zeros(p.shape) for name, p in self.params.items()}                # uS
        most = self.limit / self.scale
        for name, p in self.params.items():
            weights = validation.float64_array(name, p, None, low=-most, high=most)
            self.values[name] = weights * self.scale

    def weights(self, name):
        """The stored values in units of weight."""
        return self.values[name] / self.scale

    def check(self, name, dW):
        """Whether the pulses that it takes are too many."""
        accumulate(self.chi[name], dW * self.scale, self.epsilon)

    def add(self, name, dW):
        """Whole steps are applied, the rest stays in chi."""
        self.chi[name], n = accumulate(self.chi[name], dW * self.scale, self.epsilon)
        self.values[name] = np.clip(self.values[name] + n * self.epsilon, -self.limit, self.limit)

    def part_state(self, name):
        """Values and chi, as copies."""
        return {"values": self.values[name].copy(), "chi": self.chi[name].copy()}

    def restore_part(self, name, state):
        """Values and chi, as copies."""
        self.values[name], self.chi[name] = (
            validation.float64_array(f"state['{name}/{key}']", state[key], self.chi[name].shape)
            for key in ("values", "chi"))


class RoundedStore(Store):
    """Weights of `bits` bits: 2^bits - 1 levels, even on both sides of 0, up to the largest weight.

        step = 2 max|W| / (2^bits - 2),    W as read = step round(W / step)

    The float copy W takes the updates; max|W| is that of the copy at the time of reading.
    """

    def __init__(self, network, names, *, bits):
        super().__init__(network, names)
        self.bits = check_bits("bits", bits, 2)
        self.floats = {name: p.astype(np.float64) for name, p in self.params.items()}

    def weights(self, name):
        """The float copy, rounded."""
        return round_to_bits(self.floats[name], self.bits)

    def add(self, name, dW):
        """The float copy takes the whole update."""
        self.floats[name] = self.floats[name] + dW

    def part_state(self, name):
        """The float copy."""
        return {"floats": self.floats[name].copy()}

    def restore_part(self, name, state):
        """The float copy, copied."""
        self.floats[name] = validation.float64_array(
            f"state['{name}/floats']", state["floats"], self.floats[name].shape)


class NoisyStore(Store):
    """Float weights W that every pass of training sees with noise, and an evaluation without it.

        W as read = W + sigma max|W| N;    after an update W is clipped to +- clip sd(W)

    noise : numpy.random.Generator. sigma : of the noise, relative to the largest weight of the
    matrix. clip : in standard deviations of the matrix, None for none; without it single large
    weights take up the range of the devices. Source: Joshi et al., Nat. Commun. 11, 2473 (2020).
    """

    def __init__(self, network, names, *, noise, sigma=0.04, clip=2.5):
        super().__init__(network, names)
        self.noise = check_noise(noise, ())
        self.sigma = validation.number_in("sigma", sigma, 0, 1e100)
        self.clip = None if clip is None else positive("clip", clip)
        self.floats = {name: p.astype(np.float64) for name, p in self.params.items()}

    def weights(self, name):
        """The weights with new noise."""
        W = self.floats[name]
        return W + self.sigma * np.abs(W).max() * normal(self.noise, W.shape)

    def at_rest(self, name):
        """The weights themselves."""
        return self.floats[name]

    def add(self, name, dW):
        """The whole update, then the clipping."""
        W = self.floats[name] + dW
        if self.clip is not None:
            W = np.clip(W, -self.clip * W.std(), self.clip * W.std())
        self.floats[name] = W

    def part_state(self, name):
        """The weights."""
        return {"floats": self.floats[name]}

    def restore_part(self, name, state):
        """The weights, copied."""
        self.floats[name] = validation.float64_array(
            f"state['{name}/floats']", state["floats"], self.floats[name].shape)


def round_to_bits(W, bits):
    """W on 2^bits - 1 levels, the outer ones at +-max|W|, one at 0; 2 <= bits <= 52."""
    bits = check_bits("bits", bits, 2)
    validation.array("W", W, None, "floats")
    largest = np.abs(W).max(initial=0.0)
    if largest == 0:
        return W.copy()
    step = 2 * largest / (2 ** bits - 2)
    return step * np.rint(W / step)
