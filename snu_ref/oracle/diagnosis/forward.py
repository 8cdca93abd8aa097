"""The forward pass of a port, one line at a time, on the port's own numbers.

Each step is computed from the s and y of the step before as the *port* returned them, so that a
line that holds is right whatever the other lines do. z is a sum of parts: all combinations
of their edits are compared by projections. Where z was not returned, g is undone.
"""
import itertools

import numpy as np

from ..mistakes.edit import TABLE
from ..program.step import PARTS, compute, names_of, program, resolve
from ..program.tape import Tape, Var
from . import numbers
from .sets import texts

SLOTS = {"leak": ("leak", "decay", "fired"), "input": ("input", "W"), "feedback": ("feedback", "H"),
         "bias": ("bias",)}
# How s is had from what is kept and reported: the edit's text -> s, and where that is defined.
UNDO = {
    "s * (1 - fired_by(y))": lambda r, y, p: (r / np.where(y < 1, 1 - y, 1), y < 0.999),
    "s + b * fired_by(y)": lambda r, y, p: (r - p["b"] * y, y == y),
    "s - fired_by(y)": lambda r, y, p: (r + y, y == y),
    "s + b": lambda r, y, p: (r - p["b"], y == y),
    "decay * s": lambda r, y, p: (r / p["decay"], p["decay"] + 0 * y > 0),
}
# How z is had from s: what it was, and where s says so; f gives the flat values of a text.
INVERSES = {
    "positive": lambda s, f: (s, s > 1e-9),
    "tanh": lambda s, f: (np.arctanh(np.clip(s, -0.97, 0.97)), np.abs(s) < 0.97),
    "sigmoid": lambda s, f: (np.log(np.clip(s, 0.02, 0.98)) - np.log1p(-np.clip(s, 0.02, 0.98)),
                             np.abs(s - 0.5) < 0.48),
    "softplus": lambda s, f: (np.log(np.expm1(np.clip(s, 0.02, 50))), s > 0.02),
    "softsign": lambda s, f: (s / (1 - np.minimum(np.abs(s), 0.9)), np.abs(s) < 0.9),
    "clipped": lambda s, f: (s, (np.abs(s) < 0.999) & (s != 0)),
    "all": lambda s, f: (s, s == s),
}
OUTER = {"s": lambda s, f: s, "decay * s": lambda s, f: s / np.maximum(f("decay"), 1e-3),
         "s + b": lambda s, f: s - f("b"), "s + y @ H": lambda s, f: s - f("y_before @ H")}

def _top(y):
    return y.max(-1, keepdims=True)


def forward_edits(config, slots, pool):
    """The edits of some lines that apply in all cases of a pool."""
    return [e for e in TABLE["FORWARD"] if e.slot in slots and (len(e.lines) == 1 or "feedback" in
                                                                 dict(e.lines))
            and all(e.applies(config, seen.inputs) for seen in pool)]


