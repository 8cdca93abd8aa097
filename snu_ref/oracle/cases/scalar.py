"""A second derivation of the answers of a case, which shares no code with the first.

Units, layers and losses use their scalar twins (`snu_ref.twins`). Optimisers, clipping, the loop of
a training run, and phase-change memory (`scalar_pcm`) are lines of text (`program/lines.txt`). The
argument edits, {name of a line: another text}, puts mistakes into them. Some outputs may be
missing; none is added.
"""
from types import SimpleNamespace

import numpy as np

from ...gradcheck.frozen import TEXTBOOK_LOSSES
from ...gradcheck.twinning import run_twin
from ..program.functions import ARRAYS
from ..program.lines import Lines
from .case import group
from .reference import LAYERS, named_outputs, run_layer_twin
from .reference_training import batch, make_network, stack
from .scalar_pcm import scalar_array, scalar_devices

NAMES = {**ARRAYS, "log": np.log, "min": min, "max": max}


def scalar_outputs(config, inputs):
    """Outputs of the second derivation: {name: float64 array}."""
    return SCALAR[config["unit"]](config, inputs)


def _layer(config, inputs):
    twin = run_layer_twin(config, inputs)
    traces = {"c": twin.states[1]} if config["unit"] == "lstm" else \
        {"z": twin.z, "s": twin.s, "v": twin.v} if config["unit"] == "snu" else {}
    return named_outputs(config, traces, twin.y, twin.state, {}, twin.grads, twin.dx, twin.dstate)


def textbook_loss(config, inputs, edits=None):
    """The value and dy of a loss from its textbook formula; it has no lines to edit."""
    value, dy = TEXTBOOK_LOSSES[config["loss"]][1](
        inputs["y"], inputs["target"], inputs.get("mask"))
    return {"value": np.array(value), "dy": dy}


# ---- optimisers, clipping -----------------------------------------------------------------------

def _updated(config, lines, p, g, before, t):
    """The values of the lines in a step of a parameter p; before: those of the last step, or {}."""
    before = {} if lines.text["fresh"] == "1" else before
    names = lines.all("optimiser", **{
        **config, "velocity": 0.0, "m": 0.0, "v": 0.0, **before, "p": p, "g": g, "t": t,
        "largest": before.get("v_hat", 0.0)})
    return {name: names[name] for name in lines.sections["optimiser"]}


@np.errstate(all="ignore")   # a mistake may overflow
def optimiser_lines(config, inputs, edits=None):
    """Running averages and parameters after each step."""
    outputs, lines, all_grads = {}, Lines(config, edits, NAMES), group(inputs, "grads")
    kept = ("m", "v") if config["optimiser"] == "adam" else ("velocity",) * bool(config["momentum"])
    for name, p in group(inputs, "params").items():
        steps = [{"after": p}]
        for t, g in enumerate(all_grads[name], 1):
            steps.append(_updated(config, lines, steps[-1]["after"], g, steps[-1], t))
        outputs.update({f"{key}.{name}": np.stack([step[key] for step in steps[1:]])
                        for key in (*kept, "after")})
    return outputs


def clip_lines(config, inputs, edits=None):
    """The norm and the clipped gradients."""
    def norm(*arrays):
        return float(np.sqrt(sum((g ** 2).sum() for g in arrays)))
    grads, lines = group(inputs, "grads"), Lines(config, edits, NAMES)
    found = {name: lines.all("clip", g=g, own_norm=norm(g), norm=norm(*grads.values()),
                             max_norm=config["max_norm"]) for name, g in grads.items()}
    return {**{f"clipped.{name}": one["clipped"] for name, one in found.items()},
            "norm": np.array(next(iter(found.values()))["norm"])}


# ---- training -----------------------------------------------------------------------------------

def twin_network(config, params, dtype):
    """The passes of a network, from rest, by its scalar twins; dL/dx is left out."""
    network = make_network(config, params, dtype)

    def forward(x, state):
        zero = network.zero_state(x.shape[1])
        return run_twin(network, x, zero, None, zero)[0], SimpleNamespace(x=x, state=zero)

    def backward(dy, cache, need_dx):
        return None, run_twin(network, cache.x, cache.state, dy, cache.state)[1], None
    return SimpleNamespace(forward=forward, backward=backward, trainable=network.trainable)


@np.errstate(all="ignore")
def training_lines(config, inputs, edits=None, network_of=twin_network, loss_of=textbook_loss):
    """The losses, gradients and parameters of a training run."""
    lines, params, state, steps = Lines(config, edits, NAMES), group(inputs, "params"), None, []
    line, before, total, total_applied = lines.line, {}, {}, {}
    for k in range(config["steps"]):
        network = network_of(config, params, np.float64)
        x, target, mask = batch(inputs, line("batch", k=k))
        y, cache = network.forward(x, line("start", state=state))
        given = {"y": y, "target": target, "mask": mask}
        found = loss_of(config, given, edits)
        _, grads, _ = network.backward(found["dy"], cache, need_dx=False)
        grads = {name: line("grads", grads=grads[name], total=total.get(name, 0.0),
                            total_applied=total_applied.get(name, 0.0))
                 for name in network.trainable}
        applied = grads if "max_norm" not in config else group(clip_lines(
            config, {f"grads.{name}": g for name, g in grads.items()}, edits), "clipped")
        total, total_applied, old, params = grads, applied, params, dict(params)
        for name, g in applied.items():
            if line("trained", name=name):
                before[name] = _updated(config, lines, old[name], g, before.get(name, {}), k + 1)
                params[name] = before[name]["after"]
                if name.endswith(".decay"):
                    params[name] = line("decay", value=params[name])
        state, loss = cache.state, {"loss": found["value"]}
        if "loss_after" in lines.text["losses"]:
            given["y"] = network_of(config, params, np.float64).forward(x, None)[0]
            loss["loss_after"] = loss_of(config, given, edits)["value"]
        steps.append({"losses": np.array(line("losses", **loss)), **{
            f"grad.{name}": line("shown", grads=g, applied=applied[name])
            for name, g in grads.items()}, **{f"after.{name}": line(
                "shown_after", new=params[name], old=old[name]) for name in grads}})
    return stack(steps)


SCALAR = {**dict.fromkeys(LAYERS, _layer), "loss": textbook_loss, "optimiser": optimiser_lines,
          "clip": clip_lines, "training": training_lines, "pcm": scalar_devices,
          "pcm-array": scalar_array}
