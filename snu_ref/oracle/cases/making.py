"""Make a case: try seeds until the random numbers fit, then record the evidence.

Numbers fit if no unit comes within MARGIN of a branch, if no layer is silent or always fires, and
if every gradient is of order 1, except those that are zero by construction.
"""
from collections import Counter

from ..program.step import FORWARD
from . import derivations as evidence
from .case import Draws
from .manifest import HEAD, all_arrays
from .reference import outputs_of, run_layer
from .storage import digest
from .tolerances import AGREE, AGREE_COMPLEX, FLOAT64, HEADROOM, MARGIN, float32_tolerance

ALIVE_RATE = (0.05, 0.95)   # our choice: limits of the spike rate of every layer
ALIVE_SIZE = (0.02, 64.0)   # our choice: limits of the largest element of every gradient
ATTEMPTS = 400              # our choice: the most seeds that are tried
AGREEMENT = {"twin": AGREE, "tape": AGREE, "complex": AGREE_COMPLEX}


def make_case(definition, methods=tuple(AGREEMENT)):
    """The manifest entry of a case, its inputs and its outputs.

    methods: the derivations that must agree. Raises ValueError if they do not, or if no seed fits.
    """
    d, config = definition, definition.config
    if unknown := set(d.flags) - set(HEAD["flags"]):
        raise ValueError(f"{d.id}: unknown flags {sorted(unknown)}")
    attempt, inputs, outputs, described = _first_fit(d)
    derivations = evidence.differences(config, inputs, outputs, methods)
    for method, difference in derivations.items():
        if not difference <= AGREEMENT[method]:
            raise ValueError(f"{d.id}: the {method} derivation differs by {difference:.1e}")
    return {**described,
            "evidence": {method: _short(value, 2) for method, value in derivations.items()},
            "rounding": _short(evidence.rounding(config, inputs, outputs), 2), "attempt": attempt,
            "digest": digest(all_arrays(inputs, outputs))}, inputs, outputs


def remake(entry, definition):
    """The arrays of a recorded case, computed again from its definition and its seed."""
    inputs = definition.make(Draws(definition.id, entry["attempt"]))
    return all_arrays(inputs, outputs_of(definition.config, inputs))


def _first_fit(d):
    """(attempt, inputs, outputs, `describe`) of the first seed that fits."""
    reasons = Counter()
    for attempt in range(ATTEMPTS if d.alive else 1):
        inputs = d.make(Draws(d.id, attempt))
        reason = d.unfit and d.unfit(d.config, inputs, run_layer(d.config, inputs, adjoints=False))
        outputs = {} if reason else outputs_of(d.config, inputs)  # runs the twin, which is slow
        reason = reason or _unfit(d, inputs, outputs)
        try:
            if not reason:
                return attempt, inputs, outputs, describe(d, inputs, outputs)
        except ValueError as error:     # float32 is too inexact, perhaps only with these numbers
            reason = str(error)
        reasons[reason] += 1
    raise ValueError(f"{d.id}: no seed fits: {dict(reasons)}")


def _unfit(definition, inputs, outputs):
    config = definition.config
    margins, rates = evidence.branches(config, inputs, outputs)
    if not definition.exact and min(margins.values(), default=1.0) < MARGIN:
        return "margin"
    if not definition.alive:
        return ""
    if not all(ALIVE_RATE[0] <= rate <= ALIVE_RATE[1] for rate in rates):
        return "spike rate"
    # dL/dy_0 is 0 by construction without H and gate, because y_0 has no effect
    no_effect = config["unit"] == "snu" and not config["recurrent"] and (
        config["reset_grad"] == "detached" or not inputs["state.s"].any())
    for name, g in evidence.gradients(outputs).items():
        size = abs(g).max()
        if no_effect and name == "start.y":
            if size:
                return f"{name} should be zero"
        elif not ALIVE_SIZE[0] <= size <= ALIVE_SIZE[1]:
            return f"size of {name}"
    return ""


def describe(definition, inputs, outputs):
    """The manifest's fields of a case, without its evidence and environment."""
    d, config = definition, definition.config
    exact = [name for name in outputs
             if d.exact == "all" or d.exact == "forward" and name in FORWARD]
    if config.get("h") == "step":  # 0 or 1; only exact cases have a v near the threshold
        exact += [name for name in ("y", "end.y") if name not in exact]
    margins, rates = evidence.branches(config, inputs, outputs)
    grads = evidence.gradients(outputs)
    return {
        "id": d.id, "family": d.family, "why": d.why, "flags": list(d.flags), "config": config,
        "inputs": {name: list(a.shape) for name, a in inputs.items()},
        "integers": [name for name, a in inputs.items() if a.dtype.kind == "i"],
        "outputs": {name: list(a.shape) for name, a in outputs.items()},
        "exact": exact, "zero": [name for name, g in grads.items() if not g.any()],
        "tolerance": {"float64": {"bound": FLOAT64, "reason": "float64"},
                      "float32": _single(d, inputs, outputs, exact)},
        "margin": {name: _short(value) for name, value in margins.items()},
        "spike_rate": [_short(rate) for rate in rates] or None,
        "gradient_norm": {name: _short(float((g ** 2).sum()) ** 0.5) for name, g in grads.items()
                          if not name.startswith("adj.")},
    }


def _single(d, inputs, outputs, exact):
    """The bound of a run in float32. Raises ValueError if the run rounds an array of `exact`."""
    if d.float64_only:
        return {"bound": None, "reason": d.float64_only}
    single = outputs_of(d.config, inputs, "float32")
    for name in exact:
        if name in single and (single[name] != outputs[name]).any():
            raise ValueError(f"float32 rounds {name}, which is listed as exact")
    measured = evidence.worst(single, outputs)
    tolerance = float32_tolerance(measured, d.least)
    if not measured * HEADROOM / 3 <= tolerance["bound"]:
        raise ValueError("the float32 error is too close to the bound")
    return tolerance


def _short(value, digits=4):
    return None if value is None else float(f"{value:.{digits}g}")
