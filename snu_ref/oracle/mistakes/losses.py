"""Mistakes in the losses: divisors, masks, axes, and functions taken once too often.

    loss_numbers(config, inputs, **options) -> {"value", "dy"}      right without options

`y` and `target` may be rearranged first; the textbook forms are enough for the small numbers of the
cases, and where they overflow, on purpose, they give what a careless port gives.
"""
import numpy as np

from .entry import Mistake

LOSS = ("loss",)
MSE, NLL, CROSS = "mean_square_error", "bernoulli_nll", "softmax_cross_entropy"


def _sigmoid(y):
    return 0.5 + 0.5 * np.tanh(0.5 * y)


def _stable_nll(y, k):
    return np.maximum(y, 0) - k * y + np.log1p(np.exp(-np.abs(y)))


def _naive_nll(y, k):
    p = 1 / (1 + np.exp(-y))
    return -(k * np.log(p) + (1 - k) * np.log(1 - p))


def _clipped_nll(y, k):
    p = np.clip(_sigmoid(y), 1e-7, 1 - 1e-7)
    return -(k * np.log(p) + (1 - k) * np.log(1 - p))


def _log_softmax(y, axis):
    y = y - y.max(axis=axis, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))


def _softmax(y, axis):
    return np.exp(_log_softmax(y, axis))


@np.errstate(all="ignore")
def loss_numbers(loss, y, target, mask=None, *, use_mask=True, divisor="real", axis=-1, scale=1.0,
                 over="time", nll=_stable_nll, inner=None, derived=False):
    """value and dy of a loss.

    use_mask: whether padding is left out of the sum. divisor: "real" steps, "all" steps, "one", or
    the steps of each "sample" and then B. axis: of the softmax. over: whether the squared error is
    of the mean over "time", of the "sum" over it, of each "step", or of the "last" step. nll: the
    Bernoulli likelihood of a logit. derived: whether dy follows from a softmax along another axis,
    as by automatic differentiation, and is not p - k. inner: (f, slope) applied to y first.
    """
    T, B, n = y.shape
    w = np.ones((T, B)) if mask is None else mask.astype(float)
    counted = w if use_mask else np.ones((T, B))
    inside, slope = (y, 1.0) if inner is None else (inner[0](y), inner[1](y))
    if loss == MSE:
        steps = (w if divisor == "real" else np.ones((T, B))).sum(0)
        counted = counted / steps
        if over in ("sum", "last"):
            counted = w if over == "sum" else w * (np.cumsum(w[::-1], axis=0)[::-1] == 1)
        if over != "step":
            d = np.einsum("tb,tbn->bn", counted, inside) - target
            value, dy = (d ** 2).mean(), counted[:, :, None] * d * 2 / (B * n)
        else:
            d = inside - target
            value = (counted[:, :, None] * d ** 2).sum() / (B * n)
            dy = counted[:, :, None] * d * 2 / (B * n)
    else:
        N = {"real": w.sum(), "all": T * B, "one": 1.0, "sample": B * w.sum(0)}[divisor]
        weight = (counted / N)[:, :, None]
        if loss == NLL:
            terms, dy = nll(inside, target), (_sigmoid(inside) - target) * weight
        else:
            hot = np.eye(n)[target]
            terms = -np.where(hot == 1, _log_softmax(inside, axis), 0)
            total = (hot * weight).sum(axis=axis if derived else -1, keepdims=True)
            dy = _softmax(inside, axis) * total - hot * weight
        value = (terms.sum(-1) * weight[:, :, 0]).sum()
    return {"value": np.array(scale * value), "dy": scale * slope * dy}


def _mistake(name, text, losses, changes, when=lambda inputs: True, other=None):
    """A Mistake of some losses.

    changes: options, or a function of inputs that gives them; other(inputs, outputs): what becomes
    of the outputs.
    """
    def run(config, inputs):
        if config["loss"] not in losses or not when(inputs):
            return None
        made = changes(inputs) if callable(changes) else changes
        outputs = loss_numbers(config["loss"], inputs["y"], inputs["target"], inputs.get("mask"),
                               **made)
        return outputs if other is None else other(inputs, outputs)
    return Mistake(name, text, LOSS, run)


