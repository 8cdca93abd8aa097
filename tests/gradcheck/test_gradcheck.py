"""The checker is checked: right gradients pass, and each kind of wrong one is named."""
import copy
import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from snu_ref import SNU, Dense, Network
from snu_ref.activations import SURROGATES
from snu_ref.gradcheck import (BOUNDS, central_difference, check_gradient, check_layer,
                               complex_step, frozen_max, frozen_step)
from snu_ref.__main__ import main
from snu_ref.commands import gradcheck as command
from snu_ref.gradcheck import checking
from snu_ref.commands.gradcheck import summarise
from snu_ref.gradcheck.table import catalogue
from snu_ref.gradcheck.twinning import twin_of


def all_rows(folder):
    """The evidence for all pieces, computed in another process.

    Sequences of 3 steps, where the command takes 5: a state is carried twice, in half the time.
    """
    code = ("import pickle, sys; from snu_ref.gradcheck import table; table.T = 3; "
            "pickle.dump(list(table.evidence()), sys.stdout.buffer)")
    return pickle.loads(subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=folder,
                                       stdout=subprocess.PIPE, check=True).stdout)


on_all_rows = pytest.mark.ahead.with_args(all_rows)


@pytest.fixture
def rows(ahead):
    return ahead


@on_all_rows
def test_every_gradient_of_the_package_agrees_by_all_three_methods(rows):
    assert [row for row in rows if row.failed] == []
    counted = [row for row in rows if row.verdict == "ok"]
    for method, bound in BOUNDS.items():
        errors = np.array([getattr(row, method) for row in counted])
        assert (errors <= bound).all()  # also not nan: every method checked every row
    assert min(row.norm for row in counted) > 1e-3
    assert max(row.norm for row in counted) < 1e3


@on_all_rows
def test_the_table_holds_every_variant_of_the_unit(rows):
    variants = {row.variant for row in rows if row.piece == "SNU"}
    # (5 surrogates + sigmoid) x 4 g x recurrent x inhibition x reset_grad
    assert len(variants) == 192
    for row in rows:
        if row.piece == "SNU" and "sSNU" not in row.variant:
            assert 0.02 < row.spike_rate < 0.98


@on_all_rows
def test_zero_by_construction_is_only_claimed_for_the_output_behind_a_detached_gate(rows):
    for row in rows:
        if row.verdict == "zero":
            assert row.parameter == "state.y" and "detached" in row.variant
            assert "recurrent" not in row.variant and row.norm == 0


def row_of(forward, slope, x, **options):
    """The row of y = forward(x), an element of x to each of y, with dx = G * slope(x)."""
    return check_gradient(lambda a: forward(a["x"]), lambda a, G: {"x": G * slope(a["x"])},
                          {"x": x}, rng=np.random.default_rng(0), **options)[0]


def _unit(**options):
    rng = np.random.default_rng(3)
    unit = SNU(3, 4, rng=rng, **options)
    unit.params["b"][:] = -0.4
    start = unit.zero_state(2)
    start.s[:], start.y[:] = rng.normal(size=(2, 4)), rng.uniform(0, 0.7, (2, 4))
    return unit, rng.normal(size=(5, 2, 3)), start, rng


@pytest.mark.parametrize("options", [{}, {"recurrent": True}, {"lateral_inhibition": True},
                                     {"h": "sigmoid"}, {"reset_grad": "detached"}])
