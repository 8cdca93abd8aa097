"""Which explanation of a failing case is believed: weighed by other failures, and by the passes.

One case of few numbers is met by many a wrong explanation. So each is held against further failing
cases, where it should give the port's numbers, and against passing ones, where it should change
nothing. What stands that is a diagnosis; what does not only describes the numbers of some cases.

    Judge.fits(result, names)       "fits", "misses" (it changes the case, otherwise) or "silent"
    Judge.weigh(explanation, ...)   a Weighed, with the doubt in words, "" where there is none
"""
from typing import Any, NamedTuple

import numpy as np

from ..cases.manifest import FOLDER, load_case
from ..comparison.compare import matches
from .along import FORMS
from .recognising import numbers_with, recognised
from .runs import INEXACT
from .search import explains
from .variants import FAMILIES, VARIANTS, applies, run_variant

SAMPLE = 16     # ours: failures, and passes, on which an explanation is tried
SHARE = 0.25    # ours: of the failures in which it should show, an explanation must fit so many
SHARE_OF_ESTIMATES = 0.5  # ours: the same, where a number was taken from the port's own
FEW = 6         # ours: an estimate needs more different wrong numbers, where one case alone fails
OPTIONS = ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")


class Weighed(NamedTuple):
    """An explanation and what speaks for and against it, in the cases looked at."""
    explanation: Any
    fits: int            # failing cases whose numbers it gives
    against: int         # passing cases that should have failed
    doubt: str           # why it is no diagnosis
    where: str           # what sets the failing cases apart from the passes against it

    @property
    def rank(self):
        """Higher is better."""
        names = self.explanation.names
        form = max((list(FORMS).index(name) + 1 for name in names if name in FORMS), default=0)
        changes = sum(name not in FORMS for name in names)
        return (not self.doubt, self.fits - self.against, not estimated(names), -changes, -form)


def estimated(names):
    """Whether a number or a relation in them was taken from the port's own numbers."""
    return any(": " in name or name not in VARIANTS and name.partition("=")[0] in FAMILIES
               for name in names)


def _involved(names):
    """Whether they could meet the numbers of one case by chance: estimates, and several changes."""
    return estimated(names) or sum(name not in FORMS for name in names) > 1


