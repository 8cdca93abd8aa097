"""Explain single lines by an edit, although other lines remain unexplained.

Everything is computed from the port's own numbers: forward from the state of the step before,
backward from dL/dz of the step after. So one line can be explained while another is wrong.
"""
from functools import partial

import numpy as np

from ..mistakes.edit import TABLE
from ..program.backward import DS, DY
from ..program.lines import compute
from ..program.tape import plain
from .backward import ENDS, EVERY, LAST, Steps
from .forward import LINES
from .lines import joined
from .numbers import POINTS
from .seen import spread
from .sets import BY_HAND, FORMS, Edits, unless_spent

ASKED = 8        # our choice: the most cases that are used
NEARER = 8       # our choice: an edit must divide the error of a wrong line by at least this
RIVAL = 3        # our choice: with any other edit the error must be so many times larger
SHARE = 0.5      # our choice: at a place, at least this share of the numbers must be wrong; an edit
                 # must explain more than this share of the cases in which a line is wrong
FEW = 2          # our choice: and more than so many of these cases
GIVEN = 0.35     # our choice: an edit must give more than this share of the wrong numbers of a line
AT_ONCE = ("h_slope", "g_slope", "dv", "db", "loss_y", "end_y", "end_s")  # they use no s_before
PATHS = {"start_s": DS, "start_y": DY}      # the terms of each; no slope is needed
# Lines of the step, and the lines of the backward pass that depend on them: a mistake in the step
# may also make these wrong.
FOLLOW = {line: later.split() for lines, later in (
    ("leak decay fired gate kept s_before y_before s_0 y_0",
     "through_leak through_gate dz_after ddecay start_s start_y"),
    ("input current W", "dW dx"), ("feedback H", "through_H dH start_y"),
    ("v b y", "h_slope dv db"), ("s", "g_slope dz through_v")) for line in lines.split()}
LAST_DZ = "dz of the last step"


