"""A second derivation of phase-change devices and arrays, one device and one number at a time.

The lines of text (see `scalar`) are computed with Python floats. Pulses, their drift and white
noise: [N18] Nandakumar et al., J. Appl. Phys. 124, 152135 (2018). Programming, its drift and 1/f
noise: [J20] Joshi et al., Nat. Commun. 11, 2473 (2020), and aihwkit's pcm.py.
"""
import math

import numpy as np

from ..program.lines import Lines
from .reference_training import stack

MATH = {**vars(math), "abs": abs, "min": min, "max": max, "round": round,
        "clamp": lambda value, low, high: min(max(value, low), high)}


class Device:
    """One device: G0 (uS), pulse memory P, drift exponent nu, t0 (s), time of last write (s)."""

    def __init__(self, lines, N=0.0):
        self.lines = lines
        self.reset(0.0, N)

    def reset(self, t, N):
        """RESET the device."""
        self.G0, self.P = max(0.1 + 0.01 * N, 0.0), 1.0
        self.nu, self.t0, self.written = 0.04, 38.6, t

    def program(self, target, t, N, N_drift):
        """Closed-loop programming [J20]."""
        new = self.lines.all("program", target=target, N=N, N_drift=N_drift)
        self.G0, self.nu, self.P = new["G_program"], new["nu"], 0.0 if target > 0.0 else 1.0
        self.t0, self.written = 20.0, t

    def pulse(self, t, N):
        """One SET pulse [N18]."""
        new = self.lines.all("pulse", **vars(self), t=t, N=N)
        self.P, self.G0, self.nu = new["P"], new["G_pulse"], 0.04
        self.t0, self.written = new["pulse_t0"], new["pulse_time"]

    def read(self, kind, t, N=0.0):
        """The conductance at time t: "drifted", or with "white" [N18] or "flicker" (1/f) noise."""
        names = {**vars(self), "t": t, "N": N}
        names["age"] = self.lines.line("age", **names)
        names["G"] = self.lines.line("drifted", **names)
        return names["G"] if kind == "drifted" else self.lines.all(kind, **names)[kind]


def scalar_devices(config, inputs, edits=None):
    """The outputs of a case of single devices."""
    n, t = inputs["noise.white"].shape[1], config["t_write"]
    lines = Lines(config, edits, MATH)
    devices = [Device(lines, N) for N in inputs.get("noise.reset", [0.0] * n)]
    outputs = {}
    if "G_T" in inputs:
        for device, target, N, N_drift in zip(devices, *(inputs[name].tolist() for name in (
                "G_T", "noise.conductance", "noise.drift"))):
            device.program(target, t, N, N_drift)
        outputs = _fields(devices, "G0", "nu")
    if config["write"] == "pulses":
        pulsed = []
        for k, row in enumerate(inputs["noise.pulses"].tolist()):
            for device, N in zip(devices, row):
                device.pulse(config["t_pulses"][k] if "t_pulses" in config else t, N)
            pulsed.append(_fields(devices, "P", "G0"))
        outputs.update(stack(pulsed))
    times = inputs["t"].tolist()
    outputs["G"] = np.array([[d.read("drifted", t) for d in devices] for t in times])
    for kind in ("white", "flicker"):
        outputs[kind] = np.array([[d.read(kind, t, N) for d, N in zip(devices, row)]
                                  for t, row in zip(times, inputs[f"noise.{kind}"].tolist())])
    return outputs


def scalar_array(config, inputs, edits=None):
    """The outputs of a case of a weight matrix."""
    lines = Lines(config, edits, MATH)
    if config["write"] == "update":
        return _updates(config, inputs, lines)
    W, pairs, t = inputs["W"], config["pairs"], config["t_read"]
    n_in, n_out = W.shape
    scale = 25.0 * pairs / max(abs(float(w)) for w in W.flat)
    devices = np.reshape([Device(lines) for _ in range(2 * pairs * W.size)], (2, pairs, *W.shape))
    for at in np.ndindex(devices.shape):
        share = float(W[at[2:]]) * scale / pairs
        devices[at].program(max(share if at[0] == 0 else -share, 0.0), 0.0,
                            float(inputs["noise.conductance"][at]),
                            float(inputs["noise.drift"][at]))
    by_device = config["readout"] == "device"
    D = _read(devices, t, inputs, lines, config["bits"] if by_device else None)
    x = inputs["x"]
    y = np.zeros((len(x), n_out))
    for b, j in np.ndindex(y.shape):
        if by_device:
            y[b, j] = sum(float(x[b, i]) * D[i, j] for i in range(n_in)) / scale
        else:
            y[b, j] = _column(config, inputs, lines, x[b], D[:, j], b, j) / scale
    G = np.vectorize(lambda d: d.read("drifted", t), otypes=[float])(devices)
    return {"scale": np.array(scale), "G": G, "weights": D / scale, "y": y}


