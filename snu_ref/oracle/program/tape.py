"""A small tape: reverse-mode differentiation of NumPy programs, in any float dtype.

Every operation on a `Var` computes its value at once and leaves a pull on the tape: the rule that
takes dL/d(result) to dL/d(arguments). `Tape.backward` runs the pulls from the last to the first. By
the time a pull runs, all that was computed from its result has been through, so dL/d(result) is
complete; that is all there is to backpropagation, through time or not.

    c = a + b       da += dc              db += dc
    c = a . b       da += dc . b          db += dc . a           point-wise
    c = a @ b       da += dc @ b'         db += a' @ dc          b' is b transposed
    c = f(a)        da += dc . f'(a)                             `apply`; f' is what one says it is
    c = max_j a_j   da_j += dc . shares_j                        `maximum`
    c = detach(a)   nothing: a constant of the backward pass

Where an argument was broadcast, its gradient is summed over the axes that were stretched.

The unit's own backward pass is derived by hand (`snu_ref.snu`) and does not use this. The tape is
for the oracle, which differentiates the unit with one equation changed. What it does not do: second
derivatives, in-place operations, slices. Values of `Var`s are never changed. It is written for tiny
arrays: an operation costs a few microseconds.
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
        shape = self.value.shape
        if gradient.shape != shape:
            gradient = np.broadcast_to(gradient, np.broadcast_shapes(gradient.shape, shape))
            gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
            gradient = gradient.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
        self.grad = gradient if self.grad is None else self.grad + gradient

    # ---- arithmetic; the other side may be a Var, a Python number or a constant array ----

    def __add__(self, other):
        if not isinstance(other, Var):
            return self.tape.node(self.value + other, self.receive)
        return self._of_two(self.value + other.value, other, lambda d: (d, d))

    def __mul__(self, other):
        if not isinstance(other, Var):
            return self.tape.node(self.value * other, lambda d: self.receive(d * other))
        return self._of_two(self.value * other.value, other,
                            lambda d: (d * other.value, d * self.value))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self.tape.node(-self.value, lambda d: self.receive(-d))

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return (-self) + other

    def __matmul__(self, other):
        return self._of_two(self.value @ other.value, other,
                            lambda d: (d @ other.value.T, self.value.T @ d))

    def _of_two(self, value, other, gradients):
        def pull(d):
            for var, gradient in zip((self, other), gradients(d)):
                var.receive(gradient)
        return self.tape.node(value, pull)

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
        """The maximum over `axis`, which is kept with length 1; ties: as in `shares`."""
        return self.tape.node(self.value.max(axis=axis, keepdims=True),
                              lambda d: self.receive(d * shares(self.value, ties, axis)))

    def sum(self, axis):
        """The sum over `axis`, which is kept with length 1."""
        return self.tape.node(self.value.sum(axis=axis, keepdims=True), self.receive)

    def detach(self):
        """The same value, as a constant of the backward pass."""
        return Var(self.value, self.tape, None)


def shares(a, ties="shared", axis=-1):
    """How the gradient of a maximum is divided.

    Of k elements that are equal to it, each gets 1/k ("shared"), or the first gets all of it
    ("first"), or each gets all of it ("each").
    """
    tied = (a == a.max(axis=axis, keepdims=True)).astype(a.dtype)
    if ties == "shared":
        return tied / tied.sum(axis=axis, keepdims=True)
    return tied * (np.cumsum(tied, axis=axis) == 1) if ties == "first" else tied
