"""Losses, optimisers, clipping, training runs and phase-change devices as lines of text.

    loss_numbers, optimiser_numbers, clip_numbers, training_numbers, device_numbers
        (config, inputs, edits) -> the outputs of a case

edits: name of a line -> another text; with none the numbers are right, apart from losses
of logits so large that the plain formulas overflow.
"""
import math

import numpy as np

from ..cases.case import group
from ..cases.reference_training import batch, make_network, stack
from ..cases.scalar_pcm import Device, Parts, scalar_array, scalar_devices
from ..program.functions import ARRAYS
from ..program.step import compute

MSE, NLL = "mean_square_error", "bernoulli_nll"
RESULTS = ("value", "dy", "after")
NAMES = {**ARRAYS, "log": np.log, "min": min, "max": max}


def softmax(y, axis):
    """exp(y) over its sum."""
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _run(lines, edits, names):
    """The values of all lines; an edit of a RESULT may go on from the right value."""
    names = {**NAMES, **names}
    for name, text in lines.items():
        if name not in edits or name in RESULTS:
            names[name] = compute(text, names)
        if name in edits:
            names[name] = compute(edits[name], names)
    return names


# ---- losses -------------------------------------------------------------------------------------

FIRST = {"y": "y", "counted": "mask"}
LOSSES = {
    MSE: {**FIRST, "steps": "mask.sum(0)", "weight": "counted / steps",
          "d": "over_time(weight, y) - target", "value": "(d**2).mean()",
          "dy": "weight[..., None] * d * 2 / (B * n)"},
    NLL: {**FIRST, "N": "mask.sum()", "p": "sigmoid(y)",
          "terms": "maximum(y, 0) - target * y + log(1 + exp(-abs(y)))",
          "total": "(counted * terms.sum(-1)).sum()",
          "value": "(counted / N * terms.sum(-1)).sum()",
          "dy": "(counted / N)[..., None] * (p - target)"},
    "softmax_cross_entropy": {
        **FIRST, "N": "mask.sum()", "p": "softmax(y, -1)", "terms": "-hot * log_of(p, y)",
        "total": "(counted * terms.sum(-1)).sum()", "value": "(counted / N * terms.sum(-1)).sum()",
        "dy": "(counted / N)[..., None] * (p - hot)"},
}


@np.errstate(all="ignore")
def loss_numbers(config, inputs, edits=None):
    """value and dy of a loss."""
    y, target, edits = inputs["y"], inputs["target"], edits or {}
    T, B, n = y.shape
    mask = np.ones((T, B)) if inputs.get("mask") is None else inputs["mask"].astype(float)
    names = dict(y=y, target=target, mask=mask, T=T, B=B, n=n, ones=np.ones((T, B)),
                 softmax=softmax,
                 last_real=mask * (np.cumsum(mask[::-1], axis=0)[::-1] == 1),
                 over_time=lambda w, a: np.einsum("tb,tbn->bn", w, a),
                 nll_of=lambda p: -np.log(p) * target - np.log(1 - p) * (1 - target),
                 log_of=lambda p, y: np.where(p > 0, np.log(np.maximum(p, 1e-300)),
                                              y - y.max(-1, keepdims=True)))
    if config["loss"] not in (MSE, NLL):
        names["hot"] = np.eye(n)[target]
    names = _run(LOSSES[config["loss"]], edits, names)
    return {"value": np.array(names["value"]), "dy": names["dy"]}


# ---- optimisers, clipping -----------------------------------------------------------------------

RULES = {
    "sgd": {"fresh": "0", "t": "t", "g": "g", "velocity": "momentum * velocity + g",
            "after": "p - lr * velocity"},
    "adam": {"fresh": "0", "t": "t", "g": "g", "m": "beta1 * m + (1 - beta1) * g",
             "v": "beta2 * v + (1 - beta2) * g**2", "m_hat": "m / (1 - beta1**t)",
             "v_hat": "v / (1 - beta2**t)", "after": "p - lr * m_hat / (sqrt(v_hat) + eps)"},
}
AVERAGES = {"sgd": ("velocity",), "adam": ("m", "v")}


