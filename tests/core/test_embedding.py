"""Embedding and TiedOutput: a table is a one-hot product, a tied output is a Dense layer with that
table transposed."""

import numpy as np
import pytest

from snu_ref import SGD, Dense, Embedding, Network, TiedOutput
from snu_ref.layers.dense import InputCache

T, B, WORDS, N = 4, 3, 6, 5


def rng():
    return np.random.default_rng(0)


def test_a_lookup_is_a_product_with_one_hot_rows():
    layer = Embedding(WORDS, N, rng=rng())
    x = rng().integers(0, WORDS - 1, (T, B))   # the last word never comes
    x[0] = 2                                   # and one comes in every sample
    one_hot, dy = np.eye(WORDS)[x], rng().normal(size=(T, B, N))
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, one_hot @ layer.params["E"])
    dx, grads, dstate = layer.backward(dy, cache)
    assert dx is None and dstate == () and cache.state == ()
    np.testing.assert_allclose(grads["E"], np.einsum("tbw,tbn->wn", one_hot, dy), rtol=1e-13)
    assert not grads["E"][-1].any()
    y[...] = 0                                 # the output is not a view of E
    assert layer.params["E"].any()


def test_a_tied_output_is_a_dense_layer_with_the_table_transposed():
    embedding, dense = Embedding(WORDS, N, rng=rng()), Dense(N, WORDS, rng=rng())
    tied = TiedOutput(embedding)
    assert tied.params["E"] is embedding.params["E"] and not tied.params["b"].any()
    tied.params["b"][:] = rng().normal(size=WORDS)
    dense.params["W"][:], dense.params["b"][:] = embedding.params["E"].T, tied.params["b"]
    x, dy = rng().normal(size=(T, B, N)), rng().normal(size=(T, B, WORDS))
    (y, cache), (want, dense_cache) = tied.forward(x, ()), dense.forward(x)
    assert isinstance(cache, InputCache) and cache.x is x and y.shape == (T, B, WORDS)
    np.testing.assert_allclose(y, want, rtol=1e-13, atol=1e-15)
    for need_dx in (True, False):
        dx, grads, dstate = tied.backward(dy, cache, (), need_dx)
        dense_dx, dense_grads, _ = dense.backward(dy, dense_cache)
        if need_dx:
            np.testing.assert_allclose(dx, dense_dx, rtol=1e-13, atol=1e-15)
        else:
            assert dx is None
        np.testing.assert_allclose(grads["E"], dense_grads["W"].T, rtol=1e-13)
        np.testing.assert_allclose(grads["b"], dense_grads["b"], rtol=1e-13)
        assert dstate == ()


def test_shapes_and_start_values():
    layer = Embedding(2000, 30, rng=rng(), scale=0.3, dtype=np.float32)
    E = layer.params["E"]
    assert E.dtype == np.float32 and E.shape == (2000, 30) and layer.trainable == ("E",)
    assert (layer.in_shape, layer.out_shape, layer.zero_state(3)) == ((), (30,), ())
    assert 0.299 < E.max() <= 0.3 and -0.3 <= E.min() < -0.299
    assert E.std() == pytest.approx(0.3 / np.sqrt(3), rel=0.01) and abs(E.mean()) < 0.003
    tied = TiedOutput(layer)
    assert (tied.in_shape, tied.out_shape, tied.dtype) == ((30,), (2000,), np.float32)
    assert tied.trainable == ("E", "b") and tied.n_trainable == 62000
    assert np.abs(Embedding(2000, 30, rng=rng()).params["E"]).max() == pytest.approx(0.1, rel=1e-3)


def test_the_shared_table_moves_once_by_both_gradients():
    embedding = Embedding(WORDS, N, rng=rng())
    network = Network([embedding, TiedOutput(embedding)])
    assert (network.in_shape, network.out_shape) == ((), (WORDS,))
    x, dy = rng().integers(0, WORDS, (T, B)), rng().normal(size=(T, B, WORDS))
    E = embedding.params["E"].copy()
    one_hot = np.eye(WORDS)[x].reshape(-1, WORDS)
    y, cache = network.forward(x)
    np.testing.assert_allclose(y.reshape(-1, WORDS), one_hot @ E @ E.T, rtol=1e-12, atol=1e-15)
    _, grads, _ = network.backward(dy, cache)
    d = dy.reshape(-1, WORDS)                   # of sum(dy . X E E'):  X' d E + d' X E
    want = one_hot.T @ d @ E + d.T @ one_hot @ E
    np.testing.assert_allclose(grads["0.E"], want, rtol=1e-12, atol=1e-14)
    SGD(0.5).step(network.params, grads)
    np.testing.assert_allclose(embedding.params["E"], E - 0.5 * want, rtol=1e-12, atol=1e-14)


