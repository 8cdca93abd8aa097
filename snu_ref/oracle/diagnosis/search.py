"""The search for the edits of one class of cases: forward by lines, backward by steps."""
import itertools

import numpy as np

from ..mistakes.edit import TABLE
from . import numbers
from .lines import look
from .seen import has_traces
from .sets import Edits, FORMS, LATE

TRIALS = 3000        # ours: runs of a whole program in one check, after which no search begins
ENDS = ("s_0", "y_0", "kept", "s_out", "v_out", "y_out")
WIDTH, DEPTH = 3, 4  # ours: of the search in the backward pass
EACH = 900           # ours: runs for one form of the gradients of one case


class Budget:
    """Counts the runs of one check, so that the same port gives the same words on any machine."""

    def __init__(self, trials=TRIALS):
        self.left, self.used = trials, 0

    def __call__(self):
        self.left -= 1
        self.used += 1

    def spent(self):
        """Whether no further search is begun."""
        return self.left <= 0


def forward_sets(pool, whole, carried, budget, plain=False):
    """(sets of edits that give the forward pass of the first case, Lines or None)."""
    seen = whole.seen
    names = seen.names(True)

    def fits(edits):
        return seen.matches(whole.traces(edits)[0], names)
    found = [edits for edits in carried if fits(edits)]
    if found:
        return found[:FEW], None
    if plain:
        return [], None
    if has_traces(seen):
        looked = look(pool)
        found = [edits for lines in looked for edits in lines.sets() if fits(edits)]
        if found and any(found):
            return _least(found), looked[0]
        ends = [e for e in TABLE["FORWARD"]
                if e.slot in ENDS and e.applies(seen.config, seen.inputs)]
        bases = [(), *(edits for lines in looked[:3] for edits in lines.sets()[:FORWARD_BASES])]
        for size in (1, 2):
            found = [edits for edits in _singles(seen) if size == 1 and fits(edits)]
            found += [(*base, *more) for base in bases
                      for more in itertools.combinations(ends, size)
                     if _together((*base, *more)) and fits((*base, *more))]
            if found:
                return _least(found), looked[0]
        return _least(found) if found else [], looked[0]
    return _blind(seen, whole, fits, budget), None


FORWARD_BASES = 3
FEW = 20             # ours: sets of forward edits whose gradients are looked at


def _together(edits):
    """Whether no two stand on the same line."""
    return len({e.slot for e in edits}) == len(edits)


def joined(edits):
    """The edits, with those that a table has as one put together."""
    for whole in TABLE["FORWARD"]:
        parts = [e for e in edits if len(e.lines) == 1 and e.lines[0] in whole.lines]
        if len(parts) == len(whole.lines) > 1:
            edits = (whole, *(e for e in edits if e not in parts))
    return tuple(edits)


def _least(sets):
    sets = [joined(edits) for edits in sets]
    sets = sorted(set(sets), key=lambda edits: (len(edits), sum(e.order for e in edits)))
    return [edits for edits in sets if len(edits) == len(sets[0])][:6]


def _singles(seen):
    return [(e,) for e in TABLE["FORWARD"] if e.applies(seen.config, seen.inputs) and not e.fitted]


def _blind(seen, whole, fits, budget):
    """Forward edits where the state is not known: single ones, then pairs."""
    singles = _singles(seen)
    found = [edits for edits in singles if fits(edits)]
    if found or budget.spent():
        return found[:FEW]
    far = sorted(singles, key=lambda edits: -_agreed(seen, whole.traces(edits)[0]))[:6]
    return [a + b for a in far for b in singles if a[0].slot != b[0].slot and not budget.spent()
            and fits(a + b)][:FEW]


def _agreed(seen, outputs):
    """For how many steps the outputs are the port's."""
    y, got = outputs["y"], seen.got.get("y")
    if got is None:
        return 0
    right = [np.allclose(a, b, rtol=0, atol=seen.tolerance(y)) for a, b in zip(y, got)]
    return right.index(False) if False in right else len(right)


# ---- backward -----------------------------------------------------------------------------------

