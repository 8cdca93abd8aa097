"""The SNU: sequences worked by hand, then laws that hold for every variant of the unit.

The hand-worked numbers are sums of powers of two wherever they can be, so they compare exactly.
Laws that a unit must obey in every variant run over all 192 of them.
"""
import itertools
import math

import numpy as np
import pytest

from snu_ref import SNU, gradcheck
from snu_ref.snu import SNUState

VARIANTS = [dict(h=h, surrogate=surrogate, g=g, recurrent=recurrent, lateral_inhibition=inhibition,
                 reset_grad=reset_grad)
            for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
                [("step", s) for s in ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid")]
                + [("sigmoid", "tanh")], ("relu", "leaky_relu", "identity", "tanh"),
                (False, True), (False, True), ("through", "detached"))]
# the 32 whose forward passes differ
FORWARD_KINDS = [v for v in VARIANTS if v["surrogate"] == "tanh" and v["reset_grad"] == "through"]
ROUNDING = 1e-14  # float64 sums of some tens of terms in another order; about 1e-15 is seen
N_IN, N, T, B = 3, 4, 6, 3


def label(options):
    return " ".join(f"{name}={value}" for name, value in options.items())


def make(options, seed=0, dtype=np.float64, n_in=N_IN, n=N):
    """A unit with random parameters; x, a start state, dy and a final dstate, all of order 1."""
    rng = np.random.default_rng(seed)
    unit = SNU(n_in, n, rng=rng, decay=rng.uniform(0.5, 0.9, n), dtype=dtype, **options)
    unit.params["b"][:] = rng.uniform(-0.9, -0.3, n)  # low thresholds, so that there are spikes
    x, dy = rng.normal(size=(T, B, n_in)).astype(dtype), rng.normal(size=(T, B, n)).astype(dtype)
    start = SNUState(rng.normal(size=(B, n)).astype(dtype), rng.random((B, n)).astype(dtype))
    dend = SNUState(*rng.normal(size=(2, B, n)).astype(dtype))
    return unit, x, start, dy, dend


def run(unit, x, start, dy, dend):
    """Forward and backward: a dict of all results by name."""
    y, cache = unit.forward(x, start)
    dx, grads, dstart = unit.backward(dy, cache, dend)
    return {"y": y, "s": cache.s, "dx": dx, "dstate.s": dstart.s, "dstate.y": dstart.y, **grads}


def assert_close(have, want, message, bound=ROUNDING):
    """Each array within `bound` of its counterpart, relative to the largest element."""
    assert have.keys() == want.keys(), message
    for name in want:
        assert have[name].shape == want[name].shape, f"{name}: {message}"
        error = np.abs(have[name] - want[name]).max(initial=0)
        assert error <= bound * max(1, np.abs(want[name]).max(initial=0)), \
            f"{name} is out by {error:.1e}: {message}"


