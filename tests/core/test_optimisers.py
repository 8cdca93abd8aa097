"""SGD and Adam against plain Python floats, number by number."""
import math

import numpy as np
import pytest

from snu_ref import SGD, SNU, Adam, Dense, Network, clip_by_norm, softmax_cross_entropy

DTYPES = (np.float32, np.float64, np.longdouble)
# gradients of two numbers in five steps
GRADS = [(0.5, -2.0), (0.25, 1.0), (-1.0, 0.0), (0.125, 3.0), (0.0, -0.5)]


def params(dtype=np.float64):
    return {"W": np.array([1.0, -3.0], dtype), "b": np.array([[2.0]], dtype)}


def test_sgd_by_hand():
    """v = v/2 + g, p -= 0.25 v: v is 4, then 2 + 4 = 6, then 3 - 8 = -5."""
    p, optimiser = {"p": np.array([10.0])}, SGD(0.25, momentum=0.5)
    for g, want in ((4, 10 - 1), (4, 9 - 1.5), (-8, 7.5 + 1.25)):
        optimiser.step(p, {"p": np.array([float(g)])})
        assert p["p"] == want
    assert optimiser.state.keys() == {"p"} and optimiser.state["p"] == -5


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_sgd_against_plain_floats(momentum):
    p, optimiser = params(), SGD(0.1, momentum)
    for g in GRADS:
        optimiser.step(p, {"W": np.array(g)})
    for k in range(2):
        value, velocity = params()["W"][k], 0.0
        for g in GRADS:
            velocity = momentum * velocity + g[k]
            value -= 0.1 * velocity
        assert math.isclose(p["W"][k], value, rel_tol=1e-14)
    assert list(optimiser.state) == (["W"] if momentum else [])
    assert SGD(0.1, momentum).state == {}  # optimisers do not share their state


@pytest.mark.parametrize("make, name, value", [
    (SGD, "momentum", 1.0), (Adam, "beta1", 1.0), (Adam, "beta2", -0.1), (Adam, "eps", 0.0),
    *((make, "lr", value) for make in (SGD, Adam) for value in (0, -1, math.nan, math.inf, "1"))])
def test_numbers_set_between_steps_are_checked(make, name, value):
    optimiser, p = make(0.1), params()
    setattr(optimiser, name, value)
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected"):
        optimiser.step(p, {"W": np.ones(2)})
    assert np.array_equal(p["W"], params()["W"])


def test_names_of_gradients_are_strings():
    for call in (lambda p: Adam(0.1).step(p, {0: np.ones(2)}), lambda p: clip_by_norm(p, 1.0)):
        with pytest.raises(TypeError, match="expected names as keys, got 0"):
            call({0: np.ones(2)})


def test_adam_against_plain_floats():
    """Algorithm 1 of the paper for one number at a time, with settings unlike the usual."""
    lr, beta1, beta2, eps = 0.02, 0.8, 0.95, 1e-3
    p, optimiser = params(), Adam(lr, beta1, beta2, eps)
    history = []
    for g in GRADS:
        optimiser.step(p, {"W": np.array(g)})
        history.append(p["W"].tolist())
    for k in range(2):
        theta, m, v = params()["W"][k], 0.0, 0.0
        for t, g in enumerate(GRADS, start=1):
            m = beta1 * m + (1 - beta1) * g[k]
            v = beta2 * v + (1 - beta2) * g[k] ** 2
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
            theta -= lr * m_hat / (math.sqrt(v_hat) + eps)
            assert math.isclose(history[t - 1][k], theta, rel_tol=1e-14), t
        assert math.isclose(optimiser.state["m.W"][k], m, rel_tol=1e-14)
        assert math.isclose(optimiser.state["v.W"][k], v, rel_tol=1e-14)
    assert optimiser.state.keys() == {"t", "m.W", "v.W"} and optimiser.state["t"] == 5


def test_adam_defaults_are_those_published():
    optimiser = Adam()
    assert (optimiser.lr, optimiser.eps) == (0.001, 1e-8)
    assert (optimiser.beta1, optimiser.beta2) == (0.9, 0.999)
    assert SGD(0.5).momentum == 0


def test_adam_first_moves_by_lr_whatever_the_size_of_the_gradient():
    for size in (1e-3, 1.0, 1e6):
        p = {"p": np.zeros(3)}
        Adam(0.1).step(p, {"p": size * np.array([1.0, -2, 3])})
        np.testing.assert_allclose(p["p"], [-0.1, 0.1, -0.1], rtol=1e-4)
    p = {"p": np.ones(2)}
    Adam(0.1).step(p, {"p": np.zeros(2)})
    assert (p["p"] == 1).all()
    Adam(0.5, eps=3.0).step(p, {"p": np.ones(2)})  # 1 - 0.5 * 1 / (1 + 3)
    np.testing.assert_allclose(p["p"], 0.875, rtol=1e-13)