def backward_sets(seen, whole, forwards, budget):
    """Sets of edits that give all numbers of a case, for its sets of forward edits."""
    found = []
    for forward in forwards:
        for form in FORMS if forward else ("by hand",):
            edits = Edits(forward, form)
            if seen.matches(whole.run(edits)):
                found.append(edits)
        if len([edits for edits in found if edits.forward == forward]) > 1:
            found = found[:6]
    if found:
        return found
    for forward in forwards[:3]:
        for form in list(FORMS)[:5] if forward else ("by hand", "derived"):
            if budget.spent():
                return found
            found += advance(seen, whole, Edits(forward, form), candidates(seen, form), budget)
        if not found:  # edits of the forward pass that its numbers do not show
            silent = [e for e in TABLE["FORWARD"] if not e.fitted
                      and e.applies(seen.config, seen.inputs)
                      and all(e.slot != f.slot for f in forward)
                      and seen.matches(whole.traces((*forward, e))[0], seen.names(True))]
            found += advance(seen, whole, Edits(forward),
                             silent + candidates(seen, "derived"), budget)
        if found:
            break
    return found


def candidates(seen, form):
    """The edits of the backward pass for a form of it."""
    late = [e for e in TABLE["HAND"] if e.slot in LATE and "end_cotangent" not in e.lines[0][1]]
    tables = TABLE["SLOPES"] + (TABLE["PATHS"] + late if form == "derived" else TABLE["HAND"])
    return [e for e in tables if e.applies(seen.config, seen.inputs)]


def advance(seen, whole, base, edits, budget):
    """Edits of the backward pass, each of which brings it nearer to the port's."""
    frontier = [(seen.advance(whole.run(base)), base)]
    enough = budget.left - EACH
    for _ in range(DEPTH + 3):
        scored, done = [], []
        for score, have in frontier:
            for fitted in (False, True):
                better = []
                for e in edits:
                    if e.fitted != fitted or any(e.slot == f.slot for f in have.backward):
                        continue
                    if budget.left < max(enough, 0):
                        return done
                    if fitted:
                        e = _fit(seen, whole, have, e, score)
                        if e is None:
                            continue
                    more = have._replace(backward=(*have.backward, e))
                    outputs = whole.run(more)
                    if seen.matches(outputs):
                        done.append(more)
                    elif (far := seen.advance(outputs)) > score:
                        better.append((far, more))
                scored += better
                if better or done:
                    break
        if done:
            return sorted(done, key=lambda more: more.rank)[:6]
        scored.sort(key=lambda item: (tuple(-n for n in item[0]), item[1].rank))
        frontier = scored[:WIDTH]
        tensors = len(seen.names(False))
        if frontier and frontier[0][0][1] == tensors - 1 > 2:
            whole.partial = frontier[0][1]
        if not frontier:
            return []
    return []


def _fit(seen, whole, have, edit, score):
    """An edit of the backward pass with its number, or None."""
    def vector(outputs):
        outputs = seen.got if outputs is seen.got else seen.reported(outputs)
        parts = [outputs[name].ravel() for name in seen.names(False) if not name.startswith("grad.")
                 or name == "grad.x"]
        walk = [name for name in ("adj.v", "adj.z", "grad.x") if name in seen.got]
        if edit.slot in ("dW", "dH", "db", "ddecay"):
            return outputs["grad." + edit.slot[1:]].ravel() if "grad." + edit.slot[1:] in seen.got \
                else np.zeros(0)
        if edit.slot in ("h_slope", "g_slope") and walk:
            return np.concatenate([outputs[name][-1].ravel() for name in walk])
        if walk:
            return np.concatenate([outputs[name].ravel() for name in walk])
        return np.concatenate(parts or [outputs[name].ravel() for name in seen.names(False)])

    target = vector(seen.got)
    if not target.size or not np.isfinite(target).all():
        return None

    def function(k):
        return vector(whole.run(have._replace(backward=(*have.backward, edit._replace(k=k)))))
    size = np.abs(target).max(initial=0) or 1.0
    tolerance = np.full(target.size, seen.bound * size)
    base, one, two = function(0.0), function(1.0), function(2.0)
    if np.allclose(two - one, one - base, rtol=0, atol=1e-9 * size):
        if target.size < 5:
            return None
        k = numbers.affine(base, one - base, target, tolerance)
    else:
        k = numbers.newton(function, target, tolerance)
    return None if k is None else edit._replace(k=k)
