"""`check` runs a port on the cases that fit it; each case gives one Result."""
from typing import Any, NamedTuple

import numpy as np

from ...validation import integer
from ..cases.abilities import adapted, config_fits
from ..cases.case import Case, find
from ..cases.families_full import made_cases
from ..cases.making import make_case
from ..cases.manifest import load_case, read_manifest
from .answers import Fault, Skip
from .compare import compare
from .port import open_source
from .report import OUTSIDE
from .verdict import Verdict

RERUNS = 4  # our choice: the most failed cases that are run again


def check(adapter, cases="*", dtype=None, can=None, expect_fail=(), made=4, seed=0, progress=None):
    """Check a port on the vectors that fit it, and on new cases drawn for it.

    adapter: a class, instance, module or function (`comparison.port`), its name as a string, or a
    folder of results. cases: ids or families, with * and commas, or a list of them. dtype:
    "float64" or "float32"; by default that of `can`. can: what the port can do
    (`cases.abilities`); by default the adapter's attribute. expect_fail: ids or families that are
    known to fail. made: number of new cases for each declared combination of h, g, surrogate and
    reset_grad (none without a `can`); seed: their seed. progress: called with (cases done, all).

    Returns a Verdict: `.passed`, `.as_dict()`, and the report, str(verdict). Raises TypeError for
    an argument of a wrong type; ValueError for a wrong adapter or `can`, for a pattern that no case
    matches, and for an expected failure that was not run.
    """
    entries, source, pool, chosen = _chosen(adapter, cases, dtype, can, made, seed, expect_fail)
    expected = {pattern: {e["id"] for e in find(pattern, pool, "--expect-fail")}
                for pattern in _patterns("--expect-fail", expect_fail)}
    results = []
    for result in check_cases(source, chosen, set().union(*expected.values())):
        results.append(result)
        if progress:
            progress(len(results), len(chosen))
    for pattern, ids in expected.items():
        if not any(r.id in ids and r.verdict != "skipped" for r in results):
            why = dict.fromkeys(r.reason for r in results if r.id in ids)
            raise ValueError(f"--expect-fail: {pattern!r} was not run: "
                             + ("; ".join(why) or "--cases does not select it"))
    unsteady = not_repeatable(source, [r for r in results if not r.expected_to_fail])
    from ..diagnosis.causes import tell  # only now: the table of mistakes takes 0.3 s to load
    with np.errstate(all="ignore"):  # the port may have set other modes
        stories = tell([r for r in results if not r.expected_to_fail], source.dtype, not unsteady)
    return Verdict(source, results, stories, unsteady, entries, made if source.can else 0, seed)


def case_ids(adapter, cases="*", dtype=None, can=None, made=4, seed=0):
    """The ids of the cases that `check` runs a port on: vectors that fit the port, and new cases.

    The arguments and the errors are those of `check`.
    """
    _, source, _, chosen = _chosen(adapter, cases, dtype, can, made, seed)
    return [e["id"] for e in chosen if not source.leaves_out(e["id"]) and (
        "definition" in e or e["tolerance"][source.dtype.name]["bound"] is not None and (
            not source.can or config_fits(source.can, e["config"])
            and adapted(source.can, e, *load_case(e))))]


def _patterns(option, patterns):
    found = patterns.split(",") if isinstance(patterns, str) else patterns
    if not isinstance(found, (list, tuple, set)) or not all(isinstance(p, str) for p in found):
        raise TypeError(f"{option}: expected ids or families, a string or a list, got {patterns!r}")
    return list(found)