def one_unit(b, decay=0.5, W=1.0, **options):
    """A single unit with one input."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), decay=decay, **options)
    unit.params["W"][:], unit.params["b"][:] = W, b
    return unit


def series(*values):
    """Numbers as a sequence (T, 1, 1)."""
    return np.array(values, float).reshape(-1, 1, 1)


# ---- sequences worked by hand -------------------------------------------------------------------

def test_leak_threshold_and_reset_by_hand():
    """decay 1/2, threshold 7/8: z = x + s/2, and nothing is left of s after a spike."""
    unit = one_unit(b=-0.875)
    x = series(0.5, 0.5, 0.5, 0.5625, 0.25, -2, 1)
    z = series(0.5, 0.5 + 0.25, 0.5 + 0.375, 0.5625 + 0.4375, 0.25, -2 + 0.125, 1)
    s = series(0.5, 0.75, 0.875, 1, 0.25, 0, 1)  # relu holds the sixth at rest
    y = series(0, 0, 0, 1, 0, 0, 1)              # v is exactly 0 at the third step: no spike
    have, cache = unit.forward(x)
    for a, b in ((have, y), (cache.y, y), (cache.s, s), (cache.z, z), (cache.v, s - 0.875)):
        np.testing.assert_array_equal(a, b)
    assert cache.state == SNUState(np.array([[1.0]]), np.array([[1.0]]))


@pytest.mark.parametrize("g, below, after, fires", [
    ("relu", 0, 1, 1),                           # s_1 = 0, so z_2 = 1
    ("leaky_relu", -0.1875, 1 - 0.09375, 1),     # s_1 = -1.875 / 10
    ("identity", -1.875, 1 - 0.9375, 0),
])
def test_the_three_linear_g_by_hand(g, below, after, fires):
    """The last two steps above, from s_0 = 1/4: z_1 = -2 + 1/8 and z_2 = 1 + s_1 / 2."""
    unit = one_unit(b=-0.875, g=g)
    y, cache = unit.forward(series(-2, 1), SNUState(np.array([[0.25]]), np.array([[0.0]])))
    np.testing.assert_allclose(cache.s, series(below, after), rtol=1e-15)
    np.testing.assert_array_equal(y, series(0, fires))


def test_tanh_g_by_hand():
    """tanh(log 2) = 3/5, and half of it kept: an input of log 2 - 3/10 then holds the state."""
    _, cache = one_unit(b=-2, g="tanh").forward(series(math.log(2), math.log(2) - 0.3))
    np.testing.assert_allclose(cache.s, series(0.6, 0.6), rtol=1e-15)
    np.testing.assert_array_equal(cache.y, 0)


def test_the_reset_of_the_soft_unit_is_graded():
    """sigmoid(log 3) = 3/4 leaves 1/4 of the state: z_2 = x_2 + 1/2 * 2 log 3 * 1/4."""
    log3 = math.log(3)
    y, cache = one_unit(b=-log3, h="sigmoid").forward(series(2 * log3, -log3 / 4))
    np.testing.assert_allclose(cache.s, series(2 * log3, 0), rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(y, series(0.75, 0.25), rtol=1e-15)


def two_recurrent_units():
    unit = SNU(1, 2, rng=np.random.default_rng(0), g="identity", decay=0.5, recurrent=True,
               surrogate="fast_sigmoid")
    unit.params["W"][:] = [[1, 0.5]]
    unit.params["H"][:] = [[0.25, 2], [-1, 0.5]]  # unit i feeds unit j by H[i, j]
    unit.params["b"][:] = [-0.5, -1.5]
    return unit


def test_recurrent_units_by_hand():
    """y H arrives one step later and is not gated by the reset, a unit's own feedback included."""
    y, cache = two_recurrent_units().forward(series(1, 0.5, 1))
    s1 = [1, 0.5]                                         # v = 1/2, -1: unit 0 fires
    s2 = [0.5 + 0.25, 0.25 + 0.25 + 2]                    # x W + s/2 of unit 1 + H[0]; v = 1/4, 1
    s3 = [1 + 0.25 - 1, 0.5 + 2 + 0.5]                    # x W + H[0] + H[1]; v = -1/4, 3/2
    np.testing.assert_array_equal(cache.s[:, 0], [s1, s2, s3])
    np.testing.assert_array_equal(y[:, 0], [[1, 0], [1, 1], [0, 1]])


