"""Check another implementation (a port) with the conformance vectors: see check.txt."""
import json
import os
import sys

from ..files import output_file, whole_file
from ..oracle import check
from ..oracle.comparison.probe import probe


def run(args):
    """0 if nothing failed and something was checked, else 1."""
    if args.probe:
        return 0 if probe(args.target, print) else 1
    written = None if args.json in (None, "-") else output_file("--json", args.json)
    verdict = check(args.target, args.cases, args.dtype, expect_fail=args.expect_fail or (),
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
    """A slow port shows that it is alive."""
    print(f"{done} of {number} cases", end="\r" if done < number else "\r\033[K", file=sys.stderr,
          flush=True)
