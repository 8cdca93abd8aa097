"""Polyphonic music prediction: from the notes of all steps so far, the notes of the next.

    input     piano roll at step t, 88 keys, 1 where a note sounds
    network   88 inputs - hidden layers - 88 sigmoid outputs (the sigmoid stands inside the loss)
    target    piano roll at step t + 1
    figure    negative log-likelihood in nats, summed over the 88 notes, averaged over all predicted
              steps of all pieces ("pooled"); the mean of the pieces' own means is given beside it

Sources: task and figure, Boulanger-Lewandowski et al., ICML 2012; network 88-150-88,
arXiv:1812.07040.
"""
import numpy as np

from ..layers.dense import Dense
from ..layers.dropout import Dropout, without_dropout
from ..losses import bernoulli_nll
from ..network import Network
from .training import Batch
from .units import unit_layers

N_KEYS = 88


class Music:
    """The task for one unit; `data` maps "train", "valid", "test" to piano rolls (steps, 88)."""

    name, metric, higher_is_better = "music", "nll", False
    loss = staticmethod(bernoulli_nll)

    def __init__(self, unit, data):
        self.unit, self.data = unit, data

    def network(self, settings, rng):
        """88 - hidden - 88 logits, with dropout before the last layer if there is any."""
        like = {"rng": rng, "dtype": np.float32}
        layers = unit_layers(self.unit, (N_KEYS, *settings.hidden), settings.options, rng,
                             np.float32)
        if settings.dropout:
            layers.append(Dropout(settings.dropout, **like))
        return Network([*layers, Dense(settings.hidden[-1], N_KEYS, **like)])

    def batches_per_epoch(self, settings):
        """The last, smaller batch counts as one."""
        return -(-len(self.data["train"]) // settings.batch)

    def batches(self, settings, rng):
        """All training pieces once, in random order, the shorter ones of a batch padded."""
        order = rng.permutation(len(self.data["train"]))
        for i in range(0, len(order), settings.batch):
            yield pad([self.data["train"][k] for k in order[i:i + settings.batch]])

    def evaluate(self, network, split, settings, seed):
        """NLL in nats a step, pooled over all steps, and as the mean over pieces."""
        network = without_dropout(network)
        totals, steps = [], []
        for i in range(0, len(self.data[split]), 16):
            batch = pad(self.data[split][i:i + 16])
            y, _ = network.forward(batch.x)
            for b in range(batch.x.shape[1]):
                n = int(batch.mask[:, b].sum())
                piece = slice(b, b + 1)
                totals.append(n * bernoulli_nll(y[:n, piece], batch.target[:n, piece])[0])
                steps.append(n)
        totals, steps = np.array(totals), np.array(steps)
        return {"nll": float(totals.sum() / steps.sum()),
                "nll_per_piece": float((totals / steps).mean())}


def pad(rolls):
    """Rolls (steps, 88) as one Batch: input steps 0..n-2, target 1..n-1, mask 1 on real ones."""
    longest = max(len(roll) for roll in rolls) - 1
    x = np.zeros((longest, len(rolls), N_KEYS), np.float32)
    target = np.zeros_like(x)
    mask = np.zeros((longest, len(rolls)), np.float32)
    for b, roll in enumerate(rolls):
        n = len(roll) - 1
        x[:n, b], target[:n, b], mask[:n, b] = roll[:-1], roll[1:], 1
    return Batch(x, target, mask)
