"""Find single lines that hold with an edit, although other lines are not explained.

Everything is computed from the port's own numbers: forward from the state of the step before,
backward from dL/dz of the step after. So one line can be explained while another is wrong.
"""
import numpy as np

from ..mistakes.edit import texts
from ..program.backward import SUMS, run_backward
from .claims import spread
from .search import candidates, joined
from .seen import LONGEST, has_traces
from .sets import BY_HAND, DERIVED, Edits, scoped_to

ASKED = 6        # our choice: the most cases that are used
ENDS = {**SUMS, "start_s": "start.s", "start_y": "start.y"}   # no other line depends on these
AT_ONCE = ("h_slope", "g_slope", "dv", "db", "loss_y", "end_y", "end_s")  # do not use s_before


def held(unit, ids):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    asked = spread([whole for whole in unit.failed if whole.seen.id in ids and whole.seen.proposes
                    and has_traces(whole.seen) and whole.seen.T <= LONGEST], ASKED)
    forward, lines = _common((whole.seen, whole.looked()[0]) for whole in asked)
    right = all(text == "holds" for text in lines.values())
    backward, more = _common((whole.seen, _backward(whole, forward, right)) for whole in asked)
    # If the forward pass is wrong, that may be why a line of the backward pass is.
    lines.update((line, text) for line, text in more.items() if right or text[:5] != "wrong")
    return joined(forward) + backward, lines


def _common(cases):
    """(edits with which lines hold in most cases, {line: what is known about it}).

    cases: pairs of a case and {line: sets of edits with which the line holds there}.
    """
    found, have, lines = {}, (), {}
    for seen, sets_of in cases:
        for line, sets in sets_of.items():     # a state from y alone is no line of its own
            line = "y" if line == "s" and not {"s", "v"} & set(seen.got) else line
            found.setdefault(line, []).append((seen, sets))
    for line, mine in found.items():
        def right(edits):
            return sum(Edits(edits).for_case(seen).said() in [Edits(some).said() for some in sets]
                       for seen, sets in mine)
        best = max([(), *(some for seen, sets in mine for edits in sets
                          for some in (edits, scoped_to(seen.config, edits)))], key=right)
        if right(best) < len(mine):
            lines[line] = f"wrong in {len(mine) - right(())} of {len(mine)} cases, for a reason that " \
                          "no known edit explains"
            continue
        have += tuple(e for e in best if e not in have)
        lines[line] = "holds" + bool(best) * " with " + "; ".join(f'"{e.said()}"' for e in best)
    return have, lines


@np.errstate(all="ignore")
def own_numbers(seen):
    """(traces, adjoints) of a case, as returned by the port or computed from what it returned."""
    params, s, y = seen.params, seen.state, seen.got["y"]
    z = {"relu": np.where(s > 0, s, -1.0), "leaky_relu": np.where(s > 0, s, 10 * s),
         "tanh": np.arctanh(np.clip(s, -1 + 1e-16, 1 - 1e-16))}.get(seen.config["g"], s)
    traces = {"z": seen.got.get("z", z), "s": s, "v": seen.got.get("v", s + params["b"]), "y": y}
    own = {f"d{name[4:]}": a for name, a in seen.got.items() if name.startswith("adj.")}
    if "dz" not in own and "grad.x" in seen.got and seen.invertible:
        own["dz"] = seen.got["grad.x"] @ np.linalg.pinv(params["W"].T)
    return traces, own


def _backward(whole, forward, right):
    """{line of the backward pass: sets with at most one edit with which it holds} in a case.

    right: whether the forward pass is. If not, only lines without the state before are searched.
    """
    traces, own = own_numbers(whole.seen)
    seen = whole.seen._replace(got={**whole.seen.got, **{
        f"adj.{name[1:]}": a for name, a in own.items()}})
    forward, found = Edits(forward).for_case(seen).forward, {}

    def by_hand(*more):
        return run_backward(seen.config, seen.inputs, traces, texts(more), own)

    def derived(*more):
        return whole.run(Edits(forward, DERIVED, more))
    run = max((by_hand, derived), key=lambda run: seen.advance(run()))
    edits = [e for e in candidates(seen, BY_HAND if run is by_hand else DERIVED)
             if not e.fitted and (right or e.slot in AT_ONCE)]
    for line, names in {"dz": seen.walk, **{line: [name] for line, name in ENDS.items() if (
            name in seen.got and name not in seen.walk)}}.items():
        if names:
            found[line] = [()] if seen.matches(run(), names) else [
                (e,) for e in edits if (line in dict(e.lines) or line == "dz" and e.slot not in ENDS)
                and seen.matches(run(e), names)]
    return found
