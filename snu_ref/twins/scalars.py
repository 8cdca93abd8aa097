"""Numbers that remember how they were computed; activations with their slopes; arrays in and out.

Activations work on one Python float. A slope is written in the form that loses no digits where the
function saturates: 1 - p and 1 - tanh^2(v) would subtract nearly equal numbers and end at 0.

Conventions: step(0) = 0 (a unit fires when v > 0, strictly); g'(0) is the left slope; at a kink of
a surrogate's primitive psi the smaller |psi'| counts.

Source: the authors' toolkit (IBM/neuroaikit, `activations.py`) for the step, psi = tanh and the
leaky slope 0.1.
"""
import itertools
import math
from typing import Callable, NamedTuple

import numpy as np

from .. import validation

LEAKY_SLOPE = 0.1  # IBM/neuroaikit
PLACES = itertools.count()


# ---- numbers ------------------------------------------------------------------------------------

class Number:
    """A float, what it was computed from (`parts`), and its derivative by each part (`slopes`).

    >>> a, b = numbers("a, b", [3.0, 4.0])
    >>> reverse([a * b + a], [1.0])
    >>> a.adjoint, b.adjoint
    (5.0, 3.0)
    """
    __slots__ = ("value", "parts", "slopes", "adjoint", "place")

    def __init__(self, value, parts=(), slopes=()):
        self.value, self.parts, self.slopes = value, parts, slopes
        self.adjoint = 0.0           # dL/d(this number), once `reverse` has run
        self.place = next(PLACES)    # in the order of computation

    def __add__(self, other):
        other = _number(other)
        return Number(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = _number(other)
        return Number(self.value * other.value, (self, other), (other.value, self.value))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, constant):
        return Number(constant - self.value, (self,), (-1.0,))

    def __truediv__(self, constant):
        return Number(self.value / constant, (self,), (Share(constant),))


class Share:
    """The slope 1/n as a factor that rounds once: d * Share(n) is d / n."""

    def __init__(self, n):
        self.n = n

    def __rmul__(self, d):
        return d / self.n


def _number(a):
    return a if isinstance(a, Number) else Number(a)


def dot(row, column):
    """sum_k row[k] column[k], from left to right, as one number."""
    left, right = [a.value for a in row], [b.value for b in column]
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return Number(total, (*row, *column), right + left)


def maximum(row):
    """max_k row[k]; its slope is 1/r by each of the r numbers that equal it."""
    top = max(a.value for a in row)
    tied = [a for a in row if a.value == top]
    return Number(top, tied, [Share(len(tied))] * len(tied))


def reverse(outputs, cotangents):
    """Add to every number that the outputs depend on its adjoint, dL/d(that number).

    outputs: Numbers, or arrays of them; cotangents: of each, dL/d(output) along its direct path.
    The numbers are taken last first. So an adjoint is complete when it is handed on: every later
    use of the number has been reversed already.
    """
    waiting, reached = [], set()
    for output, cotangent in zip(outputs, cotangents):
        own = np.ravel(output).tolist()
        waiting += own
        for number, d in zip(own, np.ravel(cotangent).tolist()):
            number.adjoint += d
    while waiting:
        number = waiting.pop()
        if number not in reached:
            reached.add(number)
            waiting += number.parts
    for number in sorted(reached, key=lambda number: number.place, reverse=True):
        for part, slope in zip(number.parts, number.slopes):
            part.adjoint += number.adjoint * slope


# ---- activations --------------------------------------------------------------------------------

class Function(NamedTuple):
    """A function of one float with its slope; called with a Number, it gives a Number."""
    value: Callable
    slope: Callable

    def __call__(self, a):
        return Number(float(self.value(a.value)), (a,), (float(self.slope(a.value)),))


def step(v):
    """The threshold: 1 for v > 0, else 0, so step(0) = 0."""
    return 1.0 if v > 0.0 else 0.0


def sigmoid(v):
    """1 / (1 + exp(-v)), written so that exp never overflows."""
    if v >= 0.0:
        return 1.0 / (1.0 + math.exp(-v))
    e = math.exp(v)
    return e / (1.0 + e)


