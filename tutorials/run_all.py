"""Run the tutorials at full size and compare their last lines with those that they quote.

    .venv/bin/python tutorials/run_all.py             all of them; figures beside the scripts
    .venv/bin/python tutorials/run_all.py 03 10       some of them
    .venv/bin/python tutorials/run_all.py --quick     shorter runs, as in the tests

(Windows: .venv\\Scripts\\python.) A tutorial calls `claim` to check each statement of its text: a
false statement stops the run. Also, its last lines must agree with those quoted under "Expected
output" at the end of the script:

    words     must be the same,
    integers  must be the same, other numbers within one unit of the last printed digit,
    a ~       at the end of a quoted line marks numbers that differ with --quick; a quick run does
              not compare them;
    ~ 0.4 2   numbers from training, with the sample standard deviation of each over this seed and
              five others. They may differ by four of these deviations, and counts by one.
              Rounding differs between machines, and training amplifies this until it matters as
              much as another seed.

`--spreads` measures these deviations: it shifts all seeds and prints the lines with them.

The exit status is 0 if all tutorials ran and agreed, else 1.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

TUTORIALS = sorted(script for script in Path(__file__).resolve().parent.glob("[0-9]*.py")
                   if not script.name.startswith("00"))  # 00 checks no statements
SPREADS = 4.0  # our choice: two seeds differ by about 1.4 deviations; three times this is rare
SHIFTS = (101, 102, 103, 104, 105)  # of all seeds, to measure the spreads
SHIFTED = """import runpy, sys, numpy, snu_ref
make = numpy.random.default_rng
def shifted(seed):
    return make(seed + {shift} if isinstance(seed, int) else seed)
numpy.random.default_rng = shifted
snu_ref.tutorial.claim = lambda condition, about="": None  # it holds for the seeds of the tutorial
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def run(script, *options, cwd=None, timeout=None, code=()):
    """Run a script in the folder cwd, without windows; a RuntimeWarning is an error."""
    return subprocess.run([sys.executable, "-W", "error::RuntimeWarning", *code, str(script),
                           *options], cwd=cwd, capture_output=True, text=True, encoding="utf-8",
                          timeout=timeout,
                          env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"})


def expected_output(script):
    """The lines quoted under "Expected output", the last section of the script."""
    _, quoted = script.read_text(encoding="utf-8").split("# ## Expected output\n")
    return [line[6:] for line in quoted.splitlines() if line.startswith("#     ")]


def disagreement(printed, quoted, quick):
    """What is wrong with a printed line, or None; quick: do not compare lines with a ~."""
    quoted, changes, spreads = (part.rstrip() for part in quoted.partition("~"))
    if NUMBER.sub("#", printed.rstrip()) != NUMBER.sub("#", quoted):
        return f"expected the line {quoted!r}, got {printed!r}"
    numbers = NUMBER.findall(quoted)
    for got, wanted, spread in zip(NUMBER.findall(printed), numbers,
                                   spreads.split() or ["0"] * len(numbers), strict=True):
        digits, _, exponent = wanted.partition("e")
        _, point, decimals = digits.partition(".")
        unit = 10.0 ** (int(exponent or 0) - len(decimals)) if point or spreads else 0.0
        allowed = max(1.001 * unit, SPREADS * float(spread))
        if not (changes and quick) and not abs(float(got) - float(wanted)) <= allowed:
            return f"expected {wanted} in {quoted!r}, got {got}"
    return None


def disagreements(output, script, quick):
    """What is wrong with the last lines of a tutorial's output: a list of texts."""
    expected = expected_output(script)
    printed = output.splitlines()[-len(expected):]
    if not expected or len(printed) != len(expected):
        return [f"expected {len(expected)} last lines, got {len(printed)}"]
    return list(filter(None, (disagreement(*both, quick) for both in zip(printed, expected))))


def print_spreads(script, options):
    """Print the quoted lines with a ~ and the deviation of each of their numbers over six seeds."""
    runs = [run(script, *options, code=("-c", SHIFTED.format(shift=shift))) for shift in SHIFTS]
    quoted = expected_output(script)
    lines = zip(quoted, *(done.stdout.splitlines()[-len(quoted):] for done in runs))
    print(script.stem)
    for line, *others in lines:
        line, changes, _ = line.partition("~")
        values = [list(map(float, NUMBER.findall(text))) for text in (line, *others)]
        if changes:
            print("    " + " ".join([line.rstrip() + "  ~", *(f"{statistics.stdev(column):.2g}"
                                                              for column in zip(*values))]))


def report(script, options, quick):
    """Run one tutorial and print the result; True if it ran and agreed."""
    print(f"{script.stem:34}", end="", flush=True)
    start = time.monotonic()
    done = run(script, *options)
    print(f"{time.monotonic() - start:6.1f} s  ", end="")
    if done.returncode:
        trouble = done.stderr.splitlines()[-4:]             # the place and the message
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
    """Run the chosen tutorials; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Run the tutorials and compare their last lines with those quoted in them.")
    parser.add_argument("numbers", nargs="*", metavar="NN",
                        help="tutorials, such as 03 (default: all)")
    parser.add_argument("--quick", action="store_true", help="shorter runs and looser bounds")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for the figures (default: beside the scripts)")
    parser.add_argument("--spreads", action="store_true",
                        help="print numbers from training with their deviations over seeds")
    args = parser.parse_args()
    by_number = {script.stem[:2]: script for script in TUTORIALS}
    for number in args.numbers:
        if number.zfill(2) not in by_number:
            parser.error(f"NN: expected one of {', '.join(by_number)}, got {number!r}")
    chosen = [by_number[number.zfill(2)] for number in args.numbers] or TUTORIALS
    options = ["--quick"] * args.quick + (["--out", str(args.out)] if args.out else [])

    if args.spreads:
        for script in chosen:
            print_spreads(script, options)
        return 0
    start = time.monotonic()
    agreed = [report(script, options, args.quick) for script in chosen]
    print(f"{sum(agreed)} of {len(agreed)} tutorials agreed, {time.monotonic() - start:.0f} s")
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
