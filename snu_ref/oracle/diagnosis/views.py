"""Numbers that are right but stand elsewhere: time reversed, axes exchanged.

A View turns the inputs into those that the port read, and its answers into what they would be in
their places; then all lines must hold.
"""
from typing import Callable, NamedTuple

import numpy as np

TRACES = ("z", "s", "v", "y", "adj.z", "adj.s", "adj.v", "adj.y", "grad.x")
ALL = (*TRACES, "end.s", "end.y", "start.s", "start.y", "grad.W", "grad.H", "grad.b", "grad.decay")


class View(NamedTuple):
    """What the port does, as a change of inputs by name, and the same of its answers."""
    says: str
    change: Callable
    inputs: tuple
    answers: tuple

    def of(self, seen):
        """The case as the port saw it."""
        def changed(arrays, names):
            return {name: self.change(a) if name in names else a for name, a in arrays.items()}
        return seen._replace(inputs=changed(seen.inputs, self.inputs),
                             got=changed(seen.got, self.answers))


def backwards(a):
    """From the last step to the first."""
    return a[::-1]


def reshaped(a):
    """(T, B, n) read as (B, T, n)."""
    T, B, n = a.shape
    return np.ascontiguousarray(a).reshape(B, T, n).swapaxes(0, 1)


def by_columns(a):
    """Written in the order of columns."""
    return np.ascontiguousarray(a).reshape(a.shape[::-1]).T if a.ndim else a


VIEWS = [
    View("time runs backwards, from the last step to the first", backwards, ("x", "dy"), TRACES),
    View("x is read from the last step to the first", backwards, ("x",), ("grad.x",)),
    View("x is read from the last step to the first, and so is its gradient", backwards, ("x",),
         ()),
    View("x is read as (B, T, n_in): batch and time are exchanged by a reshape", reshaped, ("x",),
         ("grad.x",)),
    View("all arrays are read and written as (B, T, n): batch and time are exchanged", reshaped,
         ("x", "dy"), TRACES),
    View("all arrays come out in Fortran order, by columns", by_columns, (), ALL),
]
