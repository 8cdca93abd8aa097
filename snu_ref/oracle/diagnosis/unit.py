"""The diagnosis of the SNU's cases: sets of edits that give the port's numbers in many of them."""
from ..mistakes.edit import TABLE
from .cover import Claim, SAMPLE, cover, spread
from .lines import look
from .search import Budget, backward_sets, candidates, forward_sets
from .seen import Seen, forward_class, has_traces, seen_of
from .sets import Edits, Whole
from .views import VIEWS

SHARE = 0.5      # ours: of the cases in which a set of edits should show, it must give so many
POOL = 4         # ours: cases of one class that are looked at together
LONGEST = 50     # ours: steps of a case in which edits are looked for
PROPOSING = ("unit", "rest", "default", "batch", "stream", "made")
HAND_SLOTS = {e.slot for name in ("HAND", "SLOPES") for e in TABLE[name]}
OPTIONS = ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")


class Unit:
    """What is found out about the failing cases of the SNU."""

    def __init__(self, results, dtype):
        self.failed = [seen_of(r, dtype) for r in results
                       if r.verdict == "failed" and r.entry["config"]["unit"] == "snu"]
        self.passed = [r for r in results
                       if r.verdict == "passed" and r.entry["config"]["unit"] == "snu"]
        self.dtype, self.budget = dtype, Budget()
        self.failed.sort(key=_simple)
        self.wholes = {seen.id: Whole(seen, self.budget) for seen in self.failed}
        self.known, self.lines, self._fits = [], {}, {}
        self._viewed, self._against = {}, {}

    # ---- finding --------------------------------------------------------------------------------

    def search(self):
        """Look for edits in one case after the other, the simplest first."""
        tried = {}
        proposing = [seen for seen in self.failed if seen.family in PROPOSING
                     and 3 <= seen.T <= LONGEST]
        for seen in proposing or [seen for seen in self.failed if seen.T <= LONGEST]:
            if any(self.fits(seen, edits) for edits in self.known):
                continue
            key = (*forward_class(seen), seen.config["reset_grad"], seen.config["surrogate"])
            if self.budget.spent() or tried.get(key[:4], 0) > 3 or tried.get(key, 0) > 1:
                continue
            tried[key], tried[key[:4]] = tried.get(key, 0) + 1, tried.get(key[:4], 0) + 1
            for edits in self._found(seen, proposing):
                for more in (edits, self._merged(edits, seen)):
                    if more not in self.known:
                        self.known.append(more)

    def _found(self, seen, proposing):
        pool = [other for other in proposing if forward_class(other) == forward_class(seen)
                and set(other.got) == set(seen.got)]
        pool = [seen, *(other for other in pool if other is not seen)][:POOL]
        whole = self.wholes[seen.id]
        carried = list(dict.fromkeys([*(edits.for_case(seen.config, seen.inputs).forward
                                        for edits in self.known), ()]))
        forwards, lines = forward_sets(pool, whole, carried, self.budget)
        if lines is not None:
            self.lines[forward_class(seen)] = lines
        if not seen.names(False):
            return [Edits(forward) for forward in forwards]
        return backward_sets(seen, whole, forwards, self.budget) or self._in_view(seen)

    def _in_view(self, seen):
        """Sets of edits with which the numbers are right, but stand elsewhere."""
        for view in VIEWS:
            whole = self._whole(seen, view)
            forwards, _ = forward_sets([whole.seen], whole, [()], self.budget, plain=True)
            found = [Edits((), "by hand", (), view)] if forwards and whole.seen.matches(
                whole.run(Edits((), "by hand"))) else []
            if found:
                return found
        return []

    def _whole(self, seen, view):
        """The runs of a case, as a view sees it."""
        if view is None:
            return self.wholes[seen.id]
        key = seen.id, view.says
        if key not in self._viewed:
            self._viewed[key] = Whole(view.of(seen), self.budget)
        return self._viewed[key]

    def _grow(self):
        """The best set with edits of others, as long as it explains more."""
        sample = spread([seen for seen in self.failed if seen.T <= LONGEST], 2 * SAMPLE)

        def count(edits):
            return sum(self.fits(seen, edits) for seen in sample)
        if not self.known:
            return
        best = max(self.known, key=lambda edits: (count(edits), [-n for n in edits.rank]))
        have = count(best)
        known = [e for edits in self.known for e in edits.all]
        for e in list(dict.fromkeys(scoped for e in known for scoped in self._scoped(e)))[:SAMPLE]:
            more = _with(best, e)
            if have < len(sample) and more and count(more) > have:
                best, have = more, count(more)
        left = [seen for seen in self.failed if seen.T <= LONGEST and not self.fits(seen, best)]
        for seen in left[:1] + left[-1:]:
            for e in TABLE["FORWARD"] + candidates(seen, best.form):
                if e.fitted or self.fits(seen, best) or not e.applies(seen.config, seen.inputs):
                    continue
                more = _with(best, e)
                if more and self.fits(seen, more) and count(more) >= have:
                    best, have = more, count(more)
        for e in best.all:
            fewer = best._replace(forward=tuple(f for f in best.forward if f is not e),
                                  backward=tuple(f for f in best.backward if f is not e))
            if fewer.all and count(fewer) >= have:
                best = fewer
        self.known.append(best)

    def _scoped(self, e):
        """An edit, and the same for one value of the option that it depends on alone."""
        option = {"h_slope": "surrogate", "g_slope": "g", "s": "g", "y": "h", "v": "h"}.get(e.slot)
        if option is None:
            return [e]
        values = dict.fromkeys(seen.config[option] for seen in self.failed
                               if e.applies(seen.config, seen.inputs))
        return [e, *(e._replace(when=f"{e.when} {option}={value}") for value in values)]

    def _merged(self, edits, seen):
        """The set with what is known of other configurations beside it."""
        forward, backward = list(edits.forward), list(edits.backward)
        for old in self.known:
            for e in old.forward:
                if not e.applies(seen.config, seen.inputs) and e not in forward:
                    forward.append(e)
            for e in old.backward:
                if not e.applies(seen.config, seen.inputs) and e not in backward:
                    backward.append(e)
            break
        return edits._replace(forward=tuple(forward), backward=tuple(backward))

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
        self._grow()
        chosen, left = cover(self.failed, self.known, self.fits, self._stands)
        claims = []
        for edits, mine, rivals in chosen:
            wholes = [self._whole(seen, edits.view) for seen in mine[:4]]
            digits = min(whole.seen.digits(whole.run(edits.for_case(
                whole.seen.config, whole.seen.inputs))) for whole in wholes)
            claims.append(Claim(_shown(edits, mine), tuple(seen.id for seen in mine),
                                tuple(_shown(other, mine) for other in rivals), digits,
                                self._where(edits, mine)))
        return claims, [seen.id for seen in left]

    def _stands(self, edits, sample):
        """Whether a set gives the numbers of half of the cases in which it should show."""
        shows = [seen for seen in sample if edits.for_case(seen.config, seen.inputs).said()]
        fits = sum(self.fits(seen, edits) for seen in shows)
        same = [seen for seen in shows
                if edits.for_case(seen.config, seen.inputs).all == edits.all] or shows
        against = self.against(edits)
        if len(against) > fits / 4 and not self._where(
                edits, [seen for seen in shows if self.fits(seen, edits)]):
            return False
        return fits >= 1 and sum(self.fits(seen, edits) for seen in same) >= SHARE * len(same) \
            and (fits > 1 or len(self.failed) <= 3 or edits.rank[0] <= 1)

    def against(self, edits):
        """The configurations of passing cases, of a sample, that should fail with these edits."""
        if edits not in self._against:
            self._against[edits] = [config for r in spread(self.passed)
                                    if (config := self._contradicts(r, edits)) is not None]
        return self._against[edits]

    def _contradicts(self, r, edits):
        config, outputs = r.entry["config"], r.entry["outputs"]
        inputs, right = r.case
        here = edits.for_case(config, inputs)
        if not here.said() or here.view or next(iter(outputs.values()))[0] > LONGEST:
            return None
        bound = r.entry["tolerance"][self.dtype]["bound"]
        seen = Seen(r.id, "", config, inputs, {name: right[name] for name in r.comparison.compared},
                    right, bound)
        return None if seen.matches(Whole(seen, self.budget).run(here)) else config

    def _where(self, edits, mine):
        """An option that sets the explained cases apart from passes that should have failed."""
        against = self.against(edits)
        for option in OPTIONS:
            values = {seen.config[option] for seen in mine}
            if against and len(values) == 1 and not any(c[option] in values for c in against):
                return f"{option}={values.pop()}"
        return ""

    def held(self, ids):
        """What is known line by line of cases that no set explains: {class: Lines}."""
        found = {}
        for seen in self.failed:
            key = forward_class(seen)
            if seen.id in ids and key not in found and has_traces(seen) and 3 <= seen.T <= LONGEST:
                if key not in self.lines:
                    pool = [o for o in self.failed if o.id in ids and forward_class(o) == key
                            and set(o.got) == set(seen.got) and 3 <= o.T <= LONGEST]
                    self.lines[key] = look(pool[:POOL])[0]
                found[key] = self.lines[key]
                if len(found) > 3:
                    break
        return found


def _with(edits, e):
    """A set with one edit more, in the place of one of the same slot and options; None if there."""
    forward = any(e.lines == f.lines for f in TABLE["FORWARD"]) or (
        e.k is not None and e.slot not in HAND_SLOTS)
    mine = edits.forward if forward else edits.backward
    if any(f.lines == e.lines and f.when in e.when for f in mine):
        return None
    if any(f.slot == e.slot and f.when == e.when for f in mine):
        return None
    return edits._replace(**{"forward" if forward else "backward": (*mine, e)})


def _shown(edits, mine):
    """Without the edits that apply in none of the cases."""
    def used(e):
        return any(e.applies(seen.config, seen.inputs) for seen in mine)
    return edits._replace(forward=tuple(filter(used, edits.forward)),
                          backward=tuple(filter(used, edits.backward)))


def _simple(seen):
    c = seen.config
    return (c["recurrent"] + c["lateral_inhibition"], c["reset_grad"] != "through",
            c["g"] not in ("relu",), seen.family not in PROPOSING, seen.family != "unit",
            c["h"] != "step")
