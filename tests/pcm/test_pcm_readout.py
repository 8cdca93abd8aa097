"""Converters and the two ways to read a matrix out."""

import math

import numpy as np
import pytest

from snu_ref.pcm import ColumnNoise, ColumnReadout, DeviceReadout, PCMArray, UpdateRule
from snu_ref.pcm.readout import quantise_signed, quantise_unsigned

PLAIN = ColumnReadout(dac_bits=None, adc_bits=None)


def exact_array(W, **options):
    """An array that holds W without any noise, 20 uS per unit weight."""
    array = PCMArray(*W.shape, noise=0.0, scale=20.0, **options)
    array.program(W, 0.0)
    return array


# --------------------------------------------------------------------------- converters

@pytest.mark.parametrize("bits", [1, 3, 8])
def test_unsigned_levels_and_clipping(bits):
    a = np.linspace(-5.0, 40.0, 20001)
    q = quantise_unsigned(a, bits, 25.0)
    np.testing.assert_allclose(np.unique(q), np.linspace(0, 25, 2 ** bits), atol=1e-12)
    inside = (a >= 0) & (a <= 25)
    assert np.abs(q - a)[inside].max() <= 25 / (2 ** bits - 1) / 2 + 1e-12


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_signed_levels_and_clipping(bits):
    a = np.linspace(-3.0, 3.0, 20001)
    q = quantise_signed(a, bits, 1.5)
    np.testing.assert_allclose(np.unique(q), np.linspace(-1.5, 1.5, 2 ** bits - 1), atol=1e-12)
    assert 0.0 in q
    np.testing.assert_array_equal(quantise_signed(-a, bits, 1.5), -q)


def test_error_of_a_converter_is_its_step_over_root_twelve():
    rng = np.random.default_rng(0)
    n = 100_000
    for a, q, step in ((rng.uniform(0, 25, n), quantise_unsigned, 25 / 255),
                       (rng.uniform(-12, 12, n), quantise_signed, 24 / 254)):
        error = q(a, 8, 25.0 if q is quantise_unsigned else 12.0) - a
        # u uniform in +-1/2 has u^2 with mean 1/12 and variance 1/180: the standard error of the
        # mean of u^2 gives that of the root
        rms = math.sqrt((error ** 2).mean()) / step
        bound = 5 * math.sqrt(1 / 180 / n) / (2 * math.sqrt(1 / 12))
        assert abs(rms - math.sqrt(1 / 12)) < bound


def test_no_bits_is_no_converter():
    a = np.array([-3.3, 0.123, 99.0])
    np.testing.assert_array_equal(quantise_unsigned(a, None, 25.0), a)
    np.testing.assert_array_equal(quantise_signed(a, None, 1.0), a)


ONE = np.ones(1)


@pytest.mark.parametrize("call, name", [
    (lambda: quantise_unsigned(ONE, 0, 25.0), "bits"),
    (lambda: quantise_signed(ONE, 1, 25.0), "bits"),
    (lambda: quantise_unsigned(ONE, 8, 0.0), "full_scale"),
    (lambda: quantise_signed(ONE, 8, -1.0), "bound"),
    (lambda: DeviceReadout(bits=0), "bits"), (lambda: ColumnReadout(dac_bits=1), "dac_bits"),
    (lambda: ColumnReadout(adc_bits=1), "adc_bits"), (lambda: ColumnReadout(dac_bound=0.0), "dac_"),
    (lambda: ColumnReadout(adc_bound=-12.0), "adc_bound"),
    (lambda: ColumnReadout(output_noise=-0.1), "output_noise"),
    (lambda: ColumnReadout(tile=(0, 4)), "tile")])
def test_settings_out_of_range(call, name):
    with pytest.raises(ValueError, match=name):
        call()


@pytest.mark.parametrize("call, name", [(lambda: DeviceReadout(bits=8.0), "bits"),
                                        (lambda: ColumnReadout(tile=16), "tile"),
                                        (lambda: ColumnReadout(tile=(4, 4.0)), "tile"),
                                        (lambda: ColumnReadout(adc_bits="8"), "adc_bits")])
def test_settings_of_another_type(call, name):
    with pytest.raises(TypeError, match=name):
        call()


# --------------------------------------------------- noise off: the product is NumPy's

