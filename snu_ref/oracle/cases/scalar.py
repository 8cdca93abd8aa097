"""A second derivation of the answers of a case, by scalar loops that share no code with the first.

Units, layers and losses use their twins (`snu_ref.twins`). Optimisers and clipping are here, number
by number; phase-change memory is in `scalar_pcm`. Some outputs may be missing; none is added.
"""
import math

import numpy as np

from ...gradcheck.frozen import TEXTBOOK_LOSSES
from ...gradcheck.twinning import run_twin
from .case import group
from .reference import LAYERS, named_outputs, run_layer_twin
from .reference_training import batch, make_network, stack
from .scalar_pcm import scalar_array, scalar_devices


def scalar_outputs(config, inputs):
    """Outputs of the second derivation, name -> float64 array."""
    return SCALAR[config["unit"]](config, inputs)


def _layer(config, inputs):
    twin = run_layer_twin(config, inputs)
    traces = {"c": twin.states[1]} if config["unit"] == "lstm" else \
        {"z": twin.z, "s": twin.s, "v": twin.v} if config["unit"] == "snu" else {}
    return named_outputs(config, traces, twin.y, twin.state, {}, twin.grads, twin.dx, twin.dstate)


def _loss(config, inputs):
    loss = TEXTBOOK_LOSSES[config["loss"]][1]
    value, dy = loss(inputs["y"], inputs["target"], inputs.get("mask"))
    return {"value": np.array(value), "dy": dy}


class ScalarOptimiser:
    """SGD with momentum, or Adam, one number at a time."""

    def __init__(self, config):
        self.config, self.places, self.t = config, {}, 0

    def step(self, params, grads):
        """The new parameters and the running averages, as dicts of arrays."""
        c, self.t = self.config, self.t + 1
        new, averages = {name: p.copy() for name, p in params.items()}, {}
        for name, g in grads.items():
            for at in np.ndindex(g.shape):
                gradient, p = float(g[at]), float(params[name][at])
                m, u = self.places.get((name, at), (0.0, 0.0))
                if c["optimiser"] == "sgd":
                    m = c["momentum"] * m + gradient
                    kept, p = {f"velocity.{name}": m} if c["momentum"] else {}, p - c["lr"] * m
                else:
                    m = c["beta1"] * m + (1.0 - c["beta1"]) * gradient
                    u = c["beta2"] * u + (1.0 - c["beta2"]) * gradient * gradient
                    size = math.sqrt(u / (1.0 - c["beta2"] ** self.t))
                    p -= c["lr"] * (m / (1.0 - c["beta1"] ** self.t)) / (size + c["eps"])
                    kept = {f"m.{name}": m, f"v.{name}": u}
                self.places[name, at] = m, u
                new[name][at] = p
                for key, value in kept.items():
                    averages.setdefault(key, np.zeros(g.shape))[at] = value
        return new, averages


def _optimiser(config, inputs):
    optimiser, params, steps = ScalarOptimiser(config), group(inputs, "params"), []
    grads = group(inputs, "grads")
    for k in range(len(grads["W"])):
        params, averages = optimiser.step(params, {name: g[k] for name, g in grads.items()})
        steps.append({**averages, **{f"after.{name}": p for name, p in params.items()}})
    return stack(steps)


def _clipped(grads, max_norm):
    norm = math.sqrt(math.fsum(float(v) ** 2 for g in grads.values() for v in g.flat))
    return norm, {name: g * (max_norm / norm) if norm > max_norm else g
                  for name, g in grads.items()}


def _clip(config, inputs):
    norm, clipped = _clipped(group(inputs, "grads"), config["max_norm"])
    return {"norm": np.array(norm), **{f"clipped.{name}": g for name, g in clipped.items()}}


def _training(config, inputs):
    params, optimiser, steps = group(inputs, "params"), ScalarOptimiser(config), []
    for k in range(config["steps"]):
        network = make_network(config, params, np.float64)
        x, target, mask = batch(inputs, k)
        zero = network.zero_state(x.shape[1])
        y = run_twin(network, x, zero, None, zero)[0]
        value, dy = TEXTBOOK_LOSSES[config["loss"]][1](y, target, mask)
        _, grads, _, _ = run_twin(network, x, zero, dy, zero)
        grads = {name: grads[name] for name in network.trainable}
        applied = _clipped(grads, config["max_norm"])[1] if "max_norm" in config else grads
        params, _ = optimiser.step(params, applied)
        for name in grads:
            if name.endswith(".decay"):
                params[name] = np.minimum(np.maximum(params[name], 0.0), 1.0)
        steps.append({"losses": np.array(value), **{f"grad.{name}": g for name, g in grads.items()},
                      **{f"after.{name}": params[name].copy() for name in grads}})
    return stack(steps)


SCALAR = {**dict.fromkeys(LAYERS, _layer), "loss": _loss, "optimiser": _optimiser, "clip": _clip,
          "training": _training, "pcm": scalar_devices, "pcm-array": scalar_array}
