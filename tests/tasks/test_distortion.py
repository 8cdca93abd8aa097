"""Elastic distortion: exact for simple fields, invertible if one-to-one, smooth and random."""

import numpy as np
import pytest

from snu_ref import Dropout
from snu_ref.tasks.digits import Digits
from snu_ref.tasks.distortion import displacement, elastic, shifted, warp
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.settings import settings_of

rng = np.random.default_rng(0)
SIDE = 9
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(float)
IMAGES = rng.random((3, SIDE, SIDE))


def everywhere(field):
    return np.broadcast_to(field, IMAGES.shape)


def test_no_field_no_change():
    assert np.array_equal(warp(IMAGES, everywhere(0), everywhere(0)), IMAGES)
    flat = IMAGES.reshape(3, -1)
    assert np.array_equal(elastic(flat, 0, 4, np.random.default_rng(0)), flat)


def test_a_field_of_whole_pixels_is_a_shift():
    moved = warp(IMAGES, everywhere(2), everywhere(-1))
    assert np.array_equal(moved[:, :-2, 1:], IMAGES[:, 2:, :-1])
    assert not moved[:, -2:].any() and not moved[:, :, :1].any()          # from outside: 0
    for far in (SIDE, -SIDE, 1e6, -1e6):
        assert not warp(IMAGES, everywhere(far), everywhere(0)).any()


def test_a_quarter_turn_is_exact_and_four_of_them_are_none():
    """out[r, c] = image[c, last - r], a one-to-one field: it loses nothing and its inverse undoes
    it."""
    down, across = everywhere(COLUMNS - ROWS), everywhere(SIDE - 1 - ROWS - COLUMNS)
    turned = warp(IMAGES, down, across)
    assert np.array_equal(turned, np.transpose(IMAGES, (0, 2, 1))[:, ::-1])
    back = warp(turned, everywhere(SIDE - 1 - COLUMNS - ROWS), everywhere(ROWS - COLUMNS))
    assert np.array_equal(back, IMAGES)
    for _ in range(3):
        turned = warp(turned, down, across)
    assert np.array_equal(turned, IMAGES)


def test_between_pixels_a_plane_stays_a_plane():
    """Bilinear interpolation is exact for 1 + 2 r - 3 c + r c, wherever it is read inside the
    image."""

    def plane(r, c):
        return 1 + 2 * r - 3 * c + r * c
    down, across = rng.uniform(0, SIDE - 1, (2, 3, SIDE, SIDE)) - np.array([ROWS, COLUMNS])[:, None]
    out = warp(everywhere(plane(ROWS, COLUMNS)), down, across)
    np.testing.assert_allclose(out, plane(ROWS + down, COLUMNS + across), rtol=1e-12, atol=1e-12)


def test_a_smooth_field_and_its_inverse_leave_a_smooth_image():
    side = 28
    r, c = np.mgrid[:side, :side].astype(float)
    image = np.exp(-((r - 13) ** 2 + (c - 14) ** 2) / 120)[None]
    down, across = displacement((2, 1, side, side), 34, 4, np.random.default_rng(1))
    # the inverse field by iteration: e(p) = -d(p + e(p))
    e = np.zeros((2, 1, side, side))
    for _ in range(60):
        e = -np.array([warp(field, *e) for field in (down, across)])
    there_and_back = warp(warp(image, down, across), *e)
    inside = np.s_[:, 6:-6, 6:-6]
    assert np.abs(down).max() > 1 and np.abs(warp(image, down, across) - image)[inside].max() > 0.08
    # bilinear interpolation is off by at most (f_rr + f_cc)/8: 0.004 for each warp of the image,
    # and 0.05 pixels, at a slope of 0.08, for the inverse field
    assert np.abs(there_and_back - image)[inside].max() < 0.013


def test_fields_have_the_deviation_and_the_smoothness_of_their_gaussian():
    """White noise of variance 1/3 under a Gaussian: variance 1/(4 pi sigma^2) of it, and
    correlation
    exp(-d^2/(4 sigma^2)) at distance d."""
    alpha, sigma, side = 10.0, 2.0, 40
    field = displacement((400, side, side), alpha, sigma, np.random.default_rng(2))[
        :, 10:-10, 10:-10]
    assert field.std() == pytest.approx(alpha * np.sqrt(1 / 3 / (4 * np.pi * sigma ** 2)), rel=0.03)
    for d in (1, 3):
        correlation = (field[..., d:] * field[..., :-d]).mean() / (field ** 2).mean()
        assert correlation == pytest.approx(np.exp(-d ** 2 / (4 * sigma ** 2)), abs=0.03)


def test_each_image_has_a_field_of_its_own_that_depends_on_the_seed_alone():
    images = np.repeat(rng.random((1, 64)).astype(np.float32), 3, axis=0)
    a, b, other = (elastic(images, 8, 2, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(a, b) and not np.array_equal(a, other) and not np.array_equal(a[0], a[1])
    assert a.dtype == np.float32 and a.min() >= 0 and a.max() <= images.max()   # means of pixels
    assert not np.array_equal(shifted(images, 2, np.random.default_rng(0)), images)


@pytest.mark.parametrize("unit", ["ssnu", "snu-conv"])
def test_dropout_stands_behind_the_hidden_layers_in_training_only(unit):
    values, labels = np.full((20, 64), 0.5, np.float32), np.arange(20) % 10
    task = Digits(unit, dict.fromkeys(("train", "valid", "test"), (values, labels)))
    table = find_preset("digits", unit, "small")
    plain, dropped = (
        settings_of(table, hidden=(6, 5), hidden_dropout=rate) for rate in (None, 0.5))
    a, b = (task.network(settings, np.random.default_rng(0)) for settings in (plain, dropped))
    kinds = [type(layer).__name__ for layer in b.layers]
    assert [i for i, kind in enumerate(kinds) if kind == "Dropout"] == (
        [1, 3] if unit == "ssnu" else [5])
    assert [type(layer) for layer in a.layers] == [
        type(layer) for layer in b.layers if type(layer) is not Dropout]
    x = task.code(values, plain, np.random.default_rng(1))
    assert not np.array_equal(a.forward(x)[0], b.forward(x)[0])
    for settings, network in ((plain, a), (dropped, b)):
        means, _ = task.outputs(network, values, settings, np.random.default_rng(2))
        assert np.array_equal(means, task.outputs(a, values, plain, np.random.default_rng(2))[0])
