"""A saved and loaded network is the same network; any other file gives an error that names it."""
import json
import os

import numpy as np
import pytest

from snu_ref import (GRU, LSTM, RNN, SNU, Adam, AveragePool2d, ConvSNU, Dense, Dropout, Embedding,
                     Flatten, MaxPool2d, Network, SGD, TiedOutput)
from snu_ref.activations import STATE_FUNCTIONS, SURROGATES, Activation
from snu_ref.layer import Layer
from snu_ref.saving import array_file

T, B, IMAGE = 4, 3, (6, 5, 2)


def words(rng, dtype):
    """Tied weights, a frozen one, a Network inside, and two dropouts that share a generator."""
    table = Embedding(7, 4, rng=rng, scale=0.5, dtype=dtype)
    inner = Network([Dropout(0.2, rng=rng, dtype=dtype), GRU(5, 4, rng=rng, dtype=dtype)])
    unit = SNU(4, 5, rng=rng, recurrent=True, train_decay=True, dtype=dtype)
    unit.trainable = ("b", "decay")
    return Network([table, Dropout(0.5, rng=rng, dtype=dtype), unit, inner, TiedOutput(table)])


def images(rng, dtype):
    conv = ConvSNU(IMAGE, 3, kernel=(3, 2), stride=2, padding=1, rng=rng, dtype=dtype)
    pool = MaxPool2d(conv.out_shape, 2, 1, dtype=dtype)
    average = AveragePool2d(pool.out_shape, 2, dtype=dtype)
    flat = Flatten(average.out_shape, dtype=dtype)
    return Network([conv, pool, average, flat, Dense(*flat.out_shape, 2, rng=rng, dtype=dtype)])


def soft(rng, dtype):
    """Options that are not the defaults, of every kind."""
    return Network([
        RNN(3, 4, rng=rng, dtype=dtype), LSTM(4, 4, rng=rng, dtype=dtype),
        GRU(4, 4, rng=rng, reset_after=True, dtype=dtype),
        SNU(4, 4, rng=rng, h="sigmoid", decay=0.3, lateral_inhibition=True, dtype=dtype),
        Dropout(0.4, mask=np.ones((T, B, 4), dtype), dtype=dtype)])


def shared(rng, dtype):
    """Two layers on one array, tied by hand."""
    layers = [Dense(3, 3, rng=rng, dtype=dtype), Dense(3, 3, rng=rng, dtype=dtype)]
    layers[1].tie("W", layers[0].params["W"])
    return Network(layers)


NETWORKS = {
    "words": words, "images": images, "soft": soft, "shared": shared,
    **{f"SNU {g} {surrogate} {reset}": lambda rng, dtype, g=g, surrogate=surrogate, reset=reset:
       Network([SNU(3, 4, rng=rng, g=g, surrogate=surrogate, reset_grad=reset, dtype=dtype)])
       for g, surrogate, reset in zip(list(STATE_FUNCTIONS) * 2, SURROGATES,
                                      ["through", "detached"] * 4)}}


def passes(network, seed=1):
    """Output and all gradients of a pass, as a list of arrays."""
    rng = np.random.default_rng(seed)
    if isinstance(network.layers[0], Embedding):
        x = rng.integers(0, 7, (T, B))
    else:
        x = 3 * rng.normal(size=(T, B) + network.in_shape).astype(network.dtype)
    y, cache = network.forward(x)
    _, grads, _ = network.backward(np.ones_like(y), cache)
    return [y, *grads.values()]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_what_is_loaded_is_what_was_saved(name, dtype, tmp_path):
    network = NETWORKS[name](np.random.default_rng(0), dtype)
    network.save(tmp_path / "a network")
    loaded = Network.load(tmp_path / "a network")
    assert repr(loaded) == repr(network)
    assert loaded.trainable == network.trainable and loaded.n_trainable == network.n_trainable
    assert list(loaded.params) == list(network.params)
    for key, p in network.params.items():
        assert loaded.params[key].dtype == dtype
        np.testing.assert_array_equal(loaded.params[key], p)
        assert not np.shares_memory(loaded.params[key], p)
    for have, want in zip(passes(loaded), passes(network), strict=True):
        np.testing.assert_array_equal(have, want)
    for n, path in ((loaded, tmp_path / "loaded"), (network, tmp_path / "network")):
        n.save(path)
    assert (tmp_path / "loaded").read_bytes() == (tmp_path / "network").read_bytes()


