"""The SNU: laws that hold for every variant, limits and symmetries, gradients.

Laws that a unit must obey in every variant run over all 192 of them. What holds for every layer
(memory layout, dtype, batches, empty arrays) is in tests/laws.
"""
import math

import numpy as np
import pytest
from helpers.snu_variants import (B, FORWARD_KINDS, N, N_IN, T, VARIANTS, assert_close, label, make,
                                  run)

from snu_ref import SNU, gradcheck
from snu_ref.snu import SNUState


# ---- laws for every variant ---------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_step_by_step_is_forward_and_keeps_the_dtype(dtype):
    fired = 0
    for options in VARIANTS:
        unit, x, state, _, _ = make(options, dtype=dtype)
        y, cache = unit.forward(x, state)
        for t in range(T):
            y_t, state = unit.step(x[t], state)
            assert_close({"y": y_t, "s": state.s, "state.y": state.y},
                         {"y": y[t], "s": cache.s[t], "state.y": y[t]},
                         f"{label(options)}, t={t}", bound=8 * np.finfo(dtype).eps)
        for a in (y_t, *state, *cache.state, y, cache.z, cache.s, cache.v, *unit.zero_state(B)):
            assert a.dtype == dtype, label(options)
        fired += (y == 1).any() and (y == 0).any()
    assert fired == 160  # all spiking variants: none silent, none saturated


def test_pieces_of_a_sequence_chain_exactly_forward_and_backward():
    """Three pieces of 2, 0 and 4 steps, each started from the state of the one before."""
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        whole = run(unit, x, start, dy, dend)
        cuts, state, caches = [slice(0, 2), slice(2, 2), slice(2, T)], start, []
        for piece in cuts:
            y, cache = unit.forward(x[piece], state)
            caches.append(cache)
            state = cache.state
        dstate, dx, grads = dend, np.empty_like(x), dict.fromkeys(unit.params, 0)
        for piece, cache in reversed(list(zip(cuts, caches))):
            dx[piece], own, dstate = unit.backward(dy[piece], cache, dstate)
            grads = {name: grads[name] + own[name] for name in grads}
        y, s = (np.concatenate([getattr(c, name) for c in caches]) for name in "ys")
        have = {"y": y, "s": s, "dx": dx, "dstate.s": dstate.s, "dstate.y": dstate.y, **grads}
        assert_close(have, whole, label(options))


def test_renaming_the_units_renames_the_results():
    order = [2, 0, 3, 1]
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        want = run(unit, x, start, dy, dend)
        for name, p in unit.params.items():
            p[:] = p[order][:, order] if name == "H" else p[..., order]
        have = run(unit, x, SNUState(*(a[:, order] for a in start)), dy[..., order],
                   SNUState(*(a[:, order] for a in dend)))
        dx = want.pop("dx")
        assert_close({"dx": have.pop("dx")}, {"dx": dx}, label(options))
        assert_close(have, {name: a[order][:, order] if name == "H" else a[..., order]
                            for name, a in want.items()}, label(options))


def test_backward_is_linear_in_the_cotangents():
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        other = SNUState(dend.y, dend.s)
        a, b = run(unit, x, start, dy, dend), run(unit, x, start, dy[::-1], other)
        mixed = run(unit, x, start, 2 * dy - 3 * dy[::-1],
                    SNUState(*(2 * p - 3 * q for p, q in zip(dend, other))))
        gradients = mixed.keys() - {"y", "s"}
        assert_close({name: mixed[name] for name in gradients},
                     {name: 2 * a[name] - 3 * b[name] for name in gradients}, label(options), 1e-13)


def test_a_missing_state_is_zero_and_dx_is_left_out_on_request():
    for options in VARIANTS:
        unit, x, _, dy, _ = make(options)
        y, cache = unit.forward(x)
        zero = unit.zero_state(B)
        assert not zero.s.any() and not zero.y.any() and zero.s.shape == zero.y.shape == (B, N)
        want = run(unit, x, zero, dy, zero)
        dx, grads, dstart = unit.backward(dy, cache, need_dx=False)
        assert dx is None and list(grads) == list(unit.params), label(options)
        del want["s"], want["dx"]
        assert_close({"y": y, **grads, "dstate.s": dstart.s, "dstate.y": dstart.y}, want,
                     label(options), 0)


