"""Pooling: scalar loops, the mean as a convolution, ties, frozen choices, networks with it."""

import numpy as np
import pytest
from helpers.image_layers import ROUNDING, difference, random_state, rng_of

from snu_ref.layers.conv import ConvSNU, conv2d, conv2d_backward
from snu_ref.gradcheck import check_layer
from snu_ref.network import Network
from snu_ref.layers.pooling import AveragePool2d, Flatten, MaxPool2d
from snu_ref.snu import SNU


def failures(rows):
    return [row for row in rows if row.failed]


# height, width, size, stride: plain windows, pixels left over, overlaps, gaps between windows
POOLS = [(4, 6, 2, None), (7, 5, 2, None), (7, 6, 3, 2), (7, 8, 2, 3), (3, 4, 1, None),
         (4, 4, 4, 1)]


def max_pool_loops(x, size, stride):
    """The pixel of the maximum in each window of a (height, width) image; of equals the first."""
    pixels = {}
    for o, top in enumerate(range(0, x.shape[0] - size + 1, stride)):
        for p, left in enumerate(range(0, x.shape[1] - size + 1, stride)):
            window = [(top + i, left + j) for i in range(size) for j in range(size)]
            pixels[o, p] = max(window, key=lambda pixel: x[pixel])  # max keeps the first of equals
    return pixels


@pytest.mark.parametrize("height, width, size, stride", POOLS)
def test_average_pooling_is_a_convolution_of_each_channel(height, width, size, stride):
    x = rng_of(20).normal(size=(2, 3, height, width, 4))
    pool = AveragePool2d((height, width, 4), size, stride)
    W = np.broadcast_to(np.eye(4) / size ** 2, (size, size, 4, 4)).copy()
    y, cache = pool.forward(x)
    dy = rng_of(21).normal(size=y.shape)
    assert difference(y, conv2d(x, W, stride or size)) < ROUNDING
    assert pool.out_shape == y.shape[2:] and cache.state == ()
    dx, grads, dstate = pool.backward(dy, cache)
    assert difference(dx, conv2d_backward(dy, x, W, stride or size)[0]) < ROUNDING
    assert grads == {} and dstate == ()


@pytest.mark.parametrize("height, width, size, stride", POOLS)
@pytest.mark.parametrize("spikes", [False, True])
def test_max_pooling_is_the_scalar_loop(height, width, size, stride, spikes):
    x = rng_of(22).normal(size=(2, 3, height, width, 4))
    if spikes:
        x = (x > 0.5).astype(float)
    pool = MaxPool2d((height, width, 4), size, stride)
    y, cache = pool.forward(x)
    dy = rng_of(23).normal(size=y.shape)
    dx, grads, dstate = pool.backward(dy, cache)
    assert grads == {} and dstate == () and cache.state == () and pool.out_shape == y.shape[2:]
    expected = np.zeros_like(dx)
    for t, k, c in np.ndindex(2, 3, 4):
        for place, pixel in max_pool_loops(x[t, k, :, :, c], size, stride or size).items():
            assert y[(t, k, *place, c)] == x[(t, k, *pixel, c)]
            expected[(t, k, *pixel, c)] += dy[(t, k, *place, c)]
    assert difference(dx, expected) < ROUNDING


def test_ties_go_to_the_first_pixel_in_row_major_order():
    pool = MaxPool2d((4, 4, 1), 2)
    x = np.zeros((1, 1, 4, 4, 1))
    x[0, 0, :, :, 0] = [[0, 0, 0, 1],   # left: all four silent; right: the second column fires
                        [0, 0, 0, 1],
                        [0, 1, 1, 1],   # left: the anti-diagonal fires; right: all four
                        [1, 0, 1, 1]]
    y, cache = pool.forward(x)
    assert np.array_equal(y[0, 0, :, :, 0], [[0, 1], [1, 1]])
    assert np.array_equal(cache.kept[0, 0, :, :, 0], [[0, 1], [1, 0]])
    dx, _, _ = pool.backward(np.array([[1.0, 2], [3, 4]]).reshape(y.shape), cache)
    assert np.array_equal(dx[0, 0, :, :, 0], [[1, 0, 0, 2],
                                              [0, 0, 0, 0],
                                              [0, 3, 4, 0],
                                              [0, 0, 0, 0]])


