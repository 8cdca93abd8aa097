"""The SNU's twin: one time step as seven scalar assignments, which `scalars.reverse` reverses.

For every t and sample, and for every unit j (p marks the values at t-1):

    (1)  m     = py_j                            with lateral inhibition: m = max_k py_k
    (2)  gate  = 1 - m
    (3)  kept  = decay_j * ps_j
    (4)  z_j   = sum_k x_k W_kj + sum_k py_k H_kj + kept * gate
    (5)  s_j   = g(z_j)
    (6)  v_j   = s_j + b_j
    (7)  y_j   = h(v_j)                          the slope of the step is psi'(v_j)

`reset_grad="detached"` makes the gate a constant of the backward pass: m is a new number, without
parts. No coefficient dz_{t+1}/dz_t is ever formed.

Not here: a check that decay lies in [0, 1], initialisation, training.

Source: the equations of S. Wozniak et al., arXiv:1812.07040.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from .scalars import (STATE_ACTIVATIONS, Number, adjoints, dot, floats, maximum, numbers,
                      output_function, parameters, reverse, several, values)


class SNUTwin(NamedTuple):
    """Every number of one forward and backward pass; dX is dL/dX over all paths from X to L."""
    z: np.ndarray  # (T, B, n) argument of g
    s: np.ndarray  # (T, B, n) membrane potential
    v: np.ndarray  # (T, B, n) s + b
    y: np.ndarray  # (T, B, n) output
    state: tuple  # (s, y) after the last step, each (B, n)
    dz: np.ndarray  # (T, B, n)
    ds: np.ndarray  # (T, B, n)
    dv: np.ndarray  # (T, B, n)
    dy: np.ndarray  # (T, B, n) the cotangent given, plus what comes back from t+1
    grads: dict  # the names and shapes of params
    dx: np.ndarray  # (T, B, n_in)
    dstate: tuple  # (ds_0, dy_0), each (B, n)


def snu_twin(params, x, state, dy, dstate, *, h, g, surrogate, lateral_inhibition, reset_grad):
    """The SNU forward and backward, by scalar loops.

        s_t = g( x_t W + y_{t-1} H + decay . s_{t-1} . (1 - y_{t-1}) ),    y_t = h( s_t + b )

    params: {"W" (n_in, n), "b" (n,), "decay" (n,)} and, for recurrence, "H" (n, n).
    x: (T, B, n_in), T = 0 included. state: (s_0, y_0), each (B, n). dy: (T, B, n), cotangent of y.
    dstate: (ds_T, dy_T), each (B, n), cotangent of the final state; dy_T adds to dy[T-1].
    h: "step" (SNU) or "sigmoid" (sSNU). g: "relu", "leaky_relu", "identity" or "tanh".
    surrogate: "tanh", "boxcar", "triangle", "arctan", "fast_sigmoid" or a pair (psi, dpsi) of
        functions of one number; dpsi stands in for the slope of the step, the sigmoid ignores it.
    lateral_inhibition: the gate is 1 - max_j y_{j,t-1} for each sample, instead of 1 - y_{t-1}.
    reset_grad: "through", or "detached": the gate is a constant in the backward pass.
    Returns an SNUTwin. Raises ValueError (shape, name, NaN) or TypeError (type, dtype).
    """
    x = numbers("x", x, ("T", "B", "n_in"))
    T, B, n_in = x.shape
    dy = floats("dy", dy, (T, B, "n"))
    n = dy.shape[-1]
    shapes = {"W": (n_in, n), "b": (n,), "decay": (n,)} | ({"H": (n, n)} if "H" in params else {})
    p = parameters(params, shapes)
    state = several("state", state, 2, (B, n), numbers)
    dstate = several("dstate", dstate, 2, (B, n), floats)
    z, s, v, y = snu_steps(p, x, state, h=h, g=g, surrogate=surrogate,
                           lateral_inhibition=lateral_inhibition, reset_grad=reset_grad)
    end = s[T], y[T]
    reverse((y[1:], *end), (dy, *dstate))
    traces = z, s[1:], v, y[1:]
    return SNUTwin(*map(values, traces), tuple(map(values, end)), *map(adjoints, traces),
                   {name: adjoints(a) for name, a in p.items()}, adjoints(x),
                   tuple(map(adjoints, state)))


def snu_steps(p, x, state, *, h, g, surrogate, lateral_inhibition, reset_grad):
    """All steps with arrays of Numbers: z, s, v, y; entry 0 of s and y is the initial state."""
    h = output_function(h, surrogate)
    g = STATE_ACTIVATIONS[validation.one_of("g", g, STATE_ACTIVATIONS)]
    detached = validation.one_of("reset_grad", reset_grad, ("through", "detached")) == "detached"
    validation.flag("lateral_inhibition", lateral_inhibition)
    W, H, b, decay = p["W"], p.get("H"), p["b"], p["decay"]
    (T, B), n = x.shape[:2], len(b)
    z, v = np.empty((2, T, B, n), object)
    s, y = np.empty((2, T + 1, B, n), object)
    s[0], y[0] = state
    for t, i, j in np.ndindex(T, B, n):
        ps, py = s[t, i], y[t, i]
        m = maximum(py) if lateral_inhibition else py[j]  # (1)
        gate = 1.0 - (Number(m.value) if detached else m)  # (2)
        kept = decay[j] * ps[j]  # (3)
        fed_back = ((), ()) if H is None else (py, H[:, j])
        z[t, i, j] = dot((*x[t, i], *fed_back[0], kept), (*W[:, j], *fed_back[1], gate))  # (4)
        s[t + 1, i, j] = g(z[t, i, j])  # (5)
        v[t, i, j] = s[t + 1, i, j] + b[j]  # (6)
        y[t + 1, i, j] = h(v[t, i, j])  # (7)
    return z, s, v, y
