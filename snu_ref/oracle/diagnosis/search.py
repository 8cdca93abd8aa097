"""Search for the smallest sets of edits that fit, whatever is computed from them."""
import itertools

FEW = 8              # our choice: the most sets of one list that are combined with others
WIDTH = 3            # our choice: the most sets to which one more edit is added


def smallest(have, edits, fits, with_k, pairs=lambda plain: ()):
    """The sets that fit: `have` with one more edit, else two, else one with a fitted k.

    with_k(edit): the edit with its number, or None; pairs(edits): the pairs to be tried.
    """
    plain = [e for e in edits if not e.fitted]
    return ([have + (e,) for e in plain if fits(have + (e,))]
            or [have + two for two in pairs(plain) if fits(have + two)]
            or [have + (e,) for e in map(with_k, edits) if e])


def grow(bases, more, depth, fits, near, width=WIDTH):
    """Sets that fit: the bases with one more edit; if none fits, with two, up to `depth`.

    near(edits): how near a set is; only the `width` nearest sets get a further edit.
    """
    for _ in range(depth):
        tries = list(dict.fromkeys(base + some for base in bases for some in more
                                   if len({e.slot for e in base + some}) == len(base + some)))
        found = list(filter(fits, tries))
        if found:
            return found
        bases = sorted(tries, key=near, reverse=True)[:width]
    return []


def products(options):
    """Sets with one of the sets of each list, the smallest first; of equal size, commonest first.
    """
    return sorted(dict.fromkeys(tuple(dict.fromkeys(sum(some, ()))) for some in itertools.product(
        *(sets[:FEW] for sets in options))), key=size)


def size(edits):
    """Lower is better: fewer edits, then commoner ones."""
    return len(edits), sum(e.order for e in edits)
