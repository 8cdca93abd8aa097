"""Run the blind ports, and count what the check says of each.

    python tests/oracle/run_blind_ports.py [--every N] [--only NAME ...] [--wrong] [--show]

Each port is held against all vectors. `judge` decides whether the verdict names its mistakes. With
--wrong nothing is diagnosed: it is counted that each wrong port fails, that each of its mistakes
changes numbers of its own, and that each right port passes, in float32 and in float64.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from blind_ports import PORTS  # noqa: E402
from snu_ref.oracle.cases.case import Case  # noqa: E402
from snu_ref.oracle.cases.manifest import load_case, read_manifest  # noqa: E402
from snu_ref.oracle.comparison.compare import compare  # noqa: E402

FILE = Path(__file__).with_name("blind_ports.py")
TIMEOUT = 3600  # seconds: for a check that hangs alone


# ---- what the check says ------------------------------------------------------------------------

def check(port, *options):
    """The check's exit status, its text, and its JSON, of a port by name."""
    command = [sys.executable, "-m", "snu_ref", "check", f"{FILE}:PORTS.{port.name}", *options]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "verdict.json"
        told = subprocess.run([*command, "--json", str(file)], cwd=ROOT, capture_output=True,
                              text=True, timeout=TIMEOUT)
        if not file.exists():
            raise RuntimeError(f"{port.name}: the check wrote no verdict: {told.stderr}")
        return told.returncode, told.stdout, json.loads(file.read_text())


def judge(port, verdict_text, verdict_json):
    """(outcome of each mistake {key: "named", "described" or "missed"}, diagnoses that name none).

    The one place that knows the form of a verdict. A mistake counts as named if a diagnosis holds
    one of its words, as described if another part of the text does. A diagnosis that holds the
    words of no mistake of the port may mislead: a person has to read it. An odd difference, which
    no table has, need not be named, and is left out of the counts.
    """
    stories = verdict_json["stories"]
    diagnoses = [story["diagnosis"]["text"] for story in stories if story["diagnosis"]]
    if verdict_json["not_repeatable"]:
        diagnoses.append("not repeatable: other numbers in another run")
    described = [d["text"] for story in stories for d in story["described"]]
    outcome, naming = {}, set()
    for key, mistake in port.mistakes.items():
        hits = [text for text in diagnoses if says(mistake, text)]
        naming.update(hits)
        if not key.startswith("odd_"):
            outcome[key] = "named" if hits else \
                "described" if any(says(mistake, text) for text in described) else "missed"
    return outcome, [text for text in diagnoses if text not in naming]


def says(mistake, text):
    """Whether a text holds the words of a mistake, before it says what would be right."""
    return bool(re.search(mistake.words, text.split(": it ")[0], re.I | re.M))


# ---- what is wrong for certain ------------------------------------------------------------------

def cases(dtype="float64"):
    """(entry, case, outputs) of all cases of the unit."""
    for entry in read_manifest()["cases"]:
        if entry["config"]["unit"] == "snu" and entry["tolerance"][dtype]["bound"] is not None:
            inputs, outputs = load_case(entry)
            yield entry, lambda entry=entry, inputs=inputs: Case(
                entry["id"], entry["family"], entry["why"], entry["config"], inputs,
                entry["outputs"], dtype), outputs


def answers(port, all_cases):
    """The port's arrays of each case that it does not leave out, by id."""
    found = {}
    for entry, case, _ in all_cases:
        try:
            found[entry["id"]] = port.run(case())
        except NotImplementedError:
            pass
    return found


def failing(found, all_cases, dtype="float64"):
    """The ids of the cases in which these numbers are wrong."""
    return [entry["id"] for entry, _, outputs in all_cases if entry["id"] in found
            and compare(entry, outputs, found[entry["id"]], np.dtype(dtype)).divergence]


def differing(found, others, bound=1e-9):
    """In how many cases two ports' numbers differ, by more than rounding."""
    def apart(a, b):
        return not np.abs(a - b).max(initial=0) <= bound * max(1e-300, np.abs(b).max(initial=0))
    return sum(any(apart(a[name], others[id][name]) for name in a) for id, a in found.items())


def certainly_wrong(port, all_cases):
    """(number of failing cases, {mistake: cases whose numbers it changes in this port})."""
    found = answers(port, all_cases)
    return len(failing(found, all_cases)), {
        key: differing(found, answers(port.mended(key), all_cases)) for key in port.mistakes}


def certainties(chosen):
    """Print what is wrong and what is right for certain; 0 if all is as it should be."""
    bad, in_64, in_32 = 0, list(cases()), list(cases("float32"))
    for port in chosen:
        if port.kind == "right":
            wrong = failing(answers(port, in_64), in_64) + failing(
                answers(port, in_32), in_32, "float32")
            bad += bool(wrong)
            print(f"{port.name:34} fails in {len(wrong)} cases {' '.join(wrong[:3])}", flush=True)
        else:
            failed, changes = certainly_wrong(port, in_64)
            bad += not (failed and all(changes.values()))
            print(f"{port.name:34} {failed:4}   " + ", ".join(
                f"{key} {n}" for key, n in changes.items()), flush=True)
    print(f"{len(chosen)} ports, {bad} of them not as they should be")
    return int(bad > 0)


# ---- the command --------------------------------------------------------------------------------

def report(port, show):
    """Check a port, print its mistakes beside what the check says, and return the outcome."""
    began = time.process_time(), time.perf_counter()
    status, text, verdict = check(port)
    outcome, others = judge(port, text, verdict)
    print(f"\n{port.name} ({port.kind}, {port.style}, returns {port.returns}, {port.scope}): "
          f"{time.perf_counter() - began[1]:.1f} s")
    for key, mistake in port.mistakes.items():
        print(f"  {outcome.get(key, 'odd'):10} {key}: {mistake.sentence}")
    for story in verdict["stories"]:
        told = story["diagnosis"]["text"] if story["diagnosis"] else "-"
        print(f"    the check, of {len(story['cases'])} cases: {told}")
        for d in story["described"]:
            print(f"      describes {d['cases']}: {d['text']}")
    if others:
        print("  to be read, names none of these: " + " | ".join(others))
    if show:
        print(text)
    alarm = port.kind == "right" and status != 0
    return Counter([(port.kind, port.returns, o) for o in outcome.values()]
                   + [("false alarm", "", port.name)] * alarm
                   + [(port.kind, port.returns, "to be read")] * len(others)
                   + [(port.kind, port.returns, "ports, all named")]
                   * all(o == "named" for o in outcome.values()))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth port alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these ports alone")
    parser.add_argument("--wrong", action="store_true", help="what is wrong for certain")
    parser.add_argument("--show", action="store_true", help="the whole text of each verdict")
    args = parser.parse_args()
    chosen = [getattr(PORTS, name) for name in args.only] if args.only else \
        list(vars(PORTS).values())[::args.every]
    if args.wrong:
        return certainties(chosen)
    counts = sum((report(port, args.show) for port in chosen), Counter())
    print()
    for (kind, returns, outcome), n in sorted(counts.items()):
        print(f"{kind:10} {returns:10} {outcome:18} {n}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