@pytest.mark.parametrize("name", ["W", "b", "decay", "x", "state.s", "H"])
def test_a_wrong_gradient_is_named(monkeypatch, options, name):
    if name == "H" and not options.get("recurrent"):
        return
    unit, x, start, rng = _unit(**options)
    right = SNU.backward

    def wrong(self, dy, cache, dstate=None, need_dx=True):
        dx, grads, (ds, dy0) = right(self, dy, cache, dstate, need_dx)
        target = {"x": dx, "state.s": ds, **grads}[name]
        target.flat[target.size // 2] += 1e-9 * np.abs(target).max()
        return dx, grads, type(start)(ds, dy0)

    zero = ("state.y",) if options.get("reset_grad") else ()
    clean = check_layer(unit, x, state=start, rng=rng, twin=twin_of(unit), zero=zero)
    assert [row for row in clean if row.failed] == []
    monkeypatch.setattr(SNU, "backward", wrong)
    rows = check_layer(unit, x, state=start, rng=rng, twin=twin_of(unit), zero=zero)
    failed = [row for row in rows if row.failed]
    assert [row.parameter for row in failed] == [name]
    assert "complex" in failed[0].verdict and "twin" in failed[0].verdict


def test_the_checker_tells_the_two_reset_gradients_apart():
    through, x, start, rng = _unit()
    detached = copy.copy(through)
    vars(detached)["reset_grad"] = "detached"

    class Confused(SNU):
        """Claims that its gradient flows through the reset, but detaches it."""
        def backward(self, *args, **kwargs):
            return SNU.backward(detached, *args, **kwargs)

    confused = copy.copy(through)
    object.__setattr__(confused, "__class__", Confused)
    rows = check_layer(confused, x, state=start, rng=rng)
    assert "WRONG" in {row.parameter: row.verdict for row in rows}["W"]


def test_a_scaled_surrogate_is_noticed():
    unit, x, start, rng = _unit(surrogate=(np.tanh, lambda v: 1.001 * (1 - np.tanh(v) ** 2)))
    assert all("WRONG" in row.verdict for row in check_layer(unit, x, state=start, rng=rng))


def test_a_surrogate_of_ones_own_is_checked_by_its_primitive():
    unit, x, start, rng = _unit(surrogate=(np.arctan, lambda v: 1 / (1 + v * v)))
    assert [row.verdict for row in check_layer(unit, x, state=start, rng=rng)] == ["ok"] * 6


def test_a_silent_network_is_dead_not_right():
    unit, x, start, rng = _unit()
    unit.params["b"][:] = -100.0
    rows = check_layer(unit, x, state=start, rng=rng)
    assert all(row.verdict.startswith("dead") and row.failed for row in rows)


def test_a_zero_gradient_is_dead_unless_it_is_claimed_and_then_it_must_be_exact():
    def check(db, zero=()):
        return check_gradient(lambda a: a["a"] * 1.0, lambda a, G: {"a": G, "b": db},
                              {"a": np.ones(3), "b": np.ones(3)}, rng=np.random.default_rng(0),
                              zero=zero)[1]
    assert check(np.zeros(3)).verdict.startswith("dead") and check(np.zeros(3)).failed
    assert check(np.zeros(3), ("b",)).verdict == "zero"
    assert "exactly 0" in check(np.full(3, 1e-300), ("b",)).verdict


def test_a_claim_of_zero_fails_where_the_function_does_depend_on_it():
    row = row_of(np.square, np.zeros_like, np.ones(3), zero=("x",))
    assert row.failed and "exactly 0" in row.verdict


def test_references_that_are_not_finite_are_no_agreement():
    row = row_of(lambda x: np.where(np.array_equal(x, np.ones(3)), x ** 2, np.nan),
                 lambda x: 77 * x, np.ones(3))
    assert row.failed and "WRONG" in row.verdict
    row = row_of(np.square, lambda x: 2 * x, np.ones(3),
                 twin=lambda a, G: {"x": np.full(3, np.nan)})
    assert row.failed and "twin nan" in row.verdict


def test_a_twin_must_have_every_name_and_inputs_must_be_float64():
    with pytest.raises(ValueError, match="twin: expected a gradient for 'x', got X"):
        row_of(np.square, lambda x: 2 * x, np.ones(3), twin=lambda a, G: {"X": 2 * G})
    with pytest.raises(TypeError,
                       match=r"inputs\['x'\]: expected float64 or integers, got float32"):
        row_of(np.square, lambda x: 2 * x, np.ones(3, np.float32))
    with pytest.raises(TypeError, match="layer: expected dtype float64 for a check, got float32"):
        check_layer(Dense(2, 2, rng=np.random.default_rng(0), dtype=np.float32),
                    np.ones((1, 1, 2), np.float32), rng=np.random.default_rng(0))


def test_nan_in_a_gradient_is_wrong():
    row = row_of(np.square, lambda x: np.full(3, np.nan), np.ones(3))
    assert row.verdict == "WRONG: not finite"


def test_a_spiking_pair_of_ones_own_needs_its_frozen_program():
    """The step alone is flat, so its gradient looks dead or wrong; frozen, it is checked
    exactly."""
    rng = np.random.default_rng(0)
    inputs = {"w": rng.normal(size=4), "x": rng.normal(size=(6, 4))}
    def v_of(a): return a["x"] @ a["w"] - 0.2
    def forward(a): return (v_of(a) > 0).astype(float)
    def frozen(a):
        h = frozen_step(np.tanh, v_of(a))
        return lambda moved: h(v_of(moved))
    def backward(a, G):
        dv = G * (1 - np.tanh(v_of(a)) ** 2)
        return {"w": a["x"].T @ dv, "x": np.outer(dv, a["w"])}
    rows = check_gradient(forward, backward, inputs, rng=rng, frozen=frozen)
    assert [row.verdict for row in rows] == ["ok", "ok"]
    assert max(row.complex for row in rows) < 1e-14
    naive = check_gradient(lambda a: 1.0 * (v_of(a).real > 0), backward, inputs, rng=rng)
    assert all("WRONG" in row.verdict for row in naive)


def test_a_frozen_program_with_other_values_is_refused():
    with pytest.raises(ValueError, match="frozen: expected the values of forward"):
        row_of(np.array, np.ones_like, np.ones(2), frozen=lambda a: lambda b: b["x"] + 1e-6)


def test_missing_and_misshapen_gradients_are_errors():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="expected a gradient for 'x'"):
        check_gradient(lambda a: a["x"], lambda a, G: {}, {"x": np.ones(2)}, rng=rng)
    with pytest.raises(ValueError, match=r"expected shape \(2,\) for 'x', got \(1, 2\)"):
        check_gradient(lambda a: a["x"], lambda a, G: {"x": G[None]}, {"x": np.ones(2)}, rng=rng)


