"""The forward pass of a port, one line at a time, on the port's own numbers.

Each step is computed from the *port's* s and y of the step before, so each line is tested without
the errors of the others. A line holds if it gives the port's numbers. z is a sum of parts: all
combinations of their edits are compared by projections. If z was not returned, the inverse of g
gives it.
"""
import itertools

import numpy as np

from ..mistakes.edit import TABLE, Edit, texts
from ..program.lines import compute, program, resolve
from ..program.step import PARTS, names_of
from ..program.tape import Tape, Var
from . import numbers

# The parts of z, and the names that are computed before each of them.
SLOTS = {"leak": ("decay", "fired", "gate", "leak"), "input": ("W", "input"),
         "feedback": ("H", "feedback"), "bias": ("bias",)}
LINES = (*(slot for part in PARTS for slot in SLOTS[part]), "s", "v", "y")
# Inverses of g: z from s, and the elements where that is possible.
INVERSES = {
    "positive": lambda s: (s, s > 1e-9),
    "tanh": lambda s: (np.arctanh(np.clip(s, -0.97, 0.97)), np.abs(s) < 0.97),
    "sigmoid": lambda s: (np.log(np.clip(s, 0.02, 0.98)) - np.log1p(-np.clip(s, 0.02, 0.98)),
                          np.abs(s - 0.5) < 0.48),
    "softplus": lambda s: (np.log(np.expm1(np.clip(s, 0.02, 50))), s > 0.02),
    "softsign": lambda s: (s / (1 - np.minimum(np.abs(s), 0.9)), np.abs(s) < 0.9),
    "clamped": lambda s: (s, (s > 1e-9) & (s < s.max())),
    "all": lambda s: (s, s == s),
}
OUTER = ("s", "decay * s", "s + b", "s + y_before @ H")   # what a port may make of s = g(z)


def forward_edits(seen, slots):
    """The edits of the lines `slots` that apply to a case."""
    return [e for e in TABLE["FORWARD"] if e.slot in slots and e.applies(seen.config, seen.inputs)
            and (len(e.lines) == 1 or "feedback" in dict(e.lines))]


