"""Clipping by the norm of all gradients: the bound, the direction, the range of the dtype."""
import math

import numpy as np
import pytest

from snu_ref import clip_by_norm

DTYPES = (np.float32, np.float64, np.longdouble)


def test_clipping_by_hand():
    """A 2-3-6 brick has the diagonal 7; its edges lie in two tensors."""
    grads = {"a": np.array([[2.0], [-3]]), "b": np.array([6.0])}
    clipped, norm = clip_by_norm(grads, 3.5)
    assert norm == 7 and type(norm) is float and list(clipped) == ["a", "b"]
    assert clipped["a"].tolist() == [[1], [-1.5]] and clipped["b"].tolist() == [3]
    assert grads["a"].tolist() == [[2], [-3]] and grads["b"].tolist() == [6]  # not changed


def test_clipping_keeps_what_is_below_the_bound_and_the_direction_above_it():
    rng = np.random.default_rng(0)
    grads = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    flat = np.concatenate([g.ravel() for g in grads.values()])
    norm = math.sqrt((flat**2).sum())
    for bound in (norm * (1 + 1e-12), 10.0, math.inf):
        same, found = clip_by_norm(grads, bound)
        assert all((same[name] == grads[name]).all() for name in grads)
        assert math.isclose(found, norm, rel_tol=1e-15)
    for bound in (norm * 0.999, 1.0, 1e-6):
        clipped, found = clip_by_norm(grads, bound)
        assert math.isclose(found, norm, rel_tol=1e-15)
        short = np.concatenate([g.ravel() for g in clipped.values()])
        assert math.isclose(math.sqrt((short**2).sum()), bound, rel_tol=1e-13)
        np.testing.assert_allclose(short / bound, flat / norm, rtol=1e-13)


def test_clipping_at_the_edges():
    clipped, norm = clip_by_norm({"a": np.zeros(3)}, 1.0)
    assert norm == 0 and not clipped["a"].any()
    assert clip_by_norm({}, 1.0) == ({}, 0.0)
    assert clip_by_norm({"a": np.zeros(0)}, 1.0)[1] == 0
    clipped, _ = clip_by_norm({"a": np.array(3.0)}, 1.0)
    assert type(clipped["a"]) is np.ndarray and clipped["a"] == 1
    for dtype in DTYPES:
        clipped, norm = clip_by_norm({"a": np.full((2, 2), 2, dtype)}, 1.0)
        assert norm == 4 and clipped["a"].dtype == dtype and (clipped["a"] == 0.5).all()


@pytest.mark.parametrize("dtype, size", [
    (np.float32, 1e37), (np.float32, 1e20), (np.float32, 1e-30),
    (np.float64, 1e306), (np.float64, 1e200), (np.float64, 1e-200)])
def test_the_norm_is_right_where_squares_leave_the_range_of_the_dtype(dtype, size):
    """Squares of float32 numbers overflow above 1.8e19 and vanish below 3e-23; a norm need not.
    The direction is kept, however small the bound is."""
    grads = {"a": np.array([3 * size], dtype), "b": np.array([[-4 * size]], dtype),
             "c": np.zeros(2, dtype)}
    for bound in (size / 2, *((1.0, 1e-10) if size > 1 else ())):
        clipped, norm = clip_by_norm(grads, bound)
        assert math.isclose(norm, 5 * size, rel_tol=1e-6)
        have = [clipped["a"].item() / bound, clipped["b"].item() / bound]
        np.testing.assert_allclose(have, [0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_clipping_refuses_gradients_that_are_not_finite(bad):
    with pytest.raises(ValueError, match="^grads: expected finite gradients, got the norm "):
        clip_by_norm({"a": np.ones(2), "b": np.array([1.0, bad])}, 1.0)