def test_every_layer_is_among_those():
    used = set()

    def add(network):
        for layer in network.layers:
            add(layer) if isinstance(layer, Network) else used.add(type(layer).__name__)
    for make in NETWORKS.values():
        add(make(np.random.default_rng(0), np.float64))
    assert used == Layer.kinds.keys() - {"Memoryless", "Recurrent", "_Pool2d"}


def test_ties_and_shared_generators_come_back(tmp_path):
    network = words(np.random.default_rng(0), np.float32)
    network.save(tmp_path / "n.npz")
    table, dropout, _, inner, output = Network.load(tmp_path / "n.npz").layers
    assert output.params["E"] is table.params["E"] and output.embedding is table
    assert dropout.rng is inner.layers[0].rng
    network = shared(np.random.default_rng(0), np.float32)
    network.save(tmp_path / "n.npz")
    first, second = Network.load(tmp_path / "n.npz").layers
    assert first.params["W"] is second.params["W"]
    assert first.params["b"] is not second.params["b"]


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_dropout_goes_on_with_the_masks_that_would_have_come(kind, tmp_path):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    network, x = Network([Dropout(0.5, rng=rng)]), np.ones((5, 4, 7))
    network.forward(x)
    network.save(tmp_path / "n.npz")
    np.testing.assert_array_equal(Network.load(tmp_path / "n.npz").forward(x)[0],
                                  network.forward(x)[0])


def test_numpy_reads_the_arrays(tmp_path):
    network = shared(np.random.default_rng(0), np.float64)
    network.save(tmp_path / "n.npz")
    with np.load(tmp_path / "n.npz", allow_pickle=False) as file:
        assert set(file.files) == {"0.W", "0.b", "1.b", "network", "sha256"}
        np.testing.assert_array_equal(file["0.W"], network.params["0.W"])


def test_what_is_your_own_is_refused_by_name(tmp_path):
    rng = np.random.default_rng(0)

    class Mine(Dense):
        """A user's own layer."""

    unit = SNU(2, 3, rng=rng)
    tanh = STATE_FUNCTIONS["tanh"]
    vars(unit)["g"] = Activation("tanh", tanh.value, lambda z, f: 1 - f * f)
    pair = (np.tanh, lambda v: 1 - np.tanh(v) ** 2)
    for layer, words in ((Mine(2, 3, rng=rng), "class Mine"), (unit, r"layers\[1.0\]: g: "),
                         (SNU(2, 3, rng=rng, surrogate=pair), "surrogate: .* your own function")):
        network = Network([Dense(2, 2, rng=rng), Network([layer])])
        with pytest.raises(ValueError, match=words):
            network.save(tmp_path / "n.npz")
    assert not list(tmp_path.iterdir())


# ---- files that are not a saved network ---------------------------------------------------------

def altered(path, change):
    """A saved network whose text was changed, with a digest that fits."""
    words(np.random.default_rng(0), np.float32).save(path)
    arrays = array_file.read(path)
    text = json.loads(str(arrays["network"]))
    change(text, arrays)
    array_file.write(path, {**arrays, "network": np.array(json.dumps(text))})


def in_layer(i, **values):
    return lambda text, arrays: text["layers"][i].update(values)


def in_options(i, **values):
    return lambda text, arrays: text["layers"][i]["options"].update(values)


@pytest.mark.parametrize("change, words", [
    (lambda text, arrays: text.update(format=2), "format 2 belongs to another version"),
    (lambda text, arrays: text.pop("layers"), "layers"),
    (lambda text, arrays: text.update(generators=[{"bit_generator": "seed"}]), "PCG64"),
    (lambda text, arrays: arrays.pop("2.b"), "2.b"),
    (lambda text, arrays: arrays.update({"2.b": np.zeros(5)}), "expected dtype float32"),
    (lambda text, arrays: arrays.update({"2.b": np.zeros(6, np.float32)}), r"\(6,\)"),
    (in_layer(2, kind="os.system"), "os.system"),
    (in_layer(2, kind="Layer"), "Layer"),
    (in_layer(2, trainable=["W", "X"]), "trainable"),
    (in_layer(4, params={"E": "0.E"}), "expected the parameters"),
    (in_options(2, n_units=10 ** 7), "need more numbers than the arrays have"),
    (in_options(2, n_units=10 ** 30), "Network.save"),
    (in_options(2, n_units=-1), "n_units"),
    (in_options(2, h="exec"), "h: expected"),
    (in_options(2, colour="red"), "colour"),
    (in_options(1, rng={"generator": 7}), "Network.save"),
    (in_options(4, embedding=3), "embedding"),
])
def test_a_file_of_another_content_is_one_named_error(change, words, tmp_path):
    altered(tmp_path / "n.npz", change)
    with pytest.raises(ValueError, match=words) as caught:
        Network.load(tmp_path / "n.npz")
    assert str(caught.value).startswith(f"{tmp_path / 'n.npz'}: expected a file that Network.save")


