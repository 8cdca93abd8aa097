"""The comparison of a port's numbers with the right ones: bounds, the walk, ulps.

The outputs here are invented, since the comparison reads only arrays. The tests find the place of
each element in the order of computation a second time, element by element.
"""
import numpy as np
import pytest

from snu_ref.oracle.comparison.compare import bound, compare, scale, ulps
from snu_ref.oracle.cases.storage import bits

T, B, N = 3, 2, 2
BOUND = 2.0 ** -20
TRACE, STATE = (T, B, N), (B, N)
SHAPES = {"y": TRACE, "z": TRACE, "s": TRACE, "v": TRACE, "end.s": STATE, "end.y": STATE,
          "adj.z": TRACE, "adj.y": TRACE, "adj.s": TRACE, "adj.v": TRACE,
          "grad.W": (N, N), "grad.H": (N, N), "grad.b": (N,), "grad.decay": (N,), "grad.x": TRACE,
          "start.s": STATE}


def entry(unit="snu", h="step", exact=()):
    both = {"bound": BOUND}
    return {"config": {"unit": unit, "h": h}, "exact": list(exact),
            "tolerance": {"float64": both, "float32": {"bound": 4 * BOUND}}}


def made_up(shapes=SHAPES, seed=0):
    """Arrays whose largest element is 4 in size: the bound of each tensor is 4 BOUND."""
    rng = np.random.default_rng(seed)
    made = {
        name: rng.integers(1, 15, shape) / 4.0 * rng.choice([-1, 1], shape)
        for name, shape in shapes.items()
    }
    for a in made.values():
        a.flat[-1] = rng.choice([-4, 4])
    return made


def order(names, shapes=SHAPES):
    """Every element in the order of computation, (tensor, index), written as loops."""
    def steps(group, times):
        return [(name, (t, *i)) for t in times for name in names if name in group
                for i in np.ndindex(shapes[name][1:])]

    def whole(chosen):
        return [(name, i) for name in chosen for i in np.ndindex(shapes[name])]
    forward, backward = ("z", "s", "v", "y"), ("adj.y", "adj.v", "adj.s", "adj.z", "grad.x")
    ends = [name for name in names if name.startswith("end.")]
    return (steps(forward, range(T)) + whole(ends) + steps(backward, range(T - 1, -1, -1))
            + whole([name for name in names if name not in (*forward, *backward, *ends)]))


def changed(outputs, *places, by=1.0):
    got = {name: a.copy() for name, a in outputs.items()}
    for name, index in places:
        got[name][index] += by
    return got


# ---- the bound ----------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_difference_of_the_bound_passes_and_the_next_number_does_not(dtype):
    outputs, e = made_up(), entry()
    allowed = e["tolerance"][np.dtype(dtype).name]["bound"] * 4
    for name, a in outputs.items():
        assert bound(e, outputs, name, dtype) == allowed and scale(a) == 4
        index = (0,) * a.ndim
        for sign in (1, -1):
            got = {key: value.astype(dtype) for key, value in outputs.items()}
            got[name][index] += dtype(sign * allowed)
            assert got[name].dtype == dtype
            result = compare(e, outputs, got, dtype)
            assert result.divergence is None and result.worst == allowed / 4
            got[name][index] = np.nextafter(got[name][index], dtype(sign * np.inf))
            found = compare(e, outputs, got, dtype).divergence
            assert (found.tensor, found.index, found.allowed) == (name, index, allowed)
            assert found.difference > allowed


def test_what_a_tensor_is_measured_by_is_its_own_largest_element():
    for factor in (2.0 ** -30, 1.0, 2.0 ** 30):
        outputs = {name: factor * a for name, a in made_up().items()}
        assert all(scale(a) == 4 * factor for a in outputs.values())
        got = changed(outputs, ("y", (0, 0, 0)), by=factor)
        result = compare(entry(), outputs, got, np.float64)
        assert result.worst == 0.25 and result.divergence.allowed == 4 * factor * BOUND


