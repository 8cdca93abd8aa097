"""Polyphonic music: predict the notes of the next step from the notes of all steps so far.

    input     piano roll at step t, 88 keys, 1 where a note sounds
    network   88 inputs - hidden layers - 88 sigmoid outputs (the sigmoid is part of the loss)
    target    piano roll at step t + 1
    metric    negative log-likelihood in nats, summed over the 88 notes, averaged over all predicted
              steps of all pieces ("pooled"); the mean over pieces of their means is given as well

Sources: task and metric, Boulanger-Lewandowski et al., ICML 2012; network 88-150-88,
arXiv:1812.07040.
"""
import math
import wave

import numpy as np

from .. import validation
from ..files import whole_file
from ..layers import Dense, Dropout, without_dropout
from ..losses import bernoulli_nll
from ..network import Network
from .training import Batch
from .units import unit_layers

N_KEYS = 88
RATE = 22_050  # samples of sound a second


class Music:
    """The task for one unit; `data` maps "train", "valid", "test" to piano rolls (steps, 88)."""

    name, metric, higher_is_better = "music", "nll", False
    loss = staticmethod(bernoulli_nll)

    def __init__(self, unit, data):
        self.unit, self.data = unit, data

    def network(self, settings, rng):
        """88 - hidden - 88 logits, with dropout before the last layer if it is set."""
        layers = unit_layers(self.unit, (N_KEYS, *settings.hidden), settings.options, rng)
        if settings.dropout:
            layers.append(Dropout(settings.dropout, rng=rng, dtype=np.float32))
        return Network([*layers, Dense(settings.hidden[-1], N_KEYS, rng=rng, dtype=np.float32)])

    def batches_per_epoch(self, settings):
        """The number of batches; the last one may be smaller."""
        return -(-len(self.data["train"]) // settings.batch)

    def batches(self, settings, rng):
        """All training pieces once, in random order; shorter pieces of a batch are padded."""
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


def continued(network, roll, steps, rng, temperature=1.0):
    """`steps` more steps of a piano roll (t, 88), drawn from a trained network: (steps, 88) uint8.

    Each key sounds with probability sigmoid(logit / temperature), independently of the other keys.
    At temperature 0 it sounds if its probability is above 1/2.
    """
    validation.zeros_and_ones("roll", roll, ("t", N_KEYS))
    if not len(roll):
        raise ValueError("roll: expected at least one step, got none")
    steps = validation.integer("steps", steps, 0)
    temperature = validation.number_in("temperature", temperature, 0, math.inf, high_open=True)
    validation.generator("rng", rng)
    network, rolls = without_dropout(network), []
    y, cache = network.forward(roll[:, None].astype(np.float32))
    for _ in range(steps):
        logits = y[-1, 0].astype(np.float64)
        threshold = temperature * -np.log(1 / rng.uniform(1e-12, 1, N_KEYS) - 1)
        rolls.append((logits > threshold).astype(np.uint8))
        y, cache = network.forward(rolls[-1][None, None].astype(np.float32), cache.state)
    return np.array(rolls, np.uint8).reshape(steps, N_KEYS)


def write_wav(roll, path, seconds_per_step=0.6):
    """Write a piano roll (steps, 88) as sound, mono, 16 bits; a held key is struck once."""
    validation.zeros_and_ones("roll", roll, ("steps", N_KEYS))
    n = int(RATE * validation.number_in("seconds_per_step", seconds_per_step, 0.05, 60))
    sound = np.zeros((len(roll) + 1) * n)  # one step more, in which the last note fades out
    for key in range(N_KEYS):
        change = np.diff(roll[:, key].astype(int), prepend=0, append=0)
        for start, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1)):
            t = np.arange((end - start) * n + n // 4) / RATE
            frequency = 440 * 2 ** ((key + 21 - 69) / 12)  # MIDI 69 is A4, 440 Hz
            tone = sum(np.sin(2 * np.pi * k * frequency * t) / k ** 2 for k in (1, 2, 3))
            fade = np.exp(-1.5 * t) * np.minimum(1, t / 0.01) * np.minimum(1, (t[-1] - t) / 0.05)
            sound[start * n:start * n + len(t)] += tone * fade
    samples = (32_000 * sound / max(np.abs(sound).max(), 1e-9)).astype("<i2")
    with whole_file(path) as file, wave.open(file, "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(samples.tobytes())


def pad(rolls):
    """Rolls of n steps as a Batch: x has steps 0..n-2, target 1..n-1; mask is 1 on real steps."""
    longest = max(len(roll) for roll in rolls) - 1
    x = np.zeros((longest, len(rolls), N_KEYS), np.float32)
    target = np.zeros_like(x)
    mask = np.zeros((longest, len(rolls)), np.float32)
    for b, roll in enumerate(rolls):
        n = len(roll) - 1
        x[:n, b], target[:n, b], mask[:n, b] = roll[:-1], roll[1:], 1
    return Batch(x, target, mask)
