"""The twins of the layers without memory (dense, embedding) and of the losses.

Each function below gives its equation. `y = W[index]` hands dy back to that row: a row that is used
twice collects both. Where the mask is 0, y and target may be any finite numbers, and dy is 0.

Source of the likelihoods: C. Bishop, "Pattern Recognition and Machine Learning" (2006), chapter 4.
The averages are this package's conventions.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from .scalars import (EXP, LOG, SOFTPLUS, adjoints, dot, floats, numbers, parameters, reverse,
                      values)


class DenseTwin(NamedTuple):
    """One dense layer and its backward pass."""
    y: np.ndarray  # (..., n)
    grads: dict  # W (n_in, n), b (n,)
    dx: np.ndarray  # (..., n_in)


class EmbeddingTwin(NamedTuple):
    """One table look-up and its backward pass."""
    y: np.ndarray  # (..., n)
    dW: np.ndarray  # (vocabulary, n)


def dense_twin(params, x, dy):
    """y = x W + b forward and backward, by scalar loops.

    params: {"W" (n_in, n), "b" (n,)}. x: (..., n_in), usually (T, B, n_in). dy: (..., n).
    Returns a DenseTwin. Raises ValueError (shape, name, NaN) or TypeError (dtype).
    """
    x = numbers("x", x, (..., "n_in"))
    dy = floats("dy", dy, (*x.shape[:-1], "n"))
    p = parameters(params, {"W": (x.shape[-1], dy.shape[-1]), "b": dy.shape[-1:]})
    y = dense(p["W"], p["b"], x)
    reverse((y,), (dy,))
    return DenseTwin(values(y), {name: adjoints(a) for name, a in p.items()}, adjoints(x))


def dense(W, b, x):
    """y = x W + b of arrays of Numbers."""
    y = np.empty((*x.shape[:-1], len(b)), object)
    for *row, j in np.ndindex(y.shape):
        y[(*row, j)] = dot(x[tuple(row)], W[:, j]) + b[j]
    return y


def embedding_twin(W, indices, dy):
    """y = W[indices] forward and backward, by scalar loops.

    W: (vocabulary, n). indices: (...) integers in [0, vocabulary), usually (T, B). dy: (..., n).
    Returns an EmbeddingTwin. Raises ValueError (shape, range, NaN) or TypeError (dtype).
    """
    W = numbers("W", W, ("vocabulary", "n"))
    dy = floats("dy", dy, (..., W.shape[1]))
    y = W[validation.array("indices", np.asanyarray(indices), dy.shape[:-1], "integers",
                           low=0, high=len(W) - 1)]
    reverse((y,), (dy,))
    return EmbeddingTwin(values(y), adjoints(W))


def mean_square_error_twin(y, target, mask=None):
    """Squared error of the time average, by scalar loops -> (value, dy).

        value = (1 / B n) sum_ij (a_ij - target_ij)^2,    a_ij = (1 / m_i) sum_t mask_ti y_tij

    y: (T, B, n). target: (B, n). mask: (T, B) of 0 and 1, or None for all 1; m_i = sum_t mask_ti.
    Raises ValueError (shape, NaN, a sample without an unmasked step) or TypeError (dtype).
    """
    y, mask = _logits(y, mask)
    T, B, n = y.shape
    target = floats("target", target, (B, n)).tolist()
    if not mask.any(axis=0).all():
        raise ValueError("mask: expected an unmasked step in every sample, got none in "
                         f"{int(np.argmin(mask.any(axis=0)))}")
    value = 0.0
    for i, j in np.ndindex(B, n):
        steps = y[mask[:, i], i, j]
        error = sum(step / len(steps) for step in steps) + -target[i][j]
        value = value + error * error / (B * n)
    return _reversed(value, y)


def bernoulli_nll_twin(y, target, mask=None):
    """Negative log-likelihood of independent Bernoulli outputs, by scalar loops -> (value, dy).

        value = (1 / count) sum_tij mask_ti [ target softplus(-y) + (1 - target) softplus(y) ]
        softplus(-y) = -log p,    softplus(y) = -log(1 - p),    p = sigmoid(y)

    y: (T, B, n) logits. target: (T, B, n) in [0, 1]. mask: (T, B) of 0 and 1, or None;
    count = sum_ti mask_ti. In nats.
    Raises ValueError (shape, range, NaN, nothing unmasked) or TypeError (dtype).
    """
    y, mask = _logits(y, mask)
    target = np.where(mask[:, :, None], floats("target", target, y.shape), 0.0)
    target = validation.array("target", target, None, "floats", low=0, high=1).tolist()
    value = 0.0
    for t, i, j in np.ndindex(y.shape):
        if mask[t, i]:
            a, q = y[t, i, j], target[t][i][j]
            value = value + (q * SOFTPLUS(-1.0 * a) + (1.0 - q) * SOFTPLUS(a)) / int(mask.sum())
    return _reversed(value, y)


def softmax_cross_entropy_twin(y, target, mask=None):
    """Cross-entropy of a softmax, by scalar loops -> (value, dy).

        value = (1 / count) sum_ti mask_ti [ log sum_c exp(y_tic) - y_ti,target ]

    y: (T, B, n) logits. target: (T, B) integer classes in [0, n). mask, count: as for
    bernoulli_nll_twin. In nats.
    Raises ValueError (shape, range, NaN, nothing unmasked) or TypeError (dtype).
    """
    y, mask = _logits(y, mask)
    T, B, n = y.shape
    target = validation.array("target", np.asanyarray(target), (T, B), "integers")
    validation.array("target", np.where(mask, target, 0), None, "integers", low=0, high=n - 1)
    value = 0.0
    for t, i in np.argwhere(mask):
        top = -max(c.value for c in y[t, i])  # taken out of the sum, so that exp cannot overflow
        total = LOG(sum(EXP(c + top) for c in y[t, i]))
        value = value + (total + -1.0 * (y[t, i, target[t, i]] + top)) / int(mask.sum())
    return _reversed(value, y)


def _reversed(value, y):
    """The value of a loss, and its gradient by y."""
    reverse([value], [1.0])
    return value.value, adjoints(y)


def _logits(y, mask):
    """y as Numbers, and the mask as a boolean array (T, B); None: all True."""
    y = numbers("y", y, ("T", "B", "n"))
    mask = np.ones(y.shape[:2]) if mask is None else np.asanyarray(mask)
    mask = validation.zeros_and_ones("mask", mask, y.shape[:2]) != 0
    if not mask.any():
        raise ValueError("mask: expected at least one unmasked time step, got none")
    return y, mask
