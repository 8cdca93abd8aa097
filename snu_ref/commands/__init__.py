"""The command line, one file a command; a module's docstring is what its --help prints."""
import math

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
