"""Losses as lines of text, and training runs with these losses.

edits: name of a line of `program/lines.txt` -> another text. Without edits the numbers are right,
except losses of very large logits, where the plain formulas overflow.
"""
import numpy as np

from ..program.lines import Lines
from .reference_training import make_network
from .scalar import NAMES, training_lines


def softmax(y, axis):
    """exp(y) over its sum."""
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@np.errstate(all="ignore")
def loss_lines(config, inputs, edits=None):
    """The value and dy of a loss."""
    y, target, (T, B, n) = inputs["y"], inputs["target"], inputs["y"].shape
    mask = np.ones((T, B)) if inputs.get("mask") is None else inputs["mask"].astype(float)
    names = Lines(config, edits, NAMES).all(
        "loss", y=y, target=target, mask=mask, T=T, B=B, n=n, ones=np.ones((T, B)), softmax=softmax,
        hot=np.eye(n)[target] if config["loss"] == "softmax_cross_entropy" else None,
        last_real=mask * (np.cumsum(mask[::-1], axis=0)[::-1] == 1),
        over_time=lambda w, a: np.einsum("tb,tbn->bn", w, a),
        nll_of=lambda p: -np.log(p) * target - np.log(1 - p) * (1 - target),
        log_of=lambda p, y: np.where(p > 0, np.log(np.maximum(p, 1e-300)),
                                     y - y.max(-1, keepdims=True)))
    return {"value": np.array(names["value"]), "dy": names["dy"]}


def training_of(config, inputs, edits=None, network_of=make_network):
    """Losses, gradients and parameters of a training run; the network is not made of lines."""
    return training_lines(config, inputs, edits, network_of, loss_lines)
