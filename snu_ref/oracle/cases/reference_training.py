"""The answers of the reference for losses, optimisers, clipping, and networks in training.

The training step for batch k starts from the zero state:

    y = network(x_k);   L, dy = loss(y, target_k, mask_k);   grads = backward(dy)
    clip the grads of trainable parameters if config asks for it;   optimiser.step
    clip a trained decay to [0, 1]
"""
import numpy as np

from ... import losses
from ...layers.dense import Dense
from ...layers.embedding import Embedding, TiedOutput
from ...network import Network
from ...optimisers import Adam, SGD, clip_by_norm
from ...recurrent.lstm import LSTM
from ...snu import SNU
from .case import group


def loss_outputs(config, inputs):
    """The value, of shape (), and dy of a loss."""
    value, dy = getattr(losses, config["loss"])(inputs["y"], inputs["target"], inputs.get("mask"))
    return {"value": np.array(value, dy.dtype), "dy": dy}


def make_optimiser(config):
    """The optimiser that config describes."""
    if config["optimiser"] == "sgd":
        return SGD(config["lr"], config["momentum"])
    return Adam(config["lr"], config["beta1"], config["beta2"], config["eps"])


def optimiser_outputs(config, inputs):
    """Running averages and parameters after each of the K steps: arrays (K, ...)."""
    optimiser, params = make_optimiser(config), group(inputs, "params")
    all_grads, steps = group(inputs, "grads"), []
    prefix = "velocity." if config["optimiser"] == "sgd" else ""
    for k in range(len(next(iter(all_grads.values())))):
        optimiser.step(params, {name: g[k] for name, g in all_grads.items()})
        averages = {prefix + name: a for name, a in optimiser.state.items() if name != "t"}
        after = {f"after.{name}": p for name, p in params.items()}
        steps.append({name: a.copy() for name, a in {**averages, **after}.items()})
    return stack(steps)


def clip_outputs(config, inputs):
    """The norm, of shape (), and the clipped gradients."""
    clipped, norm = clip_by_norm(group(inputs, "grads"), config["max_norm"])
    dtype = next(iter(clipped.values())).dtype
    return {"norm": np.array(norm, dtype), **{f"clipped.{name}": g for name, g in clipped.items()}}


def make_network(config, params, dtype):
    """The network of a training case; params, with names such as "0.W", are copied."""
    layers, rng = [], np.random.default_rng(0)
    for i, options in enumerate(config["layers"]):
        options, own = dict(options), group(params, str(i))
        kind = options.pop("layer")
        if kind == "tied_output":
            layer = TiedOutput(layers[options.pop("of")])
        elif kind == "embedding":
            layer = Embedding(*own["E"].shape, rng=rng, dtype=dtype)
        else:
            n_in, n = own["W"].shape[0], own["b"].size // (4 if kind == "lstm" else 1)
            unit = {"snu": SNU, "lstm": LSTM, "dense": Dense}[kind]
            layer = unit(n_in, n, rng=rng, dtype=dtype, **options)
        for name, value in own.items():
            layer.params[name][...] = value
        layers.append(layer)
    return Network(layers)


def batch(inputs, k):
    """x, target and mask (or None) of training step k."""
    mask = inputs.get("mask")
    return inputs["x"][k], inputs["target"][k], None if mask is None else mask[k]


def training_outputs(config, inputs):
    """The losses (K,); the gradients and new values of all trained parameters, arrays (K, ...)."""
    params = group(inputs, "params")
    network = make_network(config, params, next(iter(params.values())).dtype)
    optimiser, steps = make_optimiser(config), []
    for k in range(config["steps"]):
        x, target, mask = batch(inputs, k)
        y, cache = network.forward(x)
        value, dy = getattr(losses, config["loss"])(y, target, mask)
        _, grads, _ = network.backward(dy, cache, need_dx=False)
        grads = {name: grads[name] for name in network.trainable}
        applied = clip_by_norm(grads, config["max_norm"])[0] if "max_norm" in config else grads
        params = network.params
        optimiser.step(params, applied)
        for name in grads:
            if name.endswith(".decay"):
                np.clip(params[name], 0, 1, out=params[name])
        steps.append({"losses": np.array(value, dy.dtype),
                      **{f"grad.{name}": g for name, g in grads.items()},
                      **{f"after.{name}": params[name].copy() for name in grads}})
    return stack(steps)


def stack(steps):
    """Stack a list of dicts, one for each step: a dict of arrays whose first axis is the step."""
    return {name: np.stack([step[name] for step in steps]) for name in steps[0]}
