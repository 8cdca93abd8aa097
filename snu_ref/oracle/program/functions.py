"""The functions that a line of a program may use.

    VARS      for the forward pass: functions of Vars (`tape`), with derivatives
    ARRAYS    for slopes and for a backward pass written by hand: VARS, whose pointwise functions
              also take arrays, and functions of arrays only
"""
import math

import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES, sigmoid as _sigmoid
from .tape import Var, plain, shares


def point(value, slope):
    """A pointwise function of a Var, from value(a) and slope(a, f) with f = value(a)."""
    def apply(a):
        return a.apply(value, slope) if isinstance(a, Var) else value(np.asarray(a, float))
    return apply


def with_slope(value, slope):
    """A function with a constant slope: 0 for step functions, 1 for rounding (straight-through)."""
    return point(lambda a: value(a).astype(a.dtype), lambda a, f: np.full_like(a, slope))


def of_others(y):
    """For each unit, the maximum over the other units; 0 if there are none."""
    n = y.value.shape[-1]
    return sum((y * (1 - own) - own * (n > 1)).maximum(-1) * own for own in np.eye(n))


def rearranged(order):
    """A function that selects or reorders elements of a parameter, as order(array) does."""
    def apply(p):
        value = p.value
        places = order(np.arange(value.size).reshape(value.shape))
        return Var(value.ravel()[places], (p, lambda d: np.bincount(
            places.ravel(), d.ravel(), value.size).reshape(value.shape)))
    return apply


def one_array(a):
    """A function that writes every value into the array a, like a reused buffer."""
    def overwritten(var):
        a[...] = var.value
        return Var(a, (var, lambda d: d))
    return overwritten


def to_bits(bits):
    """A function that rounds to a significand of `bits` bits."""
    def value(a):
        fraction, exponent = np.frexp(a)
        return np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)
    return value


VARS = {
    **{name: point(f.value, f.slope) for name, f in STATE_FUNCTIONS.items()},
    "leaky": lambda a, k: point(lambda a: np.where(a > 0, a, k * a),
                                lambda a, f: np.where(a > 0, 1.0, k))(a),
    "elu": point(lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
                 lambda a, f: np.where(a > 0, 1, np.exp(np.minimum(a, 0)))),
    "softplus": point(lambda a: np.logaddexp(0 * a, a), lambda a, f: _sigmoid(a)),
    "softsign": point(lambda a: a / (1 + np.abs(a)), lambda a, f: (1 - np.abs(f)) ** 2),
    "sigmoid": point(_sigmoid, lambda a, f: f * (1 - f)),
    "abs": point(np.abs, lambda a, f: np.sign(a)),
    "sqrt": point(np.sqrt, lambda a, f: 0.5 / np.maximum(f, 1e-300)),
    "exp": point(np.exp, lambda a, f: f),
    **{name: with_slope(value, 0) for name, value in {
        "sign": np.sign, "floor": np.floor, "round": np.rint, "trunc": np.trunc,
        "positive": lambda a: a > 0, "winner": lambda y: shares(y, "first")}.items()},
    **{name: with_slope(value, 1) for name, value in {
        "float16": lambda a: a.astype(np.float16), "bfloat16": to_bits(8), "tf32": to_bits(11),
        "single": lambda a: a.astype(np.float32)}.items()},
    "clip": lambda a, low, high: point(lambda a: np.clip(a, low, high),
                                       lambda a, f: (a >= low) & (a <= high))(a),    # as in PyTorch
    "inf": np.inf, "const": lambda a: Var(a.value) if isinstance(a, Var) else a,
    "tanh_with_slope_of_a": point(np.tanh, lambda a, f: 1 - a * a),
    "max": lambda y, axis=-1, ties="shared": y.maximum(axis, ties),
    "max_of_others": of_others,
    "product": lambda y: math.prod((y * own).sum(-1) for own in np.eye(y.value.shape[-1])),
    "sum": lambda y: y.sum(-1), "mean": lambda y: y.sum(-1) * (1 / y.value.shape[-1]),
    "first": rearranged(lambda a: a[:1]), "column": rearranged(lambda a: a[:, None]),
    "backwards": rearranged(lambda a: a[::-1]),
    "reshaped": rearranged(lambda a: a.T.reshape(a.shape)),
    "column_order": rearranged(lambda a: a.reshape(a.shape[::-1]).T),
    "threshold": lambda b: (plain(b) == 0) - b,
    "without_diagonal": lambda H: H * (1 - np.eye(len(plain(H)))),
    "all_but_last": lambda s: s * (np.arange(s.value.shape[-1]) < s.value.shape[-1] - 1),
    **{f"psi_{name}": point(f.psi, lambda a, y, f=f: f.dpsi(a)) for name, f in SURROGATES.items()},
}


ARRAYS = {
    **VARS, "where": np.where, "pi": np.pi, "maximum": np.maximum,
    "max": lambda y: y.max(-1, keepdims=True),
    "share": lambda d, y, ties="shared": shares(y, ties) * d.sum(-1, keepdims=True),
    "to_own": lambda d, y: shares(y) * d,
    "outer": lambda a, b: a[..., :, None] * b[..., None, :],
    "sum": lambda a: a.sum((0, 1)), "column_order": lambda a: a.T.reshape(a.shape),
}
