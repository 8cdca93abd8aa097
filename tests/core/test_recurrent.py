"""RNN, GRU and LSTM: gradients by the complex step, wrong gradients, and one interface for all."""
import copy

import numpy as np
import pytest
from helpers.recurrent_units import (B, N, N_IN, ROUNDING, T, UNITS, every_unit, random_state,
                             random_unit)

COMPLEX = 1e-12  # the complex step subtracts nothing: only a few hundred roundings


def case(name, seed=1, T=T):
    """A random unit, input and initial state, and cotangents of the outputs and the final state."""
    rng = np.random.default_rng(seed)
    unit = random_unit(name, rng)
    x, dy = rng.normal(size=(T, B, N_IN)), rng.normal(size=(T, B, N))
    return unit, x, random_state(unit, rng), dy, random_state(unit, rng)


def gradients(unit, x, state, dy, dstate):
    """All gradients by name, from the hand-derived backward pass."""
    dx, grads, dstart = unit.backward(dy, unit.forward(x, state)[1], dstate)
    return {**grads, "x": dx, **{f"state.{k}": v for k, v in dstart._asdict().items()}}


def complex_gradients(unit, x, state, dy, dstate):
    """The same by the complex step: Im f(a + ih) / h, h = 1e-30, element by element."""
    nominal = {**unit.params, "x": x, **{f"state.{k}": v for k, v in state._asdict().items()}}
    values = {key: a.astype(np.complex128) for key, a in nominal.items()}
    moved = copy.copy(unit)
    vars(moved).update(
        dtype=np.dtype(np.complex128), params={key: values[key] for key in unit.params}
    )

    def loss():
        start = unit.State(*(values[f"state.{k}"] for k in state._fields))
        y, cache = moved.forward(values["x"], start)
        return (dy * y).sum() + sum((d * end).sum() for d, end in zip(dstate, cache.state))

    result = {}
    for key, a in values.items():
        result[key] = np.empty(a.shape)
        for at in np.ndindex(a.shape):
            kept = a[at]
            a[at] = kept + 1e-30j
            result[key][at] = loss().imag / 1e-30
            a[at] = kept
    return result


def worst(grads, reference):
    """The largest difference, relative to the tensor's largest element, and the tensor's name."""
    assert grads.keys() == reference.keys()
    errors = {}
    for key, wanted in reference.items():
        largest = np.abs(wanted).max()
        assert largest > 1e-2, f"the reference for {key} is dead"
        assert grads[key].shape == wanted.shape
        errors[key] = np.abs(grads[key] - wanted).max() / largest
    name = max(errors, key=errors.get)
    return errors[name], name


# ---- gradients -----------------------------------------------------------------------------------

@every_unit
@pytest.mark.parametrize("steps", [1, T])
def test_gradients_equal_the_complex_step(name, steps):
    args = case(name, T=steps)
    error, tensor = worst(gradients(*args), complex_gradients(*args))
    assert error < COMPLEX, tensor


# Wrong gradients: a slip in one factor, one path or one sum.

FACTORS = [(name, j) for name, factors in
           {"RNN": 1, "GRU": 5, "GRU reset after": 5, "LSTM": 6}.items() for j in range(factors)]


@pytest.mark.parametrize("name, j", FACTORS)
def test_a_wrong_sign_in_any_factor_of_the_reverse_is_noticed(name, j, monkeypatch):
    args = case(name)
    kind, right = type(args[0]), type(args[0])._coefficients

    def flipped(self, cache):
        factors = right(self, cache)
        assert len([f for n, f in FACTORS if n == name]) == len(factors)
        return [-f if i == j else f for i, f in enumerate(factors)]

    reference = complex_gradients(*args)
    monkeypatch.setattr(kind, "_coefficients", flipped)
    assert worst(gradients(*args), reference)[0] > 1e-3


@every_unit
def test_a_lost_path_through_the_state_is_noticed(name, monkeypatch):
    args = case(name)
    kind, right = type(args[0]), type(args[0])._reverse

    def forgetful(self, dstate, coef, da):
        before = right(self, dstate, coef, da)
        return before._replace(h=np.zeros_like(before.h))

    reference = complex_gradients(*args)
    monkeypatch.setattr(kind, "_reverse", forgetful)
    assert worst(gradients(*args), reference)[0] > 1e-3


@pytest.mark.parametrize("name, parameter",
                         [*((name, "H") for name in UNITS), ("GRU reset after", "b_h")])
