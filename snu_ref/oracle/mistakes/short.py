"""Losses, optimisers, clipping and training runs as lines of text.

    loss_numbers, optimiser_numbers, clip_numbers, training_numbers
        (config, inputs, edits) -> the outputs of a case

edits: name of a line of `program/lines.txt` -> another text. Without edits the numbers are right,
except losses of very large logits, where the plain formulas overflow.
"""
import numpy as np

from ..cases.case import group
from ..cases.reference_training import batch, make_network, stack
from ..program.functions import ARRAYS
from ..program.lines import Lines

NAMES = {**ARRAYS, "log": np.log, "min": min, "max": max}


def softmax(y, axis):
    """exp(y) over its sum."""
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@np.errstate(all="ignore")
def loss_numbers(config, inputs, edits):
    """The value and dy of a loss."""
    y, target, (T, B, n) = inputs["y"], inputs["target"], inputs["y"].shape
    mask = np.ones((T, B)) if inputs.get("mask") is None else inputs["mask"].astype(float)
    names = Lines(config, edits, NAMES).all(
        "loss", y=y, target=target, mask=mask, T=T, B=B, n=n, ones=np.ones((T, B)), softmax=softmax,
        hot=np.eye(n)[target] if config["loss"] == "softmax_cross_entropy" else None,
        last_real=mask * (np.cumsum(mask[::-1], axis=0)[::-1] == 1),
        over_time=lambda w, a: np.einsum("tb,tbn->bn", w, a),
        nll_of=lambda p: -np.log(p) * target - np.log(1 - p) * (1 - target),
        log_of=lambda p, y: np.where(p > 0, np.log(np.maximum(p, 1e-300)),
                                     y - y.max(-1, keepdims=True)))
    return {"value": np.array(names["value"]), "dy": names["dy"]}


def updated(config, lines, p, g, before, t):
    """The lines of one step of a parameter p, by name; before: those of the step before, or {}."""
    before = {} if lines.text["fresh"] == "1" else before
    names = lines.all("optimiser", **{
        **config, "velocity": 0.0, "m": 0.0, "v": 0.0, **before, "p": p, "g": g, "t": t,
        "largest": before.get("v_hat", 0.0)})
    return {name: names[name] for name in lines.sections["optimiser"]}


@np.errstate(all="ignore")
def optimiser_numbers(config, inputs, edits):
    """Running averages and parameters after each step."""
    outputs, lines, all_grads = {}, Lines(config, edits, NAMES), group(inputs, "grads")
    kept = ("m", "v") if config["optimiser"] == "adam" else ("velocity",) * bool(config["momentum"])
    for name, p in group(inputs, "params").items():
        steps = [{"after": p}]
        for t, g in enumerate(all_grads[name], 1):
            steps.append(updated(config, lines, steps[-1]["after"], g, steps[-1], t))
        outputs.update({f"{key}.{name}": np.stack([step[key] for step in steps[1:]])
                        for key in (*kept, "after")})
    return outputs


def clip_numbers(config, inputs, edits):
    """The norm and the clipped gradients."""
    def norm(*arrays):
        return float(np.sqrt(sum((g ** 2).sum() for g in arrays)))
    grads, lines = group(inputs, "grads"), Lines(config, edits, NAMES)
    found = {name: lines.all("clip", g=g, own_norm=norm(g), norm=norm(*grads.values()),
                             max_norm=config["max_norm"]) for name, g in grads.items()}
    return {**{f"clipped.{name}": one["clipped"] for name, one in found.items()},
            "norm": np.array(next(iter(found.values()))["norm"])}


@np.errstate(all="ignore")
def training_numbers(config, inputs, edits, network_of=make_network):
    """losses, gradients and parameters of a training run."""
    lines, params, state, steps = Lines(config, edits, NAMES), group(inputs, "params"), None, []
    line, before, total, total_applied = lines.line, {}, {}, {}
    for k in range(config["steps"]):
        network = network_of(config, params, np.float64)
        x, target, mask = batch(inputs, line("batch", k=k))
        y, cache = network.forward(x, line("start", state=state))
        given = {"y": y, "target": target, "mask": mask}
        found = loss_numbers(config, given, edits)
        _, grads, _ = network.backward(found["dy"], cache, need_dx=False)
        grads = {name: line("grads", grads=grads[name], total=total.get(name, 0.0),
                            total_applied=total_applied.get(name, 0.0))
                 for name in network.trainable}
        applied = grads if "max_norm" not in config else group(clip_numbers(
            config, {f"grads.{name}": g for name, g in grads.items()}, edits), "clipped")
        total, total_applied, old, params = grads, applied, params, dict(params)
        for name, g in applied.items():
            if line("trained", name=name):
                before[name] = updated(config, lines, old[name], g, before.get(name, {}), k + 1)
                params[name] = before[name]["after"]
                if name.endswith(".decay"):
                    params[name] = line("decay", value=params[name])
        state, loss = cache.state, {"loss": found["value"]}
        if "loss_after" in lines.text["losses"]:
            given["y"] = network_of(config, params, np.float64).forward(x, None)[0]
            loss["loss_after"] = loss_numbers(config, given, edits)["value"]
        steps.append({"losses": np.array(line("losses", **loss)), **{
            f"grad.{name}": line("shown", grads=g, applied=applied[name])
            for name, g in grads.items()}, **{f"after.{name}": line(
                "shown_after", new=params[name], old=old[name]) for name in grads}})
    return stack(steps)
