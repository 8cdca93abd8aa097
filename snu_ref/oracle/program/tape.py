"""Reverse-mode differentiation of NumPy programs, in any float dtype: a tape of operations.

Every operation on a `Var` computes its value at once and stores its pulls (vector-Jacobian
products): for each argument, a function from dL/d(result) to dL/d(argument). `backward` runs them
from the last operation to the first, so dL/d(result) is complete when its pulls run. This is
backpropagation, also through time.

The gradient of a broadcast argument is summed over the broadcast axes. No operation changes a value
in place. The tape is made for tiny arrays: an operation takes a few microseconds.

The unit's own backward pass is derived by hand (`snu_ref.snu`) and uses nothing from here.
"""
import itertools

import numpy as np

_births = itertools.count()     # the order of all operations


class Var:
    """An array: its `value`, and after the backward pass its `gradient()`.

    pulls: pairs (argument, function from dL/d(this) to dL/d(argument)). A number or a constant
    array as an argument gets no gradient. A Var without pulls is an input.
    """

    __slots__ = ("value", "pulls", "birth", "grad")
    __array_ufunc__ = None  # array + Var calls Var.__radd__

    def __init__(self, value, *pulls):
        self.value, self.birth, self.grad = value, next(_births), None
        self.pulls = [(argument, pull) for argument, pull in pulls if isinstance(argument, Var)]

    def gradient(self):
        """dL/d(this); zeros if no gradient reached it."""
        return np.zeros_like(self.value) if self.grad is None else self.grad

    def receive(self, gradient):
        """Sum a gradient over the broadcast axes, and add it to dL/d(this)."""
        shape = self.value.shape
        if gradient.shape != shape:
            gradient = np.broadcast_to(gradient, np.broadcast_shapes(gradient.shape, shape))
            gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
            gradient = gradient.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
        self.grad = gradient if self.grad is None else self.grad + gradient

    # ---- arithmetic; the other side may be a Var, a Python number or a constant array ----

    def __add__(self, other):
        return Var(self.value + plain(other), (self, _same), (other, _same))

    def __mul__(self, other):
        a, b = self.value, plain(other)
        return Var(a * b, (self, lambda d: d * b), (other, lambda d: d * a))

    def __truediv__(self, other):
        a, b = self.value, plain(other)
        return Var(a / b, (self, lambda d: d / b), (other, lambda d: -d * a / (b * b)))

    def __matmul__(self, other):
        a, b = self.value, plain(other)
        return Var(a @ b, (self, lambda d: d @ b.T), (other, lambda d: a.T @ d))

    def __neg__(self):
        return Var(-self.value, (self, np.negative))

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    __radd__ = __add__
    __rmul__ = __mul__

    @property
    def T(self):
        """The transpose of a matrix."""
        return Var(self.value.T, (self, np.transpose))

    def apply(self, value, slope):
        """The pointwise function f = value(a), whose derivative is slope(a, f)."""
        f = value(self.value)
        return Var(f, (self, lambda d: d * slope(self.value, f)))

    def maximum(self, axis, ties="shared"):
        """The maximum over `axis`, which keeps length 1; `shares` divides its gradient."""
        return Var(self.value.max(axis=axis, keepdims=True),
                   (self, lambda d: d * shares(self.value, ties, axis)))

    def sum(self, axis):
        """The sum over `axis`, which keeps length 1."""
        return Var(self.value.sum(axis=axis, keepdims=True), (self, _same))


def backward(cotangents):
    """Run a program backwards, once; `Var.gradient()` is then dL/d(Var).

    cotangents: pairs (Var, dL/d(Var) without what flows through other Vars, of the same shape).
    """
    for var, cotangent in cotangents:
        var.receive(cotangent)
    waiting = {var.birth: var for var, _ in cotangents}
    while waiting:
        var = waiting.pop(max(waiting))
        for argument, pull in var.pulls:
            argument.receive(pull(var.grad))
            waiting[argument.birth] = argument


def plain(a):
    """The value of a Var; a number or an array is returned unchanged."""
    return a.value if isinstance(a, Var) else a


def _same(d):
    return d


def shares(a, ties="shared", axis=-1):
    """The share of each element in the gradient of the maximum.

    If k elements tie for the maximum: each gets 1/k ("shared"), or the first gets 1 ("first"), or
    each gets 1 ("each").
    """
    tied = (a == a.max(axis=axis, keepdims=True)).astype(a.dtype)
    if ties == "shared":
        return tied / tied.sum(axis=axis, keepdims=True)
    return tied * (np.cumsum(tied, axis=axis) == 1) if ties == "first" else tied
