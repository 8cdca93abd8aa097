"""Cases of phase-change devices and arrays; all normal random numbers are inputs."""
from functools import partial

import numpy as np

from .case import Definition


def _case(name, why, flags, config, make):
    return Definition(f"pcm-{name}", "pcm", why, flags, config, make, alive=False,
                      float64_only="device physics is computed in float64 here")


def pcm_cases():
    """Single devices; arrays programmed and multiplied; arrays updated."""
    yield _case("program", "closed-loop programming, drift, both kinds of read noise; targets from "
                "0 to 25 uS", ("device", "drift"),
                {"unit": "pcm", "write": "program", "t_write": 16.0}, _program)
    yield _case("pulses", "a RESET, twelve SET pulses at 1 s, drift, both kinds of read noise",
                ("device", "drift"), {"unit": "pcm", "write": "pulses", "t_write": 1.0}, _pulses)
    device = {"unit": "pcm-array", "write": "program", "t_read": 1000.0, "readout": "device",
              "bits": 8}
    column = {**device, "readout": "column", "dac_bound": 1.0, "adc_bound": 1.5,
              "output_noise": 0.0625, "tile": [3, 2]}
    for name, config in (("device", {**device, "pairs": 1}),
                         ("device-2-pairs", {**device, "pairs": 2}),
                         ("column", {**column, "pairs": 1})):
        yield _case(f"array-{name}", "a matrix programmed at 0 s and multiplied at 1000 s, with "
                    "converters", ("device", "converter", "drift"), config,
                    partial(_array, config))
    for name, pairs, every in (("update", 1, 0), ("update-2-pairs", 2, 0), ("refresh", 1, 6)):
        config = {**UPDATED, "pairs": pairs, "refresh_every": every}
        refresh = ", then a refresh in closed loop" if every else ""
        yield _case(name, "six updates by blind pulses" + refresh, ("update", "device"), config,
                    partial(_updates, config))


def pcm_limit_cases():
    """Cases at the limits and branches of the device model."""
    yield _case("pulses-limits", "twelve pulses that drive devices to the ceiling of 20 uS, and to "
                "the floor of 0.1 uS", ("device",),
                {"unit": "pcm", "write": "pulses", "t_write": 1.0}, _pulses_to_limits)
    yield _case("pulses-drifted", "programmed at 0 s, pulsed at 1000 s and twice at 100000 s: a "
                "pulse acts on G0, however far it has drifted, and drift starts anew",
                ("device", "drift"), {"unit": "pcm", "write": "pulses", "t_write": 0.0,
                                      "t_pulses": [1e3, 1e5, 1e5]}, _pulses_on_drifted)
    yield _case("program-folded", "drift exponents drawn below 0: nu = |mu_nu + sigma_nu N|",
                ("device", "drift"), {"unit": "pcm", "write": "program", "t_write": 16.0}, _folded)
    config = {**UPDATED, "pairs": 1, "refresh_every": 6}
    yield _case("refresh-spares", "six updates, then a refresh that spares the pair with a "
                "difference above 6 uS, and those that are nowhere above 8 uS",
                ("update", "device"), config, partial(_spared, config))


UPDATED = {"unit": "pcm-array", "write": "update", "scale": 8.0, "t_read": 100.0}


def _reads(draws, n, times):
    return {"t": np.array(times, float), "noise.white": draws.grid(-2, 2, (len(times), n)),
            "noise.flicker": draws.grid(-2, 2, (len(times), n))}


def _program(draws):
    G_T = np.array([0, 0.25, 1, 4, 10, 16, 22, 25], float)
    return {"G_T": G_T, "noise.conductance": draws.grid(-2, 2, (8,)),
            "noise.drift": draws.grid(-2, 2, (8,)),
            **_reads(draws, 8, [20, 36, 40, 100, 4096, 1048576])}


def _pulses(draws):
    return {"noise.reset": draws.grid(-2, 2, (6,)), "noise.pulses": draws.grid(-2, 2, (12, 6)),
            **_reads(draws, 6, [1, 39, 40, 100, 4096])}


def _array(config, draws, n_in=5, n_out=3):
    devices = (2, config["pairs"], n_in, n_out)
    inputs = {"W": draws.grid(-1, 1, (n_in, n_out)), "x": draws.grid(-1.25, 1.25, (4, n_in)),
              "noise.conductance": draws.grid(-1, 1, devices),
              "noise.drift": draws.grid(-1, 1, devices),
              "noise.read": draws.grid(-1, 1, devices)}
    inputs["W"][0, 0] = 1.0  # the largest weight, stored as 25 uS
    if config["readout"] == "column":
        inputs["noise.output"] = draws.grid(-1, 1, (2, 4, n_out))
    return inputs


def _updates(config, draws, K=6, rounds=8, n_in=3, n_out=3):
    devices = (2, config["pairs"], n_in, n_out)
    inputs = {"dW": draws.grid(-0.25, 0.25, (K, n_in, n_out)),
              "noise.pulses": draws.grid(-1, 1, (K, rounds) + devices),
              "noise.read": draws.grid(-1, 1, devices)}
    if config["refresh_every"]:
        inputs["dW"] += 0.5 * np.where(np.arange(K) % 2, -1.0, 1.0)[:, None, None]
        for name in ("read", "reset", "conductance", "drift"):
            inputs[f"noise.refresh.{name}"] = draws.grid(-1, 1, devices)
    return inputs


def _pulses_to_limits(draws):
    inputs = _pulses(draws)
    inputs["noise.pulses"][:, :2] = 2, -2
    inputs["noise.pulses"][:, 2] = np.where(np.arange(12) < 8, 2, -2)
    return inputs


def _pulses_on_drifted(draws):
    G_T = np.array([0, 0.25, 4, 10, 16, 22], float)
    return {"G_T": G_T, "noise.conductance": draws.grid(-2, 2, (6,)),
            "noise.drift": draws.grid(-2, 2, (6,)), "noise.pulses": draws.grid(-1, 1, (3, 6)),
            **_reads(draws, 6, [1e5, 100038, 2e5, 1048576])}


def _folded(draws):
    inputs = _program(draws)
    inputs["noise.drift"][:4] = -3
    return inputs


def _spared(config, draws):
    inputs = _updates(config, draws)
    swing = np.where(np.arange(6) % 2, -0.625, 0.625)     # 5 uS: six pulses
    inputs["dW"][:, :2, 0] = swing[:, None]
    inputs["noise.pulses"][:, :, 0, 0, 0, 0] = 1          # first pair: G+ outgrows G-
    inputs["noise.pulses"][:, :, 1, 0, 0, 0] = 0
    inputs["noise.pulses"][:, :, :, 0, 1, 0] = 0.25       # second pair: G+ and G- stay similar
    inputs["dW"][:, 2, 2] = 0.0625                        # last pair: hardly any pulse
    return inputs