def held(traced):
    """(edits, {line: what is known about it}) for failing cases that no set explains."""
    proposing = [whole for whole in traced if whole.seen.proposes]
    asked = [whole for whole in proposing if "looks" in vars(whole)][:ASKED // 2]   # no new work
    asked += spread([whole for whole in proposing if whole not in asked], ASKED - len(asked))
    edges = spread([whole for whole in traced if asked and not whole.seen.proposes], ASKED)
    forward, lines = _common(_forward, asked + edges, [
        whole.frames for whole in traced if whole not in asked + edges])
    right = all(text == "holds" for text in lines.values())
    backward, more = unless_spent(((), {}), _common, partial(_backward, forward), asked)
    if more.get("dz", "")[:5] != "wrong" or more.get(LAST_DZ, "")[:5] == "wrong":
        more.pop(LAST_DZ, None)
    # If the forward pass is wrong, it may be the reason for a wrong line of the backward pass.
    lines.update((line, text) for line, text in more.items() if right or text[:5] != "wrong")
    nearer = _nearer([whole.frames for whole in spread(proposing, 2 * ASKED)], lines)
    every = [whole.frames for whole in traced]
    placed = {line: with_place(text, line, every, forward + nearer) if line in "zsvy" else text
              for line, text in lines.items()}
    if any(text.startswith("wrong at") for text in placed.values()):    # so may be its gradient
        backward = tuple(e for e in backward if e.slot not in PATHS)
        placed = {line: text for line, text in placed.items() if line not in PATHS}
    if lines.get("z", lines.get("s", ""))[:5] == "wrong":    # an edit may be a part of its cause
        later = {line for e in TABLE["FORWARD"] for line in e.lines[1:]}
        forward = tuple(e for e in forward if e.lines[0] not in later)
    return joined(forward) + nearer + backward, placed


@np.errstate(all="ignore")
def _nearer(asked, lines):
    """(edit,) if one edit gives most wrong numbers of a wrong line, or reduces its error much more
    than all others; else ().

    The numbers are those that count (`Frames.off`). An edit that leaves a term out is not tried: it
    reduces the error whenever the port's term is small, so this proves nothing.
    """
    line = next((line for line in "zsvy" if lines.get(line, "")[:5] == "wrong"), None)
    asked = [frames for frames in asked if line in frames.got]
    if not asked:
        return ()

    def all_of(values):
        return np.concatenate([values(frames)[frames.counting(line)] for frames in asked])

    def errors(*edits):     # as multiples of the tolerance
        return all_of(lambda frames: frames.error(line, frames.seen.those(edits))
                      / frames.tolerance[line])
    edits = dict.fromkeys(e for frames in asked for e in frames.edits(LINES)
                          if not e.fitted and e.lines[0][1].split()[0] != "0")
    now, found = errors(), {e: errors(e) for e in edits}
    wrong, shown = now > 3, all_of(lambda frames: frames.got[line]) != 0
    given = {e: (wrong & shown).sum() - (shown & (off > 3)).sum() for e, off in found.items()}
    e = max(given, key=given.get)
    if given[e] > max(GIVEN * wrong.sum(), FEW * POINTS):
        lines[line] = (f'partly holds: "{e.said()}" gives {given[e]} of {wrong.sum()} wrong '
                       "numbers; the others have another mistake as well")
        return (e,)
    before, sizes = np.linalg.norm(now), {e: np.linalg.norm(off) for e, off in found.items()}
    e = min(sizes, key=sizes.get)
    best = sizes[e]
    if not 0 < best * NEARER < before < np.inf or any(
            best < (1 - 1e-9) * other < RIVAL * best for other in sizes.values()):
        return ()
    lines[line] = (f'nearly holds: "{e.said()}" brings it {before / best:.0f} times nearer to '
                   "your numbers; it has another mistake as well")
    return (e,)


def _common(look, asked, others=()):
    """(edits with which lines hold in all cases, {line: what is known about it}).

    look(case): (the case, {line: sets of edits with which it holds there}, holds(line, edits)).
    others: Frames of more cases, in which no line may fail with the same edits.
    """
    cases = [found for whole in asked for found in [unless_spent(None, look, whole)] if found]
    have, lines = (), {}
    for line in dict.fromkeys(line for _, sets_of, _ in cases for line in sets_of):
        mine = [(seen, sets_of[line], holds) for seen, sets_of, holds in cases if line in sets_of]

        def right(edits):
            scores = [max(here.said() in [Edits(some).said() for some in sets],
                          holds(line, here.forward)) for seen, sets, holds in mine
                      for here in [Edits(edits).for_case(seen)]]
            return sum(map(bool, scores)) + 0.5 * (min(scores) > 1)     # in the first step as well
        spiking = any(np.isin(seen.got["y"], (0, 1)).all() for seen, _, _ in mine)
        some, best = [edits for seen, sets, _ in mine for known in sets     # fit no k to spikes
                      if not (line == "y" and any(e.k for e in known) and spiking)
                      for edits in (known, Edits(known).limited(seen.config).forward)], ()
        while True:     # an edit for each option, if need be
            more = max((best + edits for edits in some), key=right, default=())
            if right(more) <= right(best):
                break
            best = more
        # a state that is computed from y alone is not a separate line: it counts as y
        name = "y" if line == "s" and not {"s", "v"} & set(mine[0][0].got) else line
        def wrong(edits):
            return len(mine) - int(right(edits)) + sum(frames.fails(line, Edits(
                edits).for_case(frames.seen).forward) for frames in others)
        best = min((best, ()), key=wrong)       # what holds at the first step may fail in others
        said = "; ".join(f'"{e.said()}"' for e in best)
        before, after, n = wrong(()), wrong(best), len(mine) + len(others)
        if not after:
            lines[name] = "holds" + bool(best) * " with " + said
        elif before - after > max(SHARE * before, FEW) and not (line == "y" and spiking):
            lines[name] = (f"partly holds: with {said} in {before - after} of the {before} cases "
                           "where it is wrong; the others have another mistake as well")
        else:
            lines[name] = f"wrong in {before} of {n} tested cases; no known mistake explains this"
            continue
        have += tuple(e for e in best if e not in have)
    return have, lines


def _forward(whole):
    """The case, {line: sets of edits with which it holds}, and holds(line, edits).

    A line without numbers to test, such as s in a case of one step, is left out.
    """
    frames, sets_of = whole.looks[0]

    def holds(line, edits):
        return frames.holds(line, edits) * (line != "s" or {*frames.model} <= {*edits}) * (
            1 + frames.holds(line, edits, True))
    return whole.seen, {line: sets for line, sets in sets_of.items()
                        if frames.off(line, ()).size}, holds


def _backward(forward, whole):
    """The case, {line: sets of edits with which it holds}, and holds(line, edits).

    If the forward pass is not explained, only the lines AT_ONCE are searched.
    """
    seen, forward = whole.seen, Edits(forward).for_case(whole.seen).forward
    explained = whole.gives_forward(forward)
    forms = FORMS if explained and forward else (BY_HAND,)
    one, forward = (whole, forward) if explained else (whole.on_own_traces(), ())
    steps = max((Steps(one, Edits(forward, form)) for form in forms), key=Steps.near)
    later = [line for e in forward for name, _ in e.lines for line in FOLLOW.get(name, ())]
    steps.edits = [e for e in steps.edits if not any(line in later for line, _ in e.lines)
                   and (explained or e.slot in AT_ONCE and not e.fitted)]
    if steps.dz is None:
        return seen, {}, None
    spans = {"dz": EVERY, LAST_DZ: LAST}
    if not steps.dz[-1].any():      # it shows no edit: perhaps x does not reach this step
        del spans[LAST_DZ]

    def holds(line, edits):
        if steps.beside(edits) is None:
            return False
        if line in ENDS:
            return seen.equal(steps.run(edits)[ENDS[line]], seen.got[ENDS[line]])
        return steps.right(edits)[spans[line]].all()
    found = {line: [()] if holds(line, ()) else steps.more((), span)
             for line, span in spans.items()}
    if forward and not found["dz"]:
        return seen, found, holds   # nothing shows which form is right
    found.update(steps.ends((), PATHS))
    if "adj.z" not in seen.got and found.get("dx") == [()]:     # dz was computed from it
        del found["dx"]
    if not (found["dz"] or found.get("db", [()])):      # dv may be wrong, not their sum
        found.pop("db")
    return seen, found, holds


# ---- places -------------------------------------------------------------------------------------

@np.errstate(all="ignore")
def with_place(text, line, asked, edits):
    """The text about a returned line, and the row of PLACES where alone it is wrong, if any.

    asked: the Frames of some cases. Such a place contains all wrong numbers, at least half of its
    numbers are wrong, and some numbers lie elsewhere. Of several places, the smallest is named.
    """
    asked = [frames for frames in asked if line in frames.got]
    off = [frames.ok & (frames.error(line, frames.seen.those(edits)) > 3 * frames.tolerance[line])
           for frames in asked]
    if text.startswith("holds"):        # a line is tested from the second step on
        if any(wrong.any() for wrong in off):
            return f"wrong at the first step; from the second step on it {text}"
        hidden = sum((~frames.ok).sum() for frames in asked)
        return bool(hidden) * f"not shown in {hidden} of its numbers; in all others it " + text
    told = {}
    for e in TABLE["PLACES"]:
        there = [frames.ok & _place(e, frames) for frames in asked]
        wrong, inside, outside, others = (sum(int(a.sum()) for a in some) for some in (
            off, there, map(np.greater, off, there),
            (frames.ok & ~place for frames, place in zip(asked, there))))
        if not outside and wrong >= max(POINTS, SHARE * inside) and others >= POINTS:
            told[inside] = (f"; it is wrong only {e.said()} ({wrong} of the {inside} numbers "
                            f"there, none of the {others} elsewhere)")
    return text + (told[min(told)] if told else "")


def _place(e, frames):
    t, sample, unit = np.indices(frames.ok.shape)
    (T, _, n), arrays = frames.ok.shape, {name: plain(a) for name, a in frames.names.items()}
    return np.broadcast_to(compute(e.lines[0][1], {
        **arrays, "t": t, "T": T, "sample": sample, "unit": unit, "n": n}), frames.ok.shape)
