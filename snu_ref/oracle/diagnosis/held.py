"""Find single lines that hold with an edit, although other lines are not explained.

Everything is computed from the port's own numbers: forward from the state of the step before,
backward from dL/dz of the step after. So one line can be explained while another is wrong.
"""
from collections import Counter

import numpy as np

from ..program.step import PARTS
from .claims import spread
from .forward import Frames, SLOTS, forward_edits
from .search import EACH, SUM_OF, Budget, advance, joined
from .seen import LONGEST, has_traces
from .sets import BY_HAND, Edits, Whole

NEARER = 1 / 3   # our choice: an edit must reduce the distance to the port's numbers to this
POINTS = 12      # our choice: an edit must change at least this many numbers
ASKED = 8        # our choice: the most cases that are used
MOST = 3         # our choice: the most edits of the forward pass
EXACT = 1e-6      # our choice: the square of a distance that is no distance
CANDIDATES = (*dict.fromkeys(slot for part in PARTS for slot in SLOTS[part]), "s", "v", "y")


def held(unit, ids):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    asked = spread([whole.seen for whole in unit.failed if whole.seen.id in ids
                    and whole.seen.proposes and has_traces(whole.seen)
                    and whole.seen.T <= LONGEST], ASKED)
    forward, lines = _forward([Frames(seen) for seen in asked])
    return forward + (_backward(asked[:4], forward) if asked else ()), lines


@np.errstate(all="ignore")
def _forward(asked):
    """(edits that bring lines much nearer to the port's numbers, {line: what is known about it})"""
    edits = dict.fromkeys(e for frames in asked for e in forward_edits(frames.seen, CANDIDATES)
                          if not e.fitted)
    now = [frames.compared(()) for frames in asked]
    lines = {line: "holds" if _holds(line, asked, now) else
             "wrong, and no known edit explains it" for found in now for line in found}
    have, said = (), Counter()
    while len(have) < MOST:
        effects = [(*_effect(e, asked, now, have), e) for e in edits
                   if all(e.slot != f.slot for f in have)]
        ratio, line, e = min(effects, key=lambda effect: effect[0], default=(1, "", None))
        if ratio > NEARER:
            break
        have, said[line] = (*have, e), "; ".join(filter(None, (said[line], e.said())))
        now = [frames.compared(have) for frames in asked]
        lines[line] = f"holds with {said[line]}" if _holds(line, asked, now) else (
            f"wrong; with \"{said[line]}\" it is {1 / ratio:.0f} times nearer to your line, "
            "which therefore has another mistake as well")
    return joined(have), lines


def _holds(line, asked, now):
    """Whether a line gives the port's numbers in all cases asked."""
    return not any((np.abs(after - got) > frames.bound)[frames.ok].any()
                   for frames, found in zip(asked, now) if line in found
                   for got, after in [found[line]])


def _effect(e, asked, now, have):
    """(by which factor an edit changes the distance to the port's numbers, the line concerned).

    Only the numbers that the edit changes count; those of one step prove little. To leave a term
    out brings a line nearer wherever the port has a little of it, so that is no evidence either.
    """
    squares, moved, steps = {}, 0, set()
    for frames, found in zip(asked, now):
        if e.applies(frames.config, frames.seen.inputs):
            for line, (got, after) in frames.compared((*have, e)).items():
                changed = frames.ok & ~(np.abs(after - found[line][1]) <= frames.bound)
                moved += changed.sum()
                steps.update(changed.nonzero()[0])
                squares[line] = squares.get(line, 0) + np.array([
                    ((a - got)[changed] ** 2).sum() for a in (found[line][1], after)])
    before, after = sum(squares.values(), np.zeros(2))
    exact = after < EXACT * before
    if moved < POINTS or len(steps) < 2 or not before > 0 or e.leaves_out and not exact:
        return np.inf, ""
    return (1e-3 if exact else np.sqrt(after / before)), max(
        squares, key=lambda line: squares[line][0])


def own_numbers(seen):
    """(traces, adjoints) of a case, as returned by the port or computed from what it returned."""
    params, s, y, g = seen.params, seen.state, seen.got["y"], seen.config["g"]
    with np.errstate(all="ignore"):
        z = {"relu": np.where(s > 0, s, -1.0), "leaky_relu": np.where(s > 0, s, 10 * s),
             "tanh": np.arctanh(np.clip(s, -1 + 1e-16, 1 - 1e-16))}.get(g, s)
    traces = {"z": seen.got.get("z", z), "s": s, "v": seen.got.get("v", s + params["b"]), "y": y}
    own = {f"d{name[4:]}": a for name, a in seen.got.items() if name.startswith("adj.")}
    if "dz" not in own and "grad.x" in seen.got and seen.invertible:
        own["dz"] = seen.got["grad.x"] @ np.linalg.pinv(params["W"].T)
    return traces, own


def _backward(asked, forward):
    """Edits of the backward pass that make more gradients right in half of the cases."""
    votes, asked = Counter(), [seen for seen in asked if seen.names(False)]
    for seen in asked:
        traces, own = own_numbers(seen)
        seen = seen._replace(got={**seen.got, **{f"adj.{name[1:]}": a for name, a in own.items()}})
        whole = Whole(seen, Budget(EACH), (traces, own))
        bases = [Edits(form=BY_HAND), Edits(), Edits(forward).for_case(seen)]
        base = max(bases, key=lambda base: seen.advance(whole.run(base))[::-1])

        def right(edits):
            return seen.advance(whole.run(edits))[1]
        found, nearest = advance(whole, base)
        best = found[0] if found else nearest or base
        for e in best.backward:   # each must make a tensor right
            fewer = best.only(lambda f, e=e: f is not e)
            best = fewer if right(fewer) >= right(best) else best
        # otherwise no line that runs back in time is proved
        walked = seen.walk and seen.matches(whole.run(best), seen.walk)
        votes.update(e for e in best.backward if walked or e.slot in SUM_OF)
    return tuple(e for e, n in votes.items() if e.k is None and n >= max(2, sum(
        e.applies(seen.config, seen.inputs) for seen in asked) / 2))
