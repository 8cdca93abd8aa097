"""The twins of the layers without memory (dense, embedding) and of the losses.

Each function below gives its equation. The reversal of `y = W[index]` adds dy to that row: a row
that is used twice collects both. The derivatives of the losses, for every unmasked (t, sample):

    mean square error      dy_t = 2 (a - target) / (B n) / (number of unmasked steps of the sample)
    Bernoulli NLL          dy = [(1 - target) sigmoid(y) - target sigmoid(-y)] / count
    softmax cross-entropy  dy_c = [exp(y_c) / sum exp - (1 if c is the target)] / count

Where the mask is 0, y and target may be any finite numbers, and dy is 0.

Source of the likelihoods: C. Bishop, "Pattern Recognition and Machine Learning" (2006), chapter 4.
The averages are this package's conventions.
"""
import math

import numpy as np

from .. import validation
from .scalars import (array_of, numbers, parameters, reverse_weighted_sum, sigmoid, sized, softplus,
                      weighted_sum, zeros)


def dense_twin(params, x, dy):
    """y = x W + b forward and backward, by scalar loops -> y, grads, dx.

    params: {"W" (n_in, n), "b" (n,)}. x: (..., n_in), usually (T, B, n_in). dy: (..., n).
    grads, dx have the shapes of params, x. Raises ValueError (shape, name, NaN), TypeError (dtype).
    """
    x, (*lead, n_in) = _rows("x", x, (..., "n_in"))
    dy, (*_, n) = _rows("dy", dy, (*lead, "n"))
    p = parameters(params, {"W": (n_in, n), "b": (n,)})

    y, dx = zeros(len(x), n), zeros(len(x), n_in)
    dW, db = zeros(n_in, n), zeros(n)
    for i in range(len(x)):
        for j in range(n):
            y[i][j] = weighted_sum(x[i], p["W"], j) + p["b"][j]
            db[j] += dy[i][j]
            reverse_weighted_sum(dy[i][j], x[i], p["W"], j, dx[i], dW)
    return (array_of(y, (*lead, n)), {"W": array_of(dW, (n_in, n)), "b": array_of(db, (n,))},
            array_of(dx, (*lead, n_in)))


def embedding_twin(W, indices, dy):
    """y = W[indices] forward and backward, by scalar loops -> y, dW.

    W: (vocabulary, n). indices: (...) integers in [0, vocabulary), usually (T, B). dy: (..., n).
    Raises ValueError (shape, range, NaN) or TypeError (dtype).
    """
    W, (vocabulary, n) = sized("W", W, ("vocabulary", "n"))
    dy, (*lead, _) = _rows("dy", dy, (..., n))
    chosen = validation.array("indices", np.asanyarray(indices), lead, "integers",
                              low=0, high=vocabulary - 1)

    y, dW = zeros(len(dy), n), zeros(vocabulary, n)
    for i, row in enumerate(chosen.flat):
        for j in range(n):
            y[i][j] = W[row][j]
            dW[row][j] += dy[i][j]
    return array_of(y, (*lead, n)), array_of(dW, (vocabulary, n))


def mean_square_error_twin(y, target, mask=None):
    """Squared error of the time average, by scalar loops -> (value, dy).

        value = (1 / B n) sum_ij (a_ij - target_ij)^2,    a_ij = (1 / m_i) sum_t mask_ti y_tij

    y: (T, B, n). target: (B, n). mask: (T, B) of 0 and 1, or None for all 1; m_i = sum_t mask_ti.
    Raises ValueError (shape, NaN, a sample without an unmasked step) or TypeError (dtype).
    """
    y, (T, B, n), mask = _logits(y, mask)
    target = numbers("target", target, (B, n))
    value, dy = 0.0, zeros(T, B, n)
    for i in range(B):
        steps = [t for t in range(T) if mask[t, i]]
        if not steps:
            raise ValueError(f"mask: expected a real step in every sample, got none in sample {i}")
        for j in range(n):
            a = 0.0
            for t in steps:
                a += y[t][i][j] / len(steps)
            error = a - target[i][j]
            value += error * error / (B * n)
            da = 2.0 * error / (B * n)
            for t in steps:
                dy[t][i][j] += da / len(steps)
    return value, array_of(dy, (T, B, n))


def bernoulli_nll_twin(y, target, mask=None):
    """Negative log-likelihood of independent Bernoulli outputs, by scalar loops -> (value, dy).

        value = (1 / count) sum_tij mask_ti [ target softplus(-y) + (1 - target) softplus(y) ]
        softplus(-y) = -log p,    softplus(y) = -log(1 - p),    p = sigmoid(y)

    y: (T, B, n) logits. target: (T, B, n) in [0, 1]. mask: (T, B) of 0 and 1, or None;
    count = sum_ti mask_ti. In nats.
    Raises ValueError (shape, range, NaN, nothing unmasked) or TypeError (dtype).
    """
    y, (T, B, n), mask = _logits(y, mask)
    numbers("target", target, (T, B, n))
    target = np.where(mask[:, :, None], target, 0.0)
    target = validation.array("target", target, None, "floats", low=0, high=1).tolist()
    count, value, dy = int(mask.sum()), 0.0, zeros(T, B, n)
    for t, i in np.argwhere(mask):
        for j in range(n):
            a, q = y[t][i][j], target[t][i][j]
            value += (q * softplus(-a) + (1.0 - q) * softplus(a)) / count
            dy[t][i][j] += ((1.0 - q) * sigmoid(a) - q * sigmoid(-a)) / count
    return value, array_of(dy, (T, B, n))


def softmax_cross_entropy_twin(y, target, mask=None):
    """Cross-entropy of a softmax, by scalar loops -> (value, dy).

        value = (1 / count) sum_ti mask_ti [ log sum_c exp(y_tic) - y_ti,target ]

    y: (T, B, n) logits. target: (T, B) integer classes in [0, n). mask, count: as for
    bernoulli_nll_twin. In nats.
    Raises ValueError (shape, range, NaN, nothing unmasked) or TypeError (dtype).
    """
    y, (T, B, n), mask = _logits(y, mask)
    target = validation.array("target", np.asanyarray(target), (T, B), "integers")
    validation.array("target", np.where(mask, target, 0), None, "integers", low=0, high=n - 1)
    count, value, dy = int(mask.sum()), 0.0, zeros(T, B, n)
    for t, i in np.argwhere(mask):
        right = target[t, i]
        top = max(y[t][i])  # subtracted, so that exp cannot overflow
        total = 0.0
        for c in range(n):
            total += math.exp(y[t][i][c] - top)
        value += (top - y[t][i][right] + math.log(total)) / count
        for c in range(n):
            dy[t][i][c] += math.exp(y[t][i][c] - top) / total / count
        dy[t][i][right] -= 1.0 / count
    return value, array_of(dy, (T, B, n))


def _rows(name, array, shape):
    """An array (..., n) as nested lists (rows, n), and its shape."""
    _, shape = sized(name, array, shape)
    return np.reshape(array, (math.prod(shape[:-1]), shape[-1])).astype(float).tolist(), shape


def _logits(y, mask):
    """y as nested lists, its shape, and the mask as a boolean array (T, B); None: all True."""
    y, (T, B, n) = sized("y", y, ("T", "B", "n"))
    mask = np.ones((T, B)) if mask is None else np.asanyarray(mask)
    mask = validation.zeros_and_ones("mask", mask, (T, B)) != 0
    if not mask.any():
        raise ValueError("mask: expected at least one unmasked time step, got none")
    return y, (T, B, n), mask