@pytest.mark.parametrize("readout", [DeviceReadout(bits=None), PLAIN,
                                     ColumnReadout(None, None, tile=(7, 5)),
                                     ColumnReadout(None, None, tile=(1, 1)),
                                     ColumnReadout(None, None, tile=(64, 64)),
                                     ColumnReadout(None, None, dac_bound=3.0, adc_bound=0.1)])
@pytest.mark.parametrize("x_shape", [(23,), (4, 23), (2, 3, 23), (0, 23)])
def test_product_equals_numpy(readout, x_shape):
    rng = np.random.default_rng(1)
    W, x = rng.uniform(-1, 1, (23, 11)), rng.normal(size=x_shape)
    array = exact_array(W, readout=readout)
    np.testing.assert_allclose(x @ array, x @ W, rtol=0, atol=1e-12)
    np.testing.assert_allclose(array.read_weights(0.0), W, rtol=0, atol=1e-12)


def test_product_has_the_type_of_x_and_leaves_x_alone():
    W = np.random.default_rng(2).uniform(-1, 1, (23, 11))
    for dtype in (np.float32, np.float64):
        x = np.ones((3, 23), dtype=dtype)
        assert (x @ exact_array(W)).dtype == dtype
        assert (x == 1).all()


# --------------------------------------------------------------------- mode "device"

def test_device_mode_digitises_every_device():
    # 1 uS is 10.2 steps of 25/255 uS, so code 10; 24 uS is 244.8 steps, so code 245
    array = PCMArray(1, 2, noise=0.0, scale=1.0)
    array.program(np.array([[1.0, -24.0]]), 0.0)
    np.testing.assert_allclose(array.read_weights(0.0), [[10 * 25 / 255, -245 * 25 / 255]],
                               rtol=1e-13)
    # the reading of an off device 2 sigma down is negative: the converter clips it to 0
    noise = np.zeros((2, 1, 1, 2))
    noise[1, 0, 0, 0] = -2.0
    np.testing.assert_allclose(array.read_weights(0.0, noise=noise)[0, 0], 10 * 25 / 255)
    free = PCMArray(1, 2, noise=0.0, scale=1.0, readout=DeviceReadout(bits=None))
    free.program(np.array([[1.0, -24.0]]), 0.0)
    np.testing.assert_allclose(free.read_weights(0.0, noise=noise)[0, 0], 1.0 + 0.26, rtol=1e-13)


def test_device_mode_noise_adds_in_the_difference():
    # plus 10 uS up one sigma of 0.43, minus 0 uS down one sigma of 0.13
    array = PCMArray(1, 1, noise=0.0, scale=10.0, readout=DeviceReadout(bits=None))
    array.program(np.array([[1.0]]), 0.0)
    noise = np.array([1.0, -1.0]).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(array.read_weights(0.0, noise=noise), [[1.056]], rtol=1e-13)


# --------------------------------------------------------------------- mode "column"

def test_dac_step_and_bound():
    W = np.array([[1.0]])
    array = exact_array(W, readout=ColumnReadout(adc_bits=None))
    # 8 bits, bound 1: step 1/127; 0.5 is 63.5 steps (to the even 64), 7 is clipped
    x = np.array([[0.3], [0.5], [-0.3], [7.0], [-7.0]])
    y = np.array([[38 / 127], [64 / 127], [-38 / 127], [1.0], [-1.0]])
    np.testing.assert_allclose(x @ array, y, rtol=1e-12)
    wide = exact_array(W, readout=ColumnReadout(adc_bits=None, dac_bound=8.0))
    np.testing.assert_allclose(np.array([[7.0]]) @ wide, [[111 * 8 / 127]], rtol=1e-12)


def test_adc_step_and_bound():
    # a column of 30 weights 1 at 20 uS each, every input 1: 24 full-scale devices, clipped to 12
    W = np.ones((30, 1))
    array = exact_array(W, readout=ColumnReadout(dac_bits=None))
    one = np.ones((1, 30))
    np.testing.assert_allclose(one @ array, [[12 * 25 / 20]], rtol=1e-12)
    np.testing.assert_allclose(-one @ array, [[-12 * 25 / 20]], rtol=1e-12)
    # input 0.1: 2.4 full-scale devices; a step is 12/127, so 25.4 steps, and the code is 25
    np.testing.assert_allclose(0.1 * one @ array, [[25 * 12 / 127 * 25 / 20]], rtol=1e-12)
    # in tiles of ten rows each partial sum of 8 passes, and the sum of 24 comes out
    tiled = exact_array(W, readout=ColumnReadout(dac_bits=None, tile=(10, 1)))
    code = round(8 / (12 / 127))
    np.testing.assert_allclose(one @ tiled, [[3 * code * 12 / 127 * 25 / 20]], rtol=1e-12)


