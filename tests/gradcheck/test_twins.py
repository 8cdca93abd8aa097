"""The twin of the SNU: hand-worked numbers, laws, limits; the scalars; bad input of all twins.

`test_gradcheck` compares every twin with the layers and with numerical derivatives.
"""
import math

import numpy as np
import pytest
from helpers.twin_problems import (MASK, N, ROUNDING, SNU, B, T, conv_problem, difference,
                                   loss_problem, problem)

from snu_ref.twins import (bernoulli_nll_twin, conv2d_twin, dense_twin, embedding_twin,
                           mean_square_error_twin, pool2d_twin, scalars, snu_twin,
                           softmax_cross_entropy_twin)

# ---- the scalars -----------------------------------------------------------------------------

PAIRS = scalars.STATE_ACTIVATIONS | scalars.SURROGATES
PAIRS |= {
    "sigmoid": (scalars.sigmoid, scalars.sigmoid_slope),
    "softplus": (scalars.softplus, scalars.sigmoid),
}


@pytest.mark.parametrize("name", PAIRS)
def test_slopes_are_those_of_the_functions(name):
    f, slope = PAIRS[name]
    for v in (-3.1, -0.8, -0.2, 0.3, 0.7, 2.9):
        assert slope(v) == pytest.approx((f(v + 1e-5) - f(v - 1e-5)) / 2e-5, rel=1e-9, abs=1e-9)


def test_conventions_at_kinks_and_far_out():
    slope = {name: pair[1] for name, pair in PAIRS.items()}
    assert scalars.step(0.0) == 0.0 and scalars.step(5e-324) == 1.0
    assert slope["relu"](0.0) == 0.0 and slope["leaky_relu"](0.0) == 0.1
    assert slope["boxcar"](0.5) == slope["boxcar"](-0.5) == 0.0
    assert slope["boxcar"](math.nextafter(0.5, 0.0)) == 1.0
    for name in scalars.SURROGATES:
        assert slope[name](0.0) == 1.0  # every surrogate is scaled to slope 1 at the threshold
    for v in (1.0, 1.5, 3.0):
        for psi in (scalars.SURROGATES["boxcar"][0], scalars.SURROGATES["triangle"][0]):
            assert psi(v) == 0.5 and psi(-v) == -0.5
        assert slope["triangle"](v) == 0.0
    assert scalars.sigmoid(-800.0) == 0.0 and scalars.sigmoid(800.0) == 1.0
    assert scalars.sigmoid_slope(50.0) == pytest.approx(math.exp(-50.0), rel=1e-15)
    assert scalars.tanh_slope(-25.0) == pytest.approx(4.0 * math.exp(-50.0), rel=1e-15)
    assert scalars.tanh_slope(800.0) == scalars.sigmoid_slope(-800.0) == 0.0


# ---- the SNU: hand-worked numbers, exact in binary -------------------------------------------


def scalar_snu(W, H, b, decay, x, state, dy, dstate, **config):
    """One unit, one input, one sample; everything given and returned as plain numbers."""
    params = {"W": [[W]], "H": [[H]], "b": [b], "decay": [decay]}
    columns = [[[[a]] for a in numbers] for numbers in (x, state, dy, dstate)]
    out = snu_twin(params, *columns, **{**SNU, **config})
    flat = {name: np.ravel(getattr(out, name)).tolist() for name in out._fields if name != "grads"}
    return flat | {"d" + name: np.ravel(grad).tolist()[0] for name, grad in out.grads.items()}


