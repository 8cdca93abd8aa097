"""Runs the rows of a block and keeps a table of what came out: a CSV file a block, a line a run.

    run_block(name, tables, data, work)   run what the table does not have yet
    read_table(path)                      the table as a list of dicts of text

A line is written the moment its run is finished. A run that was stopped goes on from its
checkpoint, which lies in `work`, so that the same command is given again after any stop.
"""
import csv
import hashlib
import io
import platform
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..files import whole_file
from ..tasks.loading import load_task
from ..tasks.presets import find_preset
from ..tasks.run import run_task, tested
from ..tasks.settings import read_changes
from . import in_memory
from .baselines import BASELINES
from .operations import count, test_inputs
from .rows import find_block

COLUMNS = ("row", "task", "unit", "data", "preset", "changes", "seed", "device", "parameters",
           "metric", "valid", "test", "per_piece", "wrong", "decay", "rates", "additions",
           "multiply_adds", "dense", "best_epoch", "epochs", "seconds", "processor", "python",
           "numpy")


def run_block(name, tables, data, work, stream=None, only=""):
    """Run the missing runs of a block, seed by seed, and add each to tables/NAME.csv.

    data: folder of the full data sets; work: folder of checkpoints; only: run only rows whose name
    contains this. Yields the new lines, dicts.
    """
    path = Path(tables) / f"{name}.csv"
    rows = [row for row in rows_of(name, tables) if only in row.name]
    for seed in range(max((row.seeds for row in rows), default=0)):
        for row in rows:
            table = read_table(path)
            if seed < row.seeds and not any(same_run(line, row, seed) for line in table):
                checkpoint = Path(work) / f"{name}-{file_name(row)}-{seed}.npz"
                lines = list(run_row(row, seed, data, checkpoint, stream))
                write_table(path, table + lines)
                checkpoint.unlink(missing_ok=True)
                yield from lines


def rows_of(name, tables):
    """The rows of a block; those of "care" are the best of the trials that tables/grid.csv has."""
    if name != "care":
        return find_block(name)
    lines, trials = read_table(Path(tables) / "grid.csv"), {}
    for row in find_block("grid"):
        values = [float(line["valid"]) for line in lines for seed in range(row.seeds)
                  if same_run(line, row, seed)]
        trials.setdefault(row.name, []).append(
            (np.mean(values) if len(values) == row.seeds else np.nan, row))
    return [min(tried, key=lambda trial: trial[0])[1]._replace(seeds=5, split="test")
            for tried in trials.values() if not any(np.isnan(mean) for mean, _ in tried)]


def file_name(row):
    """A name for the checkpoint of a row, of its name and its changes."""
    return hashlib.sha256(f"{row.name} {changes_text(row)}".encode()).hexdigest()[:16]


