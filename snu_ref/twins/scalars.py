"""Scalars: activations with their slopes, the weighted sum with its reversal, numbers in and out.

Activations work on one Python float. A slope is written in the form that loses no digits where the
function saturates: 1 - p and 1 - tanh^2(v) would subtract nearly equal numbers and end at 0. Arrays
come in and go out; inside they are nested lists of Python floats.

Conventions: step(0) = 0 (a unit fires when v > 0, strictly); g'(0) is the left slope; at a kink of
a surrogate's primitive psi the smaller |psi'| counts.

Source of the step, psi = tanh and the slope 0.1: the authors' toolkit (IBM/neuroaikit).
"""
import math

import numpy as np

from .. import validation

LEAKY_SLOPE = 0.1  # IBM/neuroaikit


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


STATE_ACTIVATIONS = {  # name: (g, g')
    "relu": (lambda z: z if z > 0.0 else 0.0, step),
    "leaky_relu": (lambda z: z if z > 0.0 else LEAKY_SLOPE * z,
                   lambda z: 1.0 if z > 0.0 else LEAKY_SLOPE),
    "identity": (lambda z: z, lambda z: 1.0),
    "tanh": (math.tanh, tanh_slope),
}

SURROGATES = {  # name: (psi, psi'), psi' replaces the slope of the step
    "tanh": (math.tanh, tanh_slope),
    # clip(v, -1/2, 1/2)
    "boxcar": (lambda v: min(max(v, -0.5), 0.5), lambda v: 1.0 if -0.5 < v < 0.5 else 0.0),
    # v - v|v|/2 inside (-1, 1), sign(v)/2 outside
    "triangle": (lambda v: v - 0.5 * v * abs(v) if abs(v) < 1.0 else math.copysign(0.5, v),
                 lambda v: 1.0 - abs(v) if abs(v) < 1.0 else 0.0),
    "arctan": (lambda v: math.atan(math.pi * v) / math.pi,
               lambda v: 1.0 / (1.0 + (math.pi * v) * (math.pi * v))),
    "fast_sigmoid": (lambda v: v / (1.0 + abs(v)),
                     lambda v: 1.0 / ((1.0 + abs(v)) * (1.0 + abs(v)))),
}


def weighted_sum(row, W, c):
    """a = sum_k row[k] W[k][c]: column c of `row @ W`."""
    a = 0.0
    for k in range(len(row)):
        a += row[k] * W[k][c]
    return a


def reverse_weighted_sum(da, row, W, c, drow, dW):
    """Reverse `a = sum_k row[k] W[k][c]`: drow[k] += da W[k][c], dW[k][c] += da row[k]."""
    for k in range(len(row)):
        drow[k] += da * W[k][c]
        dW[k][c] += da * row[k]


def numbers(name, array, shape):
    """A finite array of real numbers as nested lists of Python floats; shape: see validation."""
    return validation.array(name, np.asanyarray(array), shape, "numbers").astype(float).tolist()


def sized(name, array, axes):
    """`numbers`, and the shape of the array; `axes` may name free axes."""
    return numbers(name, array, axes), np.shape(array)


def several(name, arrays, count, shape):
    """A tuple of `count` arrays (a state, or its cotangent) as a list of nested lists."""
    if len(validation.instance(name, arrays, tuple, list)) != count:
        raise ValueError(f"{name}: expected {count} arrays, got {len(arrays)}")
    return [numbers(f"{name}[{i}]", array, shape) for i, array in enumerate(arrays)]


def parameters(params, shapes):
    """The arrays of `params` as nested lists; names and shapes must be those of `shapes`."""
    validation.mapping("params", params, shapes)
    return {name: numbers(f'params["{name}"]', params[name], shapes[name]) for name in shapes}


def zeros(*shape):
    """Nested lists of 0.0, each a separate object."""
    return np.zeros(shape).tolist()


def array_of(lists, shape):
    """Nested lists as a float64 array; the shape is given, since empty lists do not show it."""
    return np.array(lists, dtype=float).reshape(shape)
