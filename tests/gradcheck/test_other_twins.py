"""The twins of the other units, the layers and the losses: equations, hand-worked numbers, limits.

`test_gradcheck` compares every twin with the layers and with numerical derivatives.
"""
import math

import numpy as np
import pytest
from helpers.twin_problems import (MASK, N_IN, ROUNDING, UNITS, B, N, T, conv_problem, difference,
                                   gru_after_twin, loss_problem, unit_problem)

from snu_ref.twins import (bernoulli_nll_twin, conv2d_twin, dense_twin, embedding_twin, gru_twin,
                           lstm_twin, mean_square_error_twin, pool2d_twin, rnn_twin,
                           softmax_cross_entropy_twin)

# ---- all units -------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
def test_pieces_chain_to_the_whole(unit):
    params, x, state, dy, dstate = args = unit_problem(unit)
    whole = unit(*args)
    nothing = tuple(np.zeros((B, N)) for _ in state)
    middle = unit(params, x[:2], state, dy[:2], nothing).state
    last = unit(params, x[2:], middle, dy[2:], dstate)
    first = unit(params, x[:2], state, dy[:2], last.dstate)
    empty = unit(params, x[:0], state, dy[:0], first.dstate)  # T = 0 changes nothing

    assert np.array_equal(np.concatenate([first.y, last.y]), whole.y)
    assert np.array_equal(last.state, whole.state) and np.array_equal(empty.state, state)
    assert difference(np.concatenate([first.dx, last.dx]), whole.dx) < ROUNDING
    assert difference(first.dstate, whole.dstate) < ROUNDING
    assert np.array_equal(empty.dstate, first.dstate)
    assert empty.y.shape == (0, B, N) and empty.dx.shape == (0, B, N_IN)
    for name, gradient in whole.grads.items():
        assert difference(first.grads[name] + last.grads[name], gradient) < ROUNDING
        assert empty.grads[name].shape == gradient.shape and not np.any(empty.grads[name])


@pytest.mark.parametrize("unit", UNITS)
def test_samples_do_not_see_each_other(unit):
    params, x, state, dy, dstate = args = unit_problem(unit)
    together = unit(*args)

    def only(i, arrays):
        return tuple(a[i : i + 1] for a in arrays)

    grads = dict.fromkeys(params, 0.0)
    for i in range(B):
        one = slice(i, i + 1)
        alone = unit(params, x[:, one], only(i, state), dy[:, one], only(i, dstate))
        assert np.array_equal(alone.y, together.y[:, one])
        assert np.array_equal(alone.dx, together.dx[:, one])
        assert np.array_equal(alone.dstate, only(i, together.dstate))
        grads = {name: grads[name] + alone.grads[name] for name in params}
    for name in params:
        assert difference(grads[name], together.grads[name]) < ROUNDING


# ---- the recurrent units: one step by matrix products, and limits ----------------------------


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def one_step(unit, params, x, state):
    """The state after one step, from the equations in whole arrays."""
    h, xW, hH, b = state[0], x @ params["W"], state[0] @ params["H"], params["b"]
    if unit is rnn_twin:
        return [np.tanh(xW + hH + b)]
    if unit is lstm_twin:
        i, f, g, o = np.split(xW + hH + b, 4, axis=1)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    r, z, _ = np.split(sigmoid(xW + hH + b), 3, axis=1)
    if unit is gru_after_twin:
        recurrent = r * (hH[:, 2 * N :] + params["b_h"])
    else:
        recurrent = (r * h) @ params["H"][:, 2 * N :]
    return [z * h + (1.0 - z) * np.tanh(xW[:, 2 * N :] + b[2 * N :] + recurrent)]


@pytest.mark.parametrize("unit", [rnn_twin, lstm_twin, gru_twin, gru_after_twin])
def test_recurrent_units_follow_their_equations(unit):
    params, x, state, dy, dstate = unit_problem(unit)
    out = unit(params, x, state, dy, dstate)
    for t in range(T):
        state = one_step(unit, params, x[t], state)
        assert difference(out.y[t], state[0]) < ROUNDING
    assert difference(out.state, state) < ROUNDING


# Limits: gates held open or shut by a bias of +-800.


def gated(unit, **biases):
    """The unit with zero recurrent weights and, for each named block of columns, this bias."""
    params, x, state, dy, dstate = unit_problem(unit)
    order = "ifgo" if unit is lstm_twin else "rzn"
    b = np.concatenate([np.full(N, biases[name]) for name in order])
    weights = {"W": np.zeros_like(params["W"]), "H": np.zeros_like(params["H"]), "b": b}
    extra = {"b_h": params["b_h"]} if "b_h" in params else {}
    return unit(weights | extra, x, state, dy, dstate), state, params