@np.errstate(all="ignore")
def updated(config, p, g, averages, t, edits):
    """A parameter after one step; its running averages are changed in place."""
    numbers = {k: v for k, v in config.items() if isinstance(v, (int, float))}
    zero = {name: 0.0 * g for name in (*AVERAGES[config["optimiser"]], "largest")}
    old = zero if edits.get("fresh") == "1" else {**zero, **averages}
    names = _run(RULES[config["optimiser"]], edits, {**numbers, **old, "p": p, "g": g, "t": t})
    averages.update({name: names[name] for name in AVERAGES[config["optimiser"]]})
    averages["largest"] = names.get("v_hat", 0.0)
    return names["after"]


def optimiser_numbers(config, inputs, edits=None):
    """Running averages and parameters after each step."""
    outputs, all_grads = {}, group(inputs, "grads")
    for name, p in group(inputs, "params").items():
        averages, rows = {}, []
        for t, g in enumerate(all_grads[name], 1):
            p = updated(config, p, g, averages, t, edits or {})
            rows.append({**averages, "after": p})
        outputs.update({f"{key}.{name}": np.stack([row[key] for row in rows])
                        for key in rows[0] if key != "largest"})
    if config["optimiser"] == "sgd" and not config["momentum"]:
        outputs = {name: a for name, a in outputs.items() if name.startswith("after.")}
    return outputs


def clip(grads, max_norm, edits):
    """The norm and the clipped gradients."""
    norm = float(np.sqrt(sum((g ** 2).sum() for g in grads.values())))
    lines = {"norm": "norm", "factor": "min(1, max_norm / norm)", "clipped": "g * factor"}
    clipped = {}
    for name, g in grads.items():
        names = _run(lines, edits, dict(norm=norm, max_norm=max_norm, g=g,
                                        own_norm=float(np.sqrt((g ** 2).sum()))))
        clipped[name] = names["clipped"]
    return names["norm"], clipped


def clip_numbers(config, inputs, edits=None):
    """The outputs of a case of clipping."""
    norm, clipped = clip(group(inputs, "grads"), config["max_norm"], edits or {})
    return {"norm": np.array(norm), **{f"clipped.{name}": g for name, g in clipped.items()}}


# ---- training runs ------------------------------------------------------------------------------

RUN = {"batch": "k", "start": "None", "grads": "grads", "shown": "grads", "after": "new",
       "losses": "loss", "decay": "clip(value, 0, 1)", "trained": "True"}


@np.errstate(all="ignore")
def training_numbers(config, inputs, edits=None, network_of=make_network):
    """losses, gradients and parameters of a training run."""
    edits = edits or {}
    text = {**RUN, **{name: edits[name] for name in RUN if name in edits and edits[name] in (
        "old", *edits.values()) and not (name == "after" and edits[name] != "old")}}
    others = {name: line for name, line in edits.items() if line != text.get(name)}
    loss_config = {"loss": config["loss"]}
    params, averages, state, steps = group(inputs, "params"), {}, None, []
    total, total_applied = {}, {}
    for k in range(config["steps"]):
        network = network_of(config, params, np.float64)
        x, target, mask = batch(inputs, compute(text["batch"], {"k": k}))
        y, cache = network.forward(x, compute(text["start"], {"state": state}))
        given = {"y": y, "target": target, "mask": mask}
        found = loss_numbers(loss_config, given, others)
        _, grads, _ = network.backward(found["dy"], cache, need_dx=False)
        grads = {name: compute(text["grads"], {
            "grads": grads[name], "total": total.get(name, 0.0),
            "total_applied": total_applied.get(name, 0.0)}) for name in network.trainable}
        applied = clip(grads, config["max_norm"], others)[1] if "max_norm" in config else grads
        total, total_applied, old, params = grads, applied, params, dict(params)
        for name, g in applied.items():
            if compute(text["trained"], {"name": name}):
                params[name] = updated(config, params[name], g, averages.setdefault(name, {}),
                                       k + 1, others)
                if name.endswith(".decay"):
                    params[name] = compute(text["decay"], {**NAMES, "value": params[name]})
        state, loss = cache.state, {"loss": found["value"]}
        if "loss_after" in text["losses"]:
            given["y"] = network_of(config, params, np.float64).forward(x, None)[0]
            loss["loss_after"] = loss_numbers(loss_config, given, others)["value"]
        steps.append({"losses": np.array(compute(text["losses"], loss)), **{
            f"grad.{name}": compute(text["shown"], {"grads": g, "applied": applied[name]})
            for name, g in grads.items()}, **{f"after.{name}": compute(text["after"], {
                "new": params[name], "old": old[name]}) for name in grads}})
    return stack(steps)


# ---- devices ------------------------------------------------------------------------------------

