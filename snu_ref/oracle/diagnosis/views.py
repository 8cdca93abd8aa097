"""Numbers that are right but stand elsewhere: time reversed, axes exchanged.

A View turns the inputs into those that the port read, and its answers into what they would be in
their places; then all lines must hold.
"""
from typing import Callable, NamedTuple

import numpy as np

TRACES = ("z", "s", "v", "y", "adj.z", "adj.s", "adj.v", "adj.y", "grad.x")


class View(NamedTuple):
    """says: what the port does; ahead(inputs), undo(answers)."""
    says: str
    ahead: Callable
    undo: Callable

    def of(self, seen):
        """The case as the port saw it."""
        return seen._replace(inputs=self.ahead(seen.inputs), got=self.undo(seen.got))


def _each(names, change):
    return lambda arrays: {name: change(a) if name in names else a for name, a in arrays.items()}


def _reshaped(a):
    """(T, B, n) read as (B, T, n)."""
    T, B, n = a.shape
    return np.ascontiguousarray(a).reshape(B, T, n).swapaxes(0, 1)


def _backwards(a):
    return a[::-1]


def _by_columns(a):
    return np.ascontiguousarray(a).reshape(a.shape[::-1]).T if a.ndim else a


def _all(change):
    return lambda arrays: {name: change(a) for name, a in arrays.items()}


def _same(arrays):
    return arrays


VIEWS = [
    View("time runs backwards, from the last step to the first",
         _each(("x", "dy"), _backwards), _each(TRACES, _backwards)),
    View("x is read from the last step to the first", _each(("x",), _backwards),
         _each(("grad.x",), _backwards)),
    View("x is read from the last step to the first, and so is its gradient",
         _each(("x",), _backwards), _same),
    View("x is read as (B, T, n_in): batch and time are exchanged by a reshape",
         _each(("x",), _reshaped), _each(("grad.x",), _reshaped)),
    View("all arrays are read and written as (B, T, n): batch and time are exchanged",
         _each(("x", "dy"), _reshaped), _each(TRACES, _reshaped)),
    View("all arrays come out in Fortran order, by columns", _same, _all(_by_columns)),
]
