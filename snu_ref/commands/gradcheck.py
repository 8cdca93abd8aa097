"""Check every hand-derived gradient in three independent ways.

The ways: central differences (elements at kinks are left out), the complex
step, and a twin, which is a second derivation in scalar loops. Each parameter,
input and initial state has a row. A spiking layer is first frozen: instead of
its step it has a smooth function, which gives the spikes of one run and has the
surrogate's slope. A gradient of zero or a silent network is a failure; "zero"
marks gradients that must be 0. A piece is a layer, a network or a loss.

examples:
  python -m snu_ref gradcheck --summary      one line a piece (half a minute)
  python -m snu_ref gradcheck --piece SNU    every row of one piece

exit status: 0 if all gradients agree, 1 if one is wrong."""
import math

from ..experiments.comparison import aligned
from ..gradcheck.checking import BOUNDS
from ..gradcheck.table import catalogue, evidence, summary

HEADER = ("  parameter  |gradient| spikes  central  complex     twin kinks  verdict\n"
          "                        a step    error    error    error")


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("--piece", choices=sorted({entry.piece for entry in catalogue()}),
                        metavar="PIECE",
                        help="check this piece only (default: all), one of: %(choices)s")
    parser.add_argument("--summary", action="store_true",
                        help="print one line per piece, with its worst row, instead of every row")


def run(args):
    """Print the table; the exit status is 1 if a row failed."""
    rows = summarise(evidence(args.piece), print_rows=not args.summary)
    return 1 if any(s["failed"] for s in rows) else 0


def summarise(rows, print_rows):
    """Print all rows, or only the failed ones, and a summary; returns the summary."""
    if print_rows:
        print(HEADER)
    done, head = [], None
    for row in rows:
        done.append(row)
        if print_rows or row.failed:
            if head != f"{row.piece}: {row.variant}":
                head = f"{row.piece}: {row.variant}"
                print(head)
            print(format_row(row), flush=True)
    pieces = summary(done)
    print_summary(pieces)
    return pieces


def print_summary(pieces):
    """Print one line per piece, and the verdict on all of them."""
    ways = ("central", "complex", "twin")
    rows = [(s["piece"], s["variants"], s["tensors"], s["zero"], *(f"{s[way]:.1e}" for way in ways),
             s["failed"] or "-") for s in pieces]
    rows.append(("bound", "", "", "", *(f"{BOUNDS[way]:.0e}" for way in ways), ""))
    failed = sum(s["failed"] for s in pieces)
    print("\nlargest error by piece, relative to the tensor's largest element\n"
          + aligned(("piece", "variants", "tensors", "zero", *ways, "wrong"), rows) + "\n"
          + (f"{failed} gradients are wrong" if failed else "all gradients agree"))


def format_row(row):
    """A Row as one line of the table."""
    def error(e):
        return f"{'-':>8}" if math.isnan(e) else f"{e:8.1e}"
    rate = f"{'-':>6}" if math.isnan(row.spike_rate) else f"{row.spike_rate:6.2f}"
    return (f"  {row.parameter:10} {row.norm:10.3g} {rate} {error(row.central)} "
            f"{error(row.complex)} {error(row.twin)} {row.kinks or '-':>5}  {row.verdict}")
