"""Check another implementation (a port) with the conformance vectors.

The report shows the first wrong number and, if possible, the change of the
equations that gives the port's numbers. TARGET is one of two things: an
adapter, a Python class with a function run(case) that returns arrays by name;
or a folder made by `vectors export`, with the port's results added.

examples:
  python -m snu_ref check my_port.py:Adapter
  python -m snu_ref check my_port.py:Adapter --cases "unit-*" --dtype float32
  python -m snu_ref check port --json verdict.json     a folder of results

exit status: 0 if nothing failed and something was checked, 1 otherwise,
2 for bad input."""
import json
import os
import sys

from ..files import output_file, whole_file
from ..oracle import check
from ..oracle.comparison.probe import probe


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("target", metavar="TARGET",
                        help="module:Adapter, path/to/file.py:Adapter, or a folder of results")
    parser.add_argument("--cases", default="*", metavar="PATTERN",
                        help="ids or families, with * and commas (default: all)")
    parser.add_argument("--dtype", choices=("float32", "float64"),
                        help="dtype of inputs and results (default: that of `can` or of the "
                             "folder, else float64)")
    parser.add_argument("--expect-fail", nargs="+", default=[], metavar="CASE",
                        help="cases that are known to fail; it is an error if one passes")
    parser.add_argument("--made", type=int, default=4, metavar="N",
                        help="draw N new cases for each combination of h, g, surrogate and "
                             "reset_grad in the port's `can` (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="S",
                        help="seed of these new cases (default: %(default)s)")
    parser.add_argument("--probe", action="store_true",
                        help="call the port to find out what it can do, and print a `can` to paste")
    parser.add_argument("--json", metavar="FILE",
                        help="write the verdict on every case as JSON; - prints it")


def run(args):
    """Check the port and print the verdict; 0 if a case was checked and none failed, else 1."""
    if args.probe:
        return 0 if probe(args.target, print) else 1
    written = None if args.json in (None, "-") else output_file("--json", args.json)
    verdict = check(args.target, args.cases, args.dtype, expect_fail=args.expect_fail,
                    made=args.made, seed=args.seed,
                    progress=_progress if sys.stderr.isatty() else None)
    if args.json != "-":
        verdict.write(print, sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    if args.json is not None:
        text = json.dumps(verdict.as_dict(), indent=1, allow_nan=False, default=str) + "\n"
        if written:
            with whole_file(written) as file:
                file.write(text.encode())
        else:
            sys.stdout.write(text)
    return 0 if verdict.passed else 1


def _progress(done, number):
    """Show the progress of a slow port."""
    print(f"{done} of {number} cases", end="\r" if done < number else "\r\033[K", file=sys.stderr,
          flush=True)
