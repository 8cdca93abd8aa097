"""The state of a training run as one file of plain arrays; a killed process cannot damage it.

    params/...      the parameters
    best/...        the parameters of the epoch that would be kept now
    optimiser/...   the optimiser's arrays
    store/...       the devices of a store
    identity        JSON text: what the run is (task, unit, metric, settings, seed, data's digest)
    rng             JSON text: the state of the random generator
    history         JSON text: the learning curve, one record an epoch; "planned" is the run's
                    setting `epochs` at that time

A new file replaces the old one in one step, so there is a complete file at any moment. A digest of
its content shows damage. Nothing is pickled.
"""
import copy
import hashlib
import json
from pathlib import Path

import numpy as np

from .. import validation
from ..files import found_at
from ..saving import array_file


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: it is damaged, or belongs to another run."""


def save(path, identity, network, optimiser, rng, best, history, store=None):
    """Write the state of a run to `path`, replacing the file there in one step.

    Raises OSError if that fails, as on a full disk; the message says which state is kept.
    """
    parts = {"params": network.params, "best": best, "optimiser": optimiser.state,
             "store": store.state() if store else {}}
    arrays = {f"{part}/{name}": a for part, of in parts.items() for name, a in of.items()}
    texts = {"identity": identity, "rng": rng.bit_generator.state, "history": history}
    arrays |= {name: np.array(json.dumps(value)) for name, value in texts.items()}
    try:
        array_file.write(path, arrays)
    except OSError as error:
        done, epochs = len(history) - 1, identity["settings"]["epochs"]
        kept = f"; it still holds the checkpoint after {done} of {epochs} epochs"
        raise OSError(f"{error}{kept if history and Path(path).exists() else ''}") from error


def identity_of(task, settings, seed):
    """The identity of a run, as a dict; a checkpoint must have the same one."""
    return {"task": task.name, "unit": task.unit, "metric": task.metric,
            "settings": vars(settings), "seed": seed, "data": digest(task.data)}


def read(path):
    """Returns arrays, identity, generator's state, history; CheckpointError that names the file."""
    if (found := found_at(path)) != "a file":
        found = "no such file" if found == "nothing" else found
        raise CheckpointError(f"{path}: expected a checkpoint, found {found}")
    try:
        arrays = array_file.read(path)
        identity, rng_state, history = (_json(arrays, name)
                                        for name in ("identity", "rng", "history"))
    except ValueError as error:
        raise CheckpointError(
            f"{path}: expected a checkpoint, but it is damaged ({error})") from error
    if not isinstance(identity, dict) or not isinstance(identity.get("settings"), dict):
        raise CheckpointError(f"{path}: expected identity to be an object with settings, found "
                              f"{type(identity).__name__}")
    return arrays, identity, rng_state, history


def load(path, identity, network, optimiser, rng, store=None):
    """Put the state at `path` into network, optimiser, rng and store; returns best and history.

    Raises CheckpointError that names the file if it is missing, damaged, or of another task, unit,
    data, seed or settings; then nothing changes. The saved run may have had fewer epochs.
    """
    arrays, saved, rng_state, history = read(path)
    parts = {part: {name[len(part) + 1:]: a for name, a in arrays.items()
                    if name.startswith(part + "/")}
             for part in ("params", "best", "optimiser", "store")}
    try:
        different = differences(identity, saved)
        if different:
            raise ValueError("; ".join(different))
        _check_history(history, identity)
        trial = copy.deepcopy(optimiser)
        if history:  # the optimiser has the arrays that it makes in its first step
            params = {name: network.params[name].copy() for name in network.trainable}
            trial.step(params, {name: np.zeros_like(p) for name, p in params.items()})
        for part, of in {"params": network.params, "best": network.params,
                         "optimiser": trial.state}.items():
            validation.mapping(part, parts[part], of)
            for name, a in of.items():
                validation.array(f"{part}/{name}", parts[part][name], a.shape, (a.dtype,),
                                 finite=False)
        _check_generator(rng, rng_state)
        if store:
            store.restore(parts["store"])  # the first change; after an error nothing has changed
        elif parts["store"]:
            raise ValueError("store: expected no arrays, as weights are in software, found some")
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    for name, p in network.params.items():
        p[...] = parts["params"][name]
    optimiser.state = {name: a.copy() for name, a in parts["optimiser"].items()}
    rng.bit_generator.state = rng_state
    return parts["best"], history


def differences(identity, saved):
    """How the run of `saved` differs from `identity`, as lines; [] if the run can continue."""
    identity = json.loads(json.dumps(identity))  # tuples become lists, as in the file
    mine, theirs = ({**of, **of["settings"]} for of in (identity, saved))
    different = []
    for key in sorted((mine.keys() | theirs.keys()) - {"settings", "data"}):
        longer = key == "epochs" and type(theirs.get(key)) is int and theirs[key] < mine[key]
        if mine.get(key) != theirs.get(key) and not longer:
            different.append(f"expected {key} {mine.get(key)!r}, but the checkpoint is of a run "
                             f"with {theirs.get(key)!r}")
    if different or mine["data"] == theirs.get("data"):  # another task always has other data
        return different
    return ["expected the same data, but the checkpoint is of a run with other data"]


def digest(data):
    """SHA-256 of arrays, nested in dicts and lists; shows that the data of a run are the same."""
    total = hashlib.sha256()

    def add(value):
        if isinstance(value, np.ndarray):
            total.update(f"{value.dtype.str}{value.shape}".encode())
            total.update(np.ascontiguousarray(value))
        else:
            for key in (value if isinstance(value, dict) else range(len(value))):
                total.update(f"{key}:".encode())
                add(value[key])
    add(data)
    return total.hexdigest()


# ---- checks of the content: each raises ValueError or TypeError ----------------------------------

def _json(arrays, name):
    """The value in the JSON text `name`, taken out of `arrays`."""
    if name not in arrays:
        raise ValueError(f"it has no array {name!r}")
    try:
        return json.loads(str(arrays.pop(name)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from error


def _check_history(history, identity):
    epochs, metric = identity["settings"]["epochs"], identity["metric"]
    if not isinstance(history, list) or len(history) > epochs:
        raise ValueError(f"expected history to be a list of at most {epochs} epochs")
    for i, record in enumerate(history):
        numbers = dict(record) if isinstance(record, dict) else {}
        texts = numbers.pop("warnings", {})
        if not (numbers.keys() >= {"epoch", "loss", "seconds", metric}
                and all(type(value) in (int, float) for value in numbers.values())
                and numbers["epoch"] == i + 1
                and isinstance(texts, dict) and all(isinstance(t, str) for t in texts.values())):
            raise ValueError(f"history[{i}]: expected epoch {i + 1} with loss, {metric} and "
                             "seconds, all numbers")


def _check_generator(rng, state):
    """Check that a new generator of the same kind accepts this state and returns it."""
    kind = type(rng.bit_generator)
    trial = kind(0)
    try:
        trial.state = state
    except Exception as error:  # NumPy raises many kinds
        raise ValueError(f"rng: expected the state of a {kind.__name__} ({error})") from error
    if trial.state != state:
        raise ValueError(f"rng: expected the state of a {kind.__name__}, found other numbers")
