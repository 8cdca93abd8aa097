"""Which explanations are believed: the fewest that explain the most failing cases."""
from typing import Any, NamedTuple

SAMPLE = 24   # ours: failing cases, and passing ones, in which rival explanations are weighed
RIVALS = 6    # ours: explanations that are named beside one that fits no better


class Claim(NamedTuple):
    """Edits, the ids of the cases that they explain, and how far that is proved."""
    edits: Any
    ids: tuple
    others: tuple = ()     # those that these cases do not tell apart from it
    digits: float = 0.0
    where: str = ""        # an option that all these cases share; others pass


def spread(items, most=SAMPLE):
    """At most so many of them, evenly over the list, the first among them."""
    step = max(len(items) / most, 1)
    return [items[int(i * step)] for i in range(min(most, len(items)))]


def cover(cases, known, fits, stands, telling=()):
    """[(explanation, cases, rivals)], greedily, and the cases that are left.

    fits(case, explanation); stands(explanation, cases): whether it may be claimed at all. known:
    explanations with `rank`, lower is better. telling: cases that are weighed beside a sample.
    """
    left, known, chosen = list(cases), list(known), []
    while left and known:
        sample = spread(left) + [case for case in telling if any(case is one for one in left)]
        scored = [(sum(fits(case, edits) for case in sample), edits) for edits in known]
        scored = sorted((item for item in scored if item[0]), key=lambda item: (
            -item[0], item[1].rank))
        best = next((item for item in scored if stands(item[1], sample)), None)
        if best is None:
            break
        count, edits = best
        rivals = [other for n, other in scored if n == count and other.rank[0] == edits.rank[0]
                  and other.said() != edits.said()]
        mine = [case for case in left if fits(case, edits)]
        chosen.append((edits, mine, tuple(rivals[:RIVALS])))
        left = [case for case in left if not any(case is other for other in mine)]
        known.remove(edits)
    return chosen, left