def test_hand_worked_every_term_of_one_step():
    #   kept = 0.75 * 2 = 1.5,  gate = 1 - 0.25 = 0.75
    #   z = 0.5 * 1 + 0.25 * 0.5 + 1.5 * 0.75 = 0.5 + 0.125 + 1.125 = 1.75
    #   v = 1.75 - 1.5 = 0.25 > 0, so y = 1; the boxcar's slope there is 1
    #   dv = 1 * 1,  ds = 0.5 + 1 = 1.5,  db = 1,  dz = 1.5
    #   dkept = 1.5 * 0.75 = 1.125,  dgate = 1.5 * 1.5 = 2.25
    #   dy0 = 1.5 * 0.5 - 2.25 = -1.5,  dH = 1.5 * 0.25,  dx = 1.5 * 1,  dW = 1.5 * 0.5
    #   ddecay = 1.125 * 2 = 2.25,  ds0 = 1.125 * 0.75 = 0.84375
    #   dL/dy = 1 is given in two parts: 0.25 for the output, 0.75 for the final state
    out = scalar_snu(1.0, 0.5, -1.5, 0.75, [0.5], [2.0, 0.25], [0.25], [0.5, 0.75],
                     surrogate="boxcar")  # fmt: skip
    assert (out["z"], out["s"], out["v"], out["y"]) == ([1.75], [1.75], [0.25], [1.0])
    assert out["state"] == [1.75, 1.0]
    assert (out["dy"], out["dv"], out["ds"], out["dz"]) == ([1.0], [1.0], [1.5], [1.5])
    assert (out["dW"], out["dH"], out["db"], out["ddecay"]) == (0.75, 0.375, 1.0, 2.25)
    assert (out["dx"], out["dstate"]) == ([1.5], [0.84375, -1.5])


@pytest.mark.parametrize("reset_grad", ["through", "detached"])
def test_hand_worked_spike_and_reset(reset_grad):
    #   t = 1: z = 1.5, s = 1.5, v = 0.5, y = 1: a spike; the triangle's slope is 1 - 0.5
    #   t = 2: the gate is 0, kept = 0.75 * 1.5 = 1.125; z = 0.5 + 1 * 0.5 = 1; v = 0: no spike,
    #          and the triangle's slope is 1
    #   dy_2 = 1:  dz_2 = 1,  dgate = 1.125,  dkept = 0
    #   dy_1 = 1 * 0.5 [H] - 1.125 [gate] = -0.625;   detached: 0.5
    #   dz_1 = -0.625 * 0.5 = -0.3125;                detached: 0.25
    out = scalar_snu(1.0, 0.5, -1.0, 0.75, [1.5, 0.5], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0],
                     surrogate="triangle", reset_grad=reset_grad)  # fmt: skip
    dy1 = -0.625 if reset_grad == "through" else 0.5
    dz1 = 0.5 * dy1
    assert (out["z"], out["v"], out["y"]) == ([1.5, 1.0], [0.5, 0.0], [1.0, 0.0])
    assert (out["dy"], out["dz"]) == ([dy1, 1.0], [dz1, 1.0])
    assert (out["dW"], out["db"], out["dx"]) == (1.5 * dz1 + 0.5, dz1 + 1.0, [dz1, 1.0])
    assert (out["dH"], out["ddecay"], out["dstate"]) == (1.0, 0.0, [0.75 * dz1, 0.5 * dz1])


# ---- laws of the SNU -------------------------------------------------------------------------


@pytest.mark.parametrize("h", ["step", "sigmoid"])
@pytest.mark.parametrize("reset_grad", ["through", "detached"])
def test_through_and_detached_differ_by_the_gate_term_alone(h, reset_grad):
    # dy_t = G_t + dz_{t+1} H^T - dz_{t+1} decay s_t; the last term is missing when detached
    params, x, state, dy, dstate = args = problem(5, extra=["decay"])
    out = snu_twin(*args, **{**SNU, "h": h, "reset_grad": reset_grad})
    s_before = np.concatenate([state[0][None], out.s[:-1]])
    without_gate = np.concatenate([np.zeros((1, B, N)), dy])
    without_gate[-1] += dstate[1]
    without_gate[:-1] += out.dz @ params["H"].T
    dy_from_zero = np.concatenate([out.dstate[1][None], out.dy])
    gate_term = (dy_from_zero - without_gate)[:-1]
    if reset_grad == "detached":
        assert np.max(np.abs(gate_term)) < 1e-15
    else:
        assert difference(gate_term, -out.dz * params["decay"] * s_before) < ROUNDING


