"""The point-wise functions: values worked by hand, slopes by numerical derivatives, extremes."""
import math

import numpy as np
import pytest

from snu_ref.activations import (STATE_FUNCTIONS, SURROGATES, Surrogate, find_surrogate,
                                 output_function)
from snu_ref.snu import SNU

REAL = (np.float32, np.float64, np.longdouble)
SIGMOID = output_function("sigmoid", SURROGATES["tanh"])
STEP = output_function("step", SURROGATES["tanh"])
LOG2 = math.log(2)  # tanh(log 2) = (2 - 1/2) / (2 + 1/2) = 0.6
LOG3 = math.log(3)  # sigmoid(log 3) = 3 / (1 + 3)

# function: (z, value, slope), each worked by hand; at a kink the slope is the left one
HAND_WORKED = {
    "relu": [(-2, 0, 0), (0, 0, 0), (0.5, 0.5, 1), (3, 3, 1)],
    "leaky_relu": [(-2, -0.2, 0.1), (0, 0, 0.1), (0.5, 0.5, 1), (3, 3, 1)],
    "identity": [(-2, -2, 1), (0, 0, 1), (3, 3, 1)],
    "tanh": [(-LOG2, -0.6, 0.64), (0, 0, 1), (LOG2, 0.6, 0.64)],
    "sigmoid": [(-LOG3, 0.25, 0.1875), (0, 0.5, 0.25), (LOG3, 0.75, 0.1875)],
}
# surrogate: (v, psi, psi'); at a kink the smaller |psi'|
HAND_WORKED_SURROGATES = {
    "tanh": [(0, 0, 1), (LOG2, 0.6, 0.64)],
    "boxcar": [(0, 0, 1), (0.25, 0.25, 1), (0.5, 0.5, 0), (2, 0.5, 0)],
    "triangle": [(0, 0, 1), (0.5, 0.375, 0.5), (1, 0.5, 0), (3, 0.5, 0)],
    "arctan": [(0, 0, 1), (1 / math.pi, 0.25, 0.5), (math.sqrt(3) / math.pi, 1 / 3, 0.25)],
    "fast_sigmoid": [(0, 0, 1), (1, 0.5, 0.25), (3, 0.75, 1 / 16)],
}
LIMITS = {"tanh": 1, "boxcar": 0.5, "triangle": 0.5, "arctan": 0.5, "fast_sigmoid": 1}  # psi(inf)


def smooth_pairs():
    """(name, value, slope) of every differentiable function, slope as a function of z alone."""
    for f in (*STATE_FUNCTIONS.values(), SIGMOID):
        yield f.name, f.value, lambda z, f=f: f.slope(z, f.value(z))
    for s in SURROGATES.values():
        yield s.name, s.psi, s.dpsi


def test_values_and_slopes_of_g_and_h_are_those_worked_by_hand():
    functions = {**STATE_FUNCTIONS, "sigmoid": SIGMOID}
    assert functions.keys() == HAND_WORKED.keys()
    for name, rows in HAND_WORKED.items():
        assert functions[name].name == name
        z, value, slope = np.array(rows, float).T
        f = functions[name].value(z)
        np.testing.assert_allclose(f, value, rtol=1e-15, atol=1e-16, err_msg=name)
        np.testing.assert_allclose(functions[name].slope(z, f), slope, rtol=2e-15, err_msg=name)


def test_values_and_slopes_of_the_surrogates_are_those_worked_by_hand():
    assert SURROGATES.keys() == HAND_WORKED_SURROGATES.keys()
    for name, rows in HAND_WORKED_SURROGATES.items():
        v, psi, dpsi = np.array(rows, float).T
        for sign in (1, -1):  # psi is odd, psi' even
            np.testing.assert_allclose(SURROGATES[name].psi(sign * v), sign * psi, rtol=1e-15,
                                       atol=1e-16, err_msg=name)
            np.testing.assert_allclose(SURROGATES[name].dpsi(sign * v), dpsi, rtol=2e-15,
                                       err_msg=name)


