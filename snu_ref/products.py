"""The matrix products of a training step, alone: what the step would cost if all else were free.

For a layer of n units with weights W, with N = T B rows and ' for transposed,

    x W  (N, n_in) (n_in, n)      x' dz  (n_in, N) (N, n)      dz W'  (N, n) (n, n_in)

the last one not for the first layer, whose input needs no gradient. Recurrent weights H add, with B
rows, y H and dz H' for each of the T steps, and one y' dz of all rows; a GRU does its H in two
blocks of columns, since the candidate waits for the reset gate. A convolution does the same with
patches in the place of x, a few images at a time. Layers without weights have no products.

This is a count of what the algorithm needs, not of what the code does: a product too many in the
code would not hide here.
"""
import numpy as np

from .conv import PART_NUMBERS, ConvSNU
from .embedding import TiedOutput
from .gru import GRU


def matrix_products(network, T, B):
    """A function that does the matrix products of one training step: T time steps, B samples.

    Operands have the shapes, dtype and order in memory of those in the step; results go to arrays
    that are allocated once.
    """
    products = []
    for i, layer in enumerate(network.layers):
        products += _of_layer(layer, T, B, need_dx=i > 0)

    def run():
        for a, b, out, times in products:
            for _ in range(times):
                np.matmul(a, b, out=out)
    return run


def _of_layer(layer, T, B, need_dx):
    """[(a, b, out, how often)] of one layer."""
    if isinstance(layer, ConvSNU):
        places = layer.out_shape[0] * layer.out_shape[1]
        W = layer.params["W"].reshape(-1, layer.n_units)
        images = min(T * B, max(1, PART_NUMBERS // (places * len(W))))
        return _of_weights(W, images * places, need_dx, times=-(-T * B // images))
    if isinstance(layer, TiedOutput):
        return _of_weights(layer.params["E"].T, T * B, need_dx)
    products = []
    if "W" in layer.params:
        products += _of_weights(layer.params["W"], T * B, need_dx)
    if "H" in layer.params:
        H, n = layer.params["H"], layer.n_units
        for block in np.split(H, [2 * n], axis=1) if isinstance(layer, GRU) else [H]:
            xH, xdH, dzH = _of_weights(block, B, need_dx=True)
            products += [xH[:3] + (T,), dzH[:3] + (T,), *_of_weights(block, T * B, False)[1:]]
    return products


def _of_weights(W, rows, need_dx, times=1):
    """x W, x' dz and dz W' with so many rows."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, W.shape[0])).astype(W.dtype)
    dz = rng.standard_normal((rows, W.shape[1])).astype(W.dtype)
    pairs = [(x, W), (x.T, dz)] + ([(dz, W.T)] if need_dx else [])
    return [(a, b, a @ b, times) for a, b in pairs]
