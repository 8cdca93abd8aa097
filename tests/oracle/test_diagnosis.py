"""The diagnosis: every mistake of the catalogue is found by its numbers, right ports are left alone.

The wrong ports are the second unit (`second_unit`), with an equation edited (`wrong_units`); it shares
nothing with the variants that the diagnosis runs.
"""
import numpy as np
import pytest
from helpers.second_unit import Port
from test_variants import outputs_of_unit, shows
from helpers.wrong_units import CONFIG, SETTINGS, WRONG, draw

from snu_ref.oracle.diagnosis import variants
from snu_ref.oracle.diagnosis.search import diagnose, explains
from snu_ref.oracle.diagnosis.variants import find, run_variant

FLOAT64, FLOAT32 = 1e-10, 1e-6
INHIBITED = dict(CONFIG, lateral_inhibition=True)
RECURRENT = dict(CONFIG, recurrent=True)
SOFT = dict(CONFIG, h="sigmoid")
ORDINARY = ("y", "end.s", "end.y", "grad.W", "grad.H", "grad.b", "grad.decay", "grad.x", "start.s", "start.y")


@pytest.fixture(scope="module", autouse=True)
def runs_are_shared():
    """Each change is run once for all tests on one case: the diagnosis of one port takes longer than the port."""
    kept, run = {}, variants.run

    def shared(config, inputs, changes, dtype=np.float64, backward=True):
        key = (str(config), id(inputs), dtype, backward, *((name, id(change)) for name, change in changes.items()))
        if key not in kept:
            kept[key] = run(config, inputs, changes, dtype, backward), inputs, dict(changes)  # so that ids stay
        return dict(kept[key][0])
    variants.run = shared
    yield
    variants.run = run


CASES = [(config, make(config)) for config, make in SETTINGS]
RIGHT = [run_variant(config, inputs, ()) for config, inputs in CASES]


def case_for(name):
    """The first case in which a mistake shows: config, inputs, right outputs."""
    return next((c, i, o) for (c, i), o in zip(CASES, RIGHT) if shows(c, i, name))


def names_of(explanations):
    return [e.names for e in explanations if not e.unmatched]


# ---- one mistake --------------------------------------------------------------------------------

@pytest.mark.parametrize("name", WRONG)
def test_every_single_mistake_is_found_and_named(name):
    config, inputs, right = case_for(name)
    got = Port(config, **WRONG[name](config))(inputs)
    found = diagnose(config, inputs, got, right, FLOAT64, pairs=False, seconds=60)
    assert (name,) in names_of(found)
    assert all(len(e.names) == 1 and not e.unmatched and e.digits > 12 for e in found)
    chosen = next(e for e in found if e.names == (name,))
    assert chosen.text == find(name).text and set(chosen.also) == set(names_of(found)) - {(name,)}
    for e in found:  # what is listed beside it cannot be told from it by this case
        assert explains(config, inputs, got, right, FLOAT64, e.names)


@pytest.mark.parametrize("name", ["reset_detached", "bias_subtracted", "no_reset", "bias_in_state", "surrogate_at_s",
                                  "decay_squared", "H_transposed", "inhibition_across_batch", "mean_over_time",
                                  "leaky_slope=0.01", "gradient_cut_after_one_step", "g_left_out", "h_slope_left_out",
                                  "state_not_cleared_in_batch", "time_reversed", "reset_by_one_after_decay"])
def test_a_port_without_traces_is_diagnosed_in_float32(name):
    """Outputs and gradients alone, with float32's rounding errors; the right name is among few."""
    config, inputs, right = case_for(name)
    got = Port(config, **WRONG[name](config))(inputs)
    got = {k: a.astype(np.float32) for k, a in got.items() if k in ORDINARY}
    found = diagnose(config, inputs, got, right, FLOAT32, pairs=False, seconds=60)
    assert (name,) in names_of(found) and len(found) <= 4


