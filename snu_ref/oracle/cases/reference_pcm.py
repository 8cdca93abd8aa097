"""The answers of the reference for phase-change memory; the inputs include its standard noise.

Device physics is computed in float64.
"""
import numpy as np

from ...pcm import (ColumnNoise, ColumnReadout, DeviceReadout, PCMArray, PCMDevices, ProgramNoise,
                    RefreshNoise, UpdateNoise, UpdateRule, full_scale)
from .reference_training import stack


def device_outputs(config, inputs):
    """The state after writing, and the conductances read at the times inputs["t"] (s).

    Devices are programmed to inputs["G_T"], if given, at config["t_write"]; pulses come at the
    same time, or at the times config["t_pulses"].
    """
    n = inputs["noise.white"].shape[1]
    devices = PCMDevices((n,), t=0.0, noise=inputs.get("noise.reset", 0.0))
    outputs = {}
    if "G_T" in inputs:
        devices.program(inputs["G_T"], config["t_write"],
                        noise=ProgramNoise(inputs["noise.conductance"], inputs["noise.drift"]))
        outputs.update(G0=devices.G0.copy(), nu=devices.nu.copy())
    if config["write"] == "pulses":
        pulsed, K = [], len(inputs["noise.pulses"])
        for N, t in zip(inputs["noise.pulses"], config.get("t_pulses", [config["t_write"]] * K)):
            devices.set_pulse(t, noise=N[None])
            pulsed.append({"P": devices.P.copy(), "G0": devices.G0.copy()})
        outputs.update(stack(pulsed))
    reads = [{"G": devices.conductance(t), "white": devices.read_white(t, noise=white),
              "flicker": devices.read_1f(t, noise=flicker)}
             for t, white, flicker in zip(inputs["t"].tolist(), inputs["noise.white"],
                                          inputs["noise.flicker"])]
    return {**outputs, **stack(reads)}


def array_outputs(config, inputs):
    """A matrix on differential pairs: programmed at t = 0 and multiplied, or updated and read."""
    if config["write"] == "update":
        return _updates(config, inputs)
    W, read, bits, t = inputs["W"], inputs["noise.read"], config["bits"], config["t_read"]
    if config["readout"] == "device":
        readout, noise = DeviceReadout(bits), read
    else:
        readout = ColumnReadout(bits, bits, config["dac_bound"], config["adc_bound"],
                                config["output_noise"], tuple(config["tile"]))
        noise = ColumnNoise(read, inputs["noise.output"])
    array = PCMArray(*W.shape, noise=0.0, scale=full_scale(W, config["pairs"]),
                     pairs=config["pairs"], readout=readout)
    array.program(W, 0.0, noise=ProgramNoise(inputs["noise.conductance"], inputs["noise.drift"]))
    return {"scale": np.array(array.scale), "G": array.conductance(t),
            "weights": array.read_weights(t, noise=read),
            "y": array.product(inputs["x"], t, noise=noise)}


def _updates(config, inputs):
    steps, every = [], config["refresh_every"] or None
    dW = inputs["dW"]
    array = PCMArray(*dW.shape[1:], noise=0.0, pairs=config["pairs"], scale=config["scale"],
                     rule=UpdateRule(refresh_every=every))
    for k in range(len(dW)):
        refresh = None
        if every and (k + 1) % every == 0:
            refresh = RefreshNoise(inputs["noise.refresh.read"], inputs["noise.refresh.reset"],
                                   ProgramNoise(inputs["noise.refresh.conductance"],
                                                inputs["noise.refresh.drift"]))
        n = array.update(dW[k], noise=UpdateNoise(inputs["noise.pulses"][k], refresh))
        steps.append({"n": n.astype(float), "chi": array.chi.copy(), "P": array.devices.P.copy(),
                      "G0": array.devices.G0.copy()})
    return {**stack(steps),
            "weights": array.read_weights(config["t_read"], noise=inputs["noise.read"])}
