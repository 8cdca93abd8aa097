"""Makers of plain arguments for the fuzz script: functions of (rng, dtype).

Numbers are multiples of 1/8: a sum or a product of a few is exact in float32 and float64 alike, and
a spike does not hang on a rounding. Nor does a level of a converter.
"""
import numpy as np

T, B, N_IN, N, IMAGE = 3, 2, 3, 4, (4, 3, 2)


def eighths(rng, shape, dtype=np.float64):
    """Multiples of 1/8 within +-2."""
    return (rng.integers(-16, 17, shape) / 8).astype(dtype)


def flat(result):
    """All arrays and numbers in a result: tuples, dicts and lists are taken apart."""
    if isinstance(result, dict):
        result = tuple(result[key] for key in result)
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in flat(part)]
    return [] if result is None else [result]


def normal(*shape):
    return lambda rng, dtype: eighths(rng, shape, dtype)


def integers(high, *shape):
    return lambda rng, dtype: rng.integers(0, high, shape)


def bits(*shape, dtype=None):
    return lambda rng, like: rng.integers(0, 2, shape).astype(like if dtype is None else dtype)


def number(value):
    return lambda rng, dtype: value


def eighth_of_one(*shape):
    return lambda rng, dtype: (rng.integers(0, 9, shape) / 8).astype(dtype)


def padding(rng, dtype):
    return np.array([[1, 1], [1, 0], [0, 0]], dtype)


def rng_of():
    return np.random.default_rng(0)
