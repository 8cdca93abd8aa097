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
from .seen import PROPOSING, forward_class, has_traces
from .sets import Edits, Whole

NEARER = 1 / 3   # our choice: an edit must reduce the distance to the port's numbers to this
POINTS = 12      # our choice: an edit must change at least so many numbers
ASKED = 8        # our choice: so many cases, of different classes, are used
MOST = 3         # our choice: at most so many edits that bring lines nearer
CANDIDATES = (*dict.fromkeys(slot for part in PARTS for slot in SLOTS[part]), "s", "v", "y")


def held(unit, ids):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    classes = {}
    for seen in (whole.seen for whole in unit.failed):   # boundary cases fit too many edits
        if seen.id in ids and has_traces(seen) and 3 <= seen.T <= 50 and seen.family in PROPOSING:
            classes.setdefault(forward_class(seen), []).append(seen)
    asked = spread([seen for some in classes.values() for seen in some[:2]], ASKED)
    frames = [Frames(seen) for seen in asked]
    looked = [unit.lines[key] for key in classes if key in unit.lines]
    exact = dict.fromkeys(e for lines in looked for sets in lines.found.values() if sets
                          for e in sets[0] if e.k is None)
    exact = joined(tuple(e for e in exact if e.slot not in ("v", "y") or _proved(e, frames)))[:MOST]
    near, notes = nearly(frames, exact)
    lines, found = {}, looked[0].found if looked else {}
    for name in ("z", "s", "v", "y"):
        sets = found.get(name)
        if not sets and (name != "s" or found.get("z")) and sets is not None:
            lines[name] = notes.get(name, "wrong, and no known edit explains it")
        elif sets and all(e in exact or e.slot not in ("v", "y") for e in sets[0]):
            lines[name] = "holds" + " with " * bool(sets[0]) + "; ".join(e.said() for e in sets[0])
    forward = joined(tuple(dict.fromkeys((*exact, *near))))
    backward = _backward(asked[:4], forward) if asked else ()
    return forward + backward, lines


# ---- forward ------------------------------------------------------------------------------------

@np.errstate(all="ignore")
def models(frames, edits):
    """(line, the port's numbers, the numbers with edits), from the port's own numbers."""
    edits = [e for e in edits if e.applies(frames.config, frames.seen.inputs)]

    def of(line, names=None):
        slots = SLOTS.get(line, (line,))
        return frames.value(line, tuple(e for e in edits if {n for n, _ in e.lines} & set(slots)),
                            names=names)
    z = sum(of(part) for part in PARTS)
    if "z" in frames.got:
        yield "z", frames.got["z"], z
        z = frames.got["z"]
    yield ("s" if "z" in frames.got else "z"), frames.got["s"], of("s", frames.with_names(z=z))
    if "s" in frames.seen.got:
        v = of("v", frames.with_names(z=z))
        if "v" in frames.got:
            yield "v", frames.got["v"], v
            v = frames.got["v"]
        yield "y", frames.got["y"], of("y", frames.with_names(z=z, v=v))


def effect(asked, have, e):
    """line -> the effect of an edit beside others: squared errors without it and with it, how many
    numbers it changes, and how many of these are still wrong.
    """
    found = {}
    for frames in asked:
        if e.applies(frames.config, frames.seen.inputs):
            for (line, got, was), (_, _, now) in zip(models(frames, have),
                                                     models(frames, (*have, e))):
                moved = frames.ok & ~(np.abs(now - was) <= frames.tolerance["s"])
                before, after = (was - got)[moved], (now - got)[moved]
                found[line] = found.get(line, 0) + np.array([
                    before @ before, after @ after, moved.sum(),
                    (np.abs(after) > frames.tolerance["y"]).sum()])
    return found


def _proved(e, asked):
    """Whether an edit gives y in all cases; spikes prove little, so it must change many of them."""
    found = effect(asked, (), e)
    return (sum(n for _, _, n, _ in found.values()) >= POINTS
            and not any(found[line][3] for line in found if line in "vy"))


def nearly(asked, base):
    """Edits that bring lines much nearer to the port's numbers, and {line: how near}."""
    chosen, notes = [], {}
    edits = list(dict.fromkeys(e for frames in asked for e in forward_edits(
        frames.seen, CANDIDATES) if not e.fitted))
    while len(chosen) < MOST:
        have, best = (*base, *chosen), (np.inf, None, "")
        for e in edits:
            if all(e.slot != f.slot for f in have) and (found := effect(asked, have, e)):
                a, b, n, _ = sum(found.values())
                ratio = np.sqrt(b / a) if a > 0 else np.inf
                if n >= POINTS and ratio <= NEARER and ratio < 0.99 * best[0]:
                    best = ratio, e, max(found, key=lambda line: found[line][0])
        ratio, e, line = best
        if e is None:
            break
        chosen.append(e)
        notes[line] = (f"wrong; with \"{e.said()}\" it is {1 / max(ratio, 1e-3):.0f} times nearer "
                       "to your line, which therefore has another mistake as well")
    return chosen, notes


# ---- backward -----------------------------------------------------------------------------------

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
        bases = [Edits(form="by hand"), Edits(), Edits(forward).for_case(seen)]
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
