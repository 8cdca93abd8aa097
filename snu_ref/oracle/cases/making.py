"""Making a case: seeds are tried until the case is fit, and its evidence is put on record.

A drawn case is fit if no unit comes within MARGIN of a branch, units neither stay silent nor always
fire, and every gradient is of order 1, but for those that are zero by construction.
"""
from collections import Counter

from . import derivations as evidence
from .case import Draws
from .manifest import HEAD, all_arrays
from .reference import outputs_of
from .storage import digest
from .tolerances import AGREE, AGREE_COMPLEX, FLOAT64, HEADROOM, MARGIN, float32_tolerance

ALIVE_RATE = (0.05, 0.95)   # ours, spike rates of every layer
ALIVE_SIZE = (0.02, 64.0)   # ours, largest element of every gradient
ATTEMPTS = 400
FORWARD = ("z", "s", "v", "y", "end.s", "end.y")  # what "forward" exactness covers
AGREEMENT = {"twin": AGREE, "tape": AGREE, "complex": AGREE_COMPLEX}


def make_case(definition, methods=tuple(AGREEMENT)):
    """The manifest's entry of a case, its inputs and its outputs.

    methods: the derivations that must agree. Raises ValueError if no seed is fit, or if they
    disagree.
    """
    d, config = definition, definition.config
    unknown = set(d.flags) - set(HEAD["flags"])
    if unknown:
        raise ValueError(f"{d.id}: unknown flags {sorted(unknown)}")
    attempt, inputs, outputs = _first_fit(d)
    derivations = evidence.differences(config, inputs, outputs, methods)
    for method, difference in derivations.items():
        if not difference <= AGREEMENT[method]:
            raise ValueError(f"{d.id}: the {method} derivation differs by {difference:.1e}")
    return {**describe(d, inputs, outputs),
            "evidence": {method: _short(value, 2) for method, value in derivations.items()},
            "rounding": _short(evidence.rounding(config, inputs, outputs), 2), "attempt": attempt,
            "digest": digest(all_arrays(inputs, outputs))}, inputs, outputs


def remake(entry, definition):
    """The arrays of a case on record, made again from its definition and the seed found for it."""
    inputs = definition.make(Draws(definition.id, entry["attempt"]))
    return all_arrays(inputs, outputs_of(definition.config, inputs))


def _first_fit(definition):
    """(attempt, inputs, outputs) of the first seed that is fit."""
    reasons = Counter()
    for attempt in range(ATTEMPTS if definition.alive else 1):
        inputs = definition.make(Draws(definition.id, attempt))
        outputs = outputs_of(definition.config, inputs)
        reason = _unfit(definition, inputs, outputs)
        if not reason:
            return attempt, inputs, outputs
        reasons[reason] += 1
    raise ValueError(f"{definition.id}: no seed is fit: {dict(reasons)}")


def zero_by_construction(config, inputs):
    """Names of gradients that are 0 whatever the numbers: y_0 acts through H and the gate only."""
    without = config["unit"] == "snu" and not config["recurrent"] and (
        config["reset_grad"] == "detached" or not inputs["state.s"].any())
    return {"start.y"} if without else set()


def _unfit(definition, inputs, outputs):
    config = definition.config
    if definition.unfit and (reason := definition.unfit(config, inputs, outputs)):
        return reason
    margins, rates = evidence.branches(config, inputs, outputs)
    if not definition.exact and min(margins.values(), default=1.0) < MARGIN:
        return "margin"
    if not definition.alive:
        return ""
    if not all(ALIVE_RATE[0] <= rate <= ALIVE_RATE[1] for rate in rates):
        return "spike rate"
    zero = zero_by_construction(config, inputs)
    for name, g in evidence.gradients(outputs).items():
        size = abs(g).max()
        if name in zero:
            if size:
                return f"{name} should be zero"
        elif not ALIVE_SIZE[0] <= size <= ALIVE_SIZE[1]:
            return f"size of {name}"
    return ""


def describe(definition, inputs, outputs):
    """What the manifest says of a case, but for the evidence and where the numbers came from."""
    d, config = definition, definition.config
    exact = [name for name in outputs
             if d.exact == "all" or d.exact == "forward" and name in FORWARD]
    if config.get("h") == "step":  # spikes are 0 or 1; no unit is near its threshold unless exact
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
    """The bound in float32, from a run in it; there what is said to be exact is not rounded."""
    if d.float64_only:
        return {"bound": None, "reason": d.float64_only}
    single = outputs_of(d.config, inputs, "float32")
    for name in exact:
        if name in single and (single[name] != outputs[name]).any():
            raise ValueError(f"{d.id}: {name} is listed as exact, but float32 rounds it")
    measured = evidence.worst(single, outputs)
    tolerance = float32_tolerance(measured, d.least)
    if not measured * HEADROOM / 3 <= tolerance["bound"]:
        raise ValueError(f"{d.id}: float32 error {measured:.1e} leaves too little room below the "
                         "bound")
    return tolerance


def _short(value, digits=4):
    return None if value is None else float(f"{value:.{digits}g}")
