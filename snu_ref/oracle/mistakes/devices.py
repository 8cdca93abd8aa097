"""Mistakes in phase-change devices and arrays: coefficients, clips, converters, bookkeeping.

Each is a `Device` with a method of its own, or an array with another converter or another update;
the right ones are those of the scalar second derivation, `snu_ref.oracle.cases.second_pcm`.
"""
import math

import numpy as np

from ..cases.second_pcm import Device, Parts, RIGHT, second_array, second_devices
from .entry import Mistake

PCM = ("pcm", "pcm-array")


# ---- wrong devices ------------------------------------------------------------------------------

def _device(**methods):
    return type("WrongDevice", (Device,), methods)


def _pulse(memory_first=True, low=0.1, high=20.0, old=True, memory=2.6):
    def pulse(self, t, N):
        if memory_first:
            self.P *= math.exp(-1.0 / memory)
        mean = -0.084 * self.G0 + 0.880 + 1.40 * self.P
        G = self.G0 if old else self.G0 + mean
        self.G0 = min(max(self.G0 + mean + (0.091 * G + 0.260 + 2.15 * self.P) * N, low), high)
        if not memory_first:
            self.P *= math.exp(-1.0 / memory)
        self.nu, self.t0, self.written = 0.04, 38.6, t
    return {"pulse": pulse}


def _pulse_on_drifted(self, t, N):
    self.G0 = self.G(t)
    Device.pulse(self, t, N)


def _pulse_keeps_time(self, t, N):
    written = self.written
    Device.pulse(self, t, N)
    self.written = written


def _pulse_with_t0_of_program(self, t, N):
    Device.pulse(self, t, N)
    self.t0 = 20.0


def _program(log=math.log, folded=True, limits=True, floor=0.0, ceiling=math.inf, quadratic=1.1731):
    def program(self, target, t, N, N_drift):
        r = target / 25.0
        log_r = log(max(r, 1e-7))
        self.G0 = min(max(target + (0.26348 + 1.9650 * r - quadratic * r * r) * N, floor), ceiling)
        mu, sigma = -0.0155 * log_r + 0.0244, -0.0125 * log_r - 0.0059
        if limits:
            mu, sigma = min(max(mu, 0.049), 0.1), min(max(sigma, 0.008), 0.045)
        nu = mu + sigma * N_drift
        self.nu = abs(nu) if folded else nu
        self.P, self.t0, self.written = 0.0 if target > 0.0 else 1.0, 20.0, t
    return {"program": program}


def _G_base_ten(self, t):
    return self.G0 * (1 - self.nu * math.log10(self.age(t) / self.t0))


def _flicker(cap=0.2, root=math.sqrt, floor=0.0, own=lambda self, t: self.G0, log=math.log,
             age=lambda a: (a + 250e-9) / 500e-9):
    def flicker(self, t, N):
        Q = min(0.0088 / max(own(self, t) / 25.0, 1e-7) ** 0.65, cap)
        return max(self.G(t) * (1.0 + Q * root(log(age(self.age(t)))) * N), floor)
    return {"flicker": flicker}


