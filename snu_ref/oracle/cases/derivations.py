"""The evidence for a case: independent derivations that agree, margins, and rounding errors.

    twin        a second derivation of all outputs: scalar loops, or lines.txt (`scalar`)
    complex     the complex step on the frozen program (`snu_ref.gradcheck.frozen`): gradients
    tape        the unit's equations, written a third time and differentiated by a tape
    rounding    the float64 answers compared with a run in longdouble, where that is more precise
    float32     a run in float32 compared with the float64 answers
"""
import numpy as np

from ...gradcheck.frozen import TEXTBOOK_LOSSES, frozen_forward
from ...gradcheck.numerical import complex_step
from ...snu import SNU
from ..program.step import run
from .case import group
from .reference import STATE, make_unit, outputs_of
from .reference_training import batch, make_network
from .scalar import scalar_outputs

MANY = 200   # our choice: with more inputs, the complex step covers only parameters and states
WIDER = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps


def relative(a, reference):
    """The largest difference, relative to the largest element of `reference`; 0 / 0 is 0."""
    difference = float(np.abs(a - reference).max(initial=0))
    if not difference:
        return 0.0
    largest = float(np.abs(reference).max(initial=0))
    return difference / largest if largest else float("inf")


def differences(config, inputs, outputs, methods):
    """{method: largest relative difference over all tensors}, for methods that fit the case."""
    derive = {"twin": lambda *case: scalar_outputs(*case[:2]), "complex": complex_gradients,
              "tape": tape_outputs}
    derived = {method: derive[method](config, inputs, outputs) for method in methods}
    return {method: worst(a, outputs) for method, a in derived.items() if a}


def rounding(config, inputs, outputs):
    """Difference from a run in longdouble; None if that is not more precise, or for pcm cases."""
    if not WIDER or config["unit"].startswith("pcm"):
        return None
    return worst(outputs_of(config, inputs, np.longdouble), outputs)


def worst(derived, outputs):
    """The largest relative difference over all tensors in `derived`."""
    return float(max((relative(a, outputs[name]) for name, a in derived.items()), default=0.0))


# ---- the complex step and the tape --------------------------------------------------------------

def complex_gradients(config, inputs, outputs):
    """{name of output: gradient by the complex step of the frozen program}; may be empty."""
    if config["unit"] in STATE:
        return _layer_gradients(config, inputs)
    if config["unit"] == "loss" and np.abs(inputs["y"]).max() < 100:  # textbook forms overflow
        loss, target = TEXTBOOK_LOSSES[config["loss"]][0], inputs["target"]
        mask = inputs.get("mask", np.ones(inputs["y"].shape[:2]))
        return {"dy": complex_step(lambda a: loss(a["y"], target, mask), {"y": inputs["y"]}, "y")}
    if config["unit"] == "training":
        if any((cache.z == 0).any() for _, cache in _spiking_layers(config, inputs, outputs)):
            return {}  # z is 0 without input; a frozen spike of 1e-17 would choose the branch of g
        return {name: np.stack([g, *outputs[name][1:]])  # only step 1 has the given parameters
                for name, g in _network_gradients(config, inputs).items()}
    return {}


def _layer_gradients(config, inputs):
    layer, start = make_unit(config, inputs)
    _, nominal = layer.forward(inputs["x"], start)
    fields = STATE[config["unit"]]

    def f(a):
        _make_complex(layer, group(a, "params"))
        state = type(start)(*(a[f"state.{name}"] for name in fields))
        y, end = frozen_forward(layer, a["x"], state, nominal)
        return (inputs["dy"] * y).sum() + sum((inputs[f"dend.{name}"] * part).sum()
                                              for name, part in zip(fields, end))

    gradients = {"x": "grad.x", **{f"state.{name}": f"start.{name}" for name in fields},
                 **{f"params.{name}": f"grad.{name}" for name in layer.params}}
    free = {name: inputs[name] for name in gradients}
    return {gradient: complex_step(f, free, name) for name, gradient in gradients.items()
            if name != "x" or inputs["x"].size <= MANY}


def _network_gradients(config, inputs):
    params = group(inputs, "params")
    network = make_network(config, params, np.float64)
    names = network.first_names()
    x, target, mask = batch(inputs, 0)
    _, nominal = network.forward(x)
    loss = TEXTBOOK_LOSSES[config["loss"]][0]

    def f(a):
        moved = make_network(config, params, np.float64)
        for i, layer in enumerate(moved.layers):
            _make_complex(layer, {name: a[names[i, name]] for name in layer.params})
        x_c = x.astype(complex) if x.dtype.kind == "f" else x
        y, _ = frozen_forward(moved, x_c, moved.zero_state(x.shape[1]), nominal)
        return loss(y, target, np.ones(y.shape[:2]) if mask is None else mask)

    return {f"grad.{name}": complex_step(f, params, name) for name in network.trainable}


def _make_complex(layer, params):
    vars(layer).update(params=params, dtype=np.dtype(np.complex128))


def tape_outputs(config, inputs, outputs):
    """The SNU's outputs by the generic tape; {} for other units and for long sequences (slow)."""
    if config["unit"] != "snu" or inputs["x"].size > MANY:
        return {}
    return {name: a for name, a in run(config, inputs).items() if name in outputs}


# ---- margins and spike rates --------------------------------------------------------------------

def _spiking_layers(config, inputs, outputs):
    """(layer, cache) of every SNU that runs in a case, at every training step."""
    if config["unit"] == "snu":
        layer, start = make_unit(config, inputs)
        yield layer, layer.forward(inputs["x"], start)[1]
    if config["unit"] == "training":
        params = group(inputs, "params")
        for k in range(config["steps"]):
            network = make_network(config, params, np.float64)
            _, cache = network.forward(batch(inputs, k)[0])
            yield from ((layer, c) for layer, c in zip(network.layers, cache.layers)
                        if isinstance(layer, SNU))
            after = group(outputs, "after")
            params = {**params, **{name: a[k] for name, a in after.items()}}


def branches(config, inputs, outputs):
    """The smallest distances of a run from a branch, and the spike rates of its layers.

    Returns ({"v" | "z" | "kink" | "tie": distance}, [rate of each layer at each training step]).
    v: distance from the threshold. z: from the kink of g. kink: of |v| from 1/2, the edge of the
    boxcar. tie: with inhibition, between the two largest graded outputs.
    """
    found, rates = {}, []

    def note(name, distances):
        if distances.size:
            found[name] = min(found.get(name, np.inf), float(distances.min()))

    for layer, cache in _spiking_layers(config, inputs, outputs):
        spiking = layer.h.name == "step"
        if spiking:
            note("v", np.abs(cache.v))
            rates.append(float(cache.y.mean()))
        if layer.g.name in ("relu", "leaky_relu"):
            # without input and state, z is exactly 0 in any precision, so the branch is certain
            idle = (cache.z == 0) & (cache.x == 0).all(axis=-1, keepdims=True)
            note("z", np.abs(cache.z[~idle]))
        if spiking and layer.surrogate.name == "boxcar":
            note("kink", np.abs(np.abs(cache.v) - 0.5))
        if not spiking and layer.lateral_inhibition and layer.n_units > 1:
            top = np.sort(cache.y, axis=-1)
            note("tie", top[..., -1] - top[..., -2])
    return found, rates


def gradients(outputs):
    """The outputs that are gradients: {name: array}."""
    return {name: a for name, a in outputs.items()
            if name == "dy" or name.startswith(("grad.", "start.", "adj.", "clipped."))}
