"""The twins of the two-dimensional convolution and of pooling, channels last.

The convolution is a cross-correlation: the kernel is not flipped. Every term of its sum is one
product, x[...] W[...], reversed by dW[...] += dz x[...] and dx[...] += dz W[...].

Pooling works channel by channel. Windows that do not fit into the image are left out. The reverse
of the average adds dy / size^2 to each pixel of the window. The reverse of the maximum adds dy to
the pixel that was the maximum (on a tie the first one, row by row).

Source: V. Dumoulin and F. Visin, arXiv:1603.07285 (2016), for the sizes; the reversal is ours.
"""
import numpy as np

from .. import validation
from .scalars import array_of, numbers, sized, zeros


def conv2d_twin(W, x, dz, *, stride, padding):
    """Cross-correlation forward and backward, by scalar loops -> z, dW, dx.

        z[i, j, o] = sum_abc x[i stride + a - padding, j stride + b - padding, c] W[a, b, c, o]

    W: (kh, kw, c_in, c_out). x: (N, height, width, c_in). dz: (N, ho, wo, c_out), cotangent of z,
    ho = floor((height + 2 padding - kh) / stride) + 1 and wo likewise.
    stride: >= 1, padding: >= 0, in pixels, zeros on all four sides. z, dW, dx have the shapes of
    dz, W, x. Raises ValueError (shape, range, NaN) or TypeError (type, dtype).
    """
    validation.positive_int("stride", stride)
    validation.integer("padding", padding, 0)
    x, (N, height, width, c_in) = sized("x", x, ("N", "height", "width", "c_in"))
    W, (kh, kw, _, c_out) = sized("W", W, ("kh", "kw", c_in, "c_out"))
    ho = _windows("height", height + 2 * padding, kh, stride)
    wo = _windows("width", width + 2 * padding, kw, stride)
    dz = numbers("dz", dz, (N, ho, wo, c_out))

    z = zeros(N, ho, wo, c_out)
    dW, dx = zeros(kh, kw, c_in, c_out), zeros(N, height, width, c_in)
    for m, i, j, a, b in np.ndindex(N, ho, wo, kh, kw):
        row, col = i * stride + a - padding, j * stride + b - padding
        if not (0 <= row < height and 0 <= col < width):
            continue  # a zero of the padding: no term, no gradient
        for c in range(c_in):
            for o in range(c_out):
                z[m][i][j][o] += x[m][row][col][c] * W[a][b][c][o]
                dW[a][b][c][o] += dz[m][i][j][o] * x[m][row][col][c]
                dx[m][row][col][c] += dz[m][i][j][o] * W[a][b][c][o]
    return (array_of(z, (N, ho, wo, c_out)), array_of(dW, (kh, kw, c_in, c_out)),
            array_of(dx, (N, height, width, c_in)))


def pool2d_twin(x, dy, *, size, stride, kind):
    """Average or maximum pooling forward and backward, by scalar loops -> y, dx.

    x: (N, height, width, c). dy: (N, ho, wo, c), cotangent of y, with
    ho = floor((height - size) / stride) + 1 and wo likewise.
    size, stride: >= 1, in pixels. kind: "average" or "max". y, dx have the shapes of dy, x.
    Raises ValueError (shape, range, name, NaN) or TypeError (type, dtype).
    """
    validation.positive_int("size", size)
    validation.positive_int("stride", stride)
    validation.one_of("kind", kind, ("average", "max"))
    x, (N, height, width, channels) = sized("x", x, ("N", "height", "width", "c"))
    ho = _windows("height", height, size, stride)
    wo = _windows("width", width, size, stride)
    dy = numbers("dy", dy, (N, ho, wo, channels))

    y, dx = zeros(N, ho, wo, channels), zeros(N, height, width, channels)
    for m, i, j, c in np.ndindex(N, ho, wo, channels):
        window = [(i * stride + a, j * stride + b) for a, b in np.ndindex(size, size)]  # row by row
        if kind == "average":
            for row, col in window:
                y[m][i][j][c] += x[m][row][col][c] / len(window)
                dx[m][row][col][c] += dy[m][i][j][c] / len(window)
        else:  # max() returns the first of equal values
            row, col = max(window, key=lambda at, m=m, c=c: x[m][at[0]][at[1]][c])
            y[m][i][j][c] = x[m][row][col][c]
            dx[m][row][col][c] += dy[m][i][j][c]
    return array_of(y, (N, ho, wo, channels)), array_of(dx, (N, height, width, channels))


def _windows(axis, length, size, stride):
    """How many windows of `size` pixels, one every `stride` pixels, fit into `length` pixels."""
    if size < 1 or length < size:
        raise ValueError(f"x: expected a {axis} (with padding) of at least {size}, got {length}")
    return (length - size) // stride + 1
