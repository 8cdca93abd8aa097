"""The convolutional SNU: the unit with x W replaced by a two-dimensional convolution.

Channels are the last axis. X is x with `padding` zeros on all four sides. For each step and sample,
at position (o, p) of the output and for unit (output channel) n,

    z[o, p, n] = sum_{i, j, c} X[o stride + i, p stride + j, c] W[i, j, c, n]

This is a cross-correlation: as is usual in neural networks, the kernel is not flipped. In the
backward pass, with dA for dL/dA, each product in the sum gives two:

    dW[i, j, c, n]                     = sum_{o, p}  X[o stride + i, p stride + j, c] dz[o, p, n]
    dX[o stride + i, p stride + j, c] += sum_n  dz[o, p, n] W[i, j, c, n]       for all o, p, i, j

dW is also summed over steps and samples; dx is dX without its border. Everything else is as in
`snu_ref.snu`, at every position: s and y have shape (B, ho, wo, n_units). b and decay have one
number per channel, so their gradients are also summed over positions.

How it is computed. The patches under the kernel are unfolded to rows of kh kw c_in numbers, and W
becomes a matrix with that many rows. Then each of the three sums is one matrix product:

    z = patches W        dW = patches' dz        dpatches = dz W', folded back by the sum above

Patches are kh kw times as large as the image (stride 1). So they are made for a few images at a
time (PART_NUMBERS numbers, at least one image), and a second time in the backward pass.

Memory: the cache contains the input, and z, s and y with T B ho wo n_units numbers each. The
backward pass adds dz, which is as large as z, and dx. Other temporaries have the size of a part.

Weights in other frameworks: W.transpose(3, 2, 0, 1) is PyTorch's kernel, (n_units, c_in, kh, kw).
Keras's kernel is W itself.

Not here: dilation, groups, transposed convolution, padding other than zeros on all sides.

Sources: the unit, as in `snu_ref.snu`; the derivation is ours.
"""
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import validation
from ..layer import blocks, rows
from ..snu import SNU

IMAGE = ("height", "width", "channels")  # the axes of one image
DTYPES = (*validation.REAL_DTYPES, np.dtype(np.complex128))  # complex: for the complex step
PART_NUMBERS = 2 ** 19  # our choice: 2 MB in float32, the size of a second-level cache


def as_images(a):
    """(..., height, width, c) as (N, height, width, c): the images of all steps and samples."""
    return a.reshape((math.prod(a.shape[:-3]),) + a.shape[-3:])


def n_windows(name, n, size, stride, padding=0):
    """floor( (n + 2 padding - size) / stride ) + 1: positions of a window of `size` on n pixels.

    Pixels after the last complete window are ignored. Raises ValueError, with `name`, if the window
    is larger than the image.

    >>> [n_windows("kernel", 28, 5, stride) for stride in (1, 2, 3)]
    [24, 12, 8]
    """
    if size > n + 2 * padding:
        raise ValueError(f"{name}: expected at most {n + 2 * padding}, the image's {n} pixels and "
                         f"padding of 2 x {padding}, got {size}")
    return (n + 2 * padding - size) // stride + 1


