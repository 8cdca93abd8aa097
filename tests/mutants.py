"""Small faults put into the code one at a time: does a test fail?

    python tests/mutants.py results.json                 300 mutants, seed 0; goes on if it stopped
    python tests/mutants.py results.json --seed 1 -n 20 --only pcm

A mutant is one change of an operator, a comparison, a constant, a sign or an index. It is made in a
copy of this tree, never here. First the script finds which tests run which lines. Of the part's own
folder, the quickest tests that run the mutant's line come first; then, if all of them pass, the
whole folder, and at the end the rest of the suite. results.json holds the sample and what became of
each mutant; it is written after each one. A mutant that computes the same as the original can be
marked there by hand, `"equivalent": "why"`; the table at the end leaves it out. Tests that take
five times as long as without the fault count as failed: a loop has no end. A test that fails
without a fault ends the count.
"""
import argparse
import ast
import contextlib
import functools
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers.changes import changed, changes

ROOT = Path(__file__).resolve().parents[1]
PARTS = {  # name: (files, the folder of tests that runs first)
    "core": (["snu.py", "activations.py", "losses.py", "optimisers.py", "encoding.py", "network.py",
              "layer.py", "validation.py", "layers/*.py", "recurrent/*.py"], "tests/core"),
    "pcm": (["pcm/*.py"], "tests/pcm"),
    "readers": (["data/*.py", "files.py"], "tests/tasks"),
    "training": (["tasks/training.py"], "tests/tasks"),
    "checkpoints": (["tasks/checkpoints.py", "saving/array_file.py"], "tests/tasks"),
    "comparison": (["oracle/comparison/*.py"], "tests/oracle"),
}
LEFT_OUT = ("make.py", "__init__.py")  # a script, and lists of names


def sample(n, seed, only):
    """n mutants at random, the SHA-256 of the files, and how many mutants there could be."""
    everything, sha = [], hashlib.sha256()
    for part, (patterns, _) in PARTS.items():
        paths = {path for pattern in patterns for path in (ROOT / "snu_ref").glob(pattern)}
        for path in sorted(paths):
            if path.name not in LEFT_OUT and only in part:
                sha.update(path.read_bytes())
                everything += [{"part": part, **mutant} for mutant in changes(path, ROOT)]
    chosen = random.Random(seed).sample(everything, min(n, len(everything)))
    return chosen, sha.hexdigest(), len(everything)


# ---- which tests pass which lines ---------------------------------------------------------------

SECONDS = 5  # duration of the tests that run first for a mutant
CALLS = 40   # calls of a function in one test; its lines are not recorded in later calls


class Passing:
    """A plugin of pytest that records the time of each test and the lines that it runs."""

    def __init__(self, tree):
        self.tree, self.of_test, self.lines, self.calls = f"{tree}{os.sep}", {}, {}, Counter()

    def pytest_runtest_setup(self, item):
        self.lines, self.calls, self.start = {}, Counter(), time.process_time()
        sys.settrace(self.call)

    def pytest_runtest_teardown(self, item):
        sys.settrace(None)
        self.of_test[item.nodeid] = {
            "seconds": time.process_time() - self.start,
            "lines": {name[len(self.tree):]: sorted(of) for name, of in self.lines.items()}}

    def call(self, frame, *_):
        code = frame.f_code
        if code.co_filename.startswith(self.tree + "snu_ref") and self.calls[code] < CALLS:
            self.calls[code] += 1
            return self.line
        return None

    def line(self, frame, event, _):
        self.lines.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return self.line


def trace(path, tree, *targets):
    """Run tests in this process; write to `path` which tests run which lines."""
    plugin = Passing(tree)
    status = pytest.main([*targets, *OPTIONS], [plugin])
    Path(path).write_text(json.dumps(plugin.of_test), encoding="utf-8")
    sys.exit(status)


def quickest(of_test, mutant):
    """Ids of tests that run the mutant's line, the quickest first; a few seconds in all."""
    chosen, total = [], 0
    for seconds, name in sorted((test["seconds"], name) for name, test in of_test.items()
                                if mutant["line"] in test["lines"].get(mutant["file"], ())):
        total += seconds
        if total > SECONDS and chosen:
            break
        chosen.append(name)
    return chosen


# ---- running the tests on them ------------------------------------------------------------------

OPTIONS = ("-x", "-p", "no:cacheprovider", "--tb=no", "-rfE")  # of pytest


