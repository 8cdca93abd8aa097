"""Models that every unit should beat; their settings are chosen on validation data.

    nearest neighbour     the label of the most similar training image
    logistic regression   softmax of W x + b on the pixels, or a sigmoid of it on the present notes,
                          the epoch chosen by validation
    nearest chords        what followed the k most similar chords, k chosen by validation

Each is a function of a task; it returns the validation figure, the test figure, and the answers to
the test images, None for music.
"""
import numpy as np

from ..data.baselines import nearest_chords_nll, nearest_neighbour
from ..layers.dense import Dense
from ..losses import softmax_cross_entropy
from ..network import Network
from ..optimisers import Adam
from ..tasks.music import Music, N_KEYS
from ..tasks.presets import find_preset
from ..tasks.settings import settings_of
from ..tasks.training import train

NEIGHBOURS = (1, 3, 10, 30, 100, 300)  # values of k that are tried
EPOCHS, RATE, BATCH = 60, 0.003, 100   # of logistic regression, ours


def nearest_images(task):
    """One nearest neighbour; it has no setting to choose."""
    valid, test = (nearest_neighbour(*task.data["train"], task.data[split][0])
                   for split in ("valid", "test"))
    return task.score(valid, "valid")["accuracy"], task.score(test, "test")["accuracy"], test


class PresentNotes(Music):
    """Music with a network that has no hidden layer and no memory: 88 - 88 logits."""

    def network(self, settings, rng):
        """One Dense layer."""
        return Network([Dense(N_KEYS, N_KEYS, rng=rng, dtype=np.float32)])


def logistic_regression(task):
    """Adam from a fixed seed; the best of EPOCHS epochs, or of those of the RNN's preset paper."""
    if task.name == "music":
        task, settings = PresentNotes(task.unit, task.data), settings_of(
            find_preset("music", "rnn", "paper"))
        trained = train(task, settings, 0)
        return (trained.history[trained.best_epoch - 1]["nll"],
                task.evaluate(trained.network, "test", settings, 0)["nll"], None)
    rng = np.random.default_rng(0)
    values, labels = task.data["train"]
    layer, adam = Dense(values.shape[1], 10, rng=rng, dtype=np.float32), Adam(RATE)

    def answers(split):
        return layer.forward(task.data[split][0][None])[0][0].argmax(axis=1)

    best = (-1.0, None)
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels))
        for i in range(0, len(order), BATCH):
            chosen = order[i:i + BATCH]
            y, cache = layer.forward(values[chosen][None])
            _, dy = softmax_cross_entropy(y, labels[chosen][None])
            adam.step(layer.params, layer.backward(dy, cache, need_dx=False)[1])
        valid = task.score(answers("valid"), "valid")["accuracy"]
        if valid > best[0]:
            best = valid, {name: p.copy() for name, p in layer.params.items()}
    for name, p in layer.params.items():
        p[...] = best[1][name]
    test = answers("test")
    return best[0], task.score(test, "test")["accuracy"], test


def nearest_chords(task):
    """The k of NEIGHBOURS with the best validation NLL."""
    train, valid, test = (task.data[split] for split in ("train", "valid", "test"))
    nll, k = min((nearest_chords_nll(train, valid, k), k) for k in NEIGHBOURS)
    return nll, nearest_chords_nll(train, test, k), None


BASELINES = {"nearest neighbour": nearest_images, "logistic regression": logistic_regression,
             "nearest chords": nearest_chords}