def sigmoid_slope(v):
    """sigmoid(v) sigmoid(-v), which loses no digits in the tails."""
    return sigmoid(v) * sigmoid(-v)


def tanh_slope(v):
    """1 - tanh^2(v) = 4 e / (1 + e)^2 with e = exp(-2 |v|), without cancellation or overflow."""
    e = math.exp(-2.0 * abs(v))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def softplus(v):
    """log(1 + exp(v)); its slope is sigmoid(v)."""
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


SIGMOID, TANH = Function(sigmoid, sigmoid_slope), Function(math.tanh, tanh_slope)
SOFTPLUS, EXP = Function(softplus, sigmoid), Function(math.exp, math.exp)
LOG = Function(math.log, lambda v: 1.0 / v)

STATE_ACTIVATIONS = {
    "relu": Function(lambda z: z if z > 0.0 else 0.0, step),
    "leaky_relu": Function(lambda z: z if z > 0.0 else LEAKY_SLOPE * z,
                           lambda z: 1.0 if z > 0.0 else LEAKY_SLOPE),
    "identity": Function(lambda z: z, lambda z: 1.0),
    "tanh": TANH,
}

SURROGATES = {  # psi, whose slope psi' stands in for that of the step
    "tanh": TANH,
    # clip(v, -1/2, 1/2)
    "boxcar": Function(lambda v: min(max(v, -0.5), 0.5), lambda v: 1.0 if -0.5 < v < 0.5 else 0.0),
    # v - v|v|/2 inside (-1, 1), sign(v)/2 outside
    "triangle": Function(lambda v: v - 0.5 * v * abs(v) if abs(v) < 1.0 else math.copysign(0.5, v),
                         lambda v: 1.0 - abs(v) if abs(v) < 1.0 else 0.0),
    "arctan": Function(lambda v: math.atan(math.pi * v) / math.pi,
                       lambda v: 1.0 / (1.0 + (math.pi * v) * (math.pi * v))),
    "fast_sigmoid": Function(lambda v: v / (1.0 + abs(v)),
                             lambda v: 1.0 / ((1.0 + abs(v)) * (1.0 + abs(v)))),
}


def output_function(h, surrogate):
    """The h of a unit: "sigmoid", or "step" with the slope of the surrogate.

    surrogate: a name, or your own pair (psi, dpsi) of functions of one number.
    Raises ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(surrogate, str):
        surrogate = SURROGATES[validation.one_of("surrogate", surrogate, SURROGATES)]
    if not isinstance(surrogate, (tuple, list)) or len(surrogate) != 2 \
            or not all(map(callable, surrogate)):
        raise TypeError(f"surrogate: expected a name or a pair (psi, dpsi), got {surrogate!r}")
    return {"sigmoid": SIGMOID,
            "step": Function(step, surrogate[1])}[validation.one_of("h", h, ("step", "sigmoid"))]


# ---- arrays in and out --------------------------------------------------------------------------

def floats(name, array, shape=None):
    """A finite array of real numbers as float64; shape: see validation."""
    return validation.array(name, np.asanyarray(array), shape, "numbers").astype(float)


def numbers(name, array, shape=None):
    """The same as an array of Numbers."""
    return np.frompyfunc(Number, 1, 1)(floats(name, array, shape))


def several(name, arrays, count, shape, read):
    """A tuple of `count` arrays (a state, or its cotangent), by `read`: `numbers` or `floats`."""
    if len(validation.instance(name, arrays, tuple, list)) != count:
        raise ValueError(f"{name}: expected {count} arrays, got {len(arrays)}")
    return tuple(read(f"{name}[{i}]", array, shape) for i, array in enumerate(arrays))


def parameters(params, shapes):
    """The arrays of `params` as Numbers; names and shapes must be those of `shapes`."""
    validation.mapping("params", params, shapes)
    return {name: numbers(f'params["{name}"]', params[name], shapes[name]) for name in shapes}


def values(array):
    """The values of an array of Numbers."""
    return np.frompyfunc(lambda number: number.value, 1, 1)(array).astype(float)


def adjoints(array):
    """The adjoints of an array of Numbers, after `reverse`."""
    return np.frompyfunc(lambda number: number.adjoint, 1, 1)(array).astype(float)
