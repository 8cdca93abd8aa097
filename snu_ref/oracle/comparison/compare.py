"""Compare a port's numbers with the right ones, and find the first one that is out of tolerance.

The bounds are those of `cases.tolerances`. Elements are compared in the order of computation, so
the first wrong number is the nearest to its cause. The order is: z, s, v, y forward in time; the
final state; the adjoints and grad.x backward in time; the gradients of parameters and initial
state. Training runs are compared step by step.
"""
from typing import NamedTuple

import numpy as np

from ..cases.storage import bits

STEPS_FORWARD = ("z", "c", "s", "v", "y")
STEPS_BACKWARD = ("adj.y", "adj.v", "adj.s", "adj.z", "grad.x")


class Divergence(NamedTuple):
    """The first element that is out of tolerance."""
    tensor: str
    index: tuple
    axes: str            # names of the axes
    expected: float
    got: float
    expected_bits: str
    got_bits: str
    ulps: int            # -1 if one of the two is not finite
    difference: float
    allowed: float
    margin: float        # |v| at this element of a spiking unit; otherwise NaN
    before: int          # the number of elements that were compared before
    agreed: float        # the largest relative difference of those


class Comparison(NamedTuple):
    """The comparison of one case."""
    compared: tuple      # names of the tensors
    alive: int           # how many of them are not 0 everywhere
    worst: float         # the largest relative difference
    divergence: Divergence
    wrong: tuple = ()    # names of the tensors that are out of tolerance

    @property
    def right(self):
        """Names of the tensors that are within tolerance."""
        return tuple(name for name in self.compared if name not in self.wrong)


@np.errstate(all="ignore")  # the port may have set other modes
def compare(entry, outputs, got, dtype):
    """The Comparison of `got`, {name: array of the right shape in `dtype`}, with the outputs."""
    bounds = {name: bound(entry, outputs, name, dtype) for name in got}
    expected = {name: outputs[name].astype(dtype) for name in got}
    apart = {name: np.abs(a.astype(np.float64) - expected[name]) for name, a in got.items()}
    bad = {name: ~(apart[name] <= bounds[name]) for name in got}  # a NaN is bad
    relative = {name: apart[name] / scale(outputs[name]) for name in got}
    worst = max((float(r.max(initial=0)) for r in relative.values()), default=0.0)
    alive = sum(bool(outputs[name].any()) for name in got)
    names = tuple(name for name in outputs if name in got)
    wrong = tuple(name for name in names if bad[name].any())
    if not wrong:
        return Comparison(names, alive, worst, None)
    tensor, index, before = _first(names, bad, relative, entry["config"]["unit"])
    a, e = got[tensor][index], expected[tensor][index]
    return Comparison(names, alive, worst, Divergence(
        tensor, index, _axes(tensor, outputs[tensor], entry), float(e), float(a),
        bits(e), bits(a), ulps(e, a), float(apart[tensor][index]), bounds[tensor],
        _margin(entry, outputs, tensor, index), before.size, float(before.max(initial=0))), wrong)


def bound(entry, outputs, name, dtype):
    """The largest allowed difference in a tensor."""
    if name in entry["exact"]:
        return 0.0
    largest = float(np.abs(outputs[name]).max(initial=0))
    return entry["tolerance"][np.dtype(dtype).name]["bound"] * largest


def scale(a):
    """The largest element, or 1 if the tensor is 0 everywhere."""
    return float(np.abs(a).max(initial=0)) or 1.0


def ulps(expected, got):
    """The distance in units in the last place; -1 if one of the two is not finite."""
    if not (np.isfinite(expected) and np.isfinite(got)):
        return -1
    return abs(_place(expected) - _place(got))


def _place(value):
    """The index of a number among all numbers of its dtype, in ascending order; 0 for 0."""
    raw = int(value.view(f"i{value.dtype.itemsize}"))
    return raw if raw >= 0 else -(raw & (2 ** (8 * value.dtype.itemsize - 1) - 1))


def _first(names, bad, relative, unit):
    """The first bad element: (tensor, index, relative differences of earlier elements)."""
    before = []
    for name, at in _slices(names, bad, unit):
        wrong = np.flatnonzero(bad[name][at])
        before.append(np.ravel(relative[name][at]))
        if wrong.size:
            before[-1] = before[-1][:wrong[0]]
            inside = np.unravel_index(wrong[0], bad[name][at].shape)
            return name, (*at, *map(int, inside)), np.concatenate(before)


def _slices(names, arrays, unit):
    """(name, index) of all slices in the order of computation; a trace has one for each step."""
    forward = backward = ()
    if unit in ("training", "optimiser"):
        forward = names
    elif unit in ("snu", "rnn", "gru", "lstm"):
        forward = [name for name in names if name in STEPS_FORWARD]
        backward = [name for name in names if name in STEPS_BACKWARD]
    rest = [name for name in names if name not in (*forward, *backward)]
    T = max((len(arrays[name]) for name in (*forward, *backward)), default=0)
    yield from ((name, (t,)) for t in range(T) for name in forward)
    yield from ((name, ()) for name in rest if name.startswith("end."))
    yield from ((name, (t,)) for t in reversed(range(T)) for name in backward)
    yield from ((name, ()) for name in rest if not name.startswith("end."))


def _axes(tensor, a, entry):
    if entry["config"]["unit"] in ("training", "optimiser"):
        return "step, ..." if a.ndim > 1 else "step"
    if tensor == "grad.x":
        return "t, sample, input"
    if a.ndim == 3 and not entry["config"]["unit"].startswith("pcm"):
        return "t, sample, unit"
    if tensor.startswith(("end.", "start.")):
        return "sample, unit"
    return {"grad.W": "input, unit", "grad.H": "from unit, to unit", "grad.b": "unit",
            "grad.decay": "unit"}.get(tensor, "index")


def _margin(entry, outputs, tensor, index):
    """|v| at that index, for a trace of a spiking unit; otherwise NaN."""
    v = outputs.get("v")
    if entry["config"].get("h") != "step" or v is None or outputs[tensor].shape != v.shape \
            or tensor == "grad.x":
        return float("nan")
    return float(abs(v[index]))