def embedding():
    return Embedding(WORDS, N, rng=rng())


X, DY = np.zeros((T, B), int), np.ones((T, B, N))


@pytest.mark.parametrize(
    "error, words, call",
    [
        (
            ValueError,
            r"x: expected numbers in \[0, 5\], got 6 at",
            lambda: embedding().forward(X + 6 * np.eye(T, B, dtype=int)),
        ),
        (
            ValueError,
            r"x: expected numbers in \[0, 5\], got -1 at",
            lambda: embedding().forward(X - np.eye(T, B, dtype=int)),
        ),
        (ValueError, r"x: expected numbers", lambda: embedding().forward(X + WORDS)),
        (
            ValueError,
            r"x: expected shape \(T, B\), got \(4,\)",
            lambda: embedding().forward(X[:, 0]),
        ),
        (
            ValueError,
            r"x: expected shape \(T, B\), got \(4, 3, 5\)",
            lambda: embedding().forward(DY.astype(int)),
        ),
        (
            TypeError,
            "x: expected an array of integers, got float64",
            lambda: embedding().forward(X * 1.0),
        ),
        (
            TypeError,
            "x: expected a NumPy array of integers of shape .* got list",
            lambda: embedding().forward([[0]]),
        ),
        (TypeError, "state: expected None or", lambda: embedding().forward(X, 0)),
        (
            TypeError,
            "dstate: expected None or",
            lambda: embedding().backward(DY, embedding().forward(X)[1], 0),
        ),
        (
            ValueError,
            r"dy: expected shape \(4, 3, 5\)",
            lambda: embedding().backward(DY[:-1], embedding().forward(X)[1]),
        ),
        (
            TypeError,
            "cache: expected one from Embedding, got Dense's",
            lambda: embedding().backward(DY, InputCache("Dense", DY)),
        ),
        (ValueError, "scale", lambda: Embedding(WORDS, N, rng=rng(), scale=0)),
        (ValueError, "scale", lambda: Embedding(WORDS, N, rng=rng(), scale=np.inf)),
        (
            TypeError,
            "embedding: expected an Embedding, got ndarray",
            lambda: TiedOutput(np.ones((WORDS, N))),
        ),
        (
            ValueError,
            r"x: expected shape \(T, B, 5\)",
            lambda: TiedOutput(embedding()).forward(DY[..., :-1]),
        ),
        (TypeError, "state: expected None or", lambda: TiedOutput(embedding()).forward(DY, 0)),
        (
            TypeError,
            "dstate: expected None or",
            lambda: TiedOutput(embedding()).backward(
                np.ones((T, B, WORDS)), InputCache("TiedOutput", DY), 0
            ),
        ),
        (
            ValueError,
            r"dy: expected shape \(4, 3, 6\)",
            lambda: TiedOutput(embedding()).backward(DY, InputCache("TiedOutput", DY)),
        ),
        (
            ValueError,
            r"cache.x: expected shape \(T, B, 5\)",
            lambda: TiedOutput(embedding()).backward(
                np.ones((T, B, WORDS)), InputCache("TiedOutput", DY[..., 1:])
            ),
        ),
    ],
)
def test_errors_name_the_argument(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_a_table_with_nan_is_named_in_both_passes():
    for make, x, width in ((embedding, X, N), (lambda: TiedOutput(embedding()), DY, WORDS)):
        layer = make()
        y, cache = layer.forward(x)
        layer.params["E"][0, 0] = np.nan
        for call in (
            lambda: layer.forward(x),
            lambda: layer.backward(np.ones((T, B, width)), cache),
        ):
            with pytest.raises(ValueError, match='params\\["E"\\]: expected finite'):
                call()
