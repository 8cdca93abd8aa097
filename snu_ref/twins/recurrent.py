"""The twins of the recurrent units that the SNU is compared with: RNN, LSTM, GRU.

Each unit is one function: a step of one sample, from the equations. `unroll` calls it for every t
and sample; `scalars.reverse` reverses the whole.

Not here: peepholes, projections, dropout, training.

Sources: J. Elman, Cognitive Science 14 (1990); S. Hochreiter and J. Schmidhuber, Neural Computation
9 (1997), with the forget gate of F. Gers et al., Neural Computation 12 (2000); K. Cho et al.,
arXiv:1406.1078 (2014). The form with the reset after the product is the one of the cuDNN library.
"""
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import validation
from .scalars import SIGMOID, TANH, adjoints, dot, floats, numbers, parameters, reverse, values


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
    return _run(rnn_step, 1, (params, x, state, dy, dstate))


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
    return _run(lstm_step, 4, (params, x, state, dy, dstate), states=2)


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
    return _run(gru_step, 3, (params, x, state, dy, dstate), extra=("b_h",) * reset_after)


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
    """All steps, with Numbers: the outputs (T, B, n), and the final state."""
    T, B = x.shape[:2]
    states = [np.concatenate([part[None], np.empty((T, *part.shape), object)]) for part in state]
    for t, i in np.ndindex(T, B):
        for part, row in zip(states, step(p, x[t, i], *(part[t, i] for part in states))):
            part[t + 1, i] = row
    return states[0][1:], tuple(part[T] for part in states)


def both_passes(run, params, x, state, dy, dstate, states, shapes):
    """A RecurrentTwin, and the traces of the forward pass.

    run(p, x, state) -> y, final state and traces, in Numbers; states: how many arrays a state has;
    shapes(n_in, n): those of the parameters.
    """
    x = numbers("x", x, ("T", "B", "n_in"))
    dy = floats("dy", dy, (*x.shape[:2], "n"))
    shape = dy.shape[1:]
    p = parameters(params, shapes(x.shape[2], shape[1]))
    state = _several("state", state, states, shape, numbers)
    dstate = _several("dstate", dstate, states, shape, floats)
    y, end, *traces = run(p, x, state)
    reverse((y, *end), (dy, *dstate))
    return RecurrentTwin(values(y), tuple(map(values, end)),
                         {name: adjoints(p[name]) for name in params}, adjoints(x),
                         tuple(map(adjoints, state))), traces


def _several(name, arrays, count, shape, read):
    """A tuple of `count` arrays (a state, or its cotangent), by `read`: `numbers` or `floats`."""
    if len(validation.instance(name, arrays, tuple, list)) != count:
        raise ValueError(f"{name}: expected {count} arrays, got {len(arrays)}")
    return tuple(read(f"{name}[{i}]", array, shape) for i, array in enumerate(arrays))


def _run(step, blocks, args, states=1, extra=()):
    """The twin of a unit with `blocks` columns for each of n, and biases `extra` (n,)."""
    return both_passes(partial(unroll, step), *args, states, lambda n_in, n: {
        "W": (n_in, blocks * n), "H": (n, blocks * n), "b": (blocks * n,),
        **{name: (n,) for name in extra}})[0]
