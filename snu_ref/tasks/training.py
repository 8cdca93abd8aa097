"""The training loop that all tasks share: batches, backward pass, clipping, optimiser, validation.

A task is an object with
    unit                     name of its unit, as in UNITS
    name, metric             its name, and the key of the result that ranks networks
    higher_is_better         whether a larger result is better
    network(settings, rng)   a new Network
    batches(settings, rng)   the training batches of one epoch, each a Batch
    batches_per_epoch(settings)
    loss(y, target, mask)    value and dL/dy
    evaluate(network, split, settings, seed)   dict of results on "valid" or "test"

The network keeps the parameters of the best epoch by validation (settings.keep "best", default) or
of the last epoch ("last", for devices, which cannot go back to earlier weights). The caller reads
the test split once, at the end.

With settings.store the weights are kept outside the network (`snu_ref.pcm.in_loop`): the store
gives every batch the weights that it reads, and receives the update.
"""
import math
import time
from typing import NamedTuple, Optional

import numpy as np

from .. import validation
from ..network import Network
from ..optimisers import Adam, SGD, clip_by_norm
from ..pcm import UpdateRule
from ..pcm.in_loop import NoisyStore, PCMStore, QuantisedStore, RoundedStore
from . import checkpoints
from .progress import Progress
from .settings import check_all, check_options, errors_of
from .watch import Watch, smaller, summary


class Batch(NamedTuple):
    """One step of training: input, target, mask of real steps, and whether the state is kept."""
    x: np.ndarray
    target: np.ndarray
    mask: Optional[np.ndarray] = None
    carry: bool = False  # start from the state that the previous batch ended in


def make_optimiser(settings):
    """Adam or SGD with momentum, as the settings say."""
    if settings.optimiser == "sgd":
        return SGD(settings.lr, settings.momentum)
    if settings.momentum:
        raise ValueError(f"momentum: expected 0 with adam, got {settings.momentum}")
    return Adam(settings.lr)


def learning_rate(settings, done):
    """The rate after a fraction `done` of all updates: constant, or half a cosine down to 0."""
    if settings.schedule == "cosine":
        # an optimiser needs a rate above 0
        return settings.lr * max(0.5 * (1 + math.cos(math.pi * done)), 1e-12)
    return settings.lr


def prepare(task, settings, seed):
    """Network, optimiser, generator and store of a new run; errors name the setting."""
    check_all(vars(settings))
    rng = np.random.default_rng(seed)
    network = task.network(settings, rng)
    if task.batches_per_epoch(settings) < 1:
        raise ValueError("batch: expected at least one batch of training data, got none")
    return network, make_optimiser(settings), rng, make_store(network, settings, rng)


def trial(task, settings, seed):
    """Run one training step and discard it, to find mistakes before anything is written."""
    try:
        network, optimiser, rng, store = prepare(task, settings, seed)
        train_batch(task, network, optimiser, settings, next(iter(task.batches(settings, rng))),
                    store=store)
    except MemoryError as error:
        sizes = [name for name in ("hidden", "embedding", "batch", "bptt", "n_steps")
                 if hasattr(settings, name)]
        raise ValueError(f"{', '.join(sizes)}: expected sizes that fit into memory, got larger: "
                         f"{error}") from error


def train_epoch(task, network, optimiser, settings, epoch, rng, progress=None, store=None,
                watch=None):
    """One pass over the training data; returns the mean training loss over its batches."""
    n_batches = task.batches_per_epoch(settings)
    losses, state = [], None
    for i, batch in enumerate(task.batches(settings, rng)):
        optimiser.lr = learning_rate(settings, (epoch + i / n_batches) / settings.epochs)
        loss, state = train_batch(task, network, optimiser, settings, batch, state, store, watch)
        losses.append(loss)
        if progress:
            progress.step(f"loss {loss:.4f}")
    return float(np.mean(losses))


def train_batch(task, network, optimiser, settings, batch, state=None, store=None, watch=None):
    """One step of training; returns the loss and the state that the batch ended in."""
    if store:
        store.read()
    y, cache = network.forward(batch.x, state if batch.carry else None)
    loss, dy = task.loss(y, batch.target, batch.mask)
    _, grads, _ = network.backward(dy, cache, need_dx=False)
    if watch:
        watch.step(cache, loss, grads)
    update(network, optimiser, grads, settings.clip)
    if store:
        store.write()
    return loss, cache.state


def update(network, optimiser, grads, clip):
    """One step of the optimiser on the trainable parameters; a decay stays within [0, 1]."""
    grads = {name: grads[name] for name in network.trainable}
    if clip is not None:
        grads, _ = clip_by_norm(grads, clip)
    params = network.params
    optimiser.step(params, grads)
    for name in grads:
        if name.endswith(".decay"):
            np.clip(params[name], 0, 1, out=params[name])


class Trained(NamedTuple):
    """The result of `train`."""
    network: Network     # with the parameters of the epoch that was kept
    history: list        # a dict per epoch: epoch, loss, seconds, and the validation results
    best_epoch: int      # the epoch that was kept
    store: object = None  # the store of the weights, if they are outside the network
    diverged: str = ""   # why training ended before its last epoch, in a line

    def __repr__(self):
        return f"Trained({self.network}; {len(self.history)} epochs, {self.best_epoch} kept)"

    @property
    def warnings(self):
        """The warnings of `watch`, a list of lines."""
        return summary(self.history, self.diverged)


