"""Search for the edits that explain one case: forward line by line, backward step by step."""
import itertools

import numpy as np

from ..mistakes.edit import TABLE, merged
from ..program.backward import CARRIED, DY, SUMS
from ..program.lines import right_lines
from . import numbers
from .lines import look
from .seen import has_traces
from .sets import LATE

TRIALS = 2000        # our choice: after so many runs of a whole program, no new search begins
LOOK = 40            # our choice: testing the lines of a class costs as much as so many runs
BASES = 4            # our choice: search the gradients from so many pairs (forward edits, form)
EACH = 400           # our choice: runs for one form of the gradients of one case
ENDS = ("s_0", "y_0", "kept", "s_out", "v_out", "y_out", "s_T")
WIDTH, DEPTH = 3, 6  # our choice, for the search in the backward pass
SLOPES = ("h_slope", "g_slope")
SUM_OF = {**SUMS, "start_s": "start.s", "start_y": "start.y"}
del SUM_OF["dx"]     # of each step, not a sum
FEW = 12             # our choice: at most so many sets of edits for a case


class Budget:
    """Counts the runs of one check; unlike a clock, it gives the same report on any machine."""

    def __init__(self, trials=TRIALS):
        self.left = trials

    def __call__(self, runs=1):
        self.left -= runs

    def spent(self, more=0):
        """Whether no new search may begin; `more` runs are reserved."""
        return self.left + more <= 0


# ---- forward ------------------------------------------------------------------------------------

def forward_sets(whole, carried, brief=False):
    """(sets of edits that give the forward pass of a case, Lines or None); brief: only by lines."""
    seen, names, spent = whole.seen, whole.seen.names(True), whole.count.spent

    def fits(edits):
        return seen.matches(whole.traces(edits)[0], names)
    found = [edits for edits in carried if fits(edits)]
    if found or spent():
        return found[:FEW], None
    singles = [(e,) for e in TABLE["FORWARD"]
               if e.applies(seen.config, seen.inputs) and not e.fitted]
    if not has_traces(seen):
        found = [edits for edits in singles if fits(edits)]
        if not found:
            far = sorted(singles, key=lambda edits: -seen.steps(whole.traces(edits)[0]))[:4]
            found = [a + b for a in far for b in singles
                     if _together(a + b) and not spent() and fits(a + b)]
        return found[:FEW], None
    whole.count(LOOK)
    looked = look(seen)
    found = [edits for lines in looked for edits in lines.sets() if fits(edits)]
    if not any(found):
        ends = [edits for edits in singles if edits[0].slot in ENDS]
        bases = [(), *(edits for lines in looked[:0 if brief else 3] for edits in lines.sets()[:3])]
        found += [edits for edits in singles if not brief and fits(edits)]
        ones = [] if any(found) else [base + some for base in bases for some in ends
                                      if _together(base + some) and not spent()]
        found += filter(fits, ones)
        if not any(found) and looked[0].found["z"] and not brief:
            ones.sort(key=lambda edits: -sum(
                seen.matches(whole.traces(edits)[0], [name]) for name in names))
            found += [one + some for one in ones[:FEW] for some in ends
                      if _together(one + some) and not spent() and fits(one + some)]
    sets = sorted({joined(edits) for edits in found},
                  key=lambda edits: (len(edits), sum(e.order for e in edits)))
    return [edits for edits in sets if len(edits) == len(sets[0])][:FEW], looked[0]


def _together(edits):
    """Whether no two edits change the same line."""
    return len({e.slot for e in edits}) == len(edits)


def joined(edits):
    """The edits; several that the table has as one edit are replaced by it."""
    for whole in TABLE["FORWARD"]:
        parts = [e for e in edits if len(e.lines) == 1 and e.lines[0] in whole.lines]
        if len(parts) == len(whole.lines) > 1:
            edits = (whole, *(e for e in edits if e not in parts))
    return tuple(edits)


# ---- backward -----------------------------------------------------------------------------------

def backward_sets(whole, bases):
    """Sets of edits that give all numbers of a case; bases: those that give its forward pass."""
    seen = whole.seen
    found = [base for base in bases if seen.matches(whole.run(base))]
    if found:
        return found[:FEW]
    for forward in list(dict.fromkeys(base.forward for base in bases))[:2]:
        silent = [e for e in TABLE["FORWARD"] if not e.fitted and _together((*forward, e))
                  and e.applies(seen.config, seen.inputs)   # without effect on the forward pass
                  and seen.matches(whole.traces((*forward, e))[0], seen.names(True))]
        found += [base for e in silent for base in [bases[0]._replace(
            forward=joined((*forward, e)), form="derived", backward=())]
                  if seen.matches(whole.run(base))]
    silent = found                  # an edit of the backward pass alone is a simpler explanation
    for base in bases[:BASES]:
        if whole.count.spent() or found != silent:
            break
        found = advance(whole, base)[:1 if silent else FEW] + silent
    return sorted(found, key=lambda edits: (edits.rank[0], bool(edits.forward)))


def candidates(seen, form):
    """The edits that a form of the backward pass can have."""
    late = [e for e in TABLE["HAND"] if e.slot in (*LATE, "loss_y", "end_y", "end_s")
            and "end_cotangent" not in e.lines[0][1]]
    tables = TABLE["SLOPES"] + (TABLE["PATHS"] + late if form == "derived" else TABLE["HAND"])
    return [e for e in tables if e.applies(seen.config, seen.inputs)]


