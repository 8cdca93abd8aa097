"""Run the blind ports, and count what the check says of each.

    python tests/oracle/run_blind_ports.py [--every N] [--only NAME ...] [--jobs N] [--show]
                                           [--wrong] [--set NAME]

Each port is checked with all vectors, and `judge` decides whether the verdict names its mistakes.
Over all ports of the first set the counts must reach FLOORS. Five authors wrote the sets, and none
had seen the table of mistakes. Once the diagnosis has been mended on a set, its counts are no
longer those of a blind trial. With --wrong nothing is diagnosed: it is counted that each wrong port
fails, that each of its mistakes changes numbers of its own, and that each right port passes, in
float32 and in float64.
"""
import argparse
import json
import re
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

import blind_fifth  # noqa: E402
import blind_fourth  # noqa: E402
import blind_ports  # noqa: E402
import blind_second  # noqa: E402
import blind_third  # noqa: E402
from snu_ref import oracle  # noqa: E402
from snu_ref.oracle.cases.case import Case  # noqa: E402
from snu_ref.oracle.cases.manifest import load_case, read_manifest  # noqa: E402
from snu_ref.oracle.comparison.compare import compare  # noqa: E402

SETS = {"first": vars(blind_ports.PORTS), "second": vars(blind_second.PORTS),
        "third": vars(blind_third.PORTS), "fourth": vars(blind_fourth.PORTS),
        "fifth": vars(blind_fifth.PORTS)}


# ---- what the check says ------------------------------------------------------------------------

def check(port, **options):
    """The check's verdict on a port, as in the JSON."""
    return json.loads(json.dumps(oracle.check(port, **options).as_dict(), default=str))


def judge(port, verdict_json):
    """What a verdict is worth: outcome {mistake: "named", "described" or "missed"}, and doubts.

    The one place that knows the form of a verdict. A mistake is named

    - if a diagnosis holds its words, in what it says or in its edited lines;
    - if one diagnosis gives all numbers of all cases in which the port fails: then its edits are,
      in the cases asked, the same function as all mistakes of the port together.

    It is described if another part of the text holds its words. An odd difference, which no table
    has, need not be named, and is left out. Two things are in doubt, and to be read by a person:

    - a diagnosis that holds the words of no mistake of the port;
    - a confirmed one after whose mending some of its cases still fail: the port is run without the
      mistakes that the diagnosis names. Beside an odd difference that is as it must be.
    """
    failed = {case["id"] for case in verdict_json["cases"] if case["verdict"] == "failed"}
    stories = [(s["diagnosis"], set(s["cases"])) for s in verdict_json["stories"] if s["diagnosis"]]
    if verdict_json["not_repeatable"]:
        stories.append(({"says": ["not repeatable: other numbers in another run"], "diff": [],
                         "grade": "", "text": "not repeatable"}, set()))
    described = [text for story in verdict_json["stories"] for text in story["others"]]
    named, doubts = set(), []
    for told, ids in stories:
        texts = [*told["says"], *(yours for _, yours in told["diff"])]
        keys = [key for key, mistake in port.mistakes.items() if says(mistake, texts)]
        if told["grade"] == "confirmed" and ids == failed:
            keys = list(port.mistakes)
        named.update(keys)
        left = unmended(port, keys, ids)
        if not keys:
            doubts.append("holds the words of no mistake: " + told["text"])
        elif left and port.kind != "odd" and told["grade"] != "held":
            doubts.append(f"{left} of {len(ids)} cases still fail when it is mended: "
                          + told["text"])
    return {key: "named" if key in named else
            "described" if says(mistake, described) else "missed"
            for key, mistake in port.mistakes.items() if not key.startswith("odd_")}, doubts


def says(mistake, texts):
    """Whether what some texts call wrong holds the words of a mistake; a text is "wrong: right"."""
    return any(re.search(mistake.words, text.split(": ")[0], re.I) for text in texts)


def unmended(port, keys, ids):
    """How many of some cases fail if these mistakes of the port are corrected."""
    chosen = list(cases(wanted=lambda entry: entry["id"] in ids))
    return len(failing(answers(port.mended(*keys), chosen), chosen))


# ---- what is wrong for certain ------------------------------------------------------------------

def cases(dtype="float64", wanted=lambda entry: True):
    """(entry, function that makes a Case, outputs) of the unit's cases that are wanted."""
    for entry in read_manifest()["cases"]:
        if (entry["config"]["unit"] == "snu" and wanted(entry)
                and entry["tolerance"][dtype]["bound"] is not None):
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


