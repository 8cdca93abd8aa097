"""Running all chosen cases through a source: one Result per case."""
from typing import Any, NamedTuple

import numpy as np

from ..cases.case import Case
from ..cases.manifest import FOLDER, load_case
from .compare import compare
from .port import Fault, Skip


RERUNS = 4  # ours: failed cases that are run again


class Result(NamedTuple):
    """What came of one case.

    verdict: "passed", "failed" (numbers), "error" (nothing that could be compared), "skipped".
    """
    entry: dict
    verdict: str
    reason: str = ""
    comparison: Any = None
    got: Any = None      # the port's arrays, where some failed
    case: Any = None     # (inputs, outputs), likewise
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
        """Whether this makes the check fail: a failure, or a pass where a failure was announced."""
        failed = self.verdict in ("failed", "error")
        return failed != self.expected_to_fail and self.verdict != "skipped"


def check_cases(source, entries, expected_to_fail=(), folder=FOLDER):
    """The Results of all cases, one after the other."""
    for entry in entries:
        result = check_case(source, entry, folder)
        yield result._replace(expected_to_fail=entry["id"] in expected_to_fail)


def check_case(source, entry, folder=FOLDER):
    """The Result of one case."""
    reason = source.leaves_out(entry["id"])
    if reason:
        return Result(entry, "skipped", reason)
    inputs, outputs = load_case(entry, folder)
    tolerance = entry["tolerance"][source.dtype.name]
    if tolerance["bound"] is None:
        return Result(entry, "skipped", f"not offered in {source.dtype}: {tolerance['reason']}")
    try:
        got = source.get(_case(entry, inputs, source.dtype))
    except Skip as skip:
        return Result(entry, "skipped", str(skip))
    except Fault as fault:
        return Result(entry, "error", str(fault))
    with np.errstate(all="ignore"):  # whatever the port has set
        comparison = compare(entry, outputs, got, source.dtype)
    if comparison.divergence:
        got = {name: np.array(a, dtype=np.float64) for name, a in got.items()}
        return Result(entry, "failed", "", comparison, got, (inputs, outputs))
    if not comparison.alive:
        return Result(entry, "skipped", "only tensors that are 0 everywhere were returned, which "
                                        "proves nothing", comparison)
    return Result(entry, "passed", "", comparison)


def _case(entry, inputs, dtype):
    return Case(*(entry[field] for field in ("id", "family", "why", "config")), inputs,
                entry["outputs"], dtype)


def not_repeatable(source, results):
    """The first failed Result, of a few, whose case gives other numbers in another run, or None."""
    failed = [r for r in results if r.verdict == "failed"]
    for r in failed[::-(-len(failed) // RERUNS) or 1]:
        for _ in range(2):  # in the second, a state that was kept is that of this very case
            try:
                again = source.get(_case(r.entry, r.case[0], source.dtype))
            except (Skip, Fault):
                return r
            bound = r.entry["tolerance"][source.dtype.name]["bound"]
            if again.keys() != r.got.keys() or not all(_alike(again[k], a, bound)
                                                       for k, a in r.got.items()):
                return r
    return None


def _alike(again, a, bound):
    size = np.abs(a[np.isfinite(a)]).max(initial=0)  # a port may give what is not a number, twice
    return np.allclose(again, a, rtol=0, atol=bound * size, equal_nan=True)
