"""`python -m snu_ref reproduce`: gradients, tasks, inhibition, memory; tables, figures, a report.

Trains the units on the small data with the presets "small", all with the same budget, and writes a
folder with results.json, figures, the trained networks, and report.html, one page with all of it.
The paper's figures stand beside ours and are of the full data; they are not to be compared digit by
digit.
"""
import math
import os
import platform
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .. import __version__, figures, validation
from ..activations import sigmoid
from ..experiments.comparison import by_unit, figures_of, table
from ..experiments.inhibition import compare_inhibition, inhibition_table
from ..files import one_writer, write_json
from ..gradcheck.checking import BOUNDS
from ..gradcheck.table import evidence
from ..report.document import write_report
from ..tasks.language import sample_text
from ..tasks.loading import load_task
from ..tasks.music import pad
from ..tasks.presets import find_preset
from ..tasks.run import run_task
from ..tasks.units import COMPARED
from .gradcheck import summarise
from .memory import draw_memory, run_memory

TASKS = ("digits", "music", "language")
QUICK_EPOCHS = 1
QUICK_VARIANTS = 8  # of each piece
FIGURE_STEPS = 40  # longer than in training, to see more resets


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--all", action="store_true",
                        help="RNN, GRU and LSTM beside SNU and sSNU, with the same budget (up to "
                             "25 minutes)")
    parser.add_argument("--quick", action="store_true",
                        help="one epoch a run, and the gradients of a few variants, in about 15 s: "
                             "a trial of the command, not of the units")
    parser.add_argument("--seed", type=int, default=0,
                        metavar="N",
                        help="start of all random numbers (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N",
                        help="train N times, from seeds SEED, SEED + 1 ...; means and 95 %% "
                             "intervals are printed (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("snu_ref_out"), metavar="DIR",
                        help="folder for results (default: %(default)s)")


def run(args):
    """Run all parts; the exit status is 1 if a gradient is out."""
    validation.number_in("--seed", args.seed, 0, math.inf)
    validation.positive_int("--seeds", args.seeds)
    with one_writer("--out", args.out):
        return _run(args)


def _run(args):
    started, parts = datetime.now(timezone.utc), []
    with timed("gradients", parts):
        print("1. Gradients: hand-derived, against central differences, the complex step and a "
              "scalar twin")
        pieces = summarise(evidence(most=QUICK_VARIANTS if args.quick else math.inf),
                           print_rows=False)

    seeds = range(args.seed, args.seed + args.seeds)
    print(f"\n2. Tasks, preset small{', one epoch' if args.quick else ''}, "
          + (f"seed {args.seed}" if args.seeds == 1 else f"seeds {seeds[0]} to {seeds[-1]}"),
          flush=True)
    changes = {"epochs": QUICK_EPOCHS} if args.quick else {}
    with timed("tasks", parts):
        runs = train_all(COMPARED if args.all else ("snu", "ssnu"), seeds, changes)
        results = [r.results for r in runs]
        print("\n" + table(results), flush=True)
        sample = print_sample(runs, args.seed)

    print(f"\n3. Lateral inhibition and sparsity, seed {args.seed}", flush=True)
    with timed("inhibition", parts):
        inhibition = compare_inhibition(args.seed, sys.stderr, **changes)
        print(inhibition_table(inhibition), flush=True)

    print(f"\n4. Weights on phase-change devices, music 88-150-88, seed {args.seed}", flush=True)
    # that of the first seed
    first = {(r.results["task"], r.results["unit"]): r for r in reversed(runs)}
    with timed("memory", parts):
        memory, pcm_runs = run_memory(first["music", "snu"].loaded, first["digits", "snu"],
                                      args.seed, quick=args.quick, stream=sys.stderr)
    networks = save_networks(runs, args.out / "networks")
    summary = {"command": command(args), "started": started.isoformat(timespec="seconds"),
               "machine": machine(), "seed": args.seed, "seeds": args.seeds, "quick": args.quick,
               "gradients": pieces, "bounds": BOUNDS,
               "facts": {r.loaded.task.name: r.loaded.facts for r in runs},
               "runs": results, "sample": sample,
               "inhibition": [{k: v for k, v in row.items() if k != "weights"}
                              for row in inhibition],
               "memory": memory, "figures": [], "parts": parts}

    def save():
        summary["seconds"], summary["processor"] = (
            round(sum(part[key] for part in parts), 1) for key in ("seconds", "processor"))
        write_json(args.out / "results.json", summary)

    save()  # before the figures: nothing that goes wrong there may cost the results
    with timed("figures", parts):
        drawn = [*draw(runs, inhibition, args.seed, args.out),
                 *draw_memory(memory, pcm_runs, args.seed, args.out)]
    summary["figures"] = [path.name for path in drawn]
    save()
    report = write_report(args.out)
    print(f"\nWritten in {summary['seconds']:.0f} s ({summary['processor']:.0f} s of processor "
          f"time) to the folder {args.out}; report.html shows it all on one page:")
    print("\n".join(f"   {path.relative_to(args.out)}" for path in [
        report, args.out / "results.json", *drawn, *networks]))
    return 1 if any(s["failed"] for s in pieces) else 0