@pytest.mark.parametrize("surrogate", SURROGATES.values(), ids=SURROGATES)
def test_frozen_step_has_the_value_of_the_step_and_the_slope_of_psi(surrogate):
    v0 = np.array([-0.7, -0.2, 0.0, 0.3, 0.8])
    h = frozen_step(surrogate.psi, v0)
    assert np.array_equal(h(v0) > 0.5, v0 > 0) and np.allclose(h(v0), v0 > 0, atol=1e-15)
    slope = np.imag(h(v0 + 1e-30j)) / 1e-30
    assert np.allclose(slope, surrogate.dpsi(v0), atol=1e-14)


def test_frozen_max_shares_a_tie():
    y0 = np.array([[1.0, 0.0, 1.0], [0.2, 0.9, 0.1]])
    f = frozen_max(y0)
    assert np.array_equal(f(y0), [[1.0], [0.9]])
    assert np.array_equal(f(np.eye(3)[:2]), [[0.5], [1.0]])


def test_central_differences_find_the_kink_and_the_complex_step_obeys_the_convention():
    x = np.array([-1.0, 0.0, 2.0])
    def f(a): return (a["x"] * (a["x"].real > 0)).sum()
    value, kink = central_difference(f, {"x": x}, "x")
    assert kink.tolist() == [False, True, False]
    assert np.allclose(value[[0, 2]], [0, 1])
    assert np.array_equal(complex_step(f, {"x": x}, "x"), [0, 0, 1])  # the left slope at 0


def test_a_strongly_curved_function_is_no_kink():
    x = np.array([0.3, 0.0])
    value, kink = central_difference(
        lambda a: np.sin(30 * a["x"][0]) + 20 * a["x"][1] ** 2 + a["x"][1] / 10, {"x": x}, "x"
    )
    assert not kink.any()
    assert np.allclose(value, [30 * np.cos(9.0), 0.1], rtol=1e-6)


