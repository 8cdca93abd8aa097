"""Any input: whatever the memory layout, dtype, shape and size of the numbers, the right answer or
a named error.

One table of calls, each with its arrays, and for each the same laws:
    the layout of an array in memory changes nothing but rounding, and no input is written to
    float32 and longdouble give the float64 numbers to their own rounding, in their own dtype
    a batch is its samples one by one, also where it is empty or has no steps
    finite numbers, tiny or huge, give no NaN, and no warning until a result itself is out of range
Warnings are errors in all tests (setup.cfg).
"""
import numpy as np
import pytest

from snu_ref import (GRU, LSTM, RNN, SGD, SNU, Adam, AveragePool2d, ConvSNU, Dense, Dropout,
                     Embedding, Flatten, MaxPool2d, Network, TiedOutput, bernoulli_nll,
                     clip_by_norm, gradcheck, mean_square_error, pcm, rate_code,
                     softmax_cross_entropy)
from snu_ref.data import corpus
from snu_ref.activations import STATE_FUNCTIONS, SURROGATES
from snu_ref.data.baselines import independent_notes_nll
from snu_ref.layers.conv import conv2d, conv2d_backward
from snu_ref.data.ngrams import (unigram, unigram_perplexity, witten_bell_bigram,
                                 witten_bell_bigram_perplexity)

T, B, IMAGE = 5, 3, (5, 4, 2)
EPS = {np.float32: 1e-5, np.float64: 1e-12, np.longdouble: 1e-12}


# ---- layers: a table, and both passes as one function of named arrays ---------------------------

def chain(rng, dtype):
    embedding = Embedding(6, 4, rng=rng, dtype=dtype)
    return Network(
        [
            embedding,
            SNU(4, 4, rng=rng, h="sigmoid", recurrent=True, dtype=dtype),
            TiedOutput(embedding),
        ]
    )


def images(rng, dtype):
    unit = ConvSNU(IMAGE, 3, kernel=2, rng=rng, h="sigmoid", dtype=dtype)
    pool = MaxPool2d(unit.out_shape, 2, dtype=dtype)
    flat = Flatten(pool.out_shape, dtype=dtype)
    return Network([unit, pool, flat, Dense(flat.out_shape[0], 2, rng=rng, dtype=dtype)])


def mask(dtype):
    return (np.random.default_rng(3).random((T, B, 3)) < 0.6).astype(dtype)


LAYERS = {
    **{
        f"SNU {h} {g}": lambda rng, dtype, h=h, g=g: SNU(3, 4, rng=rng, h=h, g=g, dtype=dtype)
        for h in ("step", "sigmoid")
        for g in STATE_FUNCTIONS
    },
    **{
        f"SNU {name}": lambda rng, dtype, name=name: SNU(3, 4, rng=rng, surrogate=name, dtype=dtype)
        for name in SURROGATES
    },
    **{
        f"SNU {h} recurrent inhibited": lambda rng, dtype, h=h: SNU(
            3, 4, rng=rng, h=h, recurrent=True, lateral_inhibition=True, dtype=dtype
        )
        for h in ("step", "sigmoid")
    },
    "SNU detached": lambda rng, dtype: SNU(
        3, 4, rng=rng, h="sigmoid", reset_grad="detached", dtype=dtype
    ),
    "ConvSNU": lambda rng, dtype: ConvSNU(IMAGE, 3, padding=1, stride=2, rng=rng, dtype=dtype),
    "RNN": lambda rng, dtype: RNN(3, 4, rng=rng, dtype=dtype),
    "GRU": lambda rng, dtype: GRU(3, 4, rng=rng, dtype=dtype),
    "GRU after": lambda rng, dtype: GRU(3, 4, rng=rng, reset_after=True, dtype=dtype),
    "LSTM": lambda rng, dtype: LSTM(3, 4, rng=rng, dtype=dtype),
    "Dense": lambda rng, dtype: Dense(3, 4, rng=rng, dtype=dtype),
    "Embedding": lambda rng, dtype: Embedding(6, 4, rng=rng, dtype=dtype),
    "TiedOutput": lambda rng, dtype: TiedOutput(Embedding(6, 3, rng=rng, dtype=dtype)),
    "Dropout": lambda rng, dtype: Dropout(0.4, mask=mask(dtype), dtype=dtype),
    "AveragePool2d": lambda rng, dtype: AveragePool2d(IMAGE, 3, 1, dtype=dtype),
    "MaxPool2d": lambda rng, dtype: MaxPool2d(IMAGE, 3, 1, dtype=dtype),
    "Flatten": lambda rng, dtype: Flatten(IMAGE, dtype=dtype),
    "Network of words": chain,
    "Network of images": images,
}


