"""Losses, optimisers, clipping, training runs and phase-change devices as lines of text.

    loss_numbers, optimiser_numbers, clip_numbers, training_numbers, device_numbers
        (config, inputs, edits) -> the outputs of a case

edits: name of a line of `program/lines.txt` -> another text. Without edits the numbers are right,
except losses of very large logits, where the plain formulas overflow.
"""
import math

import numpy as np

from ..cases.case import group
from ..cases.reference_training import batch, make_network, stack
from ..cases.scalar_pcm import Device, Parts, scalar_array, scalar_devices
from ..program.functions import ARRAYS
from ..program.lines import compute, compute_lines, right_lines

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
    names = dict(NAMES, y=y, target=target, mask=mask, T=T, B=B, n=n, ones=np.ones((T, B)),
                 softmax=softmax,
                 last_real=mask * (np.cumsum(mask[::-1], axis=0)[::-1] == 1),
                 over_time=lambda w, a: np.einsum("tb,tbn->bn", w, a),
                 nll_of=lambda p: -np.log(p) * target - np.log(1 - p) * (1 - target),
                 log_of=lambda p, y: np.where(p > 0, np.log(np.maximum(p, 1e-300)),
                                              y - y.max(-1, keepdims=True)))
    if config["loss"] == "softmax_cross_entropy":
        names["hot"] = np.eye(n)[target]
    names = compute_lines(right_lines(config, "loss"), edits, names)
    return {"value": np.array(names["value"]), "dy": names["dy"]}


# ---- optimisers, clipping -----------------------------------------------------------------------

AVERAGES = {"sgd": ("velocity",), "adam": ("m", "v")}


@np.errstate(all="ignore")
def updated(config, p, g, averages, t, edits):
    """A parameter after one step; its running averages are changed in place."""
    numbers = {k: v for k, v in config.items() if isinstance(v, (int, float))}
    zero = {name: 0.0 * g for name in (*AVERAGES[config["optimiser"]], "largest")}
    old = zero if edits.get("fresh") == "1" else {**zero, **averages}
    names = compute_lines(right_lines(config, "optimiser"), edits,
                          {**NAMES, **numbers, **old, "p": p, "g": g, "t": t})
    averages.update({name: names[name] for name in AVERAGES[config["optimiser"]]})
    averages["largest"] = names.get("v_hat", 0.0)
    return names["after"]


def optimiser_numbers(config, inputs, edits):
    """Running averages and parameters after each step."""
    outputs, all_grads = {}, group(inputs, "grads")
    for name, p in group(inputs, "params").items():
        averages, rows = {}, []
        for t, g in enumerate(all_grads[name], 1):
            p = updated(config, p, g, averages, t, edits)
            rows.append({**averages, "after": p})
        outputs.update({f"{key}.{name}": np.stack([row[key] for row in rows])
                        for key in rows[0] if key != "largest"})
    if config["optimiser"] == "sgd" and not config["momentum"]:
        outputs = {name: a for name, a in outputs.items() if name.startswith("after.")}
    return outputs


def clip_numbers(config, inputs, edits):
    """The norm and the clipped gradients."""
    def norm(*arrays):
        return float(np.sqrt(sum((g ** 2).sum() for g in arrays)))
    grads, lines = group(inputs, "grads"), right_lines(config, "clip")
    names = {**NAMES, "norm": norm(*grads.values()), "max_norm": config["max_norm"]}
    found = {name: compute_lines(lines, edits, {**names, "g": g, "own_norm": norm(g)})
             for name, g in grads.items()}
    return {**{f"clipped.{name}": one["clipped"] for name, one in found.items()},
            "norm": np.array(next(iter(found.values()))["norm"])}


# ---- training runs ------------------------------------------------------------------------------

@np.errstate(all="ignore")
def training_numbers(config, inputs, edits, network_of=make_network):
    """losses, gradients and parameters of a training run."""
    text = {**right_lines(config, "training"), **edits}

    def line(name, /, **names):
        return compute(text[name], {**NAMES, **names})
    params, averages, state, steps = group(inputs, "params"), {}, None, []
    total, total_applied = {}, {}
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
                params[name] = updated(config, params[name], g, averages.setdefault(name, {}),
                                       k + 1, edits)
                if name.endswith(".decay"):
                    params[name] = line("decay", value=params[name])
        state, loss = cache.state, {"loss": found["value"]}
        if "loss_after" in text["losses"]:
            given["y"] = network_of(config, params, np.float64).forward(x, None)[0]
            loss["loss_after"] = loss_numbers(config, given, edits)["value"]
        steps.append({"losses": np.array(line("losses", **loss)), **{
            f"grad.{name}": line("shown", grads=g, applied=applied[name])
            for name, g in grads.items()}, **{f"after.{name}": line(
                "shown_after", new=params[name], old=old[name]) for name in grads}})
    return stack(steps)


# ---- devices ------------------------------------------------------------------------------------

MATH = {**vars(math), "abs": abs, "min": min, "max": max, "round": round,
        "clamp": lambda value, low, high: min(max(value, low), high)}
ARRAY = {"whole": ("x",), "remainder": ("chi", "n"), "side": ("n",), "next_pair": ("pair", "pairs"),
         "worn": ("read", "d"), "target": ("d", "other")}   # the arguments of an array's lines


def device_numbers(config, inputs, edits):
    """The outputs of a case of devices or of an array."""
    def lines(section, **names):
        return compute_lines(right_lines(config, section), edits, {**MATH, **names})

    class Edited(Device):
        """The device of `scalar_pcm`, with its equations as lines of text."""

        def pulse(self, t, N):
            new = lines("pulse", **vars(self), t=t, N=N)
            self.P, self.G0, self.nu = new["P"], new["G_pulse"], 0.04
            self.t0, self.written = new["pulse_t0"], new["pulse_time"]

        def program(self, target, t, N, N_drift):
            new = lines("program", target=target, N=N, N_drift=N_drift)
            self.G0, self.nu, self.P = new["G_program"], new["nu"], float(not target > 0)
            self.t0, self.written = 20.0, t

        def _read(self, name, **names):
            return lines(name, **vars(self), **names)[name]

        def age(self, t):
            return self._read("age", t=t)

        def G(self, t):
            return self._read("drifted", age=self.age(t))

        def white(self, t, N):
            return self._read("white", G=self.G(t), N=N)

        def flicker(self, t, N):
            return self._read("flicker", G=self.G(t), age=self.age(t), N=N)

    def converted(kind, signed, **names):
        names = lines(kind, **names)
        low = -names["top"] if signed else 0
        return MATH["clamp"](names[kind], low, names["top"]) * names[f"{kind}_step"]

    def of_array(name):
        text = {**right_lines(config, "array"), **edits}[name]
        return lambda *values: compute(text, {**MATH, **dict(zip(ARRAY[name], values))})
    parts = Parts(Edited, lambda value, bits: converted("digitise", False, value=value, bits=bits),
                  lambda value, bits, bound: converted("quantise", True, value=value, bits=bits,
                                                       bound=bound), *map(of_array, ARRAY))
    return (scalar_devices if config["unit"] == "pcm" else scalar_array)(config, inputs, parts)
