"""The backward pass as lines of text (`lines.txt`), written by hand, along any traces.

dz_after and gate_after are dz and the gate of the next step, 0 at the last. dL_dy_end and dL_ds_end
are the cotangents of the final state, 0 before the last step. The first lines run back through
time; the sums take whole arrays (T, B, n). As in `step`, an edit is another text for a line. With
inhibition the term of the reset is share(..., y): its sum over the units, divided equally among
those that tie for the maximum.
"""
import numpy as np

from .functions import ARRAYS
from .lines import compute, program
from .step import shifts

DY = ("loss_y", "end_y", "through_H", "through_gate")
DS = ("end_s", "through_v", "through_leak")
CARRIED = (*DY, *DS, "start_s", "start_y")   # uses the state before the step that was computed last
START = ("dz_after", *DY, "dy", *DS, "ds", "start_s", "start_y")
STEP = ("dz_after", *DY, "dy", "h_slope", "dv", *DS, "ds", "g_slope", "dz")
AFTER = ("dz_after", "dv_after", "ds_after", "gate_after", "s_next", "y_next")
SUMS = {"dW": "grad.W", "dH": "grad.H", "db": "grad.b", "ddecay": "grad.decay", "dx": "grad.x"}


def names_of_sums(inputs, traces, adjoints, start=None):
    """The names that sums over samples and steps may use."""
    T, B, n = inputs["dy"].shape
    s_0, y_0 = start or (inputs["state.s"], inputs["state.y"])
    b = inputs["params.b"]
    return {**ARRAYS, **{name[7:]: a for name, a in inputs.items() if name.startswith("params.")},
            **{f"{name}_before": np.concatenate([first[None], traces[name][:-1]])
               for name, first in (("s", s_0), ("y", y_0), ("v", s_0 + b))},
            **traces, **adjoints, "x": inputs["x"], "T": T, "B": B, "n": n, "k": 1.0}


@np.errstate(all="ignore")
def run_backward(config, inputs, traces, edits=None, start=None, own=None):
    """Adjoints and gradients along the traces z, s, v, y and gate, each (T, B, n).

    start: the state before the first step; by default that of the inputs. own: a port's arrays dy,
    dv, ds or dz; the lines after each of them use the port's numbers.
    """
    text = program(config, edits or {})
    s_0, y_0 = start or (inputs["state.s"], inputs["state.y"])
    (T, B, n), zero = inputs["dy"].shape, 0.0 * s_0
    whole = names_of_sums(inputs, traces, {}, (s_0, y_0))
    before = {name: whole[f"{name}_before"] for name in "syv"}
    names = {**whole, **dict.fromkeys(AFTER, zero), "s_start": s_0,
             "recurrent": config["recurrent"], "end_cotangent": inputs["dend.s"]}
    found = {name: np.zeros((T, B, n)) for name in ("dy", "dv", "ds", "dz")}
    dL_dy, steps, borders = shifts(inputs["dy"]), range(T), np.cumsum(config.get("pieces", ()))
    state = {name: a[-1] for name, a in traces.items()}  # before the step that was computed last
    for k, t in enumerate([*(steps if text["order"] == "forwards" else steps[::-1]), -1]):
        names.update(t=t, last=float(k == 0), border=t + 1 in borders,
                     dL_dy_end=inputs["dend.y"] if k == 0 else zero,
                     dL_ds_end=inputs["dend.s"] if k == 0 else zero)
        names.update({name: a[t] if t >= 0 else zero for name, a in dL_dy.items()})
        if t >= 0:
            names.update({name: whole[name][t] for name in (
                *traces, "s_before", "y_before", "v_before")})
        else:
            names["dv"] = zero
        for name in STEP if t >= 0 else START:
            value = compute(text[name], {**names, **state} if name in CARRIED else names)
            if t >= 0 and name in found:
                found[name][t] = value
                value = own[name][t] if own and name in own else found[name][t]
            names[name] = value
        state = {name: a[t] for name, a in before.items()}
        names.update(dz_after=names["dz"], gate_after=names["gate"], dv_after=names["dv"],
                     ds_after=names["ds"], s_next=names["s"], y_next=names["y"])
    start = {f"start.{name}": names[f"start_{name}"] + zero for name in "sy"}
    names = {**whole, **found, **(own or {})}
    result = {f"adj.{name}": found["d" + name] for name in ("y", "v", "s", "z")}
    for line, name in SUMS.items():
        if line[1:] in names:
            result[name] = compute(text[line], names) + 0 * names[line[1:]]
    return {**result, **start}
