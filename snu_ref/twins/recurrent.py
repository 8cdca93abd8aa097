"""The twins of the recurrent units that the SNU is compared with: RNN, LSTM, GRU.

Each unit is one function: a step of one sample, from the equations. `unroll` calls it for every t
and sample; `scalars.reverse` reverses the whole.

Not here: peepholes, projections, dropout, training.

Sources: J. Elman, Cognitive Science 14 (1990); S. Hochreiter and J. Schmidhuber, Neural Computation
9 (1997), with the forget gate of F. Gers et al., Neural Computation 12 (2000); K. Cho et al.,
arXiv:1406.1078 (2014). The form with the reset after the product is the one of the cuDNN library.
"""
from typing import NamedTuple

import numpy as np

from .scalars import (SIGMOID, TANH, adjoints, dot, floats, numbers, parameters, reverse, several,
                      values)


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
    return _run(rnn_step, params, x, state, dy, dstate, states=1, blocks=1)


def rnn_step(p, x, h):
    """h after a step of one sample, from x and h before it: rows of Numbers."""
    return [TANH(_argument(p, x, h, j)) for j in range(len(h))],


def lstm_twin(params, x, state, dy, dstate):
    """The LSTM forward and backward, by scalar loops.

        a = x_t W + h_{t-1} H + b,   4 n columns in the order i, f, g, o
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),    h_t = sigmoid(o) tanh(c_t),    y_t = h_t

    params: {"W" (n_in, 4n), "H" (n, 4n), "b" (4n,)}. x, dy: as for rnn_twin.
    state: (h_0, c_0), dstate: (dh_T, dc_T), each (B, n).
    Returns a RecurrentTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    return _run(lstm_step, params, x, state, dy, dstate, states=2, blocks=4)


def lstm_step(p, x, h, c):
    """h and c after a step of one sample."""
    n = len(h)
    i, f, g, o = ([function(_argument(p, x, h, block * n + j)) for j in range(n)]
                  for block, function in enumerate((SIGMOID, SIGMOID, TANH, SIGMOID)))
    c = [f[j] * c[j] + i[j] * g[j] for j in range(n)]
    return [o[j] * TANH(c[j]) for j in range(n)], c


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
    return _run(gru_step, params, x, state, dy, dstate, states=1, blocks=3,
                extra=("b_h",) if reset_after else ())


def gru_step(p, x, h):
    """h after a step of one sample; the reset comes after the product if there is a b_h."""
    W, H, n = p["W"], p["H"], len(h)
    r, z = ([SIGMOID(_argument(p, x, h, block * n + j)) for j in range(n)] for block in (0, 1))
    after = []
    for j in range(n):
        c = 2 * n + j
        if "b_h" in p:
            recurrent = r[j] * (p["b_h"][j] + dot(h, H[:, c]))
        else:
            recurrent = dot([r[k] * h[k] for k in range(n)], H[:, c])
        candidate = TANH(p["b"][c] + dot(x, W[:, c]) + recurrent)
        after.append(z[j] * h[j] + (1.0 - z[j]) * candidate)
    return after,


def _argument(p, x, h, c):
    """b_c + x . W_c + h . H_c."""
    return p["b"][c] + dot(x, p["W"][:, c]) + dot(h, p["H"][:, c])


def unroll(step, p, x, state):
    """The states before the first and after every step, each (T + 1, B, n), of Numbers."""
    T, B = x.shape[:2]
    states = [np.concatenate([part[None], np.empty((T, *part.shape), object)]) for part in state]
    for t, i in np.ndindex(T, B):
        for part, row in zip(states, step(p, x[t, i], *(part[t, i] for part in states))):
            part[t + 1, i] = row
    return states


def _run(step, params, x, state, dy, dstate, *, states, blocks, extra=()):
    """Both passes of a unit with `states` states, `blocks` columns a unit, biases `extra`."""
    x = numbers("x", x, ("T", "B", "n_in"))
    T, B, n_in = x.shape
    dy = floats("dy", dy, (T, B, "n"))
    n = dy.shape[-1]
    p = parameters(params, {"W": (n_in, blocks * n), "H": (n, blocks * n), "b": (blocks * n,),
                            **{name: (n,) for name in extra}})
    state = several("state", state, states, (B, n), numbers)
    dstate = several("dstate", dstate, states, (B, n), floats)
    found = unroll(step, p, x, state)
    y, end = found[0][1:], [part[T] for part in found]
    reverse((y, *end), (dy, *dstate))
    return RecurrentTwin(values(y), tuple(map(values, end)),
                         {name: adjoints(p[name]) for name in params}, adjoints(x),
                         tuple(map(adjoints, state)))