def test_recurrent_gradient_by_hand():
    """The same three steps, dy = (1, 1) at the last. psi'(v) = 1 / (1 + |v|)^2, decay = 1/2."""
    unit = two_recurrent_units()
    y, cache = unit.forward(series(1, 0.5, 1))
    dy = np.zeros((3, 1, 2))
    dy[2] = 1
    dx, grads, dstate = unit.backward(dy, cache)
    a3, b3 = 1 / 1.25**2, 1 / 2.5**2                      # dz_3: psi' at v = -1/4 and 3/2
    # dY_2 = dz_3 H' - s_2/2 dz_3; both fired, so no gradient comes through the closed gate
    a2 = (0.25 * a3 + 2 * b3 - 0.375 * a3) / 1.25**2      # v = 1/4, s_2 = 3/4
    b2 = (-1 * a3 + 0.5 * b3 - 1.25 * b3) / 2**2          # v = 1, s_2 = 5/2
    a1 = (0.25 * a2 + 2 * b2 - 0.5 * a2) / 1.5**2         # v = 1/2, s_1 = 1
    b1 = (-1 * a2 + 0.5 * b2 - 0.25 * b2) / 2**2 + 0.5 * b2  # v = -1, s_1 = 1/2, its gate is open
    close = dict(rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(dx[:, 0, 0], [a1 + b1 / 2, a2 + b2 / 2, a3 + b3 / 2], **close)
    np.testing.assert_allclose(grads["W"], [[a1 + a2 / 2 + a3, b1 + b2 / 2 + b3]], **close)
    np.testing.assert_allclose(grads["H"], [[a2 + a3, b2 + b3], [a3, b3]], **close)
    np.testing.assert_allclose(grads["b"], [a1 + a2 + a3, b1 - 0.5 * b2 + b2 + b3], **close)
    np.testing.assert_allclose(grads["decay"], [0, 0.5 * b2], **close)
    np.testing.assert_allclose(dstate.s, [[a1 / 2, b1 / 2]], **close)
    np.testing.assert_allclose(dstate.y, [[a1 / 4 + 2 * b1, -a1 + b1 / 2]], **close)


@pytest.mark.parametrize("reset_grad", ["through", "detached"])
def test_gradient_of_one_unit_by_hand(reset_grad):
    """W = 2, b = -1, decay 1/2, psi' = 1 / (1 + |v|)^2: s = 2, 1, 5/2 and v = 1, 0, 3/2."""
    unit = one_unit(b=-1, W=2, g="identity", surrogate="fast_sigmoid", reset_grad=reset_grad)
    y, cache = unit.forward(series(1, 0.5, 1))
    assert y.ravel().tolist() == [1, 0, 1] and cache.s.ravel().tolist() == [2, 1, 2.5]
    dx, grads, dstate = unit.backward(series(3, 1, 1), cache)
    dz3 = dv3 = 0.16                                      # psi'(3/2) = 4/25
    if reset_grad == "through":
        dv2 = 1 - 0.5 * 1 * 0.16                          # dy - decay s_2 dz_3, and psi'(0) = 1
        dz2 = dv2 + 0.5 * 0.16                            # the gate after step 2 is open
        dz1 = dv1 = (3 - 0.5 * 2 * dz2) / 4               # psi'(1) = 1/4; the gate is closed
    else:
        dv2, dz2, dz1, dv1 = 1, 1 + 0.5 * 0.16, 3 / 4, 3 / 4
    np.testing.assert_allclose(dx.ravel(), [2 * dz1, 2 * dz2, 2 * dz3], rtol=1e-15)
    np.testing.assert_allclose(grads["W"], [[dz1 + 0.5 * dz2 + dz3]], rtol=1e-15)
    np.testing.assert_allclose(grads["b"], [dv1 + dv2 + dv3], rtol=1e-15)
    np.testing.assert_allclose(grads["decay"], [dz3 * 1], rtol=1e-15)  # s_2 = 1 alone is carried on
    np.testing.assert_allclose(dstate.s, [[0.5 * dz1]], rtol=1e-15)
    assert dstate.y == 0


def test_inhibition_erases_the_whole_layer_in_one_sample_only():
    """W is the identity: in sample 0 unit 0 fires, sample 1 has no spike and keeps half of all."""
    unit = SNU(3, 3, rng=np.random.default_rng(0), decay=0.5, lateral_inhibition=True)
    unit.params["W"][:] = np.eye(3)
    x = np.array([[[2, 0.5, 0.25], [0.5, 1, 0.25]], [[0, 0, 0.125], [0, 0, 0.125]]])
    y, cache = unit.forward(x)
    assert y.tolist() == [[[1, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]
    assert cache.s[1].tolist() == [[0, 0, 0.125], [0.25, 0.5, 0.25]]


def test_inhibition_of_the_soft_unit_follows_the_largest_output():
    unit = SNU(2, 2, rng=np.random.default_rng(0), h="sigmoid", decay=0.5, lateral_inhibition=True)
    unit.params["W"][:], unit.params["b"][:] = np.eye(2), 0
    x = np.array([[[2 * math.log(3), math.log(3)]], [[0, 0]]])
    _, cache = unit.forward(x)  # y_1 = 9/10, 3/4
    np.testing.assert_allclose(cache.s[1], x[0] * 0.5 * 0.1, rtol=1e-14)


def test_inhibition_gradient_by_hand():
    """Units 0 and 1 tie for the maximum, before step 1 (1/2 each) and after it (both fire)."""
    unit = SNU(3, 3, rng=np.random.default_rng(0), decay=0.5, g="identity", lateral_inhibition=True,
               surrogate="fast_sigmoid")
    unit.params["W"][:] = np.eye(3)
    start = SNUState(np.array([[4.0, 0, 8]]), np.array([[0.5, 0.5, 0.25]]))  # the gate is 1/2
    x = np.array([[[1, 4, -1.5]], [[1, 1, 1]]])
    y, cache = unit.forward(x, start)
    assert cache.s[:, 0].tolist() == [[2, 4, 0.5], [1, 1, 1]]
    assert y[:, 0].tolist() == [[1, 1, 0], [0, 0, 0]]
    dy = np.array([[[0, 0, 0]], [[1, 2, 4.0]]])
    dx, grads, dstate = unit.backward(dy, cache, None)
    # v_2 = 0, psi' = 1: dz_2 = dy_2. The gate gets -1/2 (2*1 + 4*2 + 0.5*4) = -6, so -3 for each
    # firing unit, times psi'(1) = 1/4 and psi'(3) = 1/16
    dz1, dz2 = [-0.75, -0.1875, 0], [1, 2, 4]
    assert dx[:, 0].tolist() == [dz1, dz2]
    np.testing.assert_array_equal(grads["W"], np.outer(x[0], dz1) + np.outer(x[1], dz2))
    assert grads["b"].tolist() == [0.25, 1.8125, 4]
    assert grads["decay"].tolist() == [-0.75 * 4 * 0.5, 0, 0]  # after step 1 the gate is closed
    assert dstate.s.tolist() == [[-0.1875, -0.046875, 0]]      # decay * gate = 1/4
    assert dstate.y.tolist() == [[0.75, 0.75, 0]]              # -1/2 * (1/2 * 4 * -0.75)


def test_a_third_is_a_third_in_longdouble_too():
    """Three units tie: dL/dy_0 = -1/3 * sum decay s_0 dz_1 = -1/3 * 3 * 1/2 for each of them."""
    unit = SNU(1, 3, rng=np.random.default_rng(0), decay=0.5, g="identity", lateral_inhibition=True,
               dtype=np.longdouble)
    one = np.ones((1, 3), np.longdouble)
    _, cache = unit.forward(np.zeros((1, 1, 1), np.longdouble), SNUState(one, one / 2))
    _, _, dstate = unit.backward(0 * cache.y, cache, SNUState(one, 0 * one))
    assert np.abs(dstate.y + 0.5).max() < 4 * np.finfo(np.longdouble).eps


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


@pytest.mark.parametrize("dtype, bound", [(np.float32, 2e-5), (np.longdouble, ROUNDING)])
def test_gradients_keep_the_dtype_and_match_float64(dtype, bound):
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options, dtype=dtype)
        have = run(unit, x, start, dy, dend)
        assert {a.dtype for a in have.values()} == {np.dtype(dtype)}, label(options)
        double = SNU(N_IN, N, rng=np.random.default_rng(0), **options)
        for name, p in unit.params.items():
            double.params[name][:] = p
        x, start_s, start_y, dy, dend_s, dend_y = (
            a.astype(np.float64) for a in (x, *start, dy, *dend))
        want = run(double, x, SNUState(start_s, start_y), dy, SNUState(dend_s, dend_y))
        assert_close(have, want, label(options), bound)


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


def test_samples_do_not_see_each_other():
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        whole = run(unit, x, start, dy, dend)
        total = dict.fromkeys(unit.params, 0)
        for i in range(B):
            one = slice(i, i + 1)
            alone = run(unit, x[:, one], SNUState(start.s[one], start.y[one]), dy[:, one],
                        SNUState(dend.s[one], dend.y[one]))
            for name in ("y", "s", "dx"):
                assert_close({name: alone[name]}, {name: whole[name][:, one]}, label(options))
            for name in ("dstate.s", "dstate.y"):
                assert_close({name: alone[name]}, {name: whole[name][one]}, label(options))
            total = {name: total[name] + alone[name] for name in total}
        assert_close(total, {name: whole[name] for name in total}, label(options))


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


def test_inputs_are_never_changed_and_may_be_read_only_or_strided():
    """Fortran order, reversed time, gaps between samples: same numbers, same results."""
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        want = run(unit, x, start, dy, dend)
        for a in (x, *start, dy, *dend, *unit.params.values()):
            a.flags.writeable = False
        assert_close(run(unit, x, start, dy, dend), want, label(options), 0)
        wide = np.zeros((T, 2 * B, N_IN))
        wide[:, ::2] = x
        backwards = dy[::-1].copy()[::-1]
        start, dend = (SNUState(*map(np.asfortranarray, state)) for state in (start, dend))
        for same in (wide[:, ::2], np.asfortranarray(x), x[::-1].copy()[::-1]):
            assert_close(run(unit, same, start, backwards, dend), want, label(options))


def test_zero_steps_and_zero_samples():
    for options in VARIANTS:
        unit, x, start, dy, dend = make(options)
        y, cache = unit.forward(x[:0], start)
        dx, grads, dstart = unit.backward(dy[:0], cache, dend)
        assert y.shape == (0, B, N) and dx.shape == (0, B, N_IN) and cache.v.shape == y.shape
        for a, b in zip((*cache.state, *dstart), (*start, *dend)):
            np.testing.assert_array_equal(a, b)
        assert {name: g.shape for name, g in grads.items()} == \
            {name: p.shape for name, p in unit.params.items()}, label(options)
        assert not any(g.any() for g in grads.values())

        results = run(unit, x[:, :0], SNUState(start.s[:0], start.y[:0]), dy[:, :0],
                      SNUState(dend.s[:0], dend.y[:0]))
        shapes = dict(y=(T, 0, N), s=(T, 0, N), dx=(T, 0, N_IN))
        for name, a in results.items():
            if name in unit.params:
                assert a.shape == unit.params[name].shape and not a.any(), label(options)
            else:
                assert a.shape == shapes.get(name, (0, N)), f"{name}: {label(options)}"


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
    """Outputs do not foresee inputs; dL/dx is zero after the last step that the loss looks at."""
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


def lif(dt, T):
    """A unit as the Euler step dt of an RC circuit, tau = 20 ms, R I = 2 V: its spikes and V."""
    tau, drive, threshold = 0.020, 2.0, 1.0
    unit = one_unit(b=-threshold, W=dt / tau, decay=1 - dt / tau)
    y, cache = unit.forward(np.full((T, 1, 1), drive))
    return y.ravel(), cache.s.ravel()


def test_the_unit_is_an_euler_step_of_the_leaky_integrate_and_fire_circuit():
    """V(t) = R I (1 - exp(-t / tau)): the error at t = 10 ms halves with dt."""
    exact = 2 * (1 - math.exp(-0.010 / 0.020))
    errors = [abs(lif(dt, round(0.010 / dt))[1][-1] - exact) for dt in (1e-4, 5e-5, 2.5e-5)]
    for coarse, fine in zip(errors, errors[1:]):
        assert 1.98 < coarse / fine < 2.02
    # it first reaches V_th = 1 V after tau log(RI / (RI - V_th)), and again one period later; the
    # reset spends one step, and Euler's error shifts each crossing by less than one
    dt, period = 1e-5, 0.020 * math.log(2)
    spikes = dt * (1 + np.flatnonzero(lif(dt, 4000)[0]))
    assert len(spikes) == 2
    np.testing.assert_allclose(spikes, [period, 2 * period], atol=3 * dt)


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


# ---- the object ---------------------------------------------------------------------------------

def test_traces_obey_the_two_equations():
    for options in FORWARD_KINDS:
        unit, x, start, _, _ = make(options)
        y, cache = unit.forward(x, start)
        assert cache.x is x and (cache.y == y).all()
        assert (cache.s == unit.g.value(cache.z)).all()
        assert (cache.v == cache.s + unit.params["b"]).all()
        assert (cache.y == unit.h.value(cache.v)).all(), label(options)
        assert (cache.state.s == cache.s[-1]).all() and (cache.state.y == cache.y[-1]).all()


def test_results_are_arrays_of_their_own():
    unit, x, start, dy, dend = make(dict(recurrent=True))
    y, cache = unit.forward(x, start)
    state = cache.state
    for part in state:
        assert not np.shares_memory(part, cache.s) and not np.shares_memory(part, cache.y)
        part[:] = np.nan  # the cache does not notice
    v, b = cache.v, unit.params["b"]
    b += 1                # nor does it follow the bias
    np.testing.assert_array_equal(cache.v, v)
    b -= 1
    dx, grads, dstart = unit.backward(dy, cache, dend)
    kept = [dy, x, *start, *dend, y, *cache[:5], *unit.params.values()]
    for result in (dx, *dstart, *grads.values()):
        assert np.isfinite(result).all()
        assert not any(np.shares_memory(result, a) for a in kept)


def test_parameters_are_counted_and_named_as_in_papers():
    rng = np.random.default_rng(0)
    unit = SNU(5, 7, rng=rng)
    assert unit.n_trainable == 5 * 7 + 7 and unit.trainable == ("W", "b")
    assert {k: p.shape for k, p in unit.params.items()} == {"W": (5, 7), "b": (7,), "decay": (7,)}
    unit = SNU(5, 7, rng=rng, recurrent=True)
    assert unit.n_trainable == 5 * 7 + 7 * 7 + 7 and set(unit.trainable) == {"W", "H", "b"}
    assert unit.params.keys() == {"W", "H", "b", "decay"} and unit.params["H"].shape == (7, 7)
    unit = SNU(5, 7, rng=rng, train_decay=True)
    assert unit.n_trainable == 5 * 7 + 7 + 7 and set(unit.trainable) == {"W", "b", "decay"}
    assert (unit.n_in, unit.n_units, unit.in_shape, unit.out_shape) == (5, 7, (5,), (7,))


def test_start_values_come_from_the_generator_alone():
    def fresh(seed, **options):
        return SNU(40, 60, rng=np.random.default_rng(seed), recurrent=True, **options).params

    a, b, other = fresh(1), fresh(1), fresh(2)
    assert all((a[name] == b[name]).all() for name in a) and (a["W"] != other["W"]).all()
    assert (a["b"] == -1).all() and (a["decay"] == 0.8).all()
    single = fresh(1, dtype=np.float32)
    assert all((single[name] == a[name].astype(np.float32)).all() for name in a)
    for name, fans in (("W", 40 + 60), ("H", 60 + 60)):
        limit = math.sqrt(6 / fans)  # Glorot-uniform: variance limit^2 / 3 = 2 / fans
        assert 0.99 * limit < np.abs(a[name]).max() <= limit
        # the mean square of n numbers has a relative standard deviation of sqrt(4/5 / n) < 0.02
        assert abs((a[name] ** 2).mean() * fans / 2 - 1) < 0.08
        assert abs(a[name].mean()) < 4 * math.sqrt(2 / fans / a[name].size)


def test_decay_is_copied_and_may_differ_from_unit_to_unit():
    decay = np.array([0.0, 0.5, 1.0])
    unit = SNU(2, 3, rng=np.random.default_rng(0), decay=decay)
    decay[:] = 0.1
    assert unit.params["decay"].tolist() == [0, 0.5, 1]
    decay.flags.writeable = False
    unit = SNU(2, 3, rng=np.random.default_rng(0), decay=decay, train_decay=True)
    unit.params["decay"] -= 0.05  # an optimiser may still move the unit's own copy
    assert decay.tolist() == [0.1] * 3
