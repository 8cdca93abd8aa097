"""The convolutional SNU: limits in which it is a dense SNU, symmetry, its gradients, bad input."""
import itertools

import numpy as np
import pytest
from helpers.image_layers import ROUNDING, difference, random_state, rng_of

from snu_ref.layers import conv
from snu_ref.layers.conv import ConvSNU
from snu_ref.gradcheck import check_layer
from snu_ref.snu import SNU, SNUState


def conv_unit(in_shape=(4, 5, 2), n_units=3, seed=2, **options):
    """A ConvSNU whose units neither stay silent nor always fire."""
    rng = rng_of(seed)
    decay = rng.uniform(0.5, 0.9, n_units)
    unit = ConvSNU(in_shape, n_units, rng=rng, decay=decay, **options)
    unit.params["b"][:] = rng.uniform(-0.6, -0.2, n_units)
    return unit


def failures(rows):
    return [row for row in rows if row.failed]


VARIANTS = [dict(h=h, reset_grad=reset_grad, g=g) for (h, g), reset_grad in itertools.product(
    (("step", "relu"), ("sigmoid", "relu"), ("step", "tanh")), ("through", "detached"))]


def both_passes(layer, x, state, dy, dend):
    y, cache = layer.forward(x, state)
    dx, grads, dstart = layer.backward(dy, cache, dend)
    return y, cache.state, dx, grads, dstart


@pytest.mark.parametrize("options", VARIANTS)
def test_kernel_of_one_pixel_is_a_dense_snu_at_every_place(options):
    unit = conv_unit(kernel=1, **options)
    dense = SNU(2, 3, rng=rng_of(), **options)
    for name, a in {**unit.params, "W": unit.params["W"][0, 0]}.items():
        dense.params[name][...] = a
    T, B, (height, width, _) = 6, 2, unit.in_shape
    rng = rng_of(7)
    x, dy = rng.normal(size=(T, B, height, width, 2)), rng.normal(size=(T, B, height, width, 3))
    state, dend = random_state(unit, B, rng), random_state(unit, B, rng)
    y, end, dx, grads, dstart = both_passes(unit, x, state, dy, dend)
    assert 0.1 < y.mean() < 0.9

    def places_as_samples(a, lead):
        return a.reshape(lead + (B * height * width, a.shape[-1]))

    def state_by_samples(state):
        return SNUState(*(places_as_samples(a, ()) for a in state))

    flat = both_passes(dense, places_as_samples(x, (T,)), state_by_samples(state),
                       places_as_samples(dy, (T,)), state_by_samples(dend))
    assert difference(places_as_samples(y, (T,)), flat[0]) < ROUNDING
    assert difference(places_as_samples(dx, (T,)), flat[2]) < ROUNDING
    for a, b in zip(end, flat[1]):
        assert difference(places_as_samples(a, ()), b) < ROUNDING
    assert difference(grads["W"][0, 0], flat[3]["W"]) < ROUNDING
    assert difference(grads["b"], flat[3]["b"]) < ROUNDING
    assert difference(grads["decay"], flat[3]["decay"]) < ROUNDING
    assert difference(places_as_samples(dstart.s, ()), flat[4].s) < ROUNDING
    if options["reset_grad"] == "through":
        assert difference(places_as_samples(dstart.y, ()), flat[4].y) < ROUNDING
    else:
        assert not dstart.y.any() and not flat[4].y.any()


@pytest.mark.parametrize("h", ["step", "sigmoid"])
def test_kernel_of_the_whole_image_is_a_dense_snu(h):
    unit = conv_unit(kernel=(4, 5), h=h)
    assert unit.out_shape == (1, 1, 3)
    dense = SNU(4 * 5 * 2, 3, rng=rng_of(), h=h)
    for name, a in {**unit.params, "W": unit.params["W"].reshape(-1, 3)}.items():
        dense.params[name][...] = a
    T, B = 6, 2
    rng = rng_of(8)
    x, dy = rng.normal(size=(T, B) + unit.in_shape), rng.normal(size=(T, B, 1, 1, 3))
    y, _, dx, grads, _ = both_passes(unit, x, None, dy, None)
    flat_y, _, flat_dx, flat_grads, _ = both_passes(dense, x.reshape(T, B, -1), None,
                                                    dy.reshape(T, B, 3), None)
    assert difference(y.reshape(T, B, 3), flat_y) < ROUNDING
    assert difference(dx.reshape(T, B, -1), flat_dx) < ROUNDING
    for name in grads:
        assert difference(grads[name].reshape(flat_grads[name].shape), flat_grads[name]) < ROUNDING


