"""One plain call of every public function that takes arrays or numbers, for the fuzz script.

`arguments_of(name, rng)` makes plain arguments, `run(name, arguments)` gives all that comes out as
a flat list.
"""
import copy
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from helpers.call_arguments import (B, IMAGE, N, N_IN, T, bits, eighth_of_one, eighths, flat,
                                    integers, normal, number, padding, rng_of)
from helpers.device_calls import DEVICES
from snu_ref import (GRU, LSTM, RNN, SGD, SNU, Adam, AveragePool2d, ConvSNU, Dense, Dropout,
                     Embedding, Flatten, MaxPool2d, Network, TiedOutput, bernoulli_nll,
                     clip_by_norm, figures, mean_square_error, rate_code, softmax_cross_entropy,
                     twins)
from snu_ref.data import baselines, datasets, ngrams
from snu_ref.gradcheck import check_gradient
from snu_ref.layers.conv import conv2d, conv2d_backward
from snu_ref.tasks import digits, distortion, language, music, statistics


# ---- layers: parameters, input, state and cotangents in; everything out --------------------------

LAYERS = {
    **{f"SNU {h} {' '.join(options)}": lambda rng, dtype, h=h, options=options: SNU(
        N_IN, N, rng=rng, h=h, decay=0.5, dtype=dtype, **options)
       for h in ("step", "sigmoid")
       for options in ({}, {"recurrent": True, "g": "identity"}, {"lateral_inhibition": True},
                       {"reset_grad": "detached", "surrogate": "triangle"})},
    "ConvSNU": lambda rng, dtype: ConvSNU(IMAGE, 2, kernel=2, decay=0.5, rng=rng, dtype=dtype),
    "RNN": lambda rng, dtype: RNN(N_IN, N, rng=rng, dtype=dtype),
    "GRU": lambda rng, dtype: GRU(N_IN, N, rng=rng, dtype=dtype),
    "LSTM": lambda rng, dtype: LSTM(N_IN, N, rng=rng, dtype=dtype),
    "Dense": lambda rng, dtype: Dense(N_IN, N, rng=rng, dtype=dtype),
    "Embedding": lambda rng, dtype: Embedding(6, N, rng=rng, dtype=dtype),
    "TiedOutput": lambda rng, dtype: TiedOutput(Embedding(6, N_IN, rng=rng, dtype=dtype)),
    "Dropout": lambda rng, dtype: Dropout(0.5, mask=np.ones((T, B, N_IN), dtype), dtype=dtype),
    "AveragePool2d": lambda rng, dtype: AveragePool2d(IMAGE, 2, 1, dtype=dtype),
    "MaxPool2d": lambda rng, dtype: MaxPool2d(IMAGE, 2, 1, dtype=dtype),
    "Flatten": lambda rng, dtype: Flatten(IMAGE, dtype=dtype),
    "Network": lambda rng, dtype: Network([SNU(N_IN, N, rng=rng, decay=0.5, dtype=dtype),
                                           Dense(N, 2, rng=rng, dtype=dtype)]),
}


def layer_arguments(make):
    def arguments(rng, dtype):
        layer = make(np.random.default_rng(0), dtype)
        a = {name: eighths(rng, p.shape, dtype) for name, p in layer.params.items()
             if not name.endswith("decay")}
        a["x"] = (rng.integers(0, 6, (T, B)) if layer.in_shape == ()
                  else eighths(rng, (T, B) + (layer.in_shape or (N_IN,)), dtype))
        a["dy"] = eighths(rng, (T, B) + (layer.out_shape or (N_IN,)), dtype)
        if hasattr(layer.zero_state(B), "_fields"):
            for i, (name, zero) in enumerate(layer.zero_state(B)._asdict().items()):
                a[f"state.{name}"] = np.abs(eighths(rng, zero.shape, dtype)) % 1
                a[f"dstate.{name}"] = eighths(rng, zero.shape, dtype)
        return a
    return arguments


