"""Compare a hand-derived gradient with independent ones, for any (forward, backward) pair.

The checked gradient is that of  sum_k sum( G_k . output_k )  with random cotangents G_k. Methods:
    complex step          of the forward pass or, if it spikes, of its frozen program
    central differences   of the same function; kinks are left out and counted
    twin                  a second derivation, if there is one
Errors are relative to the largest element of the tensor. BOUNDS lists the bounds with reasons.

The complex step needs an analytic forward pass: abs, sign or a cast to float lose the imaginary
part, and with it the derivative. If the complex step and central differences are far apart, or
forward rejects complex numbers, only central differences count, and the verdict says so.

A check must be able to fail. A gradient of zero, or a network that never or always spikes, proves
nothing: the verdict is "dead", a failure. The caller names gradients that are zero by construction.
They must be exactly 0, have the verdict "zero", and do not count as evidence.
"""
import warnings
from typing import NamedTuple

import numpy as np

from .. import validation
from .numerical import central_difference, complex_step

BOUNDS = {
    "central": 1e-6,   # rounding, 1e-16 |f| / h divided by the gradient; measured: at most 2.6e-8
    "complex": 1e-12,  # only rounding; measured: at most 1.8e-15 for T = 5, 2e-14 for T <= 20
    "twin": 1e-13,     # the same float64 terms in another order; measured: at most 1.8e-15
}
MAX_KINKS = 0.25       # our choice: if more of a tensor is left out, the check proves too little
DEAD = 1e-12           # our choice: a tensor whose gradient stays below this proves nothing
NOT_ANALYTIC = 1e-4    # our choice: 100 times the usual difference of the two numerical methods
BY_CENTRAL = "ok: only by central differences, because forward drops the imaginary part"
ALIVE = (0.02, 0.98)   # our choice: a spiking check counts if its spike rate is between these


class Row(NamedTuple):
    """The evidence for one gradient tensor."""
    piece: str
    variant: str
    parameter: str
    norm: float          # Euclidean norm of the hand-derived gradient
    spike_rate: float    # mean output of the spiking layers, nan if there are none
    central: float       # the errors, nan if the method was not used
    complex: float
    twin: float
    kinks: int           # elements left out of the central differences
    verdict: str         # "ok", "ok: by central ...", "zero", "dead: ..." or "WRONG: ..."

    @property
    def failed(self):
        """True for the verdicts "dead" and "WRONG"."""
        return self.verdict not in ("ok", "zero", BY_CENTRAL)


def check_gradient(forward, backward, inputs, *, rng, frozen=None, twin=None, zero=(),
                   spike_rate=None, piece="function", variant=""):
    """Check any pair (forward, backward), smooth or spiking; returns one Row per input tensor.

    forward(inputs) -> array, or tuple of arrays; inputs is a dict of float64 arrays: parameters,
        data and states (integer arrays are passed on and not differentiated).
    backward(inputs, cotangents) -> dict of gradients by the names in inputs; cotangents has the
        form of forward's result.
    frozen(inputs) -> a function like forward, with its values at these inputs, but smooth: it is
        differentiated instead of forward (see frozen_step, frozen_max).
    twin(inputs, cotangents) -> gradients derived a second way. zero: names whose gradient is zero
    by construction. rng draws the cotangents. Raises TypeError for other types, ValueError for
    missing names, wrong shapes, NaN, and a frozen program with other values than forward.

    >>> import numpy as np
    >>> rows = check_gradient(lambda a: np.tanh(a["x"]),
    ...                       lambda a, G: {"x": G * (1 - np.tanh(a["x"]) ** 2)},
    ...                       {"x": np.linspace(-1, 1, 5)}, rng=np.random.default_rng(0))
    >>> rows[0].verdict
    'ok'
    """
    validation.generator("rng", rng)
    for name, x in validation.mapping("inputs", inputs).items():
        validation.array(f"inputs[{name!r}]", x, None, "numbers")
        if x.dtype.kind not in "iu" and x.dtype != np.float64:
            raise TypeError(f"inputs[{name!r}]: expected float64 or integers, got {x.dtype}")
    for name in zero:
        if name not in inputs:
            raise ValueError(f"zero: expected names in inputs ({', '.join(inputs)}), got {name!r}")
    result = forward(inputs)
    outputs = _outputs("forward", result)
    smooth = frozen(inputs) if frozen else forward
    if frozen:
        _check_frozen(outputs, _outputs("frozen", smooth(inputs)))
    G = tuple(rng.normal(size=out.shape) for out in outputs)
    cotangents = G if isinstance(result, tuple) else G[0]

    def f(a):
        return sum((g * out).sum() for g, out in zip(G, _tuple(smooth(a))))

    names = [name for name, x in inputs.items() if x.dtype.kind == "f"]
    grads = _gradients("backward", backward(inputs, cotangents), inputs, names)
    twins = _gradients("twin", twin(inputs, cotangents), inputs, names) if twin else None
    rows = []
    for name in names:
        grad = grads[name]
        central, kink = central_difference(f, inputs, name)
        errors = {"central": _error(grad, central, ~kink)}
        exact = _complex_step(f, inputs, name)
        if exact is None or _error(central, exact, ~kink) > NOT_ANALYTIC:
            exact = central
        else:
            errors["complex"] = _error(grad, exact)
        if twin:
            errors["twin"] = _error(grad, twins[name])
        kinks = int(kink.sum())
        rows.append(Row(piece, variant, name, float(np.linalg.norm(grad)),
                        np.nan if spike_rate is None else spike_rate,
                        *(errors.get(method, np.nan) for method in BOUNDS), kinks,
                        _verdict(grad, exact, errors, kinks, name in zero, spike_rate)))
    return rows


