"""Dense and Network: hand numbers, the chain rule by hand, tied weights, nesting, pieces."""
import math

import numpy as np
import pytest

from snu_ref import SGD, SNU, Adam, Dense, Dropout, Network, gradcheck
from snu_ref.network import flat
from snu_ref.snu import SNUState

T, B = 5, 3


def three_layers(seed=0, dtype=np.float64):
    """A spiking layer, a recurrent soft one, a read-out; x, and a cotangent for every output."""
    rng = np.random.default_rng(seed)
    layers = [SNU(3, 4, rng=rng, dtype=dtype),
              SNU(4, 4, rng=rng, h="sigmoid", recurrent=True, train_decay=True, dtype=dtype),
              Dense(4, 2, rng=rng, dtype=dtype)]
    layers[0].params["b"][:] = -0.3
    layers[2].params["b"][:] = rng.normal(size=2)
    x, dy = rng.normal(size=(T, B, 3)).astype(dtype), rng.normal(size=(T, B, 2)).astype(dtype)
    return layers, x, dy


def leaves(state):
    """The arrays of a state, in order."""
    if not isinstance(state, tuple):
        return [state]
    return [leaf for part in state for leaf in leaves(part)]


def random_state(network, rng):
    """A state of the network's form with random numbers of order 1."""
    def fill(state):
        if not isinstance(state, tuple):
            return rng.random(state.shape)
        parts = [fill(part) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    return fill(network.zero_state(B))


def equal(have, want):
    """Whether keys, their order, and all bits of the arrays are equal."""
    assert list(have) == list(want)
    for name in want:
        np.testing.assert_array_equal(have[name], want[name], name)


# ---- Dense --------------------------------------------------------------------------------------

def test_dense_by_hand():
    layer = Dense(2, 3, rng=np.random.default_rng(0))
    layer.params["W"][:] = [[1, 2, 3], [4, 5, 6]]
    layer.params["b"][:] = [10, 20, 30]
    y, cache = layer.forward(np.array([[[1.0, -1]], [[2, 0.5]]]))
    assert y.tolist() == [[[7, 17, 27]], [[14, 26.5, 39]]] and cache.state == ()
    dx, grads, dstate = layer.backward(np.array([[[1.0, 0, 0]], [[0, 1, -1]]]), cache)
    assert dx.tolist() == [[[1, 4]], [[-1, -1]]] and dstate == ()
    assert grads["W"].tolist() == [[1, 2, -2], [-1, 0.5, -0.5]]
    assert grads["b"].tolist() == [1, 1, -1]
    assert layer.backward(np.ones((2, 1, 3)), cache, (), need_dx=False)[0] is None


def test_dense_gradients_satisfy_the_adjoint_identity():
    """y - b is linear in x and in W, so <dy, y - b> = <dx, x> = <dW, W>, and <dy, b> = <db, b>."""
    rng = np.random.default_rng(0)
    layer = Dense(4, 3, rng=rng)
    layer.params["b"][:] = rng.normal(size=3)
    x, dy = rng.normal(size=(T, B, 4)), rng.normal(size=(T, B, 3))
    y, cache = layer.forward(x)
    dx, grads, _ = layer.backward(dy, cache)
    product = (dy * (y - layer.params["b"])).sum()
    assert abs(product) > 1
    assert math.isclose((dx * x).sum(), product, rel_tol=1e-13)
    assert math.isclose((grads["W"] * layer.params["W"]).sum(), product, rel_tol=1e-13)
    want = (dy * layer.params["b"]).sum()
    assert math.isclose((grads["b"] * layer.params["b"]).sum(), want, rel_tol=1e-13)


def test_dense_treats_steps_and_samples_alike():
    layer, rng = Dense(4, 3, rng=np.random.default_rng(0)), np.random.default_rng(1)
    x = rng.normal(size=(T, B, 4))
    y, _ = layer.forward(x)
    for t, b in np.ndindex(T, B):
        alone, _ = layer.forward(x[t:t + 1, b:b + 1])
        np.testing.assert_allclose(alone[0, 0], y[t, b], rtol=1e-14, atol=1e-15)


def test_dense_shapes_counts_and_start_values():
    layer = Dense(40, 60, rng=np.random.default_rng(0))
    assert layer.n_trainable == 40 * 60 + 60 and layer.trainable == ("W", "b")
    assert (layer.in_shape, layer.out_shape, layer.zero_state(2)) == ((40,), (60,), ())
    assert not layer.params["b"].any()
    limit = math.sqrt(6 / 100)  # Glorot-uniform; rows are inputs
    assert layer.params["W"].shape == (40, 60)
    assert 0.99 * limit < np.abs(layer.params["W"]).max() <= limit
    again = Dense(40, 60, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.params["W"], layer.params["W"])


# ---- Network: the chain -------------------------------------------------------------------------

def test_a_network_is_the_composition_of_its_layers():
    layers, x, dy = three_layers()
    network = Network(layers)
    state, dend = (random_state(network, np.random.default_rng(seed)) for seed in (1, 2))
    y, cache = network.forward(x, state)
    y1, cache1 = layers[0].forward(x, state[0])
    y2, cache2 = layers[1].forward(y1, state[1])
    y3, cache3 = layers[2].forward(y2)
    np.testing.assert_array_equal(y, y3)
    for a, b in zip(leaves(cache.state), (*cache1.state, *cache2.state)):
        np.testing.assert_array_equal(a, b)

    dx, grads, dstate = network.backward(dy, cache, dend)
    dy2, grads3, _ = layers[2].backward(dy, cache3)
    dy1, grads2, dstate2 = layers[1].backward(dy2, cache2, dend[1])
    dx0, grads1, dstate1 = layers[0].backward(dy1, cache1, dend[0])
    np.testing.assert_array_equal(dx, dx0)
    equal(grads, {f"{i}.{name}": g for i, own in enumerate((grads1, grads2, grads3))
                  for name, g in own.items()})
    assert all(g.any() for g in grads.values())
    assert dstate[2] == () and len(dstate) == 3
    for a, b in zip(leaves(dstate), (*dstate1, *dstate2)):
        np.testing.assert_array_equal(a, b)
    none, same, _ = network.backward(dy, cache, dend, need_dx=False)
    assert none is None
    equal(same, grads)


def test_gradients_of_a_network_are_right_as_a_whole():
    layers, x, _ = three_layers()
    network = Network(layers)
    start = random_state(network, np.random.default_rng(1))
    rows = gradcheck.check_layer(network, x, rng=np.random.default_rng(1), state=start)
    assert [row.verdict for row in rows] == ["ok"] * len(rows), rows


def test_names_trainable_and_counts():
    layers, _, _ = three_layers()
    network = Network(layers)
    assert list(network.params) == ["0.W", "0.b", "0.decay", "1.W", "1.H", "1.b", "1.decay",
                                    "2.W", "2.b"]
    assert network.trainable == ("0.W", "0.b", "1.W", "1.H", "1.b", "1.decay", "2.W", "2.b")
    assert network.n_trainable == (3 * 4 + 4) + (4 * 4 + 4 * 4 + 4 + 4) + (4 * 2 + 2)
    assert (network.in_shape, network.out_shape, network.dtype) == ((3,), (2,), np.float64)
    for i, layer in enumerate(layers):
        for name, p in layer.params.items():
            assert network.params[f"{i}.{name}"] is p
    with pytest.raises(TypeError):
        network.params["0.W"] = np.zeros((3, 4))  # arrays are changed in place, never replaced


def test_pieces_of_a_sequence_chain_exactly():
    layers, x, dy = three_layers()
    network = Network(layers)
    start, dend = (random_state(network, np.random.default_rng(seed)) for seed in (1, 2))
    y, cache = network.forward(x, start)
    dx, grads, dstart = network.backward(dy, cache, dend)
    y1, cache1 = network.forward(x[:2], start)
    y2, cache2 = network.forward(x[2:], cache1.state)
    dx2, grads2, between = network.backward(dy[2:], cache2, dend)
    dx1, grads1, dstate = network.backward(dy[:2], cache1, between)
    close = dict(rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(np.concatenate([y1, y2]), y, **close)
    np.testing.assert_allclose(np.concatenate([dx1, dx2]), dx, **close)
    for name in grads:
        np.testing.assert_allclose(grads1[name] + grads2[name], grads[name], **close)
    for a, b in zip(leaves(dstate), leaves(dstart)):
        np.testing.assert_allclose(a, b, **close)
    for a, b in zip(leaves(cache2.state), leaves(cache.state)):
        np.testing.assert_allclose(a, b, **close)


def test_no_state_means_zero_state():
    layers, x, dy = three_layers()
    network = Network(layers)
    zero = network.zero_state(B)
    assert [type(part) for part in zero] == [SNUState, SNUState, tuple]
    assert not any(a.any() for a in leaves(zero))
    y, cache = network.forward(x)
    np.testing.assert_array_equal(network.forward(x, zero)[0], y)
    _, grads, _ = network.backward(dy, cache)
    equal(network.backward(dy, cache, zero)[1], grads)


def test_nested_networks_are_the_flat_one_under_longer_names():
    layers, x, dy = three_layers()
    flat, nested = Network(layers), Network([layers[0], Network(layers[1:])])
    names = {"0": "0", "1": "1.0", "2": "1.1"}
    renamed = {f"{names[name[0]]}{name[1:]}": name for name in flat.params}
    assert list(nested.params) == list(renamed)
    assert [renamed[name] for name in nested.trainable] == list(flat.trainable)
    assert nested.n_trainable == flat.n_trainable
    start, dend = (random_state(flat, np.random.default_rng(seed)) for seed in (1, 2))
    y, cache = flat.forward(x, start)
    y2, cache2 = nested.forward(x, (start[0], start[1:]))
    np.testing.assert_array_equal(y, y2)
    dx, grads, dstate = flat.backward(dy, cache, dend)
    dx2, grads2, dstate2 = nested.backward(dy, cache2, (dend[0], dend[1:]))
    np.testing.assert_array_equal(dx, dx2)
    equal({renamed[name]: g for name, g in grads2.items()}, grads)
    for a, b in zip(leaves(dstate2), leaves(dstate)):
        np.testing.assert_array_equal(a, b)


def test_a_single_layer_is_a_network_of_one():
    layers, x, _ = three_layers()
    y, cache = Network(layers[:1]).forward(x)
    want, _ = layers[0].forward(x)
    np.testing.assert_array_equal(y, want)
    dx, grads, _ = Network(layers[:1]).backward(y, cache)
    assert dx.shape == x.shape and list(grads) == ["0.W", "0.b", "0.decay"]


def test_layers_of_any_input_shape_fit_anywhere():
    """A layer with in_shape None, which works point by point, may follow any other layer."""
    layers, _, _ = three_layers()
    vars(layers[1])["in_shape"] = None
    Network([layers[2], layers[1]])


def test_a_network_that_begins_or_ends_in_a_dropout_has_the_shapes_of_its_other_layers():
    drop = [Dropout(0.5, rng=np.random.default_rng(i)) for i in range(2)]
    inner = Network([drop[0], Dense(3, 2, rng=np.random.default_rng(2)), drop[1]])
    assert (inner.in_shape, inner.out_shape) == ((3,), (2,))
    assert (Network(drop).in_shape, Network(drop).out_shape) == (None, None)
    with pytest.raises(ValueError, match=r"layers\[1\]: expected inputs of shape \(2,\)"):
        Network([inner, inner])


# ---- tied weights -------------------------------------------------------------------------------

def tied_and_free():
    """Two networks of equal numbers: the layers of the first share one W, of the second none."""
    networks = []
    for tied in (True, False):
        rng = np.random.default_rng(0)
        first, second = SNU(4, 4, rng=rng, h="sigmoid"), Dense(4, 4, rng=rng)
        W = first.params["W"]
        second.tie("W", W if tied else W.copy())
        networks.append(Network([first, second]))
    x, dy = rng.normal(size=(T, B, 4)), rng.normal(size=(T, B, 4))
    return *networks, x, dy


def test_a_tied_array_appears_once_and_its_gradient_is_the_sum():
    tied, free, x, dy = tied_and_free()
    assert list(tied.params) == ["0.W", "0.b", "0.decay", "1.b"]
    assert tied.trainable == ("0.W", "0.b", "1.b")
    assert tied.n_trainable == 16 + 4 + 4 and free.n_trainable == 16 + 4 + 16 + 4
    y, cache = tied.forward(x)
    np.testing.assert_array_equal(y, free.forward(x)[0])
    dx, grads, _ = tied.backward(dy, cache)
    dx_free, parts, _ = free.backward(dy, free.forward(x)[1])
    np.testing.assert_array_equal(dx, dx_free)
    total = parts["0.W"] + parts.pop("1.W")
    equal(grads, {**parts, "0.W": total})
    start = random_state(tied, np.random.default_rng(1))
    rows = gradcheck.check_layer(tied, x, rng=np.random.default_rng(1), state=start)
    assert [row.verdict for row in rows] == ["ok"] * len(rows), rows


@pytest.mark.parametrize("make_optimiser", [lambda: SGD(0.1, momentum=0.5), lambda: Adam(0.1)])
def test_an_optimiser_moves_a_tied_array_once(make_optimiser):
    tied, _, x, dy = tied_and_free()
    _, grads, _ = tied.backward(dy, tied.forward(x)[1])
    single = {"W": tied.params["0.W"].copy()}
    make_optimiser().step(single, {"W": grads["0.W"]})
    before = tied.params["0.W"].copy()
    make_optimiser().step(tied.params, {name: grads[name] for name in tied.trainable})
    np.testing.assert_array_equal(tied.params["0.W"], single["W"])
    assert tied.layers[1].params["W"] is tied.layers[0].params["W"]
    assert (tied.params["0.W"] != before).all()


def test_one_layer_in_two_places_is_tied_to_itself():
    layer = Dense(3, 3, rng=np.random.default_rng(0))
    x, dy = np.random.default_rng(1).normal(size=(2, T, B, 3))
    network = Network([layer, Network([layer])])
    y, cache = network.forward(x)
    W, b = layer.params["W"], layer.params["b"]
    np.testing.assert_allclose(y, (x @ W + b) @ W + b, rtol=1e-13, atol=1e-15)
    dx, grads, _ = network.backward(dy, cache)
    np.testing.assert_allclose(dx, dy @ W.T @ W.T, rtol=1e-13, atol=1e-15)
    assert list(grads) == list(network.params) == ["0.W", "0.b"] == list(network.trainable)
    np.testing.assert_allclose(grads["0.b"], (dy + dy @ W.T).sum(axis=(0, 1)), rtol=1e-13)


def test_an_array_is_trainable_if_it_is_so_in_any_of_its_places():
    rng = np.random.default_rng(0)
    first, second = SNU(3, 3, rng=rng), SNU(3, 3, rng=rng, train_decay=True)
    second.tie("decay", first.params["decay"])
    assert Network([first, second]).trainable == ("0.W", "0.b", "1.W", "1.b", "0.decay")


def test_parts_of_nested_networks_are_numbered():
    (first, second, third), *_ = three_layers()
    whole = Network([Network([first, Network([second])]), third])
    wanted = ["0.0", "0.1.0", "1"]
    assert flat(whole) == list(zip(wanted, (first, second, third)))
    _, cache = whole.forward(np.zeros((T, B, 3)))
    assert [place for place, _ in flat(cache)] == wanted
    assert flat(first) == [("", first)]
