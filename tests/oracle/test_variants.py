"""The catalogue of wrong units: right without a change; with one, the same as that mistake made elsewhere."""
import itertools

import numpy as np
import pytest
from helpers.second_unit import Port
from helpers.wrong_units import CONFIG, SETTINGS, WRONG, draw

from snu_ref import SNU
from snu_ref.activations import SURROGATES
from snu_ref.oracle.diagnosis.variants import FAMILIES, VARIANTS, applies, find, run_variant
from snu_ref.snu import SNUState
from snu_ref.twins import snu_twin

INEXACT = ("float32", "precision", "products_in_tf32", "products_in_bfloat16")
ALL = [dict(unit="snu", h=h, surrogate=surrogate, g=g, recurrent=recurrent, lateral_inhibition=inhibition,
            reset_grad=reset_grad)
       for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
           [("step", s) for s in ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid")] + [("sigmoid", "tanh")],
           ("relu", "leaky_relu", "identity", "tanh"), (False, True), (False, True), ("through", "detached"))]


def outputs_of_unit(config, inputs, dtype=np.float64):
    """The unit's own outputs; its backward pass forms no adjoints."""
    cast = {name: a.astype(dtype) for name, a in inputs.items()}
    n_in, n = inputs["params.W"].shape
    options = {name: config[name] for name in
               ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")}
    unit = SNU(n_in, n, rng=np.random.default_rng(0), dtype=dtype, **options)
    for name in unit.params:
        unit.params[name][...] = cast[f"params.{name}"]
    y, cache = unit.forward(cast["x"], SNUState(cast["state.s"], cast["state.y"]))
    dx, grads, start = unit.backward(cast["dy"], cache, SNUState(cast["dend.s"], cast["dend.y"]))
    return {"z": cache.z, "s": cache.s, "v": cache.v, "y": y, "end.s": cache.state.s, "end.y": cache.state.y,
            **{f"grad.{name}": g for name, g in grads.items()}, "grad.x": dx, "start.s": start.s, "start.y": start.y}


def adjoints_of_twin(config, inputs):
    options = {name: config[name] for name in ("h", "g", "surrogate", "lateral_inhibition", "reset_grad")}
    twin = snu_twin({name[7:]: a for name, a in inputs.items() if name.startswith("params.")}, inputs["x"],
                    (inputs["state.s"], inputs["state.y"]), inputs["dy"], (inputs["dend.s"], inputs["dend.y"]), **options)
    return {f"adj.{name}": getattr(twin, f"d{name}") for name in "zsvy"}


def apart(have, want):
    """The largest difference, relative to the largest element of its tensor."""
    assert have.keys() == want.keys()
    assert all(have[k].shape == want[k].shape for k in want)
    return max(np.abs(have[k] - want[k]).max() / max(1, np.abs(want[k]).max()) for k in want)


def shows(config, inputs, name):
    """Whether a variant differs from the right unit, and is looked for."""
    return applies(config, name) and find(name).fits(inputs) and find(name).tells(inputs) and not (
        (changed := run_variant(config, inputs, (name,))).keys() == (right := run_variant(config, inputs, ())).keys()
        and apart(changed, right) < 1e-9)


@pytest.mark.parametrize("part", range(8))
def test_without_a_change_it_is_the_unit_in_all_192_variants(part):
    for i, config in enumerate(ALL[part::8]):
        inputs = draw(config, T=4, B=2, n=3, seed=i)
        want = {**outputs_of_unit(config, inputs), **adjoints_of_twin(config, inputs)}
        assert apart(run_variant(config, inputs, ()), want) <= 1e-13, config


@pytest.mark.parametrize("config", ALL[::17], ids=lambda c: "-".join(map(str, c.values())))
def test_the_second_unit_is_the_unit(config):
    inputs = draw(config)
    assert apart(Port(config)(inputs), run_variant(config, inputs, ())) <= 1e-13


def test_every_variant_is_made_in_the_second_unit():
    assert set(WRONG) == set(VARIANTS) - set(INEXACT)


@pytest.mark.parametrize("name", WRONG)
def test_a_variant_is_that_mistake_and_shows(name):
    """In a case where it shows, it gives the numbers of a port whose equations were edited."""
    config, inputs = next(((c, i) for c, make in SETTINGS if shows(c, i := make(c), name)), (None, None))
    assert config, f"{name} is the same as the right unit in all cases"
    port = Port(config, **WRONG[name](config))(inputs)
    assert apart(port, run_variant(config, inputs, (name,))) <= 1e-12


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_runs_wherever_it_applies_and_forward_is_the_first_half(name):
    for config in (CONFIG, dict(CONFIG, recurrent=True, lateral_inhibition=True, reset_grad="detached"),
                   dict(CONFIG, h="sigmoid", g="leaky_relu")):
        for B, n in ((2, 3), (1, 1)):
            inputs = draw(config, T=3, B=B, n=n)
            kept = {k: a.copy() for k, a in inputs.items()}
            if applies(config, name):
                outputs = run_variant(config, inputs, (name,))
                ahead = run_variant(config, inputs, (name,), backward=False)
                assert ahead and all(np.array_equal(a, outputs[k]) for k, a in ahead.items())
            assert all(np.array_equal(kept[k], inputs[k]) for k in kept), "inputs were changed"


@pytest.mark.parametrize("name", ["no_reset", "reset_detached", "surrogate_gaussian", "g_is_elu", "h_is_sign"])
def test_float32_stays_float32(name):
    outputs = run_variant(CONFIG, draw(CONFIG), (name,), np.float32)
    assert {a.dtype for a in outputs.values()} == {np.dtype(np.float32)}


def test_two_changes_go_together_unless_they_change_the_same_equation():
    inputs = draw(CONFIG)
    both = run_variant(CONFIG, inputs, ("no_decay", "surrogate_at_s"))
    port = Port(CONFIG, edits=[("decay * (s * gate)", "s * gate"), ("h(v)", "bent(h, v, s)")])(inputs)
    assert apart(both, port) <= 1e-12
    with pytest.raises(ValueError, match="no_decay, decay_squared change the same equation"):
        run_variant(CONFIG, inputs, ("no_decay", "decay_squared"))


@pytest.mark.parametrize("name", ["no_such_thing", "surrogate_scaled", "leaky_slope", "grad.b: sideways"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(ValueError):
        run_variant(CONFIG, draw(CONFIG), (name,))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_holds_its_number_and_the_right_unit(name):
    """Each has a member that is right, unless it replaces a parameter; others are not."""
    family = FAMILIES[name]
    config = next(c for c, _ in SETTINGS if family.when(c))
    if name.startswith(tuple(SURROGATES)):
        config = dict(config, surrogate=next(s for s in SURROGATES if name in (
            f"{s}_scaled", f"{s}_sharpened", f"{s}_of_scaled_v")))
    inputs = draw(config)
    right = run_variant(config, inputs, ())
    neutral = {"leaky_slope": 0.1, "leaky_g_slope": 0.1, "current_offset": 0, "decay_at_least": 0,
               "state_gradient_clipped": 100}.get(name, 1)
    if not name.endswith("fixed_at"):
        assert apart(run_variant(config, inputs, (f"{name}={neutral}",)), right) <= 1e-14
    other = {"decay_at_least": 0.875}.get(name, 0.375)
    assert apart(run_variant(config, inputs, (f"{name}={other}",)), right) > 1e-3
    assert str(other) in find(f"{name}={other}").text


def test_texts_tell_wrong_from_right_in_one_line():
    texts = [v.text for v in VARIANTS.values()]
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert 20 < len(text) < 200 and "\n" not in text and not text.endswith("."), text