def leaves(state):
    return (
        [leaf for part in state for leaf in leaves(part)] if isinstance(state, tuple) else [state]
    )


def filled(state, arrays):
    """A state of the form of `state`, with the arrays of an iterator."""
    parts = [filled(part, arrays) if isinstance(part, tuple) else next(arrays) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def layer_arrays(make, rng, dtype=np.float64, steps=T, samples=B):
    """All that goes into both passes of a layer, by name; numbers that float32 holds exactly."""
    def normal(shape):
        return rng.normal(size=shape).astype(np.float32).astype(dtype)
    layer = make(np.random.default_rng(1), dtype)
    arrays = {name: p.astype(np.float32).astype(dtype) for name, p in layer.params.items()}
    for name in arrays:
        if name.endswith("b"):
            arrays[name] = normal(arrays[name].shape) / 4
    if layer.in_shape == ():
        arrays["x"] = rng.integers(0, 6, (steps, samples))
    else:
        arrays["x"] = normal((steps, samples) + (layer.in_shape or (3,)))
    y_shape = (steps, samples) + (layer.out_shape or (3,))
    arrays["dy"] = normal(y_shape)
    for i, leaf in enumerate(leaves(layer.zero_state(max(samples, 1)))):
        shape = (samples,) + leaf.shape[1:]
        arrays[f"state {i}"] = np.abs(normal(shape)) % 1
        arrays[f"dstate {i}"] = normal(shape)
    return arrays


def run_layer(make, arrays, dtype=np.float64):
    """Both passes: every array that comes out, by name."""
    layer = make(np.random.default_rng(1), dtype)
    for name in layer.params:
        place, _, inner = name.rpartition(".")
        (layer.layers[int(place)] if place else layer).tie(inner, arrays[name])
    if isinstance(layer, Network) and "0.E" in layer.params:
        layer.layers[2].tie("E", arrays["0.E"])
    zero = layer.zero_state(1)
    state = filled(zero, (arrays[f"state {i}"] for i in range(len(leaves(zero)))))
    dstate = filled(zero, (arrays[f"dstate {i}"] for i in range(len(leaves(zero)))))
    y, cache = layer.forward(arrays["x"], state)
    dx, grads, dstart = layer.backward(arrays["dy"], cache, dstate)
    out = {"y": y, **{f"d{name}": g for name, g in grads.items()}}
    assert (dx is None) == (layer.in_shape == ())  # words have no gradient
    if dx is not None:
        out["dx"] = dx
    out |= {f"end {i}": leaf for i, leaf in enumerate(leaves(cache.state))}
    return out | {f"dstart {i}": leaf for i, leaf in enumerate(leaves(dstart))}


# ---- functions: the same, (call of named arrays, the arrays) ------------------------------------

def functions(dtype=np.float64):
    rng = np.random.default_rng(2)

    def normal(*shape):
        return rng.normal(size=shape).astype(np.float32).astype(dtype)

    def loss(f):
        return lambda a: dict(zip(("value", "dy"), f(a["y"], a["target"], a["mask"])))

    def steps(make):
        def call(a):
            p, optimiser = {"W": a["p"].copy(), "V": a["q"].copy()}, make()
            for _ in range(3):
                optimiser.step(p, {"W": a["g"], "V": a["h"]})
            return p
        return call

    def array(**options):
        return pcm.PCMArray(4, 3, noise=0.5, **options)

    def programmed(a, t=0.0, **options):
        made = array(**options)
        made.program(a["W"], t)
        return made

    def updated(a):
        made = programmed(a)
        return {"n": made.update(a["dW"]), "G": made.conductance(5.0)}

    y, ones = normal(T, B, 4), np.ones((T, B), dtype)
    ones[3:, 1] = 0
    W = normal(4, 3) / 4
    pairs = rng.integers(-3, 3, (4, 3))
    image = {"x": normal(2, 3, 5, 4, 2), "W": normal(2, 3, 2, 3), "dz": normal(2, 3, 4, 2, 3)}
    optimised = {"p": normal(4, 3), "g": normal(4, 3), "q": normal(3), "h": normal(3)}
    return {
        "mean_square_error": (
            loss(mean_square_error),
            {"y": y, "target": normal(B, 4), "mask": ones},
        ),
        "bernoulli_nll": (
            loss(bernoulli_nll),
            {"y": y, "target": np.abs(normal(T, B, 4)) % 1, "mask": ones},
        ),
        "softmax_cross_entropy": (
            loss(softmax_cross_entropy),
            {"y": y, "target": rng.integers(0, 4, (T, B)), "mask": ones},
        ),
        "SGD": (steps(lambda: SGD(0.1, 0.9)), optimised),
        "Adam": (steps(lambda: Adam(0.1)), optimised),
        "clip_by_norm": (
            lambda a: clip_by_norm({"a": a["a"], "b": a["b"]}, 0.5)[0],
            {"a": normal(4, 3), "b": normal(5)},
        ),
        "rate_code": (
            lambda a: {
                "x": rate_code(a["values"], 6, 4, rng=np.random.default_rng(0), dtype=dtype)
            },
            {"values": np.abs(normal(3, 4)) % 1},
        ),
        "conv2d": (lambda a: {"z": conv2d(a["x"], a["W"])}, {"x": image["x"], "W": image["W"]}),
        "conv2d_backward": (
            lambda a: dict(zip("dx dW".split(), conv2d_backward(a["dz"], a["x"], a["W"]))),
            image,
        ),
        "PCMArray.program": (lambda a: {"W": programmed(a).read_weights(1.0)}, {"W": W}),
        "PCMArray.update": (updated, {"W": W, "dW": W / 8}),
        "PCMArray product": (
            lambda a: {"y": a["x"] @ programmed(a)},
            {"W": W, "x": normal(2, 3, 4)},
        ),
        "PCMArray by columns": (
            lambda a: {
                "y": a["x"]
                @ programmed(a, readout=pcm.ColumnReadout(tile=(3, 2), output_noise=0.1))
            },
            {"W": W, "x": normal(2, 4)},
        ),
        "PCMArray.from_weights": (
            lambda a: {"y": pcm.PCMArray.from_weights(a["W"], noise=0.0).read_weights(0.0)},
            {"W": W},
        ),
        "draws passed in": (
            lambda a: {"W": programmed(a).read_weights(1.0, noise=a["noise"])},
            {"W": W, "noise": normal(2, 1, 4, 3)},
        ),
        "PCMDevices": (
            _devices,
            {
                "G_T": np.abs(normal(4, 3)),
                "N": normal(2, 4, 3),
                "pulses": np.abs(pairs) + 1,
                "where": pairs > 0,
            },
        ),
        "unigram": (lambda a: {"p": unigram(a["train"], 5)}, {"train": rng.integers(0, 5, 40)}),
        "witten_bell_bigram": (
            lambda a: {"p": witten_bell_bigram(a["train"], a["history"], a["word"], 5)},
            {name: rng.integers(0, 5, 40) for name in ("train", "history", "word")},
        ),
        "perplexities": (
            lambda a: {
                "p": np.array(
                    [
                        f(a["train"], a["test"], 5)
                        for f in (unigram_perplexity, witten_bell_bigram_perplexity)
                    ]
                )
            },
            {name: rng.integers(0, 5, 40) for name in ("train", "test")},
        ),
        "independent_notes_nll": (
            lambda a: {"nll": independent_notes_nll([a["a"]], [a["b"]])},
            {name: (rng.random((6, 4)) < 0.4).astype(dtype) for name in "ab"},
        ),
    }


def _devices(a):
    devices = pcm.PCMDevices((4, 3), t=0.0, noise=a["N"][0])
    devices.program(a["G_T"], 1.0, noise=pcm.ProgramNoise(*a["N"]), where=a["where"])
    devices.set_pulse(2.0, noise=0.5, pulses=a["pulses"], where=~a["where"])
    return {
        "white": devices.read_white(50.0, noise=a["N"][0]),
        "1/f": devices.read_1f(60.0, noise=a["N"][1]),
    }


CALLS = {
    **{name: (lambda a, make=make: run_layer(make, a), layer_arrays(make, np.random.default_rng(5)))
       for name, make in LAYERS.items()},
    **functions(),
}


# ---- layouts ------------------------------------------------------------------------------------

def gaps(a):
    """Every second place of a larger array; what stands between must not be read."""
    wide = np.full(tuple(2 * n for n in a.shape), np.nan if a.dtype.kind == "f" else True).astype(
        a.dtype
    )
    view = wide[tuple(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def unaligned(a):
    """Numbers that begin at an odd byte, as in a packed file."""
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape) if a.size else a
    view[...] = a
    return view


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "backwards": lambda a: np.flip(np.flip(a).copy()),
    "gaps": gaps,
    "unaligned": unaligned,
    "read-only": read_only,
    "first axis inside": lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0),
}


