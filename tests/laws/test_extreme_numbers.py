"""Finite numbers, tiny or huge: no NaN, and no warning until a result itself is out of range."""
import numpy as np
import pytest
from helpers.any_calls import LAYERS, layer_arrays, run_layer

from snu_ref import (SGD, Adam, bernoulli_nll, clip_by_norm, pcm, rate_code, softmax_cross_entropy)
from snu_ref.data.baselines import independent_notes_nll


def sizes(dtype):
    """From 0 through the denormals to a thousandth of the largest number."""
    info = np.finfo(dtype)
    return [
        0.0,
        3 * info.smallest_subnormal,
        info.tiny,
        1e4,
        float(info.max) ** 0.49,
        float(info.max) * 1e-3,
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_input_gives_finite_output(dtype):
    """Saturated and silent units, signed zeros and denormals: no NaN and no warning, in either
    pass."""
    for name, make in LAYERS.items():
        for size in sizes(dtype):
            arrays = layer_arrays(make, np.random.default_rng(5), dtype)
            if name in ("Embedding", "Network of words"):
                arrays["dy"] *= dtype(min(size, 1e4))
            else:
                signs = np.random.default_rng(0).choice([-1.0, -0.0, 1.0], arrays["x"].shape)
                arrays["x"] = (signs * size).astype(dtype)
            if size <= 1e4:
                arrays |= {
                    key: (a * dtype(size)) for key, a in arrays.items() if key.startswith("state")
                }
            for key, a in run_layer(make, arrays, dtype).items():
                assert np.isfinite(a).all(), (name, size, key)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_of_confident_answers(dtype):
    """Logits of any size: the loss of a right answer is 0, that of a wrong one the logit;
    gradients p - k."""
    k = np.array([[[1.0, 0.0, 1.0]]], dtype)
    for size in sizes(dtype):
        y = dtype(size) * (2 * k - 1)
        for sign, wrong in ((1, 0), (-1, 1)):
            value, dy = bernoulli_nll(sign * y, k)
            assert np.isfinite(dy).all()
            if size > 1e3:
                assert (
                    value == pytest.approx(3.0 * size * wrong, rel=1e-6)
                    and (dy == wrong * (1 - 2 * k)).all()
                )
            elif size < 1:
                assert value == pytest.approx(3 * np.log(2)) and np.allclose(dy, 0.5 - k)
        for right in (0, 1):
            value, dy = softmax_cross_entropy(
                dtype(size) * np.array([[[1, -1, -1]]], dtype), np.array([[right]])
            )
            assert np.isfinite(dy).all() and abs(dy.sum()) < 1e-6
            if size > 1e3:
                assert value == pytest.approx(2.0 * size * right, rel=1e-6)
                assert (dy == np.array([1, 0, 0]) - (np.arange(3) == right)).all()
            elif size < 1:
                assert value == pytest.approx(np.log(3))


@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.9), lambda: Adam(0.1)])
def test_optimisers_take_gradients_of_any_size(make):
    for dtype in (np.float32, np.float64):
        for size in sizes(dtype)[:-1]:
            p, g = {"W": np.ones(3, dtype)}, np.array([size, -size, 0], dtype)
            optimiser = make()
            for _ in range(3):
                optimiser.step(p, {"W": g})
            moved = p["W"].astype(np.float64) - 1
            assert np.isfinite(moved).all() and moved[2] == 0 and moved[0] <= 0 <= moved[1]
            if isinstance(optimiser, Adam) and size >= 1e4:
                assert np.allclose(moved[:2], [-0.3, 0.3], rtol=1e-5)


def test_clipping_of_gradients_of_any_size():
    """The norm is right and the direction kept, also where squares overflow or vanish."""
    for dtype in (np.float32, np.float64):
        for size in sizes(dtype)[1:] + [float(np.finfo(dtype).max) / 4]:
            g = {"a": np.array([3 * size], dtype) / 5, "b": np.array([[-4 * size]], dtype) / 5}
            clipped, norm = clip_by_norm(g, 1.0)
            want = float(
                np.hypot(g["a"][0].astype(np.longdouble), g["b"][0, 0].astype(np.longdouble))
            )
            assert norm == pytest.approx(want, rel=1e-6)
            assert clipped["a"][0] == pytest.approx(min(1, 1 / want) * float(g["a"][0]), rel=1e-5)
            assert clipped["b"][0, 0] == pytest.approx(
                min(1, 1 / want) * float(g["b"][0, 0]), rel=1e-5
            )


