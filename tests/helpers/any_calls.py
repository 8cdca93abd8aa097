"""Every call that takes arrays, with its arrays, for the laws of any input.

LAYERS: the layers, both passes as one function of named arrays (`run_layer`). `functions`: all
else. CALLS: both. LAYOUTS: ways to lay an array out in memory.
"""
import numpy as np

from snu_ref import (GRU, LSTM, RNN, SGD, SNU, Adam, AveragePool2d, ConvSNU, Dense, Dropout,
                     Embedding, Flatten, MaxPool2d, Network, TiedOutput, bernoulli_nll,
                     clip_by_norm, mean_square_error, pcm, rate_code, softmax_cross_entropy)
from snu_ref.activations import STATE_FUNCTIONS, SURROGATES
from snu_ref.data.baselines import independent_notes_nll
from snu_ref.data.ngrams import (unigram, unigram_perplexity, witten_bell_bigram,
                                 witten_bell_bigram_perplexity)
from snu_ref.layers.conv import conv2d, conv2d_backward

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


# ---- layouts, and the comparison ----------------------------------------------------------------

def gaps(a):
    """Every second element of a larger array; the elements between must not be read."""
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
