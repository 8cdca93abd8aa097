"""Models that every unit should beat; their settings are chosen on validation data.

    nearest neighbour     the label of the most similar training image
    logistic regression   softmax of W x + b for the pixels x, or its sigmoid for the present notes
                          x; the epoch is chosen by validation
    nearest chords        what followed the k most similar chords; k is chosen by validation

Each is a function of a task. It returns the validation result, the test result, and the answers to
the test images as text (None for music).
"""
import numpy as np

from ..data.baselines import nearest_chords_nll, nearest_neighbour
from ..layers import Dense
from ..losses import softmax_cross_entropy
from ..network import Network
from ..tasks.digits import Digits
from ..tasks.music import Music, N_KEYS
from ..tasks.presets import find_preset
from ..tasks.run import tested
from ..tasks.settings import settings_of
from ..tasks.training import train

NEIGHBOURS = (1, 3, 10, 30, 100, 300)  # values of k that are tried
OF_PIXELS = {"lr": 0.003, "schedule": "constant", "batch": 100, "epochs": 60}  # our choice


def nearest_images(task):
    """Classify by the one nearest neighbour; there is no setting to choose."""
    valid, test = (nearest_neighbour(*task.data["train"], task.data[split][0])
                   for split in ("valid", "test"))
    return (task.score(valid, "valid")["accuracy"], task.score(test, "test")["accuracy"],
            " ".join(map(str, test)))


class PresentNotes(Music):
    """Music for a network of one layer, without memory: 88 notes - 88 logits."""

    def network(self, settings, rng):
        """One Dense layer."""
        return Network([Dense(N_KEYS, N_KEYS, rng=rng, dtype=np.float32)])


class Pixels(Digits):
    """Digits for a network without hidden layer, which sees the pixels once: pixels - logits."""

    def network(self, settings, rng):
        """One Dense layer."""
        return Network([Dense(self.n_in, len(self.classes), rng=rng, dtype=np.float32)])

    def code(self, values, settings, rng, n_steps=None):
        """The pixels themselves: (1, B, n_in)."""
        return values[None]

    @staticmethod
    def loss(y, target, mask=None):
        """The cross-entropy; target: one-hot labels (B, 10)."""
        return softmax_cross_entropy(y, target.argmax(axis=1)[None])


def logistic_regression(task):
    """Train one Dense layer from seed 0, with the RNN's settings; OF_PIXELS changes some."""
    model, preset, changes = (
        (PresentNotes, "paper", {}) if task.name == "music" else (Pixels, "small", OF_PIXELS))
    settings = settings_of(find_preset(task.name, "rnn", preset), **changes)
    task = model(task.unit, task.data)
    trained = train(task, settings, 0)
    test = tested(task, trained.network, settings, 0)
    return (trained.history[trained.best_epoch - 1][task.metric], test["test"][task.metric],
            test.get("answers"))


def nearest_chords(task):
    """Predict from the k nearest chords; k is the best of NEIGHBOURS by the validation NLL."""
    train, valid, test = (task.data[split] for split in ("train", "valid", "test"))
    nll, k = min((nearest_chords_nll(train, valid, k), k) for k in NEIGHBOURS)
    return nll, nearest_chords_nll(train, test, k), None


BASELINES = {"nearest neighbour": nearest_images, "logistic regression": logistic_regression,
             "nearest chords": nearest_chords}
