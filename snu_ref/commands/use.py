"""Use the network of a finished run: see its mistakes, hear it, read it.

    digits     lists the test images that it gets wrong; draws them in wrong.png
    music      continues a test piece; writes the piano roll continued.png and
               the sound continued.wav
    language   continues a text and prints it

In Python: snu_ref.tasks.load_run(RUN).

examples:
  python -m snu_ref use runs/digits-snu-small-0
  python -m snu_ref use runs/music-ssnu-small-0 --prime 8 --temperature 0.7
  python -m snu_ref use runs/language-ssnu-small-0 --prompt "the value of"

exit status: 0, or 2 for bad input."""
from pathlib import Path

import numpy as np

from .. import figures, validation
from ..data.corpus import tokenise
from ..files import output_folder
from ..tasks.language import sample_text
from ..tasks.loading import OWN
from ..tasks.music import continued, write_wav
from ..tasks.run import load_run
from . import add_seeds, seeds_of, wrapped

OPTIONS = {  # {option: (type, letter, {each task that has it: default}, meaning)}
    "piece": (int, "N", {"music": 1}, "number of the test piece, counted from 1"),
    "prime": (int, "N", {"music": 16}, "steps of the piece that the network hears"),
    "steps": (int, "N", {"music": 48}, "steps that the network plays after them"),
    "prompt": (str, "TEXT", {"language": ""}, "the text that the network continues"),
    "words": (int, "N", {"language": 60}, "words that the network writes"),
    "temperature": (float, "T", {"music": 1.0, "language": 0.8},
                    "below 1 makes likely notes and words likelier; 0 plays every key with a "
                    "probability above 1/2, and always writes the likeliest word"),
}
MOST = 10_000   # steps or words; our choice
PICTURED = 40   # the most images in wrong.png; our choice


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("run_folder", type=Path, metavar="RUN",
                        help="the folder of a finished run of `train`")
    parser.add_argument("--data", type=Path, metavar="PATH",
                        help="the run's data, if they have been moved")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for pictures and sound (default: RUN)")
    add_seeds(parser)
    for name, (kind, letter, defaults, meaning) in OPTIONS.items():
        values = ", ".join(f"{value} for {task}" if len(defaults) > 1 else str(value)
                           for task, value in defaults.items())
        parser.add_argument(f"--{name}", type=kind, metavar=letter,
                            help=f"{', '.join(defaults)}: {meaning}"
                            + f" (default: {values})" * bool(values))


def run(args):
    """Load the run, print what it is, and use it; the exit status is 0."""
    seeds_of(args)
    if args.temperature is not None:
        validation.number_in("--temperature", args.temperature, 0, np.inf, high_open=True)
    loaded = load_run(args.run_folder, args.data)
    results, task = loaded.results, loaded.task.name
    for name, (_, _, defaults, _) in OPTIONS.items():
        value = getattr(args, name)
        if value is None:
            setattr(args, name, defaults.get(task))
        elif task not in defaults:
            raise ValueError(f"--{name}: expected a run of {' or '.join(defaults)}, got one of "
                             f"{task}")
        elif name not in ("prompt", "temperature"):
            validation.integer(f"--{name}", value, 1, MOST)
    print(f"{task}, unit {results['unit']}, preset {results['preset']}, seed {results['seed']}\n"
          + "test " + ", ".join(f"{name} {value:.4f}" for name, value in loaded.figures.items()
                              if value is not None)  # None if it was not finite
          + f" ({OWN})" * loaded.loaded.own)
    print(loaded.network, flush=True)
    folder = args.out or args.run_folder
    rng = np.random.default_rng([args.seed, 4])
    {"digits": _digits, "music": _music, "language": _language}[task](loaded, args, folder, rng)
    return 0


def _digits(run, args, folder, rng):
    """List and draw the test images with a wrong answer; the input spikes are those of the test."""
    task = run.task
    values, labels = task.data["test"]
    answers = task.answers(run.network, "test", run.settings, run.results["seed"])
    wrong = np.flatnonzero(answers != labels)
    print(f"{len(wrong)} of {len(labels):,} test images are wrong")
    if not len(wrong):
        return
    print(wrapped("each as image:class>answer, images counted from 0: " + ", ".join(
        f"{i}:{task.classes[labels[i]]}>{task.classes[answers[i]]}" for i in wrong)))
    shown = wrong[:PICTURED]
    images = values[shown].reshape(-1, *task.image_shape)
    classes = np.array(task.classes)
    path = figures.wrong_images(images, classes[labels[shown]], classes[answers[shown]],
                                output_folder("--out", folder) / "wrong.png",
                                title="Test images with a wrong answer: class, answer")
    print(f"written: {path}")


def _music(run, args, folder, rng):
    """Continue a test piece."""
    pieces = run.task.data["test"]
    if args.piece > len(pieces):
        raise ValueError(f"--piece: expected 1 to {len(pieces)}, got {args.piece}")
    start = pieces[args.piece - 1][:args.prime]
    if len(start) < args.prime:
        raise ValueError(f"--prime: expected at most the {len(start)} steps of test piece "
                         f"{args.piece}, got {args.prime}")
    roll = np.concatenate([start, continued(run.network, start, args.steps, rng, args.temperature)])
    notes = [part.sum(axis=1).mean() for part in (start, roll[args.prime:])]
    print(f"test piece {args.piece}, temperature {args.temperature:g}\n"
          f"  given        {args.prime} steps, {notes[0]:.1f} notes a step\n"
          f"  the network  {args.steps} steps, {notes[1]:.1f} notes a step")
    output_folder("--out", folder)
    picture, sound = folder / "continued.png", folder / "continued.wav"
    figures.continued_roll(roll, args.prime, picture, title="The network continues")
    write_wav(roll, sound)
    print(f"written: {picture}\nwritten: {sound}")


def _language(run, args, folder, rng):
    """Continue a text."""
    vocabulary = run.loaded.words
    prompt = tokenise(args.prompt) or ("<eos>",)
    unknown = sorted(set(prompt) - set(vocabulary))
    if unknown:
        print("not in the vocabulary, read as <unk>: " + ", ".join(unknown))
    text = sample_text(run.network, vocabulary, rng, args.words, args.temperature, prompt)
    print(f"temperature {args.temperature:g}; the network's words follow the bar |\n" + wrapped(
        " ".join(word for word in prompt if word != "<eos>") + " | " + text.strip()))
