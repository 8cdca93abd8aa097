"""Any input: whatever the memory layout, dtype and shape, the right answer or a named error.

One table of calls, each with its arrays (helpers/any_calls.py), and for each the same laws:
    the layout of an array in memory changes nothing but rounding, and no input is written to
    float32 and longdouble give the float64 numbers to their own rounding, in their own dtype
    a batch is its samples one by one, also where it is empty or has no steps
Warnings are errors in all tests (setup.cfg).
"""
import numpy as np
import pytest
from helpers.any_calls import (CALLS, EPS, LAYERS, LAYOUTS, assert_near, functions, layer_arrays,
                               run_layer)

from snu_ref.layers.conv import conv2d, conv2d_backward


# ---- layouts ------------------------------------------------------------------------------------

@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CALLS)
def test_the_layout_in_memory_changes_nothing_and_inputs_stay_as_they_are(name, layout):
    call, arrays = CALLS[name]
    laid = {key: LAYOUTS[layout](a) for key, a in arrays.items()}
    for key, a in laid.items():
        np.testing.assert_array_equal(a, arrays[key])
    buffers = {key: (a if a.base is None else a.base) for key, a in laid.items()}
    before = {key: a.tobytes() for key, a in buffers.items()}
    assert_near(call(laid), call({key: a.copy() for key, a in arrays.items()}), 1e-12)
    for key, a in buffers.items():
        assert a.tobytes() == before[key], f"{key} was changed"


@pytest.mark.parametrize("name", CALLS)
def test_a_broadcast_view_is_the_array_it_stands_for(name):
    call, arrays = CALLS[name]
    same = {
        key: np.broadcast_to(a[:1], a.shape)
        if a.ndim > 1 and key not in ("mask", "where", "pulses")
        else a
        for key, a in arrays.items()
    }
    assert_near(call(same), call({key: np.array(a) for key, a in same.items()}), 1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_done_to_an_output_does_not_reach_the_gradient(name):
    """Either the output refuses to be changed, or changing it changes nothing."""
    make, arrays = LAYERS[name], layer_arrays(LAYERS[name], np.random.default_rng(5))
    layer, x = make(np.random.default_rng(1), np.float64), arrays["x"]
    y, cache = layer.forward(x)
    _, want, _ = layer.backward(arrays["dy"], cache)
    kept_x, kept_y = x.copy(), y.copy()
    units = ("SNU", "ConvSNU", "RNN", "GRU", "LSTM", "Flatten")
    assert y.flags.writeable == (name.split()[0] not in units)
    if y.flags.writeable:
        y[...] = 7
    else:
        with pytest.raises(ValueError, match="read-only"):
            y[...] = 7
        np.testing.assert_array_equal(y, kept_y)
    np.testing.assert_array_equal(x, kept_x)
    _, grads, _ = layer.backward(arrays["dy"], cache)
    for key in want:
        np.testing.assert_array_equal(grads[key], want[key])


# ---- dtypes -------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.longdouble])
def test_other_dtypes_give_the_float64_numbers_in_their_own_dtype(dtype):
    for name, make in LAYERS.items():
        want = run_layer(make, layer_arrays(make, np.random.default_rng(5)))
        have = run_layer(make, layer_arrays(make, np.random.default_rng(5), dtype), dtype)
        assert all(a.dtype == dtype for a in have.values()), name
        assert_near(have, want, EPS[dtype])
    want, have = functions(), functions(dtype)
    for name, (call, arrays) in have.items():
        result = call(arrays)
        assert_near(result, want[name][0](want[name][1]), EPS[dtype])
        if name in (
            "bernoulli_nll",
            "SGD",
            "Adam",
            "clip_by_norm",
            "rate_code",
            "conv2d",
            "PCMArray product",
        ):
            assert all(a.dtype == dtype for a in result.values() if isinstance(a, np.ndarray)), name


# the name of an array in messages, where it is another than here
NAMED = {
    "p": "params",
    "q": "params",
    "g": "grads",
    "h": "grads",
    "a": "grads|rolls",
    "b": "grads|rolls|b",
    "N": "noise",
}


@pytest.mark.parametrize("name", CALLS)
def test_numbers_of_another_kind_are_refused_by_name(name):
    """Complex numbers, text, objects, lists and NaN are neither converted nor passed on."""
    call, arrays = CALLS[name]
    for key, a in arrays.items():
        called = NAMED.get(key, key.split()[0].split(".")[-1])
        caller_keeps = ("p", "q")  # not tested for NaN: the parameters of an optimiser,
        if name.startswith("conv2d"):
            called += "|x"  # x and W must have one dtype; the message may name either
            caller_keeps = ("W", "dz")  # and what ConvSNU has tested before
        wrong = [a.astype(complex), a.astype(str), a.astype(object)]
        if not (
            name.startswith("PCMArray") and key == "x"
        ):  # list @ array: Python itself raises the error
            wrong.append(a.tolist())
        if a.dtype.kind == "f" and key not in caller_keeps:
            wrong.append(np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, np.nan, a))
        for odd in wrong:
            with pytest.raises((TypeError, ValueError), match=rf"({called}).*(expected|must)"):
                call({**arrays, key: odd})


def test_a_convolution_passes_a_nan_of_its_kernel_on_to_all_it_touches():
    """ConvSNU raises an error for it; conv2d tests only the images."""
    x, W = np.ones((5, 4, 1)), np.ones((2, 2, 1, 2))
    W[0, 0, 0, 1] = np.nan
    z = conv2d(x, W)
    assert (z[..., 0] == 4).all() and np.isnan(z[..., 1]).all()
    dx, dW = conv2d_backward(np.full(z.shape, np.nan), x, np.ones_like(W))
    assert np.isnan(dx).all() and np.isnan(dW).all()


# ---- shapes -------------------------------------------------------------------------------------

def one_sample(arrays, b):
    """The arrays of one sample of the batch."""
    return {key: a[:, b:b + 1] if key in ("x", "dy") else a[b:b + 1] if "state" in key else a
            for key, a in arrays.items()}


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "Dropout"])
def test_a_batch_is_its_samples_one_by_one(name):
    """Outputs and input gradients side by side, parameter gradients summed; empty batches and no
    steps too."""
    make, rng = LAYERS[name], np.random.default_rng(7)
    shapes = [(0, 2), (3, 0), (0, 0), (1, 1)] + [tuple(rng.integers(1, 7, 2)) for _ in range(3)]
    for steps, samples in shapes:
        arrays = layer_arrays(make, rng, steps=steps, samples=samples)
        whole = run_layer(make, arrays)
        parts = [run_layer(make, one_sample(arrays, b)) for b in range(samples)]
        for key, a in whole.items():
            axis = 1 if key in ("y", "dx") else 0 if key.startswith(("end", "dstart")) else None
            if not parts:
                assert not a.any() if axis is None else a.shape[axis] == 0
                continue
            want = (sum(part[key] for part in parts) if axis is None
                    else np.concatenate([part[key] for part in parts], axis=axis))
            assert_near({key: a}, {key: want}, 1e-12)
        if not steps:  # nothing happened: the state and its gradient pass through
            for i in range(sum(key.startswith("end") for key in whole)):
                np.testing.assert_array_equal(whole[f"end {i}"], arrays[f"state {i}"])
                np.testing.assert_array_equal(whole[f"dstart {i}"], arrays[f"dstate {i}"])
