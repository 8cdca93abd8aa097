"""Failures that have one cause told as one story.

The simplest failing case and the most telling one are diagnosed. Of the explanations that are
found, the one that is believed (`belief`) and fits most takes all failures that it fits; then the
same again with what is left. What no explanation fits is put together by the tensor that diverges
first, with explanations that describe some of these cases.
"""
import time
from typing import Any, NamedTuple

import numpy as np

from ..cases.manifest import FOLDER
from .along import FORMS
from .belief import Judge
from .recognising import recognise
from .search import diagnose

SECONDS = 5.0   # ours: of the processor, after which no further diagnosis is begun
STORIES = 8     # ours: stories with a diagnosis at most
DESCRIBED = 2   # ours: explanations that describe some cases of a story


class Story(NamedTuple):
    """Failing Results with one cause, the simplest first."""
    results: list
    explanation: Any = None   # a diagnosis.Explanation
    others: tuple = ()        # explanations that fit as well
    partly: tuple = ()        # where there is none: explanations of some of the tensors
    described: tuple = ()     # (explanation, number of cases, why it is no diagnosis)
    where: str = ""           # what sets these cases apart from passes that should fail, too


def tell(results, dtype, folder=FOLDER):
    """The stories of all failed Results, the simplest first."""
    teller = _Teller(results, np.dtype(dtype).name, folder)
    while teller.untried and len(teller.stories) < STORIES and not teller.late():
        teller.look_further()
        teller.tell_what_is_believed()
    return teller.stories + teller.the_rest()


class _Teller:
    """The stories told so far, the failures that are left, and the explanations found for them."""

    def __init__(self, results, dtype, folder):
        self.judge = Judge(results, dtype, folder)
        self.failed = [r for r in results if r.verdict == "failed"]
        self.left, self.untried = list(self.failed), list(self.failed)
        self.stories, self.pool, self.partly = [], {}, {}
        self.deadline = time.process_time() + SECONDS

    def late(self):
        """Whether no further diagnosis is begun."""
        return time.process_time() > self.deadline

    def look_further(self):
        """Diagnose the simplest and the richest case of those that are left and untried."""
        simplest = self.untried[0]
        alike = [r for r in self.untried if _unit(r) == _unit(simplest)]
        richest = max(alike, key=lambda r: (len(r.got), sum(bool(a.any()) for a in r.got.values()),
                                            -sum(a.size for a in r.case[0].values())))
        # two changes meet the few numbers of a simple case by chance: these are for the richest
        self._diagnose(richest, True)
        if simplest is not richest:
            self._diagnose(simplest, False)

    def _diagnose(self, r, pairs):
        self.untried.remove(r)
        config, (inputs, outputs), bound = r.entry["config"], r.case, self.judge.bound(r.entry)
        if config["unit"] == "snu":
            seconds = max((self.deadline - time.process_time()) / 2, 0.5)
            found = diagnose(config, inputs, r.got, outputs, bound, pairs=pairs, seconds=seconds)
        else:
            found = recognise(config, inputs, r.got, outputs, bound)
        for explanation in found:
            if explanation.unmatched:
                if pairs:
                    self.partly.setdefault(r.id, []).append(explanation)
            else:
                self.pool.setdefault((_unit(r), frozenset(explanation.names)), (explanation, r))

    def tell_what_is_believed(self):
        """Stories of explanations without doubt, the best first, as long as there are any."""
        while len(self.stories) < STORIES:
            ranked = self._ranked()
            if not ranked or ranked[0].doubt:
                return
            best = ranked[0]
            names = tuple(best.explanation.names)
            mine = [r for r in self.left if self.judge.fits(r, names) == "fits"]
            others = tuple(w.explanation for w in ranked[1:] if w.rank == best.rank)
            self.stories.append(Story(mine, best.explanation, others, where=best.where))
            taken = {r.id for r in mine}
            self.left = [r for r in self.left if r.id not in taken]
            self.untried = [r for r in self.untried if r.id not in taken]

    def _ranked(self):
        """The explanations found so far that fit any of what is left, weighed, the best first."""
        weighed = [self.judge.weigh(explanation, self.left, r, self._told_without(explanation))
                   for explanation, r in self.pool.values()]
        return sorted((w for w in weighed if w.fits), key=lambda w: w.rank, reverse=True)

    def _told_without(self, explanation):
        """The Results of stories whose explanation does not hold these changes."""
        names = {name for name in explanation.names if name not in FORMS}
        return [r for story in self.stories if not names <= set(story.explanation.names)
                for r in story.results]

    def the_rest(self):
        """Stories without a diagnosis, by the tensor that diverges first."""
        ranked, groups = self._ranked() if self.left else [], {}
        for r in self.left:
            groups.setdefault((_unit(r), r.comparison.divergence.tensor), []).append(r)
        stories = []
        for group in groups.values():
            fitting = [(w, sum(self.judge.fits(r, tuple(w.explanation.names)) == "fits"
                               for r in group)) for w in ranked[:3 * DESCRIBED]]
            described = tuple((w.explanation, count, w.doubt or "no more stories are told")
                              for w, count in fitting if count)[:DESCRIBED]
            partly = next((self.partly[r.id] for r in group if r.id in self.partly), ())
            stories.append(Story(group, partly=tuple(partly), described=described))
        return stories


def _unit(r):
    return r.entry["config"]["unit"]
