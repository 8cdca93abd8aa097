"""Small problems for the twins, and how far two arrays are apart."""
import numpy as np

from snu_ref.twins import (bernoulli_nll_twin, gru_twin, lstm_twin, mean_square_error_twin,
                           rnn_twin, snu_twin)

T, B, N_IN, N = 5, 2, 2, 3
ROUNDING = 1e-13  # the same sum in another order
SNU = dict(h="step", g="relu", surrogate="tanh", lateral_inhibition=False, reset_grad="through")
MASK = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 0]])


def difference(a, b):
    """max |a - b| relative to max |b|, which must not be 0."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    largest = np.max(np.abs(b))
    assert largest > 1e-3, "the reference is dead"
    return np.max(np.abs(a - b)) / largest


def problem(seed, recurrent=True, blocks=1, extra=()):
    """Arguments of a unit, `blocks` columns for each of N; in y_0 two units tie for the maximum."""
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(0.3, 0.8, (N_IN, blocks * N)), "b": rng.normal(-0.4, 0.2, blocks * N)}
    if recurrent:
        params["H"] = rng.normal(0.0, 0.5, (N, blocks * N))
    for name in extra:
        params[name] = rng.uniform(0.5, 0.9, N)
    s0, y0 = rng.normal(0.3, 0.5, (B, N)), np.array([[1.0, 0.0, 1.0], [0.5, 0.25, -0.5]])
    x = rng.normal(0.4, 1.0, (T, B, N_IN))
    return params, x, (s0, y0), rng.normal(size=(T, B, N)), tuple(rng.normal(size=(2, B, N)))


def gru_after_twin(*args):
    return gru_twin(*args, reset_after=True)


def soft_twin(*args):
    return snu_twin(*args, **{**SNU, "h": "sigmoid", "g": "tanh"})


def inhibited_twin(*args):
    return snu_twin(*args, **{**SNU, "h": "sigmoid", "g": "leaky_relu", "lateral_inhibition": True})


UNITS = {  # the twin, columns for each unit, further parameters, number of states
    soft_twin: (1, ["decay"], 2),
    inhibited_twin: (1, ["decay"], 2),
    rnn_twin: (1, [], 1),
    lstm_twin: (4, [], 2),
    gru_twin: (3, [], 1),
    gru_after_twin: (3, ["b_h"], 1),
}


def unit_problem(unit, seed=4):
    blocks, extra, states = UNITS[unit]
    params, x, state, dy, dstate = problem(seed, True, blocks, extra)
    state = state[0], 0.5 * state[1] + 0.01 * np.arange(N)  # no ties: they are kinks of the maximum
    return params, x, state[:states], dy, dstate[:states]


def conv_problem(stride, padding, seed=7):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(3, 2, 2, 3)), rng.normal(size=(2, 6, 5, 2))
    ho, wo = (6 + 2 * padding - 3) // stride + 1, (5 + 2 * padding - 2) // stride + 1
    return W, x, rng.normal(size=(2, ho, wo, 3))


def loss_problem(loss, seed=11):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(T, B, N))
    if loss is mean_square_error_twin:
        return y, rng.normal(size=(B, N))
    if loss is bernoulli_nll_twin:
        return y, rng.uniform(size=(T, B, N))
    return y, rng.integers(N, size=(T, B))
