"""Failures that have one cause told as one story: what is claimed, and of which cases."""
from typing import Any, NamedTuple

import numpy as np

from ..mistakes import short
from ..program.printing import diff
from .held import held
from .network import network_with
from .others import Program
from .sets import texts
from .unit import PROPOSING, Unit

NEAR = 1e-3         # ours: relative errors below this, without an explanation, are lost digits
BOUNDARY = 0.2      # ours: so many cases at boundaries, without one of their own, belong to a story
OPTIONS = ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")


class Cause(NamedTuple):
    """Failing Results with one cause, the simplest first.

    grade: "confirmed" (all numbers of these cases follow from the edits), "held" (single lines hold
    with these edits), "digits" (only precision is lost) or "" (not explained).
    edits: [{"says", "line", ...}]; diff: [(reference, yours)]; lines: line -> what is known of it.
    """
    results: list
    grade: str = ""
    says: tuple = ()
    diff: tuple = ()
    form: str = ""
    others: tuple = ()
    digits: float = 0.0
    where: str = ""
    lines: Any = None
    beside: tuple = ()     # Results at boundaries that fail too, unexplained


def tell(results, dtype, steady=True):
    """The stories of all failed Results; where a port is not steady, only confirmed ones."""
    failed = {r.id: r for r in results if r.verdict == "failed"}
    unit = Unit(results, np.dtype(dtype).name)
    claims, left = unit.claims()
    rest = [r for r in failed.values() if r.entry["config"]["unit"] != "snu"]
    stories = []
    for claim in claims:
        mine = [failed[id] for id in claim.ids]
        if claim.edits is claims[0].edits:
            carried = [r for r in rest if r.entry["config"]["unit"] == "training"
                       and _carried(r, claim, unit)]
            rest = [r for r in rest if r not in carried]
            mine += carried
        order = list(failed)
        stories.append(_confirmed(claim, sorted(mine, key=lambda r: order.index(r.id))))
    others, unexplained = _of_others(rest, np.dtype(dtype).name, unit.budget)
    stories += others
    left = [failed[id] for id in left]
    at_edges = [r for r in left if r.entry["family"] not in PROPOSING]
    if claims and len(at_edges) == len(left) <= max(BOUNDARY * len(stories[0].results), 1):
        stories[0] = stories[0]._replace(beside=tuple(left))
        left = []
    return stories + _unexplained(left, unit if steady else None) + _unexplained(unexplained, None)


def _confirmed(claim, mine):
    return Cause(mine, "confirmed", claim.edits.said(), tuple(_diff(claim.edits.all, mine)),
                 claim.edits.form, tuple(other.said() for other in claim.others),
                 claim.digits, claim.where)


def _diff(edits, mine):
    """The lines of several edits, each in the configuration of a case in which it applies."""
    left, pairs = list(edits), []
    configs = [(r.entry["config"], r.case[0]) for r in mine
               if r.entry["config"]["unit"] != "training"]
    while left and configs:
        config, inputs = max(configs, key=lambda c: sum(e.applies(*c) for e in left))
        here = [e for e in left if e.applies(config, inputs)]
        if not here:
            break
        pairs += [pair for pair in diff(config, texts(here)) if pair not in pairs]
        left = [e for e in left if e not in here]
    return pairs or [pair for r in mine[:1] for pair in diff(r.entry["config"], texts(edits))]


def _carried(r, claim, unit):
    """Whether a mistake of the unit explains a training run as well."""
    inputs = r.case[0]
    bound = 4 * r.entry["tolerance"][unit.dtype]["bound"]
    try:
        outputs = short.training_numbers(r.entry["config"], inputs, {},
                                         network_with(claim.edits, unit.budget))
    except (ValueError, ArithmeticError):
        return False
    return all(np.abs(outputs[name] - a).max() <= bound * (np.abs(outputs[name]).max() or 1)
               for name, a in r.got.items())


def _of_others(rest, dtype, budget):
    """Stories of everything that is not the SNU, and the Results that are left."""
    stories, left, groups = {}, [], {}
    for r in rest:
        config = r.entry["config"]
        groups.setdefault((config["unit"], config.get("loss") if config["unit"] == "loss" else ""),
                          {})[r.id] = r
    for group in groups.values():
        claims, ids = Program(list(group.values()), dtype, budget).claims()
        for claim in claims:
            story = _confirmed(claim, [group[id] for id in claim.ids])
            had = stories.setdefault(story.says, story._replace(results=[]))
            stories[story.says] = had._replace(results=had.results + story.results)
        left += [group[id] for id in ids]
    return list(stories.values()), left


def _unexplained(left, unit):
    """Stories without a confirmed cause, one for each unit."""
    stories, groups = [], {}
    near = [r for r in left if 0 < r.comparison.worst < NEAR
            and all(np.isfinite(a).all() for a in r.got.values())]
    if len(near) < len(left) / 2:
        near = []
    if near:
        digits = float(-np.log10(max(r.comparison.worst for r in near)))
        stories.append(Cause(near, "digits", (precision(digits),), digits=digits))
    for r in left:
        if r not in near:
            groups.setdefault(r.entry["config"]["unit"], []).append(r)
    for group in groups.values():
        edits, lines = held(unit, {r.id for r in group}) if unit is not None else ((), {})
        stories.append(Cause(group, "held" if edits else "", tuple(e.said() for e in edits),
                             tuple(_diff(edits, group)) if edits else (), lines=lines))
    return stories


def precision(digits):
    """What it means that all numbers agree to so many digits, and no further."""
    kind = ("as in float32 (single precision)" if digits > 5 else
            "as in TF32 or float16" if digits > 2.5 else "as in bfloat16")
    return (f"digits are lost, {kind}: the equations hold, but all numbers agree to "
            f"{digits:.1f} digits and no further (an extra small term, an eps, looks the same)")


def failing_options(results, mine):
    """[(option, value, failing, passing)]: options whose cases all fail, and no others."""
    units = [r for r in results if r.entry["config"]["unit"] == "snu"
             and r.verdict in ("passed", "failed")]
    ids, found = {r.id for r in mine}, []
    for option in OPTIONS:
        for value in dict.fromkeys(r.entry["config"][option] for r in units):
            there = {r.id for r in units if r.entry["config"][option] == value}
            if there == ids and len(there) < len(units) \
                    and all(r.verdict == "passed" for r in units if r.id not in ids):
                found.append((option, value, len(there), len(units) - len(there)))
    return found
