"""A small tape: reverse-mode differentiation of NumPy programs, in any float dtype.

Every operation on a `Var` computes its value at once and leaves a pull on the tape: the rule that
takes dL/d(result) to dL/d(arguments). `Tape.backward` runs the pulls from the last to the first. By
the time a pull runs, all that was computed from its result has been through, so dL/d(result) is
complete; that is all there is to backpropagation, through time or not.

    c = a + b       da += dc              db += dc
    c = a . b       da += dc . b          db += dc . a           point-wise
    c = a @ b       da += dc @ b'         db += a' @ dc          b' is b transposed
    c = f(a)        da += dc . f'(a)                             `apply`; f' is what one says it is
    c = max_j a_j   da_j += dc / k        on the k that tie      `maximum`
    c = detach(a)   nothing: a constant of the backward pass
    c = a, with the gradient of b                                `stand_in`, wrong on purpose

Where an argument was broadcast, its gradient is summed over the axes that were stretched.

The unit's own backward pass is derived by hand (`snu_ref.snu`) and does not use this. The tape is
for the oracle, which differentiates the unit with one equation changed: dozens of small changes,
whose derivatives nobody should have to derive by hand.

What it does not do: second derivatives, in-place operations, slices. Values of `Var`s are never
changed. It is written for tiny arrays: an operation costs a few microseconds.
"""
import numpy as np


class Tape:
    """The pulls of a program, in the order in which it ran."""

    def __init__(self):
        self._nodes = []

    def leaf(self, value):
        """The array `value` as a Var: a start of the program, whose gradient is wanted."""
        return Var(value, self, None)

    def node(self, value, pull):
        """The result of an operation; pull(dL/d(result)) hands the gradient on to its arguments."""
        var = Var(value, self, pull)
        self._nodes.append(var)
        return var

    def backward(self, cotangents):
        """Run the program backwards; cotangents: pairs (Var, dL/d(Var) from outside, of its shape).

        Afterwards `gradient()` of every Var is dL/d(Var) over all paths. Once for each tape.
        """
        for var, cotangent in cotangents:
            var.receive(cotangent)
        for var in reversed(self._nodes):
            if var.grad is not None:
                var.pull(var.grad)


class Var:
    """An array on a tape: its `value`, and after the backward pass its `gradient()`."""

    __slots__ = ("value", "tape", "pull", "grad")
    __array_ufunc__ = None  # array + Var asks the Var, not the array

    def __init__(self, value, tape, pull):
        self.value, self.tape, self.pull, self.grad = value, tape, pull, None

    def gradient(self):
        """dL/d(this), zeros where nothing came back."""
        return np.zeros_like(self.value) if self.grad is None else self.grad

    def receive(self, gradient):
        """Add to dL/d(this), summed over the axes along which this was broadcast."""
        if gradient.shape != self.value.shape:
            gradient = _summed_to(gradient, self.value.shape)
        self.grad = gradient if self.grad is None else self.grad + gradient

    # ---- arithmetic; the other side may be a Var, a Python number or a constant array ----

    def __add__(self, other):
        if not isinstance(other, Var):
            return self.tape.node(self.value + other, self.receive)

        def pull(d):
            self.receive(d)
            other.receive(d)
        return self.tape.node(self.value + other.value, pull)

    def __mul__(self, other):
        if not isinstance(other, Var):
            return self.tape.node(self.value * other, lambda d: self.receive(d * other))

        def pull(d):
            self.receive(d * other.value)
            other.receive(d * self.value)
        return self.tape.node(self.value * other.value, pull)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self.tape.node(-self.value, lambda d: self.receive(-d))

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    def __matmul__(self, other):
        return matmul(self, other)

    @property
    def T(self):
        """The transpose of a matrix."""
        return self.tape.node(self.value.T, lambda d: self.receive(d.T))

    # ---- functions ----

    def apply(self, value, slope):
        """f(a) point by point: value(a), and slope(a, f), which stands for its derivative."""
        f = value(self.value)
        return self.tape.node(f, lambda d: self.receive(d * slope(self.value, f)))

    def maximum(self, axis, ties="shared"):
        """The maximum over `axis`, which is kept with length 1.

        ties: of k elements that are equal to it, each gets 1/k of its gradient ("shared"), or the
        first gets all of it ("first"), or each gets all of it ("each").
        """
        largest = self.value.max(axis=axis, keepdims=True)

        def pull(d):
            tied = (self.value == largest).astype(self.value.dtype)
            if ties == "shared":
                tied = tied / tied.sum(axis=axis, keepdims=True)
            elif ties == "first":
                tied = tied * (np.cumsum(tied, axis=axis) == 1)
            self.receive(d * tied)
        return self.tape.node(largest, pull)

    def sum(self, axis):
        """The sum over `axis`, which is kept with length 1."""
        total = self.value.sum(axis=axis, keepdims=True)
        return self.tape.node(total, lambda d: self.receive(np.broadcast_to(d, self.value.shape)))

    def detach(self):
        """The same value, as a constant of the backward pass."""
        return Var(self.value, self.tape, None)


def matmul(a, b, rounded=None):
    """a @ b, of matrices. rounded: what becomes of the operands of each of its three products."""
    r = rounded or (lambda operand: operand)

    def pull(d):
        a.receive(r(d) @ r(b.value).T)
        b.receive(r(a.value).T @ r(d))
    return a.tape.node(r(a.value) @ r(b.value), pull)


def constant(a):
    """`a` as a constant of the backward pass, where it is not a plain number already."""
    return a.detach() if isinstance(a, Var) else a


def stand_in(value, gradient):
    """The value of one Var with the gradient of another: a wrong gradient, on purpose."""
    return value.tape.node(value.value, gradient.receive)


def _summed_to(gradient, shape):
    """`gradient` summed over the axes that broadcasting added or stretched; or spread."""
    gradient = np.broadcast_to(gradient, np.broadcast_shapes(gradient.shape, shape))
    extra = gradient.ndim - len(shape)
    if extra:
        gradient = gradient.sum(axis=tuple(range(extra)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=stretched, keepdims=True) if stretched else gradient