def test_what_is_exact_or_zero_everywhere_must_match_to_the_bit():
    outputs = made_up()
    outputs["grad.H"][...] = 0
    e = entry(exact=["y"])
    assert bound(e, outputs, "y", np.float64) == 0 == bound(e, outputs, "grad.H", np.float64)
    assert scale(outputs["grad.H"]) == 1
    for name, least in (("y", np.spacing(4.0)), ("grad.H", 5e-324)):
        got = changed(outputs, (name, (1,) * outputs[name].ndim), by=least)
        found = compare(e, outputs, got, np.float64).divergence
        assert found.tensor == name and found.allowed == 0
    assert compare(e, outputs, outputs, np.float64).divergence is None


def test_a_port_in_float32_is_held_against_the_rounded_numbers():
    outputs = {"y": np.full(TRACE, 1 / 3)}
    got = {"y": outputs["y"].astype(np.float32)}
    assert compare(entry(exact=["y"]), outputs, got, np.float32).divergence is None
    assert compare(entry(exact=["y"]), outputs, got, np.float32).worst == 0


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_never_pass(odd):
    outputs = made_up()
    got = changed(outputs)
    got["s"][1, 0, 1] = odd
    found = compare(entry(), outputs, got, np.float64).divergence
    assert (found.tensor, found.index, found.ulps) == ("s", (1, 0, 1), -1)


# ---- the walk -----------------------------------------------------------------------------------

def test_the_first_divergence_is_the_first_in_the_order_of_computation():
    """One wrong element, anywhere: the comparison names it, its rank, and its value."""
    names = list(SHAPES)
    outputs = made_up({name: SHAPES[name] for name in ("z", "s", "v", "y", *names)})
    walk = order(list(outputs))
    assert len(walk) == sum(a.size for a in outputs.values())
    for rank, place in enumerate(walk):
        got = changed(outputs, place)
        result = compare(entry(), outputs, got, np.float64)
        found = result.divergence
        name, index = place
        assert (found.tensor, found.index, found.before) == (name, index, rank)
        right = outputs[name][index]
        assert (found.expected, found.got, found.difference) == (right, right + 1, 1)
        assert (found.expected_bits, found.got_bits) == (bits(float(right)), bits(float(right + 1)))
        assert found.ulps == ulps(np.float64(right), np.float64(right + 1)) > 0
        assert result.worst == 0.25 and found.agreed == 0
        spiking = name in ("z", "s", "v", "y", "adj.z", "adj.y", "adj.s", "adj.v")
        assert found.margin == abs(outputs["v"][index]) if spiking else np.isnan(found.margin)


def test_of_two_divergences_the_earlier_is_named():
    outputs = made_up({name: SHAPES[name] for name in ("z", "s", "v", "y", *SHAPES)})
    walk = order(list(outputs))
    rng = np.random.default_rng(1)
    for _ in range(60):
        first, second = sorted(rng.choice(len(walk), 2, replace=False))
        found = compare(
            entry(), outputs, changed(outputs, walk[first], walk[second]), np.float64
        ).divergence
        assert ((found.tensor, found.index), found.before) == (walk[first], first)


def test_agreed_is_the_largest_relative_difference_among_what_came_before():
    outputs = made_up({name: SHAPES[name] for name in ("z", "s", "v", "y", *SHAPES)})
    walk = order(list(outputs))
    for rank in range(2, len(walk), 7):
        got = changed(outputs, walk[rank])
        for place, small in ((walk[0], 2 ** -22), (walk[rank - 1], 2 ** -21)):
            got[place[0]][place[1]] += small
        for place in walk[rank + 1:]:
            got[place[0]][place[1]] += 2 ** -19   # nearer to the bound, but later
        found = compare(entry(), outputs, got, np.float64).divergence
        assert found.before == rank and found.agreed == 2 ** -21 / 4