class Frames:
    """All steps of some cases of one class, on the port's own numbers, as flat vectors."""

    def __init__(self, pool, kept=None):
        self.pool, self.config, self.kept = pool, pool[0].config, kept
        columns = {name: [] for name in ("z", "s", "v", "y", "ok", "first")}
        sizes = {name: [] for name in columns}
        self.names, self._values, self._parts = [], {}, {}
        self.right = program(self.config, {})
        for seen in pool:
            self._add(seen, columns, sizes)
        for own in self.names:
            for name in ("fired", "gate"):
                own[name] = compute(self.right[name], own)
        self.got = {name: np.concatenate(a) for name, a in columns.items() if a}
        self.tolerance = {name: np.concatenate(a) for name, a in sizes.items() if a}
        self.ok, self.first = self.got["ok"].astype(bool), self.got["first"].astype(bool)

    def _add(self, seen, columns, sizes):
        i, got, tape = seen.inputs, seen.got, Tape()
        params = {name[7:]: a for name, a in i.items() if name.startswith("params.")}
        y, reported = got["y"], state_of(seen, params)
        s, ok = reported, np.isfinite(reported)
        if "s" not in got and "v" not in got:
            ok = ok & (y > 1e-5) & (y < 1 - 1e-5)
        if self.kept is not None:
            fired = _top(y) + 0 * y if self.config["lateral_inhibition"] else y
            s, fine = UNDO[dict(self.kept.lines)["kept"]](reported, fired, params)
            ok = ok & fine
        def before(start, a):
            return np.concatenate([start[None], a[:-1]])
        y_before = before(i["state.y"], y)
        first = np.arange(seen.T)[:, None, None] == 0
        vectors = dict(
            x=i["x"], x_before=before(0 * i["x"][0], i["x"]), s=s, y=y, y_before=y_before,
            s_before=before(i["state.s"], reported), y_start=0 * y + i["state.y"],
            y_before2=before(0 * i["state.y"], y_before), z=got.get("z", np.nan * s),
            v=got.get("v", s + params["b"]), **params)
        self.names.append({**names_of(self.config, i), "from_second": lambda later, at_first: Var(
            np.where(first, getattr(at_first, "value", at_first), getattr(later, "value", later)),
            tape, None), **{name: Var(a, tape, None) for name, a in vectors.items()}})
        found = {"s": s, "ok": ok, "first": first & (y == y),
                 **{k: got[k] for k in "zvy" if k in got}}
        for name, a in found.items():
            columns[name].append(a.ravel())
            size = seen.tolerance(a.astype(float)) * (10 if "s" not in got else 1)
            sizes[name].append(np.full(a.size, size))

    def value(self, line, edits=(), k=1.0, names=None):
        """The flat values of a line with edits, at all steps."""
        key = line, edits, k
        if names is None and key in self._values:
            return self._values[key]
        changed, found = texts((*edits, *((self.kept,) if self.kept else ()))), []
        of = {name: resolve(changed[name], self.config) for name in ("W", "H", "decay", "fired")
              if name in changed}
        if "fired" in changed or "gate" in changed:
            of["gate"] = changed.get("gate", self.right["gate"])
        text = resolve(changed.get(line, self.right[line]), self.config)
        for at, own in enumerate(self.names):
            own = {**own, "k": k, **({} if names is None else names[at])}
            for name, edited in of.items() if line in PARTS else ():
                own[name] = compute(edited, own)
            value = compute(text, own)
            found.append(np.broadcast_to(getattr(value, "value", value), own["s"].value.shape
                                         ).ravel())
        found = np.concatenate(found)
        if names is None:
            self._values[key] = found
        return found

    def parts(self, products):
        """part of z -> its plain edits, also two of them on one part, and their values."""
        if products not in self._parts:
            options = {part: [(), *((e,) for e in forward_edits(self.config, SLOTS[part], self.pool)
                                    if not e.fitted)] for part in PARTS}
            if products:
                leaks = [o for o in options["leak"] if o and o[0].slot == "leak"]
                options["leak"] += [a + b for a in options["leak"] for b in leaks
                                    if a and a[0].slot != "leak"]
            self._parts[products] = options, {part: np.array([np.nan_to_num(
                self.value(part, o), nan=1e30, posinf=1e30, neginf=-1e30) for o in options[part]])
                for part in PARTS}
        return self._parts[products]

    def flat(self, text):
        """The flat values of any text."""
        return np.concatenate([np.broadcast_to(
            compute(text, own).value, own["s"].value.shape).ravel() for own in self.names])

    def with_names(self, **vectors):
        """Names of each case with flat vectors in the places of s, z or v."""
        names, at = [], 0
        for own in self.names:
            shape, size = own["s"].value.shape, own["s"].value.size
            names.append({name: Var(v[at:at + size].reshape(shape), own["s"].tape, None)
                          for name, v in vectors.items()})
            at += size
        return names


def state_of(seen, params):
    """The state as reported, or as v or a soft y tell it."""
    if "s" in seen.got:
        return seen.got["s"]
    if "v" in seen.got:
        return seen.got["v"] - params["b"]
    inside = np.clip(seen.got["y"], 1e-6, 1 - 1e-6)
    return np.log(inside) - np.log1p(-inside) - params["b"]


def known(a, mask):
    """Vectors at the places of a mask, with no NaN among them."""
    return np.nan_to_num(a[mask], nan=1e30, posinf=1e30, neginf=-1e30)


def single(frames, line, target, tolerance, mask, names=None, fitted=True):
    """The right line, or the edits of it with which it holds, the plain ones first."""
    if np.sum(mask) == 0:
        return []
    def holds(values):
        return (np.abs(known(values, mask) - target[mask]) <= tolerance[mask]).all()
    if holds(frames.value(line, (), names=names)):
        return [()]
    edits = forward_edits(frames.config, (line,), frames.pool)
    found = [(e,) for e in edits if not e.fitted and holds(frames.value(line, (e,), names=names))]
    if found or not fitted:
        return found
    for e in edits:
        if e.fitted:
            k = numbers.fit(lambda k: known(frames.value(line, (e,), k, names), mask), target[mask],
                    tolerance[mask])
            if k is not None:
                found.append((e._replace(k=k),))
    return found


