"""The forward pass of a port, one line at a time, on the port's own numbers.

Each step is computed from the *port's* s and y of the step before, so each line is tested without
the errors of the others. A line holds if it gives the port's numbers. z is a sum of parts: a
random projection finds the combinations of their edits that fit. If z was not returned, it is
computed by the inverse of g.
"""
import itertools

import numpy as np

from ..mistakes.edit import TABLE, Edit, texts
from ..program.lines import compute, program, resolve
from ..program.step import PARTS, names_of
from ..program.tape import Var, plain
from . import numbers
from .search import smallest

# The parts of z, and the names that are computed before each of them.
SLOTS = {"leak": ("decay", "fired", "gate", "leak"), "input": ("decay", "W", "current", "input"),
         "feedback": ("decay", "H", "feedback"), "bias": ("bias",)}
STEEP = 0.01   # our choice: where a slope is smaller, a function is not inverted
LINES = (*dict.fromkeys(slot for part in PARTS for slot in SLOTS[part]), "s", "v", "y")


def forward_edits(seen, slots):
    """The edits of the lines `slots` that apply to a case, and can be tested line by line."""
    return [e for e in seen.those(TABLE["FORWARD"]) if e.slot in slots
            and (len(e.lines) == 1 or "feedback" in dict(e.lines))]


@np.errstate(all="ignore")
def inverse(f, value):
    """(a, 1/|f'(a)|) with f(a) = value, for each element, by bisection.

    The second array is 0 where |f'(a)| is not above STEEP, and NaN where no such a exists.
    """
    size = 50 + 10 * np.abs(value[np.isfinite(value)]).max(initial=0)
    low, high = np.full(value.shape, -size), np.full(value.shape, size)
    rising = f(high) > f(low)
    for _ in range(70):
        middle = (low + high) / 2
        above = (f(middle) > value) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    a = np.where(rising, low, high)
    slope = np.minimum(*(np.abs(f(a + by) - f(a)) for by in (-1e-6, 1e-6))) / 1e-6
    return a, np.where(np.abs(f(a) - value) < 1e-9, np.where(slope > STEEP, 1 / slope, 0), np.nan)


def before(start, a):
    """The values of the step before, for all steps."""
    return np.concatenate([start[None], a[:-1]])


