"""Train one network; write checkpoint, results and learning curve to a folder.

Prints the settings with their sources and one line per epoch, and writes
checkpoint.npz, learning_curve.png and results.json. The test split is read
once, at the end. A checkpoint is written before the first update and after
every epoch. So a run can be stopped at any moment: with --resume it continues,
and ends with the same numbers.

To train a finished run for longer, give --resume and a larger --epochs. With a
constant schedule the result is the same as with that many epochs from the
start. With a cosine schedule it differs: the first epochs followed a cosine
over the old number of epochs, and the new ones follow a cosine over the new
number, so the learning rate jumps up.

Preset paper needs your own copy of the full data: MNIST's four IDX files for
digits, jsb-chorales-quarter.json for music, ptb.train.txt, ptb.valid.txt and
ptb.test.txt for language.

--own trains on your own data: a folder of IDX files with square images, a JSON
file of MIDI pitches, or any text. Its results are labelled "own data, not the
published set".

examples:
  python -m snu_ref train music --unit snu
  python -m snu_ref train digits --unit lstm --seed 3 --out runs/try
  python -m snu_ref train digits --unit lstm --seed 3 --out runs/try --resume
  python -m snu_ref train music --set lr=0.01 --set options.decay=0.9
  python -m snu_ref train music --unit snu --weights pcm
  python -m snu_ref train language --unit ssnu --preset paper --data ptb
  python -m snu_ref train language --unit ssnu --own book.txt

exit status: 0 for success, 1 if the loss diverged, 2 for bad input, 130 if
stopped by Ctrl-C."""
import sys
from pathlib import Path

import numpy as np

from .. import figures, validation
from ..files import one_writer, write_json
from ..tasks import checkpoints
from ..tasks.language import sample_text
from ..tasks.loading import OWN, load_task
from ..tasks.presets import PRESETS, find_preset
from ..tasks.progress import clock
from ..tasks.run import run_task
from ..tasks.settings import SETTINGS, changes_in_name, describe, read_changes, settings_of
from ..tasks.training import trial
from ..tasks.units import UNITS
from . import add_seeds, seeds_of, wrapped

FIGURES = {  # task: {validation result: its unit}
    "digits": {"accuracy": "0..1"}, "music": {"nll": "nats a step", "nll_per_piece": "nats a step"},
    "language": {"perplexity": "words"}}
SET = """\
settings for --set NAME=VALUE; options and store are dicts, and
--set options.decay=0.9 changes one entry:
"""


def add_arguments(parser):
    """Add the options of the command; the help ends with the table of settings."""
    parser.epilog = SET + "\n".join(f"  {name:19}{meaning}" for name, (meaning, _)
                                    in SETTINGS.items()) + f"\n\n{parser.epilog}"
    parser.add_argument("task", choices=sorted({task for task, _ in PRESETS}), metavar="TASK",
                        help="one of %(choices)s")
    parser.add_argument("--unit", choices=UNITS, default="ssnu",
                        help="the unit; snu-conv is for digits only (default: %(default)s)")
    parser.add_argument("--preset", choices=("small", "paper"), default="small",
                        help="the table of settings: small data, or the full sets (default: "
                             "%(default)s)")
    parser.add_argument("--weights", choices=("software", "pcm"), default="software",
                        help="where the weights are: software; or pcm, phase-change devices, "
                             "which are trained in the loop with settings of their own (only "
                             "for music with --unit snu)")
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="folder with the full data set, for preset paper")
    parser.add_argument("--own", type=Path, metavar="PATH",
                        help="your own data: a folder of IDX files, a JSON file of pitches, or a "
                             "text (formats: snu_ref/data/README.md)")
    parser.add_argument("--epochs", type=int, metavar="N",
                        help="train for N epochs instead of the preset's number; with --resume, "
                             "a larger N trains a finished run for longer")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
                        help="change one setting of the preset, as in --set lr=0.005, "
                             "--set hidden=\"(64, 64)\" or --set options.decay=0.9; may be given "
                             "several times; all settings are listed below")
    add_seeds(parser)
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for results (default: runs/TASK-UNIT-PRESET-SEED, followed by "
                             "the name of your own data and the changed settings)")
    parser.add_argument("--resume", action="store_true",
                        help="continue from the checkpoint in the folder for results; start from "
                             "the beginning if there is none")