def test_what_cannot_be_told_apart_is_listed_together():
    """By itself the gradient of b cannot tell a threshold from a sign; both are named, each with the other."""
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    got = dict(right, **{"grad.decay": 0 * right["grad.decay"]})
    found = diagnose(CONFIG, inputs, {"grad.b": -right["grad.b"]}, right, FLOAT64)
    assert ("threshold_gradient",) in names_of(found)
    found = diagnose(CONFIG, inputs, got, right, FLOAT64)
    assert names_of(found) == [("decay_constant",)]
    one_sample = draw(INHIBITED, n=1)
    right = run_variant(INHIBITED, one_sample, ())
    found = diagnose(INHIBITED, one_sample, run_variant(INHIBITED, one_sample, ("reset_by_one",)), right, FLOAT64)
    assert len(found) == 1 or all(set(e.also) == set(names_of(found)) - {e.names} for e in found)


# ---- several, or with a number ------------------------------------------------------------------

PAIRS = [(CONFIG, "reset_detached", "bias_subtracted"), (CONFIG, "surrogate_arctan", "reset_detached"),
         (CONFIG, "no_reset", "step_at_zero_fires"), (RECURRENT, "feedback_gated", "surrogate_at_s"),
         (CONFIG, "decay_squared", "g_left_out"), (SOFT, "h_slope_left_out", "reset_detached"),
         (RECURRENT, "no_self_feedback", "bias_subtracted")]


@pytest.mark.parametrize("config, one, two", PAIRS)
def test_two_mistakes_are_found_together(config, one, two):
    inputs = draw(config, T=4, seed=3)
    right = run_variant(config, inputs, ())
    first, second = WRONG[one](config), WRONG[two](config)
    got = Port(config, edits=[*first.pop("edits", ()), *second.pop("edits", ())], **first, **second)(inputs)
    found = diagnose(config, inputs, got, right, FLOAT64, seconds=60)
    assert any(set(names) == {one, two} for names in names_of(found)) \
        or names_of(found) == [(one,)] and not shows(config, inputs, two)  # the other has nothing to show here


def test_no_pairs_on_request():
    inputs = draw(CONFIG, T=4)
    right = run_variant(CONFIG, inputs, ())
    got = run_variant(CONFIG, inputs, ("decay_squared", "bias_subtracted"))
    assert not names_of(diagnose(CONFIG, inputs, got, right, FLOAT64, pairs=False))


def test_three_mistakes_two_of_them_in_the_backward_pass():
    """The traces tell the first, so that two more can be looked for."""
    inputs = draw(CONFIG, T=4)
    right = run_variant(CONFIG, inputs, ())
    names = ("decay_squared", "surrogate_triangle", "reset_detached")
    found = diagnose(CONFIG, inputs, run_variant(CONFIG, inputs, names), right, FLOAT64, seconds=60)
    assert set(names) in map(set, names_of(found))


@pytest.mark.parametrize("config, kwargs, name", [
    (CONFIG, dict(h=(lambda v: 1.0 * (v > 0), lambda v: 0.37 / np.cosh(v) ** 2)), "surrogate_scaled=0.37"),
    (CONFIG, dict(h=(lambda v: 1.0 * (v > 0), lambda v: 1 / np.cosh(1.7 * v) ** 2)), "surrogate_sharpened=1.7"),
    (CONFIG, dict(edits=[("x @ W", "0.3 * (x @ W)")]), "input_scaled=0.3"),
    (CONFIG, dict(edits=[("decay * (", "0.55 * (")]), "decay_fixed_at=0.55"),
    (CONFIG, dict(edits=[("1 - fired", "1 - 0.6 * fired")]), "reset_scaled=0.6"),
    (SOFT, dict(h=(lambda v: 1 / (1 + np.exp(-3.5 * v)),
                   lambda v: 3.5 / (2 + np.exp(3.5 * v) + np.exp(-3.5 * v)))), "sigmoid_of_scaled_v=3.5"),
    (dict(CONFIG, g="leaky_relu"), dict(g=(lambda z: np.maximum(z, 0.07 * z),
                                           lambda z: np.where(z > 0, 1, 0.07))), "leaky_slope=0.07"),
])
def test_a_number_is_estimated(config, kwargs, name):
    inputs = draw(config)
    right = run_variant(config, inputs, ())
    found = diagnose(config, inputs, Port(config, **kwargs)(inputs), right, FLOAT64, seconds=60)
    assert (name,) in names_of(found)


