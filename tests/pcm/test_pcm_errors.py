"""Bad input to an array is named and changes nothing; checkpoints come back exactly."""

import numpy as np
import pytest
from helpers.quiet_arrays import quiet, same_state, set_pairs

from snu_ref.pcm import (ColumnNoise, ColumnReadout, PCMArray, RefreshNoise, TimeRunsBackwards,
                         UpdateNoise, UpdateRule, draw_stuck, full_scale)


# --------------------------------------------------------------------------- bad input

Z = np.zeros((4, 3))
NAN = np.where(np.arange(12).reshape(4, 3) == 5, np.nan, 0.0)
FULL = np.zeros((2, 1, 4, 3))
BAD = [
    (r"\bt\b", TimeRunsBackwards, lambda a: a.program(Z, 9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.read_weights(9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.product(np.ones((2, 4)), 9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.refresh(9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.wait(9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.conductance(9.0)),
    (r"\bt\b", TimeRunsBackwards, lambda a: a.calibrate(9.0)),
    (r"\bt\b", TypeError, lambda a: a.read_weights()),
    (r"\bt\b", TypeError, lambda a: a.product(np.ones((2, 4)))),
    (r"\bt\b", TypeError, lambda a: a.program(Z)),
    (r"\bt\b", ValueError, lambda a: a.read_weights(np.nan)),
    ("W", ValueError, lambda a: a.program(np.full((4, 3), 3.2), 20.0)),
    ("W", ValueError, lambda a: a.program(np.full((4, 3), -3.2), 20.0)),
    ("W", ValueError, lambda a: a.program(NAN, 20.0)),
    ("W", ValueError, lambda a: a.program(np.zeros((3, 4)), 20.0)),
    ("W", TypeError, lambda a: a.program(np.zeros((4, 3), dtype=int), 20.0)),
    ("W", ValueError, lambda a: a.program(np.ones((4, 3)), 20.0, scale=25.1)),
    ("scale", ValueError, lambda a: a.program(Z, 20.0, scale=0.0)),
    ("dW", ValueError, lambda a: a.update(NAN)),
    ("dW", ValueError, lambda a: a.update(np.zeros(3))),
    ("dW", ValueError, lambda a: a.update(np.zeros((1, 3)))),
    ("dW", ValueError, lambda a: a.update(np.full((4, 3), np.inf))),
    ("dW", TypeError, lambda a: a.update(np.zeros((4, 3), dtype=int))),
    ("dW", TypeError, lambda a: a.update(0.1)),
    ("pulses", ValueError, lambda a: a.update(np.full((4, 3), 1e4))),
    ("noise", TypeError, lambda a: a.update(np.ones((4, 3)), noise=FULL)),
    ("noise.pulses", ValueError, lambda a: a.update(np.ones((4, 3)), noise=UpdateNoise(FULL))),
    ("noise.pulses", ValueError,
     lambda a: a.update(np.ones((4, 3)), noise=UpdateNoise(FULL[None]))),  # one round; it needs ten
    ("refresh", TypeError, lambda a: a.update(np.full((4, 3), 0.1), noise=UpdateNoise(0.0))),
    ("noise.reset", ValueError,
     lambda a: a.update(np.full((4, 3), 0.1),
                        noise=UpdateNoise(0.0, RefreshNoise(0.0, FULL[0], 0.0)))),
    ("noise.rewrite", TypeError,
     lambda a: a.refresh(20.0, noise=RefreshNoise(0.0, 0.0, FULL))),
    ("noise", ValueError, lambda a: a.read_weights(20.0, noise=FULL[:, 0])),
    ("noise", ValueError, lambda a: a.read_weights(20.0, noise=FULL * np.nan)),
    ("noise", ValueError, lambda a: a.product(np.ones((2, 4)), 20.0, noise=FULL[0])),
    (r"\bx\b", ValueError, lambda a: np.ones((2, 3)) @ a),
    (r"\bx\b", ValueError, lambda a: np.array([1.0, np.nan, 0.0, 0.0]) @ a),
    (r"\bx\b", TypeError, lambda a: np.ones((2, 4), dtype=int) @ a),
    (r"\bx\b", TypeError, lambda a: [1.0, 2.0, 3.0, 4.0] @ a),
    ("state", TypeError, lambda a: a.restore([1.0])),
    ("state", ValueError, lambda a: a.restore({})),
]


@pytest.mark.parametrize("name, error, call", BAD)
def test_bad_input_is_named_and_changes_nothing(name, error, call):
    array = PCMArray(4, 3, noise=0.0, t=10.0, rule=UpdateRule(refresh_every=2))
    array.update(np.full((4, 3), 0.15), noise=0.3)  # the next update brings a refresh
    before, counters = array.state(), dict(array.counters)
    with pytest.raises(error, match=name):
        call(array)
    assert same_state(before, array.state()) and counters == array.counters


def test_blind_rewrites_ask_for_enough_draws_before_anything_happens():
    array = quiet(rule=UpdateRule(refresh="blind"))
    set_pairs(array, 12.0, 7.0)
    before = array.state()
    with pytest.raises(
        ValueError, match="noise.rewrite: expected draws for 8 rounds of pulses, got 7"
    ):
        array.refresh(0.0, noise=RefreshNoise(0.0, 0.0, np.zeros((7, *array.device_shape))))
    assert same_state(before, array.state())
    array.refresh(0.0, noise=RefreshNoise(0.0, 0.0, np.zeros((8, *array.device_shape))))
    assert array.counters["refreshes"] == 12


def test_noise_of_a_column_product_is_checked():
    array = quiet(readout=ColumnReadout(output_noise=0.1))
    x, before = np.ones((2, 4)), array.state()
    for noise, error in ((ColumnNoise(0.0, np.zeros((2, 3))), ValueError), (FULL, TypeError),
                         (ColumnNoise(FULL[0], 0.0), ValueError)):
        with pytest.raises(error, match="noise"):
            array.product(x, 0.0, noise=noise)
    assert same_state(before, array.state())


@pytest.mark.parametrize("options, name, error", [
    (dict(noise=None), "noise", TypeError), (dict(noise=FULL), "noise", TypeError),
    (dict(scale=0.0), "scale", ValueError), (dict(scale="8"), "scale", TypeError),
    (dict(pairs=0), "pairs", ValueError), (dict(read_noise="pink"), "read_noise", ValueError),
    (dict(readout="device"), "readout", TypeError), (dict(rule=0.77), "rule", TypeError),
    (dict(stuck=np.zeros((4, 3), dtype=int)), "stuck", ValueError),
    (dict(t=np.nan), "t", ValueError),
    (dict(n_in=0), "n_in", ValueError), (dict(n_out=2.0), "n_out", TypeError)])
def test_bad_settings_of_an_array(options, name, error):
    with pytest.raises(error, match=name):
        PCMArray(**dict(n_in=4, n_out=3, noise=0.0) | options)


@pytest.mark.parametrize("options, name", [
    (dict(epsilon=0.0), "epsilon"), (dict(seconds=-1.0), "seconds"),
    (dict(refresh_every=0), "refresh_every"), (dict(refresh_below=9.0), "refresh_below"),
    (dict(refresh="later"), "refresh")])
def test_bad_settings_of_a_rule(options, name):
    with pytest.raises(ValueError, match=name):
        UpdateRule(**options)


def test_weights_without_a_largest_one_have_no_scale():
    with pytest.raises(ValueError, match="W"):
        full_scale(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="W"):
        PCMArray.from_weights(np.ones(3), noise=0.0)
    with pytest.raises(ValueError, match="W"):
        full_scale(np.array([[1.0, np.nan]]))


# -------------------------------------------------------------------------- checkpoint

@pytest.mark.parametrize("read_noise", ["white", "1/f"])
def test_a_restored_array_goes_on_exactly_as_the_first(read_noise):
    rng = np.random.default_rng(11)
    stuck = draw_stuck((2, 2, 4, 3), 0.05, 0.05, rng=rng)

    def build():
        return PCMArray(4, 3, pairs=2, noise=np.random.default_rng(12), stuck=stuck,
                        read_noise=read_noise, rule=UpdateRule(refresh_every=5))

    first, steps = build(), rng.normal(0, 0.4, (12, 4, 3))
    first.program(rng.uniform(-1, 1, (4, 3)), 0.0, scale=9.0)
    first.calibrate(30.0)
    for dW in steps[:7]:
        first.update(dW)
    first.compensate(5000.0)
    kept = first.state()
    second = build()
    second.restore({name: value.copy() for name, value in kept.items()})
    assert same_state(kept, second.state()) and second.counters == first.counters
    for array in (first, second):
        array.noise = np.random.default_rng(13)
        for dW in steps[7:]:
            array.update(dW)
        array.compensate(9000.0)
    assert same_state(first.state(), second.state())
    np.testing.assert_array_equal(first.read_weights(9000.0), second.read_weights(9000.0))


def test_a_checkpoint_is_a_copy_of_plain_arrays():
    array = quiet()
    kept = array.state()
    assert all(isinstance(value, np.ndarray) and value.dtype != object for value in kept.values())
    array.update(np.ones((4, 3)))
    assert (kept["chi"] == 0).all() and kept["now"] == 0.0 and (kept["P"] == 1.0).all()
    array.restore(kept)
    array.update(np.ones((4, 3)))
    assert (kept["chi"] == 0).all() and kept["now"] == 0.0 and (kept["P"] == 1.0).all()


@pytest.mark.parametrize(
    "name, value",
    [
        ("chi", np.zeros((3, 4))),
        ("chi", NAN),
        ("turn", np.full((4, 3), 1)),
        ("turn", np.eye(4, 3, dtype=int)),
        ("turn", np.zeros((4, 4), dtype=int)),
        ("counters", np.zeros(6, dtype=int)),
        ("counters", np.full(7, -1)),
        ("scale", np.array(0.0)),
        ("scale", np.ones(1)),
        ("drift_factor", np.array(-1.0)),
        ("drift_reference", np.ones(2)),
        ("held_t", np.ones(1)),
        ("held_N", np.zeros((1, 2, 1, 3, 4))),
        ("G0", np.zeros((2, 1, 3, 4))),
        ("more", np.zeros(1)),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(name, value):
    array = quiet()
    array.update(np.full((4, 3), 0.15))
    before = array.state()
    with pytest.raises(ValueError, match="state"):
        array.restore(before | {name: value})
    with pytest.raises(TypeError, match="turn"):
        array.restore(before | {"turn": np.zeros((4, 3))})
    assert same_state(before, array.state())