@pytest.mark.parametrize("stride", [1, 2])
def test_a_shifted_film_gives_shifted_spikes(stride):
    unit = conv_unit((12, 12, 2), kernel=3, stride=stride, padding=1)
    unit.params["b"][:] = -0.5
    film = np.zeros((8, 2, 12, 12, 2))
    film[:, :, 4:7, 3:6] = 2 * rng_of(9).normal(size=(8, 2, 3, 3, 2))  # far from all sides
    shifted = np.roll(film, (2 * stride, stride), axis=(2, 3))
    y, cache = unit.forward(film)
    y_shifted, cache_shifted = unit.forward(shifted)
    assert y.sum() > 50
    assert np.array_equal(y_shifted, np.roll(y, (2, 1), axis=(2, 3)))
    dy = y_shifted * 0 + rng_of(10).normal(size=3)  # the same at every place
    dx, grads, _ = unit.backward(dy, cache)
    dx_shifted, grads_shifted, _ = unit.backward(dy, cache_shifted)
    assert difference(grads_shifted["W"], grads["W"]) < ROUNDING
    inside = np.s_[:, :, 2 + 2 * stride:10, 2 + stride:10]
    assert difference(dx_shifted[inside],
                      np.roll(dx, (2 * stride, stride), axis=(2, 3))[inside]) < ROUNDING


def test_steps_are_the_forward_pass():
    unit = conv_unit(stride=2, padding=1)
    x = rng_of(11).normal(size=(6, 2) + unit.in_shape)
    y, cache = unit.forward(x)
    state = unit.zero_state(2)
    assert state.s.shape == (2,) + unit.out_shape
    for t in range(len(x)):
        y_t, state = unit.step(x[t], state)
        assert np.array_equal(y_t, y[t]) and difference(state.s, cache.s[t]) < ROUNDING
    assert 0.1 < y.mean() < 0.9


def test_pieces_of_a_sequence_chain():
    unit = conv_unit(h="sigmoid", padding=1)
    rng = rng_of(12)
    x = rng.normal(size=(7, 2) + unit.in_shape)
    dy, dend = rng.normal(size=(7, 2) + unit.out_shape), random_state(unit, 2, rng)
    y, end, dx, grads, dstart = both_passes(unit, x, None, dy, dend)
    y1, cache1 = unit.forward(x[:3])
    y2, cache2 = unit.forward(x[3:], cache1.state)
    dx2, grads2, dmiddle = unit.backward(dy[3:], cache2, dend)
    dx1, grads1, dfirst = unit.backward(dy[:3], cache1, dmiddle)
    assert difference(np.concatenate([y1, y2]), y) < ROUNDING
    assert difference(np.concatenate([dx1, dx2]), dx) < ROUNDING
    assert difference(dfirst.s, dstart.s) < ROUNDING
    for name in grads:
        assert difference(grads1[name] + grads2[name], grads[name]) < ROUNDING


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("geometry", [dict(kernel=2, stride=2, padding=1), dict(kernel=(3, 2))])
def test_gradients_of_the_unit(options, geometry):
    unit = conv_unit((4, 3, 2), 2, **options, **geometry)
    rng = rng_of(13)
    x = rng.normal(size=(3, 2) + unit.in_shape)
    rows = check_layer(unit, x, rng=rng, state=random_state(unit, 2, rng),
                       zero=("state.y",) if options["reset_grad"] == "detached" else ())
    assert {row.parameter for row in rows} == {"W", "b", "decay", "x", "state.s", "state.y"}
    assert not failures(rows), failures(rows)


class FlippedKernel(ConvSNU):
    def _project_backward(self, dz, x, need_dx):
        dx, dW = super()._project_backward(dz, x, need_dx)
        return dx, dW[::-1, ::-1]


class ShiftedInput(ConvSNU):
    def _project_backward(self, dz, x, need_dx):
        dx, dW = super()._project_backward(dz, x, need_dx)
        return np.roll(dx, 1, axis=3), dW


class OnePlaceOnly(ConvSNU):
    def backward(self, dy, cache, dstate=None, need_dx=True):
        dx, grads, dstart = super().backward(dy, cache, dstate, need_dx)
        elsewhere = np.arange(dy.shape[2])[:, None, None] > 0
        _, missed, _ = super().backward(np.where(elsewhere, dy, 0), cache, dstate)
        return dx, {**grads, "b": grads["b"] - missed["b"]}, dstart


class HalfTheDecay(ConvSNU):
    def backward(self, dy, cache, dstate=None, need_dx=True):
        dx, grads, dstart = super().backward(dy, cache, dstate, need_dx)
        return dx, {**grads, "decay": grads["decay"] / 2}, dstart