def _fields(devices, *names):
    """{name: array of this number of each device}."""
    return {name: np.vectorize(lambda d: vars(d)[name], otypes=[float])(devices) for name in names}


def _read(devices, t, inputs, lines, bits):
    """The differences D of all pairs, (n_in, n_out), in uS, read with white noise.

    bits: those of the converter of each read, or None.
    """
    D = np.zeros(devices.shape[2:])
    for at in np.ndindex(devices.shape):
        read = devices[at].read("white", t, float(inputs["noise.read"][at]))
        if bits:
            read = lines.all("digitise", value=read, bits=bits)["digitised"]
        D[at[2:]] += read if at[0] == 0 else -read
    return D


def _column(config, inputs, lines, x, D, b, j):
    """One output of an array, in uS: the sum of a column over all row tiles."""
    dac, adc, rows = config["dac_bound"], config["adc_bound"], config["tile"][0]
    total = 0.0

    def converted(value, bound):
        return lines.all("quantise", value=value, bound=bound, bits=config["bits"])["quantised"]
    for tile, start in enumerate(range(0, len(x), rows)):
        current = sum(converted(float(x[i]), dac) / dac * D[i]
                      for i in range(start, min(start + rows, len(x)))) / 25.0
        current += config["output_noise"] * adc * float(inputs["noise.output"][tile, b, j])
        total += converted(current, adc)
    return total * 25.0 * dac


def _updates(config, inputs, lines):
    dW, pairs, scale = inputs["dW"], config["pairs"], config["scale"]
    every = config["refresh_every"]
    K, n_in, n_out = dW.shape
    devices = np.reshape([Device(lines) for _ in range(2 * pairs * n_in * n_out)],
                         (2, pairs, n_in, n_out))
    chi, turn, steps = np.zeros((n_in, n_out)), np.zeros((n_in, n_out), int), []
    for k in range(K):
        t, n = k + 1.0, np.zeros((n_in, n_out))
        for i, j in np.ndindex(n_in, n_out):
            chi[i, j] += float(dW[k, i, j]) * scale
            n[i, j] = lines.line("whole", x=chi[i, j] / 0.77)
            chi[i, j] = lines.line("remainder", chi=chi[i, j], n=n[i, j])
            dealt = [0] * pairs
            for _ in range(int(abs(n[i, j]))):  # the pairs get the pulses in turn
                pair = int(turn[i, j])
                at = (lines.line("side", n=n[i, j]), pair, i, j)
                devices[at].pulse(t, float(inputs["noise.pulses"][(k, dealt[pair]) + at]))
                dealt[pair] += 1
                turn[i, j] = lines.line("next_pair", pair=pair, pairs=pairs)
        if every and (k + 1) % every == 0:
            for pair, i, j in np.ndindex(pairs, n_in, n_out):
                _refresh([devices[side, pair, i, j] for side in (0, 1)], t,
                         lambda name, side:
                         float(inputs[f"noise.refresh.{name}"][side, pair, i, j]), lines)
        steps.append({"n": n, "chi": chi.copy(), **_fields(devices, "P", "G0")})
    D = _read(devices, config["t_read"], inputs, lines, 8)
    return {**stack(steps), "weights": D / scale}


def _refresh(pair, t, noise, lines):
    """If a device reads above 8 uS and |d| < 6 uS: RESET both and program their difference d."""
    read = [pair[side].read("white", t, noise("read", side)) for side in (0, 1)]
    d = read[0] - read[1]
    if not lines.line("worn", read=read, d=d):
        return
    for side in (0, 1):
        pair[side].reset(t, noise("reset", side))
    if d:
        side = 0 if d > 0 else 1
        target = min(lines.line("target", d=d, other=pair[1 - side].read("drifted", t)), 25.0)
        pair[side].program(target, t, noise("conductance", side), noise("drift", side))
