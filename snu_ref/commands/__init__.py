"""The command line, one file for each command; --help prints the docstring of the file."""
import math
import shutil
import textwrap

from .. import validation


def add_seeds(parser, several=""):
    """Add --seed, and --seeds if `several` (the end of its help) is not empty."""
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="seed of all random numbers (default: %(default)s)")
    if several:
        parser.add_argument("--seeds", type=int, default=1, metavar="N",
                            help=f"train N times, with seeds SEED, SEED + 1, ...{several} "
                                 "(default: %(default)s)")


def seeds_of(args):
    """The checked seeds from the options of `add_seeds`; one seed without --seeds."""
    first = validation.integer("--seed", args.seed, 0, math.inf)
    return range(first, first + validation.positive_int("--seeds", getattr(args, "seeds", 1)))


def wrapped(text):
    """The lines of a text, indented, as wide as the terminal (20 to 100 columns)."""
    width = max(20, min(100, shutil.get_terminal_size().columns)) - 1
    return "\n".join(textwrap.fill(line.strip(), width, initial_indent="  ",
                                   subsequent_indent="  ") for line in text.splitlines())