def _next(whole, have, outputs, edits):
    """The edits worth trying next: those of sums only if nothing but sums is wrong."""
    seen = whole.seen
    walked = None if whole.own[0] or not seen.walk else seen.matches(outputs, seen.walk)
    wrong = [name for name in seen.names(False) if not seen.matches(outputs, [name])]
    carried = CARRIED if {"start.s", "start.y"} & set(wrong) else ()   # by lines of the last step
    taken = {f.slot for f in have.backward if f.slot in SLOPES}
    return [e for e in edits if e.slot not in taken
            and (walked is None or (e.slot in SUM_OF) == walked or walked and e.slot in carried)
            and (e.slot not in SUM_OF or any(SUM_OF.get(name) in wrong for name, _ in e.lines))]


def advance(whole, base):
    """Add edits of the backward pass, as long as each brings it nearer to the port's."""
    seen, least = whole.seen, whole.count.left - EACH
    edits = [e for e in candidates(seen, base.form)  # on the port's numbers, steps are independent
             if whole.own[0] is None or e.slot not in ("dz_after", "order")]
    outputs, right = whole.run(base), right_lines(seen.config)
    if right["through_gate"] != "0":        # as the table writes it, with inhibition or without
        right["through_gate"] = "via_gate(-decay * s * dz_after)"
    frontier = [(seen.advance(outputs), base, outputs)]
    for _ in range(DEPTH):
        scored, done = [], []
        for score, have, outputs in frontier:
            near, ran = _next(whole, have, outputs, edits), {(): outputs}
            for tries in (((e,) for e in near if not e.fitted),
                          _pairs(seen, ran),
                          ((k,) for e in near if e.fitted for k in [_fit(whole, have, e)] if k)):
                better = []
                for some in tries:
                    if whole.count.left < least:
                        return done
                    if (more := _beside(have, some, right)) is None:
                        continue
                    ran[some] = outputs = whole.run(more)
                    if seen.matches(outputs, seen.names(False)):
                        done.append(more)
                    elif (far := seen.advance(outputs)) > score:
                        better.append((far, more, outputs))
                scored += better
                if better or done:
                    break
        if done:
            return sorted(done, key=lambda more: more.rank)[:FEW]
        frontier = sorted(scored, key=lambda item: (*(-n for n in item[0]), item[1].rank))[:WIDTH]
        if not frontier:
            break
        if whole.partial is None or frontier[0][0] > whole.partial[0]:
            whole.partial = frontier[0]
    return []


def _beside(have, some, right):
    """The set with more edits of the backward pass; edits of one line are merged, or give None."""
    backward = {e.slot: e for e in have.backward}
    for e in some:
        e = merged(right[e.slot], backward[e.slot], e) if e.slot in backward else e
        if e is None:
            return None
        backward[e.slot] = e
    return have._replace(backward=tuple(backward.values()))


@np.errstate(all="ignore")
def _pairs(seen, ran):
    """Two edits that may be right together, although neither is alone; ran: edits -> outputs.

    At the first wrong step t, dz = g' (h' dy + S), where S is the rest of dL/ds. The changes that
    two edits of different lines make in dy, h', S and g' add up; those of one line, a product,
    multiply. Only terms of dy, and sums over the steps, have to be run.
    """
    singles = [some[0] for some in ran if len(some) == 1]
    t = seen.T - 1 - seen.advance(ran[()])[0] // max(len(seen.walk), 1)
    parts = {}
    for e, outputs in ran.items():
        y, v, s, z = (outputs[f"adj.{name}"][max(t, 0)] for name in "yvsz")
        parts[e] = np.nan_to_num(np.array([y, v / y, s - v, z / s]), posinf=0, neginf=0)
    for a, b in itertools.combinations(singles, 2):
        one = a.slot == b.slot
        if one and (a.slot in SUM_OF or a.slot in DY):
            if a.slot in SUM_OF or all(np.any(parts[e,] != parts[()]) for e in (a, b)):
                yield a, b
        elif a.slot not in SLOPES or not one:
            y, h, S, g = (np.nan_to_num(parts[a,] * parts[b,] / parts[()]) if one else
                          parts[a,] + parts[b,] - parts[()])
            dz = g * (h * y + S)
            found = {"adj.y": y, "adj.v": h * y, "adj.s": h * y + S, "adj.z": dz,
                     "grad.x": dz @ seen.params["W"].T}
            if t >= 0 and seen.walk and all(
                    seen.equal(found[name], seen.got[name][t]) for name in seen.walk):
                yield a, b


def _fit(whole, have, edit):
    """An edit of the backward pass with its number k, or None."""
    seen = whole.seen
    names = [name for name in ("adj.v", "adj.z", "grad.x") if name in seen.got]
    last = edit.slot in ("h_slope", "g_slope") and bool(names)   # no later step adds to it
    if edit.slot in SUM_OF or not names:
        names = [SUM_OF[edit.slot]] if edit.slot in SUM_OF else seen.names(False)

    def vector(outputs):
        return np.concatenate([outputs[name][-last:].ravel() for name in names if name in seen.got]
                              or [np.zeros(0)])
    target = vector(seen.got)
    k = numbers.fit(lambda k: vector(seen.reported(whole.run(have._replace(
        backward=(*have.backward, edit._replace(k=k)))))), target,
        np.full(target.size, seen.tolerance(target))) if target.size else None
    return None if k is None else edit._replace(k=k)
