"""The naive twins on their own: hand-worked numbers, numerical differentiation, laws, limits.

Smooth passes are held against central differences of the twin's own forward pass. The SNU is held
against a frozen program, differentiated by the complex step Im f(a + i e) / e: step(v) is replaced
by psi(v) + [step(v0) - psi(v0)], the bracket being a constant of the nominal run (superscript 0).
There it has the spiking values and is smooth, and its derivative is the surrogate gradient.
"""

import itertools
import math

import numpy as np
import pytest

from snu_ref.twins import (bernoulli_nll_twin, conv2d_twin, dense_twin, embedding_twin, gru_twin,
                           lstm_twin, mean_square_error_twin, pool2d_twin, rnn_twin, snu_twin,
                           softmax_cross_entropy_twin)
from snu_ref.twins import scalars

T, B, N_IN, N = 5, 2, 2, 3
CENTRAL = 1e-8  # step 1e-5: truncation about 1e-10, rounding about 1e-16 / 1e-5 = 1e-11
COMPLEX = 1e-12  # no cancellation: rounding of a few hundred operations
ROUNDING = 1e-13  # the same sum in another order

SNU = dict(h="step", g="relu", surrogate="tanh", lateral_inhibition=False, reset_grad="through")


def difference(a, b):
    """max |a - b| relative to max |b|, which must not be a dead gradient."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    largest = np.max(np.abs(b))
    assert largest > 1e-3, "the reference is dead"
    return np.max(np.abs(a - b)) / largest


def differentiate(loss, array, quotient):
    """The gradient of loss(array), entry by entry; quotient(f) is f's derivative at 0."""
    gradient = np.empty(array.shape)
    for at in np.ndindex(array.shape):

        def moved(e, at=at):
            other = array.astype(type(e))
            other[at] += e
            return loss(other)

        gradient[at] = quotient(moved)
    return gradient


def central(f):
    return (f(1e-5) - f(-1e-5)) / 2e-5


def complex_step(f):
    return f(1e-30j).imag / 1e-30


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


def inputs_and_gradients(args, out):
    """Every differentiable input of a unit and its gradient, {name: (array, gradient)}."""
    params, x, state = args[:3]
    pairs = {name: (params[name], out.grads[name]) for name in params} | {"x": (x, out.dx)}
    return pairs | {f"state{i}": pair for i, pair in enumerate(zip(state, out.dstate))}


def with_input(args, name, array):
    params, x, state, dy, dstate = args
    if name in params:
        return {**params, name: array}, x, state, dy, dstate
    if name == "x":
        return params, array, state, dy, dstate
    replaced = tuple(array if name == f"state{i}" else a for i, a in enumerate(state))
    return params, x, replaced, dy, dstate


def total(out, args):
    return np.sum(out.y * args[3]) + sum(np.sum(a * d) for a, d in zip(out.state, args[4]))


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
        assert slope(v) == pytest.approx(central(lambda e: f(v + e)), rel=1e-9, abs=1e-9)


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


# ---- the SNU: the frozen program -------------------------------------------------------------

OWN_PAIR = (np.sin, math.cos)
SNU_VARIANTS = {
    "spiking": dict(h=["step"], surrogate=[*scalars.SURROGATES, OWN_PAIR], g=["relu", "identity"]),
    "states": dict(h=["step"], surrogate=["tanh"], g=["leaky_relu", "tanh"]),
    "soft": dict(h=["sigmoid"], surrogate=["tanh"], g=[*scalars.STATE_ACTIVATIONS]),
}


def psi_of_complex(surrogate, v):
    """psi in complex arithmetic: every branch looks at the real part."""
    sign = np.where(v.real > 0.0, 1.0, -1.0)
    if surrogate == "boxcar":
        return np.where(np.abs(v.real) < 0.5, v, 0.5 * sign)
    if surrogate == "triangle":
        return np.where(np.abs(v.real) < 1.0, v * (1.0 - 0.5 * sign * v), 0.5 * sign)
    if surrogate == "fast_sigmoid":
        return v / (1.0 + sign * v)
    if surrogate == "arctan":
        return np.arctan(math.pi * v) / math.pi
    return np.tanh(v) if surrogate == "tanh" else surrogate[0](v)