def test_a_wrong_recurrent_gradient_is_noticed_and_named(name, parameter, monkeypatch):
    args = case(name)
    kind, right = type(args[0]), type(args[0])._recurrent_grads

    def one_step_late(self, cache, da):
        late = right(self, cache, np.roll(da, 1, axis=0))
        late["b_h"] = -late.get("b_h", 0)  # a shift does not change the sum over all steps
        return {**right(self, cache, da), parameter: late[parameter]}

    reference = complex_gradients(*args)
    monkeypatch.setattr(kind, "_recurrent_grads", one_step_late)
    error, tensor = worst(gradients(*args), reference)
    assert error > 1e-3 and tensor == parameter


# ---- one interface -------------------------------------------------------------------------------

@every_unit
def test_steps_equal_forward(name):
    unit, x, state, _, _ = case(name)
    y, cache = unit.forward(x, state)
    for t in range(T):
        y_t, state = unit.step(x[t], state)
        assert np.abs(y_t - y[t]).max() < ROUNDING
        assert np.array_equal(y_t, state.h)
        for part, trace in zip(state, cache.trace):
            assert np.abs(part - trace[t + 1]).max() < ROUNDING
    assert type(state) is type(cache.state) is unit.State
    assert np.array_equal(cache.y, y) and np.array_equal(cache.state.h, y[-1])


@every_unit
def test_pieces_of_a_sequence_chain_exactly(name):
    unit, x, state, dy, dstate = case(name)
    y, cache = unit.forward(x, state)
    dx, grads, dstart = unit.backward(dy, cache, dstate)
    first, cache_1 = unit.forward(x[:2], state)
    second, cache_2 = unit.forward(x[2:], cache_1.state)
    dx_2, grads_2, middle = unit.backward(dy[2:], cache_2, dstate)
    dx_1, grads_1, start = unit.backward(dy[:2], cache_1, middle)
    pairs = [(np.concatenate([first, second]), y), (np.concatenate([dx_1, dx_2]), dx),
             *zip(cache_2.state, cache.state), *zip(start, dstart),
             *((grads_1[key] + grads_2[key], grads[key]) for key in unit.params)]
    for pieces, whole in pairs:
        assert np.abs(pieces - whole).max() < 10 * ROUNDING * max(1, np.abs(whole).max())


@every_unit
def test_no_state_means_zeros(name):
    unit, x, _, dy, _ = case(name)
    y, cache = unit.forward(x)
    y0, cache0 = unit.forward(x, unit.zero_state(B))
    assert np.array_equal(y, y0)
    _, grads, dstart = unit.backward(dy, cache)
    _, grads0, dstart0 = unit.backward(dy, cache0, unit.zero_state(B))
    for a, b in zip([*grads.values(), *dstart], [*grads0.values(), *dstart0]):
        assert np.array_equal(a, b)


@every_unit
def test_passes_change_nothing_and_remember_nothing(name):
    unit, x, state, dy, dstate = case(name)
    inputs = [x, dy, *state, *dstate, *unit.params.values()]
    before = [a.copy() for a in inputs]
    y, cache = unit.forward(x, state)
    kept = copy.deepcopy(cache)
    once = gradients(unit, x, state, dy, dstate)
    dx, grads, dstart = unit.backward(dy, cache, dstate)
    dx, grads, dstart = unit.backward(dy, cache, dstate)
    for a, b in zip(inputs, before):
        assert np.array_equal(a, b)
    for a, b in zip([cache.x, cache.act, *cache.trace], [kept.x, kept.act, *kept.trace]):
        assert np.array_equal(a, b)
    for a, b in zip([*grads.values(), dx, *dstart], once.values()):
        assert np.array_equal(a, b)
    final = cache.state  # a copy: changing it does not change the trace
    final.h[...] = 7
    assert np.array_equal(cache.trace.h, kept.trace.h)


@every_unit
def test_dx_only_on_request(name):
    unit, x, state, dy, dstate = case(name)
    cache = unit.forward(x, state)[1]
    dx, grads, _ = unit.backward(dy, cache, dstate)
    none, same, _ = unit.backward(dy, cache, dstate, need_dx=False)
    assert dx.shape == x.shape and none is None
    assert list(grads) == list(unit.params) == list(unit.trainable)
    assert all(np.array_equal(grads[key], same[key]) for key in grads)
