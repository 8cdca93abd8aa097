"""The state of a training run as one .npz file of plain arrays, written so that a kill cannot harm it.

The file holds the parameters, those of the best epoch so far, the optimiser's arrays and the devices of
a store; and, as JSON text, the state of the random generator, the learning curve, and what the run is
(task, unit, settings, seed). It is written beside the old one, forced to the disk, and then put in its place in one
step, so at any moment the last good file is there. Nothing is pickled.
"""
import json
import os
import zipfile
from pathlib import Path

import numpy as np


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: unreadable, or of another run."""


def save(path, identity, network, optimiser, rng, best, history, store=None):
    """Write the state of a run to `path`, replacing the file there in one step."""
    arrays = {f"params/{name}": p for name, p in network.params.items()}
    arrays |= {f"best/{name}": p for name, p in best.items()}
    arrays |= {f"optimiser/{name}": a for name, a in optimiser.state.items()}
    if store:
        arrays |= {f"store/{name}": a for name, a in store.state().items()}
    for name, value in (("identity", identity), ("rng", rng.bit_generator.state), ("history", history)):
        arrays[name] = np.array(json.dumps(value))
    path = Path(path)
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load(path, identity, network, optimiser, rng, store=None):
    """Put the state at `path` into network, optimiser, rng and store; returns best (dict) and history (list).

    Raises CheckpointError that names the file if it is missing, damaged, or of another task, unit,
    seed or settings; nothing is changed then.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"{path}: expected a checkpoint to resume from, found no such file")
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        saved, rng_state, history = (json.loads(str(arrays.pop(name)))
                                     for name in ("identity", "rng", "history"))
        parts = {part: {name.split("/", 1)[1]: a for name, a in arrays.items() if name.startswith(part + "/")}
                 for part in ("params", "best", "optimiser", "store")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: expected a checkpoint, but it is damaged ({error})") from error
    identity = json.loads(json.dumps(identity))  # tuples become lists, as in the file
    mine, theirs = ({**of, **of.get("settings", {})} for of in (identity, saved))
    for key in sorted(mine.keys() - {"settings"} | theirs.keys() - {"settings"}):
        if mine.get(key) != theirs.get(key):
            raise CheckpointError(f"{path}: expected {key} {mine.get(key)!r}, but the checkpoint is of a "
                                  f"run with {theirs.get(key)!r}")
    for part in ("params", "best"):
        shapes = {name: (p.shape, p.dtype) for name, p in network.params.items()}
        if {name: (a.shape, a.dtype) for name, a in parts[part].items()} != shapes:
            raise CheckpointError(f"{path}: the arrays of {part} do not fit the network")
    for name, p in network.params.items():
        p[...] = parts["params"][name]
    if store:
        store.restore(parts["store"])
    optimiser.state = parts["optimiser"]
    rng.bit_generator.state = rng_state
    return parts["best"], history