def run_tests(tree, targets, timeout=None, traced=None):
    """None if all tests pass, else the first that failed, or what else happened, in a tree.

    traced: where it is written which tests pass which lines.
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tree), str(tree / "tests"))),
           "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "import mutants, sys; mutants.trace(*sys.argv[1:])",
               str(traced), str(tree)] if traced else [sys.executable, "-m", "pytest", *OPTIONS]
    command += targets
    with subprocess.Popen(command, cwd=tree, env=env, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, start_new_session=True) as running:
        try:
            printed, _ = running.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            return "no end"
        finally:  # also ends processes that a test started
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    if running.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", printed, re.MULTILINE)
    return failed[1] if failed else f"exit status {running.returncode}"


def nearest(tree, mutant):
    """All test files; first those that name the module and its functions most often."""
    path = tree / mutant["file"]
    names = {path.stem, *(node.name for node in ast.parse(path.read_bytes()).body
                          if isinstance(node, (ast.FunctionDef, ast.ClassDef)))}

    def share(file):
        words = re.findall(r"\w+", (tree / file).read_text(encoding="utf-8"))
        return sum(word in names for word in words) / len(words)
    files = (file.relative_to(tree).as_posix() for file in sorted(tree.glob("tests/*/test_*.py")))
    return sorted(files, key=share, reverse=True)


def failed_test(tree, mutant, files, timeout):
    """As `run_tests`, of a tree with the mutant in it."""
    path = tree / mutant["file"]
    raw = path.read_bytes()
    path.write_bytes(changed(raw, mutant))
    try:
        return run_tests(tree, files, timeout) if files else None
    finally:
        path.write_bytes(raw)


def save(path, results):
    """Write the results to a new file, then rename it: after a kill the old file is complete."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def table(results):
    """The counts by part, and the survivors; lines of text."""
    done = [m for m in results["mutants"] if "outcome" in m and not m.get("equivalent")]
    outcomes = ("folder", "suite", "survived")
    lines = [f"{'part':12} {'mutants':>8} {'folder':>8} {'suite':>8} {'survived':>8}  found"]
    for part in [*PARTS, "all"]:
        counts = Counter(m["outcome"] for m in done if part in (m["part"], "all"))
        total = sum(counts.values())
        if total:
            numbers = " ".join(f"{n:8}" for n in (total, *(counts[key] for key in outcomes)))
            lines.append(f"{part:12} {numbers}  {1 - counts['survived'] / total:.1%}")
    equivalent = sum(bool(m.get("equivalent")) for m in results["mutants"])
    left = sum("outcome" not in m for m in results["mutants"])
    lines.append(f"{equivalent} equivalent, left out; {left} still to do; "
                 f"{results['possible']} possible")
    lines += [f"survived: {m['file']}:{m['line']}: {m['old']!r} -> {m['new']!r}"
              for m in done if m["outcome"] == "survived"]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="JSON file; it is made, or gone on with")
    parser.add_argument("-n", type=int, default=300, help="mutants (300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help=f"a part: {', '.join(PARTS)}")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the same command goes on"))
    chosen, sha, possible = sample(args.n, args.seed, args.only)
    fresh = {"seed": args.seed, "n": args.n, "only": args.only, "sha256": sha, "possible": possible,
             "seconds": {}, "mutants": chosen}
    results = fresh
    if args.results.exists():
        results = json.loads(args.results.read_text(encoding="utf-8"))
    if any(results[key] != fresh[key] for key in ("seed", "n", "only", "sha256")):
        parser.error(f"{args.results}: expected a sample of this code with this seed, "
                     "found another; give another file")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(
            ".git", "__pycache__", ".venv", "build", "*.egg-info", ".pytest_cache"))

        def seconds(target):
            """Five times what the tests take without a mutant; they must pass."""
            if target not in results["seconds"]:
                start = time.monotonic()
                if failed := run_tests(tree, [target]):
                    parser.error(f"{target}: expected to pass without a mutant, but {failed}")
                results["seconds"][target] = round(60 + 5 * (time.monotonic() - start))
            return results["seconds"][target]

        @functools.cache
        def passing(target):
            """Which tests of a folder run which lines; all tests must pass."""
            path = Path(folder, "lines.json")
            if failed := run_tests(tree, [target], traced=path):
                parser.error(f"{target}: expected to pass without a mutant, but {failed}")
            return json.loads(path.read_text(encoding="utf-8"))

        @functools.cache
        def good(test):
            """Whether a test passes alone without a mutant; one that needs others before it may
            fail among the quickest."""
            return run_tests(tree, [test]) is None

        # the quickest tests of all mutants, then the other tests of those that are left
        for stage in ("line", "folder", "suite"):
            for mutant in results["mutants"]:
                if mutant.keys() & {"outcome", "equivalent"} or stage in mutant.get("passed", ()):
                    continue
                of_part = PARTS[mutant["part"]][1]
                files = nearest(tree, mutant)
                own = [file for file in files if file.startswith(of_part)]
                if stage == "line":
                    files = quickest(passing(of_part), mutant)
                else:
                    files = own if stage == "folder" else [f for f in files if f not in own]
                timeout = seconds("tests" if stage == "suite" else of_part)
                test = failed_test(tree, mutant, files, timeout)
                if stage == "line" and test:
                    test = next((file for file in files if file.startswith(test) and good(file)),
                                None)
                if test:
                    mutant.update(outcome="suite" if stage == "suite" else "folder", test=test)
                elif stage == "suite":
                    mutant["outcome"] = "survived"
                else:
                    mutant["passed"] = [*mutant.get("passed", ()), stage]
                save(args.results, results)
                print(f"{mutant.get('outcome', 'passed ' + stage):13} {mutant['file']}:"
                      f"{mutant['line']}: {mutant['old']!r} -> {mutant['new']!r}  "
                      f"{mutant.get('test', '')}", flush=True)
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
