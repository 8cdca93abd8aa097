"""Pooling and flattening of images: the layers between convolutions and a read-out.

A window of size x size pixels moves over each channel of each image in steps of `stride`, without
padding. Pixels after the last complete window are ignored. k numbers the pixels of a window in
row-major order, x[k] is the k-th pixel of each window, and K = size^2:

    average    y = 1/K sum_k x[k]          dx[k] += dy / K                  for all k
    maximum    y = x[choice]               dx[k] += dy                      where k = choice
               choice = the smallest k with x[k] = max_m x[m]

(+= because windows overlap if stride < size.) With spikes, ties are frequent: the first maximum in
row-major order gets the whole gradient. The cache keeps the choice, so that a gradient check can
keep it constant and differentiate `MaxPool2d.take`, which is linear in x.

The layers have no parameters and no state. Each step is pooled separately. Not here: pooling over
time, padding, windows that are not square.
"""
import math

import numpy as np

from .. import validation
from ..layer import blocks, read_only
from .conv import IMAGE, as_images, n_windows
from .dense import Memoryless


class _Pool2d(Memoryless):
    """What both kinds of pooling share: arguments and windows."""

    def __init__(self, in_shape, size, stride=None, *, dtype=np.float64):
        height, width, c = in_shape = validation.sizes("in_shape", in_shape, IMAGE)
        self.size = validation.positive_int("size", size)
        self.stride = self.size if stride is None else validation.positive_int("stride", stride)
        places = tuple(n_windows("size", n, self.size, self.stride) for n in (height, width))
        super().__init__(dtype, in_shape, places + (c,))

    def _pixels(self, x):
        """The windows of images (..., height, width, c), pixel by pixel in row-major order.

        Yields the slice of a block of images that fits the processor's cache, k, and the k-th pixel
        of every window in these images, a view (block, ho, wo, c).
        """
        images = as_images(x)
        down, across = (self.stride * (n - 1) + 1 for n in self.out_shape[:2])
        for some in blocks(len(images), math.prod(self.in_shape)):
            for k in range(self.size ** 2):
                i, j = divmod(k, self.size)
                yield some, k, images[some, i:i + down:self.stride, j:j + across:self.stride]


class AveragePool2d(_Pool2d):
    """The mean of each window: y = 1/size^2 sum_k x[k].

    in_shape (height, width, c); size, stride : int, pixels; stride is size unless given.
    x (T, B, height, width, c) -> y (T, B, ho, wo, c), ho = floor((height - size) / stride) + 1.
    dtype float32, float64 or longdouble. Raises ValueError or TypeError that names the argument.

    >>> image = np.array([[0.0, 1.0], [1.0, 0.0]]).reshape(1, 1, 2, 2, 1)
    >>> AveragePool2d((2, 2, 1), 2).forward(image)[0].item()
    0.5
    """

    def _apply(self, x):
        y = np.zeros(x.shape[:2] + self.out_shape, x.dtype)
        for some, _, pixel in self._pixels(x):
            as_images(y)[some] += pixel
        y /= self.size ** 2     # in place: these arrays are the largest of a network
        return y, None

    def _reverse(self, dy, cache, need_dx):
        share = as_images(dy) / self.size ** 2
        dx = np.zeros(cache.x.shape, dy.dtype)
        for some, _, dpixel in self._pixels(dx):
            dpixel += share[some]
        return dx, {}


class MaxPool2d(_Pool2d):
    """The maximum of each window: y = max_k x[k]; on a tie the first in row-major order counts.

    Arguments, shapes and errors are those of AveragePool2d.

    >>> image = np.array([[0.0, 1.0], [1.0, 0.0]]).reshape(1, 1, 2, 2, 1)
    >>> y, cache = MaxPool2d((2, 2, 1), 2).forward(image)
    >>> y.item(), cache.kept.item()               # of the two maxima, the first in row-major order
    (1.0, 1)
    """

    def _apply(self, x):
        choice = self.choose(x)
        return self.take(x, choice), choice

    def choose(self, x):
        """The index of the maximum in each window, the first on a tie: (..., ho, wo, c).

        From 0 to size^2 - 1. Complex numbers are compared by their real part, for the complex step.
        """
        choice = np.zeros(x.shape[:-3] + self.out_shape, np.min_scalar_type(self.size ** 2 - 1))
        for some, k, pixel in self._pixels(x.real):
            if k == 0:
                top = pixel.copy()
            else:
                above, chosen = pixel > top, as_images(choice)[some]  # >: on a tie the first stays
                np.maximum(chosen, above * choice.dtype.type(k), out=chosen)
                np.maximum(top, pixel, out=top)
        return choice

    def take(self, x, choice):
        """The chosen pixel of each window, y = x[choice]; linear in x for a given choice."""
        y = np.zeros(choice.shape, x.dtype)
        for some, k, pixel in self._pixels(x):
            as_images(y)[some] += pixel * (as_images(choice)[some] == k)
        return y

    def _reverse(self, dy, cache, need_dx):
        dx = np.zeros(cache.x.shape, dy.dtype)
        dy, choice = as_images(dy), as_images(cache.kept)
        for some, k, dpixel in self._pixels(dx):
            dpixel += dy[some] * (choice[some] == k)
        return dx, {}


class Flatten(Memoryless):
    """(T, B, height, width, c) -> (T, B, height width c), row-major: the channel runs fastest.

    in_shape (height, width, c); dtype float32, float64 or longdouble. A read-out whose weights come
    from a framework with channels first needs its rows reordered from (c, height, width).
    Raises ValueError or TypeError that names the argument.

    >>> Flatten((4, 4, 3)).out_shape
    (48,)
    """

    def __init__(self, in_shape, *, dtype=np.float64):
        height, width, c = in_shape = validation.sizes("in_shape", in_shape, IMAGE)
        super().__init__(dtype, in_shape, (height * width * c,))

    def _apply(self, x):
        return read_only(x.reshape(x.shape[:2] + self.out_shape)), None

    def _reverse(self, dy, cache, need_dx):
        return dy.reshape(cache.x.shape), {}