def run_row(row, seed, data, checkpoint, stream=None):
    """One run of a row: yields its line, and one for each set of devices it is programmed on."""
    loaded = load_task(row.task, row.unit, "paper" if row.data == "full" else "small", data)
    if row.unit in BASELINES:
        yield _plain(baseline_line(row, seed, loaded))
        return
    table = find_preset(row.task, row.unit, row.preset)
    run = run_task(loaded, table, seed, preset=row.preset, test=row.split == "test",
                   checkpoint=checkpoint, resume=checkpoint.exists(), stream=stream,
                   **read_changes(changes_of(row), table))
    metric, history = run.results["metric"], run.trained.history
    test = run.results.get("test", {})
    line = dict.fromkeys(COLUMNS, "") | {
        "row": row.name, "task": row.task, "unit": row.unit, "data": row.data,
        "preset": row.preset, "changes": changes_text(row), "seed": seed,
        "parameters": run.results["parameters"], "metric": metric,
        "valid": history[run.trained.best_epoch - 1][metric], "test": test.get(metric, ""),
        "per_piece": test.get("nll_per_piece", ""),
        "wrong": wrong_text(loaded.task, run.results.get("answers")),
        "decay": decay_text(run.network), "best_epoch": run.trained.best_epoch,
        "epochs": len(history), "seconds": run.results["seconds"], **machine()}
    if row.split == "test":
        operations = count(run.network, test_inputs(loaded.task, run.settings, seed))
        line |= {"rates": " ".join(f"{rate:.4f}" for rate in operations.rates),
                 "additions": round(operations.additions),
                 "multiply_adds": round(operations.multiply_adds),
                 "dense": round(operations.dense)}
    yield _plain(line)
    same = dict.fromkeys(COLUMNS, "") | {key: line[key] for key in (
        "task", "unit", "data", "preset", "changes", "seed", "metric", *machine())}
    for device in range(row.devices):
        valid, nll = (in_memory.programmed(run, in_memory.TIMES[:1], device, metric=metric,
                                           compensate=False, split=split)[0]
                      for split in ("valid", "test"))
        yield _plain(same | {"row": f"{row.name}, then programmed once", "device": device,
                             "valid": valid, "test": nll})
    for steps in row.shown:
        settings = SimpleNamespace(**{**vars(run.settings), "test_steps": steps})
        test = tested(loaded.task, run.network, settings, seed)
        yield _plain(same | {"row": f"{row.name}, shown for {steps} steps",
                             "test": test["test"][metric],
                             "wrong": wrong_text(loaded.task, test["answers"])})


def baseline_line(row, seed, loaded):
    """The line of a model without a network."""
    start = time.monotonic()
    valid, test, answers = BASELINES[row.unit](loaded.task)
    return dict.fromkeys(COLUMNS, "") | {
        "row": row.name, "task": row.task, "unit": row.unit, "data": row.data,
        "changes": changes_text(row), "seed": seed, "metric": loaded.task.metric,
        "valid": valid, "test": test, "wrong": wrong_text(loaded.task, answers),
        "seconds": round(time.monotonic() - start, 2), **machine()}


def _plain(line):
    """All values as text; floats with six digits, which is more than a figure has."""
    return {key: f"{value:.6g}" if isinstance(value, float) else str(value)
            for key, value in line.items()}


def changes_of(row):
    """The changes of a row as they are given to `--set`: ["hidden=(68,)", "options.decay=0.0"]."""
    return [f"{name}={value!r}" for name, value in row.changes.items()]


def changes_text(row):
    """The same as one text."""
    return "; ".join(changes_of(row))


def same_run(line, row, seed):
    """Whether a line of the table is the run of this row and seed."""
    return (line["row"] == row.name and line["seed"] == str(seed)
            and line["changes"] == changes_text(row))


def wrong_text(task, answers):
    """The numbers of the test images with a wrong answer: what McNemar's test needs; "" for None.

    answers: one for each test image, numbers or the text of `snu_ref.tasks.run.tested`.
    """
    if answers is None:
        return ""
    if isinstance(answers, str):
        answers = answers.split()
    wrong = np.array([int(answer) for answer in answers]) != task.data["test"][1]
    return " ".join(map(str, np.flatnonzero(wrong)))


def decay_text(network):
    """The smallest and the largest decay at the end of training, or ""."""
    decays = [p for name, p in network.params.items() if name.endswith(".decay")]
    return (f"{min(p.min() for p in decays):.3g}..{max(p.max() for p in decays):.3g}"
            if decays else "")


def machine():
    """What the last digits and the seconds depend on."""
    return {"processor": processor(), "python": platform.python_version(), "numpy": np.__version__}


def processor():
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file
                     if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


# ---- tables -------------------------------------------------------------------------------------

def read_table(path):
    """The lines of a table, dicts of text by column; none if there is no file yet.

    Raises ValueError if its columns are others.
    """
    path = Path(path)
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: expected columns {', '.join(COLUMNS)}, got "
                             f"{', '.join(reader.fieldnames or ())}")
        return list(reader)


def write_table(path, lines):
    """Write the lines in place of the table."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())