@pytest.mark.parametrize("dtype", REAL)
def test_step_fires_only_strictly_above_zero(dtype):
    tiny = np.finfo(dtype).tiny
    v = np.array([-1, -tiny, -0.0, 0, tiny, 1], dtype)
    assert STEP.value(v).tolist() == [0, 0, 0, 0, 1, 1]


def test_slopes_change_exactly_at_the_kinks():
    """One float away from the kink on either side, and the smaller |psi'| (the left g') on it."""
    below, above = np.nextafter(0.0, -1), np.nextafter(0.0, 1)
    z = np.array([below, 0.0, -0.0, above])
    assert STATE_FUNCTIONS["relu"].slope(z, None).tolist() == [0, 0, 0, 1]
    assert STATE_FUNCTIONS["leaky_relu"].slope(z, None).tolist() == [0.1, 0.1, 0.1, 1]
    inside = np.nextafter(0.5, 0)
    v = np.array([inside, 0.5, np.nextafter(0.5, 1)])
    assert SURROGATES["boxcar"].dpsi(v).tolist() == [1, 0, 0]
    assert SURROGATES["boxcar"].dpsi(-v).tolist() == [1, 0, 0]
    v = np.array([np.nextafter(1.0, 0), 1.0, np.nextafter(1.0, 2)])
    for dpsi in (SURROGATES["triangle"].dpsi(v), SURROGATES["triangle"].dpsi(-v)):
        assert 0 < dpsi[0] < 1e-15 and dpsi[1:].tolist() == [0, 0]


def test_slopes_are_the_derivatives_by_complex_step_and_central_differences():
    """Between the kinks, which are at 0 (relu, leaky_relu), +-1/2 (boxcar) and +-1 (triangle)."""
    z = np.array([-3, -1.3, -0.8, -0.45, -0.1, 0.1, 0.3, 0.7, 0.9, 1.2, 4])
    h = 1e-6
    for name, value, slope in smooth_pairs():
        exact = value(z + 1e-30j).imag / 1e-30
        np.testing.assert_allclose(slope(z), exact, rtol=1e-13, atol=1e-16, err_msg=name)
        central = (value(z + h) - value(z - h)) / (2 * h)  # error h^2 |f'''| / 6 + 1e-16 / h
        np.testing.assert_allclose(slope(z), central, rtol=0, atol=1e-9, err_msg=name)


def test_surrogates_are_odd_bounded_and_steepest_at_the_threshold():
    v = np.concatenate([np.linspace(0, 3, 301), [10, 100]])
    for name, (_, psi, dpsi) in SURROGATES.items():
        np.testing.assert_array_equal(psi(-v), -psi(v), err_msg=name)
        np.testing.assert_array_equal(dpsi(-v), dpsi(v), err_msg=name)
        slope = dpsi(v)
        assert slope[0] == 1 and (np.diff(slope) <= 0).all() and (slope >= 0).all(), name
        assert (np.diff(psi(v)) >= 0).all() and (psi(v) <= LIMITS[name]).all(), name
        assert abs(psi(np.array([1e12]))[0] - LIMITS[name]) < 1e-11, name


def test_psi_is_the_integral_of_dpsi():
    """Midpoint rule on 30,000 cells over [0, 3]: below 1e-7 even across a jump or kink."""
    edges = np.linspace(0, 3, 30_001)
    for name, (_, psi, dpsi) in SURROGATES.items():
        area = np.cumsum(dpsi((edges[1:] + edges[:-1]) / 2)) * (edges[1] - edges[0])
        np.testing.assert_allclose(psi(edges[1:]), area, rtol=0, atol=1e-7, err_msg=name)