class Frames:
    """All steps of a case at once, computed from the port's own numbers."""

    def __init__(self, seen, model=None):
        """model: an edit of what the port reports as s, or None."""
        self.seen, self.config, self.model = seen, seen.config, (model,) if model else ()
        self._values, self._parts, self._edits = {}, {}, forward_edits(seen, LINES)
        self.right = program(self.config, texts(self.model))
        i, got, y, reported = seen.inputs, seen.got, seen.got["y"], seen.state
        self.ok, self.large = np.isfinite(reported), np.full(reported.shape, 1e30)
        if "s" not in got and "v" not in got:
            self.ok = self.ok & (y > 1e-5) & (y < 1 - 1e-5)
        y_before = before(i["state.y"], y)
        self.first = np.arange(seen.T)[:, None, None] + np.zeros(y.shape) == 0
        self.names = {**names_of(self.config, i), "from_second": lambda later, at_first: Var(
            np.where(self.first, plain(at_first), plain(later)))}
        self.names.update(self.with_names(
            x=i["x"], x_before=before(0 * i["x"][0], i["x"]), y=y, y_before=y_before,
            y_before2=before(0 * i["state.y"], y_before), y_start=0 * y + i["state.y"],
            current_before=0 * y, **seen.params))
        kept = self.right["s_out"] == "kept"
        s, steep = self.before("kept" if kept else "s_out", reported)
        there = (steep > 0) & ~np.isnan(steep[self.ok]).any()
        self.ok = self.ok & there
        self.names.update(self.with_names(
            s=s, z=got.get("z", np.nan * s), v=got.get("v", s + seen.params["b"]),
            s_before=before(i["state.s"], reported if kept else np.where(there, s, 0))))
        self.got = {"s": s, **{name: got[name] for name in "zvy" if name in got}}
        slack = 10 if "s" not in got else 1
        self.tolerance = {name: slack * seen.tolerance(a) for name, a in self.got.items()}
        for name in ("seen", "fired", "gate"):
            self.names[name] = compute(self.right[name], self.names)

    def edits(self, slots):
        """The edits of the lines `slots`."""
        return [e for e in self._edits if e.slot in slots]

    def with_names(self, **arrays):
        """Arrays by name, as the Vars that a line uses."""
        return {name: Var(a) for name, a in arrays.items()}

    def text(self, edits):
        """The lines with some edits."""
        return {**self.right, **{name: resolve(a, self.config) for name, a in texts(edits).items()}}

    def before(self, line, value, edits=()):
        """The z that gives this value in line s, or the s that gives it in another line."""
        text = self.text(edits)[line]

        def f(a):
            return compute(text, {**self.names, **self.with_names(**dict.fromkeys(
                ("z",) if line == "s" else ("s", "kept"), a))}).value
        return inverse(f, value)

    def value(self, line, edits=(), k=1.0):
        """The values of a line at all steps, with those edits that change it.

        z and v are the port's or, if not returned, computed with the edits. NaN becomes very large.
        """
        slots = SLOTS.get(line, (line,))
        mine = tuple(e for e in edits if any(name in slots for name, _ in e.lines))
        key = line, mine if line in SLOTS else tuple(edits), k
        if key in self._values:
            return self._values[key]
        text, own = self.text(mine), {**self.names, "k": k}
        if line in "svy" and "z" not in self.got:
            own["z"] = Var(self.total(edits))
        if line == "y" and "v" not in self.got:
            own["v"] = Var(self.value("v", edits, k))
        for name in slots:
            if name != "H" or "H" in own:       # not every unit has H
                own[name] = value = compute(text[name], own)
            for _ in range(self.seen.T * ("current_before" in text[name])):   # one more step right
                own["current_before"] = Var(before(0 * plain(value)[0], plain(value)))
                own[name] = value = compute(text[name], own)
        self._values[key] = value = np.fmax(np.fmin(plain(value), self.large), -self.large)
        return value

    def total(self, edits):
        """z, with edits of its parts."""
        return sum(self.value(part, edits) for part in PARTS)

    def error(self, line, edits=()):
        """The errors of a returned line, with edits of the lines before."""
        value = self.total(edits) if line == "z" else self.value(line, edits)
        return np.abs(value - self.got[line])

    def counting(self, line, first=False):
        """Which numbers count; those of z and s from the second step on, or `first` as well."""
        return self.ok & (~self.first | first | (line in "vy"))

    def off(self, line, edits, first=False):
        """The errors that count."""
        return self.error(line, edits)[self.counting(line, first)]

    def fails(self, line, edits, first=False):
        """Whether a returned line has a wrong number among those that count (`off`)."""
        return bool((self.off(line, edits, first) > 3 * self.tolerance[line]).any())

    def holds(self, line, edits, first=False):
        """Whether some numbers of a returned line count, and all of these are right."""
        return self.off(line, edits, first).size > 0 and not self.fails(line, edits, first)

    def parts(self):
        """part of z -> (its sets of edits without k, the values of the part with each set)."""
        if not self._parts:
            for part in PARTS:
                slots = [slot for slot in SLOTS[part] if slot != "decay" or part == "leak"]
                self._parts[part] = self.with_values(part, [(), *(
                    (e,) for e in self.edits(slots) if not e.fitted)])
        return self._parts

    def with_values(self, part, options):
        """The sets of edits `options`, and the values of a part of z with each set."""
        return options, np.array([self.value(part, edits) for edits in options])


