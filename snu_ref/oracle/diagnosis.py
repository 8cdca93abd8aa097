"""Which mistake gives these numbers? Given a port's outputs for a case it fails, the changes that reproduce them.

    diagnose(config, inputs, got, expected, tolerance)     explanations, best first

The search goes from the simple to the involved, and stops at the first stage that finds something:

1. one change of the catalogue (`variants`);
2. a relation of single tensors, "grad.b: times -1" (`relations`);
3. a change with a number in it, which is estimated: "the surrogate's slope is 0.3 psi'(v)";
4. two changes, or one and a relation. A change of the forward pass cannot explain a port whose forward
   pass is right, so the traces decide first which changes are worth a backward pass; where they
   are explained by one or two, a further change of the backward pass alone is looked for;
5. a loss of precision, if all numbers are near;
6. otherwise, the changes that explain some of the tensors.

An explanation must reproduce all tensors that the port gave. Several that do cannot be told apart
by this case: all of them are returned, the one listed first in the catalogue first.

What it does not do: three and more independent mistakes; units other than the SNU.
"""
import itertools
import time

import numpy as np

from .equations import BACKWARD, FORWARD, finish, run
from .explanation import NEAR, Explanation, precision_text
from .matching import Port, digits_of
from .relations import factor_of, relations
from .variants import FAMILIES, VARIANTS, applies, combined, find, run_variant

SECONDS = 2.0        # ours: for one case; of the processor, so that a busy machine finds no less
ROUNDING = 2e-5      # ours: errors below this are float32's, and changes are not worth a search
LOW_PRECISION = 1e-4  # ours: rounded products are reproduced to about this, as far as rounding is the same
PARTIAL = 3          # ours: how many partial explanations are returned
BASES = 12           # ours: how many of the best single changes are combined with relations and families
ROUNDED = ("products_in_tf32", "products_in_bfloat16")
INEXACT = ("float32", "precision", *ROUNDED)  # no change of the equations


@np.errstate(all="ignore")  # a wrong unit may overflow
def diagnose(config, inputs, got, expected, tolerance, *, pairs=True, seconds=SECONDS, first=()):
    """Explanations of the numbers `got`, best first; [] if nothing is wrong, or the unit is not the SNU.

    config, inputs, expected: a case. got: name -> array, any of the outputs. tolerance: relative to
    the largest element of a tensor. pairs: whether two changes together are tried. seconds: after
    which the search ends with what it has. first: tuples of names to be tried before all others;
    if one explains the numbers, nothing else is tried.
    """
    if config.get("unit") != "snu":
        return []
    port = Port(got, expected, tolerance)
    if not port.wrong:
        return []
    search = _Search(config, inputs, port, time.process_time() + seconds)
    for names in first:
        if all(applies(config, name) for name in names):
            outputs = run_variant(config, inputs, names)
            if port.matches(outputs):
                return _explanations(search, [(tuple(names), outputs)])
    found = search.singles() or search.tensors(())
    if not found and max(port.errors.values()) <= ROUNDING:
        return search.precision()
    found = found or search.estimates(((),))
    if not found and pairs:
        found = search.with_sums() or search.with_relations() or search.pairs()
        if not found:
            search.deadline += 0.5 * seconds  # pairs may have used up the time
            found = search.estimates(search.best(BASES))
    if found:
        return _explanations(search, found)
    return search.precision() or search.partial()


@np.errstate(all="ignore")
def explains(config, inputs, got, expected, tolerance, names):
    """Whether the named changes give the numbers `got` of a case that the port fails."""
    port = Port(got, expected, tolerance)
    if names in (("float32",), ("precision",)):
        return bool(port.wrong) and max(port.errors.values()) <= NEAR
    outputs = run_variant(config, inputs, names)
    if set(names) & set(ROUNDED):
        port.match = max(port.match, LOW_PRECISION)
    return bool(port.wrong) and port.matches(outputs)