def failing(found, all_cases):
    """The ids of the cases in which these numbers are wrong."""
    return [entry["id"] for entry, _, outputs in all_cases if entry["id"] in found
            and compare(entry, outputs, found[entry["id"]],
                        found[entry["id"]]["y"].dtype).divergence]


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


def as_it_should_be(port, all_cases):
    """Whether a right port passes, or a wrong one fails and each mistake changes its numbers.

    Of a wrong port no more cases are run than it takes to see that.
    """
    def apart(mended):
        return any(differing(answers(port, [case]), answers(mended, [case])) for case in all_cases)
    failed = any(failing(answers(port, [case]), [case]) for case in all_cases)
    return failed == (port.kind != "right") and all(
        apart(port.mended(key)) for key in port.mistakes)


def certainties(chosen):
    """Print what is wrong and what is right for certain; 0 if all is as it should be."""
    bad, in_64, in_32 = 0, list(cases()), list(cases("float32"))
    for port in chosen:
        if port.kind == "right":
            wrong = [id for some in (in_64, in_32) for id in failing(answers(port, some), some)]
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

# (kind of port, whether s is returned, what is counted): what all ports together must reach
FLOORS = {
    ("single", True, "named"): 66, ("single", False, "named"): 19,
    ("several", True, "named"): 99, ("several", False, "named"): 15,
    ("several", True, "ports with all named"): 40, ("several", False, "ports with all named"): 6,
    ("odd", True, "named"): 11, ("odd", False, "named"): 0, ("right", True, "passed"): 10,
}
MISLEADING = 0


def report(name, ports, show=False):
    """Check a port; its mistakes beside what the check says, as text, and the counts."""
    began, port = time.process_time(), SETS[ports][name]
    verdict = check(port)
    outcome, doubts = judge(port, verdict)
    lines = [f"\n{name} ({port.kind}, {port.style}, returns {port.returns}, {port.scope}): "
             f"{time.process_time() - began:.1f} s"]
    lines += [f"  {outcome.get(key, 'odd'):10} {key}: {mistake.sentence}"
              for key, mistake in port.mistakes.items()]
    for story in verdict["stories"]:
        told = story["diagnosis"]["text"] if story["diagnosis"] else "-"
        lines += [f"    the check, of {len(story['cases'])} cases: {told}",
                  *(f"      or: {other}" for other in story["others"]),
                  *(story["report"] if show else ())]
    lines += [f"  to be read: {doubt}" for doubt in doubts]
    group = port.kind, "s" in port.returns.replace("grads", "") or port.returns == "all"
    if port.kind == "right":
        passed = verdict["passed"] and check(port, dtype="float32")["passed"]
        lines.append("  passed, float32 too" if passed else "  FALSE ALARM")
        return "\n".join(lines), Counter({(*group, "passed" if passed else "false alarms"): 1})
    counts = Counter((*group, told) for told in outcome.values())
    counts[(*group, "to be read")] += len(doubts)
    counts[(*group, "ports")] += 1
    counts[(*group, "ports with all named")] += all(o == "named" for o in outcome.values())
    return "\n".join(lines), counts


def short_falls(counts):
    """The limits that the counts of all ports miss, as texts."""
    falls = [f"{key}: {counts[key]} of at least {least}" for key, least in FLOORS.items()
             if counts[key] < least]
    alarms = sum(n for key, n in counts.items() if key[2] == "false alarms")
    read = sum(n for key, n in counts.items() if key[2] == "to be read")
    return falls + [f"{n} {what}, at most {most}" for n, what, most in (
        (alarms, "false alarms", 0), (read, "diagnoses to be read", MISLEADING)) if n > most]


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth port alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these ports alone")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--wrong", action="store_true", help="what is wrong for certain")
    parser.add_argument("--show", action="store_true", help="the whole text of each verdict")
    parser.add_argument("--set", choices=SETS, default="first", help="which ports: %(default)s")
    args = parser.parse_args()
    ports = SETS[args.set]
    names = args.only or list(ports)[::args.every]
    if args.wrong:
        return certainties([ports[name] for name in names])
    counts = Counter()
    with ProcessPoolExecutor(args.jobs) as pool:
        for text, more in pool.map(partial(report, ports=args.set, show=args.show), names):
            print(text, flush=True)
            counts.update(more)
    print("\nOnce the diagnosis has been mended on a set, this is no longer a blind trial.")
    for (kind, with_s, outcome), n in sorted(counts.items()):
        print(f"{kind:10} {'s returned' if with_s else 'y alone':10} {outcome:20} {n}")
    whole = len(names) == len(ports) and args.set == "first"
    falls = short_falls(counts) if whole else []
    print(*falls, sep="\n")
    return int(bool(falls))


if __name__ == "__main__":
    sys.exit(main())