DEVICES = {
    "pulse_memory_after": ("the pulse memory P is reduced after the pulse: P <- P exp(-1/2.6) "
                           "first, then the pulse", _pulse(memory_first=False)),
    "pulse_unclipped": ("G0 is not clipped to [0.1, 20] uS after a pulse",
                        _pulse(low=-math.inf, high=math.inf)),
    "pulse_clipped_at_25": ("G0 is clipped to 25 uS after a pulse: to [0.1, 20]",
                            _pulse(high=25.0)),
    "pulse_clipped_at_0": ("G0 is clipped to 0 uS from below after a pulse: to [0.1, 20]",
                           _pulse(low=0.0)),
    "pulse_spread_of_new_G": ("the spread of a pulse uses the new conductance: the old G0, and the "
                              "new P", _pulse(old=False)),
    "pulse_no_memory": ("the pulse memory does not decay: P <- P exp(-1/2.6) at every pulse",
                        _pulse(memory=math.inf)),
    "pulse_on_drifted": ("a pulse acts on the drifted conductance: on G0, as it was written",
                         {"pulse": _pulse_on_drifted}),
    "pulse_keeps_time": ("drift is not restarted by a pulse: every write sets t_write",
                         {"pulse": _pulse_keeps_time}),
    "program_base_10": ("the drift exponent uses logarithms of base 10: natural ones",
                        _program(log=math.log10)),
    "program_nu_signed": ("the drift exponent may be negative: nu = |mu_nu + sigma_nu N|",
                          _program(folded=False)),
    "program_nu_unlimited": ("mu_nu and sigma_nu are not clipped: to [0.049, 0.1] and [0.008, "
                             "0.045]",
                             _program(limits=False)),
    "program_negative": ("a programmed conductance may be negative: max(..., 0)",
                         _program(floor=-math.inf)),
    "program_clipped_at_25": ("a programmed conductance is clipped to 25 uS: there is no upper "
                              "clip",
                              _program(ceiling=25.0)),
    "program_sign": ("the quadratic term of the programming spread has the wrong sign: - 1.1731 "
                     "r^2",
                     _program(quadratic=-1.1731)),
    "drift_age_unlimited": ("the age of a device is not held at t0 from below: a = max(t - "
                            "t_write, t0)",
                            {"age": lambda self, t: max(t - self.written, 1e-6)}),
    "drift_age_from_0": ("the age of a device is t: it is t - t_write",
                         {"age": lambda self, t: max(t, self.t0)}),
    "drift_age_added": ("the age is t - t_write + t0: a = max(t - t_write, t0)",
                        {"age": lambda self, t: t - self.written + self.t0}),
    "drift_unscaled": ("the age is not divided by t0: (a/t0)^-nu",
                       {"G": lambda self, t: self.G0 * self.age(t) ** -self.nu}),
    "drift_t0_of_program": ("drift is measured from t0 = 20 s for pulses too: 38.6 s after a pulse",
                            {"pulse": _pulse_with_t0_of_program}),
    "drift_base_10": ("drift is 1 - nu log10(a/t0): (a/t0)^-nu", {"G": _G_base_ten}),
    "drift_left_out": ("there is no drift: G(t) = G0 (a/t0)^-nu", {"G": lambda self, t: self.G0}),
    "white_of_G0": ("white noise is added to G0: to the drifted G(t)",
                    {"white": lambda self, t, N: self.G0 + (0.03 * self.G0 + 0.13) * N}),
    "white_clipped": ("a white read is clipped at 0: it may be negative, only a converter clips",
                      {"white": lambda self, t, N: max(self.G(t) + (0.03 * self.G(t) + 0.13) * N,
                                                       0.0)}),
    "white_constant": ("the spread of a white read is 0.13 uS alone: 0.03 G(t) + 0.13",
                       {"white": lambda self, t, N: self.G(t) + 0.13 * N}),
    "white_relative": ("the spread of a white read is 0.03 G(t) alone: 0.03 G(t) + 0.13",
                       {"white": lambda self, t, N: self.G(t) + 0.03 * self.G(t) * N}),
    "flicker_uncapped": ("Q has no upper limit: min(..., 0.2)", _flicker(cap=math.inf)),
    "flicker_no_root": ("the root is missing from the spread of 1/f noise: Q sqrt(ln(...))",
                        _flicker(root=lambda v: v)),
    "flicker_negative": ("a 1/f read may be negative: max(..., 0)", _flicker(floor=-math.inf)),
    "flicker_of_G": ("Q uses the drifted conductance: G0, as programmed",
                     _flicker(own=lambda self, t: self.G(t))),
    "flicker_base_10": ("1/f noise uses logarithms of base 10: natural ones",
                        _flicker(log=math.log10)),
    "flicker_age_alone": ("the logarithm is of (a / t_read): ln((a + t_read) / (2 t_read))",
                          _flicker(age=lambda a: a / 250e-9)),
}


# ---- wrong arrays -------------------------------------------------------------------------------

def _digitise(rounding=round, levels=lambda bits: 2 ** bits - 1, clipped=True):
    def digitise(value, bits):
        step, top = 25.0 / levels(bits), 2 ** bits - 1
        n = rounding(value / step)
        return (min(max(n, 0), top) if clipped else n) * step
    return {"digitise": digitise}


def _quantise(rounding=round, steps=lambda bits: 2 ** bits - 2, clipped=True):
    def quantise(value, bits, bound):
        step, top = 2.0 * bound / steps(bits), 2 ** (bits - 1) - 1
        n = rounding(value / step)
        return (min(max(n, -top), top) if clipped else n) * step
    return {"quantise": quantise}


