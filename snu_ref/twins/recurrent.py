"""The twins of the recurrent units that the SNU is compared with: RNN, LSTM, GRU.

All three have one pattern. Forward: a loop over t and sample that keeps the gates. Backward: the
same loop with t running down, which reverses the assignments of one step, last first. Adjoints grow
by `+=`; that of a value read only once is simply assigned. p marks the value at t-1. `row . W_c` is
the sum over k of row_k W_kc, reversed by

    drow_k += da W_kc,    dW_kc += da row_k.

RNN    a_j = b_j + x . W_j + ph . H_j;   h_j = tanh(a_j).

LSTM   four such sums, columns in the order i, f, g, o (input, forget, candidate, output);
       i, f, o = sigmoid, g = tanh;   c_j = f pc_j + i g;   q = tanh(c_j);   h_j = o q.

GRU    columns in the order r, z, n (reset, update, candidate); r, z = sigmoid(b + x . W + ph . H);
       reset before the product (Cho et al.):  n = tanh(b + x . W_n + (r ph) . H_n)
       reset after it:                         n = tanh(b + x . W_n + r (b_h + ph . H_n))
       h_j = z ph_j + (1 - z) n.

Not here: peepholes, projections, dropout, dtypes other than double precision, training.

Sources: J. Elman, Cognitive Science 14 (1990); S. Hochreiter and J. Schmidhuber, Neural Computation
9 (1997), with the forget gate of F. Gers et al., Neural Computation 12 (2000); K. Cho et al.,
arXiv:1406.1078 (2014). The form with the reset after the product is the one of the cuDNN library.
"""
import math
from typing import NamedTuple

import numpy as np

from .scalars import (array_of, numbers, parameter_shape, parameters, reverse_weighted_sum, several,
                      shape_of, sigmoid, sigmoid_slope, tanh_slope, weighted_sum, zeros)


class RecurrentTwin(NamedTuple):
    """One forward and backward pass; dX is dL/dX."""

    y: np.ndarray  # (T, B, n) the hidden state h after every step
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
    T, B, n_in, n, p, x, (h0,), dy, (dh_T,), dp = _prepare(params, x, state, dy, dstate, 1, 1)
    a, h = zeros(T, B, n), [h0] + zeros(T, B, n)
    for t in range(T):
        for i in range(B):
            for j in range(n):
                a[t][i][j] = _preactivation(p, x[t][i], h[t][i], j)
                h[t + 1][i][j] = math.tanh(a[t][i][j])

    dx, dh = zeros(T, B, n_in), _hidden_adjoints(dy, dh_T)
    for t in reversed(range(T)):
        for i in range(B):
            for j in range(n):
                da = dh[t + 1][i][j] * tanh_slope(a[t][i][j])
                _reverse_preactivation(da, p, x[t][i], h[t][i], j, dp, dx[t][i], dh[t][i])
    return _result(T, B, n_in, n, params, h, (h[T],), dp, dx, (dh[0],))


