"""Where a line of the forward pass is wrong, if a row of PLACES describes the place exactly."""
import numpy as np

from ..mistakes.edit import TABLE
from ..program.lines import compute
from ..program.tape import plain
from .numbers import POINTS

SHARE = 0.5     # our choice: of the numbers at a place, at least this share must be wrong


@np.errstate(all="ignore")
def with_place(text, line, asked, edits):
    """The text about a returned line, and the only place where it is wrong, if there is one.

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
