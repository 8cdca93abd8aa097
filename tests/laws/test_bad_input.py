"""Bad input: each message starts with the argument's name and says what was expected and what came.

First, for every array argument alike: what NumPy would broadcast, other dtypes, NaN and infinity.
Then, argument by argument, what is special to it.
"""
import operator
import tempfile
from collections import namedtuple

import numpy as np
import pytest

from snu_ref import (SGD, SNU, Adam, Dense, Network, bernoulli_nll, clip_by_norm, mean_square_error,
                     rate_code, softmax_cross_entropy)
from snu_ref.pcm import DeviceReadout
from snu_ref.snu import SNUState

T, B, N_IN, N = 5, 2, 3, 4


def rng():
    return np.random.default_rng(0)


def unit(n_in=N_IN, n=N, **options):
    return SNU(n_in, n, rng=rng(), **options)


def dense(n_in=N_IN, n=N, **options):
    return Dense(n_in, n, rng=rng(), **options)


def recurrent_unit():
    return unit(recurrent=True)


def network():
    return Network([unit(), dense(N, 2)])


def nested():
    return Network([unit(), Network([dense(N, 2)])])


def with_network_param(network, name):
    network.params[name][0, 0] = np.nan
    return network


X, X_T, Y, S = np.ones((T, B, N_IN)), np.ones((B, N_IN)), np.ones((T, B, N)), np.ones((B, N))
STATE = SNUState(S, S)
OtherState = namedtuple("OtherState", "h c")  # two arrays as well, but of another kind of unit
TARGET, CLASSES, MASK = np.ones((B, N)), np.ones((T, B), int), np.ones((T, B))
for shared in (X, X_T, Y, S, TARGET, CLASSES, MASK):
    shared.flags.writeable = False


def cache(layer, x=X):
    return layer.forward(x)[1]


def with_param(layer, name, value):
    layer.tie(name, value)
    return layer


# where an array goes: (its name in messages, a call with the array, an array that is accepted)
ARRAYS = {
    "SNU.step state.s": ("state.s", lambda a: unit().step(X_T, SNUState(a, S)), S),
    "SNU.step state.y": ("state.y", lambda a: unit().step(X_T, SNUState(S, a)), S),
    "SNU.forward state.s": ("state.s", lambda a: unit().forward(X, SNUState(a, S)), S),
    "SNU.forward state.y": ("state.y", lambda a: unit().forward(X, SNUState(S, a)), S),
    "SNU.backward dy": ("dy", lambda a: unit().backward(a, cache(unit())), Y),
    "SNU.backward dstate.s": (
        "dstate.s", lambda a: unit().backward(Y, cache(unit()), SNUState(a, S)), S),
    "SNU.backward dstate.y": (
        "dstate.y", lambda a: unit().backward(Y, cache(unit()), SNUState(S, a)), S),
    "Dense.backward dy": ("dy", lambda a: dense().backward(a, cache(dense())), Y),
    "mean_square_error target": ("target", lambda a: mean_square_error(Y, a), TARGET),
    "bernoulli_nll target": ("target", lambda a: bernoulli_nll(Y, a), Y),
    "SGD grads": ("grads['W']", lambda a: SGD(0.1).step({"W": X.copy()}, {"W": a}), X),
    "Adam grads": ("grads['W']", lambda a: Adam(0.1).step({"W": X.copy()}, {"W": a}), X),
}
USES = {"forward": lambda layer, made: layer.forward(X),
        "backward": lambda layer, made: layer.backward(Y, cache(made)),
        "step": lambda layer, made: layer.step(X_T, STATE)}
PARAMS = {
    f"{make.__name__} params {name} {use}": (
        f'params["{name}"]',
        lambda a, make=make, name=name, use=use: USES[use](with_param(make(), name, a), make()),
        make().params[name])
    for make in (recurrent_unit, dense) for name in make().params for use in USES
    if use != "step" or make is recurrent_unit
}
# here the dtype is free
FREE_DTYPE = {
    "softmax_cross_entropy target": ("target", lambda a: softmax_cross_entropy(Y, a), CLASSES),
    "mean_square_error mask": ("mask", lambda a: mean_square_error(Y, TARGET, a), MASK),
    "bernoulli_nll mask": ("mask", lambda a: bernoulli_nll(Y, Y, a), MASK),
    "softmax_cross_entropy mask": ("mask", lambda a: softmax_cross_entropy(Y, CLASSES, a), MASK),
}
# and here the first axes are
FREE_SHAPE = {
    "SNU.forward x": ("x", lambda a: unit().forward(a), X),
    "SNU.step x_t": ("x_t", lambda a: unit().step(a, STATE), X_T),
    "Dense.forward x": ("x", lambda a: dense().forward(a), X),
    "mean_square_error y": ("y", lambda a: mean_square_error(a, TARGET), Y),
    "bernoulli_nll y": ("y", lambda a: bernoulli_nll(a, Y), Y),
    "softmax_cross_entropy y": ("y", lambda a: softmax_cross_entropy(a, CLASSES), Y),
}


