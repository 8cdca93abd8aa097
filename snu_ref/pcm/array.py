"""A weight matrix stored in differential pairs of phase-change devices.

    W = drift_factor . sum over pairs of (G+ - G-) / scale,   drift_factor = 1 until compensate()

scale is in uS per unit weight: 8 by default for training, 25/max|W| for inference (full_scale).
Devices have shape (2, pairs, n_in, n_out), the plus devices first. If pairs > 1, one synapse has
several pairs: their differences add, and they get pulses in turn. Device physics is computed in
float64; a product has the dtype of x.

Time. Every read and every write has a time t. The clock is that of the devices: see device.py.

Noise. The constructor takes the default source of all random numbers (see noise.py); methods take
another as `noise`. White noise is drawn at every read. A product `x @ array` is one read: all
rows of x get the same noise (our choice). The N of 1/f noise is the same for all reads at one time:
a Generator draws N at the first read, an array or a number replaces N, and a write discards N.
"""
from collections import Counter

import numpy as np

from .. import validation
from . import model
from .checkpoint import COUNTERS, pack, unpack
from .device import PCMDevices, check_time
from .noise import ColumnNoise, UpdateNoise, check_noise, check_rounds, normal, split
from .readout import ColumnReadout, DeviceReadout, positive
from .refresh import check_refresh_noise, refresh_pairs
from .update import UpdateRule, accumulate, deal


def full_scale(W, pairs=1):
    """The scale at which a device of the largest weight has 25 uS:  25 pairs/max|W|, uS per unit.

    >>> full_scale(np.array([[0.5, -2.0]]))
    12.5
    """
    W = validation.float64_array("W", W, ("n_in", "n_out"))
    pairs = validation.positive_int("pairs", pairs)
    return model.G_MAX * pairs / positive("max|W|", float(np.abs(W).max(initial=0.0)))


