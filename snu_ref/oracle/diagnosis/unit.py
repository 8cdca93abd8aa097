"""The diagnosis of the SNU: find sets of edits that give the port's numbers in many cases."""
import itertools

import numpy as np

from ..mistakes.edit import TABLE
from .backward import backward_sets
from .lines import forward_sets, look
from .seen import LONGEST, OPTIONS, forward_class, has_traces, reordered, seen_of, spread
from .sets import BY_HAND, DERIVED, FORMS, Edits, Whole, unless_spent

TRIALS = 3000    # our choice: the most trials (`sets.spend`) of a check
RESERVE = 700    # our choice: of these, reserved for the choice among the sets found
SHARE = 0.5      # our choice: a set must explain at least this share of the cases that it affects
FEW = 2          # our choice: and more than so many, if few of these have a right forward pass
EDGES = 4        # our choice: the most boundary cases that are searched
KEPT = 4         # our choice: sets of edits that are kept for one case
IN_VAIN = 8      # our choice: the search ends after so many cases in a row without a result
DEAR = 2         # our choice: a case counts so often if its gradients were searched in vain
RIGHT = 4        # our choice: so many more are searched if only their gradients are wrong


class Unit:
    """The search for explanations of the failing cases of the SNU, and what it has found."""

    def __init__(self, results, dtype):
        self.dtype, self.budget, self.view = dtype, {"left": TRIALS - RESERVE}, None
        units = [r for r in results if r.entry["config"]["unit"] == "snu"]
        self.failed = [Whole(seen_of(r, dtype), self.budget) for r in units
                       if r.verdict == "failed"]
        self.failed.sort(key=lambda whole: _simple(whole.seen))
        passed = [seen_of(r._replace(got={name: r.case[1][name] for name in r.comparison.compared}),
                          dtype) for r in spread([r for r in units if r.verdict == "passed"])]
        self.passed = [Whole(seen, self.budget) for seen in passed if seen.T <= LONGEST]
        self.known, self.best, self.sample, self.searched = [], Edits(form=BY_HAND), [], []
        self.dark, self.in_vain = set(), 0  # classes, and cases in a row, where nothing was found
        self.ended = False

    def search(self):
        """Search one case after the other, the simplest first; try what is found on all cases."""
        self.ended = unless_spent(True, self._search)       # True if no trials are left
        self.budget["left"] += RESERVE
        for e in self.best.all:         # drop edits that change nothing
            fewer = self.best.only(lambda f, e=e: f is not e)
            if fewer.all and self.score(fewer) >= self.score(self.best):
                self.best = fewer
        self.known = [self.best, *(edits for edits in self.known if edits != self.best)]

    def _search(self):
        self._turn()
        few = [whole for whole in self.failed if whole.seen.T <= LONGEST]
        self.sample = spread(few)
        proposing = [whole for whole in few if whole.seen.proposes] or few
        for _ in range(2):      # a second case of each kind, if the first told too little
            new = [whole for whole in proposing if whole not in self.searched]
            for whole in self._open(
                    new, lambda seen: [seen.right, *(seen.config[o] for o in OPTIONS)]):
                found = self._found(whole)
                self._improve(found, whole)
                self.known += [edits for edits in found[:KEPT] if edits not in self.known]
        edges = [whole for whole in few if whole not in proposing] if self.known else []
        for whole in itertools.islice(self._open(edges, lambda seen: seen.id), EDGES):
            against = self.against(self.best)
            self._improve([edits for edits in self._found(whole, True)
                           if self.against(edits) <= against], whole)

    def _open(self, cases, kind):
        """Cases that no known set explains, one of each kind; not where a search failed."""
        tried = []
        for whole in cases:
            seen = whole.seen
            if not (kind(seen) in tried or forward_class(seen) in self.dark and not seen.right
                    or self.in_vain >= IN_VAIN + RIGHT * seen.right
                    or any(whole.fits(edits) and not self.against(edits)
                           for edits in (self.best, *self.known))):
                tried.append(kind(seen))
                yield whole

    def score(self, edits):
        """Higher is better: more cases explained, fewer passing cases that fail, fewer edits."""
        explained = sum(whole.fits(edits) for whole in self.sample + self.searched)
        return explained, -self.against(edits), -edits.cost

    def against(self, edits):
        """How many passing cases of a sample would fail with these edits."""
        return sum(whole.shows(edits) and not whole.fits(edits) for whole in self.passed)

    def _improve(self, found, whole):
        """If a new set scores higher, alone or joined with the best, it becomes the best."""
        self.searched.append(whole)
        for edits in found[:KEPT]:
            for one in (edits.limited(whole.seen.config), edits, *(
                    edits.limited(whole.seen.config, option) for option in OPTIONS)):
                self.best = max(self.best, one, _joined(one, self.best), key=self.score)

    def _turn(self):
        """Reorder the port's arrays if its state holds only in another order."""
        first = next((whole for whole in self.failed
                      if whole.seen.proposes and has_traces(whole.seen)), None)
        if first and not first.looks[0].state:
            for view in TABLE["VIEWS"]:
                if look(reordered(first.seen, view), True)[0].state:
                    self.view, self.passed = view, []
                    self.failed = [Whole(reordered(whole.seen, view), self.budget)
                                   for whole in self.failed]
                    break

    def _found(self, whole, at_edge=False):
        """Sets of edits that give all numbers of a case; known sets are tried first."""
        here, seen = self.best.for_case(whole.seen), whole.seen
        forwards = forward_sets(whole, dict.fromkeys([here.forward, *(
            edits.for_case(seen).forward for edits in self.known), ()]), at_edge)
        if not forwards:
            self.dark.add(forward_class(seen))
            self.in_vain += 1
            return []
        if not seen.gradients:
            self.in_vain = 0
            return [Edits(forward) for forward in forwards]
        bases = [Edits(forward, form, backward) for forward in forwards
                 for form in (FORMS if forward else (BY_HAND, DERIVED))
                 for backward in dict.fromkeys((here.backward, ()))]
        found = backward_sets(whole, bases, self.best.all and self.best.form)
        self.in_vain = 0 if found else self.in_vain + (DEAR if has_traces(seen) else 1)
        return found

    def stands(self, edits, sample):
        """Whether a set explains half of the cases it affects, and few passing cases oppose it.

        If it changes only gradients, those cases count whose forward pass is right.
        """
        affected = [whole for whole in sample if whole.shows(edits)]
        shows = [whole for whole in affected if edits.forward or whole.gives_forward(())]
        fits = [whole for whole in shows if whole.fits(edits)]
        few = FEW * (len(shows) < SHARE * len(affected))
        return (len(fits) >= SHARE * len(shows)
                and len(fits) > max(few, len(self.failed) > 3 and edits.cost > 1)
                and self.against(edits) <= len(fits) / 4)


def _joined(edits, others):
    """`edits`, and those of `others` whose lines `edits` does not change."""
    def beside(name):
        mine = getattr(edits, name)
        return mine + tuple(e for e in getattr(others, name) if not any(
            e.slot == f.slot and (e.when == f.when or "" in (e.when, f.when)) for f in mine))
    form = edits.form if edits.forward or not others.forward else others.form
    return Edits(beside("forward"), form, beside("backward"))


def _simple(seen):
    c = seen.config
    y = seen.got.get("y", np.arange(3))
    silent = np.unique(y[:-1]).size < 2     # then feedback and reset do not show
    return (not has_traces(seen), silent, "s" not in seen.got and seen.inputs["state.s"].any(),
            c["recurrent"] + c["lateral_inhibition"],
            c["reset_grad"] != "through", c["g"] != "relu", not seen.proposes,
            np.linalg.matrix_rank(seen.params["W"]) < seen.params["b"].size,    # dx gives no dz
            not seen.right, seen.family != "unit", c["h"] != "step")
