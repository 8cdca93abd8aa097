"""The twins of the two-dimensional convolution and of pooling, channels last.

The convolution is a cross-correlation: the kernel is not flipped. Pooling works channel by channel.
Windows that do not fit into the picture are left out. The maximum of a window has the derivative 1
by the pixel that is the maximum (on a tie the first one, row by row).

Source: V. Dumoulin and F. Visin, arXiv:1603.07285 (2016), for the sizes.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from .scalars import adjoints, dot, floats, numbers, reverse, values


class ConvTwin(NamedTuple):
    """One convolution and its backward pass."""
    z: np.ndarray  # (N, ho, wo, c_out)
    dW: np.ndarray  # (kh, kw, c_in, c_out)
    dx: np.ndarray  # (N, height, width, c_in)


class PoolTwin(NamedTuple):
    """One pooling and its backward pass."""
    y: np.ndarray  # (N, ho, wo, c)
    dx: np.ndarray  # (N, height, width, c)


def conv2d_twin(W, x, dz, *, stride, padding):
    """Cross-correlation forward and backward, by scalar loops.

        z[i, j, o] = sum_abc x[i stride + a - padding, j stride + b - padding, c] W[a, b, c, o]

    W: (kh, kw, c_in, c_out). x: (N, height, width, c_in). dz: (N, ho, wo, c_out), cotangent of z,
    ho = floor((height + 2 padding - kh) / stride) + 1 and wo likewise.
    stride: >= 1, padding: >= 0, in pixels, zeros on all four sides.
    Returns a ConvTwin. Raises ValueError (shape, range, NaN) or TypeError (type, dtype).
    """
    validation.positive_int("stride", stride)
    validation.integer("padding", padding, 0)
    x = numbers("x", x, ("N", "height", "width", "c_in"))
    W = numbers("W", W, ("kh", "kw", x.shape[3], "c_out"))
    z = conv2d(W, x, stride=stride, padding=padding)
    reverse((z,), (floats("dz", dz, z.shape),))
    return ConvTwin(values(z), adjoints(W), adjoints(x))


def conv2d(W, x, *, stride, padding):
    """z of arrays of Numbers."""
    (N, height, width, _), (kh, kw, _, c_out) = x.shape, W.shape
    ho = _windows("height", height + 2 * padding, kh, stride)
    wo = _windows("width", width + 2 * padding, kw, stride)
    z = np.empty((N, ho, wo, c_out), object)
    for m, i, j in np.ndindex(N, ho, wo):
        covered = [(a, b, i * stride + a - padding, j * stride + b - padding)
                   for a, b in np.ndindex(kh, kw)]
        inside = [(a, b, row, col) for a, b, row, col in covered  # a zero of the padding: no term
                  if 0 <= row < height and 0 <= col < width]
        for o in range(c_out):
            z[m, i, j, o] = dot([pixel for _, _, row, col in inside for pixel in x[m, row, col]],
                                [weight for a, b, _, _ in inside for weight in W[a, b, :, o]])
    return z


def pool2d_twin(x, dy, *, size, stride, kind):
    """Average or maximum pooling forward and backward, by scalar loops.

    x: (N, height, width, c). dy: (N, ho, wo, c), cotangent of y, with
    ho = floor((height - size) / stride) + 1 and wo likewise.
    size, stride: >= 1, in pixels. kind: "average" or "max".
    Returns a PoolTwin. Raises ValueError (shape, range, name, NaN) or TypeError (type, dtype).
    """
    validation.positive_int("size", size)
    validation.positive_int("stride", stride)
    validation.one_of("kind", kind, ("average", "max"))
    x = numbers("x", x, ("N", "height", "width", "c"))
    y = pool2d(x, size=size, stride=stride, kind=kind)
    reverse((y,), (floats("dy", dy, y.shape),))
    return PoolTwin(values(y), adjoints(x))


def pool2d(x, *, size, stride, kind):
    """y of an array of Numbers."""
    N, height, width, channels = x.shape
    y = np.empty((N, _windows("height", height, size, stride),
                  _windows("width", width, size, stride), channels), object)
    for m, i, j, c in np.ndindex(y.shape):
        window = [x[m, i * stride + a, j * stride + b, c] for a, b in np.ndindex(size, size)]
        if kind == "average":
            y[m, i, j, c] = sum(window, 0.0) / size ** 2
        else:
            y[m, i, j, c] = max(window, key=lambda number: number.value)  # the first of equal ones
    return y


def _windows(axis, length, size, stride):
    """How many windows of `size` pixels, one every `stride` pixels, fit into `length` pixels."""
    if size < 1 or length < size:
        raise ValueError(f"x: expected a {axis} (with padding) of at least {size}, got {length}")
    return (length - size) // stride + 1
