"""Run the rows of a block and keep a table of the results: a CSV file, one line for each run.

A line is written as soon as its run is finished. A run that was stopped continues from its
checkpoint in `work`, so after any stop you can give the same command again.
"""
import csv
import hashlib
import io
import platform
import re
import time
from contextlib import suppress
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
from .rows import BLOCKS, CHOSEN, INJECTED, find_block

COLUMNS = ("row", "task", "unit", "data", "preset", "changes", "seed", "device", "parameters",
           "metric", "valid", "test", "per_piece", "wrong", "decay", "rates", "additions",
           "multiply_adds", "dense", "best_epoch", "epochs", "seconds", "processor", "python",
           "numpy")
PROGRAMMED = ", then programmed once"  # ends the names of lines for networks on devices
BEST_INJECTED = f"software, best noise injected{PROGRAMMED}"


def run_block(name, tables, data, work, stream=None, only=""):
    """Run the missing runs of a block, seed by seed, and add each to tables/NAME.csv.

    data: folder of the full data sets; work: folder of checkpoints; only: run only rows whose name
    contains this text. Yields the new lines, as dicts.
    """
    path = Path(tables) / f"{name}.csv"
    rows = [row for row in rows_of(name, tables) if only in row.name]
    for seed in range(max((row.seeds for row in rows), default=0)):
        for row in rows:
            table = read_table(path)
            done = [(line["row"], line["changes"], line["seed"]) for line in table]
            if seed < row.seeds and (row.name, changes_text(row), str(seed)) not in done:
                key = hashlib.sha256(f"{row.name} {changes_text(row)}".encode()).hexdigest()[:16]
                checkpoint = Path(work) / f"{name}-{key}-{seed}.npz"
                lines = list(run_row(row, seed, data, checkpoint, stream))
                write_table(path, table + lines)
                checkpoint.unlink(missing_ok=True)
                yield from lines


def rows_of(name, tables):
    """The rows of a block; for a block in CHOSEN, only rows whose trials are all finished."""
    if name not in CHOSEN:
        return find_block(name)
    trials, seeds = CHOSEN[name]
    lines, by_name = read_table(Path(tables) / f"{trials}.csv"), {}
    for row in find_block(trials):
        by_name.setdefault(row.name, []).append(row)
    best = [best_of(rows, lines) for rows in by_name.values()]
    return [row._replace(seeds=seeds, split="test") for row in best if row]


def best_of(rows, lines):
    """The row with the best validation result; None while a run is missing."""
    figures = [validation_figure(row, lines) for row in rows]
    best = np.argmax if rows[0].task == "digits" else np.argmin  # accuracy, or loss
    return None if np.isnan(figures).any() else rows[best(figures)]


def lines_of(row, lines):
    """The lines of a row; if the row has devices, only their lines."""
    key = row.name + PROGRAMMED * bool(row.devices), changes_text(row)
    return [line for line in lines if (line["row"], line["changes"]) == key]


def validation_figure(row, lines):
    """The mean validation result of the `lines_of` a row; NaN if a run is missing."""
    values = [float(line["valid"]) for line in lines_of(row, lines)]
    return np.mean(values) if len(values) == row.seeds * max(1, row.devices) else np.nan