def test_a_sequence_acts_only_on_what_comes_later():
    """Outputs do not depend on later inputs; dL/dx is 0 after the last step that the loss reads."""
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        changed = x.copy()
        changed[3:] += 1
        dy[3:] = 0
        a = run(unit, x, start, dy, unit.zero_state(B))
        b = run(unit, changed, start, dy, unit.zero_state(B))
        assert (a["y"][:3] == b["y"][:3]).all() and (a["s"][3:] != b["s"][3:]).any(), label(options)
        assert not a["dx"][3:].any() and a["dx"][2].any(), label(options)
        assert_close({"W": a["W"], "b": a["b"]}, {"W": b["W"], "b": b["b"]}, label(options))


# ---- limits and symmetries of the forward pass --------------------------------------------------

def test_spikes_do_not_depend_on_the_unit_of_voltage():
    """g homogeneous: x, b, H and s_0 doubled double s and z and leave the spikes as they are."""
    for options in FORWARD_KINDS:
        if options["h"] == "sigmoid" or options["g"] == "tanh":
            continue
        unit, x, start, _, _ = make(options)
        y, cache = unit.forward(x, start)
        for name in {"b", "H"} & unit.params.keys():
            unit.params[name] *= 2
        doubled, other = unit.forward(2 * x, SNUState(2 * start.s, start.y))
        np.testing.assert_array_equal(doubled, y, label(options))
        np.testing.assert_array_equal(other.s, 2 * cache.s, label(options))


def test_silence_before_the_first_input_changes_nothing():
    """From rest without input s stays 0: a step does not fire, a gate finds nothing to erase."""
    for options in FORWARD_KINDS:
        if options["h"] == "sigmoid" and options["recurrent"]:
            continue  # a soft unit at rest still feeds sigmoid(b) back
        unit, x, _, _, _ = make(options)
        y, _ = unit.forward(x)
        late, cache = unit.forward(np.concatenate([np.zeros_like(x), x]))
        assert not cache.s[:T].any()
        assert_close({"y": late[T:]}, {"y": y}, label(options))


def test_decay_0_forgets_and_decay_1_integrates():
    x = np.random.default_rng(1).normal(size=(T, B, N_IN))
    for h, g in (("step", "relu"), ("sigmoid", "tanh")):
        unit = SNU(N_IN, N, rng=np.random.default_rng(0), h=h, g=g, decay=0.0)
        y, _ = unit.forward(x)
        backwards, _ = unit.forward(x[::-1])
        assert_close({"y": backwards}, {"y": y[::-1]}, "decay 0: each step stands alone")
    unit = SNU(N_IN, N, rng=np.random.default_rng(0), g="identity", decay=1)
    unit.params["b"][:] = -100  # never fires
    _, cache = unit.forward(x)
    assert_close({"s": cache.s}, {"s": np.cumsum(x @ unit.params["W"], axis=0)}, "decay 1")
    ds = np.ones((B, N))
    dx, _, dstate = unit.backward(np.zeros((T, B, N)), cache, SNUState(ds, 0 * ds))
    want = np.broadcast_to(unit.params["W"].sum(axis=1), x.shape)
    assert_close({"dx": dx}, {"dx": want}, "decay 1")
    np.testing.assert_array_equal(dstate.s, ds)


def test_an_impulse_decays_geometrically_with_the_decay_of_its_unit():
    """s_t = W decay^(t-1) below threshold; dL/ddecay of s_T is W (T-1) decay^(T-2)."""
    decay = np.array([0.25, 0.5, 1])
    unit = SNU(1, 3, rng=np.random.default_rng(0), decay=decay, reset_grad="detached")
    unit.params["W"][:] = 0.5
    x = np.zeros((5, 1, 1))
    x[0] = 1
    y, cache = unit.forward(x)
    assert not y.any()
    np.testing.assert_array_equal(cache.s[:, 0], 0.5 * decay ** np.arange(5)[:, None])
    ds = SNUState(np.ones((1, 3)), np.zeros((1, 3)))
    _, grads, _ = unit.backward(np.zeros_like(y), cache, ds)
    np.testing.assert_array_equal(grads["decay"], 0.5 * 4 * decay**3)


# ---- gradients ----------------------------------------------------------------------------------

