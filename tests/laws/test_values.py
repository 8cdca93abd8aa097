"""Layers are values: the numbers in `params`, and `trainable`, change and nothing else."""
import copy
import pickle

import numpy as np
import pytest

from helpers.public_calls import B, LAYERS, arguments_of, flat
from snu_ref import SNU, Dense, Embedding, Network, TiedOutput
from snu_ref.activations import SURROGATES


def sine_slope(v):
    return np.cos(v)


def made(name):
    return LAYERS[name](np.random.default_rng(0), np.float64)


def both_passes(layer, name):
    a = arguments_of(name, np.random.default_rng(1))
    y, cache = layer.forward(a["x"])
    return flat([y, layer.backward(a["dy"], cache)])


@pytest.mark.parametrize("name", LAYERS)
def test_every_attribute_but_trainable_is_fixed(name):
    layer = made(name)
    before = both_passes(layer, name)
    for attribute in [*vars(layer), "new"]:
        if attribute == "trainable":
            continue
        with pytest.raises(AttributeError, match=f"^{attribute}: expected no change .* make a"):
            setattr(layer, attribute, 1)
    for a, b in zip(before, both_passes(layer, name)):
        np.testing.assert_array_equal(a, b)


def pickled(layer):
    return pickle.loads(pickle.dumps(layer))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("name", LAYERS)
def test_a_copy_computes_the_same_bits_and_is_fixed_too(name, again):
    layer = made(name)
    other = again(layer)
    assert type(other) is type(layer) and other.trainable == layer.trainable
    for a, b in zip(both_passes(layer, name), both_passes(other, name)):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(AttributeError):
        other.in_shape = (1,)
    if again is not copy.copy:
        for name, p in layer.params.items():
            assert not np.shares_memory(p, other.params[name])


@pytest.mark.parametrize("surrogate", [*SURROGATES, (np.sin, sine_slope)])
def test_a_unit_with_any_surrogate_pickles(surrogate):
    unit = SNU(3, 4, rng=np.random.default_rng(0), surrogate=surrogate)
    x, dy = np.random.default_rng(1).normal(size=(2, 5, B, 4))
    other = pickle.loads(pickle.dumps(unit))
    for layer in (unit, other):
        layer.params["W"][:] = 1
    results = [layer.backward(dy, layer.forward(x[..., :3])[1])[1]["W"] for layer in (unit, other)]
    assert results[0].any() and np.array_equal(*results)


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_tied_layers_stay_tied_in_a_copy(again):
    words = Embedding(6, 4, rng=np.random.default_rng(0))
    other = again(Network([words, TiedOutput(words)]))
    assert other.layers[0].params["E"] is other.layers[1].params["E"]
    assert list(other.params) == ["0.E", "1.b"]


def test_a_table_can_be_loaded_in_place_only_and_stays_tied():
    words = Embedding(6, 4, rng=np.random.default_rng(0))
    logits, loaded = TiedOutput(words), np.ones((6, 4))
    for layer in (words, logits, Network([words])):
        name = "0.E" if isinstance(layer, Network) else "E"
        before = layer.params[name].copy()
        with pytest.raises(TypeError, match=r'^params\["(0\.)?E"\]: expected a change in place'):
            layer.params[name] = loaded
        assert np.array_equal(layer.params[name], before)
        with pytest.raises((TypeError, AttributeError)):
            del layer.params[name]
    words.params["E"][...] = loaded
    words.params["E"] *= 2                       # Python assigns the array that it changed: allowed
    assert (logits.params["E"] == 2).all()


def test_tie_shares_an_array_of_the_right_kind():
    first, second = (Dense(3, 3, rng=np.random.default_rng(seed)) for seed in (0, 1))
    second.tie("W", first.params["W"])
    assert list(Network([first, second]).params) == ["0.W", "0.b", "1.b"]
    for wrong, error in ((np.ones((3, 2)), ValueError), (np.ones((3, 3), np.float32), TypeError),
                         (np.full((3, 3), np.nan), ValueError), ([[1.0] * 3] * 3, TypeError)):
        with pytest.raises(error, match=r'^params\["W"\]: expected'):
            second.tie("W", wrong)
        assert second.params["W"] is first.params["W"]


def test_what_is_trainable_may_change():
    unit = SNU(2, 3, rng=np.random.default_rng(0))
    unit.trainable = ["W", "decay"]
    assert unit.trainable == ("W", "decay") and unit.n_trainable == 6 + 3
    assert Network([unit]).trainable == ("0.W", "0.decay")


def test_what_is_trainable_is_a_list_of_names_each_once():
    unit = SNU(2, 3, rng=np.random.default_rng(0))
    for names in (("W", "W"), "W", None, ("Q",)):
        with pytest.raises(ValueError, match="^trainable: expected some of W, b, decay, each"):
            unit.trainable = names
    assert unit.n_trainable == 2 * 3 + 3


def test_no_attribute_can_be_deleted():
    unit = SNU(2, 3, rng=np.random.default_rng(0))
    for value, name in ((unit, "h"), (Network([unit]), "layers")):
        with pytest.raises(AttributeError, match=f"^{name}: expected no change of this"):
            delattr(value, name)
    assert unit.h.name == "step"
