"""Mistakes in optimisers and in clipping: what stands inside which root, which average, which norm.

    optimiser_numbers(config, inputs, rule)      the outputs of a case under an update rule
    clip_numbers(config, inputs, clip)           and under a rule of clipping

A rule takes (c, p, g, a, t): configuration, parameter, gradient, the dict of its running averages
(changed in place) and the step t from 1; it returns the new parameter. Both serve whole training
runs too.
"""
import numpy as np

from ..cases.case import group
from .entry import Mistake


# ---- the right rules, with places for mistakes ---------------------------------------------------

def sgd(c, p, g, a, t, velocity=lambda c, v, g, t: c["momentum"] * v + g,
        step=lambda c, v, g: c["lr"] * v):
    """velocity v = momentum v + g, then p - lr v."""
    if c["momentum"]:
        a["velocity"] = velocity(c, a.get("velocity", 0.0 * g), g, t)
        return p - step(c, a["velocity"], g)
    return p - step(c, g, g)


def adam(c, p, g, a, t, first=lambda c: c["beta1"], second=lambda c: c["beta2"],
         corrected=(1, 1), late=0, largest=False, root=lambda v, eps, b: np.sqrt(v) + eps,
         square=lambda g: g * g, weight=lambda beta: 1 - beta, kept=lambda old, v: v):
    """m and v, corrected for their start at 0, then p - lr m / (sqrt(v) + eps)."""
    b1, b2, k = first(c), second(c), t - late
    a["m"] = b1 * a.get("m", 0.0 * g) + weight(b1) * g
    a["v"] = b2 * a.get("v", 0.0 * g) + weight(b2) * square(g)
    if largest:
        a["largest"] = np.maximum(a.get("largest", a["v"]), a["v"])
    of_v = a["largest"] if largest else a["v"]
    m = a["m"] / (1 - b1 ** k) if corrected[0] else a["m"]
    v = of_v / (1 - b2 ** k) if corrected[1] else of_v
    a["top"] = kept(a.get("top", 0.0 * g), v)
    return p - c["lr"] * m / root(a["top"], c["eps"], 1 - b2 ** k)


def right_rule(c, p, g, a, t):
    """The rule that the configuration names."""
    return (sgd if c["optimiser"] == "sgd" else adam)(c, p, g, a, t)


def norm_of(grads):
    """The common norm of several tensors."""
    return float(np.sqrt(sum((g ** 2).sum() for g in grads.values())))


def right_clip(grads, c):
    """grads min(1, c/norm)."""
    norm = norm_of(grads)
    return {name: g * min(1.0, c / norm) for name, g in grads.items()}


# ---- the runs -----------------------------------------------------------------------------------

@np.errstate(all="ignore")
def optimiser_numbers(config, inputs, rule):
    """Running averages and parameters after each step, as a case lists its outputs."""
    params, grads = group(inputs, "params"), group(inputs, "grads")
    outputs = {}
    for name, p in params.items():
        a, rows = {}, []
        for t, g in enumerate(grads[name], 1):
            p = rule(config, p, g, a, t)
            rows.append({**a, "after": p})
        for key in rows[0]:
            outputs[f"{key}.{name}"] = np.stack([row[key] for row in rows])
    return {name: a for name, a in outputs.items() if not name.startswith(("top.", "largest."))}


def clip_numbers(config, inputs, clip, norm=norm_of):
    """The norm and the clipped gradients."""
    grads = group(inputs, "grads")
    clipped = clip(grads, config["max_norm"])
    return {"norm": np.array(norm(grads)), **{f"clipped.{name}": g for name, g in clipped.items()}}


# ---- the mistakes -------------------------------------------------------------------------------

RULES = {}   # name -> (text, optimiser, rule): also for training runs
CLIPS = {}   # name -> (text, clip)


def _adam(name, text, **options):
    RULES[name] = text, "adam", lambda c, p, g, a, t: adam(c, p, g, a, t, **options)


def _sgd(name, text, **options):
    RULES[name] = text, "sgd", lambda c, p, g, a, t: sgd(c, p, g, a, t, **options)


_adam("adam_eps_inside_root", "eps stands inside the root, m / sqrt(v + eps): m / (sqrt(v) + eps)",
      root=lambda v, eps, b: np.sqrt(v + eps))
_adam("adam_no_correction", "m and v are not corrected for their start at 0: m / (1 - beta1^t), "
      "v / (1 - beta2^t)", corrected=(0, 0))
_adam("adam_m_uncorrected", "m is not corrected for its start at 0: m / (1 - beta1^t)",
      corrected=(0, 1))
_adam("adam_v_uncorrected", "v is not corrected for its start at 0: v / (1 - beta2^t)",
      corrected=(1, 0))
_adam("adam_eps_uncorrected",
      "eps is added before the correction, sqrt(v) + eps with the uncorrected v (TensorFlow's "
      "epsilon-hat): sqrt(v / (1 - beta2^t)) + eps",
      root=lambda v, eps, b: np.sqrt(v) + eps / np.sqrt(b))
_adam("adam_correction_late", "the correction uses beta^(t-1): t counts from 1 at the first step",
      late=1)
_adam("adam_betas_exchanged", "beta1 and beta2 are exchanged: beta1 is that of m, beta2 of v",
      first=lambda c: c["beta2"], second=lambda c: c["beta1"])
_adam("adam_betas_default", "beta1 = 0.9 and beta2 = 0.999 whatever the case says: use its own",
      first=lambda c: 0.9, second=lambda c: 0.999)
_adam("adam_eps_default", "eps = 1e-8 whatever the case says: use its own",
      root=lambda v, eps, b: np.sqrt(v) + 1e-8)
_adam("adam_eps_left_out", "eps is left out: m / (sqrt(v) + eps)",
      root=lambda v, eps, b: np.sqrt(v))