def test_tied_units_share_the_gradient_of_the_maximum():
    params, x, _, dy, dstate = problem(6, recurrent=False, extra=["decay"])
    s0 = np.array([[0.5, 0.75, 1.0], [0.5, 0.75, 1.0]])
    y0 = np.array([[1.0, 0.0, 1.0], [0.25, 0.5, 0.125]])  # two units tied; one maximum alone
    config = {**SNU, "g": "identity", "lateral_inhibition": True}
    out = snu_twin(params, x[:1], (s0, y0), dy[:1], dstate, **config)
    dm = -np.sum(out.dz[0] * params["decay"] * s0, axis=1)  # (B,) the gate serves all the units
    shares = np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    assert difference(out.dstate[1], shares * dm[:, None]) < ROUNDING
    assert np.array_equal(out.z[0, 0], x[0, 0, 0] * params["W"][0] + x[0, 0, 1] * params["W"][1])


# ---- bad input -------------------------------------------------------------------------------


def test_bad_input_is_named():
    args = problem(12, extra=["decay"])
    params, x, state, dy, dstate = args

    def snu(params=params, x=x, state=state, dy=dy, dstate=dstate, **config):
        return snu_twin(params, x, state, dy, dstate, **{**SNU, **config})

    nan = np.where(np.arange(N) == 1, np.nan, 1.0)
    W, image, dz = conv_problem(1, 0)
    logits, classes = loss_problem(softmax_cross_entropy_twin)
    cases = [
        (ValueError, "x: expected shape", lambda: snu(x=x[0])),
        (ValueError, "dy: expected shape", lambda: snu(dy=dy[:, :1])),
        (ValueError, r"state\[1\]: expected shape", lambda: snu(state=(state[0], state[1][:1]))),
        (ValueError, "dstate: expected 2 arrays", lambda: snu(dstate=dstate[:1])),
        (TypeError, "state: expected a tuple", lambda: snu(state=None)),
        (ValueError, "params: expected an entry 'W'", lambda: snu(params={"b": params["b"]})),
        (ValueError, "params: expected", lambda: snu(params={**params, "V": nan})),
        (ValueError, "decay.*finite", lambda: snu(params={**params, "decay": nan})),
        (TypeError, "x: expected an array of numbers", lambda: snu(x=x + 0j)),
        (ValueError, "^h: ", lambda: snu(h="tanh")),
        (ValueError, "^g: ", lambda: snu(g="step")),
        (ValueError, "^reset_grad: ", lambda: snu(reset_grad="none")),
        (TypeError, "^lateral_inhibition: ", lambda: snu(lateral_inhibition="no")),
        (ValueError, "^surrogate: ", lambda: snu(surrogate="sine")),
        (ValueError, "^surrogate: ", lambda: snu(surrogate=math.tanh)),
        (ValueError, "^stride: ", lambda: conv2d_twin(W, image, dz, stride=0, padding=0)),
        (TypeError, "^padding: ", lambda: conv2d_twin(W, image, dz, stride=1, padding=0.5)),
        (ValueError, "^dz: ", lambda: conv2d_twin(W, image, dz, stride=1, padding=1)),
        (ValueError, "^kind: ", lambda: pool2d_twin(image, dz, size=2, stride=1, kind="min")),
        (ValueError, "height", lambda: pool2d_twin(image, dz, size=7, stride=1, kind="max")),
        (ValueError, "^indices: ", lambda: embedding_twin(params["H"], [N], dy[0, :1])),
        (TypeError, "^indices: ", lambda: embedding_twin(params["H"], [0.0], dy[0, :1])),
        (ValueError, "W.*: expected shape",
         lambda: dense_twin({k: params[k] for k in "Wb"}, dy, dy)),
        (ValueError, r"^target: .*0, 2", lambda: softmax_cross_entropy_twin(logits, classes + 1)),
        (ValueError, "^target: ", lambda: bernoulli_nll_twin(logits, np.full((T, B, N), 1.001))),
        (ValueError, "^target: ", lambda: bernoulli_nll_twin(logits, np.full((T, B, N), -0.001))),
        (ValueError, "^mask: ", lambda: softmax_cross_entropy_twin(logits, classes, 0 * MASK)),
        (ValueError, "^mask: ", lambda: softmax_cross_entropy_twin(logits, classes, 2 * MASK)),
        (ValueError, "sample", lambda: mean_square_error_twin(logits, dy[0], MASK * [1, 0])),
    ]
    for error, message, call in cases:
        with pytest.raises(error, match=message):
            call()
