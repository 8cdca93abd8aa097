"""Hand-worked cases: one term of the equations at a time, in numbers that fit on a slip of paper.

    s_t = g( x_t W + y_{t-1} H + decay . s_{t-1} . gate_{t-1} ),    y_t = h( s_t + b )

Most have one unit, one sample, and one to three steps. The surrogate is the triangle, psi'(v) =
1 - |v|, wherever the term under test allows it: then every number is a short binary fraction and
float32, float64 and pencil agree to the last bit.
"""
import numpy as np

from .case import Definition


def snu_config(h="step", g="identity", surrogate="triangle", recurrent=False,
               lateral_inhibition=False, reset_grad="through", **more):
    """The configuration of a case of the SNU; the defaults are those of most hand-worked cases."""
    return {"unit": "snu", "h": h, "g": g, "surrogate": surrogate, "recurrent": recurrent,
            "lateral_inhibition": lateral_inhibition, "reset_grad": reset_grad, **more}


def literal(*, W, b, decay, x, dy, H=None, s=0.0, y=0.0, dend_s=0.0, dend_y=0.0):
    """`make` of a case from its numbers: x and dy as (T, n) lists for one sample, or (T, B, n)."""
    def make(draws=None):
        traces = {"x": np.array(x, float), "dy": np.array(dy, float)}
        for name, a in traces.items():
            if a.ndim == 1:                       # one sample of one unit
                traces[name] = a[:, None, None]
            elif a.ndim == 2:                     # one sample
                traces[name] = a[:, None, :]
        n, B = len(b), traces["x"].shape[1]
        inputs = {"params.W": np.array(W, float), "params.b": np.array(b, float),
                  "params.decay": np.array(decay, float)}
        if H is not None:
            inputs["params.H"] = np.array(H, float)
        inputs["x"] = traces["x"]
        for name, value in (("state.s", s), ("state.y", y)):
            inputs[name] = np.array(np.broadcast_to(np.array(value, float), (B, n)))
        inputs["dy"] = traces["dy"]
        for name, value in (("dend.s", dend_s), ("dend.y", dend_y)):
            inputs[name] = np.array(np.broadcast_to(np.array(value, float), (B, n)))
        return inputs
    return make