def run_row(row, seed, data, checkpoint, stream=None):
    """Run a row once; yields its line, and one for each set of devices and each of `shown`."""
    unit = "rnn" if row.unit in BASELINES else row.unit
    loaded = load_task(row.task, unit, "paper" if row.data == "full" else "small", data)
    task = loaded.task
    line = dict.fromkeys(COLUMNS, "") | {
        "row": row.name, "task": row.task, "unit": row.unit, "data": row.data,
        "changes": changes_text(row), "seed": seed, "metric": task.metric, **machine()}
    if row.unit in BASELINES:
        start = time.monotonic()
        valid, test, answers = BASELINES[row.unit](task)
        yield _plain(line | {"valid": valid, "test": test, "wrong": wrong_text(task, answers, seed),
                             "seconds": round(time.monotonic() - start, 2)})
        return
    table = find_preset(row.task, row.unit, row.preset)
    run = run_task(loaded, table, seed, preset=row.preset, test=row.split == "test",
                   checkpoint=checkpoint, resume=checkpoint.exists(), stream=stream,
                   **read_changes(changes_of(row), table))
    line |= {"preset": row.preset}
    metric, history, test = task.metric, run.trained.history, run.results.get("test", {})
    full = line | {
        "parameters": run.results["parameters"],
        "valid": history[run.trained.best_epoch - 1][metric], "test": test.get(metric, ""),
        "per_piece": test.get("nll_per_piece", ""),
        "wrong": wrong_text(task, run.results.get("answers"), seed),
        "decay": decay_text(run.network), "best_epoch": run.trained.best_epoch,
        "epochs": len(history), "seconds": run.results["seconds"]}
    if row.split == "test":
        of = count(run.network, test_inputs(task, run.settings, seed))
        full |= {"rates": " ".join(f"{rate:.4f}" for rate in of.rates),
                 **{name: round(getattr(of, name))
                    for name in ("additions", "multiply_adds", "dense")}}
    yield _plain(full)
    for device in range(row.devices):
        valid, test = (in_memory.programmed(run, in_memory.TIMES[:1], device, split=split)[0]
                       for split in ("valid", "test"))
        yield _plain(line | {"row": f"{row.name}{PROGRAMMED}", "device": device,
                             "valid": valid, "test": test})
    for steps in row.shown:
        settings = SimpleNamespace(**{**vars(run.settings), "test_steps": steps})
        shown = tested(task, run.network, settings, seed)
        yield _plain(line | {"row": f"{row.name}, shown for {steps} steps",
                             "test": shown["test"][metric],
                             "wrong": wrong_text(task, shown["answers"], seed)})


def _plain(line):
    """All values as text; floats with six digits, which is more than the page shows."""
    return {key: f"{value:.6g}" if isinstance(value, float) else str(value)
            for key, value in line.items()}


def changes_of(row):
    """The changes of a row in the form of `--set`: ["hidden=(68,)", "options.decay=0.0"]."""
    return [f"{name}={value!r}" for name, value in row.changes.items()]


def changes_text(row):
    """The changes of a row as one text."""
    return "; ".join(changes_of(row))


def wrong_text(task, answers, seed):
    """The indices of the test images with a wrong answer, for McNemar's test; "" for None.

    answers: one for each test image, as text, from `snu_ref.tasks.run.tested`. Only networks of
    seed 0 are compared image by image, so for other seeds the text is "".
    """
    if answers is None or seed != 0:
        return ""
    wrong = np.array(answers.split(), int) != task.data["test"][1]
    return " ".join(map(str, np.flatnonzero(wrong)))


def decay_text(network):
    """The smallest and the largest decay at the end of training, or ""."""
    decays = [p for name, p in network.params.items() if name.endswith(".decay")]
    return (f"{min(p.min() for p in decays):.3g}..{max(p.max() for p in decays):.3g}"
            if decays else "")


def machine():
    """Processor, Python and NumPy: the last digits and the seconds depend on them."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):  # only Linux has this file, with the name of the model
        found = re.search("model name.*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        name = found[1] if found else name
    return {"processor": name, "python": platform.python_version(), "numpy": np.__version__}


# ---- tables -------------------------------------------------------------------------------------

def read_table(path):
    """The lines of a table as dicts {column: text}; an empty list if there is no file yet.

    Raises ValueError if the file has other columns.
    """
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: expected columns {', '.join(COLUMNS)}, got "
                             f"{', '.join(reader.fieldnames or ())}")
        return list(reader)


def read_tables(tables):
    """The lines of the tables in a folder, by block; adds a row BEST_INJECTED to "devices"."""
    lines = {name: read_table(Path(tables) / f"{name}.csv") for name in BLOCKS}
    if best := best_of(INJECTED, lines["devices"]):
        lines["devices"] += [{**line, "row": BEST_INJECTED} for line in lines["devices"]
                             if line["row"] == best.name + PROGRAMMED]
    return lines


def write_table(path, lines):
    """Replace the table by these lines."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())
