"""Find which lines of the forward pass hold, and with which edits."""
import itertools
from typing import NamedTuple

import numpy as np

from ..mistakes.edit import TABLE
from . import numbers
from .forward import (Frames, INVERSES, NUMBERS, OUTER, PLAIN, PRODUCTS, cost, forward_edits,
                      single, sums)

FEW = 4    # our choice: the most edits of one line that are combined with others
OWN = {"relu": "positive", "leaky_relu": "positive", "identity": "all", "tanh": "tanh"}


class Lines(NamedTuple):
    """What is known about the forward pass of a class of cases.

    found: line -> sets of edits with which it holds ([()]: without edits; []: it does not hold).
    """
    found: dict
    kept: tuple = ()

    @property
    def cost(self):
        """Lower is better: fewer edits, and no line without an explanation."""
        return len(self.kept) + sum(min(map(cost, sets), default=6) for sets in self.found.values())

    def sets(self):
        """Sets of edits for all lines together, the commonest first."""
        some = [sets[:FEW] or [()] for sets in self.found.values()]
        made = [self.kept + tuple(e for edits in chosen for e in edits)
                for chosen in itertools.product(*some)]
        return sorted(made, key=lambda edits: (len(edits), sum(e.order for e in edits)))[:12]


@np.errstate(all="ignore")
def look(seen, brief=False):
    """The Lines of a case, the best first; if not brief, also as if it reported the kept state."""
    found = [_look(Frames(seen))]
    if found[0].cost > 2 and not brief:
        kept = [_look(Frames(seen, e)) for e in TABLE["FORWARD"] if e.slot == "kept"
                and ("s_out", "kept") in e.lines and e.applies(seen.config)]
        found += [lines for lines in kept if lines.found["z"]]
    return sorted(found, key=lambda lines: lines.cost)


def _look(frames):
    found = {}
    z = _z_and_s(frames, found)
    if found["z"] or not frames.kept:
        _v_and_y(frames, found, z)
    return Lines(found, (frames.kept,) if frames.kept else ())


def _sums(frames, target, tolerance, mask, level):
    """Edits with which z holds at all steps, or at all but the first; the mask of those steps."""
    later = mask & ~frames.first
    found = sums(frames, target, tolerance, later, level)
    whole = [edits for edits in found
             if (np.abs(frames.total(edits) - target)[mask] <= 3 * tolerance).all()]
    if found and not whole:
        whole = sums(frames, target, tolerance, mask, level)
    return (whole, mask) if whole else (found, later)


def _z_and_s(frames, found):
    """Find the edits of z and s; returns the right z, if it is known."""
    ok, s = frames.ok, frames.got["s"]
    if "z" in frames.got:
        z, size = frames.got["z"], frames.tolerance["z"]
        levels = (_sums(frames, z, size, ok, level)[0] for level in (PLAIN, PRODUCTS, NUMBERS))
        found.update(z=next(filter(None, levels), []), s=single(frames, "s", ok))
        return z
    own, hits = OWN[frames.config["g"]], []   # (whether not at all steps, cost, z, s, the model)
    tries = [(own, "s", PLAIN)]
    if frames.kept is None:
        tries += [(name, "s", PLAIN) for name in INVERSES if name != own]
        tries += [(own, outer, PLAIN) for outer in OUTER
                  if frames.config["recurrent"] or "H" not in outer]
        tries += [(own, "s", PRODUCTS), (own, "s", NUMBERS)]
    for name, outer, level in tries:
        if min((hit[1] for hit in hits), default=9) <= (1 if level == PLAIN else 2):
            break
        z, there = INVERSES[name](frames.undone(outer, s)[0])
        size = frames.tolerance["s"] * (1 if name in ("positive", "all", "clipped") else 100)
        zs, mask = _sums(frames, z, size, ok & there, level)
        part = not np.array_equal(mask, ok & there)
        for edits in zs[:FEW]:
            model = frames.total(edits)
            hits += [(part, cost(edits + more), edits, more, model) for more in single(
                frames, "s", ok & ~frames.first if part else ok, z=model)[:FEW]]
    least = {part: min(hit[1] for hit in hits if hit[0] == part) for part in {h[0] for h in hits}}
    best = sorted((h for h in hits if h[1] == least[h[0]]), key=lambda hit: hit[0])
    found["z"], found["s"] = (list(dict.fromkeys(hit[i] for hit in best)) for i in (2, 3))
    return best[0][4] if best else None


def _v_and_y(frames, found, z):
    """Find the edits of v and y; without v, those of y are tried with each edit of v."""
    ok, y = frames.ok, frames.got["y"]
    if "v" in frames.got or "s" not in frames.seen.got or not ok.any():
        for line in "vy":
            found[line] = single(frames, line, ok) if "v" in frames.got else [()]
        return
    spiking, known = np.isin(y[ok], (0, 1)).all(), {} if z is None else {"z": z}
    edits = forward_edits(frames.seen, ("v",))
    pairs = [(v, more) for v in [(), *((e,) for e in edits if not e.fitted)]
             for more in single(frames, "y", ok, not v and not spiking, **known,
                                v=frames.value("v", v, **known))]
    pairs = pairs or [((e._replace(k=k),), ()) for e in edits if e.fitted
                      and (k := _threshold(frames, e, spiking)) is not None]
    pairs.sort(key=lambda pair: (cost(pair[0] + pair[1]), len(pair[1])))
    pairs = [pair for pair in pairs if cost(pair[0] + pair[1]) == cost(pairs[0][0] + pairs[0][1])]
    found["v"], found["y"] = (list(dict.fromkeys(pair[i] for pair in pairs)) for i in (0, 1))


def _threshold(frames, e, spiking):
    """The edit of v with the number k that gives y, or None."""
    ok, y = frames.ok, frames.got["y"]
    if spiking:
        base, one = (frames.value("v", (e,), k)[ok] for k in (0.0, 1.0))
        return numbers.firing(base, one - base, y[ok] == 1)
    return numbers.fit(lambda k: frames.value("y", v=frames.value("v", (e,), k))[ok], y[ok],
                       np.full(ok.sum(), frames.tolerance["y"]))