def test_lstm_columns_and_gates():
    kept, (_, c0), _ = gated(lstm_twin, i=-800.0, f=800.0, g=0.5, o=800.0)
    assert np.array_equal(kept.state[1], c0) and np.allclose(kept.y, np.tanh(c0), rtol=1e-15)
    replaced, _, _ = gated(lstm_twin, i=800.0, f=-800.0, g=0.5, o=800.0)
    assert np.all(replaced.y == math.tanh(math.tanh(0.5)))
    shut, _, _ = gated(lstm_twin, i=800.0, f=800.0, g=0.5, o=-800.0)
    assert not np.any(shut.y) and np.allclose(shut.state[1], c0 + T * math.tanh(0.5), rtol=1e-14)


@pytest.mark.parametrize("unit", [gru_twin, gru_after_twin])
def test_gru_columns_and_gates(unit):
    kept, (h0,), _ = gated(unit, r=0.0, z=800.0, n=0.5)
    assert np.array_equal(kept.y[-1], h0)
    replaced, _, params = gated(unit, r=800.0, z=-800.0, n=0.5)
    assert np.allclose(replaced.y, np.tanh(0.5 + params.get("b_h", 0.0)), rtol=1e-15)
    shut, _, _ = gated(unit, r=-800.0, z=-800.0, n=0.5)
    assert np.all(shut.y == math.tanh(0.5))


def test_the_two_grus_agree_when_the_reset_gate_is_open():
    params, *rest = unit_problem(gru_twin)
    params["b"][:N] = 800.0
    one = gru_twin(params, *rest)
    other = gru_twin({**params, "b_h": np.zeros(N)}, *rest, reset_after=True)
    assert difference(other.y, one.y) < ROUNDING and difference(other.dx, one.dx) < ROUNDING
    assert difference(other.grads["H"][:, N:], one.grads["H"][:, N:]) < ROUNDING
    assert difference(other.grads["b_h"], other.grads["b"][2 * N :]) < ROUNDING


# ---- convolution and pooling -----------------------------------------------------------------


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 0), (2, 1), (3, 1)])
def test_convolution_is_linear_in_the_kernel_and_in_the_picture(stride, padding):
    """<z, dz> = <W, dW> = <x, dx>"""
    W, x, dz = conv_problem(stride, padding)
    z, dW, dx = conv2d_twin(W, x, dz, stride=stride, padding=padding)
    value = np.sum(z * dz)
    assert np.sum(W * dW) == pytest.approx(value, rel=1e-13)
    assert np.sum(x * dx) == pytest.approx(value, rel=1e-13)


def test_convolution_by_hand():
    # one row [1, 2, 3], kernel [10, 1], no flip: 1*10 + 2*1, 2*10 + 3*1; a zero joins at both ends
    # and above and below, where a kernel of height 1 sees nothing else
    x, W = np.reshape([1.0, 2.0, 3.0], (1, 1, 3, 1)), np.reshape([10.0, 1.0], (1, 2, 1, 1))
    z, dW, dx = conv2d_twin(W, x, np.ones((1, 1, 2, 1)), stride=1, padding=0)
    assert np.ravel(z).tolist() == [12.0, 23.0]
    assert np.ravel(dW).tolist() == [3.0, 5.0]  # 1 + 2, 2 + 3
    assert np.ravel(dx).tolist() == [10.0, 11.0, 1.0]
    padded, *_ = conv2d_twin(W, x, np.ones((1, 3, 4, 1)), stride=1, padding=1)
    assert padded[0, :, :, 0].tolist() == [[0.0] * 4, [1.0, 12.0, 23.0, 30.0], [0.0] * 4]
    strided, *_ = conv2d_twin(W, x, np.ones((1, 2, 2, 1)), stride=2, padding=1)
    assert not np.any(strided)  # rows 0 and 2 of the three above
    # rows are treated as columns are: the transposed picture and kernel give the transposed output
    W, x, dz = conv_problem(2, 1)
    z, *_ = conv2d_twin(W, x, dz, stride=2, padding=1)
    turned = [np.swapaxes(W, 0, 1), np.swapaxes(x, 1, 2), np.swapaxes(dz, 1, 2)]
    z_turned, *_ = conv2d_twin(*turned, stride=2, padding=1)
    assert difference(np.swapaxes(z_turned, 1, 2), z) < ROUNDING
    # a kernel of one pixel is a dense layer on every pixel
    W, x, _ = conv_problem(1, 0)
    dz = x[..., :1] * [1.0, 2.0, 3.0]
    z, dW, _ = conv2d_twin(W[:1, :1], x, dz, stride=1, padding=0)
    y, grads, _ = dense_twin({"W": W[0, 0], "b": np.zeros(3)}, x, dz)
    assert np.array_equal(z, y) and np.array_equal(dW[0, 0], grads["W"])