def test_max_pooling_of_negative_numbers():
    x = -1 - rng_of(24).random((1, 2, 5, 5, 3))
    assert (MaxPool2d((5, 5, 3), 2).forward(x)[0] < -1).all()


@pytest.mark.parametrize("kind", [AveragePool2d, MaxPool2d])
def test_pixels_that_no_window_covers_are_left_out(kind):
    pool = kind((5, 7, 2), 2, 3)  # rows 2 and beyond 4, columns 2 and 5 lie between windows
    x = rng_of(25).normal(size=(2, 2, 5, 7, 2))
    y, cache = pool.forward(x)
    other = x.copy()
    other[:, :, 2] = other[:, :, :, [2, 5, 6]] = 99.0
    dx, _, _ = pool.backward(np.ones_like(y), cache)
    assert pool.out_shape == (2, 2, 2)
    assert np.array_equal(pool.forward(other)[0], y)
    assert not dx[:, :, 2].any() and not dx[:, :, :, [2, 5, 6]].any()
    assert dx.sum() == pytest.approx(y.size)


@pytest.mark.parametrize("layer", [AveragePool2d((5, 4, 2), 2), AveragePool2d((5, 4, 2), 3, 1),
                                   MaxPool2d((5, 4, 2), 2), MaxPool2d((5, 4, 2), 3, 1),
                                   Flatten((5, 4, 2))])
def test_gradients_of_pooling(layer):
    rows = check_layer(layer, rng_of(26).normal(size=(3, 2) + layer.in_shape), rng=rng_of(27))
    assert [row.parameter for row in rows] == ["x"] and not failures(rows), rows


class SharedTies(MaxPool2d):
    def backward(self, dy, cache, dstate=None, need_dx=True):
        dx, *rest = super().backward(dy, cache, dstate, need_dx)
        return 0.5 * (dx + np.roll(dx, 1, axis=3)), *rest


@pytest.mark.parametrize("size, stride", [(2, None), (3, 1)])
def test_max_pooling_of_spikes_with_frozen_choice(size, stride):
    x = (rng_of(29).random((3, 2, 5, 4, 2)) < 0.4).astype(float)
    windows_with_ties = MaxPool2d((5, 4, 2), size, stride).forward(1 - x)[0].mean()
    assert windows_with_ties > 0.5
    assert not failures(check_layer(MaxPool2d((5, 4, 2), size, stride), x, rng=rng_of(28)))
    assert failures(check_layer(SharedTies((5, 4, 2), size, stride), x, rng=rng_of(28)))


def test_choice_goes_by_the_real_part():
    pool = MaxPool2d((4, 4, 2), 2)
    x = rng_of(30).integers(0, 2, (2, 2, 4, 4, 2)).astype(float)
    choice = pool.choose(x)
    assert np.array_equal(pool.choose(x + 1e-30j * rng_of(31).normal(size=x.shape)), choice)


def test_flatten_is_row_major_with_the_channel_fastest():
    layer = Flatten((2, 3, 2))
    x = np.arange(24.0).reshape(1, 2, 2, 3, 2)
    y, cache = layer.forward(x)
    assert layer.out_shape == (12,) and np.array_equal(y[0, 1], np.arange(12.0, 24.0))
    assert y[0, 0, (1 * 3 + 2) * 2 + 1] == x[0, 0, 1, 2, 1]
    assert np.array_equal(layer.backward(y, cache)[0], x)


@pytest.mark.parametrize("layer", [AveragePool2d((4, 4, 2), 2), MaxPool2d((4, 4, 2), 2),
                                   Flatten((4, 4, 2))])
