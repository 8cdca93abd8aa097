"""Scalars: activations with their slopes, the weighted sum with its reversal, numbers in and out.

Everything works on one Python float at a time. A slope is written in the form that loses no digits
when the function saturates:

    sigmoid'(v) = sigmoid(v) sigmoid(-v)                        not  p (1 - p)
    tanh'(v)    = 4 e / (1 + e)^2,   e = exp(-2 |v|)            not  1 - tanh^2(v)

Both sides are equal on paper. On the right, 1 - p and 1 - tanh^2(v) subtract nearly equal numbers
and end at 0.

Conventions: step(0) = 0 (a unit fires when v > 0, strictly); g'(0) is the left slope; at a kink of
a surrogate's primitive psi the smaller |psi'| counts.

Source: the authors' toolkit (IBM/neuroaikit, `activations.py`) for the step, psi = tanh and the
leaky slope 0.1.
"""
import math

import numpy as np

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
    """1 - tanh^2(v) = 1 / cosh^2(v), without cancellation or overflow."""
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

SURROGATES = {  # name: (psi, psi'), psi' stands in for the slope of the step
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


def surrogate_pair(surrogate):
    """(psi, psi') of a surrogate's name, or your own pair (psi, dpsi) of functions of one number.

    Raises ValueError for an unknown name, TypeError for anything but a name or a pair of functions.
    """
    if isinstance(surrogate, str):
        if surrogate not in SURROGATES:
            raise ValueError(f"surrogate: expected one of {sorted(SURROGATES)}, got {surrogate!r}")
        return SURROGATES[surrogate]
    pair = isinstance(surrogate, (tuple, list)) and len(surrogate) == 2
    if not pair or not all(callable(f) for f in surrogate):
        raise TypeError(f"surrogate: expected a name or a pair (psi, dpsi), got {surrogate!r}")
    return tuple(surrogate)


# ---- the weighted sum and its reversal ------------------------------------------------------


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


# ---- numbers in and out: nested lists of Python floats inside, arrays outside ---------------


def plain(name, array):
    """A list or an array as an array; TypeError for a subclass, such as a masked array."""
    if isinstance(array, np.ndarray) and type(array) is not np.ndarray:
        raise TypeError(f"{name}: expected a NumPy array, got {type(array).__name__}")
    return np.asarray(array)


def shape_of(name, array, ndim):
    """The shape of an array that must have `ndim` axes; ValueError names it otherwise."""
    shape = plain(name, array).shape
    if len(shape) != ndim:
        raise ValueError(f"{name}: expected {ndim} axes, got shape {shape}")
    return shape


def numbers(name, array, shape):
    """A real, finite array of exactly this shape, as nested lists of Python floats.

    Raises TypeError for anything but integers and real floating-point numbers, ValueError for
    another shape and for NaN or infinity.
    """
    array = plain(name, array)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.shape != tuple(shape):
        raise ValueError(f"{name}: expected shape {tuple(shape)}, got {array.shape}")
    for value in array.flat:
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected finite numbers, got {float(value)}")
    return array.astype(float).tolist()


def several(name, arrays, count, shape):
    """A tuple of `count` such arrays (a state, or its cotangent), as a list of nested lists."""
    if not isinstance(arrays, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple of {count} arrays, got {type(arrays).__name__}")
    if len(arrays) != count:
        raise ValueError(f"{name}: expected {count} arrays, got {len(arrays)}")
    return [numbers(f"{name}[{i}]", arrays[i], shape) for i in range(count)]


def parameter_shape(params, name):
    """The shape of the weight matrix `name`, from which the other shapes follow."""
    if name not in params:
        raise ValueError(f'params: expected a "{name}", got {sorted(params)}')
    return shape_of(f'params["{name}"]', params[name], 2)


def parameters(params, shapes):
    """The arrays of `params` as nested lists; names and shapes must be those of `shapes`."""
    if set(params) != set(shapes):
        raise ValueError(f"params: expected {sorted(shapes)}, got {sorted(params)}")
    return {name: numbers(f'params["{name}"]', params[name], shapes[name]) for name in shapes}


def zeros(*shape):
    """Nested lists of 0.0; no list occurs twice."""
    if len(shape) == 1:
        return [0.0] * shape[0]
    return [zeros(*shape[1:]) for _ in range(shape[0])]


def array_of(lists, shape):
    """Nested lists as a float64 array; the shape is given, since empty lists do not show it."""
    return np.array(lists, dtype=float).reshape(shape)