def assert_near(have, want, rtol):
    """The same names and shapes; each element near, relative to the largest of its array."""
    assert have.keys() == want.keys()
    for name, w in want.items():
        h, w = np.asarray(have[name]), np.asarray(w)
        assert h.shape == w.shape, name
        scale = np.abs(w).max(initial=0)
        assert np.abs(h - w).max(initial=0) <= rtol * scale, (
            f"{name}: {np.abs(h - w).max()} of {scale}"
        )


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


# what a message calls an array, where it is not by its name here
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
        caller_keeps = ("p", "q")  # finite: the parameters that an optimiser is given,
        if name.startswith("conv2d"):
            called += "|x"  # of x and W, which must have one dtype, either may be called wrong
            caller_keeps = ("W", "dz")  # and what ConvSNU has looked at before
        wrong = [a.astype(complex), a.astype(str), a.astype(object)]
        if not (
            name.startswith("PCMArray") and key == "x"
        ):  # list @ array is between Python and the list
            wrong.append(a.tolist())
        if a.dtype.kind == "f" and key not in caller_keeps:
            wrong.append(np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, np.nan, a))
        for odd in wrong:
            with pytest.raises((TypeError, ValueError), match=rf"({called}).*(expected|must)"):
                call({**arrays, key: odd})


def test_a_convolution_passes_a_nan_of_its_kernel_on_to_all_it_touches():
    """ConvSNU refuses it; conv2d by itself looks at its images alone."""
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


