"""The stages of a diagnosis: one change, relations of tensors, a wrong forward pass, two changes.

Each stage takes the runs of a case (`runs`) and returns [(names, outputs)] of what explains all of
the port's tensors, [] where nothing does; `forward_alone` asks for the traces and the final state.
"""
import itertools

import numpy as np

from ..program.equations import BACKWARD
from .along import forms_for, split
from .explanation import FORWARD_ALONE
from .relations import factor_of, relations
from .variants import combined, find

BASES = 12    # ours: how many of the best single changes are combined with relations
FEW = 3       # ours: so many wrong numbers of the forward pass, or fewer, explain nothing alone


def singles(runs):
    """One change of the catalogue."""
    runs.run_singles()
    return [((name,), outputs) for name, outputs in runs.single.items()
            if runs.port.matches(outputs)]


# ---- a wrong forward pass, and a backward pass that does not follow it ---------------------------

def along_traces(runs, bases):
    """Changes, those of `bases`, with the right backward pass along their traces."""
    return _tried(runs, ((*names, form) for names in bases for form in _forms(runs, names)))


def along_traces_and_changed(runs, bases):
    """The same, and relations of single tensors, or a change of the backward pass alone."""
    found = []
    for names in bases[:BASES]:
        for form in _forms(runs, names):
            outputs = None if runs.late() else runs.run((*names, form))
            found += [] if outputs is None else tensors(runs, (*names, form), outputs)
    behind = [name for name in runs.distinct() if not runs.moves_forward(name)]
    return found or _tried(runs, ((*names, form, name) for names in bases[:BASES]
                                  for form in _forms(runs, names) for name in behind))


def _forms(runs, names):
    changes = combined(runs.config, [find(name) for name in names])
    return [] if changes is None else forms_for(changes)


def explained_forward(runs):
    """The single changes of the forward pass, as names, that give what the port told of it."""
    return [(name,) for name, outputs in runs.single.items()
            if runs.moves_forward(name) and runs.port.matches(outputs, runs.port.forward)]


def forward_alone(runs, bases):
    """Changes that give the traces and the final state, whatever the gradients are."""
    port = runs.port
    if not speaks(runs.config, port, runs.right):
        return []
    outputs = {names: runs.run((*names, FORWARD_ALONE)) for names in bases}
    return [((*names, FORWARD_ALONE), o) for names, o in outputs.items()
            if o is not None and port.matches(o, port.forward)]


def speaks(config, port, right):
    """Whether the port's wrong traces say enough: more than spikes, and more than a few numbers."""
    told = [name for name in port.forward if name in port.wrong
            and (name in ("z", "s", "v", "end.s") or config["h"] == "sigmoid")]
    different = {float(number) for name in told for number in
                 port.got[name][np.abs(port.got[name] - right[name]) > port.tolerance]}
    return len(different) > FEW


# ---- relations ----------------------------------------------------------------------------------

def tensors(runs, names=(), outputs=None):
    """Relations of single tensors, on top of some changes with these outputs."""
    outputs = runs.right if outputs is None else outputs
    ahead, _, behind = split(names)
    related, rest = relations(runs.port, outputs, runs.sizes)
    if rest or not related or len(related) > 2 - len(ahead) - len(behind):
        return []
    backward = {k for k in runs.port.names if k in BACKWARD and outputs[k].any()}
    found = []
    for words in itertools.product(*(words for _, words in related)):
        more = [f"{','.join(these)}: {word}" for (these, _), word in zip(related, words)]
        factor = words[0].removeprefix("times ")
        if (len(more) == 1 and len(backward) > 1 and factor != words[0]
                and set(related[0][0]) == backward):  # all of them: one cause
            more = [f"loss_scaled={factor_of(factor, runs.sizes):.12g}"]
        more = (*names, *more)
        got = runs.run(more)
        if got is not None and runs.port.matches(got):
            found.append((more, got))
    return found


def with_relations(runs):
    """One change and relations of the tensors that it does not explain."""
    return [found for names in runs.best(BASES)
            for found in tensors(runs, names, runs.single[names[0]])]


def with_sums(runs):
    """One change, and one of what comes out of the run, which needs no run."""
    late = [name for name in runs.single
            if set(find(name).changes_for(runs.config)) == {"outputs"}]
    return _matching(runs, ((*names, name) for names in runs.best(BASES) for name in late
                            if name not in names))


# ---- two changes --------------------------------------------------------------------------------

def two_changes(runs):
    """Two changes; or one or two that explain the forward pass, and one of the backward pass alone.

    Returns what explains all tensors, and the names of the pairs that explain the forward pass.
    """
    port = runs.port
    forward = port.forward
    forms = runs.distinct()
    moving = [name for name in forms if runs.shows(runs.single[name], forward)]
    still = [name for name in forms if name not in moving]
    if not forward or port.matches(runs.right, forward):
        return _matching(runs, itertools.combinations(still, 2)), []
    begun = [name for name in moving if port.matches(runs.single[name], forward)]
    found = _matching(runs, ((a, b) for a in begun for b in forms if b != a))
    if found:
        return found, []
    if begun:
        return _matching(runs, ((a, b, c) for a in begun
                                for b, c in itertools.combinations(still, 2))), []
    halves = (_forward_pairs(runs, itertools.combinations(moving, 2), forward)
              or _forward_pairs(runs, itertools.product(moving, still), forward))
    found = _matching(runs, halves) or _matching(
        runs, ((*half, b) for half in halves for b in still))
    return found, halves


def _forward_pairs(runs, candidates, forward):
    """Those pairs of changes that give the port's traces."""
    halves = []
    for pair in candidates:
        if runs.late():
            break
        outputs = runs.run(pair, backward=False)
        if outputs is not None and runs.port.matches(outputs, forward):
            halves.append(tuple(pair))
    return halves


def _matching(runs, combinations):
    """Those combinations that give all of the port's numbers, within the time."""
    found = _tried(runs, combinations)
    # with others in the places of those that show in the same way when they are alone
    same = runs.distinct() if found else {}
    others = (tuple(names) for done, _ in found[:1]
              for names in itertools.product(*([name, *same.get(name, ())] for name in done)))
    return found + _tried(runs, (names for names in others if names != found[0][0]))


def _tried(runs, combinations):
    found = []
    for names in combinations:
        if runs.late():
            break
        outputs = runs.run(names)
        if outputs is not None and runs.port.matches(outputs):
            found.append((tuple(names), outputs))
    return found