class Judge:
    """Weighs explanations of failing Results."""

    def __init__(self, results, dtype, folder=FOLDER):
        self.dtype, self._fits = dtype, {}
        passed = [r for r in results if r.verdict == "passed"]
        units = [r for r in passed if r.entry["config"]["unit"] == "snu"]
        rest = [r for r in passed if r.entry["config"]["unit"] != "snu"]
        looked_at = [*spread(units), *rest] if any(r.verdict == "failed" for r in results) else []
        self.passed = [(r.entry, *load_case(r.entry, folder), r.comparison.compared)
                       for r in looked_at]

    def bound(self, entry):
        """The tolerance of a case."""
        return entry["tolerance"][self.dtype]["bound"]

    def weigh(self, explanation, left, like, told=()):
        """How an explanation stands.

        left: failing Results that are not explained; like: the one it was found for, or another of
        its kind. told: those that have an explanation without these changes.
        """
        names = tuple(explanation.names)
        left, told = ([r for r in rs if _kind(r.entry) == _kind(like.entry)] for rs in (left, told))
        sample = {r.id: r for r in [*spread(left), *(r for r in left if r.id == like.id)]}
        fitting = [r for r in sample.values() if self.fits(r, names) == "fits"]
        share = self._share(names, list(sample.values()), len(left), spread(told), len(told))
        alike = [case for case in self.passed if _kind(case[0]) == _kind(like.entry)]
        against = [case[0] for case in alike if self._contradicts(case, names)]
        where = _set_apart([r.entry for r in fitting], against)
        doubt = ""
        if against and not where:
            doubt = f"{len(against)} of {len(alike)} passing cases looked at speak against it"
        elif share < (SHARE_OF_ESTIMATES if estimated(names) else SHARE):
            doubt = (f"it gives the numbers of {100 * share:.0f} % of the failing cases in which "
                     "it should show")
        elif _involved(names) and len(left) + len(told) > 1 == self._count(names, left):
            doubt = "it fits one failing case alone"
        elif estimated(names) and len(left) + len(told) == 1 and _different(left[0]) <= FEW:
            doubt = "it rests on few numbers of one case"
        return Weighed(explanation, len(fitting), 0 if where else len(against), doubt, where)

    def _share(self, names, left, all_left, told, all_told):
        """Of the failures in which the changes show, the share whose numbers they give."""
        looks = [self.fits(r, names) for r in left]
        scale = all_left / max(len(left), 1)
        fits, misses = (scale * looks.count(look) for look in ("fits", "misses"))
        # those of other stories may have this mistake and another: what they miss counts as well
        misses += sum(self.fits(r, names) == "misses" for r in told) * all_told / max(len(told), 1)
        return fits / (fits + misses) if fits else 0.0

    def _count(self, names, failed):
        """How many failing cases the changes give the numbers of, counted to 2."""
        fitting = (r for r in failed if self.fits(r, names) == "fits")
        return sum(1 for _, r in zip(range(2), fitting))

    def fits(self, r, names):
        """Whether the changes give the port's numbers of a failing case."""
        if (r.id, names) not in self._fits:
            self._fits[r.id, names] = self._look(r, names)
        return self._fits[r.id, names]

    def _look(self, r, names):
        entry, (inputs, outputs) = r.entry, r.case
        config, bound = entry["config"], self.bound(entry)
        if config["unit"] != "snu":
            if len(names) != 1:
                return "silent"
            if recognised(config, inputs, r.got, outputs, bound, names[0]):
                return "fits"
        elif not all(applies(config, name) for name in names):
            return "silent"
        elif explains(config, inputs, r.got, outputs, bound, names):
            return "fits"
        changed = self._changed(config, inputs, outputs, names)
        compared = r.comparison.compared
        shows = changed and self._differs(entry, changed, outputs, compared)
        return "misses" if shows else "silent"

    def _contradicts(self, case, names):
        """Whether the changes would have failed a case that the port passed."""
        entry, inputs, outputs, compared = case
        config = entry["config"]
        if config["unit"] == "snu" and not all(applies(config, name) for name in names):
            return False
        changed = self._changed(config, inputs, outputs, names)
        return bool(changed) and self._differs(entry, changed, outputs, compared)

    def _changed(self, config, inputs, outputs, names):
        if set(names) & set(INEXACT):
            return None  # a loss of precision may stay below the bound
        if config["unit"] == "snu":
            return run_variant(config, inputs, names)
        return numbers_with(config, inputs, outputs, names[0]) if len(names) == 1 else None

    def _differs(self, entry, changed, outputs, compared):
        return not matches(entry, changed, {name: outputs[name] for name in compared}, self.dtype)


def spread(results):
    """At most SAMPLE of them, evenly over the list, the first among them."""
    step = max(len(results) // SAMPLE, 1)
    return results[::step][:SAMPLE]


def _kind(entry):
    """What a mistake is expected to show in alike: the unit, and of losses and optimisers which."""
    config = entry["config"]
    return config["unit"], config.get("loss"), config.get("optimiser")


def _set_apart(entries, against):
    """An option that all failing cases share, and no pass that speaks against it has: "h=step"."""
    for option in OPTIONS:
        values = {entry["config"].get(option) for entry in entries}
        if (against and len(entries) > 1 and len(values) == 1 and None not in values
                and not any(entry["config"].get(option) in values for entry in against)):
            return f"{option}={values.pop()}"
    return ""


def _different(r):
    """How many different errors there are among the port's numbers, adjoints left out."""
    inputs, outputs = r.case
    errors = {float(f"{error:.6g}") for name in r.comparison.wrong if not name.startswith("adj.")
              for error in np.ravel(r.got[name] - outputs[name]) if error}
    return len(errors)
