"""Windows on an image: the geometry that convolution and pooling share.

Images have their channels last, (..., height, width, c). A window of `size` pixels moves along n
pixels in steps of `stride`; `padding` zeros stand before the first pixel and after the last. It has

    n_windows = floor( (n + 2 padding - size) / stride ) + 1

places. At place o it covers the (padded) pixels o stride ... o stride + size - 1. Pixels after the
last complete window are ignored. Not here: dilation, and padding that differs between the sides.
"""
import math

IMAGE = ("height", "width", "channels")  # the axes of one image


def as_images(a):
    """(..., height, width, c) as (N, height, width, c): the images of all steps and samples."""
    return a.reshape((math.prod(a.shape[:-3]),) + a.shape[-3:])


def n_windows(name, n, size, stride, padding=0):
    """The number of places of a window of `size` on n pixels; ValueError if it does not fit once.

    name: the window's name in the message.

    >>> [n_windows("kernel", 28, 5, stride) for stride in (1, 2, 3)]
    [24, 12, 8]
    """
    if size > n + 2 * padding:
        raise ValueError(f"{name}: expected at most {n + 2 * padding}, the image's {n} pixels and "
                         f"padding of 2 x {padding}, got {size}")
    return (n + 2 * padding - size) // stride + 1
