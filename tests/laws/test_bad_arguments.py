"""Bad arguments of layers and networks, one by one: each message starts with the argument's name
and says what was expected and what was given."""
import operator
from collections import namedtuple

import numpy as np
import pytest
from helpers.small_calls import (B, CLASSES, MASK, N, N_IN, NOT_A_DTYPE, NOT_A_FLAG,
                                 NOT_A_GENERATOR, NOT_A_SIZE, S, STATE, T, TARGET, X, X_T, Y, bad,
                                 cache, dense, message_of, one_argument, rng, unit)

from snu_ref import (SNU, Dense, Network, bernoulli_nll, mean_square_error, rate_code,
                     softmax_cross_entropy)
from snu_ref.pcm import DeviceReadout

OtherState = namedtuple("OtherState", "h c")  # two arrays as well, but of another kind of unit


def network():
    return Network([unit(), dense(N, 2)])


def nested():
    return Network([unit(), Network([dense(N, 2)])])


def with_network_param(network, name):
    network.params[name][0, 0] = np.nan
    return network


def not_one_of(*names):
    return [bad("rellu", ValueError, *map(repr, names), "'rellu'"), bad(None, ValueError, "None"),
            bad(names, ValueError, names[0]), bad(names[0].upper(), ValueError, names[0].upper())]


SURROGATE_NAMES = ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid")
SNU_OPTIONS = {
    "rng": NOT_A_GENERATOR,
    "h": not_one_of("step", "sigmoid"),
    "g": not_one_of("relu", "leaky_relu", "identity", "tanh"),
    "reset_grad": not_one_of("through", "detached"),
    "surrogate": [bad("relu", ValueError, *map(repr, SURROGATE_NAMES), "'relu'"),
                  bad(np.tanh, TypeError, "a pair (psi, dpsi)", "tanh"),
                  bad(None, TypeError, "None"), bad((np.tanh,), TypeError, "a pair"),
                  bad((np.tanh, 1), TypeError, "a pair"),
                  bad((np.tanh, np.cos, np.sin), TypeError, "a pair")],
    "decay": [bad(-0.1, ValueError, "[0, 1]", "got -0.1"),
              bad(1.1, ValueError, "[0, 1]", "got 1.1"),
              bad(np.nan, ValueError, "nan"), bad(np.inf, ValueError, "inf"),
              bad("0.8", TypeError, "'0.8'"), bad(None, TypeError, "None"),
              bad([0.8] * N, TypeError, "[0.8,"), bad(True, TypeError, "True"),
              bad(np.full(N, -0.1), ValueError, "[0, 1]", "-0.1"),
              bad(np.array([0, 0.5, 1, 1.5]), ValueError, "[0, 1]", "1.5"),
              bad(np.array([0, np.nan, 1, 1]), ValueError, "finite", "nan"),
              bad(np.full(N + 1, 0.5), ValueError, "(4,)", "(5,)"),
              bad(np.full(1, 0.5), ValueError, "(4,)", "(1,)"),
              bad(np.full((1, N), 0.5), ValueError, "(4,)", "(1, 4)"),
              bad(np.array(0.5), ValueError, "(4,)", "()"),
              bad(np.ones(N, int), TypeError, "int64"), bad(np.ones(N, bool), TypeError, "bool")],
    "recurrent": NOT_A_FLAG, "lateral_inhibition": NOT_A_FLAG, "train_decay": NOT_A_FLAG,
    "dtype": NOT_A_DTYPE,
}


