"""The diagnosis of the SNU: find sets of edits that give the port's numbers in many cases."""
from collections import Counter

from ..mistakes.edit import TABLE
from .backward import backward_sets, candidates, silent
from .claims import SAMPLE, confirmed, cover, spread
from .lines import look, state_holds
from .search import forward_sets, joined
from .seen import LONGEST, OPTIONS, forward_class, has_traces, reordered, seen_of
from .sets import BY_HAND, DERIVED, FORMS, Edits, Whole, scoped_to

TRIALS = 2000    # our choice: after this many runs of a program the search ends
SHARE = 0.5      # our choice: a set must explain this share of the cases that it affects
HOPELESS = 2     # our choice: give up after this many classes where nothing explains z
EDGES = 4        # our choice: the most boundary cases that are searched
TRIES = 2        # our choice: the most cases with equal options that are searched
PEERS = 12       # our choice: the most cases in which forward edits are compared
KEPT = 6         # our choice: sets of edits that are kept for one case


class Unit:
    """The search for explanations of the failing cases of the SNU, and what it has found."""

    def __init__(self, results, dtype):
        self.dtype, self.budget, self.view = dtype, {"left": TRIALS}, None
        units = [r for r in results if r.entry["config"]["unit"] == "snu"]
        self.failed = [Whole(seen_of(r, dtype), self.budget) for r in units
                       if r.verdict == "failed"]
        self.failed.sort(key=lambda whole: _simple(whole.seen))
        passed = [seen_of(r._replace(got={name: r.case[1][name] for name in r.comparison.compared}),
                          dtype) for r in spread([r for r in units if r.verdict == "passed"])]
        self.passed = [Whole(seen, self.budget) for seen in passed if seen.T <= LONGEST]
        self.known, self.best, self.sample = [], Edits(form=BY_HAND), []
        self.dark, self._against = set(), {}    # dark: classes where nothing explains z

    # ---- finding --------------------------------------------------------------------------------

    def search(self):
        """Search one case after the other, the simplest first; try what is found on all cases."""
        self._turn()
        few = [whole for whole in self.failed if whole.seen.T <= LONGEST]
        proposing = [whole for whole in few if whole.seen.proposes] or few
        tried, edges = Counter(), [whole for whole in few if whole not in proposing]
        self.sample = spread(few, SAMPLE)
        for whole in proposing:
            config, place = whole.seen.config, forward_class(whole.seen)
            options = *place, config["reset_grad"], config["surrogate"]
            if len(self.dark) < HOPELESS and place not in self.dark and tried[options] < TRIES \
                    and self.budget["left"] > 0 and not any(
                        whole.fits(edits) for edits in (self.best, *self.known)):
                tried[options] += 1
                found = self._found(whole)
                self._improve(found, whole)
                self.known += [edits for edits in found[:KEPT] if edits not in self.known]
        for whole in edges if self.known else ():
            if tried["edge"] < EDGES and self.budget["left"] > 0 and not whole.fits(self.best):
                tried["edge"] += 1
                self._improve([edits for edits in self._one_more(whole)
                               if len(self.against(edits)) <= len(self.against(self.best))], whole)
        for e in self.best.all:
            fewer = self.best.only(lambda f, e=e: f is not e)
            if fewer.all and self.count(fewer) >= self.count(self.best):
                self.best = fewer
        self.known = [self.best, *(edits for edits in self.known if edits != self.best)]

    def count(self, edits):
        """In how many failing cases of a sample a set gives all numbers."""
        return sum(whole.fits(edits) for whole in self.sample)

    def _improve(self, found, whole):
        """Make a found set the best one, alone or joined with the best, if it explains more."""
        self.sample.append(whole)
        config = whole.seen.config
        for edits in found[:KEPT]:
            scoped = edits._replace(forward=scoped_to(config, edits.forward),
                                    backward=scoped_to(config, edits.backward))
            for more in dict.fromkeys(more for one in (scoped, edits) for more in (
                    one, _joined(one, self.best), _joined(self.best, one))):
                if self.count(more) > self.count(self.best):
                    self.best = more

    def _turn(self):
        """Read the port's arrays in the order in which the state holds, if it does not as it is."""
        first = next((whole for whole in self.failed
                      if whole.seen.proposes and has_traces(whole.seen)), None)
        if first and not state_holds(first.looked()[0]):
            for view in TABLE["VIEWS"]:
                if state_holds(look(reordered(first.seen, view), True)[0]):
                    self.view, self.passed = view, []
                    self.failed = [Whole(reordered(whole.seen, view), self.budget)
                                   for whole in self.failed]
                    break

    def _found(self, whole):
        """Sets of edits that give all numbers of a case; known sets are tried first."""
        here, seen = self.best.for_case(whole.seen), whole.seen
        forwards, dark = forward_sets(whole, dict.fromkeys([here.forward, *(
            edits.for_case(seen).forward for edits in self.known), ()]))
        if dark:
            self.dark.add(forward_class(seen))
        if len(forwards) > 1:   # chance fits few bits: those that fit the most cases remain
            fitting = [sum(other.gives_forward(forward) for other in spread(self.failed, PEERS))
                       for forward in forwards]
            forwards = [f for f, n in zip(forwards, fitting) if n == max(fitting)]
        if not seen.names(False):
            return [Edits(forward) for forward in forwards]
        bases = [Edits(forward, form, backward) for forward in forwards
                 for form in (FORMS if forward else (BY_HAND, DERIVED))
                 for backward in dict.fromkeys((here.backward, ()))]
        return backward_sets(whole, bases, self.best.all and self.best.form)

    def _one_more(self, whole):
        """The best set with one more edit, if that explains a case at a boundary."""
        here, seen = self.best.for_case(whole.seen), whole.seen
        if seen.matches(whole.run(here), seen.names(True)):
            tries = [here._replace(backward=(*here.backward, e))
                     for e in candidates(seen, here.form) if not e.fitted]
            return list(filter(whole.fits, tries)) or silent(whole, [here])
        more = [joined((*here.forward, e)) for e in TABLE["FORWARD"] if not e.fitted
                and e.applies(seen.config, seen.inputs)]
        return [edits for forward in more if whole.gives_forward(forward)
                for form in ([here.form] if here.forward else FORMS)
                for edits in [here._replace(forward=forward, form=form)] if whole.fits(edits)]

    # ---- choosing -------------------------------------------------------------------------------

    def causes(self, results):
        """The fewest confirmed Causes that explain the most cases, and the Results that remain."""
        self.search()
        chosen, left = cover(self.failed, self.known, self._stands, self.sample[SAMPLE:])
        causes = [confirmed(edits, mine, [other for other in rivals
                                          if not self._equal(edits, other, mine)],
                            results, self._where(edits, mine)) for edits, mine, rivals in chosen]
        if self.view:
            causes = [cause._replace(says=(self.view.said(), *cause.says)) for cause in causes]
        return causes, [results[whole.seen.id] for whole in left]

    def _equal(self, edits, other, mine):
        """Whether two sets give the same numbers in the new cases for the port's options.

        All tensors count, also those that the port does not return.
        """
        made = [whole for whole in mine if whole.seen.family == "made"][:2]
        return bool(made) and all(
            seen._replace(got=seen.reported(whole.run(edits.for_case(seen)))).matches(
                whole.run(other.for_case(seen))) for whole in made for seen in [whole.seen])

    def _stands(self, edits, sample):
        """Whether a set explains half of the cases that it affects, and spares those that pass."""
        shows = [whole for whole in sample if whole.shows(edits)]
        fits = [whole for whole in shows if whole.fits(edits)]
        return (len(fits) >= SHARE * len(shows)
                and len(fits) > (len(self.failed) > 3 and edits.cost > 1)
                and (len(self.against(edits)) <= len(fits) / 4 or bool(self._where(edits, fits))))

    def against(self, edits):
        """The configurations of passing cases of a sample that should fail with these edits."""
        if edits not in self._against:
            self._against[edits] = [whole.seen.config for whole in self.passed
                                    if whole.shows(edits) and not whole.fits(edits)]
        return self._against[edits]

    def _where(self, edits, mine):
        """An option that all explained cases have, and no passing case that should have failed."""
        against = self.against(edits)
        for option in OPTIONS:
            values = {whole.seen.config[option] for whole in mine}
            if against and len(values) == 1 and not any(c[option] in values for c in against):
                return f"{option} = {values.pop()}"
        return ""


def _joined(edits, others):
    """A set with the edits of another set added, except those of lines that it already edits."""
    def beside(name):
        mine = getattr(edits, name)
        return mine + tuple(e for e in getattr(others, name) if not any(
            e.slot == f.slot and (e.when == f.when or "" in (e.when, f.when)) for f in mine))
    form = edits.form if edits.forward or not others.forward else others.form
    return Edits(beside("forward"), form, beside("backward"))


def _simple(seen):
    c = seen.config
    return (not has_traces(seen), seen.silent, c["recurrent"] + c["lateral_inhibition"],
            c["reset_grad"] != "through", c["g"] != "relu", not seen.proposes,
            seen.family != "unit", c["h"] != "step")