# ---- values -------------------------------------------------------------------------------------

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


# ---- devices, checks, texts ---------------------------------------------------------------------

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


def tanh_pair():
    return (lambda a: np.tanh(a["x"])), (lambda a, G: {"x": G * (1 - np.tanh(a["x"]) ** 2)})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_gradient_check_takes_any_layout(layout):
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    laid = LAYOUTS[layout](x)
    row, = gradcheck.check_gradient(*tanh_pair(), {"x": laid}, rng=np.random.default_rng(0))
    want, = gradcheck.check_gradient(*tanh_pair(), {"x": x}, rng=np.random.default_rng(0))
    assert row.verdict == want.verdict == "ok" and row.norm == pytest.approx(want.norm)
    rows = gradcheck.check_layer(
        RNN(3, 2, rng=np.random.default_rng(0)), laid, rng=np.random.default_rng(0)
    )
    assert len(rows) == 5 and all(row.verdict == "ok" for row in rows)
    np.testing.assert_array_equal(laid, x)


def test_a_gradient_check_of_numbers_of_any_size():
    """Beside a number so large that a step of 1e-6 is lost in it, the others are still checked."""
    x = np.array([1e300, -1e300, 5e-324, 1e-310, 0.0, 0.3, 1e7])
    row, = gradcheck.check_gradient(*tanh_pair(), {"x": x}, rng=np.random.default_rng(0))
    assert row.verdict == "ok" and row.kinks == 0
    cube = (lambda a: a["x"] ** 3), (lambda a, G: {"x": 3 * G * a["x"] ** 2})
    for size in (1e-3, 1.0, 70.0, 1e7, 1e50):
        (row,) = gradcheck.check_gradient(
            *cube, {"x": np.array([size])}, rng=np.random.default_rng(0)
        )
        assert row.verdict == "ok" and row.central < 1e-6


