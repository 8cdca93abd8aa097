"""A run: train a unit on a task with a preset, test it once, and return the results."""
import json
import platform
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import __version__
from ..files import found_at, read_regular
from ..network import Network
from . import checkpoints
from .loading import Loaded, load_task
from .presets import find_preset
from .settings import settings_of
from .training import Trained, best_epoch, prepare, train


RESULTS_BYTES = 2 ** 26  # our choice: far more than any run writes


class Run(NamedTuple):
    """A trained network, its task, and `results`, the dict that is written to results.json."""
    loaded: Loaded
    settings: object
    trained: Trained
    results: dict

    def __repr__(self):
        of = self.results
        figures = ", ".join(f"{name} {value}" for name, value in of.get("test", {}).items())
        return (f"Run({of['task']}, unit {of['unit']}, preset {of['preset']}, seed {of['seed']}; "
                f"test: {figures or 'not read'})")

    @property
    def network(self) -> Network:
        """The network with the parameters of the epoch that was kept."""
        return self.trained.network

    @property
    def task(self):
        """The task, with its data."""
        return self.loaded.task

    @property
    def figures(self):
        """The test results, by name."""
        return self.results["test"]

    def figure(self, split, seed):
        """The result that ranks networks, with the network's present weights."""
        return self.task.evaluate(self.network, split, self.settings, seed)[self.task.metric]


def run_task(loaded, table, seed, *, preset="small", test=True, checkpoint=None, resume=False,
             stream=None, report=None, **changes):
    """Train from `seed` with the settings of a preset's table, then read the test split once.

    changes: settings that replace those of the table. test: False leaves the test split unread, for
    trials that are judged by validation. checkpoint, resume, stream, report: see `train`.
    """
    settings = settings_of(table, **changes)
    task = loaded.task
    trained = train(task, settings, seed, checkpoint=checkpoint, resume=resume,
                    label=f"{task.name} {task.unit} seed {seed}", stream=stream, report=report)
    results = {
        "task": task.name, "unit": task.unit, "preset": preset, "seed": seed,
        "parameters": trained.network.n_trainable,
        "metric": task.metric,
        **(tested(task, trained.network, settings, seed) if test else {}),
        "baselines": loaded.baselines, "data": loaded.facts,
        "path": loaded.path, "own": loaded.own,
        "seconds": round(sum(record["seconds"] for record in trained.history), 2),
        "best_epoch": trained.best_epoch,
        "history": trained.history, "warnings": trained.warnings,
        "settings": {name: {"value": getattr(settings, name),
                            "source": "command line" if name in changes else choice.source}
                     for name, choice in table.items()},
        "versions": {"snu_ref": __version__, "numpy": np.__version__,
                     "python": platform.python_version()},
    }
    return Run(loaded, settings, trained, results)


def load_run(folder, data=None):
    """The finished run in a folder of `python -m snu_ref train`: network, settings, task, results.

    data: the present place of the full data set or of your own data, if it has changed. Raises
    ValueError that names the file if the run is not finished, is damaged, has no weights, or was
    made with other data.

        run = snu_ref.tasks.load_run("runs/music-snu-small-0")
        y, cache = run.network.forward(x)
    """
    path, checkpoint = (Path(folder) / name for name in ("results.json", "checkpoint.npz"))
    wanted = f"{folder}: expected the folder of a finished run of `train`, found"
    if (found := found_at(folder)) != "a folder":
        raise ValueError(f"{wanted} {found.replace('nothing', 'no such folder')}")
    if (found := found_at(path)) != "a file":
        if found == "nothing" and checkpoint.exists():
            raise ValueError(f"{wanted} an unfinished one; the same `train` command with --resume "
                             "finishes it")
        raise ValueError(f"{wanted} {found} under the name results.json")
    raw = read_regular(path, RESULTS_BYTES)
    try:
        results = json.loads(raw.decode())
        if not isinstance(results, dict):
            raise ValueError("no JSON object")
        if "runs" in results:
            raise ValueError(f"those of `reproduce`; Network.load loads its networks, which are in "
                             f"{path.parent}/networks")
        task, unit, preset, seed = (results[key] for key in ("task", "unit", "preset", "seed"))
        table = find_preset(task, unit, preset)
        settings = settings_of(table, **{name: entry["value"] for name, entry
                                         in results["settings"].items()})
        if not all(type(value) in (int, float, type(None)) for value in results["test"].values()):
            raise ValueError("a test result that is not a number")
        path_then, own = results.get("path") or None, results.get("own", False)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        missing = "no entry " * isinstance(error, KeyError)
        raise ValueError(f"{path}: expected the results of a run of `train`, found "
                         f"{missing}{error}") from error
    if data and not own and preset != "paper":
        raise ValueError(f"data: expected none, because the run in {folder} used data of the "
                         f"package, got {data}")
    if path_then and not data and not Path(path_then).exists():
        raise ValueError(f"{path_then}: expected the data of the run in {folder}, found nothing; "
                         "give the new place of the data (--data PATH)")
    data = data or path_then
    loaded = load_task(task, unit, preset, **{"own_path" if own else "folder": data})
    network, optimiser, rng, store = prepare(loaded.task, settings, seed)
    identity = checkpoints.identity_of(loaded.task, settings, seed)
    best, history = checkpoints.load(checkpoint, identity, network, optimiser, rng, store)
    if not history:
        raise ValueError(f"{checkpoint}: expected the checkpoint of a finished run, found no epoch")
    for name, p in network.params.items():
        p[...] = best[name]
    kept = best_epoch(loaded.task, settings, history)
    return Run(loaded, settings, Trained(network, history, kept, store), results)


def tested(task, network, settings, seed):
    """The test results; for a task with classes, also the answer to every test image, as text.

    The answers are for comparing two classifiers image by image (`statistics.mcnemar`).
    """
    if not hasattr(task, "answers"):
        return {"test": task.evaluate(network, "test", settings, seed)}
    answers = task.answers(network, "test", settings, seed)
    return {"test": task.score(answers, "test"), "answers": " ".join(map(str, answers))}