def _masked(inputs):
    return "mask" in inputs


def _size(inputs, *axes):
    return float(np.prod([inputs["y"].shape[axis] for axis in axes]))


def _real(inputs):
    return float(inputs["mask"].sum()) if "mask" in inputs else _size(inputs, 0, 1)


SIGMOID = (_sigmoid, lambda y: _sigmoid(y) * (1 - _sigmoid(y)))

LOSS_MISTAKES = [
    _mistake("loss_mask_ignored",
             "the mask is ignored, padded steps count: they add nothing, to the sum or to the "
             "number that divides it", (MSE, NLL, CROSS),
             dict(use_mask=False, divisor="all"), _masked),
    _mistake("loss_divided_by_all_steps",
             "the sum over the real steps is divided by all T B steps, padding included: by the "
             "number of real steps", (MSE, NLL, CROSS),
             dict(divisor="all"), _masked),
    _mistake("loss_mean_of_samples",
             "the loss is a mean over the steps of each sample and then over the samples: a mean "
             "over all real steps together", (NLL, CROSS),
             dict(divisor="sample"), _masked),
    _mistake("loss_padding_in_sum",
             "padded steps count in the sum, though not in its divisor: they add nothing",
             (MSE, NLL, CROSS), dict(use_mask=False), _masked),
    _mistake("loss_sum",
             "the loss is a sum over time and batch: it is divided by the number of real steps",
             (NLL, CROSS), dict(divisor="one")),
    _mistake("loss_mean_over_outputs",
             "the loss is a mean over the outputs as well: it is a sum over the outputs, divided "
             "by the number of real steps", (NLL, CROSS),
             lambda i: dict(scale=1 / _size(i, 2))),
    _mistake("loss_divided_by_batch",
             "the loss is divided by the number of samples, B: by the number of real steps",
             (NLL, CROSS), lambda i: dict(divisor="one", scale=1 / _size(i, 1))),
    _mistake("loss_sum_over_outputs",
             "the squared error is a sum over the outputs: it is a mean over outputs and samples, "
             "divided by B n", (MSE,), lambda i: dict(scale=_size(i, 2))),
    _mistake("loss_square_sum",
             "the squared error is a sum: it is a mean over outputs and samples, divided by B n",
             (MSE,), lambda i: dict(scale=_size(i, 1, 2))),
    _mistake("loss_half_square", "the squared error has a factor 1/2: it has none", (MSE,),
             dict(scale=0.5)),
    _mistake("loss_square_of_steps",
             "the squared error is taken at every step and then averaged: it is that of the output "
             "averaged over time", (MSE,), dict(over="step")),
    _mistake("loss_square_of_last_step",
             "the squared error is that of the last real step: it is that of the output averaged "
             "over time", (MSE,), dict(over="last")),
    _mistake("loss_square_of_sum",
             "the squared error is that of the output summed over time, a count of spikes: "
             "averaged over time", (MSE,), dict(over="sum")),
    _mistake("loss_in_bits", "the logarithm is base 2, bits: nats, the natural logarithm",
             (NLL, CROSS), dict(scale=1 / np.log(2))),
    _mistake("loss_softmax_over_batch",
             "the softmax runs over the batch, and dy = (p - k)/N: over the classes, the last axis",
             (CROSS,), dict(axis=1)),
    _mistake("loss_softmax_over_time", "the softmax runs over time, and dy = (p - k)/N: over the "
             "classes, the last axis", (CROSS,), dict(axis=0)),
    _mistake("loss_softmax_over_batch_derived", "the softmax runs over the batch, and dy is its "
             "derivative: over the classes, the last axis", (CROSS,), dict(axis=1, derived=True)),
    _mistake("loss_softmax_over_time_derived",
             "the softmax runs over time, and dy is its derivative: over the classes, the last "
             "axis", (CROSS,), dict(axis=0, derived=True)),
    _mistake("loss_sigmoid_twice",
             "the sigmoid is taken twice: y holds logits, and the loss has the sigmoid inside",
             (NLL,), dict(inner=SIGMOID)),
    _mistake("loss_naive_probability",
             "-k log p - (1 - k) log(1 - p) of p = sigmoid(y), which is inf or NaN where p rounds "
             "to 0 or 1: use max(y, 0) - k y + log(1 + exp(-|y|))", (NLL,),
             dict(nll=_naive_nll)),
    _mistake("loss_clipped_probability",
             "the probability is clipped to [1e-7, 1 - 1e-7] before its logarithm: use max(y, 0) - "
             "k y + log(1 + exp(-|y|))", (NLL,), dict(nll=_clipped_nll)),
    _mistake("loss_clipped_probability_derived",
             "the probability is clipped to [1e-7, 1 - 1e-7] before its logarithm, and no gradient "
             "passes where it is: use max(y, 0) - k y + log(1 + exp(-|y|))", (NLL,),
             dict(nll=_clipped_nll), other=lambda i, o: {
                 **o, "dy": o["dy"] * (np.abs(_sigmoid(i["y"]) - 0.5) <= 0.5 - 1e-7)}),
    _mistake("loss_of_probabilities",
             "dy is the gradient with respect to the probability p: y holds logits, dy = (p - k)/N",
             (NLL,), {}, other=lambda i, o: {
                 **o, "dy": o["dy"] / np.maximum(SIGMOID[1](i["y"]), 1e-300)}),
    _mistake("loss_softmax_twice",
             "the softmax is taken twice: y holds logits, and the loss has the softmax inside",
             (CROSS,), {}, other=lambda i, o: _softmax_twice(i)),
    _mistake("loss_gradient_undivided",
             "the value is a mean, but dy is the gradient of the sum: both are divided by the "
             "number of real steps", (NLL, CROSS), {},
             other=lambda i, o: {**o, "dy": o["dy"] * _real(i)}),
    _mistake("loss_gradient_without_two", "dy lacks the factor 2 of the derivative of the square",
             (MSE,), {}, other=lambda i, o: {**o, "dy": 0.5 * o["dy"]}),
    _mistake("loss_gradient_of_steps", "dy lacks the factor 1/T of the average over time", (MSE,),
             {}, other=lambda i, o: {**o, "dy": o["dy"] * _steps(i)}),
    _mistake("loss_gradient_on_padding", "dy is not 0 on padded steps: they add nothing, and get "
             "nothing", (MSE, NLL, CROSS), {}, _masked,
             lambda i, o: {**o, "dy": _unmasked_gradient(i, o)}),
]


def _steps(inputs):
    return inputs["mask"].sum(0)[:, None] if "mask" in inputs else inputs["y"].shape[0]


def _softmax_twice(inputs):
    p = _softmax(inputs["y"], -1)
    outputs = loss_numbers(CROSS, p, inputs["target"], inputs.get("mask"))
    d = outputs["dy"]
    return {**outputs, "dy": p * (d - (p * d).sum(-1, keepdims=True))}


def _unmasked_gradient(inputs, outputs):
    """The gradient as if padded steps were real, divided as is right."""
    if inputs["target"].ndim == 2 and inputs["target"].dtype.kind == "f":  # squared error
        w = inputs["mask"] / inputs["mask"].sum(0)
        d = np.einsum("tb,tbn->bn", w, inputs["y"]) - inputs["target"]
        return np.broadcast_to(2 * d / (d.size * inputs["mask"].sum(0)[:, None]),
                               outputs["dy"].shape)
    loss = CROSS if inputs["target"].dtype.kind == "i" else NLL
    return loss_numbers(loss, inputs["y"], inputs["target"], inputs["mask"], use_mask=False)["dy"]