class _Search:
    """The runs of one diagnosis: each change is run once, and the time is kept."""

    def __init__(self, config, inputs, port, deadline):
        self.config, self.inputs, self.port, self.deadline = config, inputs, port, deadline
        T, B, n = inputs["dy"].shape
        self.sizes = T, B, n
        self.right = run(config, inputs, {})
        self.names = [name for name, variant in VARIANTS.items()
                      if name not in INEXACT and applies(config, name) and variant.fits(inputs)]
        self.runs = {}          # name -> outputs, of the changes that show in this case
        self._same = {}         # name -> names of changes with the same outputs
        self._progress = {}

    def late(self):
        """Whether the time is over."""
        return time.process_time() > self.deadline

    def run(self, names, backward=True):
        """The outputs with these changes, or None if they do not go together or do not end in numbers."""
        variants = [find(name) for name in names]
        changes = combined(self.config, variants)
        if changes is None:
            return None
        # what comes out of a run is cheap to change: no new run for that
        plain = [name for name, variant in zip(names, variants) if set(variant.changes_for(self.config)) != {"outputs"}]
        if backward and len(plain) < len(names) and (not plain or plain[0] in self.runs and len(plain) == 1):
            done = self.runs[plain[0]] if plain else self.right
            late = [v.changes_for(self.config)["outputs"] for n, v in zip(names, variants) if n not in plain]
            return finish(self.config, self.inputs, done, sum(late, ()))
        return run(self.config, self.inputs, changes, backward=backward)

    # ---- the stages: each returns [(names, outputs)] of what explains all tensors ----

    def singles(self):
        """One change of the catalogue."""
        for name in self.names:
            if self.late():
                break
            outputs = self.run((name,))
            if any(not self._agree(outputs[k], self.right[k]) for k in self.port.names if k in outputs) \
                    or any(k not in outputs for k in self.port.names):
                self.runs[name] = outputs
        return [((name,), outputs) for name, outputs in self.runs.items() if self.port.matches(outputs)]

    def tensors(self, names):
        """Relations of single tensors, on top of some changes."""
        outputs = self.runs[names[0]] if names else self.right
        related, rest = relations(self.port, outputs, self.sizes)
        if rest or not related or len(related) > 2 - len(names):
            return []
        tensors, _, factor = related[0].partition(": times ")
        backward = {name for name in self.port.names if name in BACKWARD and outputs[name].any()}
        if len(related) == 1 and len(backward) > 1 and factor and set(tensors.split(",")) == backward:
            related = [f"loss_scaled={factor_of(factor, self.sizes):.12g}"]  # all of them: one cause
        names = (*names, *related)
        outputs = self.run(names)
        return [(names, outputs)] if outputs is not None and self.port.matches(outputs) else []

    def with_sums(self):
        """One change, and one of what comes out of the run, which needs no run."""
        late = [name for name in self.runs if set(find(name).changes_for(self.config)) == {"outputs"}]
        return self._matching((*names, name) for names in self.best(BASES) for name in late if name not in names)

    def with_relations(self):
        """One change and relations of the tensors that it does not explain."""
        return [found for names in self.best(BASES) for found in self.tensors(names)]

    def estimates(self, bases):
        """A change with a number in it, on top of each of the bases."""
        found = []
        for base, family in itertools.product(bases, FAMILIES.values()):
            if self.late() or found and len(found[0][0]) < len(base) + 1:
                break
            if family.when(self.config):
                names = self._estimate(base, family)
                outputs = names and self.run(names)
                if outputs and self.port.matches(outputs):
                    found.append((names, outputs))
        return found

    def pairs(self):
        """Two changes; or one or two that explain the forward pass, and one of the backward pass alone."""
        forward = [name for name in self.port.names if name in FORWARD]
        moves = {name for name, outputs in self.runs.items()
                 if not all(name in outputs and self._agree(outputs[name], self.right[name]) for name in forward)}
        forms = self._distinct()
        still = [name for name in forms if name not in moves]
        if not forward or self.port.matches(self.right, forward):
            candidates = still if forward else forms
            return self._matching(itertools.combinations(candidates, 2))
        begun = [name for name in forms if name in moves and self.port.matches(self.runs[name], forward)]
        found = self._matching((a, b) for a in begun for b in forms if b != a)
        if found:
            return found
        if begun:
            return self._matching((a, b, c) for a in begun for b, c in itertools.combinations(still, 2))
        moving = [name for name in forms if name in moves]
        halves = (self._forward_pairs(itertools.combinations(moving, 2), forward)
                  or self._forward_pairs(itertools.product(moving, still), forward))
        return self._matching(halves) or self._matching((*half, b) for half in halves for b in still)

    def precision(self):
        """Rounded products, or numbers that are all near."""
        port = self.port
        worst = max(port.errors.values())
        digits = digits_of(worst)
        near = [Explanation(("float32" if digits >= 5 else "precision",), precision_text(digits), digits,
                            tuple(port.names))] if worst <= NEAR else []
        if near and digits >= 5:
            return near
        for name in ROUNDED:
            outputs = self.run((name,))
            error = max(port.error(k, outputs[k]) for k in port.names)
            if error <= min(LOW_PRECISION, 0.1 * worst):
                return [Explanation((name,), find(name).text, digits_of(error), tuple(port.names))]
        return near

    def partial(self):
        """The changes that explain more tensors than the right equations do."""
        port = self.port
        least = len(port.matched(self.right))
        ranked = []
        for name, outputs in self.runs.items():
            matched = port.matched(outputs)
            gained = [k for k in matched if k in port.wrong]
            if gained and len(matched) > least:
                ranked.append((-len(matched), -self.progress(name), name, matched))
        explanations = []
        for _, _, name, matched in sorted(ranked, key=lambda r: r[:2])[:PARTIAL]:
            unmatched = tuple(k for k in port.names if k not in matched)
            text = f"explains {', '.join(matched)} but not {', '.join(unmatched)}: {find(name).text}"
            explanations.append(Explanation((name,), text, port.digits(self.runs[name], matched), matched, unmatched))
        return explanations

    # ---- what the stages need ----

    def best(self, count):
        """The single changes that come furthest in the order of computation, further than the right equations."""
        start = self.port.progress(self.right)
        further = [name for name in self.runs if self.progress(name) > start]
        more = [name for name in self.runs if name not in further
                and len(self.port.matched(self.runs[name])) > len(self.port.matched(self.right))]
        further.sort(key=self.progress, reverse=True)
        return [(name,) for name in (further + more)[:count]]

    def progress(self, name):
        """How far the run with one change agrees with the port."""
        if name not in self._progress:
            self._progress[name] = self.port.progress(self.runs[name])
        return self._progress[name]

    def _agree(self, a, b):
        """Whether two tensors are the same but for rounding."""
        if a.shape != b.shape:
            return False
        return bool((np.abs(a - b) <= 1e-12 * max(np.abs(b).max(initial=0), 1e-3)).all())

    def _distinct(self):
        """One name for each set of changes with the same outputs in this case, the furthest first."""
        forms, seen = [], {}
        for name, outputs in self.runs.items():
            key = b"".join(np.round(outputs[k], 9).tobytes() + b"|" if k in outputs else b"-" for k in self.port.names)
            if key in seen:
                self._same.setdefault(seen[key], []).append(name)
            else:
                seen[key] = name
                forms.append(name)
        return sorted(forms, key=lambda name: -self.progress(name))

    def _forward_pairs(self, pairs, forward):
        """Those pairs of changes that give the port's traces."""
        halves = []
        for pair in pairs:
            if self.late():
                break
            outputs = self.run(pair, backward=False)
            if outputs is not None and self.port.matches(outputs, forward):
                halves.append(pair)
        return halves

    def _matching(self, combinations):
        """Those combinations that give all of the port's numbers, within the time."""
        found = self._tried(combinations)
        # with others in the places of those that show in the same way when they are alone
        others = (tuple(names) for done, _ in found[:1]
                  for names in itertools.product(*([name, *self._same.get(name, ())] for name in done)))
        return found + self._tried(names for names in others if names != found[0][0])

    def _tried(self, combinations):
        found = []
        for names in combinations:
            if self.late():
                break
            outputs = self.run(names)
            if outputs is not None and self.port.matches(outputs):
                found.append((tuple(names), outputs))
        return found

    def _estimate(self, base, family):
        """The number of a family for which the run meets the port's: names, or None.

        On the first slice that differs, where all before it agrees; and if that is flat, as spikes
        are, on all tensors.
        """
        variants = [find(name) for name in base]
        at = self.port.first_slice(self.runs[base[0]] if base else self.right)
        if at is None or combined(self.config, [*variants, family.member(1.0)]) is None:
            return None
        name, index = at

        def run_with(k, backward):
            changes = combined(self.config, [*variants, family.member(k)])
            return run(self.config, self.inputs, changes, backward=backward)

        def of_slice(k):
            return (run_with(k, name not in FORWARD)[name] - self.port.got[name])[index].ravel()

        def of_all(k):
            outputs = run_with(k, True)
            return np.concatenate([(outputs[name] - got).ravel() for name, got in self.port.got.items()])

        ks = [_root(of_slice, min(family.guesses, key=lambda k: _size(of_slice(k))))]
        if ks == [None] and not base:
            ks = [_root(of_all, k) for k in family.guesses]
        for k in ks:
            if k is not None:
                short = float(f"{k:.9g}")  # 0.3, not 0.3000000000002
                name = f"{family.name}={short if abs(short - k) < 1e-11 * abs(k) else k!r}".removesuffix(".0")
                if self.port.matches(run_with(float(name.partition("=")[2]), True)):
                    return (*base, name)
        return None


