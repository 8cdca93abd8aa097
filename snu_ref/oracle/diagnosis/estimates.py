"""A change with a number in it, which is estimated from the port's numbers: "0.3 psi'(v)".

The number is looked for on the first slice, in the order of computation, that differs, where all
before it agrees; and if that is flat, as spikes are, on all tensors.
"""
import itertools

import numpy as np

from ..program.equations import FORWARD, run
from .along import forms_for
from .explanation import FORWARD_ALONE
from .stages import forward_alone
from .variants import FAMILIES, combined, find


def estimates(runs, bases):
    """A change with a number in it, on top of each of the bases: [(names, outputs)].

    Where only a forward pass is explained, that is returned, with whichever backward pass fits.
    """
    found, forward = [], []
    for base, family in itertools.product(bases, FAMILIES.values()):
        if runs.late() or found and len(found[0][0]) < len(base) + 1:
            break
        if family.when(runs.config) and (not base or family.common):
            for names in _estimate(runs, base, family):
                outputs = runs.run(names)
                if outputs is None:
                    continue
                if names[-1] == FORWARD_ALONE:
                    forward.append((names, outputs))
                elif runs.port.matches(outputs):
                    found.append((names, outputs))
    return found, forward


def _estimate(runs, base, family):
    """The names of what meets the port's numbers, with the number of a family in them."""
    config, inputs, port = runs.config, runs.inputs, runs.port
    variants = [find(name) for name in base]
    at = port.first_slice(runs.single[base[0]] if base else runs.right)
    if at is None or combined(config, [*variants, family.member(1.0)]) is None:
        return
    name, index = at

    def run_with(k, backward):
        changes = combined(config, [*variants, family.member(k)])
        return run(config, inputs, changes, backward=backward)

    def of_slice(k):
        return (run_with(k, name not in FORWARD)[name] - port.got[name])[index].ravel()

    def of_all(k):
        outputs = run_with(k, True)
        return np.concatenate([(outputs[n] - got).ravel() for n, got in port.got.items()])

    ks = [_root(of_slice, min(family.guesses, key=lambda k: _size(of_slice(k))))]
    if ks == [None] and not base:
        ks = [_root(of_all, k) for k in family.guesses]
    for k in ks:
        if k is None or abs(k) < 1e-9 and name not in FORWARD:
            continue  # no gradient at all is no number's doing
        short = float(f"{k:.9g}")  # 0.3, not 0.3000000000002
        full = f"{family.name}={short if abs(short - k) < 1e-11 * abs(k) else k!r}"
        names = (*base, full.removesuffix(".0"))
        outputs = run_with(float(names[-1].partition("=")[2]), True)
        if port.matches(outputs):
            yield names
            return
        if name in FORWARD and port.matches(outputs, port.forward):
            changes = combined(config, [find(n) for n in names])
            forms = [(*names, form) for form in forms_for(changes)]
            fitting = [form for form in forms if port.matches(runs.run(form))]
            yield from fitting or [n for n, _ in forward_alone(runs, [names])]
            return


def _root(residual, k):
    """Where the vector residual(k) is 0, by Gauss-Newton with secants; None if nowhere near k."""
    before, step = residual(k), 1e-4 * max(abs(k), 0.1)
    sizes = [_size(before)]
    for _ in range(12):
        after = residual(k + step)
        slope = (after - before) / step
        k, before = k + step, after
        sizes.append(_size(after))
        if not np.isfinite(after).all() or not slope.any():
            return None
        if len(sizes) > 4 and sizes[-1] > max(0.5 * sizes[-3], 1e-9):
            return None  # towards a root the steps would have shortened it by much more
        step = -float(slope @ after) / float(slope @ slope)
        if abs(step) <= 1e-14 * abs(k):
            break
    return k if np.isfinite(k) else None


def _size(residual):
    size = np.abs(residual).max(initial=0)
    return size if np.isfinite(size) else np.inf
