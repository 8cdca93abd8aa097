"""`python -m snu_ref reproduce`: gradient evidence, tasks, inhibition, memory; tables and figures.

Trains the units on the small data with the presets "small", all with the same budget, and writes a
folder with results.json and figures. The paper's figures stand beside ours and are of the full data;
they are not to be compared digit by digit.
"""
import json
import math
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from . import figures, validation
from .activations import sigmoid
from .gradcheck.command import summarise
from .gradcheck.evidence import evidence
from .memory_report import run_memory
from .output import output_folder, whole_file
from .tasks.inhibition import compare_inhibition, inhibition_table
from .tasks.language import sample_text
from .tasks.loading import load_task
from .tasks.music import pad
from .tasks.presets import find_preset
from .tasks.published import FIGURES
from .tasks.run import run_task
from .tasks.units import COMPARED, UNITS

TASKS = ("digits", "music", "language")
QUICK_EPOCHS = 2
FIGURE_STEPS = 40  # longer than in training, to see more resets


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--all", action="store_true",
                        help="RNN, GRU and LSTM beside SNU and sSNU, with the same budget (up to 25 minutes)")
    parser.add_argument("--quick", action="store_true", help="two epochs a run, in under 30 s: a trial of the command, not of the units")
    parser.add_argument("--seed", type=int, default=0,
                        help="start of all random numbers (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N",
                        help="train N times, from seeds SEED, SEED + 1 ...; mean and spread are printed")
    parser.add_argument("--out", type=Path, default=Path("snu_ref_out"), metavar="DIR",
                        help="folder for results (default: %(default)s)")


def run(args):
    """Run all parts; the exit status is 1 if a gradient is out."""
    start = time.monotonic()
    validation.number_in("--seed", args.seed, 0, math.inf)
    validation.positive_int("--seeds", args.seeds)
    output_folder("--out", args.out)
    print("1. Gradients: hand-derived, against central differences, the complex step and a scalar twin")
    pieces = summarise(evidence(), print_rows=False)

    seeds = range(args.seed, args.seed + args.seeds)
    print(f"\n2. Tasks, preset small{', two epochs' if args.quick else ''}, "
          + (f"seed {args.seed}" if args.seeds == 1 else f"seeds {seeds[0]} to {seeds[-1]}"), flush=True)
    changes = {"epochs": QUICK_EPOCHS} if args.quick else {}
    runs = train_all(COMPARED if args.all else ("snu", "ssnu"), seeds, changes)
    results = [r.results for r in runs]
    print("\n" + table(results), flush=True)

    print_sample(runs, args.seed)

    print(f"\n3. Lateral inhibition and sparsity, seed {args.seed}", flush=True)
    inhibition = compare_inhibition(args.seed, sys.stderr, **changes)
    print(inhibition_table(inhibition), flush=True)

    print(f"\n4. Weights on phase-change devices, music 88-150-88, seed {args.seed}", flush=True)
    first = {(r.results["task"], r.results["unit"]): r for r in reversed(runs)}  # that of the first seed
    memory, pcm_drawn = run_memory(first["music", "snu"].loaded, first["digits", "snu"], args.seed, args.out,
                                   quick=args.quick, stream=sys.stderr)

    drawn = draw(runs, inhibition, args.seed, args.out) + pcm_drawn
    summary = {"seed": args.seed, "seeds": args.seeds, "quick": args.quick, "gradients": pieces,
               "runs": results,
               "inhibition": [{k: v for k, v in row.items() if k != "weights"} for row in inhibition],
               "memory": memory, "seconds": round(time.monotonic() - start, 1)}
    with whole_file(args.out / "results.json") as file:
        file.write(json.dumps(summary, indent=1).encode())
    print(f"\nWritten in {summary['seconds']:.0f} s to the folder {args.out}:")
    print("\n".join(f"   {path.name}" for path in [args.out / "results.json", *drawn]))
    return 1 if any(s["failed"] for s in pieces) else 0


def train_all(units, seeds, changes):
    """One Run for each task, unit and seed, in this order; prints what each task's data hold."""
    runs = []
    for name in TASKS:
        for unit in units:
            loaded = load_task(name, unit)
            if unit == units[0]:
                print("\n".join("   " + fact for fact in loaded.facts), flush=True)
            runs += [run_task(loaded, find_preset(name, unit, "small"), seed, stream=sys.stderr, **changes)
                     for seed in seeds]
    return runs


def print_sample(runs, seed):
    """A few lines of text from the first sSNU trained on language."""
    run = next(r for r in runs if r.results["task"] == "language" and r.results["unit"] == "ssnu")
    text = sample_text(run.network, run.loaded.words, np.random.default_rng([seed, 3]))
    print(f"\nText drawn from the sSNU (temperature 0.8):\n  {text}", flush=True)


