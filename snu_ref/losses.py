"""Losses: the value and its gradient, together, as value, dy = loss(y, target, mask=None).

    mean_square_error      1/(B n) sum_{b,i} ( mean_t y_{t,b,i} - target_{b,i} )^2
    bernoulli_nll          1/N sum_{t,b} sum_i -[ k log p + (1 - k) log(1 - p) ],    p = sigmoid(y)
    softmax_cross_entropy  1/N sum_{t,b} -log softmax(y_{t,b})[k],                   k the target

N is the number of real (unpadded) steps of all samples. Values are in nats, but for the square
error. mask (T, B) is 1 on real steps and 0 on padding, which stands at the end of a sequence only;
a masked step adds nothing to value and gradient, whatever y and target hold there.

bernoulli_nll and softmax_cross_entropy take logits: sigmoid and softmax stand inside, where their
logarithms neither overflow nor lose digits, and the gradients are the plain differences p - k.

Sources: squared error of the time-averaged output, the authors' toolkit (IBM/neuroaikit); the
negative log-likelihood of piano rolls, Boulanger-Lewandowski et al., ICML 2012.
"""
import numpy as np

from . import validation
from .layer import blocks, rows


def mean_square_error(y, target, mask=None):
    """Squared error of the output averaged over time, mean over outputs and samples.

        L = 1/(B n) sum ( ybar - target )^2,  ybar = mean_t y_t;   dy_t = 2 (ybar - target)/(B n T)

    y (T, B, n) outputs; target (B, n), one-hot for classification; mask (T, B): ybar is then the
    mean over the real steps of each sample, of which each must have one. Returns value (float), dy
    (T, B, n). Raises TypeError or ValueError that names the argument.

    >>> y = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])     # two steps of one sample, mean (1/2, 0)
    >>> value, dy = mean_square_error(y, np.array([[1.0, 0.0]]))
    >>> value, dy[0, 0].tolist()
    (0.125, [-0.25, 0.0])
    """
    y = _outputs(y)
    T, B, n = y.shape
    validation.array("target", target, (B, n), y.dtype)
    weight = _mask(mask, y)                                   # (T, B)
    steps = weight.sum(axis=0)
    if not steps.all():
        raise ValueError(f"mask: expected a real step in every sample, got none in sample "
                         f"{int(np.argmin(steps))}")
    weight = weight / steps                                   # (T, B), sums to 1 over time
    difference = np.einsum("tb,tbn->bn", weight, _real(y, mask)) - target
    value = float((difference ** 2).sum() / (B * n))
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
    y = _outputs(y)
    validation.array("target", target, y.shape, y.dtype)
    if target.size and not (target.min() >= 0 and target.max() <= 1):
        raise ValueError(f"target: expected numbers in [0, 1], got {target.min()} to "
                         f"{target.max()}")
    weight = _mask(mask, y)                                   # (T, B)
    y, N = _real(y, mask), weight.sum()
    above = np.maximum(y, 0)
    below = y - above                                         # min(y, 0)
    tail = np.exp(below - above)                              # exp(-|y|) <= 1: no overflow
    # log(1 + e^y) = max(y, 0) + log1p(e^-|y|); the small term last, or a confident answer loses its
    # digits
    nll = above - target * y + np.log1p(tail)
    dy = np.exp(below)                                        # p = e^min(y, 0) / (1 + e^-|y|):
    dy /= 1 + tail                                            # exact in both tails
    dy -= target
    dy *= (weight / N)[:, :, None]
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
    y = _outputs(y)
    T, B, n = y.shape
    if not isinstance(target, np.ndarray) or target.dtype.kind not in "iu":
        raise TypeError("target: expected an array of integer classes, got "
                        f"{getattr(target, 'dtype', type(target).__name__)}")
    validation.array("target", target, (T, B), target.dtype)
    if target.min() < 0 or target.max() >= n:
        raise ValueError(f"target: expected classes in 0..{n - 1}, got {target.min()} to "
                         f"{target.max()}")
    weight = _mask(mask, y)                                   # (T, B)
    share = rows(weight[:, :, None] / weight.sum())           # (T B, 1)
    y, k = rows(_real(y, mask)), rows(target[:, :, None].astype(np.intp))
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


# ---- checks -------------------------------------------------------------------------------------

def _outputs(y):
    """y as a non-empty real array (T, B, n)."""
    if not isinstance(y, np.ndarray) or y.dtype not in validation.REAL_DTYPES:
        raise TypeError("y: expected an array of float32, float64 or longdouble, got "
                        f"{getattr(y, 'dtype', type(y).__name__)}")
    validation.array("y", y, ("T", "B", "n"), y.dtype)
    if not y.size:
        raise ValueError(f"y: expected at least one step, sample and output, got shape {y.shape}")
    return y


def _mask(mask, y):
    """mask as weights (T, B) in y's dtype: ones if None; 0 and 1 only, padding at the end only."""
    if mask is None:
        return np.ones(y.shape[:2], y.dtype)
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        raise TypeError("mask: expected an array of 0 and 1, got "
                        f"{getattr(mask, 'dtype', type(mask).__name__)}")
    validation.array("mask", mask, y.shape[:2], mask.dtype)
    weight = mask.astype(y.dtype)
    if not ((weight == 0) | (weight == 1)).all():
        odd = weight[(weight != 0) & (weight != 1)][0]
        raise ValueError(f"mask: expected only 0 and 1, got {odd:g}")
    if (weight[1:] > weight[:-1]).any():
        raise ValueError("mask: expected padding at the end of a sequence only, got a real step "
                         "after a padded one")
    if not weight.any():
        raise ValueError("mask: expected at least one real step, got none")
    return weight


def _real(y, mask):
    """y with 0 on padded steps, so that nothing there can reach the loss."""
    return y if mask is None else np.where(mask.astype(bool)[:, :, None], y, 0)