class Frames:
    """All steps of a case at once, computed from the port's own numbers."""

    def __init__(self, seen, model=None):
        """model: an edit of the state that the port reports, or None."""
        self.seen, self.config, self.model = seen, seen.config, (model,) if model else ()
        self._values, self._parts, self.tape = {}, {}, Tape()
        self.right = program(self.config, texts(self.model))
        i, got, y, reported = seen.inputs, seen.got, seen.got["y"], seen.state
        self.ok, self.large = np.isfinite(reported), np.full(reported.shape, 1e30)
        if "s" not in got and "v" not in got:
            self.ok = self.ok & (y > 1e-5) & (y < 1 - 1e-5)

        def before(start, a):
            return np.concatenate([start[None], a[:-1]])
        y_before = before(i["state.y"], y)
        self.first = np.arange(seen.T)[:, None, None] + np.zeros(y.shape) == 0
        self.names = {**names_of(self.config, i), "from_second": self._from_second}
        self.names.update(self.with_names(
            x=i["x"], x_before=before(0 * i["x"][0], i["x"]), y=y, y_before=y_before,
            y_before2=before(0 * i["state.y"], y_before), y_start=0 * y + i["state.y"],
            **seen.params))
        kept = self.right["s_out"] == "kept"
        s, there = self.undone(self.right["kept" if kept else "s_out"], reported)
        if (np.abs(s[self.ok & ~there]) > seen.tolerance(reported)).any():
            there = False       # where s does not matter, the port reports another number
        self.ok = self.ok & there
        self.names.update(self.with_names(
            s=s, z=got.get("z", np.nan * s), v=got.get("v", s + seen.params["b"]),
            s_before=before(i["state.s"], reported if kept else np.where(there, s, 0))))
        self.got = {"s": s, **{name: got[name] for name in "zvy" if name in got}}
        slack = 10 if "s" not in got else 1
        self.tolerance = {name: slack * seen.tolerance(a) for name, a in self.got.items()}
        for name in ("seen", "fired", "gate"):
            self.names[name] = compute(self.right[name], self.names)

    def _from_second(self, later, at_first):
        return Var(np.where(self.first, getattr(at_first, "value", at_first),
                            getattr(later, "value", later)), self.tape)

    def with_names(self, **arrays):
        """The names for a line, with other arrays for s, z or v."""
        return {name: self.tape.leaf(a) for name, a in arrays.items()}

    def undone(self, text, value):
        """s from the value of a text that is affine in s, and the elements where that works.

        Elsewhere the difference from the text's value, which does not depend on s.
        """
        base, one = (compute(resolve(text, self.config), {
            **self.names, **self.with_names(**dict.fromkeys(("s", "kept"), k + 0 * value))}).value
            for k in (0.0, 1.0))
        there = np.abs(one - base) > 1e-3
        return (value - base) / np.where(there, one - base, 1), there

    def value(self, line, edits=(), k=1.0, **others):
        """The values of a line at all steps, with those edits that change it.

        others: other arrays for s, z or v. NaN becomes a very large number.
        """
        slots = SLOTS.get(line, (line,))
        edits = tuple(e for e in edits if any(name in slots for name, _ in e.lines))
        key = line, edits, k
        if not others and key in self._values:
            return self._values[key]
        text = {**self.right, **{name: resolve(a, self.config) for name, a in texts(edits).items()}}
        own = {**self.names, "k": k, **self.with_names(**others)}
        for name in slots:
            if name in own or name == line:     # not every unit has H
                own[name] = value = compute(text[name], own)
        value = np.fmax(np.fmin(getattr(value, "value", value), self.large), -self.large)
        if not others:
            self._values[key] = value
        return value

    def total(self, edits):
        """z, with edits of its parts."""
        return sum(self.value(part, edits) for part in PARTS)

    def off(self, line, edits):
        """The errors of a returned line, with edits of the lines before; z and s from step 2 on."""
        z = self.total(edits)
        value = z if line == "z" else self.value(line, edits, z=self.names["z"].value if (
            "z" in self.got) else z, v=self.names["v"].value if "v" in self.got else self.value(
                "v", edits, z=z))
        return np.abs(value - self.got[line])[self.ok & (~self.first | (line in "vy"))]

    def holds(self, line, edits):
        """Whether a returned line holds, as far as `off` looks."""
        return bool((self.off(line, edits) <= 3 * self.tolerance[line]).all())

    def parts(self):
        """part of z -> its edits without k, and their values."""
        if not self._parts:
            for part in PARTS:
                self._parts[part] = self.with_values(part, [(), *(
                    (e,) for e in forward_edits(self.seen, SLOTS[part]) if not e.fitted)])
        return self._parts

    def with_values(self, part, options):
        """Sets of edits of a part of z, and the values of the part with each of them."""
        return options, np.array([self.value(part, edits) for edits in options])


def single(frames, line, mask, fitted=True, **others):
    """Sets of edits with which a line holds: [()] if it is right; edits with k if no other fits."""
    target, tolerance = frames.got[line], frames.tolerance[line]
    if not mask.any():
        return []

    def holds(edits):
        return (np.abs(frames.value(line, edits, **others) - target)[mask] <= tolerance).all()
    if holds(()):
        return [()]
    edits = forward_edits(frames.seen, (line,))
    found = [(e,) for e in edits if not e.fitted and holds((e,))]
    for e in edits if fitted and not found else ():
        if e.fitted:
            k = numbers.fit(lambda k: frames.value(line, (e,), k, **others)[mask], target[mask],
                            np.full(mask.sum(), tolerance), numbers.FEW)
            found += [] if k is None else [(e._replace(k=k),)]
    return found


# ---- z, a sum -----------------------------------------------------------------------------------

MOST = 60    # our choice: the most sets of edits of z that are tested further
PLAIN, PRODUCTS, NUMBERS, CONSTANTS = LEVELS = range(4)  # how far the search for edits of z goes