def lstm_twin(params, x, state, dy, dstate):
    """The LSTM forward and backward, by scalar loops.

        a = x_t W + h_{t-1} H + b,   4 n columns in the order i, f, g, o
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),    h_t = sigmoid(o) tanh(c_t),    y_t = h_t

    params: {"W" (n_in, 4n), "H" (n, 4n), "b" (4n,)}. x: (T, B, n_in).
    state: (h_0, c_0), each (B, n). dy: (T, B, n), cotangent of y.
    dstate: (dh_T, dc_T), each (B, n), cotangent of the final state.

    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    T, B, n_in, n, p, x, (h0, c0), dy, (dh_T, dc_T), dp = _prepare(
        params, x, state, dy, dstate, 2, 4
    )
    a = zeros(T, B, 4 * n)
    h, c = [h0] + zeros(T, B, n), [c0] + zeros(T, B, n)
    for t in range(T):
        for s in range(B):  # the sample; i is a gate here
            for j in range(4 * n):
                a[t][s][j] = _preactivation(p, x[t][s], h[t][s], j)
            for j in range(n):
                ai, af, ag, ao = (a[t][s][k * n + j] for k in range(4))
                i, f, g, o = sigmoid(ai), sigmoid(af), math.tanh(ag), sigmoid(ao)
                c[t + 1][s][j] = f * c[t][s][j] + i * g
                h[t + 1][s][j] = o * math.tanh(c[t + 1][s][j])

    dx, da = zeros(T, B, n_in), zeros(T, B, 4 * n)
    dh, dc = _hidden_adjoints(dy, dh_T), zeros(T, B, n) + [dc_T]
    for t in reversed(range(T)):
        for s in range(B):
            for j in range(n):
                ai, af, ag, ao = (a[t][s][k * n + j] for k in range(4))
                i, f, g, o = sigmoid(ai), sigmoid(af), math.tanh(ag), sigmoid(ao)
                q = math.tanh(c[t + 1][s][j])

                do = dh[t + 1][s][j] * q  # h = o q
                dq = dh[t + 1][s][j] * o
                dc[t + 1][s][j] += dq * tanh_slope(c[t + 1][s][j])  # q = tanh(c)
                df = dc[t + 1][s][j] * c[t][s][j]  # c = f pc + i g
                dc[t][s][j] += dc[t + 1][s][j] * f
                di = dc[t + 1][s][j] * g
                dg = dc[t + 1][s][j] * i
                da[t][s][j] += di * sigmoid_slope(ai)
                da[t][s][n + j] += df * sigmoid_slope(af)
                da[t][s][2 * n + j] += dg * tanh_slope(ag)
                da[t][s][3 * n + j] += do * sigmoid_slope(ao)
            for j in range(4 * n):
                _reverse_preactivation(
                    da[t][s][j], p, x[t][s], h[t][s], j, dp, dx[t][s], dh[t][s]
                )
    return _result(T, B, n_in, n, params, h, (h[T], c[T]), dp, dx, (dh[0], dc[0]))


def gru_twin(params, x, state, dy, dstate, *, reset_after=False):
    """The GRU forward and backward, by scalar loops; columns in the order r, z, n.

        r = sigmoid( x_t W_r + h_{t-1} H_r + b_r ),    z = sigmoid( x_t W_z + h_{t-1} H_z + b_z )
        n = tanh( x_t W_n + (r . h_{t-1}) H_n + b_n )                  reset_after=False, Cho et al.
        n = tanh( x_t W_n + b_n + r . (h_{t-1} H_n + b_h) )            reset_after=True
        h_t = z . h_{t-1} + (1 - z) . n,    y_t = h_t

    params: {"W" (n_in, 3n), "H" (n, 3n), "b" (3n,)}, with reset_after also "b_h" (n,).
    x: (T, B, n_in). state: (h_0,), (B, n). dy: (T, B, n), cotangent of y.
    dstate: (dh_T,), (B, n), cotangent of the final state.

    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    T, B, n_in, n, p, x, (h0,), dy, (dh_T,), dp = _prepare(
        params, x, state, dy, dstate, 1, 3, extra=("b_h",) if reset_after else ()
    )
    W, H, b = p["W"], p["H"], p["b"]
    a = zeros(T, B, 3 * n)  # the arguments of sigmoid, sigmoid and tanh
    u = zeros(T, B, n)  # r ph, or (reset after) b_h + ph . H_n
    h = [h0] + zeros(T, B, n)
    for t in range(T):
        for i in range(B):
            xt, ph, at, ut = x[t][i], h[t][i], a[t][i], u[t][i]
            for j in range(2 * n):
                at[j] = _preactivation(p, xt, ph, j)
            for j in range(n):
                if reset_after:
                    ut[j] = p["b_h"][j] + weighted_sum(ph, H, 2 * n + j)
                else:
                    ut[j] = sigmoid(at[j]) * ph[j]
            for j in range(n):
                r, z = sigmoid(at[j]), sigmoid(at[n + j])
                at[2 * n + j] = b[2 * n + j] + weighted_sum(xt, W, 2 * n + j)
                if reset_after:
                    at[2 * n + j] += r * ut[j]
                else:
                    at[2 * n + j] += weighted_sum(ut, H, 2 * n + j)
                h[t + 1][i][j] = z * ph[j] + (1.0 - z) * math.tanh(at[2 * n + j])

    dx, dh = zeros(T, B, n_in), _hidden_adjoints(dy, dh_T)
    da, du = zeros(T, B, 3 * n), zeros(T, B, n)
    for t in reversed(range(T)):
        for i in range(B):
            xt, ph, at, ut = x[t][i], h[t][i], a[t][i], u[t][i]
            dxt, dph, dat, dut = dx[t][i], dh[t][i], da[t][i], du[t][i]
            for j in range(n):
                r, z, cand = sigmoid(at[j]), sigmoid(at[n + j]), math.tanh(at[2 * n + j])
                dz = dh[t + 1][i][j] * (ph[j] - cand)  # h = z ph + (1 - z) n
                dph[j] += dh[t + 1][i][j] * z
                dn = dh[t + 1][i][j] * (1.0 - z)
                dat[n + j] += dz * sigmoid_slope(at[n + j])
                dat[2 * n + j] += dn * tanh_slope(at[2 * n + j])
                dp["b"][2 * n + j] += dat[2 * n + j]
                reverse_weighted_sum(dat[2 * n + j], xt, W, 2 * n + j, dxt, dp["W"])
                if reset_after:  # a_n = ... + r u
                    dr = dat[2 * n + j] * ut[j]
                    dut[j] += dat[2 * n + j] * r
                    dat[j] += dr * sigmoid_slope(at[j])
                else:  # a_n = ... + u . H_n
                    reverse_weighted_sum(dat[2 * n + j], ut, H, 2 * n + j, dut, dp["H"])
            for j in range(n):
                if reset_after:  # u = b_h + ph . H_n
                    dp["b_h"][j] += dut[j]
                    reverse_weighted_sum(dut[j], ph, H, 2 * n + j, dph, dp["H"])
                else:  # u = r ph
                    dr = dut[j] * ph[j]
                    dph[j] += dut[j] * sigmoid(at[j])
                    dat[j] += dr * sigmoid_slope(at[j])
            for j in range(2 * n):
                _reverse_preactivation(dat[j], p, xt, ph, j, dp, dxt, dph)
    return _result(T, B, n_in, n, params, h, (h[T],), dp, dx, (dh[0],))


