"""The reference's answers: the package's own vectorised code, run on the inputs of a case.

outputs_of(config, inputs) gives every array that a port is compared with, in the order of
computation. config["unit"] says what is to be run:

    snu              traces, final state, adjoints, gradients
    rnn, gru, lstm   outputs, final state, gradients
    loss, optimiser, clip, training      `reference_training`
    pcm, pcm-array                       `reference_pcm`

Adjoints (adj.y is dL/dy_t with all paths summed, and so on) are not formed by the vectorised
backward pass; they come from the scalar twin, in float64 only.
"""
import numpy as np

from ... import twins
from ...recurrent.gru import GRU
from ...recurrent.lstm import LSTM
from ...recurrent.rnn import RNN
from ...snu import SNU
from .case import cast, group
from .reference_pcm import array_outputs, device_outputs
from .reference_training import clip_outputs, loss_outputs, optimiser_outputs, training_outputs

OPTIONS = ("h", "g", "surrogate", "lateral_inhibition", "reset_grad")  # of the twin


def outputs_of(config, inputs, dtype=np.float64):
    """All outputs of a case, name -> array; computed in `dtype`, from inputs of any."""
    return RUN[config["unit"]](config, cast(inputs, dtype))


def make_unit(config, inputs):
    """The layer of a case and its initial state, with parameters and dtype of the inputs."""
    n_in, n = inputs["params.W"].shape[0], inputs["state." + STATE[config["unit"]][0]].shape[1]
    options = dict(rng=np.random.default_rng(0), dtype=inputs["x"].dtype)
    if config["unit"] == "snu":
        options.update({name: config[name] for name in OPTIONS}, recurrent=config["recurrent"])
    if config["unit"] == "gru":
        options["reset_after"] = config["reset_after"]
    layer = {"snu": SNU, "rnn": RNN, "gru": GRU, "lstm": LSTM}[config["unit"]](n_in, n, **options)
    for name, value in group(inputs, "params").items():
        layer.params[name][...] = value
    return layer, type(layer.zero_state(1))(**group(inputs, "state"))


STATE = {"snu": ("s", "y"), "rnn": ("h",), "gru": ("h",), "lstm": ("h", "c")}


def run_layer(config, inputs):
    """Forward and backward of the layer of a case."""
    layer, start = make_unit(config, inputs)
    end = type(start)(**group(inputs, "dend"))
    y, cache = layer.forward(inputs["x"], start)
    dx, grads, dstart = layer.backward(inputs["dy"], cache, end)
    if config["unit"] == "snu":
        outputs = {"z": cache.z, "s": cache.s, "v": cache.v, "y": y}
    else:
        outputs = {"c": cache.trace.c[1:]} if config["unit"] == "lstm" else {}
        outputs["y"] = y
    outputs.update(named("end", cache.state))
    if config["unit"] == "snu" and inputs["x"].dtype == np.float64:
        twin = run_snu_twin(config, inputs)
        outputs.update({"adj.y": twin.dy, "adj.v": twin.dv, "adj.s": twin.ds, "adj.z": twin.dz})
    return {**outputs, **{f"grad.{name}": g for name, g in grads.items()}, "grad.x": dx,
            **named("start", dstart)}


def run_snu_twin(config, inputs):
    """The SNU's scalar twin on the inputs of a case."""
    return twins.snu_twin(
        group(inputs, "params"), inputs["x"], (inputs["state.s"], inputs["state.y"]), inputs["dy"],
        (inputs["dend.s"], inputs["dend.y"]), **{name: config[name] for name in OPTIONS})


def named(prefix, state):
    """{prefix.field: array} of a state."""
    return {f"{prefix}.{field}": a for field, a in zip(state._fields, state)}


RUN = {"snu": run_layer, "rnn": run_layer, "gru": run_layer, "lstm": run_layer,
       "loss": loss_outputs, "optimiser": optimiser_outputs, "clip": clip_outputs,
       "training": training_outputs, "pcm": device_outputs, "pcm-array": array_outputs}
