"""A small tape: reverse-mode differentiation of NumPy programs, in any float dtype.

Every operation on a `Var` computes its value at once and leaves a pull on the tape: the rule that
takes dL/d(result) to dL/d(arguments). `Tape.backward` runs the pulls from the last to the first.
When a pull runs, every later operation that used its result has already been pulled, so
dL/d(result) is complete. This is backpropagation, also through time.

    c = a + b       da += dc              db += dc
    c = a . b       da += dc . b          db += dc . a           point-wise
    c = a @ b       da += dc @ b'         db += a' @ dc          b' is b transposed
    c = f(a)        da += dc . f'(a)                             `apply`; the caller gives f'
    c = max_j a_j   da_j += dc . shares_j                        `maximum`
    c = detach(a)   nothing: a constant of the backward pass

The gradient of a broadcast argument is summed over the axes of the broadcast.

The unit's own backward pass is derived by hand (`snu_ref.snu`) and does not use the tape. The
oracle uses it to differentiate the unit with a changed equation. It has no second derivatives, no
in-place operations and no slices. The value of a `Var` never changes. It is made for tiny arrays:
an operation takes a few microseconds.
"""
import numpy as np


class Tape:
    """The pulls of a program, in the order of its operations."""

    def __init__(self):
        self._nodes = []

    def leaf(self, value):
        """The array `value` as a Var: an input whose gradient is wanted."""
        return Var(value, self, None)

    def node(self, value, pull):
        """The result of an operation; pull(dL/d(result)) passes the gradient to its arguments."""
        var = Var(value, self, pull)
        self._nodes.append(var)
        return var

    def backward(self, cotangents):
        """Run the program backwards, once for each tape; `Var.gradient()` is then dL/d(Var).

        cotangents: pairs (Var, its direct dL/d(Var), of the same shape).
        """
        for var, cotangent in cotangents:
            var.receive(cotangent)
        for var in reversed(self._nodes):
            if var.grad is not None:
                var.pull(var.grad)


class Var:
    """An array on a tape: its `value`, and after the backward pass its `gradient()`."""

    __slots__ = ("value", "tape", "pull", "grad")
    __array_ufunc__ = None  # array + Var calls Var.__radd__

    def __init__(self, value, tape, pull):
        self.value, self.tape, self.pull, self.grad = value, tape, pull, None

    def gradient(self):
        """dL/d(this); zeros if no gradient reached it."""
        return np.zeros_like(self.value) if self.grad is None else self.grad

    def receive(self, gradient):
        """Add to dL/d(this), after a sum over the axes of a broadcast."""
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
        """The pointwise f(a) = value(a), with slope(a, f) as its derivative."""
        f = value(self.value)
        return self.tape.node(f, lambda d: self.receive(d * slope(self.value, f)))

    def maximum(self, axis, ties="shared"):
        """The maximum over `axis`, which keeps length 1; ties: see `shares`."""
        return self.tape.node(self.value.max(axis=axis, keepdims=True),
                              lambda d: self.receive(d * shares(self.value, ties, axis)))

    def sum(self, axis):
        """The sum over `axis`, which keeps length 1."""
        return self.tape.node(self.value.sum(axis=axis, keepdims=True), self.receive)

    def detach(self):
        """The same value, as a constant of the backward pass."""
        return Var(self.value, self.tape, None)


def shares(a, ties="shared", axis=-1):
    """The share of each element in the gradient of the maximum.

    If k elements tie for the maximum: each gets 1/k ("shared"), or the first gets 1 ("first"), or
    each gets 1 ("each").
    """
    tied = (a == a.max(axis=axis, keepdims=True)).astype(a.dtype)
    if ties == "shared":
        return tied / tied.sum(axis=axis, keepdims=True)
    return tied * (np.cumsum(tied, axis=axis) == 1) if ties == "first" else tied