class PCMArray:
    """An n_in x n_out matrix on phase-change devices, which are all RESET at time t.

    Parameters
        n_in, n_out   shape of the matrix
        noise         default source of random numbers: a Generator or a number (0.0: no noise)
        t             start of the clock, s
        scale         uS per unit weight
        pairs         differential pairs of a synapse
        stuck         None or integers (2, pairs, n_in, n_out), see device.draw_stuck
        read_noise    "white" or "1/f"
        readout       DeviceReadout or ColumnReadout
        rule          UpdateRule

    Raises ValueError, TypeError; methods with a time also TimeRunsBackwards. If a method raises an
    error, the array stays as it was.

    >>> plain = DeviceReadout(bits=None)
    >>> array = PCMArray.from_weights(np.array([[0.5, -1.0]]), noise=0.0, readout=plain)
    >>> (np.ones((1, 1)) @ array).round(12).tolist()     # without noise and converters
    [[0.5, -1.0]]
    >>> array.read_weights(86400.0).round(3).tolist()    # after a day: (86400/20)^-0.049 = 0.66
    [[0.332, -0.664]]
    """

    __array_ufunc__ = None  # let x @ array reach __rmatmul__ instead of NumPy's matmul

    def __init__(self, n_in, n_out, *, noise, t=0.0, scale=8.0, pairs=1, stuck=None,
                 read_noise="white", readout=DeviceReadout(), rule=UpdateRule()):
        self.shape = (validation.positive_int("n_in", n_in),
                      validation.positive_int("n_out", n_out))
        self.pairs = validation.positive_int("pairs", pairs)
        self.device_shape = (2, self.pairs, *self.shape)
        if isinstance(noise, np.ndarray):
            raise TypeError("noise: expected a Generator or a number, got an array; "
                            "pass arrays of draws to each call")
        self.noise = check_noise(noise, self.device_shape)
        self.scale = positive("scale", scale)
        self.read_noise = validation.one_of("read_noise", read_noise, ("white", "1/f"))
        self.readout = validation.instance("readout", readout, DeviceReadout, ColumnReadout)
        self.rule = validation.instance("rule", rule, UpdateRule)
        self.devices = PCMDevices(self.device_shape, t=t, noise=self.noise, stuck=stuck)
        self.chi = np.zeros(self.shape)                     # (n_in, n_out), uS
        self.turn = np.zeros(self.shape, dtype=np.int64)    # (n_in, n_out)
        self.counters = Counter(dict.fromkeys(COUNTERS, 0))
        self.drift_factor, self.reference = 1.0, None       # r(t_ref)/r(t) and r(t_ref)
        self.held = None                                    # (t, N) of the 1/f noise, or None

    @classmethod
    def from_weights(cls, W, *, noise, t=0.0, pairs=1, **options):
        """An array programmed with W at time t, its largest weight at 25 uS, for inference."""
        scale = full_scale(W, pairs)
        array = cls(*W.shape, noise=noise, t=t, pairs=pairs, scale=scale, **options)
        array.program(W, t)
        return array

    @property
    def now(self):
        """The clock, s."""
        return self.devices.now

    def wait(self, t):
        """Move the clock to time t (s)."""
        self.devices.wait(t)

    def program(self, W, t, *, scale=None, noise=None):
        """Write the weights W in closed loop, at time t; chi and the drift factor are reset.

        The plus device gets max(W scale, 0)/pairs, the minus device max(-W scale, 0)/pairs.

        Parameters: W (n_in, n_out) with |W| scale <= 25 pairs uS; t in s; scale in uS per unit
        weight, None to keep it; noise, arrays as ProgramNoise of (2, pairs, n_in, n_out).
        """
        scale = self.scale if scale is None else positive("scale", scale)
        limit = model.G_MAX * self.pairs / scale * (1 + 1e-12)
        W = validation.float64_array("W", W, self.shape, low=-limit, high=limit)
        d = np.clip(W * (scale / self.pairs), -model.G_MAX, model.G_MAX)
        pair = np.maximum([d, -d], 0.0)[:, None]
        target = np.broadcast_to(pair, self.device_shape)  # the same for every pair
        self.devices.program(target, t, noise=self.noise if noise is None else noise)
        self.scale = scale
        self.chi[...], self.turn[...] = 0.0, 0
        self.drift_factor = 1.0
        self.reference = self.held = None
        self.counters.update(programs=target.size)

    def update(self, dW, *, noise=None):
        """One training update at now + rule.seconds; a refresh after every rule.refresh_every.

        chi <- chi + scale dW;  n = trunc(chi/epsilon);  chi <- chi - n epsilon;  |n| blind pulses

        Parameters: dW (n_in, n_out), the change of the weights (minus the learning rate times the
        gradient); noise, arrays as UpdateNoise.
        Returns n (n_in, n_out), the signed pulse counts.
        Source: Nandakumar et al., Front. Neurosci. 14, 406 (2020).
        """
        dW = validation.float64_array("dW", dW, self.shape)
        with np.errstate(over="ignore"):  # accumulate raises the error: too many pulses
            step = dW * self.scale
        chi, n = accumulate(self.chi, step, self.rule.epsilon)
        noise = split(self.noise if noise is None else noise, UpdateNoise)
        counts, turn = deal(n, self.turn, self.pairs)
        of_pulses = check_rounds(noise.pulses, int(counts.max()), self.device_shape, "noise.pulses")
        every = self.rule.refresh_every
        refresh_due = every and (self.counters["updates"] + 1) % every == 0
        if refresh_due:
            check_refresh_noise(noise.refresh, self.device_shape, self.rule)

        t = self.now + self.rule.seconds
        self.devices.set_pulse(t, noise=of_pulses, pulses=counts, where=counts > 0)
        self.chi, self.turn = chi, turn
        self.held = None
        self.counters.update(set_pulses=int(counts.sum()), updates=1)
        if refresh_due:
            self.refresh(t, noise=noise.refresh)
        return n

    def refresh(self, t, *, noise=None):
        """At time t, refresh the pairs that need it; see refresh.py.

        Parameters: t in s; noise, arrays as RefreshNoise.
        Returns a boolean array (pairs, n_in, n_out), True for each pair that was refreshed.
        """
        noise = self.noise if noise is None else noise
        noise = check_refresh_noise(noise, self.device_shape, self.rule)
        due, counts = refresh_pairs(self.devices, check_time(t, self.now), self.rule, noise)
        self.held = None
        self.counters.update(counts)
        return due

    def conductance(self, t):
        """The true conductances at time t, without read noise, (2, pairs, n_in, n_out) in uS."""
        return self.devices.conductance(t)

    def _read(self, t, noise, name="noise"):
        """Conductances with read noise, (2, pairs, n_in, n_out); the read is not counted."""
        noise = check_noise(noise, self.device_shape, name)
        if self.read_noise == "white":
            return self.devices.read_white(t, noise=noise)
        t = check_time(t, self.now)
        held = self.held and self.held[0] == t and isinstance(noise, np.random.Generator)
        N = self.held[1] if held else normal(noise, self.device_shape)
        self.held = (t, N)
        return self.devices.read_1f(t, noise=N)

    def read_weights(self, t, *, noise=None):
        """The weights at time t from one read of every device, (n_in, n_out), float64.

        A DeviceReadout converts each reading. A ColumnReadout has no converter for single devices.

        Parameters: t in s; noise, an array (2, pairs, n_in, n_out).
        """
        G = self._read(t, self.noise if noise is None else noise)
        self.counters.update(device_reads=G.size)
        return self.readout.weights(G) * (self.drift_factor / self.scale)

    def product(self, x, t, *, noise=None):
        """x @ W, with the weights as the array has them at time t.

        Parameters: x (..., n_in), floats; t in s; noise, an array (2, pairs, n_in, n_out) with
        a DeviceReadout, arrays as ColumnNoise with a ColumnReadout.
        Returns (..., n_out) in the dtype of x.
        """
        return (self._product(x, t, noise) * self.drift_factor).astype(x.dtype)

    def __rmatmul__(self, x):
        """x @ array: product(x, array.now) with the array's own noise."""
        return self.product(x, self.now)

    def _product(self, x, t, noise):
        noise = self.noise if noise is None else noise
        v = validation.float64_array("x", x, (..., self.shape[0]))
        if isinstance(self.readout, ColumnReadout):
            devices, output = split(noise, ColumnNoise)
            output = check_noise(output, self.readout.noise_shape(v.shape, self.shape[1]),
                                 "noise.output")
            y = self.readout.product(v, self._read(t, devices, "noise.devices"), output)
        else:
            G = self._read(t, noise)
            y = self.readout.product(v, G)
            self.counters.update(device_reads=G.size)
        self.counters.update(matvecs=int(np.prod(v.shape[:-1])))
        return y / self.scale

    def _response(self, t, noise):
        """r(t) = mean |output| over the one-hot input rows."""
        before = self.state()
        r = float(np.abs(self._product(np.eye(self.shape[0]), t, noise)).mean())
        if r == 0.0:
            self.restore(before)
            raise ValueError("weights: expected an output other than 0, got 0 for every input")
        return r

    def calibrate(self, t, *, noise=None):
        """Measure r(t) as the reference of the drift compensation; the factor becomes 1.

        r(t) is the mean |output| over one-hot input rows; noise: as for product() of these rows.
        Raises ValueError if all outputs are 0.
        """
        self.reference = self._response(t, noise)
        self.drift_factor = 1.0

    def compensate(self, t, *, noise=None):
        """Set and return the digital factor r(t_ref)/r(t) that multiplies all later outputs.

        t_ref is the time of calibrate(). Parameters and errors as for calibrate(); also a
        ValueError if calibrate() was never called. Source: [J20] of model.py.
        """
        if self.reference is None:
            raise ValueError("reference: expected a call of calibrate() first, got none")
        self.drift_factor = self.reference / self._response(t, noise)
        return self.drift_factor

    state, restore = pack, unpack
