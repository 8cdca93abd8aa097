"""Group the failing cases: each group has one cause, which explains its cases."""
import numpy as np

from ..cases.scalar_loss import training_of
from .claims import Cause, confirmed, cover, diff_of, spread
from .held import held
from .others import Other, network_with, sets_of
from .seen import LONGEST, PROPOSING, has_traces, seen_of
from .sets import Edits, Spent, unless_spent
from .unit import Unit

NEAR = 1e-3         # our choice: unexplained relative errors below this are called lost digits
BOUNDARY = 0.2      # our choice: unexplained boundary cases up to this share join a group


def tell(results, dtype, steady=True):
    """All failed Results, grouped as Causes. steady: whether a second run gave the same numbers."""
    failed = {r.id: r for r in results if r.verdict == "failed"}
    unit = Unit(results, dtype)
    stories, left = unit.causes(failed)
    groups = {}
    for r in failed.values():
        config = r.entry["config"]
        kind = config["unit"]
        if kind == "training" and stories and _carried(r, stories[0], unit):
            stories[0].results.append(r)
        elif kind != "snu":
            groups.setdefault((kind, config["loss"] if kind == "loss" else ""), []).append(r)
    if stories:
        order = list(failed)
        stories[0].results.sort(key=lambda r: order.index(r.id))
    others, unexplained = {}, []
    for group in groups.values():
        claims, without = _of_others(group, dtype, unit.budget, failed)
        for cause in claims:    # one mistake in several units makes one group
            others.setdefault(cause.says, cause._replace(results=[])).results.extend(cause.results)
        unexplained += without
    at_edges = [r for r in left if r.entry["family"] not in PROPOSING]
    if stories and len(at_edges) == len(left) <= max(BOUNDARY * len(stories[0].results), 1):
        stories[0] = stories[0]._replace(beside=tuple(left))
        left = []
    return [*stories, *others.values(), *_unexplained(left, unit, steady),
            *_unexplained(unexplained, None)]


def _carried(r, cause, unit):
    """Whether a mistake of the unit explains a training run as well."""
    seen = seen_of(r, unit.dtype)
    try:
        return seen.matches(training_of(
            seen.config, seen.inputs, {}, network_with(cause.edits, unit.budget)))
    except (ValueError, ArithmeticError, Spent):
        return False


def _of_others(group, dtype, budget, failed):
    """Causes for the cases of another unit, and the Results that remain unexplained."""
    cases, known = [Other(seen_of(r, dtype), budget) for r in group], []
    for case in cases:
        if not unless_spent(True, lambda case=case: any(case.fits(few) for few in known)):
            known += [few for few in unless_spent([], sets_of, case) if few not in known]
    chosen, left = cover(cases, known)
    return ([confirmed(*claim, failed) for claim in chosen],
            [failed[case.seen.id] for case in left])


def _unexplained(left, unit, steady=True):
    """Groups without a confirmed cause: lost digits, then one group for each unit."""
    stories, groups = [], {}
    near = [r for r in left if 0 < r.comparison.worst < NEAR
            and all(np.isfinite(a).all() for a in r.got.values())]
    if near and len(near) >= len(left) / 2:
        digits = float(-np.log10(max(r.comparison.worst for r in near)))
        stories.append(Cause(near, "digits", (precision(digits),), digits=digits))
        left = [r for r in left if r not in near]
    for r in left:
        groups.setdefault(r.entry["config"]["unit"], []).append(r)
    for group in groups.values():
        edits, lines = _lines(unit, {r.id for r in group}) if unit is not None else ((), {})
        edits *= steady     # numbers that change between runs prove no edit
        stories.append(Cause(group, "held" if edits else "", Edits(edits).said(),
                             diff_of(edits, group), lines=lines, ended=unit and unit.ended))
    return stories


def _lines(unit, ids):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    traced = [whole for whole in unit.failed if whole.seen.id in ids and has_traces(whole.seen)
              and whole.seen.T <= LONGEST]
    return unless_spent(None, held, traced) or ((), {
        line: "wrong; the limit of trials was reached before a mistake was found" for line in "zsvy"
        if any(line in whole.frames.got and whole.frames.fails(line, ())
               for whole in spread(traced))})


def precision(digits):
    """The text for a port whose numbers agree with the right ones to `digits` digits only."""
    kind = ("as in float32 (single precision)" if digits > 5 else
            "as in TF32 or float16" if digits > 2.5 else "as in bfloat16")
    return (f"digits are lost, {kind}: the equations are right, but the numbers agree to "
            f"{digits:.1f} digits only (a small extra term, such as an eps, looks the same)")