def frozen_loss(args, y_before, v0, config):
    """The loss of the program frozen at a run with outputs y_before (y_0 ... y_{T-1}) and v0."""
    params, x, (s, y), dy, (ds_T, dy_T) = args
    loss = 0.0
    for t in range(T):
        gated = y if config["reset_grad"] == "through" else y_before[t]
        if config["lateral_inhibition"]:  # max_j y_j is sum_j a_j y_j, 1/k on the k tied units
            tied = y_before[t] == np.max(y_before[t], axis=1, keepdims=True)
            a = tied / np.sum(tied, axis=1, keepdims=True)
            gated = np.sum(a * gated, axis=1, keepdims=True)
        z = x[t] @ params["W"] + params["decay"] * s * (1.0 - gated)
        if "H" in params:
            z = z + y @ params["H"]
        slope = {"relu": 0.0, "leaky_relu": 0.1}.get(config["g"], 1.0)
        s = np.tanh(z) if config["g"] == "tanh" else np.where(np.real(z) > 0.0, z, slope * z)
        v = s + params["b"]
        if config["h"] == "sigmoid":
            y = 1.0 / (1.0 + np.exp(-v))
        else:
            psi = psi_of_complex(config["surrogate"], v)
            y = psi + ((v0[t] > 0.0) - psi_of_complex(config["surrogate"], v0[t]))
        loss = loss + np.sum(y * dy[t])
    return loss + np.sum(s * ds_T) + np.sum(y * dy_T)


def frozen_errors(out, args, config):
    """Error of every gradient in `out` against the program frozen at the run of `config`."""
    run = snu_twin(*args, **config)
    y_before = np.concatenate([args[2][1][None], run.y[:-1]])
    assert np.isclose(frozen_loss(args, y_before, run.v, config), total(run, args), rtol=1e-14)
    errors = {}
    for name, (array, gradient) in inputs_and_gradients(args, out).items():

        def loss(other, name=name):
            return frozen_loss(with_input(args, name, other), y_before, run.v, config)

        if name == "state1" and "H" not in args[0] and config["reset_grad"] == "detached":
            assert not np.any(gradient)  # y_0 enters through the gate alone
            continue
        errors[name] = difference(gradient, differentiate(loss, array, complex_step))
    return errors


@pytest.mark.parametrize("reset_grad", ["through", "detached"])
@pytest.mark.parametrize("family", SNU_VARIANTS)
def test_every_variant_is_the_derivative_of_its_frozen_program(family, reset_grad):
    switches = dict(lateral_inhibition=[False, True], recurrent=[False, True])
    choices = SNU_VARIANTS[family] | switches
    for chosen in itertools.product(*choices.values()):
        config = dict(zip(choices, chosen)) | {"reset_grad": reset_grad}
        args = problem(3, config.pop("recurrent"), extra=["decay"])
        out = snu_twin(*args, **config)
        if config["h"] == "step":
            assert 0.2 < np.mean(out.y) < 0.8 and set(np.unique(out.y)) == {0.0, 1.0}
        errors = frozen_errors(out, args, config)
        assert max(errors.values()) < COMPLEX, (config, errors)


@pytest.mark.parametrize(
    "switch",
    [
        dict(reset_grad="detached"),
        dict(surrogate="arctan"),
        dict(lateral_inhibition=True),
        dict(g="leaky_relu"),
        dict(h="sigmoid"),
    ],
)
def test_the_frozen_program_tells_variants_apart(switch):
    args = problem(3, extra=["decay"])
    assert max(frozen_errors(snu_twin(*args, **SNU), args, SNU).values()) < COMPLEX
    wrong = snu_twin(*args, **{**SNU, **switch})
    assert max(frozen_errors(wrong, args, SNU).values()) > 1e-2


# ---- smooth units: central differences of the twin's own forward pass ------------------------


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


@pytest.mark.parametrize("unit", UNITS)
def test_smooth_units_against_central_differences(unit):
    args = unit_problem(unit)
    out = unit(*args)
    if unit is inhibited_twin:  # keep away from the kinks of g and of the maximum
        ordered = np.sort(out.y, axis=2)
        assert np.min(np.abs(out.z)) > 1e-3 and np.min(ordered[..., -1] - ordered[..., -2]) > 1e-3
    for name, (array, gradient) in inputs_and_gradients(args, out).items():

        def loss(other, name=name):
            moved = with_input(args, name, other)
            return total(unit(*moved), args)

        assert difference(gradient, differentiate(loss, array, central)) < CENTRAL, name


