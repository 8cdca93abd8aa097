"""One run: a unit trained on a task with a preset, then tested once; its results as plain data."""
import platform
from typing import NamedTuple

import numpy as np

from .. import __version__
from ..network import Network
from .loading import Loaded
from .settings import settings_of
from .training import Trained, train


class Run(NamedTuple):
    """A trained network, its task, and `results`, a dict that goes into results.json as it is."""
    loaded: Loaded
    settings: object
    trained: Trained
    results: dict

    @property
    def network(self) -> Network:
        """The network with the parameters of the epoch that was kept."""
        return self.trained.network


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
        "seconds": round(trained.seconds, 2), "best_epoch": trained.best_epoch,
        "history": trained.history, "warnings": trained.warnings,
        "settings": {name: {"value": getattr(settings, name),
                            "source": "command line" if name in changes else choice.source}
                     for name, choice in table.items()},
        "versions": {"snu_ref": __version__, "numpy": np.__version__,
                     "python": platform.python_version()},
    }
    return Run(loaded, settings, trained, results)


def tested(task, network, settings, seed):
    """The test figures and, where the task has classes, the answer to every test image, as digits.

    The answers serve to compare two classifiers image by image (`snu_ref.statistics.mcnemar`).
    """
    if not hasattr(task, "answers"):
        return {"test": task.evaluate(network, "test", settings, seed)}
    answers = task.answers(network, "test", settings, seed)
    return {"test": task.score(answers, "test"), "answers": "".join(map(str, answers))}