def save_networks(runs, folder):
    """Write the network of each run, for snu_ref.Network.load; returns the paths."""
    folder.mkdir(exist_ok=True)
    paths = []
    for r in runs:
        paths.append(folder / f"{r.results['task']}-{r.results['unit']}-{r.results['seed']}.npz")
        r.network.save(paths[-1])
    return paths


@contextmanager
def timed(name, parts):
    """Append what the block took to `parts`: seconds by the clock, and of all processors."""
    start, busy = time.monotonic(), time.process_time()
    yield
    parts.append({"part": name, "seconds": round(time.monotonic() - start, 1),
                  "processor": round(time.process_time() - busy, 1)})


def command(args):
    """The command with the options that decide the numbers."""
    return ("python -m snu_ref reproduce" + " --all" * args.all + " --quick" * args.quick
            + f" --seed {args.seed} --seeds {args.seeds}")


def machine():
    """Versions, and what the times depend on."""
    return {"snu_ref": __version__, "Python": platform.python_version(), "NumPy": np.__version__,
            "matplotlib": version("matplotlib"),
            "system": f"{platform.system()}, {platform.machine()}",
            "processors": os.cpu_count(),
            "BLAS threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set")}


def train_all(units, seeds, changes):
    """One Run for each task, unit and seed, in this order; prints what each task's data hold."""
    runs = []
    for name in TASKS:
        for unit in units:
            loaded = load_task(name, unit)
            if unit == units[0]:
                print("\n".join("   " + fact for fact in loaded.facts), flush=True)
            runs += [run_task(loaded, find_preset(name, unit, "small"), seed, stream=sys.stderr,
                              **changes)
                     for seed in seeds]
    return runs


def print_sample(runs, seed):
    """Print and return a few lines of text from the first sSNU trained on language."""
    run = next(r for r in runs if r.results["task"] == "language" and r.results["unit"] == "ssnu")
    text = sample_text(run.network, run.loaded.words, np.random.default_rng([seed, 3]))
    print(f"\nText drawn from the sSNU (temperature 0.8):\n  {text}", flush=True)
    return text


# ---- figures ------------------------------------------------------------------------------------

def draw(runs, inhibition, seed, out):
    """All figures of the runs; yields their paths."""
    # that of the first seed
    first = {(r.results["task"], r.results["unit"]): r for r in reversed(runs)}
    results = [r.results for r in runs]
    yield from _draw_neuron(first["digits", "snu"], seed, out)
    yield from _draw_music(first["music", "ssnu"], out)
    for task in TASKS:
        curves = [r.results for (name, _), r in reversed(first.items()) if name == task]
        yield figures.learning_curves(curves, out / f"learning_curves_{task}.png")
        groups = [(unit, group[0]["parameters"], figures_of(group))
                  for (name, unit), group in by_unit(results).items() if name == task]
        if len(groups) > 2:  # two points say nothing
            yield figures.figure_against_parameters(
                groups, out / f"parameters_{task}.png", metric=first[task, "snu"].results["metric"],
                title=f"{task.capitalize()}: units against their size")
    yield figures.input_weights(
        [("without lateral inhibition" if not row["inhibition"] else "with lateral inhibition",
          row["weights"])
         for row in inhibition], out / "input_weights.png")


def _draw_neuron(run, seed, out):
    """A hidden neuron and the raster of all spikes, for the first test image."""
    task, settings = run.loaded.task, run.settings
    values, labels = task.data["test"]
    x = task.code(values[:1], settings, np.random.default_rng([seed, 2]), FIGURE_STEPS)
    _, cache = run.network.forward(x)
    hidden = cache.layers[0]
    # the neuron to show: about a spike in four steps, so that several resets can be seen
    unit = int(np.argmin(np.abs(hidden.y[:, 0].mean(axis=0) - 0.25)))
    yield figures.neuron_trace(cache, out / "neuron.png", unit=unit,
                               title="A neuron charges, fires, and is reset")
    yield figures.spike_raster(cache, out / "spikes.png",
                               title=f"Spikes of the network for one digit, a {labels[0]}")


def _draw_music(run, out):
    """The first test piece: its notes, and what the network expected before it saw them."""
    batch = pad(run.loaded.task.data["test"][:1])
    y, _ = run.network.forward(batch.x)
    yield figures.piano_rolls(batch.target[:, 0], sigmoid(y[:, 0]), out / "piano_roll.png",
                              title="A chorale, and what the network expects at each step")
