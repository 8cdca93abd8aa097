"""Training with weights that are stored outside the network: on devices, or in few bits.

A store keeps some weight matrices of a network in another form. In each training step

    store.read()     reads the stored weights and copies them into the network's arrays
                     ... forward pass, backward pass and optimiser run on these arrays ...
    store.write()    adds the change of these arrays, dW = after - before, to the stored weights

Neither the network nor the optimiser knows about the store. The gradient is computed for the
weights as read, and applied to the stored weights (straight-through estimator). Biases and decays
stay float numbers in software.

Sources: hardware in the loop, the paper (arXiv:1812.07040); the update scheme, Nandakumar et al.,
Front. Neurosci. 14, 406 (2020). QuantisedStore and RoundedStore are ours: they help to find the
cause of a worse result.
"""
import contextlib

import numpy as np

from .. import validation
from ..layer import Layer
from ..network import Network
from .array import PCMArray
from .checkpoint import COUNTERS
from .noise import RefreshNoise, UpdateNoise, check_noise, normal
from .readout import MAX_BITS, DeviceReadout, positive, quantise_signed
from .update import EPSILON, accumulate


class Store:
    """Base class: the stored matrices of a network, and their values at the last read.

    network : a Network or Layer. names : names of its matrices, such as ("0.W", "1.W"). A subclass
    defines `weights` and `add` for one matrix. Raises ValueError, TypeError.
    """
    kept = ("floats",)  # the attributes, dicts {name: array}, that `state()` returns

    def __init__(self, network, names):
        params = validation.instance("network", network, Network, Layer).params
        matrices = [name for name, p in params.items() if p.ndim == 2]
        if not isinstance(names, (tuple, list)):
            raise TypeError(f"names: expected a tuple of names, got {type(names).__name__}")
        if not names or not all(name in matrices for name in names):
            raise ValueError(f"names: expected some of the matrices {', '.join(matrices)}, "
                             f"got {names!r}")
        self.params = {name: params[name] for name in names}
        self.as_read = {}

    def read(self, training=True):
        """Read the stored weights and copy them into the network's arrays.

        training: False for an evaluation; a NoisyStore then reads its weights without noise.
        """
        for name, p in self.params.items():
            p[...] = self.weights(name, training)
            self.as_read[name] = p.copy()

    def write(self):
        """Add the change of the arrays since the last read to the store; an error changes nothing.

        Raises RuntimeError without a read, ValueError for NaN or too many pulses at one synapse.
        """
        if not self.as_read:
            raise RuntimeError("write: expected a call of read() before it, got none")
        added = {name: validation.array(name, p, None, p.dtype).astype(np.float64)
                 - self.as_read[name] for name, p in self.params.items()}
        with self._unchanged_on_error():
            for name, dW in added.items():
                self.add(name, dW)
        self.as_read = {}

    def state(self):
        """Everything that a run needs to continue, as a flat dict of copies."""
        return {f"{name}/{key}": getattr(self, key)[name].copy()
                for name in self.params for key in self.kept}

    def restore(self, state):
        """Restore a `state()`; on an error nothing changes. Raises ValueError, TypeError."""
        validation.mapping("state", state, self.state())
        with self._unchanged_on_error():
            self._restore(state)

    @contextlib.contextmanager
    def _unchanged_on_error(self):
        before = self.state()
        try:
            yield
        except (TypeError, ValueError):
            self._restore(before)
            raise

    def _restore(self, state):
        for name, p in self.params.items():
            for key in self.kept:
                getattr(self, key)[name] = validation.float64_array(
                    f"state['{name}/{key}']", state[f"{name}/{key}"], p.shape)


class PCMStore(Store):
    """Weights on pairs of phase-change devices, programmed in closed loop at time 0.

    noise : numpy.random.Generator for all device noise; 0.0 switches it off (see noise.py).
    ideal : those of SOURCES that are left out: "write" (programming, pulses and RESETs become
        exact), "read" (becomes exact), "drift" (there is none), "converters" (there are none).
    options : as for PCMArray (scale in uS per unit weight, pairs, readout, rule ...).
    Raises ValueError for initial weights beyond the range of the devices, 25 pairs / scale.
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
        """Set all drift exponents to 0 if the devices must not drift."""
        if not self.drifts:
            array.devices.nu[...] = 0.0

    @property
    def n_devices(self):
        """The number of devices."""
        return sum(int(np.prod(array.device_shape)) for array in self.arrays.values())

    @property
    def counters(self):
        """SET pulses, RESETs, device reads ... of all arrays together."""
        return {key: sum(array.counters[key] for array in self.arrays.values()) for key in COUNTERS}

    def weights(self, name, training=True):
        """One read of all devices of a matrix, at the array's clock."""
        return self.arrays[name].read_weights(self.arrays[name].now, noise=self.of_read)

    def add(self, name, dW):
        """PCMArray.update: chi and pulses; the clock moves by rule.seconds."""
        self.arrays[name].update(dW, noise=self.of_update)
        self._stop_drift(self.arrays[name])

    def state(self):
        """The states of all arrays."""
        return {f"{name}/{key}": a for name, array in self.arrays.items()
                for key, a in array.state().items()}

    def _restore(self, state):
        for name, array in self.arrays.items():
            array.restore({key: state[f"{name}/{key}"] for key in array.state()})


