"""A second derivation of phase-change devices and arrays, one device and one number at a time.

It repeats the equations and their coefficients, in Python floats. Pulses, their drift and white
noise: [N18] Nandakumar et al., J. Appl. Phys. 124, 152135 (2018). Programming, its drift and 1/f
noise: [J20] Joshi et al., Nat. Commun. 11, 2473 (2020), and aihwkit's pcm.py.
"""
import math
from typing import Callable, NamedTuple

import numpy as np

from .reference_training import stack


def _clamp(value, low, high):
    return min(max(value, low), high)


class Device:
    """One device: conductance G0 (uS), pulse memory P, drift exponent nu, times t0, written (s)."""

    def __init__(self, N=0.0):
        self.reset(0.0, N)

    def reset(self, t, N):
        """RESET."""
        self.G0, self.P = max(0.1 + 0.01 * N, 0.0), 1.0
        self.nu, self.t0, self.written = 0.04, 38.6, t

    def program(self, target, t, N, N_drift):
        """Closed-loop programming [J20]."""
        r = target / 25.0
        log_r = math.log(max(r, 1e-7))
        self.G0 = max(target + (0.26348 + 1.9650 * r - 1.1731 * r * r) * N, 0.0)
        mu = _clamp(-0.0155 * log_r + 0.0244, 0.049, 0.1)
        self.nu = abs(mu + _clamp(-0.0125 * log_r - 0.0059, 0.008, 0.045) * N_drift)
        self.P, self.t0, self.written = 0.0 if target > 0.0 else 1.0, 20.0, t

    def pulse(self, t, N):
        """One SET pulse [N18]."""
        self.P *= math.exp(-1.0 / 2.6)
        mean = -0.084 * self.G0 + 0.880 + 1.40 * self.P
        spread = 0.091 * self.G0 + 0.260 + 2.15 * self.P
        self.G0 = _clamp(self.G0 + mean + spread * N, 0.1, 20.0)
        self.nu, self.t0, self.written = 0.04, 38.6, t

    def age(self, t):
        """Seconds since the write, at least t0."""
        return max(t - self.written, self.t0)

    def G(self, t):
        """The drifted conductance at time t."""
        return self.G0 * (self.age(t) / self.t0) ** -self.nu

    def white(self, t, N):
        """A read with white noise [N18]."""
        return self.G(t) + (0.03 * self.G(t) + 0.13) * N

    def flicker(self, t, N):
        """A read with 1/f noise [J20]."""
        Q = min(0.0088 / max(self.G0 / 25.0, 1e-7) ** 0.65, 0.2)
        spread = Q * math.sqrt(math.log((self.age(t) + 250e-9) / 500e-9))
        return max(self.G(t) * (1.0 + spread * N), 0.0)


def _quantise(value, bits, bound):
    """Signed converter: 2^bits - 1 levels from -bound to bound, ties to even."""
    step = 2.0 * bound / (2 ** bits - 2)
    top = 2 ** (bits - 1) - 1
    return _clamp(round(value / step), -top, top) * step


def _digitise(value, bits):
    """Unsigned converter of a device read: 2^bits levels from 0 to 25 uS."""
    step = 25.0 / (2 ** bits - 1)
    return _clamp(round(value / step), 0, 2 ** bits - 1) * step


class Parts(NamedTuple):
    """The functions that an array uses; the table of mistakes replaces one of them."""
    device: Callable = Device
    digitise: Callable = _digitise                    # (value in uS, bits)
    quantise: Callable = _quantise                    # (value, bits, bound)
    whole: Callable = math.trunc                      # chi/epsilon -> pulses
    remainder: Callable = lambda chi, n: chi - n * 0.77
    side: Callable = lambda n: 0 if n > 0 else 1      # the device that gets the pulses
    next_pair: Callable = lambda pair, pairs: (pair + 1) % pairs
    worn: Callable = lambda read, d: max(read) > 8.0 and abs(d) < 6.0   # needs a refresh
    target: Callable = lambda d, other: abs(d) + other


RIGHT = Parts()


def scalar_devices(config, inputs, parts=RIGHT):
    """The outputs of a case of single devices."""
    n, t = inputs["noise.white"].shape[1], config["t_write"]
    devices = [parts.device(inputs["noise.reset"][i] if "noise.reset" in inputs else 0.0)
               for i in range(n)]
    outputs = {}
    if "G_T" in inputs:
        for device, target, N, N_drift in zip(devices, *(inputs[name].tolist() for name in (
                "G_T", "noise.conductance", "noise.drift"))):
            device.program(target, t, N, N_drift)
        outputs = {"G0": _each(devices, lambda d: d.G0), "nu": _each(devices, lambda d: d.nu)}
    if config["write"] == "pulses":
        pulsed = []
        for k, row in enumerate(inputs["noise.pulses"].tolist()):
            for device, N in zip(devices, row):
                device.pulse(config["t_pulses"][k] if "t_pulses" in config else t, N)
            pulsed.append({"P": _each(devices, lambda d: d.P),
                           "G0": _each(devices, lambda d: d.G0)})
        outputs.update(stack(pulsed))
    times = inputs["t"].tolist()
    outputs["G"] = np.array([[d.G(t) for d in devices] for t in times])
    for name in ("white", "flicker"):
        outputs[name] = np.array([[getattr(d, name)(t, N) for d, N in zip(devices, row)]
                                  for t, row in zip(times, inputs[f"noise.{name}"].tolist())])
    return outputs


