"""Training images, moved or distorted at random, so that each epoch has new ones.

    shifted      each image by a few whole pixels
    elastic      each image as if printed on rubber: a smooth random field gives, for every pixel of
                 the result, the place in the image from which it is read

Elastic distortion, for each image, and for rows and columns separately:

    u ~ uniform(-1, 1) a pixel,    d = alpha (K u K'),    K the Gaussian of sigma pixels, rows
                                                          summing to 1 far from the border
    out[r, c] = image[r + d_r[r, c], c + d_c[r, c]]       bilinear between pixels, 0 outside

Source: P. Simard, D. Steinkraus, J. Platt, ICDAR 2003. We remember that they had sigma = 4 and
alpha = 34 for MNIST; we did not look it up. Near the border K averages over fewer pixels (ours).
"""
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import validation


def shifted(values, most, rng):
    """Square images (N, side^2), each moved by -most..most pixels down and across; gaps are 0."""
    side = _side(values)
    most = validation.integer("most", most, 0, side)
    validation.generator("rng", rng)
    padded = np.pad(values.reshape(-1, side, side), ((0, 0), (most, most), (most, most)))
    # (N, 2 most + 1, 2 most + 1, side, side)
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    down, across = rng.integers(0, 2 * most + 1, (2, len(values)))
    return windows[np.arange(len(values)), down, across].reshape(values.shape)


def elastic(values, alpha, sigma, rng):
    """Square images (N, side^2), each distorted by another field; alpha, sigma in pixels."""
    side = _side(values)
    alpha = validation.number_in("alpha", alpha, 0, 1e6)
    sigma = validation.number_in("sigma", sigma, 1e-6, 1e6)
    validation.generator("rng", rng)
    fields = displacement((2, len(values), side, side), alpha, sigma, rng)
    return warp(values.reshape(-1, side, side), *fields).reshape(values.shape).astype(values.dtype)


def _side(values):
    """The side of square images (N, side^2)."""
    side = math.isqrt(validation.array("values", values, ("N", "side^2"), "floats").shape[1])
    validation.array("values", values, ("N", max(1, side ** 2)), "floats")
    return side


def displacement(shape, alpha, sigma, rng):
    """Smooth random fields (..., side, side) in pixels: alpha K u K', u uniform in (-1, 1)."""
    place = np.arange(shape[-1])
    K = np.exp(-0.5 * ((place[:, None] - place) / sigma) ** 2)
    K /= np.exp(-0.5 * (np.arange(-4 * shape[-1], 4 * shape[-1] + 1) / sigma) ** 2).sum()
    return alpha * (K @ rng.uniform(-1, 1, shape) @ K.T)


def warp(images, down, across):
    """out[n, r, c] = images[n, r + down, c + across], bilinear, 0 outside.

    images (N, height, width); down, across: the fields at (n, r, c), same shape, in pixels.
    """
    _, height, width = images.shape
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))  # zeros for the neighbours of outer points
    # all is 0 beyond this frame, so points that are further out are moved to it
    r = np.clip(np.arange(height)[:, None] + down, -1, height) + 1
    c = np.clip(np.arange(width) + across, -1, width) + 1
    r0, c0 = np.floor(r).astype(int), np.floor(c).astype(int)
    r, c = r % 1, c % 1  # the fractions, in [0, 1)
    n = np.arange(len(images))[:, None, None]
    return ((1 - r) * ((1 - c) * padded[n, r0, c0] + c * padded[n, r0, c0 + 1])
            + r * ((1 - c) * padded[n, r0 + 1, c0] + c * padded[n, r0 + 1, c0 + 1]))
