"""Search for the edits that explain the forward pass of one case, line by line."""
from ..mistakes.edit import TABLE
from .lines import state_holds, together
from .seen import has_traces

ENDS = ("s_0", "y_0", "kept", "s_out", "v_out", "y_out", "s_T")   # tests of lines cannot see these
WIDTH = 3            # our choice: the most sets to which one more edit is added
FEW = 12             # our choice: the most sets of edits for a case


def forward_sets(whole, carried, depth=2):
    """(sets of edits that give the forward pass of a case, True if no edits explain its state).

    carried: sets that explain other cases. depth: how many edits may be added if tests of single
    lines find none; 0: add one edit to the first of `carried`, and make no tests of lines.
    """
    seen, names, fits = whole.seen, whole.seen.names(True), whole.gives_forward
    found, dark, (first, *_) = list(filter(fits, carried)), False, carried
    if found or whole.budget["left"] <= 0:
        return found[:FEW], False
    singles = [(e,) for e in TABLE["FORWARD"]
               if e.applies(seen.config, seen.inputs) and not e.fitted]

    def added(bases, more, depth):
        return grow(bases, more, depth, lambda edits: whole.budget["left"] > 0 and fits(edits),
                    lambda edits: seen.agreed(whole.forward(edits)[0], names))
    if not depth:
        found = added([first], singles, 1)
    elif has_traces(seen):
        looked = whole.looked()
        ends, holds = [e for e in singles if e[0].slot in ENDS], state_holds(looked[0])
        dark = not holds and bool({"s", "v"} & set(seen.got))  # s computed from y: v = s + b
        sets = list(dict.fromkeys(edits for found in looked for edits in together(found)))
        found = list(filter(fits, sets))
        if min(map(len, found), default=1):     # the start may be the mistake, not the step
            found += added([()], ends, 1)
        found = (found or added([(), *sets[:WIDTH * holds]], ends, 1 + holds)
                 or list(filter(fits, singles)))
    if depth and not (found or dark):
        found = added([first, ()], singles, depth)
    # What shows only at the first step may be a reset in the same step: gradients will tell.
    found += filter(fits, dict.fromkeys(
        (*(f for f in edits if f is not out), *e) for edits in found
        for out in edits if "from_second" in out.lines[0][1]
        for e in singles if e[0].slot == "kept"))
    sets = sorted({joined(edits) for edits in found},
                  key=lambda edits: (len(edits), sum(e.order for e in edits)))
    return [edits for edits in sets if len(edits) == len(sets[0])][:FEW], dark


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


def joined(edits):
    """The edits. If one edit of the table equals several of them, it takes their place."""
    for whole in TABLE["FORWARD"]:
        parts = [e for e in edits if len(e.lines) == 1 and e.lines[0] in whole.lines]
        if len(parts) == len(whole.lines) > 1:
            edits = (whole, *(e for e in edits if e not in parts))
    return tuple(edits)