def run(args):
    """Train, test once, and write checkpoint.npz, results.json and learning_curve.png."""
    seeds_of(args)
    preset = _preset(args)
    table = find_preset(args.task, args.unit, preset)
    if args.epochs is not None:
        args.changes.append(f"epochs={validation.positive_int('--epochs', args.epochs)}")
    changes = read_changes(args.changes, table)
    out = args.out or Path("runs") / (f"{args.task}-{args.unit}-{preset}-{args.seed}"
                                      + (f"-own-{args.own.resolve().stem}" if args.own else "")
                                      + changes_in_name(table, changes))
    loaded = load_task(args.task, args.unit, preset, args.data, args.own)
    settings = settings_of(table, **changes)
    trial(loaded.task, settings, args.seed)
    checkpoint = out / "checkpoint.npz"
    identity = checkpoints.identity_of(loaded.task, settings, args.seed)
    with one_writer("--out", out):
        planned = _check_earlier_run(out, identity, args.resume)
        if planned and planned < settings.epochs:
            print(f"trained for longer: {settings.epochs} epochs instead of {planned}")
        resume = args.resume and checkpoint.exists()
        if args.resume and not resume:
            print(f"no checkpoint in {out}: starting at epoch 1")
        print("\n".join(loaded.facts))
        print(f"settings of preset {preset}, and where they come from\n"
              f"{describe(table, **changes)}\n"
              "loss: on the training data; all else: on the validation data")
        names = FIGURES[args.task]
        print(_row("epoch", ["loss", *names], "time", "left") + "\n"
              + _row("", ["", *names.values()], "s", "min:s"), flush=True)
        try:
            result = run_task(loaded, table, args.seed, preset=preset, checkpoint=checkpoint,
                              resume=resume, stream=sys.stderr, report=_print_epoch, **changes)
            write_json(out / "results.json", result.results)
            _print_result(result, args.seed, out)
            figures.learning_curves([result.results], out / "learning_curve.png")
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(
                f"to continue from {checkpoint}, run the same command with --resume") from stop
    return 1 if result.trained.diverged else 0


def _check_earlier_run(out, identity, resume):
    """The epochs of the run to continue, or None; ValueError if `out` contains another run."""
    checkpoint, results = out / "checkpoint.npz", out / "results.json"
    if not checkpoint.exists():
        if results.exists():
            raise ValueError(f"{out}: expected checkpoint.npz beside results.json, found none; "
                             "give another --out")
        return None
    _, saved, _, history = checkpoints.read(checkpoint)
    planned, different = saved["settings"].get("epochs"), checkpoints.differences(identity, saved)
    if different:
        raise ValueError(f"{checkpoint}: {'; '.join(different)}; give another --out")
    if not resume:
        epochs = identity["settings"]["epochs"]
        way = ("--resume and a larger --epochs to train longer"
               if results.exists() and len(history) >= epochs else
               f"--resume to continue to epoch {epochs}")
        raise ValueError(f"{checkpoint}: expected no file, found this run after {len(history)} of "
                         f"{planned} epochs; give {way}, or another --out")
    return planned


def _preset(args):
    """The preset; ValueError for an option that would have no effect on it."""
    if args.weights == "pcm":
        if (args.task, args.unit) != ("music", "snu"):
            raise ValueError("--weights pcm: expected music --unit snu, "
                             f"got {args.task} --unit {args.unit}")
        if args.preset == "paper":
            raise ValueError("--preset: expected none with --weights pcm, which has its own "
                             "settings, got paper; for the full data use `python -m snu_ref memory "
                             "--data DIR`")
    if args.own is not None and args.data is not None:
        raise ValueError("--own: expected no --data beside it, got both")
    if args.data is not None and args.preset != "paper":
        raise ValueError(f"--data: expected none with preset {args.preset!r}, whose data come with "
                         "the package or Python; give --preset paper for the full data")
    return "pcm" if args.weights == "pcm" else args.preset


def _row(epoch, figures, seconds, left):
    """A line of the table of epochs."""
    return f"{epoch:>5}" + "".join(f"{value:>15}" for value in figures) + f"{seconds:>9}{left:>9}"


def _print_epoch(record, left):
    figures = [f"{value:.4f}" for name, value in record.items()
               if name not in ("epoch", "planned", "warnings", "seconds")]
    print(_row(record["epoch"], figures, f"{record['seconds']:.1f}", clock(left)), flush=True)


def _print_result(run, seed, out):
    """Print the kept epoch, its test results and those of simple models, and the next command."""
    trained, results = run.trained, run.results
    if hasattr(trained.store, "counters"):  # the weights are on devices
        print(f"{trained.store.n_devices:,} devices\n" + wrapped(", ".join(
            f"{name} {count:,}" for name, count in trained.store.counters.items())))
    kept = "the last" if run.settings.keep == "last" else "the best by validation"
    print(f"epoch {trained.best_epoch} was kept, {kept}; test "
          + ", ".join(f"{name} {value:.4f}" for name, value in run.figures.items())
          + f" ({OWN})" * run.loaded.own)
    for name, value in run.loaded.baselines.items():
        print(f"for comparison, a simple model: {name}, test {run.task.metric} {value:.4f}")
    if run.loaded.words:
        rng = np.random.default_rng([seed, 3])
        print("a sample:\n" + wrapped(sample_text(run.network, run.loaded.words, rng)))
    print(f"{results['parameters']:,} parameters, {results['seconds']:.0f} s; results in {out}\n"
          f"to use the network: python -m snu_ref use {out}", flush=True)