@pytest.mark.parametrize("change, name", [
    (lambda o: {"grad.x": -o["grad.x"]}, "grad.x: times -1"),
    (lambda o: {"grad.x": 2 * o["grad.x"]}, "grad.x: times 2"),
    (lambda o: {"grad.W": o["grad.W"].T}, "grad.W: transposed"),
    (lambda o: {"grad.W": o["grad.W"] / 6}, "grad.W: times 1/T"),
    (lambda o: {"grad.b": o["grad.b"] / 2, "grad.W": o["grad.W"] / 2}, "grad.W,grad.b: times 1/2"),
    (lambda o: {"z": np.concatenate([0 * o["z"][:1], o["z"][:-1]])}, "z: one step late"),
    (lambda o: {"grad.x": o["grad.x"] * np.array([1, 1, 1, 1, 1, 0.0])[:, None, None]},
     "grad.x: without its last step"),
    (lambda o: {"s": o["s"][..., ::-1]}, "s: with the units in reverse order"),
    (lambda o: {"grad.W": 0.37 * o["grad.W"]}, "grad.W: times 0.37"),
    (lambda o: {k: 0.37 * a for k, a in o.items() if k.startswith(("adj", "grad", "start"))}, "loss_scaled=0.37"),
])
def test_single_tensors_in_a_simple_relation(change, name):
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    found = diagnose(CONFIG, inputs, {**right, **change(right)}, right, FLOAT64)
    assert (name,) in names_of(found)
    assert explains(CONFIG, inputs, {**right, **change(right)}, right, FLOAT64, (name,))


def test_a_relation_on_top_of_a_mistake():
    inputs = draw(CONFIG, T=4)
    right = run_variant(CONFIG, inputs, ())
    got = run_variant(CONFIG, inputs, ("bias_subtracted",))
    got["grad.W"] = got["grad.W"].T
    found = diagnose(CONFIG, inputs, got, right, FLOAT64, seconds=60)
    assert ("bias_subtracted", "grad.W: transposed") in names_of(found)


# ---- right ports, and what no change explains ----------------------------------------------------

@pytest.mark.parametrize("config", [CONFIG, RECURRENT, INHIBITED, SOFT, dict(SOFT, g="leaky_relu", recurrent=True)])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, FLOAT64), (np.float32, FLOAT32)])
def test_right_ports_are_left_alone_whatever_the_order_of_their_sums(config, dtype, tolerance):
    """Units, inputs and samples in another order: the same equations, rounded otherwise."""
    for seed in range(5):
        inputs = draw(config, B=5, n=5, seed=seed)
        right = run_variant(config, inputs, ())
        assert diagnose(config, inputs, outputs_of_unit(config, inputs, dtype), right, tolerance) == []
        units, samples = (np.random.default_rng(seed).permutation(5) for _ in range(2))
        mixed = {k: a[units] if a.ndim == 1 else a[units][:, units] if k.startswith("params")
                 else a[..., samples, :][..., units] for k, a in inputs.items()}
        got = outputs_of_unit(config, mixed, dtype)
        back, first = np.argsort(units), np.argsort(samples)
        got = {k: a[back] if a.ndim == 1 else a[back][:, back] if k in ("grad.W", "grad.H")
               else a[..., first, :][..., back] for k, a in got.items()}
        assert diagnose(config, inputs, got, right, tolerance) == []


