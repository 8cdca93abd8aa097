"""Group the failing cases: each group has one cause, which explains its cases."""
from typing import Any, NamedTuple

import numpy as np

from ..cases.scalar_loss import training_of
from ..mistakes.edit import texts
from ..program.printing import diff
from .backward import ENDS
from .held import held
from .others import Other, network_with, sets_of
from .seen import LONGEST, PROPOSING, has_traces, seen_of, spread
from .sets import Edits, Spent, uncounted, unless_spent
from .unit import Unit

NEAR = 1e-3         # our choice: unexplained relative errors below this are called lost digits
BOUNDARY = 0.2      # our choice: unexplained boundary cases up to this share join a group
RIVALS = 6          # our choice: the most explanations that are listed beside the chosen one


class Cause(NamedTuple):
    """Failing Results with one cause, the simplest first.

    grade: "confirmed" (the edits give all numbers of these cases), "held" (single lines are right
    with these edits), "digits" (only precision is lost) or "" (not explained).
    says: what the port does; diff: [(reference, yours)]; lines: line -> what is known about it.
    """
    results: list
    grade: str = ""
    says: tuple = ()
    diff: tuple = ()
    form: str = ""
    others: tuple = ()     # other explanations that fit these cases as well
    digits: float = 0.0
    lines: Any = None
    beside: tuple = ()     # Results at boundaries that fail too, unexplained
    edits: Edits = None
    ended: bool = False    # whether the trials ended before all edits were tried


def tell(results, dtype, steady=True):
    """All failed Results, grouped as Causes. steady: whether a second run gave the same numbers."""
    failed = {r.id: r for r in results if r.verdict == "failed"}
    unit = Unit(results, dtype)
    unit.search()
    known = [edits for edits in unit.known      # a port that keeps its state ignores the given one
             if steady or not all(ENDS.get(e.slot) in ("start.s", "start.y") for e in edits.all)]
    stories, left = _confirmed(unit.failed, known, failed, unit.stands, unit.searched)
    if unit.view:
        stories = [cause._replace(says=(unit.view.said(), *cause.says)) for cause in stories]
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
        cases, known = [Other(seen_of(r, dtype), unit.budget) for r in group], []
        for case in cases:
            if not unless_spent(True, lambda: any(case.fits(few) for few in known)):
                known += [few for few in unless_spent([], sets_of, case) if few not in known]
        claims, without = _confirmed(cases, known, failed)
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


# ---- confirmed ----------------------------------------------------------------------------------

def _confirmed(cases, known, results, stands=lambda edits, sample: True, telling=()):
    """Causes of some cases, chosen greedily among known sets, and the Results that remain.

    Each Cause explains as many of the remaining cases as possible. results: id -> Result.
    stands(edits, cases): whether a set may be chosen. telling: cases on which every set is
    tested, besides a sample.
    """
    left, known, causes = list(cases), list(known), []
    while left and known:
        choice = unless_spent(None, _choice, left, known, stands, telling)
        if choice is None:
            break
        edits, rivals = choice
        with uncounted(left[0].budget):
            mine = [case for case in left if case.fits(edits)]
        rivals = [other for other in rivals if not unless_spent(False, _equal, edits, other, mine)]
        causes.append(_cause(edits, mine, rivals, results))
        left = [case for case in left if case not in mine]
        known.remove(edits)
    return causes, [results[case.seen.id] for case in left]


def _choice(left, known, stands, telling):
    """(the best set, its rivals), or None."""
    sample = spread(left) + [case for case in telling if case in left]
    scored = sorted(((sum(case.fits(edits) for case in sample), edits) for edits in known),
                    key=lambda item: (-item[0], item[1].rank))
    for count, edits in scored:
        if count and stands(edits, sample):
            rivals = [other for n, other in scored if n == count and other.cost == edits.cost
                      and set(other.said()) != set(edits.said())]
            return edits, rivals[:RIVALS]
    return None


def _equal(edits, other, mine):
    """Whether two sets give the same numbers in new cases, made for the port's options.

    All tensors count, also those that the port does not return.
    """
    made = [case for case in mine if case.seen.family == "made"][:2]
    return bool(made) and all(
        seen._replace(got=seen.reported(case.run(edits.for_case(seen)))).matches(
            case.run(other.for_case(seen))) for case in made for seen in [case.seen])


def _cause(edits, mine, rivals, results):
    """The Cause of the cases `mine`, which a set of edits explains."""
    def used(edits):
        return edits.only(lambda e: any(case.seen.those([e]) for case in mine))
    edits = used(edits)
    ids = {case.seen.id for case in mine}
    found = [r for id, r in results.items() if id in ids]
    return Cause(found, "confirmed", edits.said(), diff_of(edits.all, found), edits.form,
                 tuple(dict.fromkeys(used(other).said() for other in rivals)),
                 min(case.seen.digits(case.run(edits.for_case(case.seen)))
                     for case in mine[:4]), edits=edits)


def diff_of(edits, results):
    """The diff of several edits, each in the configuration of a case to which it applies."""
    left, pairs = list(edits), []
    configs = [(r.entry["config"], r.case[0]) for r in results]
    while left and configs:
        config, inputs = max(configs, key=lambda c: sum(e.applies(*c) for e in left))
        here = [e for e in left if e.applies(config, inputs)]
        if not here:
            break
        pairs += [pair for pair in diff(config, texts(here)) if pair not in pairs]
        left = [e for e in left if e not in here]
    return tuple(pairs)


# ---- not confirmed ------------------------------------------------------------------------------

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
        says = Edits(edits).said()
        if edits and all({*r.comparison.wrong} <= {"z", "v", "end.s"} for r in group):
            says = ("only what is reported as z, v or end.s is wrong, as if " + " and ".join(says),)
            lines = {line: text for line, text in lines.items() if line not in "sy"}
        stories.append(Cause(group, "held" if edits else "", says, diff_of(edits, group),
                             lines=lines, ended=unit and unit.ended))
    return stories


def _lines(unit, ids):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    traced = [whole for whole in unit.failed if whole.seen.id in ids and has_traces(whole.seen)
              and whole.seen.T <= LONGEST]
    return unless_spent(((), {}), held, traced)


def precision(digits):
    """The text for a port whose numbers agree with the right ones to `digits` digits only."""
    kind = ("as in float32 (single precision)" if digits > 5 else
            "as in TF32 or float16" if digits > 2.5 else "as in bfloat16")
    return (f"digits are lost, {kind}: the equations are right, but the numbers agree to "
            f"{digits:.1f} digits only (a small extra term, such as an eps, looks the same)")