def test_damaged_foreign_and_missing_files(tmp_path):
    path = tmp_path / "n.npz"
    words(np.random.default_rng(0), np.float32).save(path)
    whole = path.read_bytes()
    damaged = [whole[:cut] for cut in (0, 1, 100, len(whole) // 2, len(whole) - 1)]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
                for at in range(200, len(whole), len(whole) // 20)]
    for raw in [*damaged, b"no archive"]:
        path.write_bytes(raw)
        try:
            loaded = Network.load(path)
        except ValueError as error:
            assert "expected a file that Network.save" in str(error)
        else:  # the bit is never read, such as one in a date of the archive
            assert repr(loaded) == repr(words(np.random.default_rng(0), np.float32))
    np.savez(path, a=np.ones(3))
    np.savez_compressed(tmp_path / "large.npz", a=np.zeros(10 ** 7))
    os.mkfifo(tmp_path / "pipe")
    for name in ("n.npz", "large.npz", "pipe", "."):
        with pytest.raises(ValueError, match="expected a file that Network.save"):
            Network.load(tmp_path / name)
    array_file.write(path, {"identity": np.array("{}")})
    path.with_name("text.npz").write_text("a text")
    for name, found in (("n.npz", "a checkpoint; snu_ref.tasks.load_run"), (".", "a folder$"),
                        ("text.npz", "a damaged file, or one of another kind")):
        with pytest.raises(ValueError, match=f"found {found}") as caught:
            Network.load(tmp_path / name)
        assert "Error" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Network.load(tmp_path / "nowhere")


# ---- what print shows ---------------------------------------------------------------------------

@pytest.mark.parametrize("name", NETWORKS)
def test_a_repr_is_small_and_shows_shapes_and_no_numbers(name):
    network = NETWORKS[name](np.random.default_rng(0), np.float64)
    rng = np.random.default_rng(1)
    x = (rng.integers(0, 7, (T, B)) if isinstance(network.layers[0], Embedding) else
         rng.normal(size=(T, B) + network.in_shape))
    _, cache = network.forward(x)
    for thing in (network, network.params, cache, cache.state, Adam(), SGD(0.1)):
        text = repr(thing)
        assert "array" not in text and " at 0x" not in text
        if type(thing) in (Network, type(cache)):
            assert max(map(len, text.splitlines())) <= 80, text
    for layer in network.layers:
        if not isinstance(layer, Network):
            assert all(f"{name} {p.shape}" in repr(layer) for name, p in layer.params.items())


def test_the_lines_of_a_repr_have_75_columns():
    rng = np.random.default_rng(0)
    units = [SNU(n, m, rng=rng, **options) for n in (1, 22, 333) for m in (1, 22, 333)
             for options in ({"h": "sigmoid"}, {"g": "identity"}, {"recurrent": True})]
    assert max(len(line) for unit in units for line in repr(unit).splitlines()) == 75


def test_a_repr_names_what_differs_from_the_defaults():
    rng = np.random.default_rng(0)
    unit = SNU(64, 100, rng=rng, g="identity", recurrent=True)
    assert repr(unit) == ("SNU(n_in=64, n_units=100, g='identity', recurrent=True); W (64, 100);\n"
                          "    H (100, 100); b (100,); decay (100,) fixed; float64")
    adam = Adam(0.5)
    adam.step({"w": np.ones(1)}, {"w": np.ones(1)})
    assert repr(adam) == "Adam(lr=0.5, beta1=0.9, beta2=0.999, eps=1e-08); steps taken: 1"
    _, cache = Network([unit]).forward(np.zeros((2, 1, 64)))
    assert "spike rate 0.000, 100 of 100 units never fire" in repr(cache).replace("\n        ", " ")
    assert repr(unit.zero_state(3)) == "SNUState(s (3, 100), y (3, 100))"
    spiking = SNU(64, 100, rng=rng, g="identity")
    spiking.params["b"][:50] = 1.0  # these fire at every step
    _, cache = spiking.forward(np.zeros((2, 1, 64)))
    assert "spike rate 0.500, 50 of 100 units never fire" in repr(cache).replace("\n    ", " ")
    _, cache = SNU(64, 100, rng=rng, h="sigmoid").forward(np.zeros((2, 1, 64)))
    assert "mean output 0.269" in repr(cache)  # sigmoid(-1)
    _, cache = unit.forward(np.zeros((1, 2, 64)))  # a single step
    assert "100 of 100 units never fire" in repr(cache)
