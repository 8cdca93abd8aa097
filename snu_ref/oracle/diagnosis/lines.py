"""Find which lines of the forward pass hold with which edits, and sets that give all of it."""
from typing import NamedTuple

import numpy as np

from ..mistakes.edit import TABLE
from . import numbers
from .forward import LEVELS, LINES, PLAIN, Frames, cost, single, sums
from .search import FEW, WIDTH, grow, products, size
from .seen import has_traces

MOST = 12           # our choice: the most sets of edits for a case
ENDS = ("s_0", "y_0", "kept", "s_out", "v_out", "y_out", "s_T")   # tests of lines cannot see these
REPORTED = ("kept", "s * (1 - fired_by(y))")    # what a port may report in place of s


class Look(NamedTuple):
    """The lines of a case, and the sets of edits with which each returned line holds.

    The set () means that the line is right. No sets mean that no known edits explain it. The edits
    of a line include those of earlier lines that were not returned.
    """
    frames: Frames
    sets: dict

    @property
    def state(self):
        """Whether edits explain the state."""
        return bool(self.sets.get("z", True) and self.sets["s"])

    @property
    def cost(self):
        """Lower is better: fewer edits, and no line without an explanation."""
        return sum(min(map(cost, sets), default=6) for sets in self.sets.values())

    def together(self):
        """Sets of edits for all lines together, smallest first; of equal size, commonest first."""
        return products(sets or [()] for sets in self.sets.values())[:MOST]


@np.errstate(all="ignore")
def look(seen, brief=False):
    """Looks at a case, the best first.

    If s is wrong, the best sets cost more than 2 and `brief` is false, each edit with which the
    port reports one of REPORTED in place of s is tried too; each that explains s gives a Look.
    """
    found = [_look(Frames(seen))]
    if found[0].cost > 2 and not brief and () not in found[0].sets["s"]:
        models = [_look(Frames(seen, e)) for e in TABLE["FORWARD"]
                  if dict(e.lines).get("s_out") in REPORTED and e.applies(seen.config)]
        found += [model for model in models if model.state]
    return sorted(found, key=lambda look: look.cost)


def _look(frames):
    found = _state(frames)
    output = _output(frames, next(iter(found["s"]), ()))
    found["s"] = [frames.model + edits for edits in found["s"]]
    return Look(frames, {**found, **output})


def _state(frames):
    """The sets of edits for z and s."""
    ok, s = frames.ok, frames.got["s"]
    if "z" in frames.got:
        z, size = frames.got["z"], frames.tolerance["z"]
        found = (sums(frames, z, size, where, level)
                 for level in LEVELS[:1 if frames.model else 3]
                 for where in (ok, ok & ~frames.first))
        return {"z": next(filter(None, found), []), "s": single(frames, "s", ok)}

    def s_holds(edits):
        return frames.holds("s", edits)
    hits = []   # (whether the first step is left out, cost, edits)
    inner = (s > 1e-9) & (s < s[ok].max(initial=0))     # there s = z, except for tanh
    tries = [((), True, PLAIN), ((), inner, PLAIN)]
    if not frames.model:
        tries += [((e,), True, PLAIN) for e in frames.edits(("s",)) if not e.fitted]
        tries += [((), True, level) for level in LEVELS[1:]]
    for outer, inside, level in tries:
        if min((hit[1] for hit in hits), default=9) <= (1 if level == PLAIN else 2):
            break
        z, steep = frames.before("s", s, outer)
        there = inside & (steep > 0)
        size = frames.tolerance["s"] * steep[there].max(initial=1)
        for where in (ok, ok & ~frames.first):
            found = sums(frames, z, size, where & there, level, s_holds)[:FEW]
            new = [(where is not ok, cost(more), more) for edits in found
                   for more in single(frames, "s", where, edits + outer)[:FEW]
                   if not outer or more == edits + outer]
            hits += new
            if new:
                break
    if not (hits or frames.model):      # an s that has no inverse, or a number
        plain = [(e,) for e in frames.edits(LINES[:-3]) if not e.fitted]
        hits = [(where is not ok, cost(more), more) for z in [(), *plain]
                for where in (ok, ok & ~frames.first)
                for more in single(frames, "s", where, z, not z)]
    least = {part: min(hit[1] for hit in hits if hit[0] == part) for part in {h[0] for h in hits}}
    best = sorted((h for h in hits if h[1] == least[h[0]]), key=lambda hit: hit[0])
    return {"s": list(dict.fromkeys(hit[2] for hit in best))}


