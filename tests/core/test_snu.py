"""The SNU: sequences worked by hand, its start values, its traces.

The hand-worked numbers are sums of powers of two wherever they can be, so they compare exactly.
"""
import math

import numpy as np
import pytest
from helpers.snu_variants import FORWARD_KINDS, label, make

from snu_ref import SNU
from snu_ref.snu import SNUState


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
        part[:] = np.nan  # this does not change the cache
    v, b = cache.v, unit.params["b"]
    b += 1                # nor does this
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