def _root(residual, k):
    """Where the vector residual(k) is least, by Gauss-Newton with secants from k; None if it is flat there."""
    before, step = residual(k), 1e-4 * max(abs(k), 0.1)
    for _ in range(12):
        after = residual(k + step)
        slope = (after - before) / step
        k, before = k + step, after
        if not np.isfinite(after).all() or not slope.any():
            return None
        step = -float(slope @ after) / float(slope @ slope)
        if abs(step) <= 1e-14 * abs(k):
            break
    return k if np.isfinite(k) else None


def _size(residual):
    size = np.abs(residual).max(initial=0)
    return size if np.isfinite(size) else np.inf


def _explanations(search, found):
    """Explanations of what was found, the fewest changes first, then the order of the catalogue."""
    order = {name: i for i, name in enumerate(VARIANTS)}
    port = search.port
    fewest = min(len(names) for names, _ in found)
    digits = {names: port.digits(outputs) for names, outputs in found if len(names) == fewest}
    best = max(digits.values())
    # two digits more are more than chance: the rest may be other changes that are merely near
    chosen = sorted((names for names in digits), key=lambda names: (
        digits[names] < best - 2, [order.get(name, len(order)) for name in names]))
    explanations = []
    for names in chosen:
        also = tuple(other for other in chosen if other != names)
        text = "; and ".join(find(name).text for name in names)
        explanations.append(Explanation(names, text, digits[names], tuple(port.names), (), also))
    return explanations
