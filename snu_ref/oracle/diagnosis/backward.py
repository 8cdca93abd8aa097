"""Search for edits of the backward pass of one case, on the port's own numbers.

The port may return dL/dz. Otherwise dL/dx = dz W' gives it, if the solution is unique. Each step is
then computed from the *port's* dz of the next step, so all steps are tested at once:

    dz_t = g'(z_t) (h'(v_t) dY_t + S_t)

Here dY_t is dL/dy_t, and S_t is the rest of dL/ds_t. The sums over the steps (dW, db, ...) and the
gradients of the initial state are also computed from the port's dz, each one separately.
"""
import itertools

import numpy as np

from ..mistakes.edit import TABLE, Edit, merged
from ..program.backward import DS, DY, SUMS
from ..program.lines import compute, resolve, right_lines
from . import numbers
from .forward import LINES, forward_edits
from .search import products, smallest
from .seen import has_traces
from .sets import DERIVED, FORMS, Edits

BASES = 6            # our choice: the most sets of edits from which a search starts
FEW = 12             # our choice: the most sets of edits that are kept for a case
WIDTH = 3            # our choice: the most sets to which further edits are added
EACH = 250           # our choice: the most trials (`sets.spend`) for the gradients of one case
SLACK = 10           # our choice: a wider tolerance, because the inverse of W adds errors to dz
SLOPES = {"h_slope": 1, "g_slope": 3}           # their indices in `Steps.terms`
SUMMANDS = (*DY, *DS, "dv", "dz")               # lines in which there may be two mistakes
# Lines on which no other line depends, and the output that each of them gives.
ENDS = {**SUMS, "start_s": "start.s", "start_y": "start.y", "s_0": "start.s", "y_0": "start.y"}
VS = {"v", "through_v"}       # with edits of these lines, dL/ds is not dL/dv and the rest of dL/ds
STRAIGHT = Edit((("h_slope", "1 + 0 * v"),), "")     # then dL/ds is hardly ever 0
LAST, EVERY = slice(-1, None), slice(None)      # spans: the steps that must hold


def candidates(seen, form):
    """The edits that a form of the backward pass can have."""
    late = [e for e in TABLE["HAND"] if e.slot in (*SUMS, "loss_y", "end_y", "end_s")
            and "end_cotangent" not in e.lines[0][1]]
    return seen.those(TABLE["SLOPES"] + (TABLE["PATHS"] + late if form == DERIVED
                                         else TABLE["HAND"]))


def backward_sets(whole, bases, form=None):
    """Sets of edits that give all numbers of a case, from `bases`, which give its forward pass.

    form: the form that explains other cases. If it explains this case too, no other is searched.
    """
    found = [base for base in bases if whole.seen.matches(whole.run(base))]
    if found:
        return found[:FEW]
    least = max(whole.budget["left"] - EACH, 0)
    near = [Steps(whole, base, least) for base in bases[:len(FORMS) * FEW]]
    near.sort(key=lambda steps: (-steps.near(), steps.base.form == DERIVED))    # the cheap first
    for steps in near[:BASES]:
        if whole.budget["left"] > least and not any(edits.form == form for edits in found):
            found += steps.sets()
    found.sort(key=lambda edits: edits.rank)
    if not found or found[0].cost > bases[0].cost + 1:
        found = silent(whole, bases) + found
    return sorted(found, key=lambda edits: (edits.cost, bool(edits.forward)))[:FEW]


def silent(whole, bases):
    """If the port's state is unknown and y is right: sets with one edit of the forward pass that
    changes only gradients.
    """
    seen = whole.seen
    tries = [] if has_traces(seen) or bases[0].forward else [
        (e,) for e in forward_edits(seen, LINES) if not e.fitted]
    return [edits for some in tries if whole.budget["left"] > 0 and whole.gives_forward(some)
            for edits in (Edits(some, form) for form in FORMS)
            if whole.budget["left"] > 0 and seen.matches(whole.run(edits))]


