"""The gradient check of any function: layouts, numbers of any size, what cannot be checked."""
import numpy as np
import pytest
from helpers.any_calls import LAYOUTS

from snu_ref import RNN, SNU, gradcheck


def tanh_pair():
    return (lambda a: np.tanh(a["x"])), (lambda a, G: {"x": G * (1 - np.tanh(a["x"]) ** 2)})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_gradient_check_takes_any_layout(layout):
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    laid = LAYOUTS[layout](x)
    row, = gradcheck.check_gradient(*tanh_pair(), {"x": laid}, rng=np.random.default_rng(0))
    want, = gradcheck.check_gradient(*tanh_pair(), {"x": x}, rng=np.random.default_rng(0))
    assert row.verdict == want.verdict == "ok" and row.norm == pytest.approx(want.norm)
    rows = gradcheck.check_layer(
        RNN(3, 2, rng=np.random.default_rng(0)), laid, rng=np.random.default_rng(0)
    )
    assert len(rows) == 5 and all(row.verdict == "ok" for row in rows)
    np.testing.assert_array_equal(laid, x)


def test_a_gradient_check_of_numbers_of_any_size():
    """Beside a number so large that a step of 1e-6 is lost in it, the others are still checked."""
    x = np.array([1e300, -1e300, 5e-324, 1e-310, 0.0, 0.3, 1e7])
    row, = gradcheck.check_gradient(*tanh_pair(), {"x": x}, rng=np.random.default_rng(0))
    assert row.verdict == "ok" and row.kinks == 0
    cube = (lambda a: a["x"] ** 3), (lambda a, G: {"x": 3 * G * a["x"] ** 2})
    for size in (1e-3, 1.0, 70.0, 1e7, 1e50):
        (row,) = gradcheck.check_gradient(
            *cube, {"x": np.array([size])}, rng=np.random.default_rng(0)
        )
        assert row.verdict == "ok" and row.central < 1e-6


FORWARD, BACKWARD = tanh_pair()
ONES = {"x": np.ones(2)}


@pytest.mark.parametrize(
    "words, call",
    [
        ("inputs: expected a dict", lambda check: check(FORWARD, BACKWARD, [1.0])),
        (
            r"inputs\['x'\]: .* got bool",
            lambda check: check(FORWARD, BACKWARD, {"x": np.ones(2, bool)}),
        ),
        (
            r"inputs\['x'\]: .* got complex",
            lambda check: check(FORWARD, BACKWARD, {"x": np.ones(2, complex)}),
        ),
        (
            r"inputs\['x'\]: expected finite",
            lambda check: check(FORWARD, BACKWARD, {"x": np.array([1, np.nan])}),
        ),
        (
            "forward: expected finite",
            lambda check: check(lambda a: a["x"] * np.inf, BACKWARD, ONES),
        ),
        ("forward: expected an array", lambda check: check(lambda a: None, BACKWARD, ONES)),
        ("backward: expected a dict", lambda check: check(FORWARD, lambda a, G: None, ONES)),
        (
            r"backward: expected shape \(2,\)",
            lambda check: check(FORWARD, lambda a, G: {"x": 1.0}, ONES),
        ),
        (
            r"twin: expected shape \(2,\)",
            lambda check: check(FORWARD, BACKWARD, ONES, twin=lambda a, G: {"x": 1.0}),
        ),
        (
            r"frozen: expected the shapes of forward, \[\(2,\)\], got \[\(1,\)\]",
            lambda check: check(
                FORWARD, BACKWARD, ONES, frozen=lambda a: lambda a: np.tanh(np.ones(1))
            ),
        ),
        (
            "zero: expected names in inputs .x., got 'y'",
            lambda check: check(FORWARD, BACKWARD, ONES, zero=("y",)),
        ),
    ],
)
def test_what_cannot_be_checked_is_named(words, call):
    def check(*args, **options):
        return gradcheck.check_gradient(*args, rng=np.random.default_rng(0), **options)
    with pytest.raises((TypeError, ValueError), match=words):
        call(check)


def test_what_is_no_layer_or_has_no_step_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match="layer: expected a Layer or a Network, got int"):
        gradcheck.check_layer(3, np.ones((2, 2, 3)), rng=rng)
    for shape in ((0, 2, 3), (2, 0, 3)):
        with pytest.raises(ValueError, match="x: expected at least one step and sample"):
            gradcheck.check_layer(SNU(3, 2, rng=rng), np.ones(shape), rng=rng)
