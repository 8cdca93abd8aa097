"""Signs of trouble in training: `train` looks for them in every epoch and prints a warning.

    silent     a spiking layer never fires, or fires at every step; a gradient is exactly zero
    unchanged  no weight has changed
    diverging  the mean loss is twice the smallest so far, and above that of the first epoch

A loss that is not finite is a NotFinite error, which ends the training.

"silent" means silent in every batch of the epoch, because many networks are silent only in their
first batches. The bounds are our choice: no preset causes a warning.
"""
import math

from ..network import flat
from ..snu import SNU
from ..validation import NotFinite


def louder(layers):
    """Advice that makes the units of these layers fire."""
    other_g = any(layer.g.name != "identity" for layer in layers)
    return ("a larger W" + ", g=\"identity\" (--set options.g=identity)" * other_g
            + " or a b closer to 0 makes units fire")


def smaller(clip):
    """Advice for a loss that diverges. clip: the limit of the gradient norm, or None."""
    return "try a smaller lr, or " + (
        "limit the gradient's norm (clip=1.0)" if clip is None else f"a clip below {clip:g}")


class Watch:
    """The signs of trouble in one epoch of training `network`."""

    def __init__(self, network, clip=None):
        self.network, self.clip = network, clip
        # weights only: a bias that starts at 0 is changed by even the smallest update
        self.before = {name: network.params[name].copy() for name in network.trainable
                       if network.params[name].ndim > 1}
        self.no_gradient = list(network.trainable)
        self.spiking = {place: layer for place, layer in flat(network)
                        if isinstance(layer, SNU) and layer.h.name == "step"}
        self.never = self.always = list(self.spiking)  # layers that so far never, or always, fired
        self.first_loss = None

    def step(self, cache, loss, grads):
        """Call this after the backward pass of each batch; raises NotFinite."""
        if not math.isfinite(loss):
            raise NotFinite(f"the training loss is {loss}")
        if self.first_loss is None:
            self.first_loss = loss
        caches = dict(flat(cache))
        self.never = [place for place in self.never if not caches[place].y.any()]
        self.always = [place for place in self.always if caches[place].y.all()]
        self.no_gradient = [name for name in self.no_gradient if not grads[name].any()]

    def warnings(self, history, loss):
        """{kind: text} after an epoch with this mean loss; history: records of earlier epochs."""
        found, silent = {}, []
        if self.never:
            silent.append(f"{names(self.never)} never fired: "
                          + louder([self.spiking[place] for place in self.never]))
        if self.always:
            silent.append(f"{names(self.always)} fired at every step: a smaller W, or a b further "
                          "below 0, makes units fire less")
        if self.no_gradient:
            silent.append(f"the gradient of {', '.join(self.no_gradient)} was exactly 0")
        if silent:
            found["silent"] = "; ".join(silent)
        unchanged = [(self.network.params[name] == p).all() for name, p in self.before.items()]
        if not silent and unchanged and all(unchanged):
            found["unchanged"] = "no weight changed: lr is too small"
        losses = [record["loss"] for record in history] or [self.first_loss]
        if loss > 2 * min(losses) and loss > losses[0]:
            found["diverging"] = (f"the loss diverges: it is {loss:.4g} and was {min(losses):.4g} "
                                  f"at best; {smaller(self.clip)}")
        return found


def names(places):
    """The layers at these places in a network, as Python expressions."""
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
