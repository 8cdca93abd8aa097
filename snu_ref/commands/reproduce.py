"""Train the paper's units side by side, to see whether the paper's claim holds.

Trains SNU, sSNU, RNN, GRU and LSTM on digits, music and language. Trains SNU
and sSNU without their membrane, digits with and without lateral inhibition, and
music on phase-change devices. Checks all gradients. No data are downloaded: the
package and Python contain them. The runs are parallel processes; their number
does not change the results. Prints everything, and writes it to a folder:
results.json, figures, the trained networks, and one page, report.html.

If the command is stopped or a process dies, the finished runs stay in
DIR/finished, and the same command with --resume continues from there. Without
--resume a new run starts and replaces what is in DIR.

examples:
  python -m snu_ref reproduce                      one seed
  python -m snu_ref reproduce --seeds 5            five seeds, with intervals
  python -m snu_ref reproduce --seeds 5 --resume   go on after a stop
  python -m snu_ref reproduce --quick --out try    a trial of the command

exit status: 0 if all gradients agree, 1 if one is wrong, 2 for bad input,
130 if stopped by Ctrl-C."""
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .. import __version__, figures, validation
from ..experiments import in_memory
from ..experiments.comparison import aligned, by_unit, compared, figures_of, table
from ..experiments.inhibition import inhibition_table
from ..experiments.reproduction import EXTENTS, MEMBRANES, TASKS, jobs_of, run_name
from ..experiments.side_by_side import run_jobs
from ..figures import devices
from ..files import one_writer, write_json
from ..gradcheck.checking import BOUNDS
from ..report.document import write_report
from ..tasks.loading import load_task
from ..tasks.units import COMPARED
from . import add_seeds, seeds_of, wrapped
from .gradcheck import print_summary
from .memory import over_time

FINISHED = "finished"  # subfolder of the results that keeps finished jobs


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("--all", action="store_true",
                        help="has no effect: all units are always trained")
    parser.add_argument("--quick", action="store_true",
                        help="try the command: one epoch a run on a tenth of the data, and the "
                             "gradients of a few variants; the results mean nothing")
    add_seeds(parser, "; means and intervals are printed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="run N processes in parallel; the results do not depend on N "
                             "(default: the number of processors, here %(default)s)")
    parser.add_argument("--resume", action="store_true",
                        help="continue a stopped run that had the same options; without it, a new "
                             "run replaces what is in the folder")
    parser.add_argument("--out", type=Path, default=Path("snu_ref_out"), metavar="DIR",
                        help="folder for results (default: %(default)s)")


def run(args):
    """Run all jobs, print and draw; the exit status is 1 if a gradient is wrong."""
    seeds = seeds_of(args)
    validation.positive_int("--jobs", args.jobs)
    with one_writer("--out", args.out) as out:
        started, clock = datetime.now(timezone.utc), time.monotonic()
        facts = {task: load_task(task, "snu").facts for task in TASKS}
        for task in TASKS:
            print("\n  ".join([task, *facts[task]]))
        if args.quick:
            print("A trial: one epoch a run on a tenth of these data. The results mean nothing.")
        sys.stdout.flush()
        jobs = jobs_of(seeds, out, args.quick)
        try:
            done = run_jobs(jobs, args.jobs, out / FINISHED, resume=args.resume,
                            identity=f"{__version__} {command(args)}", stream=sys.stderr)
        finally:  # a stopped worker may leave an unfinished file
            for file in (*out.glob("*.png.unfinished"), *out.glob("networks/*.unfinished")):
                file.unlink()
        summary = {"command": command(args), "started": started.isoformat(timespec="seconds"),
                   "machine": {**machine(), "processes": min(args.jobs, len(jobs))},
                   "seed": args.seed, "seeds": args.seeds, "quick": args.quick, "facts": facts,
                   **found(jobs, done, seeds, args.quick),
                   "seconds": round(time.monotonic() - clock, 1)}
        write_json(out / "results.json", summary)  # saved before drawing, which may fail
        print_all(summary)
        summary["figures"] += [path.name for path in draw(summary, out)]
        write_json(out / "results.json", summary)
        write_report(out)
        for file in (out / FINISHED).glob("*.json"):  # results.json now contains them
            file.unlink()
        (out / FINISHED).rmdir()
        print(f"\nWritten to {out} in {summary['seconds']:.0f} s ({summary['processor']:.0f} s of "
              "processor time); report.html shows it all:")
        for name in ("report.html", "results.json", *summary["figures"], "networks/"):
            print(f"   {name}")
    return 1 if any(s["failed"] for s in summary["gradients"]) else 0


