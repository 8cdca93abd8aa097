"""RNN, GRU and LSTM: bad arguments are refused by name."""
import numpy as np
import pytest
from helpers.recurrent_units import B, N, N_IN, T, UNITS, every_unit, make

from snu_ref.recurrent.gru import GRU, GRUState
from snu_ref.recurrent.lstm import LSTMState
from snu_ref.recurrent.rnn import RNNState
from snu_ref.snu import SNUState


def case(name):
    """A unit, its input and initial state, and cotangents of the outputs and the final state."""
    unit, rng = make(name), np.random.default_rng(1)
    x, dy = rng.normal(size=(T, B, N_IN)), rng.normal(size=(T, B, N))
    state, dstate = [unit.State(*(rng.normal(size=part.shape) for part in unit.zero_state(B)))
                     for _ in range(2)]
    return unit, x, state, dy, dstate


@every_unit
def test_bad_arguments_of_the_constructor_are_named(name):
    kind, options = UNITS[name]
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="n_in: expected a positive int, got 0"):
        kind(0, N, rng=rng, **options)
    with pytest.raises(TypeError, match="n_units: expected a positive int, got 2.0"):
        kind(N_IN, 2.0, rng=rng, **options)
    with pytest.raises(TypeError, match="rng: expected a numpy.random.Generator"):
        kind(N_IN, N, rng=0, **options)
    with pytest.raises(TypeError, match="dtype: expected float32"):
        kind(N_IN, N, rng=rng, dtype=np.complex128, **options)
    with pytest.raises(TypeError, match="rng"):
        kind(N_IN, N, **options)
    with pytest.raises(ValueError, match="B: expected a positive int"):
        make(name).zero_state(0)


def test_reset_after_is_a_flag():
    with pytest.raises(TypeError, match="reset_after: expected True or False, got 'yes'"):
        GRU(N_IN, N, rng=np.random.default_rng(0), reset_after="yes")


@every_unit
def test_bad_inputs_are_named(name):
    unit, x, state, dy, dstate = case(name)
    nan = x.copy()
    nan[2, 1, 0] = np.nan
    with pytest.raises(ValueError, match=r"x: expected shape \(T, B, 3\), got \(6, 2, 4\)"):
        unit.forward(dy)
    with pytest.raises(ValueError, match=r"x_t: expected shape \(B, 3\)"):
        unit.step(x, state)
    with pytest.raises(TypeError, match="x: expected dtype float64, got float32"):
        unit.forward(x.astype(np.float32))
    with pytest.raises(TypeError, match="x: expected a NumPy array"):
        unit.forward(x.tolist())
    with pytest.raises(ValueError, match=r"x: expected finite .* got nan at index \(2, 1, 0\)"):
        unit.forward(nan)
    cache = unit.forward(x, state)[1]
    with pytest.raises(ValueError, match=r"dy: expected shape \(6, 2, 4\), got \(5, 2, 4\)"):
        unit.backward(dy[1:], cache, dstate)
    with pytest.raises(TypeError, match="dy: expected dtype"):
        unit.backward(dy.astype(np.float32), cache, dstate)


@every_unit
def test_bad_states_are_named(name):
    unit, x, state, dy, dstate = case(name)
    cache = unit.forward(x, state)[1]
    flat = state._replace(h=state.h[0])
    with pytest.raises(ValueError, match=r"state\.h: expected shape \(2, 4\), got \(4,\)"):
        unit.forward(x, flat)
    with pytest.raises(ValueError, match=r"dstate\.h: expected shape"):
        unit.backward(dy, cache, flat)
    with pytest.raises(TypeError, match=r"state\.h: expected dtype float64, got float32"):
        unit.step(x[0], state._replace(h=state.h.astype(np.float32)))
    with pytest.raises(ValueError, match=r"state\.h: expected finite"):
        unit.forward(x, state._replace(h=np.full_like(state.h, np.inf)))
    with pytest.raises(TypeError, match="state: expected .*State"):
        unit.forward(x, state.h)
    part = np.zeros((B, N))
    others = [RNNState(part), GRUState(part), LSTMState(part, part), SNUState(part, part)]
    for other in others:  # (s, y) of an SNU would fit (h, c), and means something else
        if type(other) is not unit.State:
            with pytest.raises(TypeError, match=f"state: expected {unit.State.__name__}.*"
                                                f"got {type(other).__name__}"):
                unit.forward(x, other)
    y, _ = unit.forward(x, tuple(state))  # a plain tuple of the right arrays will do
    assert np.array_equal(y, cache.y)


def test_caches_of_another_kind_are_named():
    unit, x, state, dy, _ = case("GRU")
    other, x, start, _, _ = case("LSTM")
    with pytest.raises(TypeError, match="cache: expected a RecurrentCache, got tuple"):
        unit.backward(dy, ())
    with pytest.raises(TypeError, match="cache: .* states of class GRUState, got LSTMState"):
        unit.backward(dy, other.forward(x, start)[1])


@every_unit
def test_an_array_that_does_not_fit_is_named(name):
    unit, x, _, _, _ = case(name)
    with pytest.raises(ValueError, match=r'params\["H"\]: expected shape'):
        unit.tie("H", unit.params["H"][:, 1:])
    unit.params["H"][0, 0] = np.inf
    with pytest.raises(ValueError, match=r'params\["H"\]: expected finite numbers, got inf at'):
        unit.forward(x)