def _outputs(name, result):
    """A function's result as a tuple of finite arrays of real numbers."""
    outputs = tuple(np.asarray(out) for out in _tuple(result))
    for out in outputs:
        if out.dtype.kind not in "iuf":
            raise TypeError(f"{name}: expected an array of numbers or a tuple of such arrays, "
                            f"got {result!r}")
        validation.array(name, out, None, "numbers")
    return outputs


def _check_frozen(outputs, values):
    """Raise ValueError unless the frozen program gives the values of forward."""
    wanted, found = ([a.shape for a in arrays] for arrays in (outputs, values))
    if wanted != found:
        raise ValueError(f"frozen: expected the shapes of forward, {wanted}, got {found}")
    for out, value in zip(outputs, values):
        if not np.allclose(out, value, rtol=1e-12, atol=1e-12):
            raise ValueError("frozen: expected the values of forward at these inputs, got values "
                             f"that differ by {np.abs(out - value).max():.1e}")


def _gradients(source, grads, inputs, names):
    """The gradients `names` as arrays; ValueError if one is missing or has a wrong shape."""
    validation.mapping(source, grads)
    for name in names:
        if name not in grads:
            raise ValueError(f"{source}: expected a gradient for {name!r}, got {', '.join(grads)}")
        if np.shape(grads[name]) != inputs[name].shape:
            raise ValueError(f"{source}: expected shape {inputs[name].shape} for {name!r}, "
                             f"got {np.shape(grads[name])}")
    return {name: np.asarray(grads[name]) for name in names}


def _error(grad, reference, where=True):
    """The largest difference, relative to the largest element of either tensor; 0 / 0 is 0."""
    if not np.isfinite(reference).all():
        return np.nan
    largest = max(np.abs(grad).max(initial=0), np.abs(reference).max(initial=0))
    difference = np.abs(grad - reference).max(initial=0, where=where)
    return float(difference / largest) if largest else 0.0


def _verdict(grad, exact, errors, kinks, zero, spike_rate):
    if not np.isfinite(grad).all():
        return "WRONG: not finite"
    if zero:
        return "zero" if not grad.any() and _nothing(exact) else "WRONG: should be exactly 0"
    if _nothing(grad) and _nothing(exact):
        return "dead: no gradient"
    if not np.isfinite(exact).all():
        return "WRONG: the complex step is not finite"
    wrong = [f"{method} {error:.1e} > {BOUNDS[method]:.0e}" for method, error in errors.items()
             if not error <= BOUNDS[method]]  # NaN counts as wrong
    if wrong:
        return "WRONG: " + ", ".join(wrong)
    if spike_rate is not None and not ALIVE[0] < spike_rate < ALIVE[1]:
        return f"dead: spike rate {spike_rate:.2f}"
    if kinks > MAX_KINKS * grad.size:
        return "dead: mostly kinks"
    return "ok" if "complex" in errors else BY_CENTRAL


def _complex_step(f, inputs, name):
    """The complex step, or None where f does not take complex numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return complex_step(f, inputs, name)
    except (TypeError, np.exceptions.ComplexWarning):
        return None


def _nothing(grad):
    """True if no element exceeds the rounding error of a gradient of order 1."""
    return np.abs(grad).max(initial=0) < DEAD


def _tuple(value):
    return value if isinstance(value, tuple) else (value,)
