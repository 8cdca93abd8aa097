"""conv2d and its backward pass: scalar loops, adjoints, the complex step, symmetry, bad input."""
import itertools

import numpy as np
import pytest
from helpers.image_layers import ROUNDING, difference, rng_of

from snu_ref.layers.conv import conv2d, conv2d_backward
from snu_ref.gradcheck import complex_step

COMPLEX = 1e-12   # the complex step subtracts nothing: only a few hundred roundings

# height, width, kh, kw, stride, padding: among them strides that leave pixels over (rows 2 to 5),
# padding wider than the kernel (row 4), and a stride wider than the kernel (row 5)
GEOMETRIES = [(4, 5, 1, 1, 1, 0), (7, 6, 3, 2, 2, 0), (6, 5, 3, 3, 2, 1), (5, 4, 2, 2, 3, 3),
              (8, 7, 2, 1, 3, 0), (3, 4, 3, 4, 1, 0), (2, 2, 4, 3, 1, 1)]


def operands(height, width, kh, kw, c_in=3, n_units=2, lead=(2, 3)):
    rng = rng_of(1)
    return rng.normal(size=lead + (height, width, c_in)), rng.normal(size=(kh, kw, c_in, n_units))


def conv2d_loops(x, W, stride, padding):
    """One number after the other, for one image; what lies outside it counts as 0."""
    (height, width, c_in), (kh, kw, _, n_units) = x.shape, W.shape
    rows_of_places = range(0, height + 2 * padding - kh + 1, stride)
    columns_of_places = range(0, width + 2 * padding - kw + 1, stride)
    z = np.zeros((len(rows_of_places), len(columns_of_places), n_units))
    for (o, top), (p, left), n in itertools.product(
            enumerate(rows_of_places), enumerate(columns_of_places), range(n_units)):
        for i, j, c in itertools.product(range(kh), range(kw), range(c_in)):
            row, column = top + i - padding, left + j - padding
            if 0 <= row < height and 0 <= column < width:
                z[o, p, n] += x[row, column, c] * W[i, j, c, n]
    return z


@pytest.mark.parametrize("height, width, kh, kw, stride, padding", GEOMETRIES)
def test_conv2d_is_the_scalar_loop(height, width, kh, kw, stride, padding):
    x, W = operands(height, width, kh, kw)
    z = conv2d(x, W, stride, padding)
    for t, k in np.ndindex(x.shape[:2]):
        assert difference(z[t, k], conv2d_loops(x[t, k], W, stride, padding)) < ROUNDING


@pytest.mark.parametrize("height, width, kh, kw, stride, padding", GEOMETRIES)
def test_backward_is_the_adjoint(height, width, kh, kw, stride, padding):
    # z is linear in x and in W, so <z, dz> = <x, dx> = <W, dW> for any numbers
    x, W = operands(height, width, kh, kw)
    z = conv2d(x, W, stride, padding)
    dz = rng_of(3).normal(size=z.shape)
    dx, dW = conv2d_backward(dz, x, W, stride, padding)
    product = (z * dz).sum()
    assert (x * dx).sum() == pytest.approx(product, rel=1e-11)
    assert (W * dW).sum() == pytest.approx(product, rel=1e-11)
    other_x, other_W = rng_of(4).normal(size=x.shape), rng_of(5).normal(size=W.shape)
    assert (other_x * dx).sum() == pytest.approx(
        (conv2d(other_x, W, stride, padding) * dz).sum(), rel=1e-11)
    assert (other_W * dW).sum() == pytest.approx(
        (conv2d(x, other_W, stride, padding) * dz).sum(), rel=1e-11)


@pytest.mark.parametrize("height, width, kh, kw, stride, padding", GEOMETRIES)
def test_backward_by_complex_step(height, width, kh, kw, stride, padding):
    x, W = operands(height, width, kh, kw, c_in=2, lead=(1, 2))
    dz = rng_of(3).normal(size=conv2d(x, W, stride, padding).shape)
    dx, dW = conv2d_backward(dz, x, W, stride, padding)
    inputs = {"x": x, "W": W}

    def f(a):
        return (dz * conv2d(a["x"], a["W"], stride, padding)).sum()

    assert difference(dx, complex_step(f, inputs, "x")) < COMPLEX
    assert difference(dW, complex_step(f, inputs, "W")) < COMPLEX


