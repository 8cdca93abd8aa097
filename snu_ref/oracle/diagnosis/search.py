"""Which mistake gives these numbers? Given a port's outputs for a case it fails, what gives them.

    diagnose(config, inputs, got, expected, tolerance)     explanations, best first

The search goes from the simple to the involved, and stops at the first stage that finds something:

1. one change of the catalogue (`variants`), differentiated as it stands;
2. one change of the forward pass with the right backward pass along its traces (`along`);
3. a relation of single tensors, "grad.b: times -1" (`relations`);
4. a change with a number in it, which is estimated: "the surrogate's slope is 0.3 psi'(v)";
5. two changes, or one and a relation. A change of the forward pass cannot explain a port whose
   forward pass is right, so the traces decide first which changes are worth a backward pass; where
   they are explained by one or two, a further change of the backward pass alone is looked for;
6. changes that explain the traces alone, if those say enough;
7. a loss of precision, if all numbers are near;
8. otherwise, the changes that explain some of the tensors.

An explanation must reproduce all tensors that the port gave, those of stage 6 all traces. Several
that do cannot be told apart by this case: all of them are returned, the one listed first in the
catalogue first.

What it does not do: three and more independent mistakes; units other than the SNU.
"""
import time

import numpy as np

from ..program.equations import FORWARD
from .along import FORMS, split
from .estimates import estimates
from .explanation import Explanation, FORWARD_ALONE, NEAR
from .matching import Port
from .nearly import LOW_PRECISION, partial, precision
from .runs import ROUNDED, Runs
from .stages import (BASES, along_traces, along_traces_and_changed, explained_forward,
                     forward_alone, singles, tensors, two_changes, with_relations, with_sums)
from .variants import VARIANTS, find, run_variant

SECONDS = 2.0        # ours: for one case; of the processor, so that a busy machine finds no less
SPREAD = 10.0        # ours: rounding errors of one port may differ by so much between cases
ROUNDING = 2e-5      # ours: errors below this are float32's, and changes are not worth a search


@np.errstate(all="ignore")  # a wrong unit may overflow
def diagnose(config, inputs, got, expected, tolerance, *, pairs=True, seconds=SECONDS):
    """Explanations of the numbers `got`, best first; [] if all is right or the unit is not the SNU.

    config, inputs, expected: a case. got: name -> array, any of the outputs. tolerance: relative to
    the largest element of a tensor. pairs: whether two changes together are tried. seconds: after
    which the search ends with what it has.
    """
    if config.get("unit") != "snu":
        return []
    port = Port(got, expected, tolerance)
    if not port.wrong:
        return []
    runs = Runs(config, inputs, port, time.process_time() + seconds)
    found = _search(runs, pairs, seconds)
    if found:
        return _explanations(port, found)
    return precision(runs) or partial(runs)


def _search(runs, pairs, seconds):
    """The stages, one after the other: [(names, outputs)]."""
    wrong_ahead = any(name in FORWARD for name in runs.port.wrong)
    found = singles(runs)
    begun = explained_forward(runs)
    found = found or along_traces(runs, begun)
    if found or max(runs.port.errors.values()) <= ROUNDING:
        return found or tensors(runs)
    found, ahead = estimates(runs, ((),))
    found = tensors(runs) + found
    halves = []
    if not found and pairs:
        found = with_sums(runs) or with_relations(runs) or along_traces_and_changed(runs, begun)
        if not found:
            found, halves = two_changes(runs)
        found = found or along_traces(runs, halves)
        if not found:
            runs.deadline += 0.5 * seconds  # pairs may have used up the time
            found, _ = estimates(runs, runs.best(BASES))
    if not found and wrong_ahead:
        found = forward_alone(runs, begun) or ahead or forward_alone(runs, halves)
    return found


@np.errstate(all="ignore")
def explains(config, inputs, got, expected, tolerance, names):
    """Whether the named changes give the numbers `got` of a case that the port fails."""
    port = Port(got, expected, tolerance)
    if not port.wrong:
        return False
    if names in (("float32",), ("precision",)):
        return max(port.errors.values()) <= SPREAD * NEAR
    if set(names) & set(ROUNDED):
        port.match = max(port.match, LOW_PRECISION)
    return _gives(port, names, run_variant(config, inputs, names))


def _gives(port, names, outputs):
    """Whether outputs are the port's numbers; the wrong traces, where only these are explained."""
    if FORWARD_ALONE in names:
        return any(name in FORWARD for name in port.wrong) and port.matches(outputs, port.forward)
    return port.matches(outputs)


def _explanations(port, found):
    """Explanations of what was found, the fewest changes first, then the order of the catalogue."""
    order = {name: i for i, name in enumerate((*VARIANTS, *FORMS))}
    fewest = min(len(names) for names, _ in found)
    digits = {names: port.digits(outputs, [k for k in port.names if k in outputs])
              for names, outputs in found if len(names) == fewest}
    best = max(digits.values())
    # two digits more are more than chance: the rest may be other changes that are merely near
    chosen = sorted((names for names in digits), key=lambda names: (
        digits[names] < best - 2, [order.get(name, len(order)) for name in names]))
    explanations = []
    for names in chosen:
        also = tuple(other for other in chosen if other != names)
        alone = FORWARD_ALONE in names
        explanations.append(Explanation(
            names, text_of(names), digits[names], tuple(port.forward if alone else port.names), (),
            also))
    return explanations


def text_of(names):
    """What changes are, in words."""
    ahead, form, behind = split(names)
    texts = ["; and ".join(find(name).text for name in part) for part in (ahead, behind)]
    if form is None:
        return texts[0]
    last = f", but for this: {texts[1]}" if behind else ""
    return f"{texts[0]}; {FORMS[form].text}{last}"
