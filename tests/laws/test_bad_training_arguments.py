"""Bad arguments of losses, optimisers, clipping and rate coding, one by one."""
import numpy as np
import pytest
from helpers.small_calls import (B, CLASSES, MASK, N, NOT_A_DTYPE, NOT_A_FRACTION, NOT_A_GENERATOR,
                                 NOT_A_RATE, NOT_A_SIZE, T, TARGET, X, Y, bad, message_of,
                                 one_argument, rng)

from snu_ref import (SGD, Adam, bernoulli_nll, clip_by_norm, mean_square_error, rate_code,
                     softmax_cross_entropy)


def values(*numbers):
    return np.array([numbers])


def but_one(a, value):
    """A copy of `a` with another number in one place."""
    a = a.copy()
    a[(1,) * (a.ndim - 1) + (0,)] = value
    return a


TWO_ODD = np.array([[1, 0], [0.5, 0], [2, 0], [0, 0], [0, 0]])


CASES = [
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


def test_optimisers_refuse_unknown_names_and_one_array_under_two():
    for optimiser in (SGD(0.1, 0.9), Adam(0.1)):
        W = X.copy()
        with pytest.raises(ValueError, match="^grads: expected names in params .W, V., got 'U'"):
            optimiser.step({"W": W, "V": X}, {"U": X})
        with pytest.raises(
            ValueError, match="^params: expected arrays that share no memory, got 'W' and 'V'"
        ):
            optimiser.step({"W": W, "V": W}, {"W": X, "V": X})
        assert (W == X).all()