def test_the_smooth_unit_against_its_slope_along_a_random_direction():
    """d/de L(p + e d) = grad . d, parameters, input and state at once; central differences."""
    for options in VARIANTS:
        if options["h"] == "step" or options["reset_grad"] == "detached":
            continue
        unit, x, start, dy, dend = make(options, seed=1)
        inputs = {**unit.params, "x": x, "dstate.s": start.s, "dstate.y": start.y}
        rng = np.random.default_rng(2)
        directions = {name: rng.normal(size=a.shape) for name, a in inputs.items()}

        def loss(e):
            moved = {name: a + e * directions[name] for name, a in inputs.items()}
            other = SNU(N_IN, N, rng=rng, **options)
            for name in unit.params:
                other.params[name][...] = moved[name]
            y, cache = other.forward(moved["x"], SNUState(moved["dstate.s"], moved["dstate.y"]))
            return (dy * y).sum() + (dend.s * cache.state.s).sum() + (dend.y * cache.state.y).sum()

        results = run(unit, x, start, dy, dend)
        results["x"] = results["dx"]
        slope = sum((results[name] * directions[name]).sum() for name in inputs)
        numerical = (loss(1e-6) - loss(-1e-6)) / 2e-6
        assert abs(slope) > 0.1 and abs(numerical / slope - 1) < 1e-7, label(options)


@pytest.mark.parametrize("options", [
    dict(g="leaky_relu", surrogate="triangle"),
    dict(g="tanh", surrogate="arctan", recurrent=True),
    dict(g="identity", lateral_inhibition=True),
    dict(g="tanh", surrogate="fast_sigmoid", recurrent=True, lateral_inhibition=True),
    dict(g="identity", recurrent=True, lateral_inhibition=True, reset_grad="detached"),
    dict(h="sigmoid", g="leaky_relu", reset_grad="detached", recurrent=True),
], ids=label)
def test_gradients_are_those_of_the_frozen_program(options):
    unit, x, start, _, _ = make(options, seed=4)
    start = SNUState(start.s, start.y * 0.7)
    rows = gradcheck.check_layer(unit, x, rng=np.random.default_rng(5), state=start)
    assert [row.verdict for row in rows] == ["ok"] * len(rows), rows


@pytest.mark.parametrize("inhibition", [False, True])
@pytest.mark.parametrize("h", ["step", "sigmoid"])
def test_through_and_detached_differ_by_the_gate_term_alone(h, inhibition):
    """Two steps with W the identity, so that dx = dz. Through the gate flows, in scalars,

        dz_1[j] -= h'(v_1)[j] decay_j s_1[j] dz_2[j]                  the unit's own reset
        dz_1[j] -= h'(v_1)[j] / k sum_i decay_i s_1[i] dz_2[i]        inhibition, j among k largest
    """
    both = {}
    for reset_grad in ("through", "detached"):
        unit, x, _, dy, _ = make(dict(h=h, g="identity", lateral_inhibition=inhibition,
                                      reset_grad=reset_grad), n_in=N, seed=3)
        unit.params["W"][:] = np.eye(N)
        _, cache = unit.forward(x[:2])
        both[reset_grad] = unit.backward(dy[:2], cache)[0]
    np.testing.assert_array_equal(both["through"][1], both["detached"][1])
    decay, dz2 = unit.params["decay"], both["detached"][1]
    for b, j in np.ndindex(B, N):
        v, y = cache.v[0, b], cache.y[0, b]
        slope = 1 - math.tanh(v[j]) ** 2 if h == "step" else y[j] * (1 - y[j])
        if inhibition:
            term = sum(decay[i] * cache.s[0, b, i] * dz2[b, i] for i in range(N))
            term = term / (y == y.max()).sum() if y[j] == y.max() else 0
        else:
            term = decay[j] * cache.s[0, b, j] * dz2[b, j]
        difference = both["through"][0, b, j] - both["detached"][0, b, j]
        assert math.isclose(difference, -slope * term, rel_tol=1e-12, abs_tol=1e-15)
    assert (both["through"][0] != both["detached"][0]).any(axis=-1).all()


def test_a_detached_gate_passes_nothing_to_the_initial_output():
    for options in VARIANTS:
        if options["reset_grad"] == "detached" and not options["recurrent"]:
            assert not run(*make(options))["dstate.y"].any(), label(options)
