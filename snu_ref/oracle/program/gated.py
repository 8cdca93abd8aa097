"""One step of RNN, GRU and LSTM as lines of text (`lines.txt`), differentiated by the tape.

total(k) is the line `sum` for block k of the columns of W, H and b; `order` names the blocks. As in
`step`, an edit is another text for a line. Without edits, the numbers are those of the package.
"""
import numpy as np

from .functions import ARRAYS, VARS
from .lines import compute, right_lines
from .tape import Tape

FIELDS = {"rnn": ("h",), "gru": ("h",), "lstm": ("h", "c")}
STEP = {"rnn": ("h",), "gru": ("r", "z", "candidate", "n", "h"),
        "lstm": ("i", "f", "o", "g", "c", "h")}
NAMES = {**VARS, "tanh_with_slope_1": lambda a: a.apply(np.tanh, lambda v, f: np.ones_like(v)),
         "tanh_with_slope_of_a": lambda a: a.apply(np.tanh, lambda v, f: 1 - v * v),
         "sigmoid_with_slope_1": lambda a: a.apply(
             lambda v: 0.5 + 0.5 * np.tanh(v / 2), lambda v, f: np.ones_like(v))}


@np.errstate(all="ignore")
def run_gated(config, inputs, edits=None):
    """The outputs of a case, name -> array, forward and backward, with some lines edited."""
    text, unit, tape = {**right_lines(config), **(edits or {})}, config["unit"], Tape()
    n, fields = inputs["dy"].shape[-1], FIELDS[config["unit"]]
    leaves = {name: {k: tape.leaf(inputs[f"params.{name}"][..., i * n:(i + 1) * n])
                     for i, k in enumerate(text["order"])} for name in ("W", "H", "b")}
    names, start = dict(NAMES), {f: tape.leaf(inputs[f"state.{f}"]) for f in fields}
    names.update({name: lambda a, name=name: compute(text[name], {**names, "a": a})
                  for name in ("gate", "act")}, total=lambda k: compute(text["sum"], {
                      **names, **{p: names[f"{p}_{k}"] for p in "WHb"}}))
    if config.get("reset_after"):
        leaves["b_h"] = {"": tape.leaf(inputs["params.b_h"])}
        names["b_h"] = compute(text["b_h"], {**names, "b_h": leaves["b_h"][""]})
    blocks = {name: {k: compute(text[name], {**names, name: leaf, "block": k})
                     for k, leaf in leaves[name].items()} for name in ("W", "H", "b")}
    names.update({f"{name}_{k}": a for name, of in blocks.items() for k, a in of.items()})
    for f in fields:
        names[f"{f}_before"] = compute(text[f"{f}_0"], {**names, f"{f}_0": start[f]})
    xs, traces = [], {f: [] for f in fields}
    for t, x in enumerate(inputs["x"]):
        names.update(x=tape.leaf(x), t=t)
        xs.append(names["x"])
        for f in fields:
            names[f"{f}_before"] = compute(text[f"{f}_before"], names)
        for name in STEP[unit]:
            names[name] = compute(text[name], names)
        for f in fields:
            traces[f].append(names[f])
            names[f"{f}_before"] = names[f]
    T, last = len(xs), {"T": len(xs), "B": inputs["x"].shape[1]}
    tape.backward([(h, compute(text["dy"], {"dL_dy": dy, "last": t == T - 1}))
                   for t, (h, dy) in enumerate(zip(traces["h"], inputs["dy"]))]
                  + [(traces[f][-1], compute(text[f"end_{f}"], {f"dL_d{f}": inputs[f"dend.{f}"]}))
                     for f in fields])
    outputs = {name: np.stack([v.value for v in traces[f]])
               for name, f in (("c", "c"), ("y", "h")) if f in traces}
    outputs.update({f"end.{f}": traces[f][-1].value for f in fields})
    for name, of in leaves.items():
        gradient = np.concatenate([leaf.gradient() for leaf in of.values()], axis=-1)
        outputs[f"grad.{name}"] = compute(text[f"d{name}"], {f"d{name}": gradient, **last}) + 0.0
    dx = np.stack([x.gradient() for x in xs])
    outputs["grad.x"] = compute(text["dx"], {**ARRAYS, "dx": dx})
    outputs.update({f"start.{f}": var.gradient() for f, var in start.items()})
    return outputs

