"""The backward pass, written by hand as lines of text (`lines.txt`), for any given traces.

The first lines go back through time; the sums take whole arrays (T, B, n). dz_after and gate_after
are dz and the gate of the next step, and 0 at the last step. dL_dy_end and dL_ds_end are the
cotangents of the final state, and 0 before the last step. With inhibition the reset term is
share(..., y): the sum over the units is divided equally among the units that tie for the maximum.
"""
import numpy as np

from .functions import ARRAYS
from .lines import compute, program, resolve
from .step import shifts

DY = ("loss_y", "end_y", "through_H", "through_gate")
DS = ("end_s", "through_v", "through_leak")
CARRIED = (*DY, *DS, "start_s", "start_y")   # they use s, v, y of the step before that of dz_after
LINES = ("dz_after", *DY, "dy", "h_slope", "dv", *DS, "ds", "g_slope", "dz", "start_s", "start_y")
SUMS = {"dW": "grad.W", "dH": "grad.H", "db": "grad.b", "ddecay": "grad.decay", "dx": "grad.x"}


def names_of_sums(config, inputs, traces, adjoints):
    """The names that the sums may use. If `traces` has no gate, it is computed from y."""
    T, B, n = inputs["dy"].shape
    params = {name[7:]: a for name, a in inputs.items() if name.startswith("params.")}
    start = {"s": inputs["state.s"], "y": inputs["state.y"], "v": inputs["state.s"] + params["b"]}
    names = {**ARRAYS, **params, **{f"{name}_before": np.concatenate([a[None], traces[name][:-1]])
                                    for name, a in start.items()},
             **traces, **adjoints, "x": inputs["x"], "T": T, "B": B, "n": n, "k": 1.0}
    gate = 1 - compute(resolve("fired_by(y_before)", config), names) + 0 * traces["y"]
    return {"gate": gate, **names}


@np.errstate(all="ignore")
def run_backward(config, inputs, traces, edits=None, dz=None):
    """Adjoints and gradients for the traces z, s, v, y and perhaps gate, each (T, B, n).

    Each line is computed for all steps at once, from dz of the next step. If a port's dz is given,
    one pass is enough, unless an edit uses dv or ds of the next step. Otherwise the pass is
    repeated: each repetition makes one more step right.
    """
    edits = edits or {}
    text = program(config, edits)
    whole = names_of_sums(config, inputs, traces, {})
    T, zero = len(inputs["dy"]), 0.0 * inputs["state.s"][None]
    order = np.arange(T)[::1 if text["order"] == "forwards" else -1]
    before = {name: whole[f"{name}_before"] for name in "syv"}
    # One row for each step in the order of computation, and one for the initial state.
    names = {**whole, "recurrent": config["recurrent"], "end_cotangent": inputs["dend.s"]}
    names.update({name: np.concatenate([a[order], zero]) for name, a in {
        **shifts(inputs["dy"]), **traces, "gate": whole["gate"],
        **{f"{name}_before": a for name, a in before.items()}}.items()})
    names.update({new: np.concatenate([zero, names[name][:-1]]) for new, name in (
        ("gate_after", "gate"), ("s_next", "s"), ("y_next", "y"))})
    names.update({f"dL_d{name}_end": np.concatenate([inputs[f"dend.{name}"][None], *T * [zero]])
                  for name in "sy"})
    t = names["t"] = np.append(order, -1)[:, None, None]
    names.update(last=t == order[0], border=np.isin(t + 1, np.cumsum(config.get("pieces", ()))))
    state = {name: np.concatenate([traces[name][-1:], a[order]]) for name, a in before.items()}
    found = dict.fromkeys(("dz", "dv", "ds"), np.concatenate([0 * traces["y"], zero]))
    once = dz is not None and not any("dv_after" in line or "ds_after" in line
                                         for line in edits.values())
    for _ in range(1 if once else T + 1):
        names.update({f"{name}_after": np.concatenate([zero, found[name][:-1]])
                      for name in ("dz", "dv", "ds")})
        if dz is not None:
            names["dz_after"] = np.concatenate([zero, dz[order]])
        for name in LINES:
            value = compute(text[name], {**names, **state} if name in CARRIED else names)
            found[name] = names[name] = value * (t >= 0) if name == "dv" else value + 0 * t
    steps = {name: found[name][np.argsort(order)] for name in ("dy", "dv", "ds", "dz")}
    sums = {**whole, **steps, "dz": steps["dz"] if dz is None else dz}
    return {**{f"adj.{name}": steps[f"d{name}"] for name in "yvsz"},
            **{name: compute(text[line], sums) + 0 * sums[line[1:]]
               for line, name in SUMS.items() if line[1:] in sums},
            **{f"start.{name}": found[f"start_{name}"][-1] + zero[0] for name in "sy"}}
