"""The twins of the recurrent units that the SNU is compared with: RNN, LSTM, GRU.

Each unit is one function, `step`: it computes a step of one sample from the equations, and returns
`reverse`, the assignments of that step in reverse order. `_run` calls the step for t = 1 ... T and
every sample, then the reversals for t = T ... 1. Adjoints are sums, formed by `+=`; an adjoint with
a single term is assigned. p marks the value at t-1.

Not here: peepholes, projections, dropout, training.

Sources: J. Elman, Cognitive Science 14 (1990); S. Hochreiter and J. Schmidhuber, Neural Computation
9 (1997), with the forget gate of F. Gers et al., Neural Computation 12 (2000); K. Cho et al.,
arXiv:1406.1078 (2014). The form with the reset after the product is that of the cuDNN library.
"""
import math
from typing import NamedTuple

import numpy as np

from .scalars import (array_of, parameters, reverse_weighted_sum, several, sigmoid, sigmoid_slope,
                      sized, tanh_slope, weighted_sum, zeros)


class RecurrentTwin(NamedTuple):
    """One forward and backward pass; dX is dL/dX."""
    y: np.ndarray  # (T, B, n) the hidden state h after every step
    states: tuple  # after every step, each (T, B, n); the first is y
    state: tuple  # after the last step, each (B, n)
    grads: dict  # the names and shapes of params
    dx: np.ndarray  # (T, B, n_in)
    dstate: tuple  # of the initial state, each (B, n)


def rnn_twin(params, x, state, dy, dstate):
    """The Elman RNN forward and backward, by scalar loops.

        h_t = tanh( x_t W + h_{t-1} H + b ),    y_t = h_t

    params: {"W" (n_in, n), "H" (n, n), "b" (n,)}. x: (T, B, n_in). state: (h_0,), (B, n).
    dy: (T, B, n), cotangent of y. dstate: (dh_T,), (B, n), cotangent of the final state.
    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    def step(p, dp, x, ph):
        a = [_preactivation(p, x, ph, j) for j in range(len(ph))]

        def reverse(dx, dph, dh):
            for j in range(len(ph)):
                da = dh[j] * tanh_slope(a[j])
                _reverse_preactivation(da, p, x, ph, j, dp, dx, dph)
        return (list(map(math.tanh, a)),), reverse
    return _run(step, params, x, state, dy, dstate, states=1, blocks=1)


def lstm_twin(params, x, state, dy, dstate):
    """The LSTM forward and backward, by scalar loops.

        a = x_t W + h_{t-1} H + b,   4 n columns in the order i, f, g, o
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),    h_t = sigmoid(o) tanh(c_t),    y_t = h_t

    params: {"W" (n_in, 4n), "H" (n, 4n), "b" (4n,)}. x, dy: as for rnn_twin.
    state: (h_0, c_0), dstate: (dh_T, dc_T), each (B, n).
    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    def step(p, dp, x, ph, pc):
        n = len(ph)
        a = [_preactivation(p, x, ph, j) for j in range(4 * n)]
        i, f, o = ([sigmoid(v) for v in a[k * n:(k + 1) * n]] for k in (0, 1, 3))
        g = [math.tanh(v) for v in a[2 * n:3 * n]]
        c = [f[j] * pc[j] + i[j] * g[j] for j in range(n)]
        q = [math.tanh(v) for v in c]
        h = [o[j] * q[j] for j in range(n)]

        def reverse(dx, dph, dpc, dh, dc):
            da = zeros(4 * n)
            for j in range(n):
                do, dq = dh[j] * q[j], dh[j] * o[j]  # h = o q
                dc[j] += dq * tanh_slope(c[j])  # q = tanh(c)
                df, di, dg = dc[j] * pc[j], dc[j] * g[j], dc[j] * i[j]  # c = f pc + i g
                dpc[j] += dc[j] * f[j]
                da[j] += di * sigmoid_slope(a[j])
                da[n + j] += df * sigmoid_slope(a[n + j])
                da[2 * n + j] += dg * tanh_slope(a[2 * n + j])
                da[3 * n + j] += do * sigmoid_slope(a[3 * n + j])
            for j in range(4 * n):
                _reverse_preactivation(da[j], p, x, ph, j, dp, dx, dph)
        return (h, c), reverse
    return _run(step, params, x, state, dy, dstate, states=2, blocks=4)