def test_training_is_walked_step_by_step_through_all_tensors():
    shapes = {"loss": (T,), "0.W": (T, 2, 2), "y": (T, 2)}
    outputs = made_up(shapes)
    walk = [
        (name, (t, *i)) for t in range(T) for name in shapes for i in np.ndindex(shapes[name][1:])
    ]
    for unit in ("training", "optimiser"):
        for rank, place in enumerate(walk):
            found = compare(entry(unit), outputs, changed(outputs, place), np.float64).divergence
            assert ((found.tensor, found.index), found.before) == (place, rank)
            assert found.axes == ("step" if place[0] == "loss" else "step, ...")


def test_other_units_have_no_traces_of_steps():
    """In a loss case y is compared as a whole, like any other array."""
    shapes = {"a": (2,), "y": (T, 2)}
    outputs = made_up(shapes)
    for rank, place in enumerate([("a", (0,)), ("a", (1,))] + [("y", i) for i in np.ndindex(T, 2)]):
        found = compare(entry("loss"), outputs, changed(outputs, place), np.float64).divergence
        assert ((found.tensor, found.index), found.before, found.axes) == (place, rank, "index")


def test_recurrent_units_are_walked_in_time_too():
    shapes = {"y": TRACE, "c": TRACE}
    outputs = made_up(shapes)
    for unit in ("rnn", "gru", "lstm"):
        found = compare(entry(unit), outputs, changed(outputs, ("y", (1, 0, 0)), ("c", (0, 1, 1))),
                        np.float64).divergence
        assert (found.tensor, found.index, found.before) == ("c", (0, 1, 1), 7)


def test_axes_and_margin():
    outputs = made_up({name: SHAPES[name] for name in ("z", "s", "v", "y", *SHAPES)})
    axes = {"z": "t, sample, unit", "adj.s": "t, sample, unit", "grad.x": "t, sample, input",
            "end.s": "sample, unit", "start.s": "sample, unit", "grad.W": "input, unit",
            "grad.H": "from unit, to unit", "grad.b": "unit", "grad.decay": "unit"}
    for name, words in axes.items():
        got = changed(outputs, (name, (0,) * outputs[name].ndim))
        assert compare(entry(), outputs, got, np.float64).divergence.axes == words
        assert np.isnan(compare(entry(h="sigmoid"), outputs, got, np.float64).divergence.margin)
    pcm = {"G": (2, 2, 2)}
    found = compare(
        entry("pcm array"), made_up(pcm), changed(made_up(pcm), ("G", (1, 1, 1))), np.float64
    ).divergence
    assert found.axes == "index" and np.isnan(found.margin)


def test_what_was_compared_and_what_was_alive():
    outputs = made_up()
    outputs["grad.b"][...] = 0
    got = {name: outputs[name] for name in ("grad.b", "z", "y")}
    result = compare(entry(), outputs, got, np.float64)
    assert result.compared == ("y", "z", "grad.b") and result.alive == 2 and result.worst == 0
    assert compare(entry(), outputs, {}, np.float64) == ((), 0, 0.0, None, ())


# ---- ulps ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ulps_count_the_numbers_between(dtype):
    rng = np.random.default_rng(0)
    values = [dtype(v) for v in (0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, *rng.normal(size=20))]
    for value in values + [dtype(np.finfo(dtype).tiny), -dtype(np.finfo(dtype).tiny)]:
        assert ulps(value, value) == 0
        up = value
        for k in range(1, 5):
            up = np.nextafter(up, dtype(np.inf))
            assert ulps(value, up) == ulps(up, value) == k
    for a, b, c in rng.normal(size=(20, 3)).astype(dtype):
        low, middle, high = sorted((a, b, c))
        assert ulps(low, high) == ulps(low, middle) + ulps(middle, high)
    assert ulps(dtype(0), dtype(-0.0)) == 0
    assert ulps(dtype(1), dtype(2)) == 2 ** np.finfo(dtype).nmant
    for odd in (np.nan, np.inf, -np.inf):
        assert ulps(dtype(odd), dtype(1)) == ulps(dtype(1), dtype(odd)) == -1