@pytest.mark.parametrize("kind, wrong", [
    (FlippedKernel, "W"), (ShiftedInput, "x"), (OnePlaceOnly, "b"), (HalfTheDecay, "decay")])
def test_wrong_gradients_are_noticed(kind, wrong):
    unit = kind((4, 3, 2), 2, kernel=2, rng=rng_of(2), h="sigmoid")
    x = rng_of(14).normal(size=(4, 2) + unit.in_shape)
    rows = check_layer(unit, x, rng=rng_of(15), state=random_state(unit, 2, rng_of(16)))
    assert [row.parameter for row in failures(rows)] == [wrong]
    assert "complex" in failures(rows)[0].verdict


def test_start_values_and_counts():
    unit = ConvSNU((28, 28, 4), 32, kernel=(5, 3), rng=rng_of(), train_decay=True)
    W = unit.params["W"]
    limit = np.sqrt(6 / (5 * 3 * 4 + 5 * 3 * 32))
    assert W.shape == (5, 3, 4, 32) and 0.98 * limit < np.abs(W).max() <= limit
    assert (unit.params["b"] == -1).all() and (unit.params["decay"] == 0.8).all()
    assert unit.in_shape == (28, 28, 4) and unit.out_shape == (24, 26, 32)
    assert unit.n_trainable == 5 * 3 * 4 * 32 + 32 + 32
    assert ConvSNU((28, 28, 4), 32, rng=rng_of()).trainable == ("W", "b")


def test_parts_do_not_show(monkeypatch):
    unit = conv_unit(padding=1, stride=2)
    rng = rng_of(6)
    x, state = rng.normal(size=(4, 5) + unit.in_shape), random_state(unit, 5, rng)
    dy, dend = rng.normal(size=(4, 5) + unit.out_shape), random_state(unit, 5, rng)

    def run():
        y, cache = unit.forward(x, state)
        dx, grads, dstart = unit.backward(dy, cache, dend)
        return [y, dx, *grads.values(), *dstart]

    one_part = run()
    patches = 2 * 3 * 3 * 3 * 2  # numbers in the patches of one image
    for numbers in (1, 2 * patches, 3 * patches + 1):
        monkeypatch.setattr(conv, "PART_NUMBERS", numbers)
        for a, b in zip(run(), one_part):
            assert difference(a, b) < ROUNDING


@pytest.mark.parametrize("name, error, change", [
    ("in_shape", TypeError, dict(in_shape=25)),
    ("in_shape", ValueError, dict(in_shape=(5, 5))),
    (r"in_shape\[2\]", ValueError, dict(in_shape=(5, 5, 0))),
    ("n_units", ValueError, dict(n_units=0)),
    ("kernel", ValueError, dict(kernel=6)),
    ("kernel", ValueError, dict(kernel=(3, 3, 3))),
    ("kernel", ValueError, dict(kernel=0)),
    ("kernel", TypeError, dict(kernel=3.0)),
    ("stride", ValueError, dict(stride=0)),
    ("padding", ValueError, dict(padding=-1)),
    ("rng", TypeError, dict(rng=0)),
    ("decay", ValueError, dict(decay=np.full((3, 2), 0.5))),
    ("decay", ValueError, dict(decay=1.5)),
    ("h", ValueError, dict(h="relu")),
    ("dtype", TypeError, dict(dtype=np.float16)),
])
def test_unit_names_what_is_wrong(name, error, change):
    good = dict(in_shape=(5, 5, 2), n_units=3, rng=rng_of())
    ConvSNU(**good)
    with pytest.raises(error, match=f"^{name}: expected"):
        ConvSNU(**{**good, **change})


def test_unit_refuses_arrays_that_do_not_fit():
    unit = conv_unit()
    x = np.ones((3, 2) + unit.in_shape)
    y, cache = unit.forward(x)
    with pytest.raises(ValueError, match=r"^x: expected shape \(T, B, 4, 5, 2\), got \(3, 2, 5, "):
        unit.forward(x.swapaxes(2, 3))
    with pytest.raises(ValueError, match="^x_t"):
        unit.step(x, unit.zero_state(2))
    with pytest.raises(ValueError, match="^state.s"):
        unit.forward(x, unit.zero_state(3))
    with pytest.raises(ValueError, match="^dy"):
        unit.backward(y[:, :1], cache)
    with pytest.raises(ValueError, match="^dstate.s"):
        unit.backward(y, cache, unit.zero_state(1))
    with pytest.raises(TypeError, match="^cache"):
        unit.backward(y, None)
    with pytest.raises(ValueError, match='^params\\["W"\\]'):
        unit.tie("W", unit.params["W"][:2])