def sums(frames, target, tolerance, mask, level=PLAIN, fine=lambda edits: True):
    """The smallest sets of edits of the parts of z with which the sum holds; fine ones, if any."""
    if mask.sum() < (2, 2, 6, 4 * mask.shape[-1])[level]:
        return []
    parts, wanted, near = frames.parts(), target[mask], 3 * tolerance
    if level == PLAIN:
        found = _combined(parts, wanted, near, mask)
    elif level == PRODUCTS:     # two edits of one part, such as its product and its parameter
        found = []
        for part in PARTS:
            ones = parts[part][0][1:]
            pairs = [a + b for a, b in itertools.combinations(ones, 2) if a[0].slot != b[0].slot]
            found += _combined({**parts, part: frames.with_values(part, pairs)}, wanted, near,
                               mask) if pairs else []
    elif level == NUMBERS:
        found = _with_numbers(frames, parts, wanted, near, mask)
    else:
        found = _with_constants(frames, parts, wanted, near, mask)
    found.sort(key=lambda edits: (cost(edits), sum(e.order for e in edits)))
    groups = [list(group) for _, group in itertools.groupby(found[:MOST], cost)]
    fine_ones = ([edits for edits in group if fine(edits)] for group in groups)
    return next(filter(None, fine_ones), groups[0] if groups else [])


def cost(edits):
    """Lower is better: fewer edits, and edits without k."""
    return sum(e.cost for e in edits)


def _combined(parts, target, tolerance, mask, within=np.asarray):
    """Edits without k: all combinations, compared in four random projections.

    within(a): the numbers that are compared, of those in the mask.
    """
    values = [within(parts[part][1][:, mask]) for part in PARTS]
    P = np.random.Generator(np.random.PCG64(0)).standard_normal((target.size, 4))
    total = sum((a @ P).reshape([-1 if i == j else 1 for j in range(len(PARTS))] + [4])
                for i, a in enumerate(values))
    hits = np.argwhere((np.abs(total - target @ P) <= tolerance * np.abs(P).sum(0)).all(-1))
    return [tuple(e for part, at in zip(PARTS, hit) for e in parts[part][0][at])
            for hit in hits[:5000]
            if (np.abs(sum(a[at] for a, at in zip(values, hit)) - target) <= tolerance).all()]


def _with_constants(frames, parts, target, tolerance, mask):
    """Edits without k beside a constant of each unit: sums hold within each unit but for that."""
    units = mask.nonzero()[-1]
    of_unit = (units == np.arange(mask.shape[-1])[:, None]) / np.bincount(units, minlength=1)[units]

    def within(a):
        return a - a @ of_unit.T @ (of_unit > 0)
    found = []
    for edits in _combined(parts, within(target), tolerance, mask, within):
        rest = (target - frames.total(edits)[mask]) @ of_unit.T
        text = ", ".join(str(numbers.shortest(k, lambda near, k=k: abs(near - k) <= tolerance))
                         for k in rest)
        found.append((*edits, Edit((("bias", f"[{text}]"),), "a constant of each unit is added to "
                                   "z, as by the bias of a layer", f"units={len(rest)}",
                                   len(TABLE["FORWARD"]))))
    return found


def _with_numbers(frames, parts, target, tolerance, mask):
    """One edit with a number k, beside edits without k of at most two other parts."""
    found, near = [], np.full(target.size, tolerance)
    for part in PARTS:
        others, rests = [()], target[None]
        for options, values in (parts[other] for other in PARTS if other != part):
            rests = np.concatenate([rests - a[mask] for a in values])
            others = [have + some for some in options for have in others]
            keep = [i for i, have in enumerate(others) if len(have) <= 2]
            others, rests = [others[i] for i in keep], rests[keep]
        for e in filter(lambda e: e.fitted, forward_edits(frames.seen, SLOTS[part])):
            base, one, two = (frames.value(part, (e,), k)[mask] for k in (0.0, 1.0, 2.0))
            slope = one - base
            if (np.abs(slope) > 1e-9).sum() >= numbers.POINTS \
                    and np.allclose(two - one, slope, atol=1e-9):
                ks = (rests - base) @ slope / (slope @ slope)
                fits = np.abs(base + ks[:, None] * slope - rests) <= 10 * tolerance
                for i in fits.all(1).nonzero()[0]:
                    k = numbers.fit(lambda k: base + k * slope, rests[i], near)
                    found += [] if k is None else [(e._replace(k=k), *others[i])]
    return found
