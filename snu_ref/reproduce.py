"""`python -m snu_ref reproduce`: the gradient evidence, the tasks, one table, and figures, in one go.

Trains the units on the small data with the presets "small" and writes a folder with results.json and
figures. The paper's figures stand beside ours and are of the full data; they are not to be compared
digit by digit.
"""
import json
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np

from . import figures
from .activations import sigmoid
from .gradcheck.command import summarise
from .gradcheck.evidence import evidence
from .tasks.loading import load_task
from .tasks.music import pad
from .tasks.presets import find_preset
from .tasks.published import FIGURES
from .tasks.run import run_task
from .tasks.units import UNITS

TASKS = ("digits", "music", "language")
QUICK_EPOCHS = 2
QUICK_EVERY = 16  # with --quick, one in so many of the gradient checks


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--quick", action="store_true", help="everything at toy size, in under 30 s")
    parser.add_argument("--seed", type=int, default=0, help="start of all random numbers (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("snu_ref_out"), metavar="DIR",
                        help="folder for results (default: %(default)s)")


def run(args):
    """Run all parts; the exit status is 1 if a gradient is out."""
    start = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    print("1. Gradients: hand-derived, against central differences, the complex step and a scalar twin")
    rows = islice(evidence(), 0, None, QUICK_EVERY) if args.quick else evidence()
    pieces = summarise(rows, print_rows=False)

    print(f"\n2. Tasks, preset small{' at toy size' if args.quick else ''}, seed {args.seed}", flush=True)
    changes = {"epochs": QUICK_EPOCHS} if args.quick else {}
    runs = {}
    for name in TASKS:
        for unit in ("snu", "ssnu"):
            loaded = load_task(name, unit)
            if unit == "snu":
                print("\n".join("   " + fact for fact in loaded.facts), flush=True)
            runs[name, unit] = run_task(loaded, find_preset(name, unit, "small"), args.seed,
                                        stream=sys.stderr, **changes)
    print("\n" + table([r.results for r in runs.values()]), flush=True)
    drawn = draw(runs, args.seed, args.out)
    results = {"seed": args.seed, "quick": args.quick, "gradients": pieces,
               "runs": [r.results for r in runs.values()],
               "seconds": round(time.monotonic() - start, 1)}
    (args.out / "results.json").write_text(json.dumps(results, indent=1))
    print(f"\n3. Written in {results['seconds']:.0f} s to {args.out}{'/' if str(args.out) != '.' else ''}:")
    print("\n".join(f"   {path.name}" for path in [args.out / "results.json", *drawn]))
    return 1 if any(s["failed"] for s in pieces) else 0


def table(results):
    """The runs as text: task, unit, parameters, test figure, seconds, and the paper's on the full data."""
    lines = [f"{'task':9} {'unit':5} {'parameters':>10}  {'test figure':24} {'seconds':>7}   "
             "paper, on the full data (another size of task)"]
    seen = set()
    for r in results:
        name = UNITS[r["unit"]][0]
        value, network = FIGURES.get((r["task"], r["unit"]), (None, ""))
        theirs = f"{value:g} ({network})" if value else "-"
        lines.append(f"{r['task']:9} {name:5} {r['parameters']:10,}  {figure_of(r):24} {r['seconds']:7.1f}   {theirs}")
        if r["task"] not in seen:
            seen.add(r["task"])
    for r in {r["task"]: r for r in results}.values():
        for name, value in r["baselines"].items():
            lines.append(f"{r['task']:9} {name + ', for comparison':17}  {with_unit(r['metric'], value):24}")
    return "\n".join(lines)


def figure_of(result):
    """The test figure of a run, with its unit."""
    return with_unit(result["metric"], result["test"][result["metric"]])


def with_unit(metric, value):
    """A figure as a reader wants it: 96.5 %, 8.72 nats a step, perplexity 41.2."""
    return {"accuracy": f"{100 * value:.2f} % correct", "nll": f"{value:.3f} nats a step",
            "perplexity": f"perplexity {value:.1f}"}[metric]


# ---- figures ------------------------------------------------------------------------------------

def draw(runs, seed, out):
    """All figures of the runs; returns their paths."""
    paths = [figures.learning_curves([r.results for (task, _), r in runs.items() if task == name],
                                     out / f"learning_curves_{name}.png") for name in TASKS]
    return [*_draw_neuron(runs["digits", "snu"], seed, out), *_draw_music(runs["music", "ssnu"], out), *paths]


def _draw_neuron(run, seed, out):
    """A hidden neuron and the raster of all spikes, for the first test image."""
    task, settings = run.loaded.task, run.settings
    values, labels = task.data["test"]
    x = task.code(values[:1], settings, np.random.default_rng([seed, 2]))
    _, cache = run.network.forward(x)
    hidden = cache.layers[0]
    # the neuron to show: about a spike in four steps, so that several resets can be seen
    unit = int(np.argmin(np.abs(hidden.y[:, 0].mean(axis=0) - 0.25)))
    trace = (a[:, 0, unit] for a in (hidden.s, hidden.v, hidden.y))
    yield figures.neuron_trace(*trace, -hidden.b[unit], out / "neuron.png",
                               title="A neuron charges, fires above its threshold, and is reset")
    yield figures.spike_raster(x[:, 0], [layer.y[:, 0] for layer in cache.layers], out / "spikes.png",
                               title=f"Spikes of the network for one digit, a {labels[0]}")


def _draw_music(run, out):
    """The first test piece: its notes, and what the network expected before it saw them."""
    batch = pad(run.loaded.task.data["test"][:1])
    y, _ = run.network.forward(batch.x)
    yield figures.piano_rolls(batch.target[:, 0], sigmoid(y[:, 0]), out / "piano_roll.png",
                              title="A chorale, and what the network expects at each step")