def test_layers_without_parameters_keep_the_interface(layer):
    x = np.ones((3, 2, 4, 4, 2))
    assert layer.params == {} and layer.trainable == () and layer.n_trainable == 0
    assert layer.zero_state(2) == () and layer.in_shape == (4, 4, 2)
    y, cache = layer.forward(x, ())
    assert y.shape == (3, 2) + layer.out_shape
    assert layer.backward(y, cache, (), need_dx=False) == (None, {}, ())
    with pytest.raises(ValueError, match=r"^x: expected shape \(T, B, 4, 4, 2\)"):
        layer.forward(x[0])
    with pytest.raises(ValueError, match="^x: expected finite"):
        layer.forward(x * np.nan)
    with pytest.raises(TypeError, match="^x: expected dtype"):
        layer.forward(x.astype(np.float32))
    with pytest.raises(TypeError, match="^state"):
        layer.forward(x, (x,))
    with pytest.raises(ValueError, match="^dy"):
        layer.backward(y[:1], cache)
    with pytest.raises(TypeError, match="^dstate"):
        layer.backward(y, cache, (x,))
    with pytest.raises(TypeError, match="^cache"):
        layer.backward(y, (3, 2))


@pytest.mark.parametrize("kind", [AveragePool2d, MaxPool2d])
def test_the_cache_of_another_layer_is_refused(kind):
    pool, other = kind((4, 4, 2), 2), kind((5, 5, 2), 2)  # both give (2, 2, 2)
    y, cache = other.forward(np.ones((3, 2, 5, 5, 2)))
    with pytest.raises(ValueError, match=r"^cache.x: expected shape \(T, B, 4, 4, 2\), got"):
        pool.backward(y, cache)
    alike = (MaxPool2d if kind is AveragePool2d else AveragePool2d)((4, 4, 2), 2)
    y, cache = alike.forward(np.ones((3, 2, 4, 4, 2)))
    with pytest.raises(TypeError, match=f"^cache: expected one from {kind.__name__}, got"):
        pool.backward(y, cache)


@pytest.mark.parametrize("kind", [AveragePool2d, MaxPool2d])
@pytest.mark.parametrize("name, error, arguments", [
    ("in_shape", ValueError, ((4, 4), 2)),
    ("size", ValueError, ((4, 4, 2), 5)),
    ("size", ValueError, ((4, 4, 2), 0)),
    ("size", TypeError, ((4, 4, 2), (2, 2))),
    ("stride", ValueError, ((4, 4, 2), 2, 0)),
])
def test_pooling_names_what_is_wrong(kind, name, error, arguments):
    with pytest.raises(error, match=f"^{name}: expected"):
        kind(*arguments)


def small_network(pool, h, seed=0):
    """4x3 images, two channels, to two units: convolution, pooling, and a dense unit."""
    network = Network([ConvSNU((4, 3, 2), 3, kernel=3, padding=1, rng=rng_of(seed), h=h),
                       pool((4, 3, 3), 2), Flatten((2, 1, 3)),
                       SNU(6, 2, rng=rng_of(seed + 1), h=h)])
    network.params["0.b"][:] = -0.4
    network.params["3.b"][:] = -0.5
    return network


@pytest.mark.parametrize("pool", [AveragePool2d, MaxPool2d])
@pytest.mark.parametrize("h", ["step", "sigmoid"])
def test_gradients_through_a_network(pool, h):
    network = small_network(pool, h)
    rng = rng_of(32)
    first, _, _, last = network.layers
    state = (random_state(first, 1, rng), (), (), random_state(last, 1, rng))
    rows = check_layer(network, rng.normal(size=(3, 1, 4, 3, 2)), rng=rng, state=state)
    assert not failures(rows), failures(rows)
    assert {"x", "0.W", "0.b", "0.decay", "3.W", "state.0.s"} <= {row.parameter for row in rows}


def test_a_network_notices_layers_that_do_not_fit():
    with pytest.raises(ValueError, match=r"layers\[1\]: expected inputs of shape \(4, 3, 3\)"):
        Network([ConvSNU((6, 5, 2), 3, rng=rng_of()), MaxPool2d((6, 5, 3), 2)])


def test_windows_of_more_than_256_pixels():
    """The index of the maximum is at most size^2 - 1, in an integer type that can hold it."""
    for size in (16, 17, 20):
        pool, x = MaxPool2d((size, size, 1), size), np.zeros((1, 1, size, size, 1))
        for place in ((0, 0), (size - 1, size - 2), (size - 1, size - 1)):
            x[...] = 0
            x[0, 0][place] = 1
            y, cache = pool.forward(x)
            dx, _, _ = pool.backward(np.full(y.shape, 3.0), cache)
            np.testing.assert_array_equal(dx, 3 * x)
            assert y.item() == 1