# ---- z, a sum -----------------------------------------------------------------------------------

PLAIN, PRODUCTS, NUMBERS = range(3)   # how far edits of the parts of z are looked for


def sums(frames, target, tolerance, mask, level=PLAIN):
    """The sets of edits of the parts of z with which the sum holds, those with the fewest edits."""
    if mask.sum() < 2:
        return []
    plain, vectors = frames.parts(level > PLAIN)
    vectors = {part: a[:, mask] for part, a in vectors.items()}
    target, tolerance = target[mask], tolerance[mask] * 3
    found = _combined(plain, vectors, target, tolerance) if level < NUMBERS else _with_numbers(
        frames, plain, vectors, target, tolerance, mask) if mask.sum() >= 6 else []
    found.sort(key=_cost)
    return [f for f in found if _cost(f)[0] == _cost(found[0])[0]][:8]


def _cost(edits):
    return (sum(1 if e.k is None else 1.5 for e in edits), sum(e.order for e in edits))


def _combined(plain, vectors, target, tolerance):
    """Plain edits: every combination is looked at through four random projections."""
    P = np.random.Generator(np.random.PCG64(0)).standard_normal((target.size, 4))
    allowed = tolerance @ np.abs(P)
    shapes = {part: vectors[part] @ P for part in PARTS}
    total = (shapes["input"][:, None, None, None] + shapes["feedback"][None, :, None, None]
             + shapes["leak"][None, None, :, None] + shapes["bias"][None, None, None])
    hits = np.argwhere((np.abs(total - target @ P) <= allowed).all(-1))
    order = ("input", "feedback", "leak", "bias")
    found = []
    for hit in hits[:5000]:
        edits = tuple(e for part, at in zip(order, hit) for e in plain[part][at])
        value = sum(vectors[part][at] for part, at in zip(order, hit))
        if (np.abs(value - target) <= tolerance).all():
            found.append(edits)
    return found


def _with_numbers(frames, plain, vectors, target, tolerance, mask):
    """One or two edits with a number in them, beside plain ones of the other parts."""
    lines = []
    for part in PARTS:
        for e in forward_edits(frames.config, SLOTS[part], frames.pool):
            if e.fitted:
                base, one, two = (known(frames.value(part, (e,), k), mask) for k in (0., 1., 2.))
                if np.abs(one - base).max(initial=0) > 1e-9 \
                        and np.allclose(two - one, one - base, atol=1e-9):
                    lines.append((part, e, base, one - base))
    found = []
    for part, e, base, slope in lines:
        for edits, wanted in _rests(plain, vectors, target - base, (part,), 2):
            ks = wanted @ slope / (slope @ slope)
            for i in np.argwhere(np.abs(wanted - ks[:, None] * slope).max(1)
                                 <= 10 * tolerance.max())[:, 0]:
                k = numbers.affine(0 * slope, slope, wanted[i], tolerance)
                if k is not None:
                    found.append((e._replace(k=k), *edits[i]))
    if found or mask.sum() < 12:
        return found
    for (p, e, base, a), (q, f, base2, b) in itertools.combinations(lines, 2):
        if p == q:
            continue
        C = np.stack([a, b], 1)
        for edits, wanted in _rests(plain, vectors, target - base - base2, (p, q), 1):
            ks = np.linalg.lstsq(C, wanted.T, rcond=None)[0]
            for i in np.argwhere((np.abs(C @ ks - wanted.T) <= tolerance[:, None]).all(0))[:, 0]:
                k, m = ks[:, i]
                k = numbers.affine(m * b, a, wanted[i], 2 * tolerance) or k
                m = numbers.affine(k * a, b, wanted[i], 2 * tolerance) or m
                found.append((e._replace(k=float(k)), f._replace(k=float(m)), *edits[i]))
    return found


def _rests(plain, vectors, target, fixed, most):
    """What is left of z for some parts: the edits of the others, `most` of them, and the rest."""
    rest = [p for p in PARTS if p not in fixed]
    edits, wanted = [()], target[None]
    for p in rest:
        few = [i for i, o in enumerate(plain[p]) if len(o) <= 1]
        wanted = np.concatenate([wanted - vectors[p][i] for i in few])
        edits = [have + plain[p][i] for i in few for have in edits]
        keep = [i for i, have in enumerate(edits) if len(have) <= most]
        edits, wanted = [edits[i] for i in keep], wanted[keep]
    yield edits, wanted