def _output(frames, before):
    """The sets of edits for v and y. If v was not returned, y is tried with each edit of v.

    before: the edits of z and s.
    """
    ok, y = frames.ok, frames.got["y"]
    if "v" in frames.got:
        return {line: single(frames, line, ok) for line in "vy"}
    if "s" not in frames.seen.got or not ok.any():
        return {}
    spiking, edits = np.isin(y[ok], (0, 1)).all(), frames.edits(("v",))

    def with_k(e):
        """An edit of v with the number with which it gives y, or None."""
        def run(k):
            return frames.value("v" if spiking else "y", (*before, e), k)[ok]
        if not spiking:
            return numbers.fitted(e, run, y[ok], frames.tolerance["y"], numbers.POINTS)
        k = numbers.firing(run(0.0), run(1.0) - run(0.0), y[ok] == 1) if e.fitted else None
        return None if k is None else e._replace(k=k)
    pairs = [pair[len(before):] for v in [(), *((e,) for e in edits if not e.fitted)]
             for pair in single(frames, "y", ok, before + v, not v and not spiking)]
    pairs.sort(key=lambda pair: (cost(pair), sum(e.slot == "y" for e in pair)))
    pairs = [pair for pair in pairs if cost(pair) == cost(pairs[0])]
    if not pairs or spiking and pairs != [()]:      # many edits fit a few bits by chance
        pairs += [(e,) for e in map(with_k, edits) if e]
    return {"y": pairs}


# ---- all lines together ------------------------------------------------------------------------

def forward_sets(whole, carried, at_edge=False):
    """Sets of edits that give the forward pass of a case.

    carried: sets that explain other cases. at_edge: add one edit to the first of these, and make no
    tests of lines.
    """
    seen, fits = whole.seen, whole.gives_forward
    found, dark, (first, *_) = list(filter(fits, carried)), False, carried
    if found or whole.budget["left"] <= 0:
        return found[:MOST]
    singles = [(e,) for e in seen.those(TABLE["FORWARD"]) if not e.fitted]

    def added(bases, more, depth):
        return grow(bases, more, depth, lambda edits: whole.budget["left"] > 0 and fits(edits),
                    lambda edits: seen.agreed(whole.forward(edits)[0]))
    if has_traces(seen) and not at_edge:
        ends, holds = [e for e in singles if e[0].slot in ENDS], whole.looks[0].state
        dark = not holds and {"s", "v"} & set(seen.got)     # s computed from y: v = s + b
        sets = list(dict.fromkeys(edits for look in whole.looks for edits in look.together()))
        found = list(filter(fits, sets))
        if min(map(len, found), default=1):     # the start may be the mistake, not the step
            found += added([()], ends, 1)
        found = found or added([(), *sets[:WIDTH * holds]], ends, 1 + holds)
    if not found:
        bases = [()] if dark else [first] if at_edge else [first, ()]
        tested = whole.frames.edits(LINES) if dark else ()      # line by line, in vain
        found = added(bases, [e for e in singles if e[0] not in tested],
                      1 if at_edge or has_traces(seen) else 2)
    # What shows only at the first step may be a reset in the same step: gradients will tell.
    found += filter(fits, dict.fromkeys(
        (*(f for f in edits if f is not out), *e) for edits in found
        for out in edits if "from_second" in out.lines[0][1]
        for e in singles if e[0].slot == "kept"))
    sets = sorted(dict.fromkeys(map(joined, found)), key=size)
    return [edits for edits in sets if len(edits) == len(sets[0])][:MOST]


def joined(edits):
    """The edits. If one edit of the table equals several of them, it takes their place."""
    for whole in TABLE["FORWARD"]:
        parts = [e for e in edits if len(e.lines) == 1 and e.lines[0] in whole.lines]
        if len(parts) == len(whole.lines) > 1:
            edits = (whole, *(e for e in edits if e not in parts))
    return tuple(edits)