def test_sigmoid_is_symmetric_and_saturates_without_overflow():
    v = np.linspace(0, 30, 61)
    np.testing.assert_allclose(SIGMOID.value(v) + SIGMOID.value(-v), 1, rtol=1e-15)
    np.testing.assert_allclose(SIGMOID.value(v), 1 / (1 + np.exp(-v)), rtol=1e-15)
    with np.errstate(all="raise"):
        v = np.array([-1e4, 1e4])
        f = SIGMOID.value(v)
        assert f.tolist() == [0, 1] and SIGMOID.slope(v, f).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", REAL)
def test_finite_input_gives_finite_output_of_the_same_dtype_and_shape(dtype):
    huge = dtype(1e30) if dtype is np.float32 else dtype(1e300)
    z = np.array([[-huge, -1e4, -1, -0.5, -1e-30, -0.0], [0, 1e-30, 0.5, 1, 1e4, huge]], dtype)
    before = z.copy()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for name, value, slope in (*smooth_pairs(), ("step", STEP.value, lambda v: v)):
            for result in (value(z), slope(z)):
                assert result.dtype == dtype and result.shape == z.shape, name
                assert np.isfinite(result).all(), name
            assert not np.shares_memory(value(z), z), name
    assert (z == before).all()


def test_nan_is_not_hidden_by_g():
    """relu(nan) = 0 would silence a broken weight."""
    for name, f in STATE_FUNCTIONS.items():
        assert np.isnan(f.value(np.array([np.nan]))).all(), name


def test_complex_numbers_pass_and_every_branch_looks_at_the_real_part():
    """So the complex step meets the conventions at the kinks too: at 0, +-1/2 and +-1."""
    real = np.array([-2, -1, -0.5, -0.25, 0.0, 0.25, 0.5, 1, 2])
    for name, value, slope in (*smooth_pairs(), ("step", STEP.value, np.zeros_like)):
        for h in (1e-30, -1e-30):
            f = value(real + 1j * h)
            assert f.dtype == np.complex128, name
            np.testing.assert_allclose(f.real, value(real), rtol=1e-15, atol=h * h,
                                       err_msg=f"{name}, {h}")
            np.testing.assert_allclose(f.imag / h, slope(real), rtol=1e-13, err_msg=f"{name}, {h}")


def test_step_takes_the_slope_of_its_surrogate_and_sigmoid_does_not():
    v = np.linspace(-2, 2, 9)
    for surrogate in SURROGATES.values():
        h = output_function("step", surrogate)
        assert h.name == "step"
        np.testing.assert_array_equal(h.slope(v, h.value(v)), surrogate.dpsi(v))
        h = output_function("sigmoid", surrogate)
        np.testing.assert_array_equal(h.slope(v, h.value(v)), SIGMOID.slope(v, SIGMOID.value(v)))


def test_a_surrogate_is_found_by_name_or_taken_as_a_pair():
    for name in SURROGATES:
        assert find_surrogate(name) is SURROGATES[name] and SURROGATES[name].name == name
        assert find_surrogate(SURROGATES[name]) is SURROGATES[name]
    pair = (np.sin, np.cos)
    v = np.linspace(-1, 1, 5)
    found = find_surrogate(pair)
    assert found.name == "custom"
    assert np.array_equal(found.psi(v), np.sin(v)) and np.array_equal(found.dpsi(v), np.cos(v))
    assert find_surrogate(Surrogate("mine", *pair)).name == "mine"


def test_a_surrogate_of_ones_own_shapes_the_gradient_of_a_unit():
    """One step of one unit: dL/dW = x psi'(v) with v = W x + b, here cos(1/3)."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), g="identity", surrogate=(np.sin, np.cos))
    unit.params["W"][:] = 2
    unit.params["b"][:] = -1
    x = np.full((1, 1, 1), 2 / 3)
    y, cache = unit.forward(x)
    assert y == 1
    _, grads, _ = unit.backward(np.ones_like(y), cache)
    assert math.isclose(grads["W"][0, 0], 2 / 3 * math.cos(1 / 3), rel_tol=1e-15)
