"""The backward pass as lines of text (`lines.txt`), written by hand, along any traces.

dz_after and gate_after are dz and the gate of the next step, 0 at the last. dL_dy_end and dL_ds_end
are the cotangents of the final state, 0 before the last step. The first lines run back through
time; the sums take whole arrays (T, B, n). As in `step`, an edit is another text for a line. With
inhibition the term of the reset is share(..., y): its sum over the units, divided equally among
those that tie for the maximum.
"""
import numpy as np

from .functions import ARRAYS
from .lines import compute, program, resolve
from .step import shifts

DY = ("loss_y", "end_y", "through_H", "through_gate")
DS = ("end_s", "through_v", "through_leak")
CARRIED = (*DY, *DS, "start_s", "start_y")   # uses the state before the step that was computed last
START = ("dz_after", *DY, "dy", *DS, "ds", "start_s", "start_y")
STEP = ("dz_after", *DY, "dy", "h_slope", "dv", *DS, "ds", "g_slope", "dz")
SUMS = {"dW": "grad.W", "dH": "grad.H", "db": "grad.b", "ddecay": "grad.decay", "dx": "grad.x"}


def names_of_sums(config, inputs, traces, adjoints):
    """The names that sums over samples and steps may use; the gate is that of y if not given."""
    T, B, n = inputs["dy"].shape
    params = {name[7:]: a for name, a in inputs.items() if name.startswith("params.")}
    start = {"s": inputs["state.s"], "y": inputs["state.y"], "v": inputs["state.s"] + params["b"]}
    names = {**ARRAYS, **params, **{f"{name}_before": np.concatenate([a[None], traces[name][:-1]])
                                    for name, a in start.items()},
             **traces, **adjoints, "x": inputs["x"], "T": T, "B": B, "n": n, "k": 1.0}
    gate = 1 - compute(resolve("fired_by(y_before)", config), names) + 0 * traces["y"]
    return {"gate": gate, **names}


@np.errstate(all="ignore")
def run_backward(config, inputs, traces, edits=None, own=None):
    """Adjoints and gradients along the traces z, s, v, y and perhaps gate, each (T, B, n).

    own: a port's arrays dy, dv, ds or dz; the lines after each of them use the port's numbers.
    """
    text, own = program(config, edits or {}), own or {}
    whole = names_of_sums(config, inputs, traces, {})
    zero, steps = 0.0 * inputs["state.s"], range(whole["T"])
    names = {**whole, **dict.fromkeys(("dz", "dv", "ds", "gate", "s", "y"), zero),
             "s_start": inputs["state.s"], "recurrent": config["recurrent"],
             "end_cotangent": inputs["dend.s"]}
    before = {name: whole[f"{name}_before"] for name in "syv"}
    rows = {**shifts(inputs["dy"]), **traces, "gate": whole["gate"],
            **{f"{k}_before": a for k, a in before.items()}}
    found = {name: np.zeros(inputs["dy"].shape) for name in ("dy", "dv", "ds", "dz")}
    state = {name: a[-1] for name, a in traces.items()}  # before the step that was computed last
    borders = np.cumsum(config.get("pieces", ()))
    for k, t in enumerate([*(steps if text["order"] == "forwards" else steps[::-1]), -1]):
        names.update({f"{name}_after": names[name] for name in ("dz", "dv", "ds", "gate")},
                     s_next=names["s"], y_next=names["y"], dv=zero, t=t, last=float(k == 0),
                     border=t + 1 in borders)
        names.update({name: a[t] if t >= 0 else zero for name, a in rows.items()})
        names.update({f"dL_d{name}_end": zero if k else inputs[f"dend.{name}"] for name in "sy"})
        for name in STEP if t >= 0 else START:
            value = compute(text[name], {**names, **state} if name in CARRIED else names)
            if t >= 0 and name in found:
                found[name][t] = value
                value = own.get(name, found[name])[t]
            names[name] = value
        state = {name: a[t] for name, a in before.items()}
    sums = {**whole, **found, **own}
    return {**{f"adj.{name}": found[f"d{name}"] for name in "yvsz"},
            **{name: compute(text[line], sums) + 0 * sums[line[1:]]
               for line, name in SUMS.items() if line[1:] in sums},
            **{f"start.{name}": names[f"start_{name}"] + zero for name in "sy"}}