@pytest.mark.parametrize("unit", UNITS)
def test_pieces_chain_to_the_whole(unit):
    params, x, state, dy, dstate = args = unit_problem(unit)
    whole = unit(*args)
    nothing = tuple(np.zeros((B, N)) for _ in state)
    middle = unit(params, x[:2], state, dy[:2], nothing).state
    last = unit(params, x[2:], middle, dy[2:], dstate)
    first = unit(params, x[:2], state, dy[:2], last.dstate)
    empty = unit(params, x[:0], state, dy[:0], first.dstate)  # T = 0 hands everything through

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


def conv_problem(stride, padding, seed=7):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(3, 2, 2, 3)), rng.normal(size=(2, 6, 5, 2))
    ho, wo = (6 + 2 * padding - 3) // stride + 1, (5 + 2 * padding - 2) // stride + 1
    return W, x, rng.normal(size=(2, ho, wo, 3))


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 0), (2, 1), (3, 1)])
def test_convolution_against_central_differences(stride, padding):
    W, x, dz = conv_problem(stride, padding)
    out = conv2d_twin(W, x, dz, stride=stride, padding=padding)

    def loss(W, x):
        return np.sum(conv2d_twin(W, x, dz, stride=stride, padding=padding).z * dz)

    assert difference(out.dW, differentiate(lambda a: loss(a, x), W, central)) < CENTRAL
    assert difference(out.dx, differentiate(lambda a: loss(W, a), x, central)) < CENTRAL
    # z is linear in W and linear in x: <z, dz> = <W, dW> = <x, dx>
    assert np.sum(W * out.dW) == pytest.approx(loss(W, x), rel=1e-13)
    assert np.sum(x * out.dx) == pytest.approx(loss(W, x), rel=1e-13)


def test_convolution_by_hand():
    # one row [1, 2, 3], kernel [10, 1], no flip: 1*10 + 2*1, 2*10 + 3*1; a zero joins at both ends
    # and above and below, where a kernel of height 1 sees nothing else
    x, W = np.reshape([1.0, 2.0, 3.0], (1, 1, 3, 1)), np.reshape([10.0, 1.0], (1, 2, 1, 1))
    plain = conv2d_twin(W, x, np.ones((1, 1, 2, 1)), stride=1, padding=0)
    assert np.ravel(plain.z).tolist() == [12.0, 23.0]
    assert np.ravel(plain.dW).tolist() == [3.0, 5.0]  # 1 + 2, 2 + 3
    assert np.ravel(plain.dx).tolist() == [10.0, 11.0, 1.0]
    padded = conv2d_twin(W, x, np.ones((1, 3, 4, 1)), stride=1, padding=1)
    assert padded.z[0, :, :, 0].tolist() == [[0.0] * 4, [1.0, 12.0, 23.0, 30.0], [0.0] * 4]
    strided = conv2d_twin(W, x, np.ones((1, 2, 2, 1)), stride=2, padding=1)
    assert not np.any(strided.z)  # rows 0 and 2 of the three above
    # rows are treated as columns are: the transposed picture and kernel give the transposed output
    W, x, dz = conv_problem(2, 1)
    out = conv2d_twin(W, x, dz, stride=2, padding=1)
    turned = [np.swapaxes(W, 0, 1), np.swapaxes(x, 1, 2), np.swapaxes(dz, 1, 2)]
    out_turned = conv2d_twin(*turned, stride=2, padding=1)
    assert difference(np.swapaxes(out_turned.z, 1, 2), out.z) < ROUNDING
    # a kernel of one pixel is a dense layer on every pixel
    W, x, _ = conv_problem(1, 0)
    dz = x[..., :1] * [1.0, 2.0, 3.0]
    one = conv2d_twin(W[:1, :1], x, dz, stride=1, padding=0)
    dense = dense_twin({"W": W[0, 0], "b": np.zeros(3)}, x, dz)
    assert np.array_equal(one.z, dense.y) and np.array_equal(one.dW[0, 0], dense.grads["W"])


