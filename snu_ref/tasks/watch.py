"""Signs of trouble in training: what `train` looks at in every epoch, and says in a line.

    silent     a spiking layer never fires, or fires at every step; a gradient is exactly zero
    unchanged  no weight has changed
    diverging  the mean loss is twice the smallest so far, and above that of the first epoch

A loss that is not finite is a NotFinite error: there is nothing to go on with.

A layer or gradient counts only if it is so in every batch of the epoch: many networks are silent in
their first batches and wake up by themselves. The bounds are ours: none of the presets is warned.
"""
import math

from ..network import flat
from ..snu import SNU
from ..validation import NotFinite

QUIETER = "smaller W, or b further below 0, make units fire less"


def louder(layers):
    """What makes units of these layers fire."""
    other_g = any(layer.g.name != "identity" for layer in layers)
    return ("larger W" + ", g=\"identity\" (--set options.g=identity)" * other_g
            + " or b nearer to 0 make units fire")


def smaller(clip):
    """What keeps a loss from diverging, where the gradient's norm is bounded by `clip` so far."""
    return "try a smaller lr, or " + (
        "bound the gradient's norm (clip=1.0)" if clip is None else f"a clip below {clip:g}")


class Watch:
    """What is seen in one epoch of training `network`."""

    def __init__(self, network, clip=None):
        self.network, self.clip = network, clip
        # no biases: those that start at 0 change by the smallest update
        self.before = {name: network.params[name].copy() for name in network.trainable
                       if network.params[name].ndim > 1}
        self.no_gradient = list(network.trainable)
        self.spiking = {place: layer for place, layer in flat(network)
                        if isinstance(layer, SNU) and layer.h.name == "step"}
        self.never = self.always = list(self.spiking)  # have not fired, or paused, so far
        self.first_loss = None

    def step(self, cache, loss, grads):
        """After the backward pass of each batch; raises NotFinite."""
        if not math.isfinite(loss):
            raise NotFinite(f"loss {loss}")
        if self.first_loss is None:
            self.first_loss = loss
        caches = dict(flat(cache))
        self.never = [place for place in self.never if not caches[place].y.any()]
        self.always = [place for place in self.always if caches[place].y.all()]
        self.no_gradient = [name for name in self.no_gradient if not grads[name].any()]

    def warnings(self, history, loss):
        """At the end of the epoch: {kind: a line}. history: the epochs before; loss: the mean."""
        found, silent = {}, []
        if self.never:
            silent.append(f"{names(self.never)} never fired: "
                          + louder([self.spiking[place] for place in self.never]))
        if self.always:
            silent.append(f"{names(self.always)} fired at every step: {QUIETER}")
        if self.no_gradient:
            silent.append(f"the gradient of {', '.join(self.no_gradient)} was exactly 0")
        if silent:
            found["silent"] = "; ".join(silent)
        unchanged = [(self.network.params[name] == p).all() for name, p in self.before.items()]
        if not silent and unchanged and all(unchanged):
            found["unchanged"] = "no weight changed: lr is too small"
        losses = [record["loss"] for record in history] or [self.first_loss]
        if loss > 2 * min(losses) and loss > losses[0]:
            found["diverging"] = (f"the loss diverges: {loss:.4g}, after {min(losses):.4g} at "
                                  f"best; {smaller(self.clip)}")
        return found


def names(places):
    """The layers at these places in a network, as Python finds them."""
    return ", ".join(f"layers[{place.replace('.', '].layers[')}]" for place in places)


def summary(history, diverged=None):
    """The warnings of a run as a list of lines, each kind once, with its epochs."""
    lines, kinds = [], {}
    for record in history:
        for kind, text in record.get("warnings", {}).items():
            kinds.setdefault(kind, (text, []))[1].append(record["epoch"])
    for text, epochs in kinds.values():
        more = f" and {len(epochs) - 1} more" if len(epochs) > 1 else ""
        lines.append(f"epoch {epochs[0]}{more}: {text}")
    return lines + ([diverged] if diverged else [])