def test_mostly_kinks_is_dead():
    row = row_of(lambda x: np.where(x.real > 0, x, 0), lambda x: x > 0, np.array([0.0, 0.0, 1.0]))
    assert row.kinks == 2 and row.verdict == "dead: mostly kinks"


def test_a_network_with_one_silent_layer_is_dead():
    rng = np.random.default_rng(0)
    network = Network([SNU(3, 4, rng=rng), SNU(4, 4, rng=rng), Dense(4, 2, rng=rng)])
    network.params["0.b"][:] = -0.3
    network.params["1.b"][:] = -50.0
    rows = check_layer(network, rng.normal(size=(5, 2, 3)), rng=rng)
    assert any(row.verdict.startswith("dead") for row in rows)


def test_the_summary_counts_failures_and_leaves_zero_rows_out_of_the_evidence(capsys):
    rows = [row_of(np.square, lambda x: 2 * x * 1.1, np.ones(3))]
    assert summarise(rows, print_rows=True)[0]["failed"] == 1
    text = capsys.readouterr().out
    assert "1 gradients are wrong" in text and "WRONG" in text


@on_all_rows
def test_every_piece_of_the_catalogue_has_rows_of_its_own(rows):
    assert {entry.piece for entry in catalogue()} == {row.piece for row in rows}


@pytest.mark.parametrize("wrong, status", [(0.0, 0), (1e-9, 1)])
def test_the_exit_status_of_the_command_is_1_if_a_gradient_is_wrong(wrong, status, monkeypatch,
                                                                    capsys):
    """The whole command, on one right and one slightly wrong gradient."""
    def evidence(piece=None):
        for error in (0.0, wrong):
            yield row_of(np.tanh, lambda x: 1 - np.tanh(x) ** 2 + error, np.linspace(-1, 1, 5),
                         piece="tanh")

    monkeypatch.setattr(command, "evidence", evidence)
    for words in ([], ["--summary"], ["--piece", "SNU"]):
        assert main(["gradcheck", *words]) == status
        last = "1 gradients are wrong" if status else "all gradients agree"
        assert last in capsys.readouterr().out


# ---- functions that are not analytic ------------------------------------------------------------

X = np.random.default_rng(5).normal(size=6)
# (forward, slope) whose complex step drops the imaginary part, wholly or in part, or fails
NOT_ANALYTIC = {
    "abs": (np.abs, np.sign),
    "abs in a sum": (lambda x: np.abs(x) + x, lambda x: np.sign(x) + 1),
    "logaddexp": (lambda x: np.logaddexp(x, 0), lambda x: 1 / (1 + np.exp(-x))),
    "cast": (lambda x: x.astype(float) ** 2, lambda x: 2 * x),
    "float only": (lambda x: np.floor(x) + x, lambda x: np.ones_like(x)),
}


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_where_forward_drops_the_imaginary_part_central_differences_judge(name):
    forward, slope = NOT_ANALYTIC[name]
    right = row_of(forward, slope, X)
    assert right.verdict == checking.BY_CENTRAL and not right.failed
    assert math.isnan(right.complex) and right.central < BOUNDS["central"]
    for factor in (0.5, -1, 1 + 1e-5):
        row = row_of(forward, lambda x, factor=factor: factor * slope(x), X)
        assert row.failed and "WRONG: central" in row.verdict


def test_an_analytic_function_is_held_to_the_complex_step():
    """A gradient that is wrong by 1e-9 passes central differences, but fails the check."""
    row = row_of(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (1 + 1e-9), X)
    assert row.verdict.startswith("WRONG: complex")


def test_the_evidence_is_the_same_in_every_process():
    """The order of a set of names depends on the seed of Python's hashes; the numbers may not."""
    code = ("from snu_ref.gradcheck.table import evidence\n"
            "print({'W', 'H', 'b', 'c', 'x'})\n"
            "print([(row.variant, row.parameter, row.norm, row.twin) for row in evidence('GRU')])")
    (one, rows), (other, same) = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600,
                       check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout.splitlines()
        for seed in ("0", "1"))
    assert one != other and rows == same