def by_unit(results):
    """The results grouped by (task, unit): a dict of lists, one entry a seed."""
    groups = {}
    for r in results:
        groups.setdefault((r["task"], r["unit"]), []).append(r)
    return groups


def table(results):
    """The runs as text: task, unit, parameters, test figure, seconds, and the paper's on the full data."""
    lines = [f"{'task':9} {'unit':5} {'parameters':>10}  {'test figure':28} {'seconds':>7}   "
             "paper (full data, larger networks: not comparable)"]
    for (task, unit), group in by_unit(results).items():
        value, network = FIGURES.get((task, unit), (None, ""))
        theirs = f"{value:g} ({network})" if value else "-"
        metric = group[0]["metric"]
        figure = in_words(metric, [r["test"][metric] for r in group])
        seconds = np.mean([r["seconds"] for r in group])
        lines.append(f"{task:9} {UNITS[unit][0]:5} {group[0]['parameters']:10,}  {figure:28} "
                     f"{seconds:7.1f}   {theirs}")
    for r in {r["task"]: r for r in results}.values():
        lines += [f"{r['task']:9} {'baseline: ' + name:29}  {in_words(r['metric'], [value])}"
                  for name, value in r["baselines"].items()]
    if any(len(group) > 1 for group in by_unit(results).values()):
        lines.append("mean +- standard deviation over the seeds")
    return "\n".join(lines)


def in_words(metric, values):
    """Figures of the seeds as a reader wants them: 96.51 % correct, 8.723 +- 0.012 nats a step."""
    digits, factor, before, after = {
        "accuracy": (2, 100, "", " % correct"), "nll": (3, 1, "", " nats a step"),
        "perplexity": (1, 1, "perplexity ", "")}[metric]
    mean, spread = factor * np.mean(values), factor * np.std(values)
    return f"{before}{mean:.{digits}f}" + (f" +- {spread:.{digits}f}" if len(values) > 1 else "") + after


# ---- figures ------------------------------------------------------------------------------------

def draw(runs, inhibition, seed, out):
    """All figures of the runs; returns their paths."""
    first = {(r.results["task"], r.results["unit"]): r for r in reversed(runs)}  # that of the first seed
    results = [r.results for r in runs]
    paths = [*_draw_neuron(first["digits", "snu"], seed, out), *_draw_music(first["music", "ssnu"], out)]
    for task in TASKS:
        curves = [r.results for (name, _), r in reversed(first.items()) if name == task]
        paths.append(figures.learning_curves(curves, out / f"learning_curves_{task}.png"))
        groups = [(unit, group[0]["parameters"], [r["test"][r["metric"]] for r in group])
                  for (name, unit), group in by_unit(results).items() if name == task]
        if len(groups) > 2:  # two points say nothing
            paths.append(figures.figure_against_parameters(
                groups, out / f"parameters_{task}.png", metric=first[task, "snu"].results["metric"],
                title=f"{task.capitalize()}: units against their size"))
    paths.append(figures.input_weights(
        [("without lateral inhibition" if not row["inhibition"] else "with lateral inhibition", row["weights"])
         for row in inhibition], out / "input_weights.png"))
    return paths


def _draw_neuron(run, seed, out):
    """A hidden neuron and the raster of all spikes, for the first test image."""
    task, settings = run.loaded.task, run.settings
    values, labels = task.data["test"]
    rate = settings.max_spikes / settings.n_steps
    longer = SimpleNamespace(n_steps=FIGURE_STEPS, max_spikes=rate * FIGURE_STEPS)  # the same rates
    x = task.code(values[:1], longer, np.random.default_rng([seed, 2]))
    _, cache = run.network.forward(x)
    hidden = cache.layers[0]
    # the neuron to show: about a spike in four steps, so that several resets can be seen
    unit = int(np.argmin(np.abs(hidden.y[:, 0].mean(axis=0) - 0.25)))
    trace = (a[:, 0, unit] for a in (hidden.s, hidden.v, hidden.y))
    yield figures.neuron_trace(*trace, -hidden.b[unit], out / "neuron.png",
                               title="A neuron charges, fires, and is reset")
    yield figures.spike_raster(x[:, 0], [layer.y[:, 0] for layer in cache.layers], out / "spikes.png",
                               title=f"Spikes of the network for one digit, a {labels[0]}")


def _draw_music(run, out):
    """The first test piece: its notes, and what the network expected before it saw them."""
    batch = pad(run.loaded.task.data["test"][:1])
    y, _ = run.network.forward(batch.x)
    yield figures.piano_rolls(batch.target[:, 0], sigmoid(y[:, 0]), out / "piano_roll.png",
                              title="A chorale, and what the network expects at each step")
