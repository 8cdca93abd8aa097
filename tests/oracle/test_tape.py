"""The tape against derivatives taken in other ways: by hand, and by the complex step."""
import numpy as np
import pytest

from snu_ref.oracle.program.functions import VARS
from snu_ref.oracle.program.tape import Var, backward


def gradients(program, *arrays, dtype=np.float64):
    """The gradients of sum(weights . program(arrays)), and the weights."""
    leaves = [Var(a.astype(dtype)) for a in arrays]
    result = program(*leaves)
    weights = np.random.default_rng(9).normal(size=result.value.shape).astype(dtype)
    backward([(result, weights)])
    return [leaf.gradient() for leaf in leaves], weights


def complex_step(program, weights, *arrays):
    """The same gradients of a program of arrays, element by element."""
    found = []
    for i, a in enumerate(arrays):
        gradient = np.zeros(a.shape)
        for at in np.ndindex(*a.shape):
            moved = [b.astype(complex) for b in arrays]
            moved[i][at] += 1e-30j
            gradient[at] = (weights * program(*moved)).sum().imag / 1e-30
        found.append(gradient)
    return found


ARITHMETIC = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "negation": lambda a, b: -a * b,
    "numbers on either side": lambda a, b: 2 * (1 - a) + (b - 3.0) * 0.5 + 1,
    "a constant array": lambda a, b: a * np.array([1.0, 2, 3]) + np.array([[1.0], [2]]) * b,
    "a value used three times": lambda a, b: a * a * a + b * a,
    "two paths that meet": lambda a, b: (a + b) * (a - b) * b,
}
SHAPES = {
    "equal": ((2, 3), (2, 3)),
    "one row for all": ((2, 3), (3,)),
    "one column for all": ((2, 1), (2, 3)),
    "one number for all": ((2, 3), (1,)),
}


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("program", ARITHMETIC.values(), ids=ARITHMETIC)
def test_arithmetic_with_and_without_broadcasting(program, shapes):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    have, weights = gradients(program, *arrays)
    for h, w in zip(have, complex_step(program, weights, *arrays)):
        assert h.shape == w.shape
        np.testing.assert_allclose(h, w, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "program",
    [lambda a, b: a @ b, lambda a, b: a @ (b @ b.T) @ b, lambda a, b: (b.T @ a.T).T],
    ids=["product", "chain", "transposes"],
)
def test_matrix_products(program):
    rng = np.random.default_rng(1)
    arrays = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    have, weights = gradients(program, *arrays)
    for h, w in zip(have, complex_step(program, weights, *arrays)):
        np.testing.assert_allclose(h, w, rtol=1e-13, atol=1e-13)


def test_sum_keeps_the_axis():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(3, 4))
    (have,), weights = gradients(lambda a: a.sum(-1), a)
    assert weights.shape == (3, 1)
    np.testing.assert_array_equal(have, weights * np.ones(4))


def test_apply_takes_the_slope_it_is_given():
    """The step has no derivative; its substitute gets the argument and the value."""
    a = np.array([-1.0, 0.0, 2.0])
    (have,), weights = gradients(
        lambda a: a.apply(lambda v: (v > 0).astype(v.dtype), lambda v, f: 10 * v + f), a)
    np.testing.assert_array_equal(have, weights * [-10, 0, 21])


def test_the_largest_of_the_others_is_0_if_there_are_none():
    others = VARS["max_of_others"]
    np.testing.assert_array_equal(others(Var(np.array([[1.0], [0.0]]))).value, [[0], [0]])
    np.testing.assert_array_equal(others(Var(np.array([[1.0, 0, 0]]))).value, [[0, 1, 1]])


def test_a_constant_cuts_one_path_only():
    a = np.array([2.0, 3.0])
    (have,), weights = gradients(lambda a: a * VARS["const"](a), a)
    np.testing.assert_array_equal(have, weights * a)
    assert VARS["const"](0.5) == 0.5


def test_a_value_with_the_gradient_of_another():
    a, b = Var(np.array([2.0])), Var(np.array([5.0]))
    result = 7 * b + VARS["const"](a * a - 7 * b)
    backward([(result, np.array([1.0]))])
    assert result.value == [4] and a.gradient() == [0] and b.gradient() == [7]


@pytest.mark.parametrize(
    "ties, shares", [("shared", [0.5, 0.5, 0]), ("first", [1, 0, 0]), ("each", [1, 1, 0])]
)
def test_maximum_and_its_ties(ties, shares):
    a = np.array([[1.0, 1, 0], [3, 3, 2]])
    (have,), weights = gradients(lambda a: a.maximum(-1, ties), a)
    np.testing.assert_array_equal(have, weights * shares)


def test_maximum_over_all_axes_shares_among_all():
    (have,), weights = gradients(lambda a: a.maximum((0, 1)), np.array([[1.0, 0], [1, 1]]))
    np.testing.assert_array_equal(have, weights * np.array([[1, 0], [1, 1]]) / 3)


def test_cotangents_in_the_middle_add_to_what_comes_back():
    a = Var(np.array([3.0]))
    b = 2 * a
    c = 5 * b
    backward([(c, np.array([1.0])), (b, np.array([100.0]))])
    assert b.gradient() == [105] and a.gradient() == [210] and c.gradient() == [1]


def test_what_is_not_reached_has_the_gradient_zero():
    a, b = Var(np.ones((2, 3))), Var(np.ones(3))
    backward([(a * 2, np.ones((2, 3)))])
    np.testing.assert_array_equal(b.gradient(), np.zeros(3))


def test_elements_taken_from_elsewhere_give_their_gradients_back():
    a = np.arange(6.0).reshape(2, 3)
    for name, program in (("backwards", lambda a: a[::-1]), ("first", lambda a: a[:1]),
                          ("reshaped", lambda a: a.T.reshape(a.shape)),
                          ("column_order", lambda a: a.reshape(a.T.shape).T)):
        (have,), weights = gradients(VARS[name], a)
        np.testing.assert_allclose(have, complex_step(program, weights, a)[0], err_msg=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_dtype_is_kept(dtype):
    def program(a, b):
        return ((1 - a) * 0.5 @ b + a.maximum(-1)).apply(np.tanh, lambda v, f: 1 - f * f)
    have, weights = gradients(program, np.ones((2, 2)), np.eye(2), dtype=dtype)
    assert {g.dtype for g in have} == {np.dtype(dtype)}
