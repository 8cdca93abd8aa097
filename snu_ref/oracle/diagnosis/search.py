"""Search for the edits that explain one case: forward line by line, backward step by step."""
import itertools

import numpy as np

from ..mistakes.edit import TABLE, merged
from ..program.backward import CARRIED, DY, SUMS
from ..program.lines import compute, resolve, right_lines
from . import numbers
from .lines import state_holds, together
from .seen import has_traces
from .sets import DERIVED

BASES = 4            # our choice: the most pairs (forward edits, form) to start from
EACH = 400           # our choice: runs for one form of the gradients of one case
ENDS = ("s_0", "y_0", "kept", "s_out", "v_out", "y_out", "s_T")   # no test of a line shows these
WIDTH, DEPTH = 3, 6  # our choice, for the search in the backward pass
SLOPES = {"h_slope": 1, "g_slope": 3}     # their places among the terms of dz
SUM_OF = {line: name for line, name in SUMS.items() if line != "dx"}    # dx is of each step
FEW = 12             # our choice: the most sets of edits for a case


# ---- forward ------------------------------------------------------------------------------------

def forward_sets(whole, carried, depth=2):
    """(sets of edits that give the forward pass of a case, whether no edits explain its state).

    depth: how many edits are added to those carried, where the lines do not tell them.
    """
    seen, names, fits = whole.seen, whole.seen.names(True), whole.gives_forward

    def near(edits):
        return seen.agreed(whole.traces(edits)[0], names)
    found = list(filter(fits, carried))
    if found or whole.budget["left"] <= 0:
        return found[:FEW], False
    singles = [(e,) for e in TABLE["FORWARD"]
               if e.applies(seen.config, seen.inputs) and not e.fitted]
    dark, bases, more = False, [next(iter(carried)), ()], singles
    if has_traces(seen):
        looked = whole.looked()
        ends, holds = [e for e in singles if e[0].slot in ENDS], state_holds(looked[0])
        dark = not holds and bool({"s", "v"} & set(seen.got))   # a state from y assumes v = s + b
        sets = list(dict.fromkeys(edits for found in looked for edits in together(found)))
        found = list(filter(fits, sets + ends)) or list(filter(fits, singles))
        if found or dark:
            depth = 0
        elif holds:
            bases, more = [(), *sets[:WIDTH]], ends
    for _ in range(depth):
        tries = list(dict.fromkeys(base + some for base in bases for some in more
                                   if _together(base + some)))
        found = [edits for edits in tries if whole.budget["left"] > 0 and fits(edits)]
        if found or whole.budget["left"] <= 0:
            break
        bases = sorted(tries, key=near, reverse=True)[:WIDTH]
    sets = sorted({joined(edits) for edits in found},
                  key=lambda edits: (len(edits), sum(e.order for e in edits)))
    return [edits for edits in sets if len(edits) == len(sets[0])][:FEW], dark


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
    found = [base for base in bases if whole.seen.matches(whole.run(base))]
    if found:
        return found[:FEW]
    for base in bases[:BASES]:
        found = advance(whole, base)
        if found or whole.budget["left"] <= 0:
            break
    if not found or found[0].cost > bases[0].cost + 1:
        found = silent(whole, bases) + found
    return sorted(found, key=lambda edits: (edits.cost, bool(edits.forward)))[:FEW]


def silent(whole, bases):
    """Sets with one more edit of the forward pass, which changes nothing but the gradients."""
    seen = whole.seen
    more = [joined((*forward, e)) for forward in dict.fromkeys(base.forward for base in bases[:2])
            for e in TABLE["FORWARD"] if not e.fitted and e.applies(seen.config, seen.inputs)
            and _together((*forward, e)) and whole.budget["left"] > 0
            and seen.matches(whole.traces((*forward, e))[0], seen.names(True))]
    derived = [bases[0]._replace(forward=edits, form="derived", backward=()) for edits in more]
    return [edits for edits in derived if seen.matches(whole.run(edits))]


def candidates(seen, form):
    """The edits that a form of the backward pass can have."""
    late = [e for e in TABLE["HAND"] if e.slot in (*SUMS, "loss_y", "end_y", "end_s")
            and "end_cotangent" not in e.lines[0][1]]
    tables = TABLE["SLOPES"] + (TABLE["PATHS"] + late if form == DERIVED else TABLE["HAND"])
    return [e for e in tables if e.applies(seen.config, seen.inputs)]


def _next(whole, have, outputs, edits):
    """The edits worth trying next: those of sums only if nothing but sums is wrong."""
    seen = whole.seen
    walked = seen.matches(outputs, seen.walk) if seen.walk else None
    wrong = [name for name in seen.names(False) if not seen.matches(outputs, [name])]
    carried = (*CARRIED, "s_0", "y_0") if {"start.s", "start.y"} & set(wrong) else ()
    taken = {f.slot for f in have.backward if f.slot in SLOPES}
    return [e for e in edits if e.slot not in taken
            and (walked is None or (e.slot in SUM_OF) == walked or walked and e.slot in carried)
            and (e.slot not in SUM_OF or any(SUM_OF.get(name) in wrong for name, _ in e.lines))]