def test_a_point_shows_the_kernel_turned_by_half():
    # cross-correlation: the response to a single pixel is W with both axes reversed
    W = operands(1, 1, 3, 2, c_in=1)[1]
    x = np.zeros((5, 5, 1))
    x[2, 2, 0] = 1
    z = conv2d(x, W)
    assert np.array_equal(z[0:3, 1:3], W[::-1, ::-1, 0])
    assert np.abs(z).sum() == np.abs(z[0:3, 1:3]).sum()


def test_padding_is_a_border_of_zeros():
    x, W = operands(5, 4, 3, 3)
    border = np.zeros((2, 3, 9, 8, 3))
    border[:, :, 2:7, 2:6] = x
    assert np.array_equal(conv2d(x, W, 2, 2), conv2d(border, W, 2, 0))


def test_larger_strides_leave_places_out():
    x, W = operands(9, 8, 3, 2)
    assert difference(conv2d(x, W, 3), conv2d(x, W)[:, :, ::3, ::3]) < ROUNDING


def test_leading_axes_are_free():
    x, W = operands(5, 4, 2, 3)
    z = conv2d(x, W)
    assert difference(conv2d(x[1, 2], W), z[1, 2]) < ROUNDING
    assert difference(conv2d(x[:, :, None], W), z[:, :, None]) < ROUNDING


def test_inputs_are_not_changed_and_dx_is_optional():
    x, W = operands(5, 4, 3, 2)
    dz = rng_of(3).normal(size=conv2d(x, W, 1, 1).shape)
    before = x.copy(), W.copy(), dz.copy()
    dx, dW = conv2d_backward(dz, x, W, 1, 1)
    none, same = conv2d_backward(dz, x, W, 1, 1, need_dx=False)
    assert none is None and np.array_equal(same, dW) and dx.shape == x.shape
    for a, b in zip((x, W, dz), before):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("name, error, change", [
    ("x", ValueError, dict(x=np.ones((2, 5, 5, 4)))),
    ("x", ValueError, dict(x=np.ones((5, 3)))),
    ("x", ValueError, dict(x=np.full((5, 5, 3), np.nan))),
    ("x", TypeError, dict(x=np.ones((5, 5, 3), np.float32))),
    ("x", TypeError, dict(x=np.ones((5, 5, 3), int))),
    ("x", TypeError, dict(x=[[[1.0, 2.0, 3.0]]])),
    ("W", TypeError, dict(W=2.0)),
    ("W", ValueError, dict(W=np.ones((3, 3, 3)))),
    ("W", ValueError, dict(W=np.ones((3, 3, 3, 0)))),
    ("W", ValueError, dict(W=np.ones((6, 3, 3, 2)))),
    ("stride", ValueError, dict(stride=0)),
    ("stride", TypeError, dict(stride=1.0)),
    ("padding", ValueError, dict(padding=-1)),
    ("padding", TypeError, dict(padding="same")),
    ("padding", TypeError, dict(padding=True)),
])
def test_conv2d_names_what_is_wrong(name, error, change):
    good = dict(x=np.ones((5, 5, 3)), W=np.ones((3, 3, 3, 2)), stride=1, padding=0)
    conv2d(**good)
    with pytest.raises(error, match=f"^{name}"):
        conv2d(**{**good, **change})
    with pytest.raises(error, match=f"^{name}"):
        conv2d_backward(np.ones((3, 3, 2)), **{**good, **change})


def test_conv2d_backward_names_a_wrong_dz():
    x, W = operands(5, 5, 3, 3)
    with pytest.raises(ValueError, match=r"^dz: expected shape \(2, 3, 3, 3, 2\), got \(2, 3, 4, "):
        conv2d_backward(np.ones((2, 3, 4, 3, 2)), x, W)
    with pytest.raises(TypeError, match="^dz"):
        conv2d_backward(np.ones((2, 3, 3, 3, 2), np.float32), x, W)