def _preactivation(p, x, ph, c):
    """a = b_c + x . W_c + ph . H_c."""
    return p["b"][c] + weighted_sum(x, p["W"], c) + weighted_sum(ph, p["H"], c)


def _reverse_preactivation(da, p, x, ph, c, dp, dx, dph):
    """Reverse `a = b_c + x . W_c + ph . H_c`."""
    dp["b"][c] += da
    reverse_weighted_sum(da, x, p["W"], c, dx, dp["W"])
    reverse_weighted_sum(da, ph, p["H"], c, dph, dp["H"])


def _prepare(params, x, state, dy, dstate, states, blocks, extra=()):
    """Check and unpack the arguments: `blocks` columns for each unit, `extra` names of biases."""
    T, B, n_in = shape_of("x", x, 3)
    n, _ = parameter_shape(params, "H")
    shapes = {"W": (n_in, blocks * n), "H": (n, blocks * n), "b": (blocks * n,)}
    shapes.update({name: (n,) for name in extra})
    return (
        *(T, B, n_in, n),
        parameters(params, shapes),
        numbers("x", x, (T, B, n_in)),
        several("state", state, states, (B, n)),
        numbers("dy", dy, (T, B, n)),
        several("dstate", dstate, states, (B, n)),
        {name: zeros(*shape) for name, shape in shapes.items()},
    )


def _hidden_adjoints(dy, dh_T):
    """dh at index 0 (initial state) to T: zero, then the cotangents of y, the last plus dh_T."""
    dh = [[[0.0] * len(row) for row in dh_T]] + dy
    for i in range(len(dh_T)):
        for j in range(len(dh_T[i])):
            dh[-1][i][j] += dh_T[i][j]
    return dh


def _result(T, B, n_in, n, params, h, state, dp, dx, dstate):
    return RecurrentTwin(
        y=array_of(h[1:], (T, B, n)),
        state=tuple(array_of(a, (B, n)) for a in state),
        grads={name: array_of(dp[name], np.shape(params[name])) for name in params},
        dx=array_of(dx, (T, B, n_in)),
        dstate=tuple(array_of(a, (B, n)) for a in dstate),
    )
