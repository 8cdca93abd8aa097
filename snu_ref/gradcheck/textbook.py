"""The losses in their textbook form, with their scalar twins.

The package's losses avoid overflow by abs and max, which do not work for complex numbers. The
textbook forms overflow for large logits, but the complex step can differentiate them.
"""
import numpy as np

from ..twins import bernoulli_nll_twin, mean_square_error_twin, softmax_cross_entropy_twin


def _weights(mask, y):
    return np.ones(y.shape[:2]) if mask is None else mask


def mean_square_error(y, target, mask):
    """Mean over samples and outputs of ( mean_t y - target )^2."""
    w = _weights(mask, y)[:, :, None]
    return (((w * y).sum(axis=0) / w.sum(axis=0) - target) ** 2).mean()


def bernoulli_nll(y, target, mask):
    """- sum [ k log p + (1 - k) log(1 - p) ] / N with p = 1 / (1 + exp(-y))."""
    w = _weights(mask, y)[:, :, None]
    p = 1 / (1 + np.exp(-y))
    return -(w * (target * np.log(p) + (1 - target) * np.log(1 - p))).sum() / w.sum()


def softmax_cross_entropy(y, target, mask):
    """- sum log( exp(y_k) / sum_i exp(y_i) ) / N."""
    w = _weights(mask, y)
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    of_target = np.take_along_axis(p, target[:, :, None], axis=-1)[:, :, 0]
    return -(w * np.log(of_target)).sum() / w.sum()


TEXTBOOK_LOSSES = {
    "mean_square_error": (mean_square_error, mean_square_error_twin),
    "bernoulli_nll": (bernoulli_nll, bernoulli_nll_twin),
    "softmax_cross_entropy": (softmax_cross_entropy, softmax_cross_entropy_twin),
}