@pytest.mark.parametrize("kind", ["average", "max"])
@pytest.mark.parametrize("size, stride", [(2, 2), (2, 1), (3, 2), (1, 1)])
def test_pooling_against_central_differences(kind, size, stride):
    rng = np.random.default_rng(8)
    x = rng.permutation(2 * 5 * 4 * 2).reshape(2, 5, 4, 2) / 40.0  # no ties, 0.025 apart
    dy = rng.normal(size=(2, (5 - size) // stride + 1, (4 - size) // stride + 1, 2))

    def loss(a):
        return np.sum(pool2d_twin(a, dy, size=size, stride=stride, kind=kind).y * dy)

    out = pool2d_twin(x, dy, size=size, stride=stride, kind=kind)
    assert difference(out.dx, differentiate(loss, x, central)) < CENTRAL


def test_pooling_by_hand():
    x = np.reshape([[1.0, 3.0, 9.0], [3.0, 3.0, 9.0], [9.0, 9.0, 9.0]], (1, 3, 3, 1))
    dy = np.full((1, 1, 1, 1), 4.0)  # one window of 2 x 2 fits: the third row and column are left
    top = pool2d_twin(x, dy, size=2, stride=2, kind="max")
    assert top.y.item() == 3.0  # thrice in the window; the first, row by row, gets the gradient
    assert top.dx[0, :, :, 0].tolist() == [[0.0, 4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    mean = pool2d_twin(x, dy, size=2, stride=2, kind="average")
    assert mean.y.item() == 2.5
    assert mean.dx[0, :, :, 0].tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


# ---- dense, embedding, losses ----------------------------------------------------------------


def test_dense_against_central_differences():
    rng = np.random.default_rng(9)
    params = {"W": rng.normal(size=(N_IN, N)), "b": rng.normal(size=N)}
    x, dy = rng.normal(size=(T, B, N_IN)), rng.normal(size=(T, B, N))
    out = dense_twin(params, x, dy)

    given = params | {"x": x}
    for name, gradient in (out.grads | {"x": out.dx}).items():

        def loss(other, name=name):
            moved = given | {name: other}
            return np.sum(dense_twin({k: moved[k] for k in "Wb"}, moved["x"], dy).y * dy)

        assert difference(gradient, differentiate(loss, given[name], central)) < CENTRAL, name


def test_embedding_is_a_dense_layer_on_one_hot_rows():
    rng = np.random.default_rng(10)
    W, dy = rng.normal(size=(4, N)), rng.normal(size=(3, B, N))
    indices = np.array([[2, 0], [2, 2], [0, 3]])  # a row used three times, one never
    out = embedding_twin(W, indices, dy)
    dense = dense_twin({"W": W, "b": np.zeros(N)}, np.eye(4)[indices], dy)
    assert np.array_equal(out.y, dense.y) and difference(out.dW, dense.grads["W"]) < ROUNDING
    assert not np.any(out.dW[1])


def loss_problem(loss, seed=11):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(T, B, N))
    if loss is mean_square_error_twin:
        return y, rng.normal(size=(B, N))
    if loss is bernoulli_nll_twin:
        return y, rng.uniform(size=(T, B, N))
    return y, rng.integers(N, size=(T, B))


LOSSES = [mean_square_error_twin, bernoulli_nll_twin, softmax_cross_entropy_twin]
MASK = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 0]])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mask", [None, MASK, MASK.astype(bool)])
def test_losses_against_central_differences(loss, mask):
    y, target = loss_problem(loss)
    _, dy = loss(y, target, mask)
    assert difference(dy, differentiate(lambda a: loss(a, target, mask)[0], y, central)) < CENTRAL


@pytest.mark.parametrize("loss", LOSSES)
def test_masked_steps_do_not_count(loss):
    y, target = loss_problem(loss)
    value, dy = loss(y, target, MASK)
    other_y, other_target = np.where(MASK[..., None], y, 1e3), target.copy()
    if loss is not mean_square_error_twin:  # there the target belongs to the sample, not to a step
        other_target[MASK == 0] = -7
    other_value, other_dy = loss(other_y, other_target, MASK)
    assert other_value == value and np.array_equal(other_dy, dy)
    assert not np.any(dy[MASK == 0]) and np.all(dy[MASK == 1])
    assert loss(y, target, np.ones((T, B)))[0] == loss(y, target)[0]


def test_losses_by_hand():
    # averages over time (1 + 3) / 2 = 2 and 5: errors 2 - 1 and 5 - 7; (1 + 4) / 2 outputs
    y = np.array([[[1.0, 5.0]], [[3.0, 5.0]]])
    value, dy = mean_square_error_twin(y, np.array([[1.0, 7.0]]), None)
    assert value == 2.5 and dy.tolist() == [[[0.5, -1.0]], [[0.5, -1.0]]]
    # with the second step masked, errors 1 - 1 and 5 - 7
    assert mean_square_error_twin(y, np.array([[1.0, 7.0]]), np.array([[1], [0]]))[0] == 2.0

    # indifferent logits: log 2 for each of N outputs, log N for N classes; p = 1/2 and 1/N
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
        (TypeError, "^surrogate: ", lambda: snu(surrogate=math.tanh)),
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