FORWARD, BACKWARD = tanh_pair()
ONES = {"x": np.ones(2)}


@pytest.mark.parametrize(
    "words, call",
    [
        ("inputs: expected a dict", lambda check: check(FORWARD, BACKWARD, [1.0])),
        (
            r"inputs\['x'\]: .* got bool",
            lambda check: check(FORWARD, BACKWARD, {"x": np.ones(2, bool)}),
        ),
        (
            r"inputs\['x'\]: .* got complex",
            lambda check: check(FORWARD, BACKWARD, {"x": np.ones(2, complex)}),
        ),
        (
            r"inputs\['x'\]: expected finite",
            lambda check: check(FORWARD, BACKWARD, {"x": np.array([1, np.nan])}),
        ),
        (
            "forward: expected finite",
            lambda check: check(lambda a: a["x"] * np.inf, BACKWARD, ONES),
        ),
        ("forward: expected an array", lambda check: check(lambda a: None, BACKWARD, ONES)),
        ("backward: expected a dict", lambda check: check(FORWARD, lambda a, G: None, ONES)),
        (
            r"backward: expected shape \(2,\)",
            lambda check: check(FORWARD, lambda a, G: {"x": 1.0}, ONES),
        ),
        (
            r"twin: expected shape \(2,\)",
            lambda check: check(FORWARD, BACKWARD, ONES, twin=lambda a, G: {"x": 1.0}),
        ),
        (
            r"frozen: expected the shapes of forward, \[\(2,\)\], got \[\(1,\)\]",
            lambda check: check(
                FORWARD, BACKWARD, ONES, frozen=lambda a: lambda a: np.tanh(np.ones(1))
            ),
        ),
        (
            "zero: expected names of x, got 'y'",
            lambda check: check(FORWARD, BACKWARD, ONES, zero=("y",)),
        ),
    ],
)
def test_what_cannot_be_checked_is_named(words, call):
    def check(*args, **options):
        return gradcheck.check_gradient(*args, rng=np.random.default_rng(0), **options)
    with pytest.raises((TypeError, ValueError), match=words):
        call(check)


def test_what_is_no_layer_or_has_no_step_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match="layer: expected a Layer or a Network, got int"):
        gradcheck.check_layer(3, np.ones((2, 2, 3)), rng=rng)
    for shape in ((0, 2, 3), (2, 0, 3)):
        with pytest.raises(ValueError, match="x: expected at least one step and sample"):
            gradcheck.check_layer(SNU(3, 2, rng=rng), np.ones(shape), rng=rng)


def test_texts_of_any_characters():
    """Whatever stands in a block, its tokens hold no space and their text can be split again."""
    rng = np.random.default_rng(0)
    alphabets = [
        "ab.*'-[]() \n",
        "".join(map(chr, range(1, 256))),
        "".join(map(chr, rng.integers(256, 55000, 200))),
    ]
    for alphabet in alphabets:
        for length in (0, 1, 5, 60):
            text = "".join(rng.choice(list(alphabet), length))
            for block in corpus.blocks(text):
                corpus.may_be_prose(block)
                tokens = corpus.tokenise(block)
                assert all(token and not any(c.isspace() for c in token) for token in tokens)
    assert (
        corpus.blocks("") == [] and corpus.tokenise("") == () and corpus.without_repeats([]) == []
    )
    assert corpus.split([]) == ((), (), ()) and not corpus.is_prose(())