def gru_twin(params, x, state, dy, dstate, *, reset_after=False):
    """The GRU forward and backward, by scalar loops; columns in the order r, z, n.

        r = sigmoid( x_t W_r + h_{t-1} H_r + b_r ),    z = sigmoid( x_t W_z + h_{t-1} H_z + b_z )
        n = tanh( x_t W_n + (r . h_{t-1}) H_n + b_n )                  reset_after=False, Cho et al.
        n = tanh( x_t W_n + b_n + r . (h_{t-1} H_n + b_h) )            reset_after=True
        h_t = z . h_{t-1} + (1 - z) . n,    y_t = h_t

    params: {"W" (n_in, 3n), "H" (n, 3n), "b" (3n,)}, with reset_after also "b_h" (n,).
    x, state, dy, dstate: as for rnn_twin.
    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    def step(p, dp, x, ph):
        W, H, b, n = p["W"], p["H"], p["b"], len(ph)
        a = [_preactivation(p, x, ph, j) for j in range(2 * n)]
        r, z = [sigmoid(v) for v in a[:n]], [sigmoid(v) for v in a[n:]]
        if reset_after:
            u = [p["b_h"][j] + weighted_sum(ph, H, 2 * n + j) for j in range(n)]
        else:
            u = [r[j] * ph[j] for j in range(n)]
        for j in range(n):
            a.append(b[2 * n + j] + weighted_sum(x, W, 2 * n + j))
            a[-1] += r[j] * u[j] if reset_after else weighted_sum(u, H, 2 * n + j)
        cand = [math.tanh(v) for v in a[2 * n:]]
        h = [z[j] * ph[j] + (1.0 - z[j]) * cand[j] for j in range(n)]

        def reverse(dx, dph, dh):
            da, du = zeros(3 * n), zeros(n)
            for j in range(n):
                dz, dn = dh[j] * (ph[j] - cand[j]), dh[j] * (1.0 - z[j])  # h = z ph + (1 - z) n
                dph[j] += dh[j] * z[j]
                da[n + j] += dz * sigmoid_slope(a[n + j])
                da[2 * n + j] += dn * tanh_slope(a[2 * n + j])
                dp["b"][2 * n + j] += da[2 * n + j]
                reverse_weighted_sum(da[2 * n + j], x, W, 2 * n + j, dx, dp["W"])
                if reset_after:  # a_n = ... + r u
                    dr = da[2 * n + j] * u[j]
                    du[j] += da[2 * n + j] * r[j]
                    da[j] += dr * sigmoid_slope(a[j])
                else:  # a_n = ... + u . H_n
                    reverse_weighted_sum(da[2 * n + j], u, H, 2 * n + j, du, dp["H"])
            for j in range(n):
                if reset_after:  # u = b_h + ph . H_n
                    dp["b_h"][j] += du[j]
                    reverse_weighted_sum(du[j], ph, H, 2 * n + j, dph, dp["H"])
                else:  # u = r ph
                    dr = du[j] * ph[j]
                    dph[j] += du[j] * r[j]
                    da[j] += dr * sigmoid_slope(a[j])
            for j in range(2 * n):
                _reverse_preactivation(da[j], p, x, ph, j, dp, dx, dph)
        return (h,), reverse
    return _run(step, params, x, state, dy, dstate, states=1, blocks=3,
                extra=("b_h",) if reset_after else ())


def _preactivation(p, x, ph, c):
    """a = b_c + x . W_c + ph . H_c."""
    return p["b"][c] + weighted_sum(x, p["W"], c) + weighted_sum(ph, p["H"], c)


def _reverse_preactivation(da, p, x, ph, c, dp, dx, dph):
    """Reverse `a = b_c + x . W_c + ph . H_c`."""
    dp["b"][c] += da
    reverse_weighted_sum(da, x, p["W"], c, dx, dp["W"])
    reverse_weighted_sum(da, ph, p["H"], c, dph, dp["H"])


def _run(step, params, x, state, dy, dstate, *, states, blocks, extra=()):
    """Both passes of a unit with `states` states, `blocks` columns a unit, biases `extra`.

    step(p, dp, x, *before) -> after, reverse: one time step of one sample. x, and the states before
    and after, are rows. reverse(dx, *dbefore, *dafter) adds to dp, dx and dbefore.
    """
    x, (T, B, n_in) = sized("x", x, ("T", "B", "n_in"))
    dy, (_, _, n) = sized("dy", dy, (T, B, "n"))
    shapes = {"W": (n_in, blocks * n), "H": (n, blocks * n), "b": (blocks * n,)}
    shapes.update({name: (n,) for name in extra})
    p = parameters(params, shapes)
    s = several("state", state, states, (B, n))
    dh, *others = several("dstate", dstate, states, (B, n))

    dp = {name: zeros(*shape) for name, shape in shapes.items()}
    s = [[part] + zeros(T, B, n) for part in s]  # t = 0 ... T, t = 0 is the initial state
    reversals = []
    for t in range(T):
        reversals.append([])
        for i in range(B):
            after, reverse = step(p, dp, x[t][i], *(part[t][i] for part in s))
            reversals[t].append(reverse)
            for part, row in zip(s, after):
                part[t + 1][i] = row

    dx, dy = zeros(T, B, n_in), zeros(1, B, n) + dy
    for i in range(B):
        for j in range(n):
            dy[T][i][j] += dh[i][j]
    ds = [dy] + [zeros(T, B, n) + [part] for part in others]
    for t in reversed(range(T)):
        for i in range(B):
            reversals[t][i](dx[t][i], *(d[t][i] for d in ds), *(d[t + 1][i] for d in ds))
    states = tuple(array_of(part[1:], (T, B, n)) for part in s)
    return RecurrentTwin(
        y=states[0], states=states, state=tuple(array_of(part[T], (B, n)) for part in s),
        grads={name: array_of(dp[name], shapes[name]) for name in params},
        dx=array_of(dx, (T, B, n_in)), dstate=tuple(array_of(d[0], (B, n)) for d in ds))
