"""Dropout: the mean is kept, drops are independent, backward uses the mask of its pass."""

import numpy as np
import pytest

from snu_ref import SNU, Dense, Network, gradcheck
from snu_ref.layers.dropout import Dropout, without_dropout
from snu_ref.layers.embedding import Embedding, TiedOutput

T, B, N = 20, 30, 40


def dropped(rate, seed=0, **options):
    """The forward pass of ones: y is the factor itself."""
    return Dropout(rate, rng=np.random.default_rng(seed), **options).forward(np.ones((T, B, N)))


def test_by_hand():
    mask = np.array([[[1.0, 0, 1], [0, 1, 1]]])
    layer = Dropout(0.75, mask=mask)
    y, cache = layer.forward(np.array([[[1.0, 2, 3], [4, 5, -6]]]))
    assert y.tolist() == [[[4, 0, 12], [0, 20, -24]]] and cache.state == ()
    dx, grads, dstate = layer.backward(np.array([[[1.0, 1, 2], [3, -1, 0]]]), cache)
    assert dx.tolist() == [[[4, 0, 8], [0, -4, 0]]] and grads == {} and dstate == ()
    assert layer.backward(y, cache, need_dx=False) == (None, {}, ())
    assert layer.params == {} and layer.trainable == () and layer.n_trainable == 0


def test_the_gradient_with_a_mask_passed_in():
    rng = np.random.default_rng(1)
    mask = (rng.random((5, 2, 4)) < 0.6).astype(float)
    rows = gradcheck.check_layer(Dropout(0.4, mask=mask), rng.normal(size=(5, 2, 4)), rng=rng)
    assert (
        [row.parameter for row in rows] == ["x"]
        and rows[0].verdict == "ok"
        and rows[0].complex < 1e-12
    )


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_values_are_dropped_at_the_rate_and_the_mean_is_kept(rate):
    y, _ = dropped(rate)
    assert set(np.unique(y)) == {0.0, 1 / (1 - rate)}
    spread = 5 * np.sqrt(rate * (1 - rate) / y.size)  # five standard deviations
    assert abs((y == 0).mean() - rate) < spread
    assert abs(y.mean() - 1) < spread / (1 - rate)


def test_each_step_sample_and_unit_is_dropped_by_itself():
    """The fractions kept along an axis vary as in independent draws; shared draws vary more."""
    kept = dropped(0.5)[0] > 0
    for axis in range(3):
        shares = kept.mean(axis=axis)
        scatter = shares.var() / (0.25 / kept.shape[axis])
        assert abs(scatter - 1) < 5 * np.sqrt(2 / shares.size), axis
    for axis in range(3):  # half of the neighbours are equal
        same = (np.diff(kept.astype(int), axis=axis) == 0).mean()
        assert abs(same - 0.5) < 0.02


def test_a_rate_of_zero_changes_nothing():
    x = np.random.default_rng(0).normal(size=(T, B, N))
    layer = Dropout(0, rng=np.random.default_rng(0))
    y, cache = layer.forward(x)
    assert np.array_equal(y, x) and np.array_equal(layer.backward(x, cache)[0], x)


def test_a_new_mask_in_each_pass_from_the_generator_alone():
    layer, x = Dropout(0.5, rng=np.random.default_rng(3)), np.ones((T, B, N))
    first, second = layer.forward(x)[0], layer.forward(x)[0]
    assert 0.4 < (first == second).mean() < 0.6
    again = Dropout(0.5, rng=np.random.default_rng(3))
    assert np.array_equal(again.forward(x)[0], first) and np.array_equal(
        again.forward(x)[0], second
    )