def layer_run(make):
    def run(x, dy, dtype=np.float64, **a):
        layer = make(np.random.default_rng(0), dtype)
        for name in layer.params:
            if name in a and isinstance(layer, Network):
                layer.layers[int(name[0])].tie(name[2:], a[name])
            elif name in a:
                layer.tie(name, a[name])
        state = dstate = None
        fields = getattr(layer.zero_state(1), "_fields", ())
        if fields:
            state = tuple(a[f"state.{name}"] for name in fields)
            dstate = tuple(a[f"dstate.{name}"] for name in fields)
        y, cache = layer.forward(x, state)
        out = [y, cache.state, layer.backward(dy, cache, dstate)]
        if fields and hasattr(layer, "step") and len(x):
            out.append(layer.step(x[0], state))
        return out
    return run


# ---- everything else ----------------------------------------------------------------------------

def step_of(make):
    def run(p, g, lr=0.125, **options):
        q = np.ones(2, getattr(p, "dtype", float))
        optimiser, params = make(lr, **options), {"params": copy.deepcopy(p), "q": q.copy()}
        for _ in range(2):
            optimiser.step(params, {"params": g, "q": q})
        return params
    return run


def sample_run(E, first, n, temperature):
    rng = np.random.default_rng(0)
    embedding = Embedding(4, 4, rng=rng)
    embedding.tie("E", E)
    return language.sample(Network([embedding]), first, n, np.random.default_rng(0), temperature)


def text_run(E, n, temperature):
    network = Network([Embedding(4, 4, rng=np.random.default_rng(0))])
    network.layers[0].tie("E", E)
    return language.sample_text(network, ["<unk>", "<eos>", "a", "b"], np.random.default_rng(0), n,
                                temperature)


def colours_of(call):
    """The colour of each pixel in the images of the figure that call(path) draws.

    The figure is not laid out and written: that takes far longer, and depends on no number.
    """
    with mock.patch.object(figures.style, "save", lambda figure, path: figure):
        figure = call("file.png")
    return [image.to_rgba(image.get_array(), bytes=True)
            for axes in figure.axes for image in axes.images]