DEVICE = {
    "memory": "P * exp(-1 / 2.6)", "pulse_spread": "0.091 * G0 + 0.260 + 2.15 * P",
    "G_pulse": "clamp(G_new, 0.1, 20)", "pulse_time": "t", "pulse_t0": "38.6",
    "log_r": "log(r)", "mu": "clamp(-0.0155 * log_r + 0.0244, 0.049, 0.1)",
    "sigma": "clamp(-0.0125 * log_r - 0.0059, 0.008, 0.045)", "nu": "abs(mu + sigma * N_drift)",
    "program_spread": "0.26348 + 1.9650 * r - 1.1731 * r * r", "G_program": "max(G_new, 0)",
    "age": "max(t - written, t0)", "drifted": "G0 * (age / t0)**-nu",
    "white": "G + (0.03 * G + 0.13) * N", "Q": "min(0.0088 / max(G0 / 25, 1e-7)**0.65, 0.2)",
    "flicker": "max(G * (1 + Q * sqrt(log((age + 250e-9) / 500e-9)) * N), 0)",
    "digitise": "round(value / step)", "digitise_step": "25 / (2**bits - 1)",
    "quantise": "round(value / step)", "quantise_step": "2 * bound / (2**bits - 2)", "top": "top",
    "whole": "trunc(x)", "remainder": "chi - n * 0.77", "side": "0 if n > 0 else 1",
    "next_pair": "(pair + 1) % pairs", "worn": "max(read) > 8 and abs(d) < 6",
    "target": "abs(d) + other",
}
MATH = {"exp": math.exp, "log": math.log, "log10": math.log10, "sqrt": math.sqrt, "abs": abs,
        "min": min, "max": max, "round": round, "floor": math.floor, "trunc": math.trunc,
        "inf": math.inf, "clamp": lambda value, low, high: min(max(value, low), high)}


def device_numbers(config, inputs, edits=None):
    """The outputs of a case of devices or of an array."""
    text = {**DEVICE, **(edits or {})}

    def line(name, **names):
        return compute(text[name], {**MATH, **names})

    class Edited(Device):
        """The device of the second derivation, with its lines as text."""

        def pulse(self, t, N):
            self.P = line("memory", P=self.P)
            mean = -0.084 * self.G0 + 0.880 + 1.40 * self.P
            spread = line("pulse_spread", G0=self.G0, P=self.P, mean=mean)
            self.G0 = line("G_pulse", G_new=self.G0 + mean + spread * N)
            self.nu, self.t0 = 0.04, line("pulse_t0")
            self.written = line("pulse_time", t=t, written=self.written)

        def program(self, target, t, N, N_drift):
            r = target / 25.0
            self.G0 = line("G_program", G_new=target + line("program_spread", r=r) * N)
            log_r = line("log_r", r=max(r, 1e-7))
            mu, sigma = line("mu", log_r=log_r), line("sigma", log_r=log_r)
            self.nu = line("nu", mu=mu, sigma=sigma, N_drift=N_drift)
            self.P, self.t0, self.written = 0.0 if target > 0.0 else 1.0, 20.0, t

        def age(self, t):
            return line("age", t=t, written=self.written, t0=self.t0)

        def G(self, t):
            return line("drifted", G0=self.G0, age=self.age(t), t0=self.t0, nu=self.nu)

        def white(self, t, N):
            return line("white", G=self.G(t), G0=self.G0, N=N)

        def flicker(self, t, N):
            Q = line("Q", G0=self.G0, G=self.G(t))
            return line("flicker", G=self.G(t), Q=Q, age=self.age(t), N=N)

    def digitise(value, bits):
        step, top = line("digitise_step", bits=bits), line("top", top=2 ** bits - 1)
        return min(max(line("digitise", value=value, step=step), 0), top) * step

    def quantise(value, bits, bound):
        step = line("quantise_step", bits=bits, bound=bound)
        top = line("top", top=2 ** (bits - 1) - 1)
        return min(max(line("quantise", value=value, step=step), -top), top) * step

    parts = Parts(Edited, digitise, quantise, lambda x: line("whole", x=x),
                  lambda chi, n: line("remainder", chi=chi, n=n), lambda n: line("side", n=n),
                  lambda pair, pairs: line("next_pair", pair=pair, pairs=pairs),
                  lambda read, d: line("worn", read=read, d=d),
                  lambda d, other: line("target", d=d, other=other))
    return (scalar_devices if config["unit"] == "pcm" else scalar_array)(config, inputs, parts)
