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
from .recognising import numbers_with, recognise, recognised
from .variants import applies, run_variant

SAMPLE = 16      # failures, and passes, on which explanations are compared, ours
SECONDS = 6.0   # of the processor, after which no further diagnosis is begun, ours
STORIES = 8      # diagnoses at most, ours


class Story(NamedTuple):
    """Failing Results with one cause, the simplest first."""
    results: list
    explanation: Any = None   # a diagnosis.Explanation
    others: tuple = ()        # explanations that fit as well
    partly: tuple = ()        # where there is none: explanations of some of the tensors
    against: int = 0          # passing cases that the explanation says should have failed
    looked_at: int = 0        # passing cases looked at


def tell(results, dtype, folder=FOLDER):
    """The stories of all failed Results, the simplest first."""
    judge = _Judge(results, np.dtype(dtype).name, folder)
    failed = [r for r in results if r.verdict == "failed"]
    remaining = list(failed)
    stories, partly, deadline = [], {}, time.process_time() + SECONDS
    while remaining and len(stories) < STORIES and time.process_time() < deadline:
        ranked = judge.rank(remaining, deadline - time.process_time())
        # an explanation that as many passes contradict as failures support would mislead
        likely = ranked and ranked[0][0][0] > 0
        mine = [r for r in remaining if judge.explains(r, tuple(ranked[0][1].names))] if likely else []
        if not mine:
            partly[remaining.pop(0).id] = judge.partly
            continue
        best, explanation, against = ranked[0]
        others = tuple(other for rank, other, _ in ranked[1:] if rank == best)
        stories.append(Story(mine, explanation, others, (), *against))
        taken = {r.id for r in mine}
        remaining = [r for r in remaining if r.id not in taken]
    told = {r.id for story in stories for r in story.results}
    return stories + _by_tensor([r for r in failed if r.id not in told], partly)


class _Judge:
    """Weighs explanations by the failures that they fit and the passes that they contradict."""

    def __init__(self, results, dtype, folder):
        self.dtype, self._fits = dtype, {}
        self.passed = [] if not any(r.verdict == "failed" for r in results) else [
            (r.entry, *load_case(r.entry, folder), r.comparison.compared) for r in _spread(
                [r for r in results if r.verdict == "passed" and r.entry["config"]["unit"] == "snu"])
            + [r for r in results if r.verdict == "passed" and r.entry["config"]["unit"] != "snu"]]

    def rank(self, remaining, seconds):
        """[(rank, explanation, passes against it)], best first, of the simplest case and the richest one."""
        unit = remaining[0].entry["config"]["unit"]
        alike = [r for r in remaining if r.entry["config"]["unit"] == unit]
        richest = max(alike, key=lambda r: (len(r.got), sum(bool(a.any()) for a in r.got.values()),
                                                -sum(a.size for a in r.case[0].values())))
        found, ranked, self.partly = {}, [], ()
        for r in {remaining[0].id: remaining[0], richest.id: richest}.values():
            inputs, outputs = r.case
            for explanation in self._diagnose(r, inputs, outputs, max(seconds / 2, 0.5)):
                if explanation.unmatched:
                    self.partly += (explanation,) if r is remaining[0] else ()
                else:
                    found.setdefault(frozenset(explanation.names), explanation)
        for explanation in found.values():
            names = tuple(explanation.names)
            fits = sum(self.explains(r, names) for r in _spread(remaining))
            alike = [case for case in self.passed if _kind(case[0]) == _kind(remaining[0].entry)]
            against = sum(self._contradicts(case, names) for case in alike)
            if fits:
                ranked.append(((fits - against, -len(names)), explanation, (against, len(alike))))
        return sorted(ranked, key=lambda one: one[0], reverse=True)

    def _diagnose(self, r, inputs, outputs, seconds):
        config, bound = r.entry["config"], self._bound(r.entry)
        if config["unit"] == "snu":
            return diagnose(config, inputs, r.got, outputs, bound, seconds=seconds)
        return recognise(config, inputs, r.got, outputs, bound)

    def explains(self, r, names):
        """Whether the changes give the port's wrong numbers of a case."""
        if (r.id, names) not in self._fits:
            config, (inputs, outputs) = r.entry["config"], r.case
            if config["unit"] != "snu":
                fits = len(names) == 1 and recognised(config, inputs, r.got, outputs, self._bound(r.entry), names[0])
            else:
                fits = all(applies(config, name) for name in names) and explains(
                    config, inputs, r.got, outputs, self._bound(r.entry), names)
            self._fits[r.id, names] = fits
        return self._fits[r.id, names]

    def _contradicts(self, case, names):
        """Whether the changes would have failed a case that the port passed."""
        entry, inputs, outputs, compared = case
        config = entry["config"]
        if set(names) & set(INEXACT):
            return False  # a loss of precision may stay below the bound
        if config["unit"] != "snu":
            changed = numbers_with(config, inputs, outputs, names[0]) if len(names) == 1 else None
            if changed is None:
                return False
        elif not all(applies(config, name) for name in names):
            return False
        else:
            changed = run_variant(config, inputs, names)
        return not matches(entry, changed, {name: outputs[name] for name in compared}, self.dtype)

    def _bound(self, entry):
        return entry["tolerance"][self.dtype]["bound"]


def _kind(entry):
    """What a mistake is expected to show in alike: the unit, and of losses and optimisers which."""
    config = entry["config"]
    return config["unit"], config.get("loss"), config.get("optimiser")


def _spread(results):
    """At most SAMPLE of them, evenly over the list, the first among them."""
    step = max(len(results) // SAMPLE, 1)
    return results[::step][:SAMPLE]


def _by_tensor(results, partly):
    groups = {}
    for r in results:
        groups.setdefault((r.entry["config"]["unit"], r.comparison.divergence.tensor), []).append(r)
    return [Story(group, partly=next((partly[r.id] for r in group if partly.get(r.id)), ()))
            for group in groups.values()]