def file_of(call):
    """The bytes of the file that call(path) writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.png")
        call(path)
        return np.frombuffer(path.read_bytes(), np.uint8)


def saved_and_loaded(W, x):
    network = Network([Dense(3, 2, rng=np.random.default_rng(0))])
    network.layers[0].tie("W", W)
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder, "network.npz"))
        return Network.load(Path(folder, "network.npz")).forward(x)[0]


def twin_of_recurrent(twin, columns, states, **options):
    """(call, arguments) of a twin of a recurrent unit, whose parameters have names of their own."""
    def run(x, dy, **a):
        params = {name: a[name] for name in ("W", "H", "b", "decay") if name in a}
        state, dstate = (tuple(a[f"{kind}.{i}"] for i in range(states))
                         for kind in ("state", "dstate"))
        return twin(params, x, state, dy, dstate, **options)
    width = columns * N
    arguments = dict(W=normal(N_IN, width), H=normal(N, width), b=normal(width),
                     x=normal(T, B, N_IN), dy=normal(T, B, N))
    arguments |= {f"{kind}.{i}": eighth_of_one(B, N) for kind in ("state", "dstate")
                  for i in range(states)}
    return run, arguments | ({"decay": eighth_of_one(N)} if twin is twins.snu_twin else {})


def checked(x):
    rows = check_gradient(lambda a: a["x"] ** 3, lambda a, G: {"x": 3 * G * a["x"] ** 2}, {"x": x},
                          rng=np.random.default_rng(0))
    return [row.verdict == "ok" or row.verdict.startswith("dead") for row in rows]


OTHERS = {
    "mean_square_error": (mean_square_error, dict(y=normal(T, B, N), target=normal(B, N))),
    "bernoulli_nll": (bernoulli_nll, dict(y=normal(T, B, N), target=bits(T, B, N),
                                          mask=padding)),
    "softmax_cross_entropy": (softmax_cross_entropy, dict(
        y=normal(T, B, N), target=integers(N, T, B))),
    "SGD": (step_of(SGD), dict(
        p=normal(3, 2), g=normal(3, 2), lr=number(0.125), momentum=number(0.5))),
    "Adam": (step_of(Adam), dict(
        p=normal(3, 2), g=normal(3, 2), lr=number(0.125), beta1=number(0.5), beta2=number(0.75),
        eps=number(2.0 ** -20))),
    "clip_by_norm": (lambda g, max_norm: clip_by_norm({"g": g}, max_norm),
                     dict(g=normal(3, 2), max_norm=number(0.5))),
    "rate_code": (lambda **a: rate_code(**a, rng=rng_of()), dict(
        values=eighth_of_one(B, N), n_steps=number(5), max_spikes=number(3))),
    "conv2d": (conv2d, dict(
        x=normal(2, 5, 4, 2), W=normal(2, 3, 2, 2), stride=number(2), padding=number(1))),
    "conv2d_backward": (conv2d_backward, dict(
        dz=normal(2, 3, 2, 2), x=normal(2, 5, 4, 2), W=normal(2, 3, 2, 2), stride=number(2),
        padding=number(1))),
    "unigram": (ngrams.unigram, dict(train=integers(5, 9), vocabulary_size=number(5))),
    "witten_bell_bigram": (ngrams.witten_bell_bigram, dict(
        train=integers(5, 9), history=integers(5, 4), word=integers(5, 4),
        vocabulary_size=number(5))),
    "unigram_perplexity": (ngrams.unigram_perplexity, dict(
        train=integers(5, 9), test=integers(5, 4), vocabulary_size=number(5))),
    "witten_bell_bigram_perplexity": (ngrams.witten_bell_bigram_perplexity, dict(
        train=integers(5, 9), test=integers(5, 4), vocabulary_size=number(5))),
    "independent_notes_nll": (
        lambda train_rolls, test_rolls: baselines.independent_notes_nll([train_rolls],
                                                                        [test_rolls]),
        dict(train_rolls=bits(4, 3), test_rolls=bits(3, 3))),
    "piano_roll": (datasets.piano_roll, dict(
        pitches=lambda rng, dtype: rng.integers(21, 109, (4, 2)))),
    "one_hot": (digits.one_hot, dict(labels=integers(10, 5))),
    "split_validation": (digits.split_validation, dict(
        values=normal(6, 4), labels=integers(10, 6), n_valid=number(2))),
    "shifted": (lambda values, most: distortion.shifted(values, most, rng_of()), dict(
        values=normal(3, 9), most=number(1))),
    "elastic": (lambda values, alpha, sigma: distortion.elastic(values, alpha, sigma, rng_of()),
                dict(values=normal(3, 9), alpha=number(3.0), sigma=number(2.0))),
    "nearest_neighbour": (baselines.nearest_neighbour, dict(
        train_values=normal(6, 4), train_labels=integers(10, 6), values=normal(3, 4))),
    "nearest_chords_nll": (
        lambda train_rolls, test_rolls, k:
            baselines.nearest_chords_nll([train_rolls], [test_rolls], k),
        dict(train_rolls=bits(6, 3), test_rolls=bits(4, 3), k=number(2))),
    "sample": (sample_run, dict(
        E=normal(4, 4), first=number([1, 2]), n=number(3), temperature=number(0.5))),
    "sample_text": (text_run, dict(E=normal(4, 4), n=number(3), temperature=number(0.5))),
    "continued": (
        lambda roll, steps, temperature: music.continued(
            Network([Dense(88, 88, rng=rng_of(), dtype=np.float32)]), roll, steps, rng_of(),
            temperature),
        dict(roll=bits(2, 88), steps=number(3), temperature=number(0.5))),
    "write_wav": (
        lambda roll, seconds_per_step: file_of(
            lambda path: music.write_wav(roll, path, seconds_per_step)),
        dict(roll=bits(3, 88), seconds_per_step=number(0.125))),
    "t_quantile": (statistics.t_quantile, dict(k=number(3), level=number(0.5))),
    "t_probability": (statistics.t_probability, dict(t=number(0.5), k=number(3))),
    "standard_error": (statistics.standard_error, dict(accuracy=number(0.5), n=number(10))),
    "Network.save and load": (saved_and_loaded, dict(
        W=lambda rng, dtype: eighths(rng, (3, 2)), x=lambda rng, dtype: eighths(rng, (T, B, 3)))),
    "piano_rolls": (
        lambda true, predicted: colours_of(
            lambda path: figures.piano_rolls(true, predicted, path, title="t")),
        dict(true=bits(3, 88), predicted=eighth_of_one(3, 88))),
    "mean_square_error_twin": (twins.mean_square_error_twin, dict(
        y=normal(T, B, N), target=normal(B, N), mask=padding)),
    "bernoulli_nll_twin": (twins.bernoulli_nll_twin, dict(
        y=normal(T, B, N), target=bits(T, B, N), mask=padding)),
    "softmax_cross_entropy_twin": (twins.softmax_cross_entropy_twin, dict(
        y=normal(T, B, N), target=integers(N, T, B), mask=padding)),
    "dense_twin": (lambda W, b, x, dy: twins.dense_twin({"W": W, "b": b}, x, dy), dict(
        W=normal(3, 2), b=normal(2), x=normal(T, B, 3), dy=normal(T, B, 2))),
    "embedding_twin": (twins.embedding_twin, dict(
        W=normal(5, 2), indices=integers(5, T, B), dy=normal(T, B, 2))),
    "conv2d_twin": (twins.conv2d_twin, dict(
        W=normal(2, 2, 2, 1), x=normal(1, 4, 3, 2), dz=normal(1, 3, 2, 1), stride=number(2),
        padding=number(1))),
    "pool2d_twin": (lambda **a: twins.pool2d_twin(**a, kind="max"), dict(
        x=normal(1, 4, 4, 1), dy=normal(1, 2, 2, 1), size=number(2), stride=number(2))),
    "rnn_twin": twin_of_recurrent(twins.rnn_twin, 1, 1),
    "gru_twin": twin_of_recurrent(twins.gru_twin, 3, 1),
    "lstm_twin": twin_of_recurrent(twins.lstm_twin, 4, 2),
    "snu_twin": twin_of_recurrent(twins.snu_twin, 1, 2, h="step", g="relu", surrogate="triangle",
                                  lateral_inhibition=False, reset_grad="through"),
    "check_gradient": (checked, dict(x=normal(3, 2))),
    **DEVICES,
    "new SNU": (lambda **a: list(SNU(rng=rng_of(), **a).params.values()), dict(
        n_in=number(3), n_units=number(4), decay=eighth_of_one(4), recurrent=number(True))),
    "new ConvSNU": (lambda **a: list(ConvSNU(rng=rng_of(), **a).params.values()), dict(
        in_shape=number((5, 4, 2)), n_units=number(3), kernel=number((2, 3)), stride=number(2),
        padding=number(1))),
    "new Dropout": (lambda **a: Dropout(**a).forward(np.ones((2, 2, 3)))[0], dict(
        rate=number(0.5), mask=bits(2, 2, 3))),
    "new Embedding": (lambda **a: list(Embedding(rng=rng_of(), **a).params.values()), dict(
        n_words=number(5), n_units=number(3), scale=number(0.5))),
    "new MaxPool2d": (lambda **a: MaxPool2d(**a).out_shape, dict(
        in_shape=number((5, 4, 2)), size=number(2), stride=number(1))),
}
DTYPE_OF_A_LAYER = set(LAYERS)  # these take a dtype; their arrays change it together


def arguments_of(name, rng, dtype=np.float64):
    """Plain arguments of a call."""
    if name in LAYERS:
        return layer_arguments(LAYERS[name])(rng, dtype)
    return {key: make(rng, dtype) for key, make in OTHERS[name][1].items()}


def run(name, arguments, dtype=np.float64):
    """All that comes out of a call, flat. Warnings of NumPy are left to the caller."""
    if name in LAYERS:
        return flat(layer_run(LAYERS[name])(dtype=dtype, **arguments))
    return flat(OTHERS[name][0](**arguments))


NAMES = [*LAYERS, *OTHERS]
