"""Small layers and arrays for tests of bad input, and the form of a message."""
import numpy as np
import pytest

from snu_ref import SNU, Dense
from snu_ref.snu import SNUState

T, B, N_IN, N = 5, 2, 3, 4


def rng():
    return np.random.default_rng(0)


def unit(n_in=N_IN, n=N, **options):
    return SNU(n_in, n, rng=rng(), **options)


def dense(n_in=N_IN, n=N, **options):
    return Dense(n_in, n, rng=rng(), **options)


X, X_T, Y, S = np.ones((T, B, N_IN)), np.ones((B, N_IN)), np.ones((T, B, N)), np.ones((B, N))
STATE = SNUState(S, S)
TARGET, CLASSES, MASK = np.ones((B, N)), np.ones((T, B), int), np.ones((T, B))
for shared in (X, X_T, Y, S, TARGET, CLASSES, MASK):
    shared.flags.writeable = False


def cache(layer, x=X):
    return layer.forward(x)[1]


def message_of(call, error, argument):
    """The message of the error that `call` raises; it starts with the name of the argument."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(argument + ":"), message
    assert "expected" in message and "got" in message, message
    return message


# ---- bad values of common arguments -------------------------------------------------------------

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


def one_argument(call, good, table):
    """(argument, call without arguments, error, words) for each bad value of each argument."""
    for argument, rows in table.items():
        for value, error, words in rows:
            yield (argument, lambda v=value, k=argument: call(**{**good, k: v}), error, words)
