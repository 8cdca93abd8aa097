"""The training loop that all tasks share: batches, backward pass, clipping, optimiser, validation.

A task is an object with
    name, metric             its name, and the key of the figure that ranks networks
    higher_is_better         whether a larger figure is better
    network(settings, rng)   a new Network
    batches(settings, rng)   the training batches of one epoch, each a Batch
    batches_per_epoch(settings)
    loss(y, target, mask)    value and dL/dy
    evaluate(network, split, settings, seed)   dict of figures on "valid" or "test"

The parameters kept are those of the best validation epoch; the test split is read once, at the end,
by whoever calls.
"""
import math
import time
from typing import NamedTuple, Optional

import numpy as np

from ..network import Network
from ..optimisers import SGD, Adam, clip_by_norm
from ..progress import Progress
from . import checkpoints


class Batch(NamedTuple):
    """One step of training: input, target, mask of real steps (or None), and whether to carry the state on."""
    x: np.ndarray
    target: np.ndarray
    mask: Optional[np.ndarray] = None
    carry: bool = False  # start from the state that the previous batch ended in


def make_optimiser(settings):
    """Adam or SGD with momentum, as the settings say."""
    if settings.optimiser == "adam":
        return Adam(settings.lr)
    return SGD(settings.lr, settings.momentum)


def learning_rate(settings, done):
    """The rate after a fraction `done` of all updates: constant, or falling to 0 along half a cosine."""
    if settings.schedule == "cosine":
        return max(settings.lr * 0.5 * (1 + math.cos(math.pi * done)), 1e-12)
    return settings.lr


def train_epoch(task, network, optimiser, settings, epoch, rng, progress=None):
    """One pass over the training data; returns the mean training loss over its batches."""
    n_batches = task.batches_per_epoch(settings)
    losses, state = [], None
    for i, batch in enumerate(task.batches(settings, rng)):
        optimiser.lr = learning_rate(settings, (epoch + i / n_batches) / settings.epochs)
        y, cache = network.forward(batch.x, state if batch.carry else None)
        state = cache.state
        loss, dy = task.loss(y, batch.target, batch.mask)
        _, grads, _ = network.backward(dy, cache, need_dx=False)
        update(network, optimiser, grads, settings.clip)
        losses.append(loss)
        if progress:
            progress.step(f"loss {loss:.4f}")
    return float(np.mean(losses))


def update(network: Network, optimiser, grads, clip):
    """One step of the optimiser on the trainable parameters; a trained decay stays within [0, 1]."""
    grads = {name: grads[name] for name in network.trainable}
    if clip is not None:
        grads, _ = clip_by_norm(grads, clip)
    params = network.params
    optimiser.step(params, grads)
    for name in grads:
        if name.endswith(".decay"):
            np.clip(params[name], 0, 1, out=params[name])


class Trained(NamedTuple):
    """What `train` returns."""
    network: Network     # with the parameters of the best validation epoch
    history: list        # a dict per epoch: epoch, loss, seconds, and the validation figures
    best_epoch: int

    @property
    def seconds(self):
        """Training time, validation included."""
        return sum(record["seconds"] for record in self.history)


def train(task, settings, seed, *, checkpoint=None, resume=False, label="", stream=None):
    """Train a network from `seed` and keep the parameters of its best validation epoch.

    checkpoint: a path that is rewritten after every epoch; resume: go on from there. A resumed run ends
    bit-identical to one that was never interrupted, on the same machine. stream: where progress is
    shown if it is a terminal. Raises checkpoints.CheckpointError if there is nothing fit to resume from.
    """
    rng = np.random.default_rng(seed)
    network = task.network(settings, rng)
    optimiser = make_optimiser(settings)
    identity = {"task": task.name, "settings": vars(settings), "seed": seed}
    best, history = {}, []
    if resume:
        best, history = checkpoints.load(checkpoint, identity, network, optimiser, rng)
    progress = None
    for epoch in range(len(history), settings.epochs):
        start = time.monotonic()
        if progress is None:
            per_epoch = task.batches_per_epoch(settings)
            progress = Progress(settings.epochs * per_epoch, label, stream)
            progress.begin_at(epoch * per_epoch)
        loss = train_epoch(task, network, optimiser, settings, epoch, rng, progress)
        record = {"epoch": epoch + 1, "loss": loss, **task.evaluate(network, "valid", settings, seed)}
        if _is_best(task, record, history):
            best = {name: p.copy() for name, p in network.params.items()}
        history.append({**record, "seconds": time.monotonic() - start})
        if checkpoint:
            checkpoints.save(checkpoint, identity, network, optimiser, rng, best, history)
    if progress:
        progress.close()
    for name, p in network.params.items():
        p[...] = best[name]
    return Trained(network, history, best_epoch(task, history))


def best_epoch(task, history):
    """The epoch, counted from 1, with the best validation figure; the first of equals."""
    sign = -1 if task.higher_is_better else 1
    return min(history, key=lambda record: sign * record[task.metric])["epoch"]


def _is_best(task, record, history):
    return best_epoch(task, history + [record]) == record["epoch"]