ARRAYS = {
    "device_converter_floor": ("the converter of device reads rounds down: to the nearest step",
                               _digitise(rounding=math.floor)),
    "device_converter_step": ("the converter's step is 25/2^b uS: 25/(2^b - 1)",
                              _digitise(levels=lambda bits: 2 ** bits)),
    "device_converter_unclipped": ("the converter of device reads does not clip: to [0, 25] uS",
                                   _digitise(clipped=False)),
    "device_converter_left_out": ("device reads are not digitised: they pass a converter of 8 bits",
                                  {"digitise": lambda value, bits: value}),
    "column_converter_floor": ("the column's converters round down: to the nearest step",
                               _quantise(rounding=math.floor)),
    "column_converter_step": ("the column's converters have the step 2 bound/(2^b - 1): "
                              "2 bound/(2^b - 2)", _quantise(steps=lambda bits: 2 ** bits - 1)),
    "column_converter_unclipped": ("the column's converters do not clip at their bounds",
                                   _quantise(clipped=False)),
    "column_converter_left_out": ("the column's converters, DAC and ADC, are left out",
                                  {"quantise": lambda value, bits, bound: value}),
    "pulses_rounded": ("n = round(chi/epsilon): n = trunc(chi/epsilon)", {"whole": round}),
    "pulses_floor": ("n = floor(chi/epsilon): n = trunc(chi/epsilon), towards 0",
                     {"whole": math.floor}),
    "remainder_lost": ("chi is set to 0 by an update: the remainder chi - n epsilon is kept",
                       {"remainder": lambda chi, n: 0.0 if n else chi}),
    "remainder_cleared": ("chi is set to 0 after every update, with or without pulses: the "
                          "remainder chi - n epsilon is kept", {"remainder": lambda chi, n: 0.0}),
    "remainder_untouched": ("chi is not reduced by the pulses: chi -= n epsilon",
                            {"remainder": lambda chi, n: chi}),
    "pulses_to_other_side": ("the pulses go to the other device of the pair: n > 0 to G+, n < 0 to "
                             "G-",
                             {"side": lambda n: 1 if n > 0 else 0}),
    "pulses_to_plus": ("all pulses go to G+: n > 0 to G+, n < 0 to G-", {"side": lambda n: 0}),
    "pulses_to_first_pair": ("all pulses go to the first pair: the pairs take turns, pulse by "
                             "pulse",
                             {"next_pair": lambda pair, pairs: 0}),
    "refresh_always": ("every synapse is refreshed: only one with a device above 8 uS and a "
                       "difference below 6", {"worn": lambda read, d: True}),
    "refresh_without_difference": ("the refresh looks for a device above 8 uS alone: the "
                                   "difference must be below 6 uS, too",
                                   {"worn": lambda read, d: max(read) > 8}),
    "refresh_target_alone": ("the refresh programs |d|: |d| + the other device's conductance after "
                             "RESET", {"target": lambda d, other: abs(d)}),
}


def _run(parts):
    """The second derivation with parts of its own."""
    def run(config, inputs):
        numbers = second_devices if config["unit"] == "pcm" else second_array
        return numbers(config, inputs, parts)
    return run


def _changed(kind, change):
    """The right devices on other noise: `kind` begins its names, change(a) is the noise."""
    def run(config, inputs):
        names = [name for name in inputs if name.startswith(kind)]
        if not names:
            return None
        return _run(RIGHT)(config, {**inputs, **{name: change(inputs[name]) for name in names}})
    return run


def _of_first(a):
    """The first device's draw for all devices of a row."""
    return np.broadcast_to(a[..., :1], a.shape)


NOISES = {
    "noise.white": "white reads", "noise.flicker": "1/f reads", "noise.read": "reads",
    "noise.pulses": "pulses", "noise.conductance": "programming",
    "noise.drift": "the drift exponent",
    "noise.reset": "RESET", "noise.output": "the output",
}
NOISE_MISTAKES = [Mistake(f"{name}_{word}", f"the noise of {what} {text}", PCM,
                          _changed(name, change))
                  for name, what in NOISES.items() for word, text, change in (
    ("shared", "is shared by the devices of a row: each has a draw of its own", _of_first),
    ("left_out", "is left out", np.zeros_like),
    ("negated", "has the wrong sign: it is added", np.negative))]

DEVICE_MISTAKES = [
    *(Mistake(name, text, PCM, _run(Parts(device=_device(**methods))))
      for name, (text, methods) in DEVICES.items()),
    *(Mistake(name, text, ("pcm-array",), _run(Parts(**parts)))
      for name, (text, parts) in ARRAYS.items()),
    *NOISE_MISTAKES]
