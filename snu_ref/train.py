"""`python -m snu_ref train TASK`: one training run, with checkpoints, a learning curve and results.json."""
import json
import sys
from pathlib import Path

import numpy as np

from . import figures, validation
from .tasks.language import sample_text
from .tasks.loading import load_task
from .tasks.presets import PRESETS, describe, find_preset
from .tasks.run import run_task
from .tasks.units import UNITS


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("task", choices=sorted({task for task, _ in PRESETS}), metavar="TASK",
                        help="one of %(choices)s")
    parser.add_argument("--unit", choices=UNITS, default="ssnu", help="the unit (default: %(default)s)")
    parser.add_argument("--preset", choices=sorted({preset for _, preset in PRESETS}), default="small",
                        help="the table of settings (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="folder with the full data set, for preset paper")
    parser.add_argument("--epochs", type=int, metavar="N",
                        help="train for N epochs instead of the preset's number")
    parser.add_argument("--seed", type=int, default=0,
                        help="start of all random numbers (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for results (default: runs/TASK-UNIT-PRESET-SEED)")
    parser.add_argument("--resume", action="store_true",
                        help="go on from the checkpoint in the folder for results")


def run(args):
    """Train, test once, and write checkpoint.npz, learning_curve.png and results.json."""
    table = find_preset(args.task, args.unit, args.preset)
    loaded = load_task(args.task, args.unit, args.preset, args.data)
    out = args.out or Path("runs") / f"{args.task}-{args.unit}-{args.preset}-{args.seed}"
    checkpoint = out / "checkpoint.npz"
    if checkpoint.exists() and not args.resume:
        raise ValueError(f"{checkpoint} is of an earlier run: give --resume to go on with it, "
                         "or another --out")
    out.mkdir(parents=True, exist_ok=True)
    print("\n".join(loaded.facts))
    print(f"settings of preset {args.preset}\n{describe(table)}", flush=True)
    changes = {}
    if args.epochs is not None:
        changes["epochs"] = validation.positive_int("--epochs", args.epochs)
    result = run_task(loaded, table, args.seed, preset=args.preset, checkpoint=checkpoint,
                      resume=args.resume, stream=sys.stderr, report=_print_epoch, **changes)
    (out / "results.json").write_text(json.dumps(result.results, indent=1))
    figures.learning_curves([result.results], out / "learning_curve.png")
    test = result.results["test"]
    print(f"best epoch {result.trained.best_epoch} by validation; test "
          + ", ".join(f"{name} {value:.4f}" for name, value in test.items()))
    for name, value in loaded.baselines.items():
        print(f"for comparison: {name} {value:.4f}")
    if loaded.words:
        rng = np.random.default_rng([args.seed, 3])
        print("a sample:\n  " + sample_text(result.network, loaded.words, rng))
    print(f"{result.results['parameters']:,} parameters, {result.results['seconds']:.0f} s; results in {out}")
    return 0


def _print_epoch(record):
    print("  ".join(f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
                    for name, value in record.items()), flush=True)
