"""Run the tutorials at full size and compare their last lines with those that they quote.

    python tutorials/run_all.py             all of them; figures beside the scripts
    python tutorials/run_all.py 03 10       some of them
    python tutorials/run_all.py --quick     shorter runs, as in the tests

The claims of a tutorial's prose are its own `assert`s, so a run that ends well has proved them.
Besides, its last lines must be those quoted under "Expected output" at the end of the script, where

    words     must be the same,
    integers  must be the same, other numbers within one unit of the last printed digit,
    a ~       at the end of a quoted line marks numbers that come of training and differ with --quick:
              they may be 5 % off, counts by at least one, since another machine adds in another
              order, and with --quick they are not compared.

The exit status is 0 if all tutorials ran and agreed, else 1.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

TUTORIALS = sorted(Path(__file__).resolve().parent.glob("[0-9]*.py"))
# Ours: how far figures of training may be off, as a part of the quoted one. Between OpenBLAS's
# kernels for Nehalem, Haswell and SkylakeX none differed by more than 4 %, and counts by one.
TRAINED = 0.05
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def run(script, *options, cwd=None, timeout=None):
    """Run a script headless in the folder cwd; numerical trouble (a RuntimeWarning) is an error."""
    return subprocess.run([sys.executable, "-W", "error::RuntimeWarning", str(script), *options],
                          cwd=cwd, capture_output=True, text=True, encoding="utf-8",
                          timeout=timeout,
                          env={"OPENBLAS_NUM_THREADS": "1", **os.environ,  # for small matrices
                               "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"})


def expected_output(script):
    """The lines quoted under "Expected output", the last thing in the script."""
    _, quoted = script.read_text(encoding="utf-8").split("# ## Expected output\n")
    return [line[6:] for line in quoted.splitlines() if line.startswith("#     ")]


def disagreement(printed, quoted, quick):
    """What is wrong with a printed line, or None; quick: numbers of lines with a ~ are not compared."""
    changes = quoted.endswith("~")
    quoted = quoted.removesuffix("~").rstrip()
    if NUMBER.sub("#", printed.rstrip()) != NUMBER.sub("#", quoted):
        return f"expected the line {quoted!r}, got {printed!r}"
    for got, wanted in zip(NUMBER.findall(printed), NUMBER.findall(quoted)):
        digits, _, exponent = wanted.partition("e")
        _, point, decimals = digits.partition(".")
        unit = 10.0 ** (int(exponent or 0) - len(decimals)) if point else 0.0
        trained = max(TRAINED * abs(float(wanted)), 0.0 if point else 1.0)  # a count: at least by one
        allowed = max(1.001 * unit, trained if changes else 0.0)
        if not (changes and quick) and not abs(float(got) - float(wanted)) <= allowed:
            return f"expected {wanted} in {quoted!r}, got {got}"
    return None


def disagreements(output, script, quick):
    """All that is wrong with the last lines of a tutorial's output: a list of texts."""
    expected = expected_output(script)
    printed = output.splitlines()[-len(expected):]
    if not expected or len(printed) != len(expected):
        return [f"expected {len(expected)} last lines, got {len(printed)}"]
    return list(filter(None, (disagreement(*both, quick) for both in zip(printed, expected))))


def report(script, options, quick):
    """Run one tutorial and print how it went; True if it ran and agreed."""
    print(f"{script.stem:34}", end="", flush=True)
    start = time.monotonic()
    done = run(script, *options)
    print(f"{time.monotonic() - start:6.1f} s  ", end="")
    if done.returncode:
        trouble = done.stderr.splitlines()[-4:]             # where, and what
        print(f"failed, exit status {done.returncode}")
    else:
        trouble = disagreements(done.stdout, script, quick)
        n = len(expected_output(script))
        print(f"{len(trouble)} of {n} lines differ" if trouble else f"agreed, {n} lines")
    for line in trouble:
        print(f"    {line}")
    sys.stdout.flush()
    return not trouble and not done.returncode


def main():
    """Run what was asked for; the exit status."""
    parser = argparse.ArgumentParser(
        description="Run the tutorials and compare their last lines with those quoted in them.")
    parser.add_argument("numbers", nargs="*", metavar="NN",
                        help="tutorials, such as 03 (default: all)")
    parser.add_argument("--quick", action="store_true", help="shorter runs and looser bounds")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for the figures (default: beside the scripts)")
    args = parser.parse_args()
    by_number = {script.stem[:2]: script for script in TUTORIALS}
    for number in args.numbers:
        if number.zfill(2) not in by_number:
            parser.error(f"NN: expected one of {', '.join(by_number)}, got {number!r}")
    chosen = [by_number[number.zfill(2)] for number in args.numbers] or TUTORIALS
    options = ["--quick"] * args.quick + (["--out", str(args.out)] if args.out else [])

    start = time.monotonic()
    agreed = [report(script, options, args.quick) for script in chosen]
    print(f"{sum(agreed)} of {len(agreed)} tutorials agreed, {time.monotonic() - start:.0f} s")
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
