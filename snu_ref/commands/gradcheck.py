"""Check every hand-derived gradient in three independent ways.

They are central differences, the complex step, and a second derivation in
scalar loops, for every layer, variant, parameter, input and initial state.
Spiking layers are differentiated as programs frozen at the nominal run. A
gradient of zero or a silent network counts as a failure.

examples:
  python -m snu_ref gradcheck --summary      one line a piece
  python -m snu_ref gradcheck --piece SNU    every row of one piece

exit status: 0 if all gradients agree, 1 if one is wrong."""
import math
import sys

from ..gradcheck.checking import BOUNDS
from ..gradcheck.table import catalogue, evidence, summary

HEADER = (f"{'piece':22} {'variant':38} {'parameter':10} {'|gradient|':>10} {'spikes':>6} "
          f"{'central':>8} {'complex':>8} {'twin':>8} {'kinks':>5}  verdict")


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--piece", choices=sorted({entry.piece for entry in catalogue()}),
                        metavar="PIECE",
                        help="check this piece only (default: all), one of: %(choices)s")
    parser.add_argument("--summary", action="store_true",
                        help="one line per piece, the worst of its rows, instead of every row")


def run(args):
    """Print the table; the number of rows that are out decides the exit status."""
    rows = summarise(evidence(args.piece), print_rows=not args.summary)
    return 1 if any(s["failed"] for s in rows) else 0


def summarise(rows, print_rows, out=None):
    """Print rows as they come, or only those that are out, and what `summary` makes of them."""
    out = out or sys.stdout
    if print_rows:
        print(HEADER, file=out)

    def printed():
        for row in rows:
            if print_rows or row.failed:
                print(format_row(row), file=out, flush=True)
            yield row
    pieces = summary(printed())
    print_summary(pieces, out)
    return pieces


def print_summary(pieces, out):
    """One line per piece, and the verdict on all of them."""
    print("\nlargest error by piece, relative to the tensor's largest element", file=out)
    print(f"{'piece':22} {'variants':>8} {'tensors':>8} {'zero':>5} "
          f"{'central':>9} {'complex':>9} {'twin':>9}  failed", file=out)
    for s in pieces:
        print(f"{s['piece']:22} {s['variants']:8} {s['tensors']:8} {s['zero']:5} "
              f"{s['central']:9.1e} {s['complex']:9.1e} {s['twin']:9.1e}  {s['failed'] or '-'}",
              file=out)
    print(f"{'bound':45} {BOUNDS['central']:9.0e} {BOUNDS['complex']:9.0e} {BOUNDS['twin']:9.0e}",
          file=out)
    failed = sum(s["failed"] for s in pieces)
    print("all gradients agree" if not failed else f"{failed} gradients are out", file=out)


def format_row(row):
    """A Row as one line of the table."""
    def error(e):
        return f"{'-':>8}" if math.isnan(e) else f"{e:8.1e}"
    rate = f"{'-':>6}" if math.isnan(row.spike_rate) else f"{row.spike_rate:6.2f}"
    return (f"{row.piece:22} {row.variant:38} {row.parameter:10} {row.norm:10.3g} {rate} "
            f"{error(row.central)} {error(row.complex)} {error(row.twin)} {row.kinks or '-':>5}  "
            f"{row.verdict}")
