"""A port's numbers against the right ones: every element within its bound, or the first beyond.

Bounds (`tolerances`) are relative to the largest element of the tensor; tensors on the case's list
`exact`, and those that should be 0 everywhere, must match exactly.

The walk follows the computation, so that the first divergence is the nearest to its cause: forward
in time through z, s, v, y; the final state; backward in time through the adjoints and the input;
then the parameters and the initial state. Training runs are walked step by step.
"""
import itertools
from typing import NamedTuple

import numpy as np

from ..cases.storage import bits

STEPS_FORWARD = ("z", "c", "s", "v", "y")
STEPS_BACKWARD = ("adj.y", "adj.v", "adj.s", "adj.z", "grad.x")


class Divergence(NamedTuple):
    """The first element out of tolerance."""
    tensor: str
    index: tuple
    axes: str            # names of the axes, as far as they have one
    expected: float
    got: float
    expected_bits: str
    got_bits: str
    ulps: int            # -1 where one of the two is not finite
    difference: float
    allowed: float
    margin: float        # |v| there, of a spiking unit; nan elsewhere
    before: int          # numbers compared before it
    agreed: float        # the largest relative difference among those


class Comparison(NamedTuple):
    """What came of one case."""
    compared: tuple      # names of the tensors
    alive: int           # how many of these are not 0 everywhere
    worst: float         # the largest relative difference
    divergence: Divergence
    wrong: tuple = ()    # names of the tensors that are out of tolerance


def compare(entry, outputs, got, dtype):
    """Hold `got`, arrays of the right shapes in `dtype` by name, against the outputs of a case."""
    bounds = {name: bound(entry, outputs, name, dtype) for name in got}
    expected = {name: outputs[name].astype(dtype) for name in got}
    apart = {}
    for name, a in got.items():
        with np.errstate(invalid="ignore", over="ignore"):
            apart[name] = np.abs(a.astype(np.float64) - expected[name])
    bad = {name: ~(apart[name] <= bounds[name]) for name in got}  # a NaN is bad
    relative = {name: apart[name] / scale(outputs[name]) for name in got}
    worst = max((float(r.max(initial=0)) for r in relative.values()), default=0.0)
    alive = sum(bool(outputs[name].any()) for name in got)
    names = tuple(name for name in outputs if name in got)
    first = _first(names, bad, entry["config"]["unit"])
    if first is None:
        return Comparison(names, alive, worst, None)
    tensor, index, before = first
    numbers = [relative[name][mask] for name, mask in before.items()]
    a, e = got[tensor][index], expected[tensor][index]
    return Comparison(names, alive, worst, Divergence(
        tensor, index, _axes(tensor, outputs[tensor], entry), float(e), float(a),
        bits(_plain(e)), bits(_plain(a)), ulps(e, a), float(apart[tensor][index]), bounds[tensor],
        _margin(entry, outputs, tensor, index),
        sum(r.size for r in numbers), max((float(r.max(initial=0)) for r in numbers), default=0.0)),
        tuple(name for name in names if bad[name].any()))


def bound(entry, outputs, name, dtype):
    """The largest difference that is allowed in a tensor."""
    if name in entry["exact"]:
        return 0.0
    largest = float(np.abs(outputs[name]).max(initial=0))
    return entry["tolerance"][np.dtype(dtype).name]["bound"] * largest


def scale(a):
    """The largest element, or 1 of a tensor that is 0 everywhere."""
    return float(np.abs(a).max(initial=0)) or 1.0


def ulps(expected, got):
    """How many numbers of the dtype lie between the two; -1 if one is not finite."""
    if not (np.isfinite(expected) and np.isfinite(got)):
        return -1
    return abs(_place(expected) - _place(got))


def _place(value):
    """The number's place among all of its dtype: consecutive numbers have consecutive integers."""
    raw = int(value.view(f"i{value.dtype.itemsize}"))
    return raw if raw >= 0 else -(raw & (2 ** (8 * value.dtype.itemsize - 1) - 1))


def _plain(value):
    return value if isinstance(value, np.float32) else float(value)


# ---- the order of computation -------------------------------------------------------------------

def _groups(names, unit):
    """[(names walked together along their first axis, direction)]; direction 0: one by one."""
    if unit in ("training", "optimiser"):
        return [(names, 1)]
    layer = unit in ("snu", "rnn", "gru", "lstm")
    forward = [name for name in names if name in STEPS_FORWARD] if layer else []
    backward = [name for name in names if name in STEPS_BACKWARD]
    rest = [name for name in names if name not in forward + backward]
    ends = [name for name in rest if name.startswith("end.")]
    others = [name for name in rest if name not in ends]
    return [(forward, 1), (ends, 0), (backward, -1), (others, 0)]


def _first(names, bad, unit):
    """(tensor, index, {name: mask of what was walked before}) of the first bad element, or None."""
    before = {}
    for group, direction in _groups(names, unit):
        before.update({name: np.zeros(bad[name].shape, bool) for name in group})
        places = [()] if not (direction and group) else [
            (t,) for t in range(len(bad[group[0]]))[::direction]]
        for at, name in itertools.product(places, group):
            if bad[name][at].any():
                return _found(name, (*at, *np.argwhere(bad[name][at])[0]), before, at)
            before[name][at] = True
    return None


def _found(name, index, before, slice_at):
    """The bad element; what stands in front of it in its own slice was walked as well."""
    inner = before[name][slice_at].shape
    mask = np.zeros(int(np.prod(inner)), bool)
    mask[:np.ravel_multi_index(index[len(slice_at):], inner) if inner else 0] = True
    before[name][slice_at] = mask.reshape(inner)
    return name, tuple(int(i) for i in index), before


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
    """|v| of the unit at that place, if it spikes and the tensor is a trace."""
    v = outputs.get("v")
    if entry["config"].get("h") != "step" or v is None or outputs[tensor].shape != v.shape \
            or tensor == "grad.x":
        return float("nan")
    return float(abs(v[index]))
