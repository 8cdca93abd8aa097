"""The SNU's twin: one time step as seven scalar assignments, and their reversal one by one.

Forward, for every t and sample, and for every unit j (p marks the values at t-1):

    (1)  m     = py_j                            with lateral inhibition: m = max_k py_k
    (2)  gate  = 1 - m
    (3)  kept  = decay_j * ps_j
    (4)  z_j   = sum_k x_k W_kj + sum_k py_k H_kj + kept * gate
    (5)  s_j   = g(z_j)
    (6)  v_j   = s_j + b_j
    (7)  y_j   = h(v_j)

Backward: t decreases, and each assignment is reversed, the last one first. The adjoints of y, and
of the last s, start at the given cotangents (dy, dstate), all others at 0.

    (7)  dv_j     += dy_j * h'(v_j)              step: psi'(v_j); sigmoid: sigmoid'(v_j)
    (6)  ds_j     += dv_j;      db_j += dv_j
    (5)  dz_j     += ds_j * g'(z_j)
    (4)  dkept    += dz_j * gate;    dgate += dz_j * kept
         dpy_k    += dz_j * H_kj;    dH_kj += dz_j * py_k      every k, and none without H
         dx_k     += dz_j * W_kj;    dW_kj += dz_j * x_k       every k
    (3)  ddecay_j += dkept * ps_j;   dps_j += dkept * decay_j
    (2)  dm       -= dgate
    (1)  dpy_j    += dm                          with inhibition: each of the r units whose py_k
                                                 equals the maximum gets dpy_k += dm / r

`reset_grad="detached"` makes the gate a constant of the backward pass: (2) and (1) are not
reversed, nothing else changes. No coefficient dz_{t+1}/dz_t is ever computed.

Not here: a check that decay lies in [0, 1], initialisation, training.

Source: the equations of S. Wozniak et al., arXiv:1812.07040; the reversal is derived here.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from .scalars import (STATE_ACTIVATIONS, SURROGATES, array_of, parameters, reverse_weighted_sum,
                      several, sigmoid, sigmoid_slope, sized, step, zeros)


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
    dy: np.ndarray  # (T, B, n) the given cotangent, plus the part from step t+1
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
    surrogate: "tanh", "boxcar", "triangle", "arctan" or "fast_sigmoid", whose slope replaces that
        of the step. It has no effect on the sigmoid.
    lateral_inhibition: the gate is 1 - max_j y_{j,t-1} for each sample, instead of 1 - y_{t-1}.
    reset_grad: "through", or "detached": the gate is a constant in the backward pass.
    Returns an SNUTwin. Raises ValueError (shape, name, NaN) or TypeError (type, dtype).
    """
    validation.one_of("h", h, ("step", "sigmoid"))
    validation.one_of("g", g, STATE_ACTIVATIONS)
    validation.one_of("surrogate", surrogate, SURROGATES)
    validation.one_of("reset_grad", reset_grad, ("through", "detached"))
    validation.flag("lateral_inhibition", lateral_inhibition)
    x, (T, B, n_in) = sized("x", x, ("T", "B", "n_in"))
    dy, (_, _, n) = sized("dy", dy, (T, B, "n"))
    shapes = {"W": (n_in, n), "b": (n,), "decay": (n,)}
    if "H" in params:
        shapes["H"] = (n, n)
    p = parameters(params, shapes)
    s0, y0 = several("state", state, 2, (B, n))
    ds_T, dy_T = several("dstate", dstate, 2, (B, n))

    g, slope_of_g = STATE_ACTIVATIONS[g]
    h, slope_of_h = (step, SURROGATES[surrogate][1]) if h == "step" else (sigmoid, sigmoid_slope)
    W, H, b, decay = p["W"], p.get("H"), p["b"], p["decay"]

    # Every list is indexed as in the equations: t = 1 ... T, and t = 0 is the initial state.
    x = [None] + x
    m, gate, kept, z, v = (zeros(T + 1, B, n) for _ in range(5))
    s, y = [s0] + zeros(T, B, n), [y0] + zeros(T, B, n)
    for t in range(1, T + 1):
        for i in range(B):
            for j in range(n):
                m[t][i][j] = max(y[t - 1][i]) if lateral_inhibition else y[t - 1][i][j]  # (1)
                gate[t][i][j] = 1.0 - m[t][i][j]  # (2)
                kept[t][i][j] = decay[j] * s[t - 1][i][j]  # (3)
                for k in range(n_in):  # (4)
                    z[t][i][j] += x[t][i][k] * W[k][j]
                if H is not None:
                    for k in range(n):
                        z[t][i][j] += y[t - 1][i][k] * H[k][j]
                z[t][i][j] += kept[t][i][j] * gate[t][i][j]
                s[t][i][j] = g(z[t][i][j])  # (5)
                v[t][i][j] = s[t][i][j] + b[j]  # (6)
                y[t][i][j] = h(v[t][i][j])  # (7)

    grads = {name: zeros(*shape) for name, shape in shapes.items()}
    dx = zeros(T + 1, B, n_in)
    dz, dv = zeros(T + 1, B, n), zeros(T + 1, B, n)
    ds, dy = zeros(T, B, n) + [ds_T], zeros(1, B, n) + dy
    for i in range(B):
        for j in range(n):
            dy[T][i][j] += dy_T[i][j]
    for t in reversed(range(1, T + 1)):
        for i in range(B):
            for j in reversed(range(n)):
                dv[t][i][j] += dy[t][i][j] * slope_of_h(v[t][i][j])  # (7)
                ds[t][i][j] += dv[t][i][j]  # (6)
                grads["b"][j] += dv[t][i][j]
                dz[t][i][j] += ds[t][i][j] * slope_of_g(z[t][i][j])  # (5)
                dkept = dz[t][i][j] * gate[t][i][j]  # (4)
                dgate = dz[t][i][j] * kept[t][i][j]
                if H is not None:
                    reverse_weighted_sum(dz[t][i][j], y[t - 1][i], H, j, dy[t - 1][i], grads["H"])
                reverse_weighted_sum(dz[t][i][j], x[t][i], W, j, dx[t][i], grads["W"])
                grads["decay"][j] += dkept * s[t - 1][i][j]  # (3)
                ds[t - 1][i][j] += dkept * decay[j]
                if reset_grad == "detached":
                    continue  # the gate is a constant
                dm = -dgate  # (2)
                reached = [j]  # (1)
                if lateral_inhibition:
                    reached = [k for k in range(n) if y[t - 1][i][k] == m[t][i][j]]
                for k in reached:
                    dy[t - 1][i][k] += dm / len(reached)

    def per_step(lists, width=n):
        return array_of(lists[1:], (T, B, width))

    return SNUTwin(
        z=per_step(z), s=per_step(s), v=per_step(v), y=per_step(y),
        state=(array_of(s[T], (B, n)), array_of(y[T], (B, n))),
        dz=per_step(dz), ds=per_step(ds), dv=per_step(dv), dy=per_step(dy),
        grads={name: array_of(grads[name], shape) for name, shape in shapes.items()},
        dx=per_step(dx, n_in), dstate=(array_of(ds[0], (B, n)), array_of(dy[0], (B, n))))