CASES = [
    *one_argument(
        SNU,
        dict(n_in=N_IN, n_units=N, rng=rng()),
        {"n_in": NOT_A_SIZE, "n_units": NOT_A_SIZE, **SNU_OPTIONS},
    ),
    *one_argument(
        Dense,
        dict(n_in=N_IN, n_units=N, rng=rng()),
        {"n_in": NOT_A_SIZE, "n_units": NOT_A_SIZE, "rng": NOT_A_GENERATOR, "dtype": NOT_A_DTYPE},
    ),
    *one_argument(lambda B: unit().zero_state(B), {}, {"B": NOT_A_SIZE}),
    *one_argument(lambda B: dense().zero_state(B), {}, {"B": NOT_A_SIZE}),
    *one_argument(lambda B: network().zero_state(B), {}, {"B": NOT_A_SIZE}),
    # state, dstate and cache: the right form
    *[
        (name, lambda f=f, v=value: f(v), TypeError, words)
        for name, f in (
            ("state", lambda v: unit().forward(X, v)),
            ("state", lambda v: unit().step(X_T, v)),
            ("dstate", lambda v: unit().backward(Y, cache(unit()), v)),
        )
        for value, words in (
            (S, ["(s, y)", "ndarray"]),
            ((S,), ["(s, y)", "tuple"]),
            ([S, S], ["list"]),
            ((S, S, S), ["tuple"]),
            (0, ["int"]),
            ((), ["tuple"]),
        )
    ],
    ("state.s", lambda: unit().forward(X, (None, S)), TypeError, ["(2, 4)", "NoneType"]),
    *[
        (name, call, TypeError, ["(s, y)", "OtherState"])
        for name, call in (
            ("state", lambda: unit().forward(X, OtherState(S, S))),
            ("state", lambda: unit().step(X_T, OtherState(S, S))),
            ("dstate", lambda: unit().backward(Y, cache(unit()), OtherState(S, S))),
        )
    ],
    *[
        (name, lambda f=f, v=value: f(v), TypeError, ["None or ()", "Dense", type(value).__name__])
        for name, f in (
            ("state", lambda v: dense().forward(X, v)),
            ("dstate", lambda v: dense().backward(Y, cache(dense()), v)),
        )
        for value in (STATE, 0, [], S, np.ones(0))
    ],
    ("cache", lambda: unit().backward(Y, None), TypeError, ["SNUCache", "NoneType"]),
    ("cache", lambda: unit().backward(Y, cache(dense())), TypeError, ["SNUCache", "InputCache"]),
    ("cache", lambda: unit().backward(Y, tuple(cache(unit()))), TypeError, ["SNUCache", "tuple"]),
    ("cache", lambda: dense().backward(Y, cache(unit())), TypeError, ["InputCache", "SNUCache"]),
    ("cache", lambda: network().backward(Y, cache(unit())), TypeError, ["SNUCache"]),
    # in a Network the message begins with the layer's place; in nested ones, with all places
    ("layers[0]: x", lambda: network().forward(Y), ValueError, ["(T, B, 3)", "(5, 2, 4)"]),
    ("layers[0]: x", lambda: network().forward(X * np.nan), ValueError, ["finite", "nan"]),
    (
        "layers[1]: state",
        lambda: network().forward(X, (STATE, STATE)),
        TypeError,
        ["Dense has no state"],
    ),
    (
        "layers[0]: dstate",
        lambda: network().backward(np.ones((T, B, 2)), cache(network()), (S, ())),
        TypeError,
        ["(s, y)", "ndarray"],
    ),
    (
        "layers[1]: layers[0]: dy",
        lambda: nested().backward(Y, cache(nested())),
        ValueError,
        ["(5, 2, 2)"],
    ),
    (
        'layers[1]: layers[0]: params["W"]',
        lambda: with_network_param(nested(), "1.0.W").forward(X),
        ValueError,
        ["finite", "nan"],
    ),
    # parameters: arrays are changed in place, never replaced; a layer's other attributes are fixed
    *[
        (
            f'params["{name}"]',
            lambda make=make, name=name: operator.setitem(make().params, name, X),
            TypeError,
            ["in place", f'params["{name}"][...] = a', "tie", "ndarray"],
        )
        for make, name in ((unit, "W"), (unit, "H"), (dense, "b"), (network, "1.W"))
    ],
    (
        "trainable",
        lambda: setattr(unit(), "trainable", ("W", "w")),
        ValueError,
        ["W, b, decay", "('W', 'w')"],
    ),
    ("trainable", lambda: setattr(unit(), "trainable", "W"), ValueError, ["W, b, decay", "'W'"]),
    # layers
    ("layers", lambda: Network([]), ValueError, ["at least one"]),
    ("layers", lambda: Network(unit()), TypeError, ["SNU"]),
    ("layers", lambda: Network(None), TypeError, ["NoneType"]),
    ("layers[1]", lambda: Network([unit(), np.ones(3)]), TypeError, ["a Layer", "ndarray"]),
    ("layers[0]", lambda: Network([SNU]), TypeError, ["a Layer", "the class SNU"]),
    (
        "layers[1]",
        lambda: Network([unit(), dense(N, dtype=np.float32)]),
        TypeError,
        ["float64", "layers[0]", "float32"],
    ),
    (
        "layers[2]",
        lambda: Network([unit(), dense(N, 5), dense(4, 2)]),
        ValueError,
        ["(5,)", "layers[1]", "(4,)"],
    ),
    (
        "layers[1]",
        lambda: Network([Network([unit(), dense(N, 5)]), Network([dense(4, 2)])]),
        ValueError,
        ["(5,)", "layers[0]", "(4,)"],
    ),
    (
        "state",
        lambda: network().forward(X, (STATE,)),
        TypeError,
        ["2 states", "one per layer", "1"],
    ),
    ("state", lambda: network().forward(X, [STATE, ()]), TypeError, ["2 states", "list"]),
    ("layers[0]: state", lambda: network().forward(X, STATE._replace(y=())), TypeError, ["(s, y)"]),
    (
        "dstate",
        lambda: network().backward(np.ones((T, B, 2)), cache(network()), ((),)),
        TypeError,
        ["2 states", "1"],
    ),
    (
        "layers[1]: dy",
        lambda: network().backward(Y, cache(network())),
        ValueError,
        ["(5, 2, 2)", "(5, 2, 4)"],
    ),
]


