"""The functions that a line of a program may use: of numbers on the tape, and of plain arrays.

    VARS      for the lines of the forward pass: each gives a value and leaves its derivative
    ARRAYS    for slopes and for the lines of a backward pass written by hand
"""
import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES, sigmoid as _sigmoid
from .tape import Var


def point(value, slope):
    """A function of a Var, point by point: value(a) and slope(a, f)."""
    def apply(a):
        return a.apply(value, slope) if isinstance(a, Var) else value(np.asarray(a, float))
    return apply


def _leaky(k):
    return point(lambda a: np.where(a > 0, a, k * a),
                 lambda a, f: np.where(a > 0, 1.0, k).astype(a.dtype))


def clip(a, low, high):
    """a, no lower than `low` and no higher than `high`."""
    return point(lambda v: np.clip(v, low, high),
                 lambda v, f: ((v > low) & (v < high)).astype(v.dtype))(a)


def _flat(value):
    return point(lambda a: value(a).astype(a.dtype), lambda a, f: np.zeros_like(a))


def _hot(first):
    """1 for the unit of the largest y: the first of them, or all that tie."""
    def value(y):
        tied = y == y.max(-1, keepdims=True)
        return tied & (np.cumsum(tied, -1) == 1) if first else tied
    return _flat(value)


def of_others(y):
    """For each unit, the maximum over the other units."""
    total = 0.0
    for own in np.eye(y.value.shape[-1]):
        total = total + (y * (1 - own) - own).maximum(-1) * own
    return total


def larger(a, b):
    """The larger of two, point by point."""
    return a + VARS["relu"](b - a)


def without_diagonal(H):
    """H without its diagonal."""
    return H * (1 - np.eye(len(H.value), dtype=H.value.dtype))


def first(p):
    """The first element of a parameter, for all units."""
    return (p * np.eye(1, p.value.size)[0]).sum(-1)


def column(p):
    """A parameter as one number for each sample, where it is one for each unit."""
    return p.tape.node(p.value[:, None], lambda d: p.receive(d.sum(-1)))


def backwards(p):
    """A parameter of the units in reverse order."""
    return p.tape.node(p.value[::-1], lambda d: p.receive(d[::-1]))


def reshaped(W):
    """W transposed, then reshaped to its own shape."""
    return W.tape.node(np.ascontiguousarray(W.value.T).reshape(W.value.shape),
                       lambda d: W.receive(d.reshape(W.value.T.shape).T))


def column_order(W):
    """The elements of W, as they lie in memory, read column by column."""
    return W.tape.node(W.value.reshape(W.value.shape[::-1]).T.copy(),
                       lambda d: W.receive(d.T.copy().reshape(W.value.shape)))


def _rounded(value):
    """Rounding to other numbers; the gradient passes straight through."""
    return point(lambda a: value(a).astype(a.dtype), lambda a, f: np.ones_like(a))


def to_bits(bits):
    """Rounding to a significand of so many bits."""
    def value(a):
        fraction, exponent = np.frexp(a)
        return np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)
    return value


def const(a):
    """The same value, a constant of the backward pass."""
    return a.detach() if isinstance(a, Var) else a


def all_but_last(s):
    """s, with 0 for the last unit."""
    n = s.value.shape[-1]
    return s * (np.arange(n) < n - 1)


VARS = {
    **{name: point(f.value, f.slope) for name, f in STATE_FUNCTIONS.items()},
    "identity": lambda a: a + 0.0,
    "leaky": lambda a, k: _leaky(k)(a),
    "elu": point(lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
                 lambda a, f: np.where(a > 0, 1, np.exp(np.minimum(a, 0)))),
    "softplus": point(lambda a: np.logaddexp(0 * a, a), lambda a, f: _sigmoid(a)),
    "softsign": point(lambda a: a / (1 + np.abs(a)), lambda a, f: (1 - np.abs(f)) ** 2),
    "silu": point(lambda a: a * _sigmoid(a), lambda a, f: _sigmoid(a) * (1 + a - f)),
    "sigmoid": point(_sigmoid, lambda a, f: f * (1 - f)),
    "abs": point(np.abs, lambda a, f: np.sign(a)),
    "sqrt": point(np.sqrt, lambda a, f: 0.5 / np.maximum(f, 1e-300)),
    "exp": point(np.exp, lambda a, f: f),
    "sign": _flat(np.sign), "floor": _flat(np.floor), "round": _flat(np.rint),
    "trunc": _flat(np.trunc), "positive": _flat(lambda a: a > 0),
    "not_negative": _flat(lambda a: a >= 0), "half": _flat(lambda a: a > 0.5),
    "float16": _rounded(lambda a: a.astype(np.float16)), "bfloat16": _rounded(to_bits(8)),
    "tf32": _rounded(to_bits(11)), "single": _rounded(lambda a: a.astype(np.float32)),
    "clip": clip, "larger": larger, "const": const,
    "max": lambda y: y.maximum(-1), "max_over_batch": lambda y: y.maximum((-2, -1)),
    "max_of_batch": lambda y: y.maximum(-2), "max_first": lambda y: y.maximum(-1, "first"),
    "max_each": lambda y: y.maximum(-1, "each"), "max_of_others": of_others,
    "sum": lambda y: y.sum(-1), "mean": lambda y: y.sum(-1) * (1 / y.value.shape[-1]),
    "winner": _hot(True), "winners": _hot(False), "first": first, "column": column,
    "backwards": backwards, "without_diagonal": without_diagonal, "reshaped": reshaped,
    "all_but_last": all_but_last, "column_order": column_order,
    "at_most": lambda a, high: clip(a, -np.inf, high),
    **{f"psi_{name}": point(f.psi, lambda a, y, f=f: f.dpsi(a)) for name, f in SURROGATES.items()},
}


def _share(d, y):
    """The gradient of max(y): its sum over the units, shared by those that tie for it."""
    tied = y == y.max(-1, keepdims=True)
    return tied * d.sum(-1, keepdims=True) / tied.sum(-1, keepdims=True)


def _to_first(d, y):
    tied = y == y.max(-1, keepdims=True)
    return (tied & (np.cumsum(tied, -1) == 1)) * d.sum(-1, keepdims=True)


ARRAYS = {
    "tanh": np.tanh, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs, "where": np.where,
    "pi": np.pi, "maximum": np.maximum, "sign": np.sign, "clip": np.clip, "sigmoid": _sigmoid,
    "max": lambda y: y.max(-1, keepdims=True), "share": _share, "to_first": _to_first,
    "to_each": lambda d, y: (y == y.max(-1, keepdims=True)) * d.sum(-1, keepdims=True),
    "to_all": lambda d, y: d.sum(-1, keepdims=True) / d.shape[-1] + 0 * d,
    "outer": lambda a, b: a[..., :, None] * b[..., None, :],
    "sum": lambda a: a.sum((0, 1)), "column_order": lambda a: a.T.copy().reshape(a.shape),
    "without_diagonal": lambda H: H * (1 - np.eye(len(H))),
    "later": lambda a: np.concatenate([a[1:], 0 * a[:1]]),
    "earlier": lambda a: np.concatenate([0 * a[:1], a[:-1]]),
}