def message_of(call, error, argument):
    """The message of the error that `call` raises; it starts with the name of the argument."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(argument + ":"), message
    assert "expected" in message and ("got" in message or "but it takes" in message), message
    return message


def each(*tables):
    table = {where: row for some in tables for where, row in some.items()}
    return pytest.mark.parametrize("argument, call, good", table.values(), ids=table.keys())


@each(ARRAYS, PARAMS, FREE_DTYPE, FREE_SHAPE)
def test_what_is_accepted_here_is_refused_below(argument, call, good):
    """The call itself is right, so that the cases below fail for the reason they name."""
    call(good)


@each(ARRAYS, PARAMS, FREE_DTYPE)
def test_nothing_is_broadcast(argument, call, good):
    """A length of 1, an axis more or less, a single number: NumPy would take them all."""
    wrong = [good[None], np.asarray(good[0]), np.asarray(good.flat[0])]
    wrong += [good.take([0], axis=k) for k in range(good.ndim) if good.shape[k] > 1]
    if good.ndim > 1:
        wrong.append(np.ascontiguousarray(good.swapaxes(0, 1)))  # batch and time, or n_in and n
    for a in wrong:
        if a.shape == good.shape:
            continue
        message = message_of(lambda: call(a), ValueError, argument)
        assert str(a.shape) in message, message


@each(FREE_SHAPE)
def test_the_number_of_axes_is_fixed(argument, call, good):
    wrong, expected = [good[0], good[None]], "(T, B, n)"
    if argument != "y":  # the inputs of a layer have a fixed length too
        wrong.append(good[..., :1])
        expected = "(T, B, 3)" if argument == "x" else "(B, 3)"
    for a in wrong:
        message = message_of(lambda: call(a), ValueError, argument)
        assert f"expected shape {expected}, got {a.shape}" in message, message


@each(ARRAYS, PARAMS, FREE_SHAPE)
def test_nothing_is_converted(argument, call, good):
    """Every other dtype, and what is no array at all."""
    loss_output = argument == "y"  # float32 outputs are right, but then target must be float32 too
    for dtype in (int, bool, complex, object, np.float16) + (() if loss_output else (np.float32,)):
        message = message_of(lambda: call(good.astype(dtype)), TypeError, argument)
        assert str(np.dtype(dtype)) in message and "float64" in message, message
    for wrong in (good.tolist(), None, 3.0):
        message_of(lambda: call(wrong), TypeError, argument)


class Own(np.ndarray):
    """A subclass that does nothing of its own."""


@each(ARRAYS, PARAMS, FREE_DTYPE, FREE_SHAPE)
def test_a_subclass_of_an_array_is_refused(argument, call, good):
    """Its operations may mean something else: `*` of a matrix is the matrix product."""
    forms = [good.view(Own), np.ma.array(good)]
    if good.ndim == 2:
        forms.append(good.view(np.matrix))
    with tempfile.TemporaryFile() as file:
        forms.append(np.memmap(file, good.dtype, "w+", shape=good.shape))
    for a in forms:
        message = message_of(lambda: call(a), TypeError, argument)
        assert f"got {type(a).__name__}; np.array(x) makes one" in message, message


@each(ARRAYS, FREE_SHAPE)
def test_nan_and_infinity_are_refused_with_their_place(argument, call, good):
    for bad in (np.nan, np.inf, -np.inf):
        a = good.copy()
        a[(1,) * a.ndim] = bad
        message = message_of(lambda: call(a), ValueError, argument)
        assert str(bad) in message and str((1,) * a.ndim) in message, message


# ---- argument by argument -----------------------------------------------------------------------

def bad(value, error, *words):
    return value, error, words


NOT_A_RATE = [bad(0, ValueError, "(0", "got 0"), bad(-0.1, ValueError, "got -0.1"),
              bad(np.nan, ValueError, "nan"), bad(np.inf, ValueError, "inf"),
              bad("0.1", TypeError, "'0.1'"), bad(None, TypeError, "None"),
              bad(1j, TypeError, "1j"), bad(True, TypeError, "True")]
NOT_A_FRACTION = [bad(1, ValueError, "[0, 1)", "got 1"), bad(-0.1, ValueError, "got -0.1"),
                  bad(np.nan, ValueError, "nan"), bad("0.9", TypeError, "'0.9'")]
NOT_A_SIZE = [bad(0, ValueError, "positive int", "got 0"), bad(-3, ValueError, "got -3"),
              bad(3.0, TypeError, "positive int", "3.0"), bad("3", TypeError, "'3'"),
              bad(True, TypeError, "True"), bad(None, TypeError, "None")]
NOT_A_GENERATOR = [bad(None, TypeError, "numpy.random.Generator", "None"),
                   bad(0, TypeError, "got 0"),
                   bad(np.random.RandomState(0), TypeError, "RandomState"),
                   bad(np.random, TypeError, "module")]
NOT_A_DTYPE = [bad(int, TypeError, "float32, float64 or longdouble", "int"),
               bad(np.float16, TypeError, "float16"), bad(complex, TypeError, "complex"),
               bad("decimal", TypeError, "'decimal'"),
               bad(3, TypeError, "got 3"), bad(None, TypeError, "None")]
NOT_A_FLAG = [bad(1, TypeError, "True or False", "got 1"), bad("no", TypeError, "'no'"),
              bad(None, TypeError, "None")]


def not_one_of(*names):
    return [bad("rellu", ValueError, *map(repr, names), "'rellu'"), bad(None, ValueError, "None"),
            bad(names, ValueError, names[0]), bad(names[0].upper(), ValueError, names[0].upper())]


def values(*numbers):
    return np.array([numbers])


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


def one_argument(call, good, table):
    """(argument, call without arguments, error, words) for each bad value of each argument."""
    for argument, rows in table.items():
        for value, error, words in rows:
            yield (argument, lambda v=value, k=argument: call(**{**good, k: v}), error, words)


def but_one(a, value):
    """A copy of `a` with another number in one place."""
    a = a.copy()
    a[(1,) * (a.ndim - 1) + (0,)] = value
    return a


TWO_ODD = np.array([[1, 0], [0.5, 0], [2, 0], [0, 0], [0, 0]])


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
    *one_argument(SGD, dict(lr=0.1), {"lr": NOT_A_RATE, "momentum": NOT_A_FRACTION}),
    *one_argument(
        Adam,
        {},
        {"lr": NOT_A_RATE, "beta1": NOT_A_FRACTION, "beta2": NOT_A_FRACTION, "eps": NOT_A_RATE},
    ),
    *one_argument(
        clip_by_norm,
        dict(grads={"W": X}),
        {"max_norm": [row for row in NOT_A_RATE if row[0] is not np.inf]},
    ),
    *one_argument(
        rate_code,
        dict(values=values(0.5), n_steps=20, max_spikes=6, rng=rng()),
        {
            "rng": NOT_A_GENERATOR,
            "dtype": NOT_A_DTYPE,
            "n_steps": NOT_A_SIZE,
            "max_spikes": [
                bad(0, ValueError, "(0, 20]", "got 0"),
                bad(-1, ValueError, "got -1"),
                bad(20.5, ValueError, "(0, 20]", "got 20.5"),
                bad(np.nan, ValueError, "nan"),
                bad("6", TypeError, "'6'"),
            ],
            "values": [
                bad(values(0.5, -0.1), ValueError, "[0, 1]", "-0.1"),
                bad(values(0.5, 1.1), ValueError, "[0, 1]", "1.1"),
                bad(values(0.5, np.nan), ValueError, "nan", "(0, 1)"),
                bad(values(0, 255), TypeError, "float", "int64"),
                bad([[0.5]], TypeError, "list"),
                bad(np.ones(3), ValueError, "(B, n)", "(3,)"),
                bad(np.ones((2, 2, 2)), ValueError, "(B, n)", "(2, 2, 2)"),
            ],
        },
    ),
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
    ("cache", lambda: unit().backward(Y, cache(dense())), TypeError, ["SNUCache", "DenseCache"]),
    ("cache", lambda: unit().backward(Y, tuple(cache(unit()))), TypeError, ["SNUCache", "tuple"]),
    ("cache", lambda: dense().backward(Y, cache(unit())), TypeError, ["DenseCache", "SNUCache"]),
    ("cache", lambda: network().backward(Y, cache(unit())), TypeError, ["SNUCache"]),
    # from inside a Network: the layer's place first, of nested ones all of them
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
    # parameters: arrays are changed in place, never exchanged; a layer's other attributes are fixed
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
    # losses
    *[
        (
            "y",
            lambda loss=loss, target=target, shape=shape: loss(np.ones(shape), target),
            ValueError,
            ["at least one", str(shape)],
        )
        for loss, target in (
            (mean_square_error, TARGET),
            (bernoulli_nll, Y),
            (softmax_cross_entropy, CLASSES),
        )
        for shape in ((0, B, N), (T, 0, N), (T, B, 0))
    ],
    ("target", lambda: mean_square_error(Y, Y), ValueError, ["(2, 4)", "(5, 2, 4)"]),
    ("target", lambda: bernoulli_nll(Y, but_one(Y, 1.1)), ValueError, ["[0, 1]", "1.1"]),
    ("target", lambda: bernoulli_nll(Y, but_one(Y, -0.1)), ValueError, ["[0, 1]", "-0.1"]),
    ("target", lambda: bernoulli_nll(Y, Y.astype(np.float32)), TypeError, ["float64", "float32"]),
    ("target", lambda: softmax_cross_entropy(Y, MASK), TypeError, ["integer", "float64"]),
    ("target", lambda: softmax_cross_entropy(Y, CLASSES.tolist()), TypeError, ["integer", "list"]),
    ("target", lambda: softmax_cross_entropy(Y, CLASSES > 0), TypeError, ["integer", "bool"]),
    (
        "target",
        lambda: softmax_cross_entropy(Y, but_one(CLASSES, N)),
        ValueError,
        ["[0, 3]", "got 4"],
    ),
    (
        "target",
        lambda: softmax_cross_entropy(Y, but_one(CLASSES, -1)),
        ValueError,
        ["[0, 3]", "-1"],
    ),
    *[
        ("mask", lambda loss=loss, target=target, mask=mask: loss(Y, target, mask), error, words)
        for loss, target in (
            (mean_square_error, TARGET),
            (bernoulli_nll, Y),
            (softmax_cross_entropy, CLASSES),
        )
        for mask, error, words in (
            (but_one(MASK, 0), ValueError, ["end of a sequence", "after a padded one"]),
            (TWO_ODD, ValueError, ["0 and 1", "got 0.5"]),
            (but_one(MASK, 2), ValueError, ["0 and 1", "got 2"]),
            (but_one(MASK, -1), ValueError, ["0 and 1", "got -1"]),
            (but_one(MASK, np.nan), ValueError, ["nan", "(1, 0)"]),
            (MASK.T, ValueError, ["(5, 2)", "(2, 5)"]),
            (0 * MASK, ValueError, ["real step", "none"]),
            (MASK.astype(complex), TypeError, ["0 and 1", "complex"]),
            (MASK.tolist(), TypeError, ["0 and 1", "list"]),
            (True, TypeError, ["0 and 1", "bool"]),
        )
    ],
    (
        "mask",
        lambda: mean_square_error(Y, TARGET, MASK * [1, 0]),
        ValueError,
        ["real step", "sample 1"],
    ),
    # optimisers
    *[
        ("grads", lambda make=make, value=value: make(0.1).step({"W": X}, value), TypeError, [name])
        for make in (SGD, Adam)
        for value, name in ((None, "NoneType"), ([X], "list"), (X, "ndarray"))
    ],
    *[
        (
            "params",
            lambda make=make, value=value: make(0.1).step(value, {"W": X}),
            TypeError,
            [name],
        )
        for make in (SGD, Adam)
        for value, name in ((None, "NoneType"), ([X], "list"))
    ],
    *[
        (
            "params['W']",
            lambda make=make: make(0.1).step({"W": [1.0]}, {"W": X}),
            TypeError,
            ["list"],
        )
        for make in (SGD, Adam)
    ],
    ("grads", lambda: clip_by_norm([X], 1.0), TypeError, ["list"]),
    ("grads['W']", lambda: clip_by_norm({"W": [1.0, 2.0]}, 1.0), TypeError, ["list"]),
    ("grads['W']", lambda: clip_by_norm({"W": np.array([3, 4])}, 1.0), TypeError, ["int64"]),
    ("grads", lambda: clip_by_norm({"W": X * np.nan}, 1.0), ValueError, ["finite", "nan"]),
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
        rate_code(values(0.5), 20, 6)


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


def test_optimisers_refuse_unknown_names_and_one_array_under_two():
    for optimiser in (SGD(0.1, 0.9), Adam(0.1)):
        W = X.copy()
        with pytest.raises(ValueError, match="^grads: expected names of params, W, V, got 'U'"):
            optimiser.step({"W": W, "V": X}, {"U": X})
        with pytest.raises(
            ValueError, match="^params: expected arrays of their own, got 'W' and 'V'"
        ):
            optimiser.step({"W": W, "V": W}, {"W": X, "V": X})
        assert (W == X).all()


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