def test_a_mistake_that_nobody_listed_is_explained_in_part_or_not_at_all():
    """The threshold moves with time: no change explains the outputs, and none is said to."""
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    got = Port(CONFIG, edits=[("s + b", "s + b * (1 + 0.1 * t * t)")])(inputs)
    found = diagnose(CONFIG, inputs, got, right, FLOAT64, pairs=False)
    assert all(e.unmatched for e in found)


def test_a_partial_explanation_says_what_it_leaves_open():
    inputs = draw(CONFIG, T=4)
    right = run_variant(CONFIG, inputs, ())
    got = run_variant(CONFIG, inputs, ("reset_detached",))
    got["grad.W"] = got["grad.W"] ** 3
    got["grad.x"] = got["grad.x"] ** 3
    best = diagnose(CONFIG, inputs, got, right, FLOAT64, pairs=False)[0]
    assert best.names == ("reset_detached",) and set(best.unmatched) == {"grad.W", "grad.x"}
    assert set(best.matched) | set(best.unmatched) == set(got)
    assert best.text.startswith("explains z, s, v, y, ") and "but not grad.x, grad.W: the reset gate is" in best.text


def test_single_precision_in_a_float64_check():
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    got = outputs_of_unit(CONFIG, inputs, np.float32)
    found = diagnose(CONFIG, inputs, got, right, FLOAT64)
    assert names_of(found) == [("float32",)] and 5.5 < found[0].digits < 8
    assert explains(CONFIG, inputs, got, right, FLOAT64, ("float32",))


@pytest.mark.parametrize("name", ["products_in_tf32", "products_in_bfloat16"])
def test_rounded_products(name):
    rng = np.random.default_rng(4)
    inputs = {k: a * rng.uniform(0.9, 1.1, a.shape).astype(np.float32) for k, a in draw(SOFT).items()}
    right = run_variant(SOFT, inputs, ())
    got = run_variant(SOFT, inputs, (name,), np.float32)
    assert names_of(diagnose(SOFT, inputs, got, right, FLOAT32, pairs=False)) == [(name,)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none(bad):
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    got = dict(right, s=np.where(right["s"] == right["s"].max(), bad, right["s"]))
    assert all(e.unmatched for e in diagnose(CONFIG, inputs, got, right, FLOAT64, pairs=False))


def test_overflow_in_the_runs_of_wrong_units_makes_no_noise():
    """Warnings are errors here; some variants overflow on saturated units."""
    inputs = draw(SOFT)
    inputs["params.b"] = np.array([-1000.0, 1000, -40])
    right = run_variant(SOFT, inputs, ())
    found = diagnose(SOFT, inputs, run_variant(SOFT, inputs, ("reset_detached",)), right, FLOAT64)
    assert ("reset_detached",) in names_of(found)


# ---- the arguments ------------------------------------------------------------------------------

def test_other_units_are_not_diagnosed():
    assert diagnose({"unit": "lstm"}, {}, {"y": np.zeros(1)}, {"y": np.ones(1)}, FLOAT64) == []


def test_the_time_is_kept():
    inputs = draw(CONFIG, T=4)
    right = run_variant(CONFIG, inputs, ())
    got = {k: a + 0.1 for k, a in right.items()}
    assert all(e.unmatched for e in diagnose(CONFIG, inputs, got, right, FLOAT64, seconds=0))


def test_explains_refuses_what_does_not_fit_and_what_is_right():
    inputs = draw(CONFIG)
    right = run_variant(CONFIG, inputs, ())
    got = run_variant(CONFIG, inputs, ("no_reset",))
    assert explains(CONFIG, inputs, got, right, FLOAT64, ("no_reset",))
    assert not explains(CONFIG, inputs, got, right, FLOAT64, ("no_decay",))
    assert not explains(CONFIG, inputs, right, right, FLOAT64, ())