_adam("adam_no_root", "the root is missing, m / (v + eps): m / (sqrt(v) + eps)",
      root=lambda v, eps, b: v + eps)
_adam("adam_maximum_of_v", "the largest v so far is used (AMSGrad): v itself", kept=np.maximum)
_adam("adam_maximum_of_uncorrected_v", "the largest v so far is used, taken before the correction "
      "(PyTorch's amsgrad): v itself", largest=True)
_adam("adam_weights_left_out", "m = beta1 m + g and v = beta2 v + g^2: the new term has the weight "
      "1 - beta", weight=lambda beta: 1.0)
_adam("adam_absolute", "v averages |g|: it averages g^2", square=np.abs)
_sgd("sgd_dampened",
     "the velocity is momentum v + (1 - momentum) g, a running mean: momentum v + g",
     velocity=lambda c, v, g, t: c["momentum"] * v + (1 - c["momentum"]) * g)
_sgd("sgd_dampened_after_first_step", "the velocity is momentum v + (1 - momentum) g, and g at the "
     "first step (PyTorch's dampening): momentum v + g",
     velocity=lambda c, v, g, t: g if t == 1 else c["momentum"] * v + (1 - c["momentum"]) * g)
_sgd("sgd_nesterov", "the step looks ahead, g + momentum v (Nesterov): p - lr v",
     step=lambda c, v, g: c["lr"] * (g + c["momentum"] * v) if v is not g else c["lr"] * g)
_sgd("sgd_lr_inside_velocity", "the learning rate is inside the velocity, v = momentum v + lr g, "
     "p - v (the same steps while lr is constant): v = momentum v + g, p - lr v",
     velocity=lambda c, v, g, t: c["momentum"] * v + c["lr"] * g,
     step=lambda c, v, g: v if v is not g else c["lr"] * g)
_sgd("sgd_momentum_left_out", "momentum is left out: v = momentum v + g",
     velocity=lambda c, v, g, t: g)
_sgd("sgd_momentum_default", "momentum = 0.9 whatever the case says: use its own",
     velocity=lambda c, v, g, t: 0.9 * v + g)
_sgd("sgd_old_velocity", "the step uses the velocity of the step before: first v = momentum v + g, "
     "then p - lr v",
     step=lambda c, v, g: c["lr"] * ((v - g) / c["momentum"] if v is not g else 0 * g))
for _name, _rule in (("sgd", sgd), ("adam", adam)):
    for _weight in (0.01, 0.0001):
        RULES[f"{_name}_decoupled_decay_{_weight}"] = (
            f"a weight decay of {_weight} shrinks the parameters (p - lr {_weight} p, as in "
            "AdamW): there is none", _name, lambda c, p, g, a, t, rule=_rule, w=_weight:
            rule(c, p, g, a, t) - c["lr"] * w * p)
        RULES[f"{_name}_weight_decay_{_weight}"] = (
            f"a weight decay of {_weight} is added to the gradients (g + {_weight} p): there is "
            "none",
            _name, lambda c, p, g, a, t, rule=_rule, w=_weight: rule(c, p, g + w * p, a, t))
    RULES[f"{_name}_ascent"] = ("the step goes up the gradient: down, it is subtracted from p",
                                _name,
                                lambda c, p, g, a, t, rule=_rule: 2 * p - rule(c, p, g, a, t))
    RULES[f"{_name}_state_not_kept"] = (
        "the running averages and the count of steps begin anew at every step: they are kept",
        _name, lambda c, p, g, a, t, rule=_rule: (a.clear(), rule(c, p, g, a, 1))[1])


def _clip(name, text, clip):
    CLIPS[name] = text, clip


_clip("clip_tensor_by_tensor", "each tensor is clipped by its own norm: by the common norm of all",
      lambda grads, c: {name: g * min(1.0, c / norm_of({0: g})) for name, g in grads.items()})
_clip("clip_elements", "each element is clipped to [-max_norm, max_norm]: all are multiplied by "
      "min(1, max_norm / norm)", lambda grads, c: {n: np.clip(g, -c, c) for n, g in grads.items()})
_clip("clip_always", "the gradients are scaled to max_norm always: only where the norm is larger, "
      "min(1, max_norm / norm)",
      lambda grads, c: {n: g * (c / norm_of(grads)) for n, g in grads.items()})
_clip("clip_with_1e-6", "1e-6 is added to the norm (as in PyTorch's clip_grad_norm_): "
      "min(1, max_norm / norm)",
      lambda grads, c: {n: g * min(1.0, c / (norm_of(grads) + 1e-6)) for n, g in grads.items()})
_clip("clip_by_square", "the norm lacks its root: sqrt of the sum of squares",
      lambda grads, c: {n: g * min(1.0, c / norm_of(grads) ** 2) for n, g in grads.items()})
_clip("clip_left_out", "nothing is clipped: all are multiplied by min(1, max_norm / norm)",
      lambda grads, c: dict(grads))

NORMS = {"clip_by_square": lambda grads: norm_of(grads) ** 2,
         "clip_with_1e-6": norm_of}


def _optimiser_mistake(name, text, optimiser, rule):
    def run(config, inputs):
        return optimiser_numbers(config, inputs, rule) if config["optimiser"] == optimiser else None
    return Mistake(name, text, ("optimiser",), run)


def _clip_mistake(name, text, clip):
    def run(config, inputs):
        return clip_numbers(config, inputs, clip, NORMS.get(name, norm_of))
    return Mistake(name, text, ("clip",), run)


OPTIMISER_MISTAKES = [*(_optimiser_mistake(name, *rest) for name, rest in RULES.items()),
                      *(_clip_mistake(name, *rest) for name, rest in CLIPS.items())]