class Steps:
    """The backward pass of a case with a set of edits, called the base, and with further edits."""

    def __init__(self, whole, base, least=-np.inf):
        """least: further edits are tried only while at least this many trials are left."""
        self.whole, self.seen, self.base = whole, whole.seen, base
        self.dz, self.m, self.W = whole.dz(base)
        self.least, self._terms, self._w = least, {}, {}
        self.lines = right_lines(self.seen.config)
        self.edits = [e for e in candidates(self.seen, base.form) if self.beside((e,))]
        self.target = self.dz
        if self.dz is None and np.any(self.m):
            self.target = self.seen.got.get("grad.x")

    def sets(self):
        """Sets of edits that give all numbers: the base with more edits of the backward pass."""
        found = [self.beside(walk + ends) for walk in self.walks()[:FEW]
                 for ends in products(self.ends(walk).values())[:FEW]]
        return sorted(filter(self.whole.fits, filter(None, found)), key=lambda edits: edits.rank)

    def beside(self, some):
        """The base with more edits. Two edits of one line are merged; if that fails, None."""
        backward = {e.slot: e for e in self.base.backward}
        for e in some:
            if e.slot in backward:
                e = None if e.slot in SLOPES else merged(self.lines[e.slot], backward[e.slot], e)
            if e is None:
                return None
            backward[e.slot] = e
        return self.base._replace(backward=tuple(backward.values()))

    def run(self, some):
        """All outputs with more edits, on the port's own numbers."""
        return self.seen.reported(self.whole.run(self.beside(some), self.dz))

    def near(self, some=()):
        """How well more edits fit: how many numbers of dL/dz (or dL/dx) and gradients are right."""
        outputs = self.run(some)
        return self.right(some).sum() + sum(self.seen.equal(outputs[name], self.seen.got[name])
                                            for name in self.seen.gradients)

    def right(self, some):
        """Which numbers of dL/dz, or dL/dx, are right with more edits."""
        return np.array(0) if self.target is None else np.abs(
            self.given(self.terms(some)) - self.target) <= SLACK * self.seen.tolerance(self.target)

    def smallest(self, have, edits, values, target, pairs, slack=1, scaled=None):
        """The sets with which values(edits) is the target (`search.smallest`).

        scaled(edit): an edit of h' with the number by which it is multiplied.
        """
        size = self.seen.tolerance(target)

        def fits(some):
            return (self.beside(some) and self.whole.budget["left"] >= self.least
                    and (np.abs(values(some) - target) <= slack * size).all())

        def with_k(e):
            return scaled and scaled(e) if e.slot == "h_slope" else numbers.fitted(
                e, lambda k: values(have + (e._replace(k=k),)), target, size)
        return smallest(have, [e for e in edits if self.beside(have + (e,))], fits, with_k, pairs)

    # ---- the steps ------------------------------------------------------------------------------

    def walks(self):
        """Sets of edits with which dL/dz, or dL/dx, holds at all steps."""
        if self.target is not None and self.right(()).all():
            return [()]
        found = [] if self.target is None else self.more((), EVERY)
        if not found and self.target is not None:
            first = [] if self.right(())[LAST].all() else self.more((), LAST)
            near = sorted(first, key=lambda some: -self.right(some).sum())
            found = [more for some in near[:WIDTH] if self.right(some).sum() > self.right(()).sum()
                     for more in self.more(some, EVERY)]
        if not found and self.dz is not None:   # the last step may have too few numbers
            found = [(e, slope) for e in self.edits if e.slot in ("seen", "through_gate")
                     and not e.fitted for f in self.edits if f.slot == "h_slope"
                     for slope in [self.scaled((e,), f, EVERY)] if slope]
        if not found and self.dz is None:       # the sums alone may show an edit
            some = [(e,) for e in self.edits if e.slot not in ENDS and not e.fitted]
            return sorted([(), *some], key=self.near, reverse=True)
        return sorted(found, key=lambda some: (sum(e.cost for e in some), sum(
            e.order for e in some)))

    @np.errstate(all="ignore")
    def terms(self, some):
        """dL/dy, h', S and g' at all steps, with more edits."""
        if some not in self._terms:
            # With the port's dz, a slope changes one term; otherwise also those of earlier steps.
            edited = {e.slot for e in (*some, *self.base.backward)}
            if some and some[-1].slot in SLOPES and not edited & {"dv", "dz"} and (
                    self.dz is not None or some[-1].k is not None):
                e, terms = some[-1], self.terms(some[:-1]).copy()
                terms[SLOPES[e.slot]] = self.slope(some[:-1], e)(e.k)
            else:
                (y, v, s, z), paths = self._adjoints(some), tuple(e for e in some if e.slot in VS)
                new = paths not in self._w and (paths or VS & {e.slot for e in self.base.forward})
                if (np.isnan(g := z / s).any() or new) and self.dz is not None and self.beside(
                        (*some, STRAIGHT)):
                    _, v1, s1, z1 = self._adjoints((*some, STRAIGHT))
                    self._w[paths] = np.where(np.abs(v1 - v) > 1e-9, (s1 - s) / (v1 - v), 1)
                    g = np.where(s == 0, z1 / s1, g)
                w = self._w.get(paths, 1)       # dL/ds is w dL/dv and the rest
                terms = np.array([w * y, v / y, s - w * v, g])
            self._terms[some] = np.where(np.isfinite(terms), terms, 0)
        return self._terms[some]

    def _adjoints(self, some):
        outputs = self.whole.run(self.beside(some), self.dz)
        return [outputs[f"adj.{name}"] for name in ("y", "v", "own_s", "z")]

    def slope(self, have, e):
        """The values of an edit of a slope as a function of k, beside the edits `have`."""
        names, text = self.whole.names(self.beside(have), self.dz), e.lines[0][1]
        return lambda k: compute(resolve(text, self.seen.config), {**names, "k": k})

    @np.errstate(all="ignore")
    def scaled(self, have, e, span):
        """An edit of h', multiplied so that dL/dz holds at the steps of `span`, or None."""
        (dy, _, S, g), slope = self.terms(have), self.slope(have, e)
        target = (self.dz - g * S)[span].ravel()
        found = numbers.scaled(
            lambda k: np.nan_to_num((g * dy * slope(k))[span].ravel()), target,
            SLACK * self.seen.tolerance(self.dz), numbers.GRID if e.fitted else (1.0,))
        if found is None:
            return None
        k, a = found
        return e._replace(k=k) if a == 1 else e._replace(
            k=k, lines=(("h_slope", f"{a} * ({e.lines[0][1]})"),),
            says=f"{e.says}, multiplied by {a:.6g}")

    def given(self, terms):
        """dL/dz from these terms, or dL/dx if the port's dL/dz is not known."""
        dy, h, S, g = np.moveaxis(terms, -4, 0)
        dz = g * (h * dy + S)
        return (self.m * dz) @ self.W.T if self.dz is None else dz

    def more(self, have, span):
        """`have` with one or two more edits that give the steps of `span` (EVERY or LAST)."""
        def pairs(edits):
            """Pairs whose changes of the terms, added up, give the target."""
            base, known = self.terms(have), [
                e for e in edits if have + (e,) in self._terms
                and (span is LAST or self.dz is not None)]
            known = [e for e in known if np.any(self.terms(have + (e,)) != base)]
            parts = np.array([self.terms(have + (e,)) for e in known])
            size = SLACK * self.seen.tolerance(self.target[span])
            for i, e in enumerate(known[:-1]):
                off = np.abs(self.given(parts[i] + parts[i + 1:] - base) - self.target)
                for f, fits in zip(known[i + 1:], (off[:, span] <= size).all((1, 2, 3))):
                    if fits if e.slot != f.slot else e.slot in SUMMANDS and span is EVERY:
                        yield e, f

        edits = [e for e in self.edits if e.slot not in ENDS]
        return self.smallest(
            have, edits, lambda some: self.given(self.terms(some))[span], self.target[span], pairs,
            SLACK, self.dz is not None and (lambda e: self.scaled(have, e, span)))

    # ---- the sums, and the initial state --------------------------------------------------------

    def ends(self, have=(), paths=()):
        """{line: the sets of edits, beside `have`, with which its output holds}.

        The lines are the sums and those of the initial state; paths: other lines that may be edited
        too, for each of them.
        """
        outputs, found = self.run(have), {}
        for line in (*SUMS, "start_s", "start_y"):
            if (name := ENDS[line]) in self.seen.got:
                target = np.asarray(self.seen.got[name])
                edits = [e for e in self.edits if e.slot in ENDS and name in [
                    ENDS.get(other) for other, _ in e.lines] or e.slot in dict(paths).get(line, ())]
                found[line] = [()] if self.seen.equal(outputs[name], target) else [
                    some[len(have):] for some in self.smallest(
                        have, edits, lambda some, name=name: self.run(some)[name], target,
                        lambda edits: itertools.combinations(edits, 2))]
                if not (found[line] or paths):      # no product then
                    break
        return found