def scalar_array(config, inputs, parts=RIGHT):
    """The outputs of a case of a weight matrix."""
    if config["write"] == "update":
        return _updates(config, inputs, parts)
    W, pairs, t = inputs["W"], config["pairs"], config["t_read"]
    n_in, n_out = W.shape
    scale = 25.0 * pairs / max(abs(float(w)) for w in W.flat)
    devices = np.reshape([parts.device() for _ in range(2 * pairs * W.size)], (2, pairs, *W.shape))
    for at in np.ndindex(devices.shape):
        share = float(W[at[2:]]) * scale / pairs
        devices[at].program(max(share if at[0] == 0 else -share, 0.0), 0.0,
                            float(inputs["noise.conductance"][at]),
                            float(inputs["noise.drift"][at]))
    by_device = config["readout"] == "device"
    D = _read(devices, t, inputs, lambda read:
              parts.digitise(read, config["bits"]) if by_device else read)
    x = inputs["x"]
    y = np.zeros((len(x), n_out))
    for b, j in np.ndindex(y.shape):
        if by_device:
            y[b, j] = sum(float(x[b, i]) * D[i, j] for i in range(n_in)) / scale
        else:
            y[b, j] = _column(config, inputs, parts, x[b], D[:, j], b, j) / scale
    return {"scale": np.array(scale), "G": _each(devices, lambda d: d.G(t)), "weights": D / scale,
            "y": y}


def _each(devices, number):
    """The array of one number for each device."""
    return np.vectorize(number, otypes=[float])(devices)


def _read(devices, t, inputs, converted):
    """The differences D of all pairs, (n_in, n_out), in uS, read with white noise."""
    D = np.zeros(devices.shape[2:])
    for at in np.ndindex(devices.shape):
        read = converted(devices[at].white(t, float(inputs["noise.read"][at])))
        D[at[2:]] += read if at[0] == 0 else -read
    return D


def _column(config, inputs, parts, x, D, b, j):
    """One output of an array, in uS: the sum of a column over all row tiles."""
    bits, dac, adc = config["bits"], config["dac_bound"], config["adc_bound"]
    rows = config["tile"][0]
    total = 0.0
    for tile, start in enumerate(range(0, len(x), rows)):
        current = sum(parts.quantise(float(x[i]), bits, dac) / dac * D[i]
                      for i in range(start, min(start + rows, len(x)))) / 25.0
        current += config["output_noise"] * adc * float(inputs["noise.output"][tile, b, j])
        total += parts.quantise(current, bits, adc)
    return total * 25.0 * dac


def _updates(config, inputs, parts):
    dW, pairs, scale = inputs["dW"], config["pairs"], config["scale"]
    every = config["refresh_every"]
    K, n_in, n_out = dW.shape
    devices = np.reshape([parts.device() for _ in range(2 * pairs * n_in * n_out)],
                         (2, pairs, n_in, n_out))
    chi, turn, steps = np.zeros((n_in, n_out)), np.zeros((n_in, n_out), int), []
    for k in range(K):
        t, n = k + 1.0, np.zeros((n_in, n_out))
        for i, j in np.ndindex(n_in, n_out):
            chi[i, j] += float(dW[k, i, j]) * scale
            n[i, j] = parts.whole(chi[i, j] / 0.77)
            chi[i, j] = parts.remainder(chi[i, j], n[i, j])
            dealt = [0] * pairs
            for _ in range(int(abs(n[i, j]))):  # the pairs get the pulses in turn
                pair = int(turn[i, j])
                at = (parts.side(n[i, j]), pair, i, j)
                devices[at].pulse(t, float(inputs["noise.pulses"][(k, dealt[pair]) + at]))
                dealt[pair] += 1
                turn[i, j] = parts.next_pair(pair, pairs)
        if every and (k + 1) % every == 0:
            for pair, i, j in np.ndindex(pairs, n_in, n_out):
                _refresh([devices[side, pair, i, j] for side in (0, 1)], t,
                         lambda name, side:
                         float(inputs[f"noise.refresh.{name}"][side, pair, i, j]), parts)
        steps.append({"n": n, "chi": chi.copy(), "P": _each(devices, lambda d: d.P),
                      "G0": _each(devices, lambda d: d.G0)})
    D = _read(devices, config["t_read"], inputs, lambda read: parts.digitise(read, 8))
    return {**stack(steps), "weights": D / scale}


def _refresh(pair, t, noise, parts):
    """If a device reads above 8 uS and |d| < 6 uS: RESET both and program their difference d."""
    read = [pair[side].white(t, noise("read", side)) for side in (0, 1)]
    d = read[0] - read[1]
    if not parts.worn(read, d):
        return
    for side in (0, 1):
        pair[side].reset(t, noise("reset", side))
    if d:
        side = 0 if d > 0 else 1
        target = min(parts.target(d, pair[1 - side].G(t)), 25.0)
        pair[side].program(target, t, noise("conductance", side), noise("drift", side))