def _chosen(adapter, patterns, dtype, can, made, seed, expect_fail=()):
    """(entries of the vectors, source, these entries and those of new cases, chosen entries)."""
    manifest = read_manifest()
    entries = manifest["cases"]
    for option, several in (("--cases", patterns), ("--expect-fail", expect_fail)):
        for pattern in _patterns(option, several):
            if not pattern.strip().startswith("made"):  # find a misspelt name before a long run
                find(pattern, entries, option)
    source = open_source(adapter, dtype, can, entries, manifest["withdrawn"])
    made, seed = integer("made", made, 0, 999_999), integer("seed", seed, 0, 999_999)
    further = made_cases(source.can, made, seed) if source.can else ()
    pool = entries + [{"id": d.id, "family": d.family, "definition": d} for d in further]
    return entries, source, pool, find(",".join(_patterns("--cases", patterns)), pool)


class Result(NamedTuple):
    """The result of one case.

    verdict: "passed", "failed" (wrong numbers), "error" (nothing to compare) or "skipped".
    """
    entry: dict
    verdict: str
    reason: str = ""
    comparison: Any = None
    got: Any = None      # the port's arrays, if the case failed
    case: Any = None     # (inputs, outputs), if they were compared
    expected_to_fail: bool = False

    @property
    def id(self):
        """The id of the case."""
        return self.entry["id"]

    @property
    def left_out(self):
        """Names of the outputs that the port did not return."""
        there = self.comparison.compared if self.comparison else ()
        return [name for name in self.entry["outputs"] if name not in there]

    @property
    def counts_against(self):
        """Whether this makes the check fail: a failure, or a pass where a failure is expected."""
        failed = self.verdict in ("failed", "error")
        return failed != self.expected_to_fail and self.verdict != "skipped"


def check_cases(source, entries, expected_to_fail=()):
    """Yield the Result of each case."""
    for entry in entries:
        yield check_case(source, entry)._replace(expected_to_fail=entry["id"] in expected_to_fail)


def check_case(source, entry):
    """The Result of one case; the entry of a new case has a "definition" instead of files."""
    if reason := source.leaves_out(entry["id"]):
        return Result(entry, "skipped", reason)
    if "definition" in entry:
        entry, *case = make_case(entry["definition"], ("twin",))
    elif source.can and not config_fits(source.can, entry["config"]):
        return Result(entry, "skipped", OUTSIDE)
    else:
        case = load_case(entry)
    if source.can:
        fitting = adapted(source.can, entry, *case)
        if fitting is None:
            return Result(entry, "skipped", OUTSIDE)
        entry, *case = fitting
    tolerance = entry["tolerance"][source.dtype.name]
    if tolerance["bound"] is None:
        return Result(entry, "skipped", f"not offered in {source.dtype}: {tolerance['reason']}")
    try:
        got = source.get(_case(entry, case[0], source.dtype))
    except Skip as skip:
        return Result(entry, "skipped", str(skip))
    except Fault as fault:
        return Result(entry, "error", str(fault))
    comparison = compare(entry, case[1], got, source.dtype)
    if comparison.divergence:
        got = {name: np.array(a, dtype=np.float64) for name, a in got.items()}
        return Result(entry, "failed", "", comparison, got, tuple(case))
    if not comparison.alive:
        return Result(entry, "skipped", "all tensors that the port returned are 0, "
                                        "which proves nothing", comparison)
    return Result(entry, "passed", "", comparison, None, tuple(case))


def _case(entry, inputs, dtype):
    return Case(*(entry[field] for field in ("id", "family", "why", "config")), inputs,
                entry["outputs"], dtype)


def not_repeatable(source, results):
    """Run a few failed cases again; returns the first Result whose numbers changed, or None."""
    failed = [r for r in results if r.verdict == "failed"]
    for r in failed[::-(-len(failed) // RERUNS) or 1]:
        for _ in range(2):  # if the port keeps a state: first another case's, then this case's
            try:
                again = source.get(_case(r.entry, r.case[0], source.dtype))
            except (Skip, Fault):
                return r
            bound = r.entry["tolerance"][source.dtype.name]["bound"]
            if again.keys() != r.got.keys() or not all(np.allclose(     # NaN may come twice
                    again[k], a, 0, bound * np.abs(a[np.isfinite(a)]).max(initial=0), True)
                    for k, a in r.got.items()):
                return r
    return None
