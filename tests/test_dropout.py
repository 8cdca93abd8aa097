"""Dropout: each value is kept or dropped, its mean stays, the mask is the generator's and the backward pass's too."""
import numpy as np
import pytest

from snu_ref import Dense, Dropout, Network, without_dropout

X = np.full((20, 50, 40), 3.0)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_values_are_dropped_at_the_rate_and_their_mean_stays(rate):
    layer = Dropout(rate, rng=rng())
    y, cache = layer.forward(X)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 3 / (1 - rate), rtol=1e-12)
    spread = np.sqrt(rate * (1 - rate) / X.size)                     # of the fraction kept
    assert abs(kept.mean() - (1 - rate)) <= 4 * spread
    for axis in range(3):  # no step, no sample and no unit is special
        others = tuple(k for k in range(3) if k != axis)
        assert np.abs(kept.mean(axis=others) - (1 - rate)).max() <= 5 * spread * np.sqrt(X.shape[axis])
    dy = rng(1).normal(size=X.shape)
    dx, grads, dstate = layer.backward(dy, cache)
    np.testing.assert_allclose(dx, dy * kept / (1 - rate), rtol=1e-12)
    assert grads == {} and dstate == () and cache.state == () and layer.zero_state(2) == ()
    assert layer.backward(dy, cache, need_dx=False)[0] is None
    again, _ = layer.forward(X)
    assert ((again == y).all()) == (rate == 0)                      # a new mask in each pass
    np.testing.assert_array_equal(Dropout(rate, rng=rng()).forward(X)[0], y)


def test_a_given_mask_is_used_in_every_pass():
    mask = (rng().random((3, 2, 4)) < 0.5).astype(float)
    layer, x = Dropout(0.5, mask=mask), rng(1).normal(size=(3, 2, 4))
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward(x)[0], 2 * x * mask)


def test_without_dropout_is_the_same_network_on_the_same_arrays():
    inner = Network([Dense(4, 4, rng=rng()), Dropout(0.5, rng=rng())])
    network = Network([Dropout(0.2, rng=rng()), inner, Dropout(0.1, rng=rng()), Dense(4, 2, rng=rng())])
    plain = without_dropout(network)
    assert [type(layer).__name__ for layer in plain.layers] == ["Network", "Dense"]
    assert len(plain.layers[0].layers) == 1 and plain.params["0.0.W"] is network.params["1.0.W"]
    assert plain.params["1.W"] is network.params["3.W"] and plain.n_trainable == network.n_trainable == 30


@pytest.mark.parametrize("error, words, call", [
    *[(ValueError, r"rate: expected a number in \[0, 1\)", lambda rate=rate: Dropout(rate, rng=rng()))
      for rate in (1, 1.5, -0.1, np.nan)],
    (TypeError, "rate", lambda: Dropout("0.5", rng=rng())),
    (ValueError, "rng, mask: expected exactly one of the two, got neither", lambda: Dropout(0.5)),
    (ValueError, "rng, mask: expected exactly one of the two, got both",
     lambda: Dropout(0.5, rng=rng(), mask=np.ones((1, 1, 1)))),
    (TypeError, "rng: expected a numpy.random.Generator", lambda: Dropout(0.5, rng=0)),
    (ValueError, r"mask: expected shape \(T, B, n\)", lambda: Dropout(0.5, mask=np.ones((1, 1)))),
    (ValueError, "mask: expected only 0 and 1", lambda: Dropout(0.5, mask=np.array([[[0.0, 1.0, 0.5]]]))),
    (ValueError, r"mask: expected shape \(20, 50, 40\)", lambda: Dropout(0.5, mask=np.ones((1, 1, 1))).forward(X)),
    (ValueError, r"x: expected shape \(T, B, n\)", lambda: Dropout(0.5, rng=rng()).forward(X[0])),
    (TypeError, "x: expected dtype float64", lambda: Dropout(0.5, rng=rng()).forward(X.astype(np.float32))),
    (ValueError, "x: expected finite", lambda: Dropout(0.5, rng=rng()).forward(X * np.nan)),
    (TypeError, "state: expected None or", lambda: Dropout(0.5, rng=rng()).forward(X, 0)),
    (TypeError, "dstate: expected None or", lambda: _backward(X, 0)),
    (ValueError, "dy: expected shape", lambda: _backward(X[0])),
    (TypeError, "cache: expected the DropoutCache", lambda: Dropout(0.5, rng=rng()).backward(X, None)),
])
def test_errors_name_the_argument(error, words, call):
    with pytest.raises(error, match=words):
        call()


def _backward(dy, dstate=None):
    layer = Dropout(0.5, rng=rng())
    return layer.backward(dy, layer.forward(X)[1], dstate)