class QuantisedStore(Store):
    """Ideal devices: w changes by whole steps epsilon/scale, without noise, within +-limit/scale.

    scale in uS per unit weight; epsilon and limit in uS. The default limit of 20 is the highest
    conductance that SET pulses reach. chi keeps the remainder of the steps, as in PCMArray.
    Raises ValueError for initial weights beyond the limit.
    """
    kept = ("values", "chi")

    def __init__(self, network, names, *, scale=8.0, epsilon=EPSILON, limit=20.0):
        super().__init__(network, names)
        self.scale, self.epsilon = positive("scale", scale), positive("epsilon", epsilon)
        self.limit = positive("limit", limit)
        self.chi = {name: np.zeros(p.shape) for name, p in self.params.items()}  # uS
        most = self.limit / self.scale
        self.values = {  # uS
            name: self.scale * validation.float64_array(name, p, None, low=-most, high=most)
            for name, p in self.params.items()}

    def weights(self, name, training=True):
        """The stored values in units of weight."""
        return self.values[name] / self.scale

    def add(self, name, dW):
        """Add the whole steps of epsilon; the remainder stays in chi."""
        self.chi[name], n = accumulate(self.chi[name], dW * self.scale, self.epsilon)
        self.values[name] = np.clip(self.values[name] + n * self.epsilon, -self.limit, self.limit)


class RoundedStore(Store):
    """Weights of `bits` bits: 2^bits - 1 levels, symmetric about 0, up to the largest weight.

        step = 2 max|W| / (2^bits - 2),    W as read = step round(W / step)

    Every pass uses W as read. W itself is a float copy, which gets the updates.
    """

    def __init__(self, network, names, *, bits):
        super().__init__(network, names)
        self.bits = validation.integer("bits", bits, 2, MAX_BITS)
        self.floats = {name: p.astype(np.float64) for name, p in self.params.items()}

    def weights(self, name, training=True):
        """The float copy, rounded."""
        return round_to_bits(self.floats[name], self.bits)

    def add(self, name, dW):
        """Add the update to the float copy."""
        self.floats[name] = self.floats[name] + dW


class NoisyStore(Store):
    """Float weights that will be programmed on devices later: training reads them with noise.

        W as read = W + sigma max|W| N;    after an update W is clipped to +- clip sd(W)

    noise : numpy.random.Generator. sigma : standard deviation of the noise, relative to the largest
    weight of the matrix. clip : in standard deviations of the matrix, None for no clipping. Without
    clipping, a few large weights take up the range of the devices. An evaluation reads no noise.
    Source: Joshi et al., Nat. Commun. 11, 2473 (2020).
    """

    def __init__(self, network, names, *, noise, sigma=0.04, clip=2.5):
        super().__init__(network, names)
        self.noise = check_noise(noise, ())
        self.sigma = validation.number_in("sigma", sigma, 0, 1e100)
        self.clip = None if clip is None else positive("clip", clip)
        self.floats = {name: p.astype(np.float64) for name, p in self.params.items()}

    def weights(self, name, training=True):
        """The weights, with new noise in training."""
        W = self.floats[name]
        return W + self.sigma * np.abs(W).max() * normal(self.noise, W.shape) if training else W

    def add(self, name, dW):
        """Add the update, then clip the weights."""
        W = self.floats[name] + dW
        if self.clip is not None:
            W = np.clip(W, -self.clip * W.std(), self.clip * W.std())
        self.floats[name] = W


def round_to_bits(W, bits):
    """W on 2^bits - 1 levels, the outer ones at +-max|W|, one at 0; 2 <= bits <= 52."""
    validation.array("W", W, None, "floats")
    return quantise_signed(W, bits, np.abs(W).max(initial=0.0) or 1.0)