def train(task, settings, seed, *, checkpoint=None, resume=False, label="", stream=None,
          report=None):
    """Train a network from `seed` and keep the parameters of one epoch, as settings.keep says.

    checkpoint: a path that is written before the first update and after every epoch; resume: start
    from this file. On the same machine, a resumed run ends with the same bits as an uninterrupted
    one. settings.epochs may be larger than in the first run; the schedule of the learning rate then
    covers the new number. stream: where progress and warnings are shown; report(record, left) is
    called after every epoch with its record and the estimated seconds left.

    If the loss diverges, training ends and keeps the epochs before; Trained.diverged says why.
    Raises ValueError for settings that are not allowed and for a loss that diverges in the first
    epoch, and checkpoints.CheckpointError if it cannot resume.
    """
    network, optimiser, rng, store = prepare(task, settings, seed)
    identity = checkpoints.identity_of(task, settings, seed)
    best, history, diverged = {name: p.copy() for name, p in network.params.items()}, [], ""
    if resume:
        best, history = checkpoints.load(checkpoint, identity, network, optimiser, rng, store)
    elif checkpoint:  # a run that is killed in its first epoch can be resumed, too
        checkpoints.save(checkpoint, identity, network, optimiser, rng, best, history, store)
    per_epoch = task.batches_per_epoch(settings)
    progress = Progress(settings.epochs * per_epoch, label, stream, len(history) * per_epoch)
    for epoch in range(len(history), settings.epochs):
        start, watch = time.monotonic(), Watch(network, settings.clip)
        try:
            with np.errstate(all="ignore"):  # numbers that are not finite are an error below
                loss = train_epoch(task, network, optimiser, settings, epoch, rng, progress, store,
                                   watch)
                if store:
                    store.read(training=False)
                figures = task.evaluate(network, "valid", settings, seed)
            for name, value in figures.items():
                if not math.isfinite(value):
                    raise validation.NotFinite(f"{name} on the validation data is {value}")
        except validation.NotFinite as error:
            diverged = (f"the loss diverged in epoch {epoch + 1} ({error}); "
                        f"{smaller(settings.clip)}")
            if not history:
                raise ValueError(diverged) from error
            diverged += f"; epoch {epoch} was the last good epoch"
            progress.say(f"warning: {diverged}")
            break
        record = {"epoch": epoch + 1, "loss": loss, **figures, "planned": settings.epochs}
        warnings = watch.warnings(history, loss)
        for kind in warnings.keys() - {kind for old in history for kind in old.get("warnings", ())}:
            progress.say(f"warning: epoch {epoch + 1}: {warnings[kind]}")
        record |= {"warnings": warnings} if warnings else {}
        if best_epoch(task, settings, [*history, record]) == epoch + 1:
            best = {name: p.copy() for name, p in network.params.items()}
        history.append({**record, "seconds": time.monotonic() - start})
        if checkpoint:
            checkpoints.save(checkpoint, identity, network, optimiser, rng, best, history, store)
        if report:
            progress.close()
            seconds = sum(r["seconds"] for r in history) / len(history)
            report(history[-1], seconds * (settings.epochs - len(history)))
    progress.close()
    for name, p in network.params.items():
        p[...] = best[name]
    return Trained(network, history, best_epoch(task, settings, history), store, diverged)


def best_epoch(task, settings, history):
    """The epoch to keep, counted from 1: that of the best validation result, or the last one."""
    if settings.keep == "last":
        return history[-1]["epoch"]
    sign = -1 if task.higher_is_better else 1
    # min takes the first of equal epochs
    return min(history, key=lambda record: sign * record[task.metric])["epoch"]


STORES = {  # kind: its class and its options; only bits must be given
    "pcm": (PCMStore, ("scale", "pairs", "read_noise", "epsilon", "refresh_every", "refresh",
                       "ideal")),
    "quantised": (QuantisedStore, ("scale", "epsilon", "limit")),
    "rounded": (RoundedStore, ("bits",)),
    "noisy": (NoisyStore, ("sigma", "clip")),
}


def make_store(network, settings, rng):
    """The store of the settings, or None; settings.store: a dict with "kind" and options.

    The store gets all input weights of the network, "0.W", "1.W" ..., and draws its noise from the
    generator `rng` of the run.
    """
    options = dict(settings.store or {})
    if not options:
        return None
    names = [name for name in network.params if name.endswith(".W")]
    with errors_of("store"):
        kind = validation.one_of("kind", options.pop("kind", None), STORES)
        store, known = STORES[kind]
        check_options("", kind, options, known)
        if kind in ("pcm", "noisy"):
            options["noise"] = rng
        if kind == "pcm":
            options["rule"] = UpdateRule(**{
                key: options.pop(key) for key in ("epsilon", "refresh_every", "refresh")
                if key in options})
        if kind == "rounded":
            options.setdefault("bits", None)
        return store(network, names, **options)
