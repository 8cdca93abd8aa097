"""Which lines of the forward pass hold, and with which edits."""
import itertools
from typing import NamedTuple

import numpy as np

from ..mistakes.edit import TABLE
from . import numbers
from ..program.step import PARTS
from .forward import (Frames, INVERSES, NUMBERS, OUTER, PLAIN, PRODUCTS, SLOTS, UNDO, forward_edits,
                      known, single, sums)

FEW = 4    # ours: edits of one line that are tried together with those of others
OWN = {"relu": "positive", "leaky_relu": "positive", "identity": "all", "tanh": "tanh"}


class Lines(NamedTuple):
    """What is known of the forward pass of a class of cases.

    found: line -> sets of edits with which it holds ([()]: as it stands; []: with none).
    """
    found: dict
    kept: tuple = ()

    @property
    def cost(self):
        """Few edits are better than many, and edits than nothing."""
        costs = (min((sum(1 if e.k is None else 1.5 for e in edits) for edits in sets), default=6)
                 for sets in self.found.values())
        return sum(costs) + len(self.kept)

    def sets(self):
        """Sets of edits of all lines together, the commonest first."""
        some = [sets[:FEW] or [()] for sets in self.found.values()]
        made = [self.kept + tuple(e for edits in chosen for e in edits)
                for chosen in itertools.product(*some)]
        return sorted(made, key=lambda edits: (len(edits), sum(e.order for e in edits)))[:12]


@np.errstate(all="ignore")
def look(pool):
    """The Lines of a class of cases, and alternatives by what is kept of the state."""
    found = [_look(pool)]
    if found[0].cost > 2:
        kept = [e for e in TABLE["FORWARD"] if e.slot == "kept" and ("s_out", "kept") in e.lines
                and e.applies(pool[0].config)]
        found += [_look(pool, e) for e in kept if dict(e.lines)["kept"] in UNDO]
    return sorted(found, key=lambda lines: lines.cost)


def _look(pool, kept=None):
    frames = Frames(pool, kept)
    found = {}
    z = _z_and_s(frames, found)
    _v_and_y(frames, found, z)
    return Lines(found, (kept,) if kept is not None else ())


def _sums(frames, target, tolerance, mask, level):
    """Sums at all steps, or at all but the first, which has edits of its own; the mask that held."""
    later = mask & ~frames.first
    found = sums(frames, target, tolerance, later, level)
    whole = [edits for edits in found if (np.abs(sum(known(frames.value(part, tuple(
        e for e in edits if e.slot in SLOTS[part])), mask) for part in PARTS) - target[mask])
        <= 3 * tolerance[mask]).all()]
    if found and not whole:
        whole = sums(frames, target, tolerance, mask, level)
    return (whole, mask) if whole else (found, later)


def _z_and_s(frames, found):
    ok, s = frames.ok, frames.got["s"]
    if "z" in frames.got:
        found["s"] = single(frames, "s", s, frames.tolerance["s"], ok)
        found["z"] = next(filter(None, (_sums(
            frames, frames.got["z"], frames.tolerance["z"], ok, level)[0]
            for level in (PLAIN, PRODUCTS, NUMBERS))), [])
        return frames.got["z"]
    own, best = OWN[frames.config["g"]], None
    others = [(name, "s") for name in ("positive", "tanh", "sigmoid", "softplus", "softsign",
                                       "clipped", "all") if name != own]
    others += [(own, outer) for outer in OUTER if frames.config["recurrent"] or "H" not in outer]
    tries = [([(own, "s")], PLAIN), ([] if frames.kept else others, PLAIN),
             *(([] if frames.kept else [(own, "s")], level) for level in (PRODUCTS, NUMBERS))]
    for inverses, level in tries:
        for name, outer in inverses if best is None or best[0] > 2 else ():
            z, there = INVERSES[name](OUTER[outer](s, frames.flat), frames.flat)
            size = frames.tolerance["s"] * (1 if name in ("positive", "all", "clipped") else 100)
            zs, mask = _sums(frames, z, size, ok & there, level)
            where = ok if np.array_equal(mask, ok & there) else ok & ~frames.first
            for edits in zs[:FEW]:
                model = sum(frames.value(part, tuple(e for e in edits if e.slot in SLOTS[part]))
                            for part in PARTS)
                for more in single(frames, "s", s, frames.tolerance["s"], where,
                                   frames.with_names(z=model))[:FEW]:
                    cost = len(edits) + len(more)
                    if best is None or cost < best[0]:
                        best = cost, [], [], model
                    if cost == best[0]:
                        best[1].append(edits)
                        best[2].append(more)
            if best is not None and best[0] <= 1:
                break
    found["z"], found["s"] = ([], []) if best is None else (
        list(dict.fromkeys(best[1])), list(dict.fromkeys(best[2])))
    return None if best is None else best[3]


def _v_and_y(frames, found, z):
    ok, y = frames.ok, frames.got["y"]
    if "v" in frames.got:
        found["v"] = single(frames, "v", frames.got["v"], frames.tolerance["v"], ok)
        found["y"] = single(frames, "y", y, frames.tolerance["y"], ok)
        if not found["y"]:
            right = frames.with_names(v=frames.value("v"))
            if single(frames, "y", y, frames.tolerance["y"], ok, right, fitted=False) == [()]:
                found["y"] = [()]
                found["v"] = [(e,) for e in TABLE["FORWARD"] if e.lines == (("v_out", "s"),)]
        return
    found["v"], found["y"] = [], []
    if not ok.any() or "s" not in frames.pool[0].got:
        found["v"], found["y"] = [()], [()]
        return
    spiking = np.isin(known(y, ok), (0, 1)).all()
    plain = [(), *((e,) for e in forward_edits(frames.config, ("v",), frames.pool) if not e.fitted)]
    for v_edits in plain:
        known_z = {} if z is None else {"z": z}
        names = frames.with_names(**known_z)
        names = frames.with_names(**known_z, v=frames.value("v", v_edits, names=names))
        ys = single(frames, "y", y, frames.tolerance["y"], ok, names,
                    fitted=not v_edits and not spiking)
        for y_edits in ys:
            found["v"].append(v_edits)
            found["y"].append(y_edits)
        if ys == [()] and not v_edits:
            return
    pairs = sorted(zip(found["v"], found["y"]), key=lambda p: (len(p[0]) + len(p[1]), len(p[1])))
    pairs = [p for p in pairs if len(p[0]) + len(p[1]) == len(pairs[0][0]) + len(pairs[0][1])]
    pairs = pairs or _fitted_threshold(frames, y, ok, spiking)
    found["v"] = list(dict.fromkeys(p[0] for p in pairs))
    found["y"] = list(dict.fromkeys(p[1] for p in pairs))


def _fitted_threshold(frames, y, ok, spiking):
    pairs = []
    for e in forward_edits(frames.config, ("v",), frames.pool):
        if not e.fitted:
            continue
        base, one = (known(frames.value("v", (e,), k), ok) for k in (0.0, 1.0))
        if spiking:
            k = numbers.firing(base, one - base, known(y, ok) == 1)
        else:
            k = numbers.fit(lambda k: known(frames.value("y", (), 1.0, frames.with_names(
                v=frames.value("v", (e,), k))), ok), y[ok], frames.tolerance["y"][ok])
        if k is not None:
            pairs.append(((e._replace(k=k),), ()))
    return pairs
