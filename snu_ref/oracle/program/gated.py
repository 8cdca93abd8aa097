"""RNN, GRU and LSTM for one step, each equation in a place of its own, so that it can be exchanged.

    rnn    h = act(a_h)
    gru    r, z = sigma(a_r), sigma(a_z);  n = act(a_n), the reset before or after H_n;  h = mix
    lstm   i, f, o = sigma(a_i), sigma(a_f), sigma(a_o);  g = act(a_g);  c = f c + i g
           h = o tanh(c)

    a_k = x W_k + h H_k + b_k      for each block k of the columns of W, H and b, in `order`

As in `snu_ref.oracle.program.equations`, a tape differentiates what comes of it; with nothing
exchanged these are the numbers of `snu_ref.RNN`, `GRU` and `LSTM`. `catalogue_gated` lists the exchanges.
"""
from types import SimpleNamespace

import numpy as np

from ...activations import sigmoid, sigmoid_slope
from .tape import Tape

BLOCKS = {"rnn": "h", "gru": "rzn", "lstm": "ifgo"}
FIELDS = {"rnn": ("h",), "gru": ("h",), "lstm": ("h", "c")}


def sigma(a):
    """The sigmoid of a Var."""
    return a.apply(sigmoid, sigmoid_slope)


def tanh(a):
    """tanh of a Var."""
    return a.apply(np.tanh, lambda v, f: 1 - f * f)


def _reset_after(c):
    return c.x @ c.W["n"] + c.b["n"] + c.r * (c.fed(c.h, c.H["n"]) + c.b_h)


def _reset_before(c):
    return c.x @ c.W["n"] + c.fed(c.r * c.h, c.H["n"]) + c.b["n"]


def gated_equations(config):
    """The right equations of a unit: name -> function of the step c."""
    return {
        "order": BLOCKS[config["unit"]],
        "inputs": lambda inputs: inputs,              # before the run
        "outputs": lambda outputs, inputs: outputs,   # after it
        "W": lambda W: W, "H": lambda H: H, "b": lambda b, k: b,
        "fed": lambda h, H: h @ H,
        "recall": lambda c: (c.h, c.c),
        "sigma": sigma, "act": tanh,
        "a": lambda c, k: c.x @ c.W[k] + c.fed(c.h, c.H[k]) + c.b[k],
        "candidate": _reset_after if config.get("reset_after") else _reset_before,
        "mix": lambda c: c.z * c.h + (1 - c.z) * c.n,
        "cell": lambda c: c.f * c.c + c.i * c.g,
        "shown": lambda c: c.o * tanh(c.c),
    }


def _step(c, unit):
    c.h, c.c = c.recall(c)
    if unit == "rnn":
        c.h = c.act(c.a(c, "h"))
    elif unit == "gru":
        c.r, c.z = c.sigma(c.a(c, "r")), c.sigma(c.a(c, "z"))
        c.n = c.act(c.candidate(c))
        c.h = c.mix(c)
    else:
        c.i, c.f, c.o = (c.sigma(c.a(c, k)) for k in "ifo")
        c.g = c.act(c.a(c, "g"))
        c.c = c.cell(c)
        c.h = c.shown(c)


def run_gated(config, inputs, changes):
    """Forward and backward with some equations exchanged: name -> array, the outputs of a case."""
    e, unit = {**gated_equations(config), **changes}, config["unit"]
    given, inputs = inputs, e["inputs"](inputs)
    c, tape, n = SimpleNamespace(**e), Tape(), inputs["dy"].shape[-1]
    leaves = {name: {k: tape.leaf(inputs[f"params.{name}"][..., i * n:(i + 1) * n])
                     for i, k in enumerate(e["order"])} for name in ("W", "H", "b")}
    c.W, c.H = ({k: e[name](leaf) for k, leaf in leaves[name].items()} for name in ("W", "H"))
    c.b = {k: e["b"](leaf, k) for k, leaf in leaves["b"].items()}
    start = {field: tape.leaf(inputs[f"state.{field}"]) for field in FIELDS[unit]}
    c.h, c.c = start["h"], start.get("c")
    if config.get("reset_after"):
        c.b_h = leaves["b_h"] = tape.leaf(inputs["params.b_h"])
    xs, hs, cs = [], [], []
    for c.t, x in enumerate(inputs["x"]):
        c.x = tape.leaf(x)
        _step(c, unit)
        xs.append(c.x), hs.append(c.h), cs.append(c.c)
    end = {"h": c.h, "c": c.c}
    tape.backward([*zip(hs, inputs["dy"]), *((end[f], inputs[f"dend.{f}"]) for f in FIELDS[unit])])

    outputs = {"c": np.stack([v.value for v in cs])} if unit == "lstm" else {}
    outputs["y"] = np.stack([h.value for h in hs])
    outputs.update({f"end.{f}": end[f].value for f in FIELDS[unit]})
    outputs.update({f"grad.{name}": np.concatenate([leaf.gradient() for leaf in blocks.values()],
                                                   axis=-1)
                    for name, blocks in leaves.items() if name != "b_h"})
    if "b_h" in leaves:
        outputs["grad.b_h"] = c.b_h.gradient()
    outputs["grad.x"] = np.stack([x.gradient() for x in xs])
    outputs.update({f"start.{f}": var.gradient() for f, var in start.items()})
    return e["outputs"](outputs, given)
