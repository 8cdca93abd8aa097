"""RNN, GRU and LSTM: start values, gate order by construction, and cases with a closed form."""
import numpy as np
import pytest
from helpers.recurrent_units import (
    B,
    N,
    N_IN,
    ROUNDING,
    T,
    every_unit,
    make,
    random_state,
    random_unit,
)


# ---- start values --------------------------------------------------------------------------------

@every_unit
def test_parameter_counts(name):
    kinds = {"RNN": 1, "GRU": 3, "GRU reset after": 3, "LSTM": 4}
    unit = make(name, 784, 256)
    count = kinds[name] * (784 * 256 + 256 * 256 + 256) + (256 if name == "GRU reset after" else 0)
    assert unit.n_trainable == sum(p.size for p in unit.params.values()) == count
    assert unit.in_shape == (784,) and unit.out_shape == (256,)


@every_unit
def test_start_does_not_depend_on_how_gates_are_stacked(name):
    unit = make(name, 200, 100)
    for key, fan_in in (("W", 200), ("H", 100)):
        limit = np.sqrt(6 / (fan_in + 100))
        for block in unit.split(unit.params[key]):
            assert block.shape == (fan_in, 100)
            assert 0.99 * limit < np.abs(block).max() <= limit
            assert abs(block.std() / (limit / np.sqrt(3)) - 1) < 0.02
    blocks = unit.split(unit.params["W"])
    assert all(not np.array_equal(blocks[0], block) for block in blocks[1:])


def test_biases_start_at_zero_but_for_the_forget_gate():
    forget = np.outer([0, 1, 0, 0], np.ones(N))
    assert np.array_equal(make("LSTM").params["b"].reshape(4, N), forget)
    for name in ("RNN", "GRU", "GRU reset after"):
        unit = make(name)
        assert not unit.params["b"].any()
    assert not unit.params["b_h"].any()


# ---- gate order and limits -----------------------------------------------------------------------

HUGE = 1e3  # as a bias: the sigmoid is 0 or 1 to the last bit, tanh is -1 or 1


def with_bias(name, **gates):
    """A random layer where all units share the bias of the named gates, by their place in order."""
    unit = random_unit(name, np.random.default_rng(3))
    order = {"LSTM": "ifgo"}.get(name, "rzn")
    assert unit.gates == order
    for gate, bias in gates.items():
        block = order.index(gate)
        unit.params["b"][block * N:(block + 1) * N] = bias
    return unit


def run(unit):
    rng = np.random.default_rng(4)
    x, state = rng.normal(size=(T, B, N_IN)), random_state(unit, rng)
    y, cache = unit.forward(x, state)
    return x, state, y, cache


def test_rnn_without_recurrence_is_tanh_of_the_input():
    unit = random_unit("RNN", np.random.default_rng(3))
    unit.params["H"][...] = 0
    x, _, y, _ = run(unit)
    W, b = unit.params["W"], unit.params["b"]
    for t in range(T):
        assert np.abs(y[t] - np.tanh(x[t] @ W + b)).max() < ROUNDING


def test_lstm_with_open_forget_gate_and_shut_input_gate_keeps_its_cell():
    unit = with_bias("LSTM", i=-HUGE, f=HUGE)
    _, state, _, cache = run(unit)
    assert all(np.array_equal(c, state.c) for c in cache.trace.c)


def test_lstm_with_shut_forget_gate_has_no_memory_of_its_cell():
    unit = with_bias("LSTM", f=-HUGE)
    x, state, y, _ = run(unit)
    assert np.array_equal(y, unit.forward(x, state._replace(c=5 * state.c))[0])


def test_lstm_as_a_counter():
    # i = f = o = 1 and g = 1: c grows by one in each step, h = tanh(c).
    unit = with_bias("LSTM", i=HUGE, f=HUGE, g=HUGE, o=HUGE)
    _, state, y, cache = run(unit)
    for t in range(T + 1):
        assert np.abs(cache.trace.c[t] - (state.c + t)).max() < ROUNDING
    assert np.abs(y - np.tanh(cache.trace.c[1:])).max() < ROUNDING


def test_lstm_candidate_has_the_third_place():
    down = run(with_bias("LSTM", i=HUGE, f=-HUGE, g=-HUGE, o=HUGE))[2]
    assert np.abs(down - np.tanh(-1)).max() < ROUNDING


def test_lstm_with_shut_output_gate_is_silent_and_keeps_counting():
    _, state, y, cache = run(with_bias("LSTM", i=HUGE, f=HUGE, g=HUGE, o=-HUGE))
    assert not y.any()
    assert np.abs(cache.state.c - (state.c + T)).max() < ROUNDING


@pytest.mark.parametrize("name", ["GRU", "GRU reset after"])
def test_gru_with_z_one_keeps_its_state(name):
    _, state, y, _ = run(with_bias(name, z=HUGE))
    assert all(np.array_equal(h, state.h) for h in y)


@pytest.mark.parametrize("name", ["GRU", "GRU reset after"])
def test_gru_with_z_zero_is_its_candidate(name):
    _, _, y, _ = run(with_bias(name, z=-HUGE, n=HUGE))
    assert np.array_equal(y, np.ones_like(y))
    _, _, y, _ = run(with_bias(name, z=-HUGE, n=-HUGE))
    assert np.array_equal(y, -np.ones_like(y))


@pytest.mark.parametrize("name", ["GRU", "GRU reset after"])
def test_gru_with_shut_reset_gate_has_a_candidate_without_memory(name):
    unit = with_bias(name, r=-HUGE, z=-HUGE)
    x, _, y, _ = run(unit)
    W_n, b_n = unit.split(unit.params["W"])[2], unit.params["b"][2 * N:]
    assert np.abs(y - np.tanh(x @ W_n + b_n)).max() < ROUNDING  # b_h is shut out as well


def test_gru_with_open_reset_gate_is_the_same_before_and_after():
    before, after = with_bias("GRU", r=HUGE), with_bias("GRU reset after", r=HUGE)
    for key in ("W", "H", "b"):
        after.params[key][...] = before.params[key]
    after.params["b_h"][...] = 0
    x, state, y, _ = run(before)
    assert np.abs(after.forward(x, state)[0] - y).max() < 10 * ROUNDING
    # With r = 1 the second candidate bias is one more b_n.
    after.params["b_h"][...] = 0.3
    before.params["b"][2 * N:] += 0.3
    assert np.abs(after.forward(x, state)[0] - before.forward(x, state)[0]).max() < 10 * ROUNDING


def test_gru_forms_differ_when_the_reset_gate_is_graded():
    before, after = with_bias("GRU"), with_bias("GRU reset after")
    for key in ("W", "H", "b"):
        after.params[key][...] = before.params[key]
    after.params["b_h"][...] = 0
    x, state, y, _ = run(before)
    assert np.abs(after.forward(x, state)[0] - y).max() > 1e-2


@every_unit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturated_gates_overflow_nothing(name, dtype):
    unit = make(name, dtype=dtype)
    x = np.full((3, B, N_IN), np.finfo(dtype).max / 1e3, dtype)
    y, cache = unit.forward(x)  # warnings are errors here
    assert np.isfinite(y).all()
    _, _, dstart = unit.backward(np.ones_like(y), cache, need_dx=False)
    assert all(np.isfinite(part).all() for part in dstart)
