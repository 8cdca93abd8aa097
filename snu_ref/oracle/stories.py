"""Failures that have one cause told as one story.

The simplest failing case and the most telling one are diagnosed; the explanation that fits most of the
failures, and contradicts no pass, takes all that it fits; then the same again with what is left. What
no explanation fits is put together by the tensor that diverges first.
"""
import time
from typing import Any, NamedTuple

import numpy as np

from .compare import matches
from .diagnosis import INEXACT, diagnose, explains
from .manifest import FOLDER, load_case
from .variants import applies, run_variant

SAMPLE = 16      # failures, and passes, on which explanations are compared, ours
SECONDS = 15.0   # after which no further diagnosis is begun, ours
STORIES = 8      # diagnoses at most, ours


class Story(NamedTuple):
    """Failing Results with one cause, the simplest first."""
    results: list
    explanation: Any = None   # a diagnosis.Explanation
    others: tuple = ()        # explanations that fit as well
    against: int = 0          # passing cases that the explanation says should have failed
    looked_at: int = 0        # passing cases looked at


def tell(results, dtype, folder=FOLDER):
    """The stories of all failed Results, the simplest first."""
    judge = _Judge(results, np.dtype(dtype).name, folder)
    failed = [r for r in results if r.verdict == "failed"]
    remaining = [r for r in failed if r.entry["config"]["unit"] == "snu"]
    stories, unexplained, deadline = [], set(), time.monotonic() + SECONDS
    while remaining and len(stories) < STORIES and time.monotonic() < deadline:
        ranked = judge.rank(remaining, deadline - time.monotonic())
        mine = [r for r in remaining if judge.explains(r, tuple(ranked[0][1].names))] if ranked else []
        if not mine:
            unexplained.add(remaining.pop(0).id)
            continue
        best, explanation, against = ranked[0]
        others = tuple(other for rank, other, _ in ranked[1:] if rank == best)
        stories.append(Story(mine, explanation, others, against, len(judge.passed)))
        taken = {r.id for r in mine}
        remaining = [r for r in remaining if r.id not in taken]
    told = {r.id for story in stories for r in story.results}
    return stories + _by_tensor([r for r in failed if r.id not in told])


class _Judge:
    """Weighs explanations by the failures that they fit and the passes that they contradict."""

    def __init__(self, results, dtype, folder):
        self.dtype, self._fits = dtype, {}
        self.passed = [] if not any(r.verdict == "failed" for r in results) else [
            (r.entry, *load_case(r.entry, folder), r.comparison.compared) for r in _spread(
                [r for r in results if r.verdict == "passed" and r.entry["config"]["unit"] == "snu"])]

    def rank(self, remaining, seconds):
        """[(rank, explanation, passes against it)], best first, of the simplest case and the richest one."""
        richest = max(remaining, key=lambda r: (len(r.got), sum(bool(a.any()) for a in r.got.values()),
                                                -r.case[0]["x"].size))
        found, ranked = {}, []
        for r in {remaining[0].id: remaining[0], richest.id: richest}.values():
            inputs, outputs = r.case
            for explanation in diagnose(r.entry["config"], inputs, r.got, outputs, self._bound(r.entry),
                                        seconds=max(seconds / 2, 0.5)):
                found.setdefault(frozenset(explanation.names), explanation)
        for explanation in found.values():
            names = tuple(explanation.names)
            fits = sum(self.explains(r, names) for r in _spread(remaining))
            against = sum(self._contradicts(case, names) for case in self.passed)
            if fits:
                ranked.append(((fits - against, -len(names)), explanation, against))
        return sorted(ranked, key=lambda one: one[0], reverse=True)

    def explains(self, r, names):
        """Whether the changes give the port's wrong numbers of a case."""
        if (r.id, names) not in self._fits:
            config, (inputs, outputs) = r.entry["config"], r.case
            self._fits[r.id, names] = all(applies(config, name) for name in names) and explains(
                config, inputs, r.got, outputs, self._bound(r.entry), names)
        return self._fits[r.id, names]

    def _contradicts(self, case, names):
        """Whether the changes would have failed a case that the port passed."""
        entry, inputs, outputs, compared = case
        if set(names) & set(INEXACT) or not all(applies(entry["config"], name) for name in names):
            return False  # a loss of precision may stay below the bound
        changed = run_variant(entry["config"], inputs, names)
        return not matches(entry, changed, {name: outputs[name] for name in compared}, self.dtype)

    def _bound(self, entry):
        return entry["tolerance"][self.dtype]["bound"]


def _spread(results):
    """At most SAMPLE of them, evenly over the list, the first among them."""
    step = max(len(results) // SAMPLE, 1)
    return results[::step][:SAMPLE]


def _by_tensor(results):
    groups = {}
    for r in results:
        groups.setdefault((r.entry["config"]["unit"], r.comparison.divergence.tensor), []).append(r)
    return [Story(group) for group in groups.values()]