def single(frames, line, mask, before=(), fitted=True):
    """The sets of edits with which a line holds: `before`, for earlier lines, and at most one more.

    An edit with k is tried only if no other fits.
    """
    target, tolerance = frames.got[line][mask], frames.tolerance[line]

    def holds(edits):
        return (np.abs(frames.value(line, edits)[mask] - target) <= tolerance).all()

    def with_k(e):
        return fitted and numbers.fitted(
            e, lambda k: frames.value(line, (*before, e), k)[mask], target, tolerance)
    if not mask.any():
        return []
    return [before] if holds(before) else smallest(
        before, frames.edits((line,)), holds, with_k)


# ---- z, a sum -----------------------------------------------------------------------------------

MOST = 60    # our choice: the most sets of edits of z that are tested further
PLAIN, PRODUCTS, NUMBERS = LEVELS = range(3)     # how far the search for edits of z goes
CONSTANTS = Edit((("bias", "k"),), "a constant for each unit is added to z, like a layer's "
                 "bias", order=len(TABLE["FORWARD"]))


def sums(frames, target, tolerance, mask, level=PLAIN, fine=lambda edits: True):
    """The smallest sets of edits of the parts of z that give z; if some are fine, only these.

    fine(edits): whether the line that z is computed from holds, also where it has no inverse.
    """
    if mask.sum() < (6 if level == NUMBERS else 2):
        return []
    fits, found = [], []
    for parts, unknown in _tries(frames, level):
        some = list(itertools.islice(
            _combined(parts, target[mask], 3 * tolerance, mask, *unknown), 20 * MOST))
        fits += some[:MOST]
        found += itertools.islice(filter(fine, some), MOST)
    if level == NUMBERS and not frames.model:
        found += _currents(frames, target, 3 * tolerance, mask)
    found = sorted(found or fits, key=lambda edits: (cost(edits), sum(e.order for e in edits)))
    return [edits for edits in found if cost(edits) == cost(found[0])][:MOST]


def cost(edits):
    """Lower is better: fewer edits, and edits without k."""
    return sum(e.cost for e in edits)


def _tries(frames, level):
    """Parts of z with their options; at level NUMBERS also an edit with k, and what k adds to z.
    """
    parts = frames.parts()
    if level == PLAIN:
        yield parts, ()
    for part in PARTS if level == PRODUCTS else ():     # a product and its parameter, for example
        pairs = [a + b for a, b in itertools.combinations(parts[part][0][1:], 2)
                 if len({a[0].slot, b[0].slot, "decay"}) == 3]
        if pairs:
            yield {**parts, part: frames.with_values(part, pairs)}, ()
    for e in frames.edits(("decay",)) if level == PRODUCTS else ():
        if not (e.fitted or frames.model):      # one decay for all parts
            yield {part: frames.with_values(part, [
                (*some, e) for some in options if not some or some[0].slot != "decay"])
                for part, (options, _) in parts.items()}, ()
    for part in PARTS if level == NUMBERS else ():
        for e in filter(lambda e: e.fitted, frames.edits(SLOTS[part])):
            also = {"feedback"} & {name for name, _ in e.lines[1:]}
            base, one, two = (sum(frames.value(each, (e,), k) for each in (part, *also))
                              for k in (0.0, 1.0, 2.0))
            if np.allclose(two - one, one - base, atol=1e-9):
                yield {**parts, **dict.fromkeys(also, ([()], 0 * base[None])),
                       part: ([()], base[None])}, (e, (one - base)[None])
    if level == NUMBERS:
        of_unit = np.eye(frames.ok.shape[-1])[:, None, None] + 0 * frames.got["s"]
        yield {**parts, "bias": ([()], of_unit[:1] * 0)}, (CONSTANTS, of_unit)