def found(jobs, done, seeds, quick):
    """The results and times of all jobs, as in results.json."""
    results = {name: of.result for name, of in done.items()}
    used = {}
    for job in jobs:
        of = used.setdefault(job.part, {"part": job.part, "seconds": 0.0, "processor": 0.0})
        for key in ("seconds", "processor"):
            of[key] = round(of[key] + getattr(done[job.name], key), 1)
    return {"gradients": results["gradients"]["pieces"], "bounds": BOUNDS,
            "runs": [results[run_name(task, unit, seed)]["run"]
                     for task in TASKS for unit in COMPARED for seed in seeds],
            "without_membrane": [results[run_name(task, unit, seed, membrane=False)]["run"]
                                 for task in TASKS for unit in MEMBRANES for seed in seeds],
            "sample": results[run_name("language", "ssnu", seeds[0])]["sample"],
            "inhibition": results["inhibition"]["rows"],
            "memory": memory(results, seeds, quick),
            "figures": [name for of in results.values() for name in of.get("figures", ())],
            "parts": list(used.values()),
            "processor": round(sum(part["processor"] for part in used.values()), 1)}


def memory(results, seeds, quick):
    """The results of the jobs on phase-change devices, as in results.json."""
    extent = EXTENTS[quick]
    runs = {"music": [results[f"devices-{seed}"] for seed in seeds],
            "digits": [results[run_name("digits", "snu", seed)] for seed in seeds]}
    first = runs["music"][0]
    return {"devices": first["devices"], "device_seeds": extent.device_seeds, "ways": first["ways"],
            "over_time": {task: in_memory.joined([run["over_time"] for run in several])
                          for task, several in runs.items()},
            "precision": {task: {"metric": run["over_time"]["metric"], "bits": list(extent.bits),
                                 "after": run["after"],
                                 "during": [results[f"bits-{task}-{b}"]["figure"]
                                            for b in extent.bits],
                                 "software": run["over_time"]["software"]}
                          for task, (run, *_) in runs.items()},
            "precision_epochs": extent.precision_epochs}


def print_all(summary):
    """Print the tables."""
    seed, of = summary["seed"], summary["memory"]
    print("\n1. Tasks, "
          + (f"seed {seed}" if summary["seeds"] == 1
             else f"seeds {seed} to {seed + summary['seeds'] - 1}")
          + "\n" + table(summary)
          + f"\n\nText drawn from the sSNU (temperature 0.8):\n{wrapped(summary['sample'])}")
    print(f"\n2. Lateral inhibition and sparsity, seed {seed}\n"
          + aligned(*inhibition_table(summary["inhibition"])))
    print(f"\n3. Weights on phase-change devices, music 88-150-88, seed {seed}\n"
          + in_memory.table(of["ways"], of["devices"])
          + "\n\n" + over_time(of["over_time"], of["device_seeds"])
          + "\n\nResults with rounded weights, by number of bits (our own protocol)\n"
          + aligned(*in_memory.precision_table(of["precision"]))
          + "\nthe runs rounded in training are short, epochs: "
          + ", ".join(f"{task} {n}" for task, n in of["precision_epochs"].items()))
    print("\n4. Gradients: hand-derived, against central differences, the complex step and a "
          "scalar twin")
    print_summary(summary["gradients"])


def command(args):
    """The command, with the options that change the numbers."""
    return ("python -m snu_ref reproduce" + " --quick" * args.quick
            + f" --seed {args.seed} --seeds {args.seeds}")


def machine():
    """The versions, and what the times depend on: system, processors, BLAS threads."""
    return {"snu_ref": __version__, "Python": platform.python_version(), "NumPy": np.__version__,
            "matplotlib": version("matplotlib"),
            "system": f"{platform.system()}, {platform.machine()}",
            "processors": os.cpu_count(),
            "BLAS threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set")}


def draw(summary, out):
    """Draw the figures that need only the results, no network; returns their paths."""
    runs, of = summary["runs"], summary["memory"]
    paths = [figures.claim([(task, unit, name, group[0]["parameters"], figures_of(group))
                            for task, unit, name, group in compared(summary)], out / "claim.png")]
    for task in TASKS:
        # each unit's run from the first seed
        curves = [group[0] for (name, _), group in by_unit(runs).items() if name == task]
        paths.append(figures.learning_curves(curves, out / f"learning_curves_{task}.png"))
    paths.append(devices.learning_curves(of["ways"], out / "pcm_learning_curves.png"))
    for task in ("music", "digits"):
        paths += [devices.over_time(of["over_time"][task], out / f"pcm_year_{task}.png"),
                  devices.against_bits(of["precision"][task], out / f"bits_{task}.png")]
    return paths