def test_backward_uses_the_mask_of_the_pass_it_belongs_to():
    layer, x = Dropout(0.5, rng=np.random.default_rng(3)), np.ones((T, B, N))
    (first, one), (second, two) = layer.forward(x), layer.forward(x)
    assert np.array_equal(layer.backward(x, one)[0], first)
    assert np.array_equal(layer.backward(x, two)[0], second)


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda r: Dropout(1.0, rng=r), ValueError, r"rate: expected a number in \[0, 1\)"),
        (lambda r: Dropout(-0.1, rng=r), ValueError, "rate"),
        (
            lambda r: Dropout(0.5),
            ValueError,
            "rng, mask: expected exactly one of the two, got neither",
        ),
        (
            lambda r: Dropout(0.5, rng=r, mask=np.ones((1, 1, 1))),
            ValueError,
            "rng, mask: .* got both",
        ),
        (
            lambda r: Dropout(0.5, mask=np.full((1, 1, 1), 0.5)),
            ValueError,
            "mask: expected only 0 and 1",
        ),
        (
            lambda r: Dropout(0.5, mask=np.full((1, 1, 1), 2.0)),
            ValueError,
            "mask: expected only 0 and 1",
        ),
        (
            lambda r: Dropout(0.5, mask=np.ones((1, 1, 1), bool)),
            TypeError,
            "mask: expected dtype float64",
        ),
        (lambda r: Dropout(0.5, rng=0), TypeError, "rng: expected a numpy.random.Generator"),
        (
            lambda r: Dropout(0.5, mask=np.ones((1, 2, 3))).forward(np.ones((2, 2, 3))),
            ValueError,
            "mask: expected shape",
        ),
        (lambda r: Dropout(0.5, rng=r).forward(np.ones((2, 3))), ValueError, "x: expected shape"),
        (lambda r: Dropout(0.5, rng=r).forward(np.ones((2, 2, 3)), (1,)), TypeError, "state"),
        (
            lambda r: Dropout(0.5, rng=r).backward(np.ones((1, 1, 1)), dropped(0.5)[1]),
            ValueError,
            "dy: expected shape",
        ),
        (lambda r: Dropout(0.5, rng=r).backward(np.ones((1, 1, 1)), ()), TypeError, "cache"),
    ],
)
def test_bad_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make(np.random.default_rng(0))


def test_without_dropout_is_the_same_network_on_the_same_arrays():
    rng = np.random.default_rng(0)
    embedding = Embedding(6, 4, rng=rng)
    inner = Network([Dropout(0.5, rng=rng), SNU(4, 4, rng=rng, h="sigmoid"), Dropout(0.5, rng=rng)])
    network = Network([embedding, inner, Dropout(0.9, rng=rng), TiedOutput(embedding)])
    plain = without_dropout(network)
    assert not any(
        isinstance(layer, Dropout) for part in (plain, plain.layers[1]) for layer in part.layers
    )
    assert {id(p) for p in plain.params.values()} == {id(p) for p in network.params.values()}
    x = rng.integers(0, 6, (5, 3))
    y, cache = inner.layers[1].forward(embedding.forward(x)[0])
    expected = network.layers[-1].forward(y)[0]
    assert np.array_equal(plain.forward(x)[0], expected)
    assert not np.allclose(network.forward(x)[0], expected)


def test_a_network_with_dropout_has_on_average_the_input_of_one_without():
    """A linear read-out after dropout: its mean over many masks is its output without dropout."""
    rng = np.random.default_rng(0)
    dense = Dense(N, 3, rng=rng)
    network = Network([Dropout(0.3, rng=rng), dense])
    x = np.ones((1, 4000, N)) * rng.random(N)
    y, plain = network.forward(x)[0], dense.forward(x)[0]
    spread = y.std(axis=1) / np.sqrt(4000)
    assert (np.abs(y.mean(axis=1) - plain.mean(axis=1)) < 5 * spread).all() and (spread > 0).all()


def test_a_rate_of_0_keeps_everything_whatever_is_drawn():
    class Least(np.random.Generator):
        def random(self, shape, dtype):
            return np.zeros(shape, dtype)

    x = np.ones((2, 3, 4))
    assert np.array_equal(Dropout(0.0, rng=Least(np.random.PCG64(0))).forward(x)[0], x)