def advance(whole, base):
    """Sets of edits that give all numbers: one edit of the backward pass is added after the other,
    as long as each brings the set nearer to the port's numbers.
    """
    seen, least = whole.seen, max(whole.budget["left"] - EACH, 0)
    edits, outputs, right = candidates(seen, base.form), whole.run(base), right_lines(seen.config)
    if right["through_gate"] != "0":        # as the table writes it, with inhibition or without
        right["through_gate"] = "via_gate(-decay * s * dz_after)"
    frontier = [(seen.advance(outputs), base, outputs)]
    for _ in range(DEPTH):
        scored, done = [], []
        for score, have, outputs in frontier:
            near, ran = _next(whole, have, outputs, edits), {(): outputs}
            step = max(seen.T - 1 - score[0] // max(len(seen.walk), 1), 0)   # the first wrong one
            for tries in (((e,) for e in near if not e.fitted),
                          _pairs(seen, ran, step),
                          ((k,) for e in near if e.fitted
                           for k in [_fit(whole, have, e, outputs, step)] if k)):
                better = []
                for some in tries:
                    if whole.budget["left"] < least:
                        return done
                    if (more := _beside(have, some, right)) is None:
                        continue
                    ran[some] = now = whole.run(more)
                    if seen.matches(now, seen.names(False)):
                        done.append(more)
                    elif (far := seen.advance(now)) > score:
                        better.append((far, more, now))
                scored += better
                if better or done:
                    break
        if done or not scored:
            return sorted(done, key=lambda more: more.rank)[:FEW]
        frontier = sorted(scored, key=lambda item: (*(-n for n in item[0]), item[1].rank))[:WIDTH]
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
def _terms(seen, outputs, step):
    """dy, h', S, g' and m at a step: dz = g' (h' dy + S), and dx = (m dz) W'.

    S is the rest of dL/ds; m is 1, unless a forward edit multiplies x W.
    """
    y, v, s, z = (outputs[f"adj.{name}"][step] for name in "yvsz")
    m = outputs["grad.x"][step] @ np.linalg.pinv(seen.params["W"].T) / z if seen.invertible else 1
    return np.nan_to_num(np.array([y, v / y, s - v, z / s, np.where(z == 0, 1, m)]),
                         posinf=0, neginf=0)


def _walked(seen, terms):
    """name -> the numbers of a step that these terms give, of those in seen.walk."""
    y, h, S, g, m = np.moveaxis(terms, -3, 0)
    found = {"adj.y": y, "adj.v": h * y, "adj.s": h * y + S, "adj.z": g * (h * y + S)}
    found["grad.x"] = (m * found["adj.z"]) @ seen.params["W"].T
    return {name: found[name] for name in seen.walk}


def _pairs(seen, ran, step):
    """Two edits that may be right together, although neither is alone; ran: edits -> outputs.

    The changes that two edits of different lines make in the terms of the first wrong step add up;
    those of one line, a product, multiply. Only terms of dy, and sums over the steps, have to be
    run.
    """
    edits = [some[0] for some in ran if len(some) == 1]
    base, *parts = np.array([_terms(seen, outputs, step) for outputs in ran.values()])
    pairs = list(itertools.combinations(range(len(edits)), 2))
    if not pairs:
        return
    one = np.array([edits[i].slot == edits[j].slot for i, j in pairs])
    a, b = (np.array(parts)[list(at)] for at in zip(*pairs))
    with np.errstate(all="ignore"):
        both = _walked(seen, np.nan_to_num(np.where(
            one[:, None, None, None], a * b / base, a + b - base)))
    right = np.all([(np.abs(both[name] - seen.got[name][step]) <= seen.tolerance(
        seen.got[name][step])).all((1, 2)) for name in seen.walk] or [0 * one], axis=0)
    for (i, j), same, fits in zip(pairs, one, right):
        a, b = edits[i], edits[j]
        if a.slot in SUM_OF and same or fits and not (same and a.slot in (*SLOPES, *DY)) or (
                same and a.slot in DY and all(np.any(parts[k] != base) for k in (i, j))):
            yield a, b


def _fit(whole, have, edit, outputs, step):
    """An edit of the backward pass with its number k, or None."""
    seen, terms = whole.seen, _terms(whole.seen, outputs, step)
    sums = [SUM_OF[name] for name, _ in edit.lines if SUM_OF.get(name) in seen.got]
    names, at = sums or seen.walk or seen.names(False), ... if sums or not seen.walk else step
    separate = names == seen.walk and all(seen.equal(a, outputs[name][step])
                                          for name, a in _walked(seen, terms).items())
    own, text = whole.names(have), resolve(edit.lines[0][1], seen.config)

    def given(k):
        if edit.slot in SLOPES and separate:    # it changes one term of each step: no run is needed
            terms[SLOPES[edit.slot]] = compute(text, {**own, "k": k})[step]
            return _walked(seen, terms)
        outputs = seen.reported(whole.run(have._replace(
            backward=(*have.backward, edit._replace(k=k)))))
        return {name: outputs[name][at] for name in names}
    return numbers.fitted(edit, given, {name: seen.got[name][at] for name in names}, seen,
                          numbers.FEW)