def test_pooling_by_hand():
    x = np.reshape([[1.0, 3.0, 9.0], [3.0, 3.0, 9.0], [9.0, 9.0, 9.0]], (1, 3, 3, 1))
    dy = np.full((1, 1, 1, 1), 4.0)  # one window of 2 x 2 fits: the third row and column are left
    y, dx = pool2d_twin(x, dy, size=2, stride=2, kind="max")
    assert y.item() == 3.0  # three times in the window; the first, row by row, gets the gradient
    assert dx[0, :, :, 0].tolist() == [[0.0, 4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    y, dx = pool2d_twin(x, dy, size=2, stride=2, kind="average")
    assert y.item() == 2.5
    assert dx[0, :, :, 0].tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


# ---- dense, embedding, losses ----------------------------------------------------------------


def test_embedding_is_a_dense_layer_on_one_hot_rows():
    rng = np.random.default_rng(10)
    W, dy = rng.normal(size=(4, N)), rng.normal(size=(3, B, N))
    indices = np.array([[2, 0], [2, 2], [0, 3]])  # a row used three times, one never
    y, dW = embedding_twin(W, indices, dy)
    as_dense, grads, _ = dense_twin({"W": W, "b": np.zeros(N)}, np.eye(4)[indices], dy)
    assert np.array_equal(y, as_dense) and difference(dW, grads["W"]) < ROUNDING
    assert not np.any(dW[1])


LOSSES = [mean_square_error_twin, bernoulli_nll_twin, softmax_cross_entropy_twin]


@pytest.mark.parametrize("loss", LOSSES)
def test_masked_steps_do_not_count(loss):
    y, target = loss_problem(loss)
    value, dy = loss(y, target, MASK)
    other_y, other_target = np.where(MASK[..., None], y, 1e3), target.copy()
    if loss is not mean_square_error_twin:  # whose target has no time axis
        other_target[MASK == 0] = -7
    other_value, other_dy = loss(other_y, other_target, MASK)
    assert other_value == value and np.array_equal(other_dy, dy)
    assert not np.any(dy[MASK == 0]) and np.all(dy[MASK == 1])
    assert loss(y, target, MASK.astype(bool))[0] == value
    assert loss(y, target, np.ones((T, B)))[0] == loss(y, target)[0]


def test_losses_by_hand():
    # averages over time (1 + 3) / 2 = 2 and 5: errors 2 - 1 and 5 - 7; (1 + 4) / 2 outputs
    y = np.array([[[1.0, 5.0]], [[3.0, 5.0]]])
    value, dy = mean_square_error_twin(y, np.array([[1.0, 7.0]]), None)
    assert value == 2.5 and dy.tolist() == [[[0.5, -1.0]], [[0.5, -1.0]]]
    # with the second step masked, errors 1 - 1 and 5 - 7
    assert mean_square_error_twin(y, np.array([[1.0, 7.0]]), np.array([[1], [0]]))[0] == 2.0

    # equal logits: log 2 for each of N outputs, log N for N classes; p = 1/2 and 1/N
    y, target = np.zeros((T, B, N)), np.zeros((T, B), int)
    value, dy = bernoulli_nll_twin(y, np.ones((T, B, N)), MASK)
    assert value == pytest.approx(N * math.log(2.0), rel=1e-15)
    assert np.allclose(dy, -0.5 / 6 * MASK[..., None], rtol=1e-15)  # 6 steps count
    value, dy = softmax_cross_entropy_twin(y, target, MASK)
    assert value == pytest.approx(math.log(N), rel=1e-15)
    assert np.allclose(dy, np.array([-2 / 3, 1 / 3, 1 / 3]) / 6 * MASK[..., None], rtol=1e-14)

    # logits of +-800 cost 800 nats where they are wrong, nothing where they are right
    far = np.full((1, 1, 2), 800.0) * [1.0, -1.0]
    assert bernoulli_nll_twin(far, np.array([[[1.0, 1.0]]]))[0] == 800.0
    assert softmax_cross_entropy_twin(far, np.array([[1]]))[0] == 1600.0
    assert softmax_cross_entropy_twin(far, np.array([[0]]))[0] == 0.0
