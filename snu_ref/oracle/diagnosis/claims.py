"""Choose explanations greedily: each explains as many remaining cases as possible."""
from typing import Any, NamedTuple

from ..mistakes.edit import texts
from ..program.printing import diff
from .sets import Edits, unless_spent

SAMPLE = 24   # our choice: so many failing, and so many passing, cases test a set
RIVALS = 6    # our choice: the most explanations that are listed beside the chosen one


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


def spread(items, most=SAMPLE):
    """At most `most` items, evenly spaced over the list; the first item is always among them."""
    step = max(len(items) / most, 1)
    return [items[int(i * step)] for i in range(min(most, len(items)))]


def cover(cases, known, stands=lambda edits, sample: True, telling=()):
    """Choose greedily: [(set of edits, explained cases, rivals)], and the cases that are left.

    stands(edits, cases): whether a set may be chosen. telling: cases on which every set is
    tested, besides a sample.
    """
    left, known, chosen = list(cases), list(known), []
    while left and known:
        choice = unless_spent(None, _choice, left, known, stands, telling)
        if choice is None:
            break
        chosen.append(choice)
        left = [case for case in left if case not in choice[1]]
        known.remove(choice[0])
    return chosen, left


def _choice(left, known, stands, telling):
    sample = spread(left) + [case for case in telling if case in left]
    scored = sorted(((sum(case.fits(edits) for case in sample), edits) for edits in known),
                    key=lambda item: (-item[0], item[1].rank))
    for count, edits in scored:
        if count and stands(edits, sample):
            rivals = [other for n, other in scored if n == count and other.cost == edits.cost
                      and set(other.said()) != set(edits.said())]
            return edits, [case for case in left if case.fits(edits)], rivals[:RIVALS]
    return None


def confirmed(edits, mine, rivals, results):
    """The Cause of the cases `mine` that a set of edits explains; results: id -> Result."""
    def used(edits):
        return edits.only(lambda e: any(e.applies(c.seen.config, c.seen.inputs) for c in mine))
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