@pytest.mark.parametrize("argument, call, error, words", CASES,
                         ids=[f"{case[0]} {' '.join(case[3])}" for case in CASES])
def test_a_bad_argument_is_named(argument, call, error, words):
    message = message_of(call, error, argument)
    for word in words:
        assert word in message, message


def test_a_generator_must_be_passed():
    for make in (SNU, Dense):
        with pytest.raises(TypeError, match="rng"):
            make(N_IN, N)
        with pytest.raises(TypeError, match="positional"):
            make(N_IN, N, rng())  # by keyword only
    with pytest.raises(TypeError, match="rng"):
        rate_code(np.array([[0.5]]), 20, 6)


def test_batch_and_time_swapped_is_refused_wherever_a_second_argument_tells():
    swapped = np.ascontiguousarray(Y.swapaxes(0, 1))
    for call, argument in ((lambda: unit().forward(X.swapaxes(0, 1), STATE), "state.s"),
                           (lambda: unit().backward(swapped, cache(unit())), "dy"),
                           (lambda: dense().backward(swapped, cache(dense())), "dy"),
                           (lambda: bernoulli_nll(Y, swapped), "target"),
                           (lambda: bernoulli_nll(Y, Y, MASK.T), "mask"),
                           (lambda: softmax_cross_entropy(Y, CLASSES.T), "target"),
                           (lambda: mean_square_error(swapped, TARGET), "target")):
        message = message_of(call, ValueError, argument)
        assert "2" in message and "5" in message


@pytest.mark.parametrize("need_dx", [True, False])
@pytest.mark.parametrize("make", [unit, dense])
def test_the_cache_of_another_layer_is_refused(make, need_dx):
    """Other sizes must not be broadcast: with one unit, or without dx, NumPy would go through."""
    others = [(make(n=1), Y), (make(n_in=2), Y)]
    if make is unit:  # the cache of a Dense does not depend on its outputs
        others.append((make(n=N + 1), np.ones((T, B, N + 1))))
    for other, dy in others:
        with pytest.raises(ValueError, match="^(cache|dy).*: expected .* got "):
            other.backward(dy, cache(make()), need_dx=need_dx)
    single = make(dtype=np.float32)
    with pytest.raises(TypeError, match="^cache.*: expected .*float32.* got .*float64"):
        single.backward(Y.astype(np.float32), cache(make()), need_dx=need_dx)


def test_the_cache_of_another_network_is_refused():
    short, long = network(), Network([unit(), dense(N, 2), dense(2, 2)])
    for mine, other in ((short, long), (long, short)):
        with pytest.raises((ValueError, TypeError), match="^cache: expected .* got "):
            mine.backward(np.ones((T, B, 2)), cache(other))


def test_nan_in_a_weight_does_not_pass_in_silence():
    """It reaches the output, where the next layer names it, or it is named at once."""
    for first in (dense(), unit(h="sigmoid"), unit(h="step")):
        chain = Network([first, dense(N, 2)])
        chain.params["0.W"][0, 0] = np.nan
        with pytest.raises(ValueError, match="finite"):
            chain.forward(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_surrogate_of_ones_own_must_keep_dtype_and_shape(dtype):
    other = np.float64 if dtype is np.float32 else np.float32
    x, dy = X.astype(dtype), Y.astype(dtype)
    right = unit(surrogate=(np.tanh, lambda v: np.ones(v.shape, dtype)), dtype=dtype)
    right.backward(dy, cache(right, x))
    for dpsi in (lambda v: np.ones(v.shape, other), lambda v: dtype(1), lambda v: 1.0,
                 lambda v: None, lambda v: np.ones(1, dtype), lambda v: v[:1]):
        wrong = unit(surrogate=(np.tanh, dpsi), dtype=dtype)
        message = message_of(
            lambda: wrong.backward(dy, cache(wrong, x)), (TypeError, ValueError), "surrogate(v)"
        )
        assert str(np.dtype(dtype)) in message or str(Y.shape) in message


def test_a_size_beyond_the_largest_is_told_the_largest_and_no_other_is():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="^n_units: expected a positive int, 2147483648 at most, "
                                         "got 2147483649$"):
        SNU(2, 2 ** 31 + 1, rng=rng)
    with pytest.raises(ValueError, match="^n_units: expected a positive int, got 0$"):
        SNU(2, 0, rng=rng)
    with pytest.raises(ValueError, match=r"^bits: expected an int in \[1, 52\], got 53$"):
        DeviceReadout(53)
