"""The command line, one file a command; a module's docstring is what its --help prints."""
import math
import shutil
import textwrap

from .. import validation


def add_seeds(parser, several=""):
    """Add --seed and, if there is something to say of `several` seeds, --seeds."""
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="start of all random numbers (default: %(default)s)")
    if several:
        parser.add_argument("--seeds", type=int, default=1, metavar="N",
                            help=f"train N times, from seeds SEED, SEED + 1 ...{several} "
                                 "(default: %(default)s)")


def seeds_of(args):
    """The seeds that `add_seeds` asks for, checked; without --seeds a single one."""
    first = validation.integer("--seed", args.seed, 0, math.inf)
    return range(first, first + validation.positive_int("--seeds", getattr(args, "seeds", 1)))


def wrapped(text):
    """The lines of a text, indented, as wide as the terminal, within 20 and 100 columns."""
    width = max(20, min(100, shutil.get_terminal_size().columns)) - 1
    return "\n".join(textwrap.fill(line.strip(), width, initial_indent="  ",
                                   subsequent_indent="  ") for line in text.splitlines())
