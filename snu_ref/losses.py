"""Losses. Each returns its value and gradient: value, dy = loss(y, target, mask=None).

    mean_square_error      1/(B n) sum_{b,i} ( mean_t y_{t,b,i} - target_{b,i} )^2
    bernoulli_nll          1/N sum_{t,b} sum_i -[ k log p + (1 - k) log(1 - p) ],    p = sigmoid(y)
    softmax_cross_entropy  1/N sum_{t,b} -log softmax(y_{t,b})[k],                   k the target

N is the number of real (unpadded) steps of all samples. Values are in nats, except the square
error. mask (T, B) is 1 on real steps and 0 on padding, which must be at the end of a sequence. A
padded step adds nothing to the value or the gradient, whatever its y and target are.

bernoulli_nll and softmax_cross_entropy take logits and apply sigmoid or softmax themselves. So the
logarithms neither overflow nor lose digits, and the gradients are the differences p - k.

Sources. Squared error of the time-averaged output: the authors' toolkit (IBM/neuroaikit). Negative
log-likelihood of piano rolls: Boulanger-Lewandowski et al., ICML 2012.
"""
import numpy as np

from . import validation
from .layer import blocks, rows


def mean_square_error(y, target, mask=None):
    """Squared error of the output averaged over time, mean over outputs and samples.

        L = 1/(B n) sum ( ybar - target )^2,  ybar = mean_t y_t;   dy_t = 2 (ybar - target)/(B n T)

    y (T, B, n) outputs; target (B, n), one-hot for classification. With mask (T, B), ybar is the
    mean over the real steps of each sample, at least one. Returns value (float), dy (T, B, n).
    Raises TypeError or ValueError that names the argument.

    >>> y = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])     # two steps of one sample, mean (1/2, 0)
    >>> value, dy = mean_square_error(y, np.array([[1.0, 0.0]]))
    >>> value, dy[0, 0].tolist()
    (0.125, [-0.25, 0.0])
    """
    weight = _mask(mask, y)                                   # (T, B)
    T, B, n = y.shape
    validation.array("target", target, (B, n), y.dtype)
    steps = weight.sum(axis=0)
    if not steps.all():
        raise ValueError(f"mask: expected a real step in every sample, got none in sample "
                         f"{int(np.argmin(steps))}")
    weight = weight / steps                                   # (T, B), sums to 1 over time
    difference = np.einsum("tb,tbn->bn", weight, _real("y", y, mask)) - target
    square = difference.astype(np.float64) ** 2               # in float32, 1.9e19 ** 2 overflows
    value = float(square.sum() / (B * n))
    return value, weight[:, :, None] * (difference * (2 / (B * n)))


def bernoulli_nll(y, target, mask=None):
    """Negative log-likelihood of independent binary outputs, in nats a step, summed over outputs.

        L = 1/N sum_{t,b} sum_i [ log(1 + exp(y)) - k y ],    dy = ( sigmoid(y) - k ) / N

    y (T, B, n) logits; target (T, B, n) within [0, 1]; mask (T, B). Returns value (float), dy (T,
    B, n). Raises TypeError or ValueError that names the argument.

    >>> value, dy = bernoulli_nll(np.zeros((1, 1, 88)), np.ones((1, 1, 88)))
    >>> round(value, 3), dy[0, 0, 0].item()             # undecided about 88 keys: 88 log 2
    (60.997, -0.5)
    """
    weight = _mask(mask, y)                                   # (T, B)
    validation.array("target", target, y.shape, y.dtype, finite=False)
    target = _real("target", target, mask, low=0, high=1)
    y, N = _real("y", y, mask), weight.sum()
    above = np.maximum(y, 0)
    below = y - above                                         # min(y, 0)
    tail = np.exp(below - above)                              # exp(-|y|) <= 1: no overflow
    # log(1 + e^y) = max(y, 0) + log1p(e^-|y|). The small term is added last, so that confident
    # outputs keep their digits
    nll = above - target * y + np.log1p(tail)
    p = np.exp(below) / (1 + tail)                            # no digits are lost in either tail
    dy = (p - target) * (weight / N)[:, :, None]
    return float((nll.sum(axis=-1) * weight).sum() / N), dy


def softmax_cross_entropy(y, target, mask=None):
    """Cross-entropy of a softmax over classes, in nats a step; its exponential is the perplexity.

        L = 1/N sum_{t,b} [ log sum_i exp(y_i) - y_k ],       dy = ( softmax(y) - onehot(k) ) / N

    y (T, B, n) logits; target (T, B) integer classes in 0..n-1; mask (T, B). Returns value, dy (T,
    B, n). Raises TypeError or ValueError that names the argument.

    >>> value, dy = softmax_cross_entropy(np.zeros((1, 1, 4)), np.array([[2]]))
    >>> round(np.exp(value).item(), 9), dy[0, 0].tolist()   # undecided among 4: perplexity 4
    (4.0, [0.25, 0.25, -0.75, 0.25])
    """
    weight = _mask(mask, y)                                   # (T, B)
    T, B, n = y.shape
    validation.array("target", target, (T, B), "integers")
    target = _real("target", target, mask, low=0, high=n - 1)
    share = rows(weight[:, :, None] / weight.sum())           # (T B, 1)
    y, k = rows(_real("y", y, mask)), rows(target[:, :, None].astype(np.intp))
    dy = np.empty((T * B, n), y.dtype)
    value = 0.0
    for some in blocks(T * B, n):
        below = y[some] - y[some].max(axis=-1, keepdims=True)  # the largest logit is 0: no overflow
        p = np.exp(below, out=dy[some])
        total = p.sum(axis=-1, keepdims=True)
        nll = np.log(total) - np.take_along_axis(below, k[some], axis=-1)
        value += float((nll * share[some]).sum())
        p *= share[some] / total                              # softmax(y) / N
        picked = np.take_along_axis(p, k[some], axis=-1)
        np.put_along_axis(p, k[some], picked - share[some], axis=-1)
    return value, dy.reshape(T, B, n)


# ---- checks: values on padded steps are ignored -------------------------------------------------

def _mask(mask, y):
    """The checked mask as weights (T, B) in the dtype of y; ones if mask is None."""
    validation.array("y", y, ("T", "B", "n"), validation.REAL_DTYPES, finite=False)
    if not y.size:
        raise ValueError(f"y: expected at least one step, sample and output, got shape {y.shape}")
    if mask is None:
        return np.ones(y.shape[:2], y.dtype)
    weight = validation.zeros_and_ones("mask", mask, y.shape[:2]).astype(y.dtype)
    if (weight[1:] > weight[:-1]).any():
        raise ValueError("mask: expected padding at the end of a sequence only, got a real step "
                         "after a padded one")
    if not weight.any():
        raise ValueError("mask: expected at least one real step, got none")
    return weight


def _real(name, a, mask, **limits):
    """The checked a (T, B, ...), with 0 on padded steps, so that these cannot affect the loss."""
    if mask is not None:
        real = mask.astype(bool).reshape(mask.shape + (1,) * (a.ndim - 2))
        a = np.where(real, a, a.dtype.type(0))
    return validation.array(name, a, None, a.dtype, **limits)