def test_converters_of_the_column_err_by_step_over_root_twelve():
    rng = np.random.default_rng(3)
    W, x = rng.uniform(-1, 1, (40, 50)), rng.uniform(-1, 1, (2000, 40))
    array = exact_array(W, readout=ColumnReadout(dac_bits=None))
    error = x @ array - x @ W
    step = 24 / 254 * 25 / 20
    # the currents spread over some twenty steps of the converter, so its error is nearly uniform
    n = error.size
    bound = 5 * math.sqrt(1 / 180 / n) / (2 * math.sqrt(1 / 12))
    assert abs(math.sqrt((error ** 2).mean()) / step - math.sqrt(1 / 12)) < bound


def test_output_noise_is_in_units_of_the_column_bound():
    W, x = np.ones((6, 3)), np.ones((2, 6))
    array = exact_array(W, readout=ColumnReadout(None, None, output_noise=0.01, tile=(3, 3)))
    N = np.random.default_rng(4).standard_normal((2, 2, 3))  # (row tiles, batch, n_out)
    y = array.product(x, 0.0, noise=ColumnNoise(devices=0.0, output=N))
    np.testing.assert_allclose(y, x @ W + 0.01 * 12 * 25 / 20 * N.sum(axis=0), rtol=1e-12)
    one = array.product(x[0], 0.0, noise=ColumnNoise(0.0, N[:, 0]))
    np.testing.assert_allclose(one, y[0], rtol=1e-12)


def test_column_mode_reads_the_devices_with_noise():
    W = np.array([[1.0], [-0.5]])
    array = exact_array(W, readout=PLAIN)
    N = np.array([1.0, 0.0, 0.0, -2.0]).reshape(2, 1, 2, 1)  # plus of row 0, minus of row 1
    y = array.product(np.eye(2), 0.0, noise=ColumnNoise(N, 0.0))
    np.testing.assert_allclose(y, [[(20 + 0.73) / 20], [-(10 - 2 * 0.43) / 20]], rtol=1e-12)


def test_number_of_tiles():
    readout = ColumnReadout(tile=(64, 32))
    assert readout.row_tiles(88) == [slice(0, 64), slice(64, 128)]
    assert readout.row_tiles(64) == [slice(0, 64)]
    assert ColumnReadout().row_tiles(88) == [slice(0, 88)]


@pytest.mark.parametrize("make", [DeviceReadout, ColumnReadout, UpdateRule])
def test_settings_that_arrays_share_cannot_be_changed(make):
    settings = make()
    for name in vars(settings):
        with pytest.raises(AttributeError):
            setattr(settings, name, 1)
    assert settings == make()


def test_small_integers_are_kept_as_ints():
    """2**8 - 1 is 255, but -1 in int8 arithmetic."""
    G, x = np.random.default_rng(0).uniform(0, 25, (2, 1, 3, 2)), np.ones((1, 3))
    for kind in (np.int8, np.uint8, np.int64):
        assert (
            DeviceReadout(kind(8)) == DeviceReadout(8) and type(DeviceReadout(kind(8)).bits) is int
        )
        assert np.array_equal(DeviceReadout(kind(8)).weights(G), DeviceReadout(8).weights(G))
        column = ColumnReadout(kind(8), kind(8), tile=(kind(2), kind(2)))
        assert column == ColumnReadout(tile=(2, 2)) and type(column.tile[0]) is int
        assert np.array_equal(
            column.product(x, G, 0.0), ColumnReadout(tile=(2, 2)).product(x, G, 0.0)
        )
        assert np.array_equal(quantise_unsigned(G, kind(8), 25), quantise_unsigned(G, 8, 25))
        assert np.array_equal(quantise_signed(G, kind(8), 25), quantise_signed(G, 8, 25))
        assert type(UpdateRule(refresh_every=kind(100)).refresh_every) is int
    assert type(UpdateRule(epsilon=np.float32(0.5)).epsilon) is float
