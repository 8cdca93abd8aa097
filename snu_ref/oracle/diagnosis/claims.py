"""Which explanations are believed: the fewest that explain the most failing cases."""
from typing import Any, NamedTuple

from ..program.printing import diff
from .seen import Seen
from .sets import Edits, texts

SAMPLE = 24   # ours: failing cases, and passing ones, in which rival explanations are weighed
RIVALS = 6    # ours: explanations that are named beside one that fits no better


class Cause(NamedTuple):
    """Failing Results with one cause, the simplest first.

    grade: "confirmed" (all numbers of these cases follow from the edits), "held" (single lines hold
    with these edits), "digits" (only precision is lost) or "" (not explained).
    says: what the port does; diff: [(reference, yours)]; lines: line -> what is known of it.
    """
    results: list
    grade: str = ""
    says: tuple = ()
    diff: tuple = ()
    form: str = ""
    others: tuple = ()     # what these cases do not tell apart from it
    digits: float = 0.0
    where: str = ""        # an option that all these cases share; others pass
    lines: Any = None
    beside: tuple = ()     # Results at boundaries that fail too, unexplained
    edits: Edits = None


def spread(items, most=SAMPLE):
    """At most so many of them, evenly over the list, the first among them."""
    step = max(len(items) / most, 1)
    return [items[int(i * step)] for i in range(min(most, len(items)))]


def cover(cases, known, stands=lambda edits, sample: True, telling=()):
    """[(set of edits, cases, rivals)], greedily, and the cases that are left.

    stands(edits, cases): whether a set may be claimed at all. telling: cases that are weighed
    beside a sample.
    """
    left, known, chosen = list(cases), list(known), []
    while left and known:
        sample = spread(left) + [case for case in telling if case in left]
        scored = [(sum(case.fits(edits) for case in sample), edits) for edits in known]
        scored = sorted((item for item in scored if item[0]),
                        key=lambda item: (-item[0], item[1].rank))
        count, edits = next((item for item in scored if stands(item[1], sample)), (0, None))
        if edits is None:
            break
        rivals = [other for n, other in scored if n == count and other.rank[0] == edits.rank[0]
                  and other.said() != edits.said()]
        mine = [case for case in left if case.fits(edits)]
        chosen.append((edits, mine, rivals[:RIVALS]))
        left = [case for case in left if case not in mine]
        known.remove(edits)
    return chosen, left


def confirmed(edits, mine, rivals, results, where=""):
    """The Cause of some cases that a set of edits explains; results: id -> Result."""
    def used(edits):
        return edits.only(lambda e: any(e.applies(c.seen.config, c.seen.inputs) for c in mine))
    edits = used(edits)
    ids = {case.seen.id for case in mine}
    found = [r for id, r in results.items() if id in ids]
    return Cause(found, "confirmed", edits.said(), diff_of(edits.all, found), edits.form,
                 tuple(used(other).said() for other in rivals),
                 min(Seen.digits(*case.answer(edits)) for case in mine[:4]), where, edits=edits)


def diff_of(edits, results):
    """The lines of several edits, each in the configuration of a case in which it applies."""
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
