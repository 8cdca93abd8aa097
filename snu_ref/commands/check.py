"""Check another implementation (a port) with the conformance vectors.

The verdict names the number that first departs and, where it can be told, the
change of the equations that gives the port's numbers. TARGET is an adapter in
Python, a class with a function run(case) that returns arrays by name, or a
folder of results that `vectors export` began.

examples:
  python -m snu_ref check my_port.py:Adapter
  python -m snu_ref check my_port.py:Adapter --cases "unit-*" --dtype float32
  python -m snu_ref check port --json verdict.json     a folder of results

exit status: 0 if nothing failed and something was checked, 1 otherwise,
2 for bad input."""
import json
import os
import sys

import numpy as np

from ..files import output_file, whole_file
from ..oracle.cases.case import find
from ..oracle.cases.manifest import read_manifest
from ..oracle.comparison.checking import check_cases, not_repeatable
from ..oracle.comparison.port import open_source
from ..oracle.comparison.verdict import as_json, passed, write


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("target", metavar="TARGET",
                        help="module:Adapter, path/to/file.py:Adapter, or a folder of results")
    parser.add_argument("--cases", default="*", metavar="PATTERN",
                        help="ids or families, with * and commas (default: all)")
    parser.add_argument("--dtype", choices=("float32", "float64"),
                        help="of inputs and results; float64 unless a folder says otherwise")
    parser.add_argument("--expect-fail", nargs="+", default=[], metavar="CASE",
                        help="cases that are known to fail; it is an error if one passes")
    parser.add_argument("--json", metavar="FILE",
                        help="write the verdict of every case as JSON; - for the screen")


def run(args):
    """0 if nothing failed and something was checked, else 1."""
    manifest = read_manifest()
    entries = find(args.cases, manifest["cases"])
    expected = {entry["id"] for pattern in args.expect_fail
                for entry in find(pattern, manifest["cases"], "--expect-fail")}
    written = None if args.json in (None, "-") else output_file("--json", args.json)
    source = open_source(args.target, args.dtype, manifest["cases"], manifest["withdrawn"])
    results = []
    for result in check_cases(source, entries, expected):
        results.append(result)
        if sys.stderr.isatty():  # a slow port shows that it is alive
            end = "\r" if len(results) < len(entries) else "\r\033[K"
            print(f"{len(results)} of {len(entries)} cases", end=end, file=sys.stderr, flush=True)
    unsteady = not_repeatable(source, [r for r in results if not r.expected_to_fail])
    from ..oracle.diagnosis.causes import tell  # the catalogue of mistakes is loaded only now
    with np.errstate(all="ignore"):  # whatever the port has set
        stories = tell([r for r in results if not r.expected_to_fail], source.dtype,
                       steady=unsteady is None)
    if args.json != "-":
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        write(print, source, results, stories, unsteady, colour)
    if args.json is not None:
        text = json.dumps(as_json(source, results, stories, unsteady), indent=1,
                          allow_nan=False) + "\n"
        if written:
            with whole_file(written) as file:
                file.write(text.encode())
        else:
            sys.stdout.write(text)
    return 0 if passed(results, source.strays) else 1
