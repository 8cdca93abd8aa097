"""The answers of the reference: the package's vectorised code, run on the inputs of a case.

outputs_of(config, inputs) returns all arrays that a port is compared with, in the order of
computation. config["unit"] selects the code, see RUN.

The vectorised backward pass does not compute all adjoints (adj.y is dL/dy_t over all paths, and so
on), so they come from the scalar twin, in float64 only.
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

OPTIONS = ("h", "g", "surrogate", "lateral_inhibition", "reset_grad", "reset_after")  # of layers
LAYERS = {"snu": (SNU, twins.snu_twin), "rnn": (RNN, twins.rnn_twin), "gru": (GRU, twins.gru_twin),
          "lstm": (LSTM, twins.lstm_twin)}
STATE = {"snu": ("s", "y"), "rnn": ("h",), "gru": ("h",), "lstm": ("h", "c")}


def outputs_of(config, inputs, dtype=np.float64):
    """All outputs of a case, {name: array}, computed in `dtype`."""
    return RUN[config["unit"]](config, cast(inputs, dtype))


def make_unit(config, inputs):
    """The layer of a case, with the parameters and the dtype of the inputs; its initial state."""
    n_in, n = inputs["params.W"].shape[0], inputs["dy"].shape[2]
    options = {name: config[name] for name in (*OPTIONS, "recurrent") if name in config}
    layer = LAYERS[config["unit"]][0](n_in, n, rng=np.random.default_rng(0),
                                      dtype=inputs["x"].dtype, **options)
    for name, value in group(inputs, "params").items():
        layer.params[name][...] = value
    return layer, type(layer.zero_state(1))(**group(inputs, "state"))


def run_layer(config, inputs, adjoints=True):
    """Run the layer of a case forward and backward; returns its outputs by name."""
    layer, start = make_unit(config, inputs)
    end = type(start)(**group(inputs, "dend"))
    y, cache = layer.forward(inputs["x"], start)
    dx, grads, dstart = layer.backward(inputs["dy"], cache, end)
    traces, of_traces = {}, {}
    if config["unit"] == "snu":
        traces = {"z": cache.z, "s": cache.s, "v": cache.v}
        if adjoints and inputs["x"].dtype == np.float64:
            twin = run_layer_twin(config, inputs)
            of_traces = {"adj.y": twin.dy, "adj.v": twin.dv, "adj.s": twin.ds, "adj.z": twin.dz}
    if config["unit"] == "lstm":
        traces = {"c": cache.trace.c[1:]}
    return named_outputs(config, traces, y, cache.state, of_traces, grads, dx, dstart)


def run_layer_twin(config, inputs):
    """Run the scalar twin of the layer on the inputs of a case."""
    state, dstate = (tuple(inputs[f"{prefix}.{field}"] for field in STATE[config["unit"]])
                     for prefix in ("state", "dend"))
    return LAYERS[config["unit"]][1](
        group(inputs, "params"), inputs["x"], state, inputs["dy"], dstate,
        **{name: config[name] for name in OPTIONS if name in config})


def named_outputs(config, traces, y, end, adjoints, grads, dx, start):
    """The outputs of a layer, by name, in the order of computation."""
    fields = STATE[config["unit"]]
    return {**traces, "y": y, **{f"end.{field}": a for field, a in zip(fields, end)}, **adjoints,
            **{f"grad.{name}": g for name, g in grads.items()}, "grad.x": dx,
            **{f"start.{field}": a for field, a in zip(fields, start)}}


RUN = {**dict.fromkeys(LAYERS, run_layer), "loss": loss_outputs, "optimiser": optimiser_outputs,
       "clip": clip_outputs, "training": training_outputs, "pcm": device_outputs,
       "pcm-array": array_outputs}