def test_rate_code_of_the_smallest_and_the_largest_value():
    values = np.array([[0.0, -0.0, 5e-324, 1e-300, 1.0]])
    x = rate_code(values, 50, 50, rng=np.random.default_rng(0))
    assert not x[..., :4].any() and x[..., 4].all()
    for shape in ((0, 3), (3, 0)):
        assert rate_code(np.zeros(shape), 4, 2, rng=np.random.default_rng(0)).shape == (4, *shape)


def test_arrays_of_devices_at_the_ends_of_their_ranges():
    for shape in ((4,), (0, 4), (2, 0, 4), (2, 3, 4)):
        for readout in (pcm.DeviceReadout(), pcm.ColumnReadout(output_noise=0.1)):
            array = pcm.PCMArray(4, 3, noise=np.random.default_rng(0), readout=readout)
            assert (np.ones(shape) @ array).shape == shape[:-1] + (3,)
    for t in (5e-324, 1e-300, 1e300):
        for read_noise in ("white", "1/f"):
            array = pcm.PCMArray(4, 3, noise=np.random.default_rng(0), read_noise=read_noise)
            array.program(np.full((4, 3), 5e-324), t)
            assert (
                np.isfinite(array.read_weights(2 * t)).all()
                and np.isfinite(array.conductance(2 * t)).all()
            )
    for bits in (1, 2, 8, 52):
        assert np.isfinite(pcm.DeviceReadout(bits).weights(np.full((2, 1, 4, 3), 1e-300))).all()


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: pcm.PCMArray(4, 3, noise=0.0, scale=5e-324),
            ValueError,
            "scale: expected .*1e-100",
        ),
        (
            lambda: pcm.PCMArray(4, 3, noise=0.0, scale=1e308),
            ValueError,
            "scale: expected .*1e\\+100",
        ),
        (lambda: pcm.full_scale(np.full((2, 2), 5e-324)), ValueError, "max.W.: expected"),
        (lambda: pcm.UpdateRule(epsilon=5e-324), ValueError, "epsilon: expected"),
        (lambda: pcm.DeviceReadout(53), ValueError, "^bits: expected an int in .1, 52., got 53"),
        (lambda: pcm.DeviceReadout(0), ValueError, "^bits: expected an int in .1, 52., got 0"),
        (
            lambda: pcm.ColumnReadout(dac_bits=2000),
            ValueError,
            "dac_bits: expected an int in .2, 52., got 2000",
        ),
        (
            lambda: pcm.ColumnReadout(adc_bits=1),
            ValueError,
            "adc_bits: expected an int in .2, 52., got 1",
        ),
        (
            lambda: pcm.draw_stuck((-1,), 0.1, 0.1, rng=np.random.default_rng(0)),
            ValueError,
            "shape.0.: expected a positive int, got -1",
        ),
        (
            lambda: pcm.draw_stuck(3, 0.1, 0.1, rng=np.random.default_rng(0)),
            TypeError,
            "shape: expected a tuple",
        ),
        (
            lambda: pcm.PCMDevices(3, t=0.0, noise=0.0),
            TypeError,
            "shape: expected a tuple of positive ints, got 3",
        ),
        (
            lambda: pcm.PCMDevices((3.0,), t=0.0, noise=0.0),
            TypeError,
            "shape.0.: expected a positive int, got 3.0",
        ),
        (
            lambda: independent_notes_nll([np.ones((3, 2), complex)], [np.ones((3, 2))]),
            TypeError,
            r"train_rolls\[0\]: expected an array of numbers 0 and 1, got complex128",
        ),
    ],
)
def test_what_no_device_can_be_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
