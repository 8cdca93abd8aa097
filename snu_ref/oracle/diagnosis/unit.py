"""The diagnosis of the SNU's cases: sets of edits that give the port's numbers in many of them."""
import numpy as np

from ..mistakes.edit import TABLE
from .cover import Claim, SAMPLE, cover, spread
from .search import Budget, backward_sets, candidates, forward_sets, joined
from .seen import Seen, forward_class, has_traces, seen_of
from .sets import FORMS, Edits, Whole
from .views import VIEWS

SHARE = 0.5      # ours: of the cases in which a set of edits should show, it must give so many
SCOPE = 4        # ours: cases that share an option, of which nearly all are explained
NEARLY_ALL = 0.9
LONGEST = 50     # ours: steps of a case in which edits are looked for
PROPOSING = ("unit", "rest", "default", "batch", "stream", "made")
HOPELESS = 2     # ours: classes without an explanation of z, after which no other is looked at
EDGE = 800       # ours: runs that are kept for cases at boundaries
TRIES = {1: 4, 4: 4, 6: 2}   # ours: cases at boundaries, of a class, and with all options alike
KEPT = 6         # ours: sets of edits of one case that are kept
OPTIONS = ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")


class Unit:
    """What is found out about the failing cases of the SNU."""

    def __init__(self, results, dtype):
        self.failed = [seen_of(r, dtype) for r in results
                       if r.verdict == "failed" and r.entry["config"]["unit"] == "snu"]
        self.dtype, self.budget, passed = dtype, Budget(), []
        for r in spread([r for r in results if r.verdict == "passed"
                         and r.entry["config"]["unit"] == "snu"]):
            inputs, right = r.case
            right = {name: right[name] for name in r.comparison.compared}
            passed.append(seen_of(r._replace(case=(inputs, right), got=right), dtype))
        self.passed = [Whole(seen, self.budget) for seen in passed if seen.T <= LONGEST]
        self.failed.sort(key=_simple)
        self.wholes = {seen.id: Whole(seen, self.budget) for seen in self.failed}
        self.known, self.best, self.sample = [], Edits(form="by hand"), []
        self.lines, self._fits, self._viewed, self._against = {}, {}, {}, {}

    # ---- finding --------------------------------------------------------------------------------

    def search(self):
        """Look for edits in one case after the other, the simplest first, and carry them over."""
        tried, short = {}, [seen for seen in self.failed if seen.T <= LONGEST]
        proposing = [seen for seen in short if seen.family in PROPOSING and seen.T >= 3]
        self.sample = spread(short, SAMPLE)
        for seen in proposing + [seen for seen in short if seen.family not in PROPOSING]:
            edge, place = seen.family not in PROPOSING, forward_class(seen)
            keys = {("edge",)} if edge else {
                place, (*place, seen.config["reset_grad"], seen.config["surrogate"])}
            dark = [name for name, lines in self.lines.items() if not lines.found["z"]]
            if len(dark) >= HOPELESS or place in dark or self.budget.spent(EDGE * edge) \
                    or any(tried.get(key, 0) >= TRIES[len(key)] for key in keys) \
                    or edge and proposing and not self.known or self.fits(seen, self.best):
                continue
            tried.update({key: tried.get(key, 0) + 1 for key in keys})
            found = edge and self._one_more(seen) or (
                [] if edge and proposing else self._found(seen)[:KEPT])
            self.sample.append(seen)
            self._improve(found, edge)
            self.known += [edits for edits in found if edits not in self.known and not edge]
        for e in self.best.all:
            fewer = self.best._replace(
                forward=tuple(f for f in self.best.forward if f is not e),
                backward=tuple(f for f in self.best.backward if f is not e))
            if fewer.all and self.count(fewer) >= self.count(self.best):
                self.best = fewer
        self.known = [self.best, *(edits for edits in self.known if edits != self.best)]

    def count(self, edits):
        """In how many failing cases, of a sample, a set gives all numbers."""
        return sum(self.fits(seen, edits) for seen in self.sample)

    def _improve(self, found, edge):
        """Take over what is found, alone or beside what is known, where that explains more."""
        for edits in found:
            scoped = edits._replace(**{name: tuple(self._scoped(e) for e in getattr(edits, name))
                                       for name in ("forward", "backward")})
            tries = [more for one in dict.fromkeys((edits, scoped))
                     for more in (one, _joined(one, self.best), _joined(self.best, one))]
            for more in dict.fromkeys(tries):
                if self.count(more) > self.count(self.best) and not (
                        edge and len(self.against(more)) > len(self.against(self.best))):
                    self.best = more

    def _scoped(self, e):
        """An edit for the one value of the option that it depends on alone, in the last case."""
        option = {"h_slope": "surrogate", "g_slope": "g", "s": "g", "y": "h", "v": "h",
                  "seen": "lateral_inhibition"}.get(e.slot)
        return e if option is None or f"{option}=" in e.when else e._replace(
            when=f"{e.when} {option}={self.sample[-1].config[option]}".strip())

    def _found(self, seen, view=None):
        """Sets of edits that give all numbers of a case, what is known first."""
        whole, here = self._whole(seen, view), self.best.for_case(seen.config, seen.inputs)
        carried = list(dict.fromkeys([here.forward, *(
            edits.for_case(seen.config, seen.inputs).forward for edits in self.known), ()]))
        forwards, lines = forward_sets(whole, carried, self.budget, view is not None)
        if lines is not None and view is None:
            self.lines[forward_class(seen)] = lines
        bases = [Edits(forward, form, backward, view) for forward in forwards
                 for form in (FORMS if forward else ("by hand", "derived"))
                 for backward in dict.fromkeys((here.backward, ()))]
        bases.sort(key=lambda base: list(FORMS).index(base.form) > 1)
        found = [Edits(forward) for forward in forwards] if not seen.names(False) else \
            backward_sets(whole, bases, self.budget)
        if not found and view is None and len(self.lines) <= 1:
            found = next(filter(None, (self._found(seen, view) for view in VIEWS)), [])
        return found

    def _one_more(self, seen):
        """The sets that explain a case at a boundary, where anything fits, by one edit more."""
        here = self.best.for_case(seen.config, seen.inputs)
        tries = [here._replace(forward=joined((*here.forward, e))) for e in TABLE["FORWARD"]]
        tries += [here._replace(backward=(*here.backward, e)) for e in candidates(seen, here.form)]
        return [edits for edits in tries if not any(e.fitted for e in edits.all)
                and all(e.applies(seen.config, seen.inputs) for e in edits.all)
                and self.fits(seen, edits)]

    def _whole(self, seen, view):
        """The runs of a case, as a view sees it."""
        if view is None:
            return self.wholes[seen.id]
        key = seen.id, view.says
        if key not in self._viewed:
            self._viewed[key] = Whole(view.of(seen), self.budget)
        return self._viewed[key]

    def fits(self, seen, edits):
        """Whether a set of edits gives all numbers of a failing case."""
        here = edits.for_case(seen.config, seen.inputs)
        key = seen.id, here
        if key not in self._fits:
            whole = self._whole(seen, here.view)
            self._fits[key] = bool(here.said()) and whole.seen.matches(whole.run(here))
        return self._fits[key]

    # ---- choosing -------------------------------------------------------------------------------

    def claims(self):
        """The fewest sets that explain the most cases, and the ids of those without any."""
        self.search()
        chosen, left = cover(self.failed, self.known, self.fits, self._stands,
                             self.sample[SAMPLE:])
        claims = []
        for edits, mine, rivals in chosen:
            wholes = [self._whole(seen, edits.view) for seen in mine[:4]]
            digits = min(whole.seen.digits(whole.run(edits.for_case(
                whole.seen.config, whole.seen.inputs))) for whole in wholes)
            claims.append(Claim(_shown(edits, mine), tuple(seen.id for seen in mine),
                                tuple(_shown(other, mine) for other in rivals
                                      if not self._equal(edits, other, mine)), digits,
                                self._where(edits, mine)))
        return claims, [seen.id for seen in left]

    def _equal(self, edits, other, mine):
        """Whether two sets give the same numbers under all options that the port declares.

        Cases are made for these options; all tensors count, whether the port returns them or not.
        """
        made = [seen for seen in mine if seen.family == "made"][:2]
        return bool(made) and all(
            Seen(*seen[:4], seen.reported(self._run(seen, edits)), {}, seen.bound).matches(
                self._run(seen, other)) for seen in made)

    def _run(self, seen, edits):
        return self._whole(seen, edits.view).run(edits.for_case(seen.config, seen.inputs))

    def _stands(self, edits, sample):
        """Whether a set gives the numbers of half of the cases in which it should show.

        Or of nearly all that share an option: then something else is wrong in the others.
        """
        shows = [seen for seen in sample if edits.for_case(seen.config, seen.inputs).said()]
        fits = [seen for seen in shows if self.fits(seen, edits)]
        same = [seen for seen in shows
                if edits.for_case(seen.config, seen.inputs).all == edits.all] or shows
        if len(self.against(edits)) > len(fits) / 4 and not self._where(edits, fits):
            return False
        if sum(self.fits(seen, edits) for seen in same) >= SHARE * len(same):
            return len(fits) > (len(self.failed) > 3 and edits.rank[0] > 1)
        shares = [[self.fits(seen, edits) for seen in shows if seen.config[option] == value]
                  for option in OPTIONS for value in {seen.config[option] for seen in fits}]
        return any(len(some) >= SCOPE and np.mean(some) >= NEARLY_ALL for some in shares)

    def against(self, edits):
        """The configurations of passing cases, of a sample, that should fail with these edits."""
        if edits not in self._against:
            here = [(whole, edits.for_case(whole.seen.config, whole.seen.inputs))
                    for whole in self.passed if not edits.view]
            self._against[edits] = [whole.seen.config for whole, edits in here if edits.said()
                                    and not whole.seen.matches(whole.run(edits))]
        return self._against[edits]

    def _where(self, edits, mine):
        """An option that sets the explained cases apart from passes that should have failed."""
        against = self.against(edits)
        for option in OPTIONS:
            values = {seen.config[option] for seen in mine}
            if against and len(values) == 1 and not any(c[option] in values for c in against):
                return f"{option} = {values.pop()}"
        return ""


def _joined(edits, others):
    """A set with the edits of another beside it, where they do not stand in its place."""
    def beside(name):
        mine = getattr(edits, name)
        return mine + tuple(e for e in getattr(others, name) if not any(
            e.slot == f.slot and (e.when == f.when or "" in (e.when, f.when)) for f in mine))
    form = edits.form if edits.forward or not others.forward else others.form
    return Edits(beside("forward"), form, beside("backward"), edits.view)


def _shown(edits, mine):
    """Without the edits that apply in none of the cases."""
    def used(e):
        return any(e.applies(seen.config, seen.inputs) for seen in mine)
    return edits._replace(forward=tuple(filter(used, edits.forward)),
                          backward=tuple(filter(used, edits.backward)))


def _simple(seen):
    c = seen.config
    return (not has_traces(seen), c["recurrent"] + c["lateral_inhibition"],
            c["reset_grad"] != "through", c["g"] != "relu", seen.family not in PROPOSING,
            seen.family != "unit", c["h"] != "step")