def _combined(parts, target, tolerance, mask, fitted=None, effects=None):
    """Sets of edits whose sum is the target, the smallest first, found by a random projection.

    fitted: one more edit, whose numbers k are fitted; effects: what each k adds to the sum for
    k = 1. The projection is then chosen so that these effects do not change it.
    """
    options, values = zip(*(parts[part] for part in PARTS))
    values = [a[:, mask] for a in values]
    P = np.random.Generator(np.random.PCG64(0)).standard_normal(target.size)
    if fitted:
        effects = effects[:, mask]
        if ((np.abs(effects) > 1e-9).sum(1) < numbers.POINTS).any():
            return
        P = P - np.linalg.pinv(effects) @ (effects @ P)
    a, b, c, d = (value @ P for value in values)
    front, rest = (a[:, None] + b).ravel(), (target @ P - c[:, None] - d).ravel()
    order, near = np.argsort(front, kind="stable"), tolerance * np.abs(P).sum()
    low, high = (np.searchsorted(front, rest + by, sorter=order) for by in (-near, near))
    if not 0 < (high - low).sum() <= 1e6:       # nothing or anything fits
        return
    hits = np.unravel_index(
        [order[i] * rest.size + j for j in np.flatnonzero(high > low)
         for i in range(low[j], high[j])], (a.size, b.size, c.size, d.size))
    ranks = [sum(np.array([rank(some) for some in mine])[hit] for mine, hit in zip(options, hits))
             for rank in (lambda edits: sum(e.order for e in edits), len)]
    for hit in np.transpose(hits)[np.lexsort(ranks)][:5000]:
        edits = tuple(dict.fromkeys(e for mine, i in zip(options, hit) for e in mine[i]))
        left, more = target - sum(a[i] for a, i in zip(values, hit)), ()
        if fitted:
            ks = [numbers.shortest(k, lambda near, k=k, effect=effect: (np.abs(
                (near - k) * effect) <= tolerance / 3).all()) for k, effect in zip(
                    left @ np.linalg.pinv(effects), effects)]
            left = left - ks @ effects
            more = fitted._replace(k=ks[0]) if len(ks) == 1 and fitted is not CONSTANTS else \
                fitted._replace(lines=(("bias", f"{ks}"),), when=f"units={len(ks)}", count=2)
            more = (more,)
        if (np.abs(left) <= tolerance).all():
            yield (*more, *edits)


def _currents(frames, target, tolerance, mask):
    """Sets of edits with which z holds if x W flows into a current, which decays by k a step.

    The current of a step is z minus its other parts, divided by the factor of the current in z
    (the reset gate, for example). So k is a slope from step to step.
    """
    currents = [e for e in frames.edits(("current",)) if e.fitted]
    outers = [(), *((e,) for e in frames.edits(("input",))
                    if "current" in e.lines[0][1] and not e.fitted)]
    for e, outer in itertools.product(currents, outers):
        factor = plain(compute(frames.text(outer)["input"], {
            **frames.names, **frames.with_names(current=1 + 0 * target)})) + 0 * target
        there = mask & (np.abs(factor) > 1e-9)
        there = there[1:] & there[:-1]
        new, parts = frames.value("input", (e,), 0.0), dict(frames.parts())
        if len(e.lines) > 1:    # y H flows into the current as well
            parts["feedback"] = [()], 0 * new[None]
        options, (a, b, c) = zip(*(parts[part] for part in PARTS[1:]))
        current = (target - (a[:, None, None] + b[:, None] + c).reshape(-1, *target.shape)) / factor
        old, left = current[:, :-1][:, there], (current - new)[:, 1:][:, there]
        k, tolerated = (left * old).sum(1) / (old * old).sum(1), tolerance / factor[1:][there]
        fits = (np.abs(left - k[:, None] * old) <= np.abs(tolerated)).all(1) & (
            (np.abs(old) > 1e-9).sum(1) >= numbers.POINTS)
        for i in np.flatnonzero(fits):
            decimal = numbers.shortest(k[i], lambda k, i=i: (
                np.abs(left[i] - k * old[i]) <= np.abs(tolerated)).all())
            others = next(itertools.islice(itertools.product(*options), i, None))
            yield (e._replace(k=decimal), *outer, *sum(others, ()))
