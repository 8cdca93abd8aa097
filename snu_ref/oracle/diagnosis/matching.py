"""How near two sets of outputs are: tensor by tensor, and how far along the order of computation.

`Answer` holds a port's numbers for one case, `Port` those of a port of the SNU. An error is the
largest difference in a tensor, relative to its largest element; `digits` is minus its decimal
logarithm. The order of computation of the SNU is

    z, s, v, y of step 1, of step 2 ...; the final state;
    adj.y, adj.v, adj.s, adj.z, grad.x of step T, of step T-1 ...;
    the gradients of parameters and of the initial state

and `progress` is how far along it two sets of outputs agree: what goes wrong first is where the
cause is.
"""
import itertools

import numpy as np

from ..comparison.compare import STEPS_BACKWARD
from ..program.equations import FORWARD, GRADIENTS, TRACES

ORDER = (*FORWARD, *STEPS_BACKWARD, *GRADIENTS, "start.s", "start.y")
MOST_DIGITS = 16.0  # of float64


def digits_of(error):
    """Agreeing digits for a relative error."""
    return MOST_DIGITS if error <= 10**-MOST_DIGITS else max(0.0, -float(np.log10(error)))


def agree(a, b):
    """Whether two tensors are the same but for rounding."""
    if a.shape != b.shape:
        return False
    return bool((np.abs(a - b) <= 1e-12 * max(_largest(b), 1e-3)).all())


class Answer:
    """A port's numbers for one case, and the tolerance within which others match them.

    names: the outputs that it gave. errors: those of the reference. wrong: the names out of
    tolerance. match: the error within which other numbers are the port's.
    """

    def __init__(self, got, expected, tolerance):
        self.got = {name: np.asarray(got[name], np.float64) for name in expected if name in got}
        self.names, self.tolerance = list(self.got), tolerance
        self.errors = {name: self.error(name, expected[name]) for name in self.names}
        self.wrong = [name for name in self.names if self.errors[name] > tolerance]
        self._search = self.wrong + [name for name in self.names if name not in self.wrong]
        # A wrong port's rounding errors need not be those that were measured of a right one; the
        # factor is ours. In float64 the tolerance is wide enough as it is. And a match must be
        # nearer than the reference by a digit, or it says nothing.
        self.match = min(tolerance if tolerance < 1e-8 else 10 * tolerance,
                         0.1 * max((self.errors[name] for name in self.wrong), default=0))

    def error(self, name, value):
        """The largest difference of the port's tensor to `value`, relative to its largest.

        Where both are infinite or NaN they are equal.
        """
        got = self.got[name]
        if value.shape != got.shape:
            return np.inf
        with np.errstate(all="ignore"):
            same = (value == got) | np.isnan(value) & np.isnan(got)
            apart = _largest(np.where(same, 0, value - got))
            size = _largest(value[np.isfinite(value)]) or 1.0
            return float(apart / size) if np.isfinite(apart / size) else np.inf

    def matches(self, outputs, names=None):
        """Whether all the port's tensors, or some of them, equal these outputs."""
        return all(name in outputs and self.error(name, outputs[name]) <= self.match
                   for name in (self._search if names is None else names))

    def matched(self, outputs):
        """The names of the tensors that equal these outputs."""
        return tuple(name for name in self.names
                     if name in outputs
                     and self.error(name, outputs[name]) <= max(self.match, self.tolerance))

    def digits(self, outputs, names=None):
        """The digits to which all tensors, or some of them, agree."""
        return digits_of(max((self.error(name, outputs[name]) for name in names or self.names),
                             default=np.inf))


class Port(Answer):
    """The same of a port of the SNU, whose tensors stand in an order, that of computation.

    What has not the expected shape is left out. An error is not relative to less than a hundredth
    of what is expected, and what is not finite is wrong. forward: the names of the traces and of
    the final state.
    """

    def __init__(self, got, expected, tolerance):
        expected = {name: expected[name] for name in ORDER if name in got and name in expected
                    and np.shape(got[name]) == expected[name].shape}
        self._floor = {name: 0.01 * _largest(a) for name, a in expected.items()}
        super().__init__(got, expected, tolerance)
        self.forward = [name for name in self._search if name in FORWARD]

    def error(self, name, value):
        """The largest difference of the port's tensor to `value`, relative to its largest."""
        got = self.got[name]
        if value.shape != got.shape:
            return np.inf
        with np.errstate(invalid="ignore", over="ignore"):
            difference = _largest(value - got)
            scale = max(_largest(value), self._floor[name])
        if not difference <= np.finfo(np.float64).max:  # NaN or infinity on either side
            return np.inf
        return difference / scale if scale > 0 else (0.0 if difference == 0 else np.inf)

    def slices(self):
        """The order of computation as (name, index) pairs, index a step or Ellipsis."""
        T = next((len(self.got[name]) for name in (*TRACES, *STEPS_BACKWARD)
                  if name in self.got), 0)
        yield from ((name, t) for t in range(T) for name in TRACES if name in self.got)
        yield from ((name, ...) for name in ("end.s", "end.y") if name in self.got)
        yield from ((name, t) for t in reversed(range(T)) for name in STEPS_BACKWARD
                    if name in self.got)
        yield from ((name, ...) for name in ORDER[len(FORWARD) + len(STEPS_BACKWARD):]
                    if name in self.got)

    def first_slice(self, outputs):
        """The first slice that does not agree, (name, index), or None."""
        return next(itertools.islice(self.slices(), self.progress(outputs), None), None)

    def progress(self, outputs):
        """How many slices agree before the first that does not."""
        bad = {}
        for name in self.names:
            if name not in outputs or outputs[name].shape != self.got[name].shape:
                return 0
            off = ~(np.abs(outputs[name] - self.got[name])
                    <= max(self.match, self.tolerance) * max(_largest(outputs[name]),
                                                             self._floor[name]))
            stepwise = name in TRACES or name in STEPS_BACKWARD
            bad[name] = off.any(axis=(1, 2)) if stepwise else off.any()
        return next((i for i, (name, t) in enumerate(self.slices()) if np.any(bad[name][t])), 10**9)


def _largest(a):
    return np.abs(a).max(initial=0)
