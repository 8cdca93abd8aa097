"""Find which lines of the forward pass hold, and with which edits."""
import itertools

import numpy as np

from ..mistakes.edit import TABLE
from . import numbers
from .forward import LEVELS, LINES, PLAIN, Frames, cost, forward_edits, single, sums

FEW = 8    # our choice: the most edits of one line that are combined with others
REPORTED = ("kept", "s * (1 - fired_by(y))")    # what a port may report in place of s


@np.errstate(all="ignore")
def look(seen, brief=False):
    """[{returned line: sets of edits with which it holds}], the best first.

    The set () means that the line is right. No sets mean that no known edits explain it. The edits
    of a line include those of earlier lines that were not returned. If s is wrong, the best sets
    cost more than 2 and `brief` is false, each edit of the reported s is tried too; each that fits
    gives a dict.
    """
    found = [_look(Frames(seen))]
    if _cost(found[0]) > 2 and not brief and () not in found[0]["s"]:
        models = [_look(Frames(seen, e), (e,)) for e in TABLE["FORWARD"]
                  if models_report(e) and e.applies(seen.config)]
        found += filter(state_holds, models)
    return sorted(found, key=_cost)


def models_report(e):
    """Whether, with this edit, the port reports one of REPORTED in place of s."""
    return dict(e.lines).get("s_out") in REPORTED


def state_holds(found):
    """Whether edits explain the state."""
    return bool(found.get("z", True) and found["s"])


def _cost(found):
    """Lower is better: fewer edits, and no line without an explanation."""
    return sum(min(map(cost, sets), default=6) for sets in found.values())


def together(found):
    """Sets of edits for all lines together, smallest first; of equal size, commonest first."""
    made = [sum(some, ()) for some in itertools.product(
        *(sets[:FEW] or [()] for sets in found.values()))]
    return sorted(made, key=lambda edits: (len(edits), sum(e.order for e in edits)))[:12]


def _look(frames, model=()):
    found = _state(frames)
    output = _output(frames, next(iter(found["s"]), ()))
    found["s"] = [model + edits for edits in found["s"]]
    return {**found, **output}


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
        tries += [((e,), True, PLAIN) for e in forward_edits(frames.seen, ("s",)) if not e.fitted]
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
        plain = [(e,) for e in forward_edits(frames.seen, LINES[:-3]) if not e.fitted]
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
    spiking, edits = np.isin(y[ok], (0, 1)).all(), forward_edits(frames.seen, ("v",))
    pairs = [pair[len(before):] for v in [(), *((e,) for e in edits if not e.fitted)]
             for pair in single(frames, "y", ok, before + v, not v and not spiking)]
    pairs.sort(key=lambda pair: (cost(pair), sum(e.slot == "y" for e in pair)))
    pairs = [pair for pair in pairs if cost(pair) == cost(pairs[0])]
    if not pairs or spiking and pairs != [()]:      # many edits fit a few bits by chance
        pairs += [(e._replace(k=k),) for e in edits if e.fitted
                  and (k := _threshold(frames, before + (e,), spiking)) is not None]
    return {"y": pairs}


def _threshold(frames, edits, spiking):
    """The number k with which these edits of v give y, or None."""
    ok, y = frames.ok, frames.got["y"]
    if spiking:
        base, one = (frames.value("v", edits, k)[ok] for k in (0.0, 1.0))
        return numbers.firing(base, one - base, y[ok] == 1)
    return numbers.fit(lambda k: frames.value("y", edits, k)[ok], y[ok],
                       np.full(ok.sum(), frames.tolerance["y"]))
