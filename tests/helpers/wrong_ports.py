"""Ports with mistakes, in the forward pass (`port`) or in the backward pass (`backward_port`).

The steps of the forward pass are written by hand. `causes` returns what the diagnosis says of a
port.
"""
import numpy as np
from helpers.vectors import ENTRIES

from snu_ref.oracle.comparison.checking import check_cases
from snu_ref.oracle.comparison.port import AdapterSource
from snu_ref.oracle.diagnosis.causes import tell
from snu_ref.oracle.program.backward import run_backward
from snu_ref.oracle.program.step import Run

# cases of every kind: each g, soft and spiking, with and without feedback, inhibition, both gates
SOME = ["unit-tanh-relu", "unit-arctan-tanh-rec-inh-det", "unit-sigmoid-leakyrelu-rec-inh",
        "unit-boxcar-identity-rec", "rest-sigmoid-tanh-inh", "edge-ties",
        "edge-silent-inhibition", "stream-snu-rec", "default-ssnu-decay"]


def causes(function, ids):
    """What the diagnosis says of a port in these cases."""
    source = AdapterSource(function, "float64")
    return tell(list(check_cases(source, [ENTRIES[id] for id in ids])), "float64")


G = {"relu": lambda z: np.maximum(z, 0), "leaky_relu": lambda z: np.maximum(z, 0.1 * z),
     "identity": lambda z: z, "tanh": np.tanh}
H = {"step": lambda v: (v > 0) * 1.0, "sigmoid": lambda v: 1 / (1 + np.exp(-v))}


def port(step, *names):
    """A port that returns these arrays of step(case, x, s, y, W, H, b, decay, g, h) -> a dict.

    Its "s" and "y" are the state that the next step gets, unless it has "next".
    """
    def run_port(case):
        i, p, c = case.inputs, case.params, case.config
        s, y, steps = i["state.s"], i["state.y"], []
        for x in i["x"]:
            steps.append(step(x=x, s=s, y=y, W=p["W"], H=p.get("H"), b=p["b"], decay=p["decay"],
                              g=G[c["g"]], h=H[c["h"]], t=len(steps)))
            s, y = steps[-1].get("next", (steps[-1]["s"], steps[-1]["y"]))
        return {name: np.array([one[name] for one in steps]) for name in names}
    return run_port


def saturating(x, s, y, W, b, decay, g, h, **_):
    s = np.minimum(g(x @ W + decay * s * (1 - y)), 0.75)
    return {"s": s, "y": h(s + b)}


def gated_again(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + decay * s * (s + b <= 0))
    return {"s": s, "y": h(s + b)}


def two_in_the_feedback(x, s, y, W, H, b, decay, g, h, **_):
    s = g(x @ W + decay * s * (1 - y) + (1 - decay) * (y @ (H - np.diag(np.diag(H)))))
    return {"s": s, "y": h(s + b)}


def with_a_bias(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + np.linspace(-0.25, 0.5, b.size) + decay * s * (1 - y))
    return {"s": s, "y": h(s + b)}


def from_nothing(x, s, y, W, b, decay, g, h, t, **_):
    s = g(x @ W + decay * s * (1 - y) * (t > 0))
    return {"s": s, "y": h(s - b)}


def subtracting(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + decay * s)
    return {"s": s + b * h(s + b), "y": h(s + b)}


def wavy_v(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + decay * s * (1 - y))
    return {"s": s, "v": s + b + 0.2 * np.sin(9 * s), "y": h(s + b + 0.2 * np.sin(9 * s))}


def wavy_z_without_reset(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + 0.01 * np.sin(7 * x @ W) + decay * s)
    return {"s": s, "y": h(s + b)}


def weaker_after_a_spike(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W * (1 - 0.3 * (y > 0)) + decay * s * (1 - y))
    return {"s": s, "y": h(s + b)}


def bent_below_0(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + decay * s * (1 - y))
    s = np.where(s < 0, s + 0.1 * np.sin(s), s)
    return {"s": s, "y": h(s + b)}


def strong_at_first(x, s, y, W, b, decay, g, h, t, **_):
    s = g(1.3 ** (t == 0) * (x @ W) + decay * s * (1 - y))
    return {"s": s, "y": h(s + b) * 0.9}


def bent_at_random(x, s, y, W, b, decay, g, h, **_):
    s = g(x @ W + 0.1 * np.sin(99 * x @ W) * (x.sum(-1, keepdims=True) > 0) + decay * s * (1 - y))
    return {"s": s, "y": h(s + b)}


def backward_port(back, *names, forward=None):
    """A port by hand, right but for these lines of its backward pass (and forward pass).

    back: name -> text, or a function of the configuration that gives them.
    """
    def run_port(case):
        i, c = case.inputs, case.config
        done = Run(c, i, forward or {})
        out, traces = done.forward(), {name: done.computed()[name] for name in "zsvy"}
        text = back(c) if callable(back) else back
        return {name: a for name, a in {**out, **run_backward(c, i, traces, text)}.items()
                if name in case.outputs and (not names or name in names)}
    return run_port