def test_momentum_reaches_the_speed_of_a_constant_force():
    """A constant g gives v -> g / (1 - momentum)."""
    p, optimiser = {"p": np.zeros(1)}, SGD(1.0, momentum=0.5)
    for _ in range(60):
        before = p["p"].copy()
        optimiser.step(p, {"p": np.ones(1)})
    assert before - p["p"] == 2


@pytest.mark.parametrize("make", [lambda: SGD(0.1), lambda: SGD(0.1, 0.9), lambda: Adam(0.1)])
def test_the_learning_rate_may_change_between_steps(make):
    """The step is proportional to lr; the running averages do not depend on lr."""
    a, b = params(), params()
    one, other = make(), make()
    for optimiser, p in ((one, a), (other, b)):
        optimiser.step(p, {"W": np.array(GRADS[0])})
    np.testing.assert_array_equal(a["W"], b["W"])
    before = a["W"].copy()
    other.lr = 0.05
    one.step(a, {"W": np.array(GRADS[1])})
    other.step(b, {"W": np.array(GRADS[1])})
    np.testing.assert_allclose(a["W"] - before, 2 * (b["W"] - before), rtol=1e-12)
    assert (a["W"] != before).all()


@pytest.mark.parametrize("make", [lambda: SGD(0.1), lambda: SGD(0.1, 0.9), lambda: Adam(0.1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_only_named_parameters_move_in_place_and_in_their_dtype(make, dtype):
    p, optimiser = params(dtype), make()
    W, b = p["W"], p["b"]
    g = np.array(GRADS[0], dtype)
    g.flags.writeable = False
    for _ in range(3):
        optimiser.step(p, {"W": g})
    assert p["W"] is W and (W != params(dtype)["W"]).all() and W.dtype == dtype
    assert p["b"] is b and b == 2
    for name, a in optimiser.state.items():
        assert isinstance(a, np.ndarray) and a.dtype == (np.int64 if name == "t" else dtype)
        assert not any(np.shares_memory(a, other) for other in (W, b, g))
    optimiser.step(p, {})
    assert b == 2


@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.9), lambda: Adam(0.1)])
def test_a_saved_state_goes_on_as_if_never_stopped(make):
    p, q = params(), params()
    through, first, second = make(), make(), make()
    for g in GRADS:
        through.step(p, {"W": np.array(g)})
    for g in GRADS[:3]:
        first.step(q, {"W": np.array(g)})
    second.state = {name: a.copy() for name, a in first.state.items()}
    for g in GRADS[3:]:
        second.step(q, {"W": np.array(g)})
    np.testing.assert_array_equal(p["W"], q["W"])


def test_both_find_the_minimum_of_a_valley():
    """L = (p_0 - 1)^2 / 2 + 10 (p_1 + 2)^2 / 2."""
    for optimiser, steps in ((SGD(0.05, 0.8), 300), (Adam(0.1), 1500)):
        p = {"p": np.zeros(2)}
        for _ in range(steps):
            optimiser.step(p, {"p": np.array([1, 10]) * (p["p"] - [1, -2])})
        np.testing.assert_allclose(p["p"], [1, -2], atol=1e-6)


def test_a_training_loop_learns_which_input_was_on():
    """The loop of the module's docstring: a spiking network learns to name its largest input."""
    rng = np.random.default_rng(0)
    network = Network([SNU(4, 16, rng=rng), Dense(16, 4, rng=rng)])
    decay = network.params["0.decay"].copy()
    optimiser, values = Adam(0.02), []
    for _ in range(60):
        x = rng.random((3, 20, 4))
        y, cache = network.forward(x)
        value, dy = softmax_cross_entropy(y, x.argmax(axis=-1))
        _, grads, _ = network.backward(dy, cache, need_dx=False)
        grads = {name: grads[name] for name in network.trainable}
        optimiser.step(network.params, clip_by_norm(grads, 1.0)[0])
        values.append(value)
    assert np.mean(values[-10:]) < 0.75 * math.log(4)  # log 4 is the loss of guessing
    np.testing.assert_array_equal(network.params["0.decay"], decay)


# ---- bad arguments: all is checked before anything changes --------------------------------------

OPTIMISERS = [lambda: SGD(0.1), lambda: SGD(0.1, momentum=0.5), lambda: Adam(0.1)]


def state_of(optimiser, params):
    return {name: a.tobytes() for name, a in {**params, **optimiser.state}.items()}


@pytest.mark.parametrize("make", OPTIMISERS)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0), (1,), (1, 1, 1)])
def test_arrays_of_any_shape_are_one_parameter(make, shape):
    """Also a single number, and none at all: each number moves as it would in a longer array."""
    flat, one = make(), make()
    long, p = {"w": np.ones(5)}, {"w": np.ones(shape)}
    for g in (3.0, -1.0):
        flat.step(long, {"w": np.full(5, g)})
        one.step(p, {"w": np.full(shape, g)})
    assert p["w"].shape == shape and isinstance(p["w"], np.ndarray)
    np.testing.assert_array_equal(p["w"], np.full(shape, long["w"][0]))
    assert all(type(a) is np.ndarray for a in one.state.values())