def conv2d(x, W, stride=1, padding=0):
    """Cross-correlation of images with a kernel.

        z[o, p] = sum_{i, j} X[o stride + i, p stride + j] W[i, j]

    x (..., height, width, c_in), with any leading axes, such as (T, B); W (kh, kw, c_in, n_units)
    of the same dtype; X is x with `padding` zeros on each side. Returns z (..., ho, wo, n_units),
    ho = floor((height + 2 padding - kh) / stride) + 1, wo likewise.
    Raises TypeError or ValueError that names the argument.

    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(3, 3, 1)
    >>> conv2d(x, np.ones((2, 2, 1, 1)))[:, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    places, stride, padding = _check_operands(x, W, stride, padding)
    n_units = W.shape[-1]
    images = as_images(x)
    z = np.empty((len(images),) + places + (n_units,), x.dtype)  # (N, ho, wo, n_units)
    for part in _parts(len(images), places, W):
        patches = _unfold(_pad(images[part], padding), W, stride)
        np.matmul(patches, W.reshape(-1, n_units), out=rows(z[part]))
    return z.reshape(x.shape[:-3] + z.shape[1:])


def conv2d_backward(dz, x, W, stride=1, padding=0, need_dx=True):
    """dx and dW of z = conv2d(x, W, stride, padding), from dz = dL/dz (..., ho, wo, n_units).

    dx has the shape of x, and is None unless need_dx; dW has the shape of W and is summed over the
    leading axes. Raises TypeError or ValueError that names the argument.
    """
    places, stride, padding = _check_operands(x, W, stride, padding)
    validation.array("dz", dz, x.shape[:-3] + places + W.shape[-1:], x.dtype, finite=False)
    images, dz = as_images(x), as_images(dz)
    kh, kw, c_in, n_units = W.shape
    height, width = x.shape[-3:-1]
    dW = np.zeros((kh * kw * c_in, n_units), x.dtype)
    dx = np.empty_like(images) if need_dx else None  # (N, height, width, c_in)
    for part in _parts(len(images), places, W):
        X = _pad(images[part], padding)
        dW += _unfold(X, W, stride).T @ rows(dz[part])
        if need_dx:
            dpatches = rows(dz[part]) @ W.reshape(-1, n_units).T
            dX = _fold(dpatches.reshape((len(X),) + places + W.shape[:3]), X.shape, stride)
            dx[part] = dX[:, padding:padding + height, padding:padding + width]
    return dx.reshape(x.shape) if need_dx else None, dW.reshape(W.shape)


def _unfold(X, W, stride):
    """The patches under the kernel as rows, from the padded images: (N ho wo, kh kw c_in)."""
    kh, kw, c_in, _ = W.shape
    windows = sliding_window_view(X, (kh, kw), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]  # (N, ho, wo, c_in, kh, kw), a view
    return np.moveaxis(windows, 3, 5).reshape(-1, kh * kw * c_in)


def _fold(dpatches, shape, stride):
    """For each pixel, the sum over all patches that contain it: (N, ho, wo, kh, kw, c) -> `shape`.

    The sum runs over the rows of the kernel, then over its columns: kh + kw sums of long rows are
    faster than kh kw sums of short rows.
    """
    N, ho, wo, kh, kw, c = dpatches.shape
    # summed over the rows of the kernel only
    lines = np.zeros((N, shape[1], wo, kw * c), dpatches.dtype)
    for i in range(kh):
        lines[:, i:i + stride * (ho - 1) + 1:stride] += dpatches[:, :, :, i].reshape(N, ho, wo, -1)
    dX = np.zeros(shape, dpatches.dtype)
    for j in range(kw):
        dX[:, :, j:j + stride * (wo - 1) + 1:stride] += lines.reshape(N, -1, wo, kw, c)[:, :, :, j]
    return dX


def _pad(images, padding):
    """`padding` zeros on all four sides of each image."""
    sides = (padding, padding)
    return np.pad(images, ((0, 0), sides, sides, (0, 0))) if padding else images


def _parts(n, places, W):
    """Slices of n images whose patches have at most PART_NUMBERS numbers; at least one image."""
    return blocks(n, math.prod(places) * W[..., 0].size, PART_NUMBERS)


def _check_operands(x, W, stride, padding):
    """Check all arguments; returns ((ho, wo), stride, padding)."""
    stride = validation.positive_int("stride", stride)
    padding = validation.integer("padding", padding, 0)
    validation.array("W", W, ("kh", "kw", "c_in", "n_units"), DTYPES, finite=False)
    if not W.size:
        raise ValueError(f"W: expected a kernel with at least one element, got shape {W.shape}")
    validation.array("x", x, (..., "height", "width", W.shape[2]), W.dtype)
    return tuple(n_windows("W", n, size, stride, padding)
                 for n, size in zip(x.shape[-3:-1], W.shape)), stride, padding


class ConvSNU(SNU):
    """A layer of SNUs that share one kernel over all positions in an image.

        s_t = g( conv2d(x_t, W) + decay . s_{t-1} . (1 - y_{t-1}) ),    y_t = h( s_t + b )

    x (T, B, height, width, c_in) -> y (T, B, ho, wo, n_units), with
    ho = floor((height + 2 padding - kh) / stride) + 1, wo likewise. Everything else is as in SNU.

    Parameters
    ----------
    in_shape : (height, width, c_in)
        Shape of one input image.
    n_units : int
        Output channels.
    kernel : int or (kh, kw)
        Height and width of the kernel, in pixels.
    stride, padding : int
        Pixels from one position of the kernel to the next; zeros added on all four sides.
    rng : numpy.random.Generator
        Draws W: Glorot-uniform with fans kh kw c_in and kh kw n_units.
    h, g, decay, surrogate, reset_grad, train_decay, dtype
        As in SNU; an array `decay` has one number per channel.

    There is no `recurrent` and no `lateral_inhibition`: the unit's equations do not say which
    positions y_{t-1} reaches, nor over which positions and channels the maximum is taken.

    Attributes
    ----------
    params : {"W": (kh, kw, c_in, n_units), "b": (n_units,), "decay": (n_units,)}
    in_shape, out_shape : (height, width, c_in) and (ho, wo, n_units)

    Raises ValueError or TypeError that names the argument.

    >>> rng = np.random.default_rng(0)
    >>> ConvSNU((28, 28, 1), 16, kernel=5, stride=2, padding=2, rng=rng).out_shape
    (14, 14, 16)
    """

    def __init__(self, in_shape, n_units, *, kernel=3, stride=1, padding=0, rng, h="step",
                 g="relu", decay=0.8, surrogate="tanh", reset_grad="through", train_decay=False,
                 dtype=np.float64):
        *sides, c_in = in_shape = validation.sizes("in_shape", in_shape, IMAGE)
        if not isinstance(kernel, (tuple, list)):
            kernel = (validation.positive_int("kernel", kernel),) * 2
        self.kernel = validation.sizes("kernel", kernel, ("height", "width"))
        self.stride = validation.positive_int("stride", stride)
        self.padding = validation.integer("padding", padding, 0)
        places = tuple(n_windows("kernel", n, size, self.stride, self.padding)
                       for n, size in zip(sides, self.kernel))
        super().__init__(c_in, n_units, rng=rng, h=h, g=g, decay=decay, surrogate=surrogate,
                         reset_grad=reset_grad, train_decay=train_decay, dtype=dtype)
        self.in_shape, self.out_shape = in_shape, places + (self.n_units,)

    def _project(self, x):
        return conv2d(x, self.params["W"], self.stride, self.padding)

    def _project_backward(self, dz, x, need_dx):
        return conv2d_backward(dz, x, self.params["W"], self.stride, self.padding, need_dx)
