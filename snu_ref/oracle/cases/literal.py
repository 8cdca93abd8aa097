"""Cases of the SNU that can be computed by hand, from the numbers in `literal.json`.

    s_t = g( x_t W + y_{t-1} H + decay . s_{t-1} . gate_{t-1} ),    y_t = h( s_t + b )

    hand, edge   as in `head.json`; most have one unit, one sample, one to three steps
    pieces       a sequence of four steps, and its halves, with exact state and gradient
    default      cases like hand and edge for ports that have only the default SNU and sSNU: g =
                 relu, surrogate tanh, no recurrent weights, no inhibition
    large state  states far above 1, while v is near the threshold

The surrogate is the triangle, psi'(v) = 1 - |v|, unless the tested term needs another. Then every
number is a short binary fraction: float32, float64 and a calculation by hand agree to the last bit.
An edge case has no margin, so float32 must not round what decides a branch: z and v are exactly 0,
or exactly at the kink, in any precision and in any order of summation.
"""
import json
from pathlib import Path

import numpy as np

from .case import Definition


def snu_config(h="step", g="identity", surrogate="triangle", recurrent=False,
               lateral_inhibition=False, reset_grad="through", **more):
    """The configuration of an SNU case; most literal cases use the defaults."""
    return {"unit": "snu", "h": h, "g": g, "surrogate": surrogate, "recurrent": recurrent,
            "lateral_inhibition": lateral_inhibition, "reset_grad": reset_grad, **more}


def literal(*, W, b, decay, x, dy, H=None, s=0.0, y=0.0, dend_s=0.0, dend_y=0.0):
    """The `make` of a case with these numbers; x, dy: lists, (T, n) for one sample or (T, B, n)."""
    def make(draws=None):
        n_in, n = np.shape(W)
        inputs = {f"params.{name}": np.array(value, float)
                  for name, value in (("W", W), ("b", b), ("decay", decay), ("H", H))
                  if value is not None}
        inputs["x"] = np.reshape(np.array(x, float), (len(x), -1, n_in))
        B = inputs["x"].shape[1]
        inputs["state.s"], inputs["state.y"] = np.full((B, n), s, float), np.full((B, n), y, float)
        inputs["dy"] = np.reshape(np.array(dy, float), (len(x), B, n))
        inputs["dend.s"] = np.full((B, n), dend_s, float)
        inputs["dend.y"] = np.full((B, n), dend_y, float)
        return inputs
    return make


def literal_cases(group):
    """The cases of one group of `literal.json`, in order."""
    groups = json.loads(Path(__file__).with_name("literal.json").read_text(encoding="utf-8"))
    for id, case in groups[group].items():
        yield Definition(id, id.split("-")[0], case["why"], tuple(case["flags"]),
                         snu_config(**case["options"]), literal(**case["inputs"]), case["exact"],
                         alive=False)