def wrong_calls():
    def read_only(params, grads):
        params["b"].flags.writeable = False
    yield read_only, ValueError, r"params\['b'\]: expected an array to change, got a read-only one"
    yield lambda p, g: g.update(b=np.full(2, np.nan)), ValueError, r"grads\['b'\]: expected finite"
    yield lambda p, g: g.update(b=np.ones(3)), ValueError, r"grads\['b'\]: expected shape"
    yield (
        lambda p, g: g.update(b=np.matrix([[1.0, 1.0]])),
        TypeError,
        r"grads\['b'\]: .* np.array\(x\)",
    )
    yield (
        lambda p, g: g.update(c=np.ones(2)),
        ValueError,
        "grads: expected names in params .a, b., got 'c'",
    )
    yield (
        lambda p, g: p.update(b=p["a"][:2]),
        ValueError,
        "params: expected arrays that share no memory, got 'a' and 'b'",
    )


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("make", OPTIMISERS)
@pytest.mark.parametrize("change, error, words", list(wrong_calls()))
def test_a_wrong_array_changes_nothing(make, change, error, words):
    optimiser = make()
    params, grads = {"a": np.ones(4), "b": np.ones(2)}, {"a": np.ones(4), "b": np.ones(2)}
    optimiser.step(params, {"a": grads["a"]})  # so b has no state yet
    change(params, grads)
    before = state_of(optimiser, params)
    with pytest.raises(error, match="^" + words):
        optimiser.step(params, grads)
    assert state_of(optimiser, params) == before


@pytest.mark.parametrize(
    "make, key",
    [(lambda: SGD(0.1, momentum=0.5), "b"), (lambda: Adam(), "m.b"), (lambda: Adam(), "v.b")],
)
@pytest.mark.parametrize(
    "wrong, error",
    [(np.ones(1), ValueError), (np.ones(2, np.float32), TypeError), ([1.0, 1.0], TypeError)],
)
def test_a_state_that_does_not_fit_is_named(make, key, wrong, error):
    optimiser, params = make(), {"a": np.ones(4), "b": np.ones(2)}
    optimiser.step(params, {"a": np.ones(4), "b": np.ones(2)})
    optimiser.state[key] = wrong
    before = params["a"].copy()
    with pytest.raises(error, match=rf"^state\['{key}'\]: expected"):
        optimiser.step(params, {"a": np.ones(4), "b": np.ones(2)})
    assert np.array_equal(params["a"], before)


@pytest.mark.parametrize("make", OPTIMISERS)
def test_a_gradient_that_lies_in_a_parameter_is_taken_as_it_was(make):
    """A gradient may be a view of a parameter: the update uses the values before the step."""
    W = np.random.default_rng(0).normal(size=(300, 300))      # several blocks of Adam
    results = []
    for own in (False, True):
        params = {"V": W[::-1].copy(), "W": W.copy()}
        grads = {"V": params["W"], "W": params["W"].T}
        if not own:
            grads = {name: g.copy() for name, g in grads.items()}
        make().step(params, grads)
        results.append(params)
    for name in ("V", "W"):
        np.testing.assert_array_equal(results[0][name], results[1][name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_takes_gradients_whose_squares_exist_and_names_larger_ones(dtype):
    """Up to half the root of the largest number, that included: an infinite average of squares
    would hold the parameter still for ever."""
    largest = np.sqrt(np.finfo(dtype).max) / dtype(2)
    for g in (largest, -largest):
        params, optimiser = {"w": np.ones(2, dtype)}, Adam(0.5)
        optimiser.step(params, {"w": np.array([g, 1], dtype)})
        np.testing.assert_allclose(params["w"], [1 - 0.5 * np.sign(g), 0.5], rtol=1e-6)
        before = state_of(optimiser, params)
        with pytest.raises(
            ValueError, match=r"^grads\['w'\]: expected numbers within .* clip_by_norm"
        ):
            optimiser.step(params, {"w": np.array([g * dtype(1.001), 1], dtype)})
        assert state_of(optimiser, params) == before
    with pytest.raises(ValueError, match="^eps: expected at least 1.18e-38, the smallest normal "):
        Adam(eps=1e-50).step({"w": np.ones(1, np.float32)}, {"w": np.zeros(1, np.float32)})


@pytest.mark.parametrize("t", [np.array(-5), np.array(3.5), True])
def test_a_count_of_steps_that_is_none_is_named(t):
    """A negative t would give the root of a negative number: NaN in every parameter."""
    adam, p = Adam(0.1), {"w": np.ones(2)}
    adam.state["t"] = t
    with pytest.raises((ValueError, TypeError), match=r"^state\['t'\]: expected"):
        adam.step(p, {"w": np.ones(2)})
    assert (p["w"] == 1).all() and list(adam.state) == ["t"]


@pytest.mark.parametrize("make", OPTIMISERS)
def test_only_gradients_need_to_be_finite(make):
    """An infinite parameter is no error; the other numbers are updated."""
    p = {"a": np.array([np.inf, 1.0])}
    make().step(p, {"a": np.array([0.0, 1.0])})
    assert p["a"][0] == np.inf and p["a"][1] < 1