def hand_cases():
    """All hand-worked cases, simplest first."""
    def add(id, why, flags, make, exact="all", **options):
        cases.append(Definition(f"hand-{id}".lower().replace("_", "-"), "hand", why,
                                tuple(flags.split(", ")), snu_config(**options), make, exact,
                                alive=False))
    cases = []
    add("input", "one step, one product: z = x W, v = z + b, a spike, and the chain rule back",
        "input weights, bias, exact",
        literal(W=[[0.75]], b=[-1], decay=[0.5], x=[1.5], dy=[2]))
    add("bias", "b is added: with W x = 1/2 and b = +1/4 the unit fires; with b subtracted it does "
        "too, but psi'(v) differs", "bias, exact",
        literal(W=[[0.5]], b=[0.25], decay=[0.5], x=[1], dy=[1]))
    add("bias-kept-out", "b shifts the threshold and never enters the state: s_2 = decay s_1",
        "bias, decay, exact",
        literal(W=[[1]], b=[-0.75], decay=[0.5], x=[0.5, 0], dy=[1, 1]))
    add("decay", "without a spike the state decays: s = 1, 1/2, 1/4, and the gradient goes the "
        "same way back",
        "decay, time, exact",
        literal(W=[[1]], b=[-1.25], decay=[0.5], x=[1, 0, 0], dy=[1, 1, 1]))
    add("reset", "a spike at step 1 closes the gate: s_2 is the new input alone",
        "reset, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[1.5, 0.25], dy=[1, 1]))
    for reset_grad, word in (("through", "flows through"), ("detached", "stops at")):
        add(f"reset-gradient-{reset_grad}",
            f"the gradient of step 2 {word} the reset gate of step 1",
            "reset gradient, reset, exact",
            literal(W=[[1]], b=[-1], decay=[0.5], x=[1.5, 0.75], dy=[0, 4]), reset_grad=reset_grad)
    add("recurrence", "one spike comes back through H one step later; no state is kept (decay 0)",
        "recurrence, exact",
        literal(W=[[1]], H=[[0.5]], b=[-1], decay=[0], x=[1.5, 0.25], dy=[1, 2]), recurrent=True)
    add("recurrence-and-reset", "H and the gate act at the same step: H y is not gated by the "
        "reset",
        "recurrence, reset, reset gradient, exact",
        literal(W=[[1]], H=[[0.5]], b=[-1], decay=[0.5], x=[1.5, 0.25, 0.5], dy=[1, 2, 1]),
        recurrent=True)
    add("direction-of-W", "two inputs, two units, W not symmetric: rows are inputs, columns are "
        "units",
        "input weights, exact",
        literal(W=[[1, 0.5], [0.25, -0.5]], b=[-1, -1], decay=[0.5, 0.5], x=[[1, 0.5]],
                dy=[[1, 2]]))
    add("direction-of-H", "two units, H not symmetric: rows are where a spike comes from",
        "recurrence, exact",
        literal(W=[[1.5, 0.5]], H=[[0.25, 0.5], [-0.5, 0.125]], b=[-1, -1], decay=[0, 0],
                x=[[1], [0.5]], dy=[[1, 1], [2, 4]]), recurrent=True)
    add("relu", "g = relu keeps the state at rest: z < 0 gives s = 0, and no gradient passes",
        "g, exact",
        literal(W=[[1]], b=[-0.5], decay=[0.5], x=[-1, 0.75], dy=[1, 1]), g="relu")
    add("leaky-relu", "g = leaky_relu: slope 0.1 below zero", "g, leak",
        literal(W=[[1]], b=[-0.5], decay=[0.5], x=[-1, 0.75], dy=[1, 1]), exact="", g="leaky_relu")
    add("tanh", "g = tanh: the slope is 1 - s^2", "g",
        literal(W=[[1]], b=[-0.5], decay=[0.5], x=[0.5, 0.75], dy=[1, 1]), exact="", g="tanh")
    for surrogate in ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid"):
        add(f"surrogate-{surrogate}", f"psi'(1/4) and psi'(-1/4) of the {surrogate} surrogate",
            "surrogate",
            literal(W=[[1.25, 0.75]], b=[-1, -1], decay=[0.5, 0.5], x=[[1]], dy=[[1, 2]]),
            exact="all" if surrogate in ("boxcar", "triangle") else "forward", surrogate=surrogate)
    add("soft", "the sSNU: y = sigmoid(s + b), and its gate 1 - y is graded",
        "sigmoid, reset, reset gradient",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[1.5, 0.25], dy=[1, 1]), exact="", h="sigmoid")
    add("inhibition", "unit 1 fires, and the state of unit 2 is erased as well",
        "inhibition, reset gradient, exact",
        literal(W=[[1.5, 0.5]], b=[-1, -1], decay=[0.5, 0.5], x=[[1], [0.5]], dy=[[1, 1], [2, 4]]),
        lateral_inhibition=True)
    add("inhibition-tie", "both units fire: each takes half of the gradient of the maximum",
        "inhibition, ties, exact",
        literal(W=[[1.5, 1.25]], b=[-1, -1], decay=[0.5, 0.5], x=[[1], [0.5]], dy=[[0, 0], [2, 4]]),
        lateral_inhibition=True)
    add("start-state", "s_0 and y_0 given: z_1 = x W + decay s_0 (1 - y_0), with y_0 = 1/4",
        "start state, reset gradient, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[0.5], dy=[2], s=1, y=0.25))
    add("end-state", "the loss sees the final state only: dL/ds_T and dL/dy_T come in from outside",
        "end state, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[0.5, 1], dy=[0, 0], dend_s=2, dend_y=4))
    add("sum-over-time", "three steps: dW, db and ddecay are sums over time, not means",
        "sums, time, exact",
        literal(W=[[0.5]], b=[-1.25], decay=[0.5], x=[1, 0.5, 1], dy=[1, 2, 4]))
    add("sum-over-batch", "two samples: gradients of parameters add up, and the samples do not see "
        "each other",
        "sums, batch, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[[[1.5], [0.5]], [[0.5], [0.25]]],
                dy=[[[1], [2]], [[4], [1]]]))
    add("order-of-time", "input at step 1 and loss at step 3: reversed time gives another answer",
        "time, exact",
        literal(W=[[1]], b=[-1.25], decay=[0.5], x=[1, 0, 0.5], dy=[0, 0, 1]))
    return cases
