"""Check the gradients of a layer or Network, by the methods of `checking`.

For a check, the parameters of a layer become arguments, real or complex, like the input and the
initial state. Spiking layers are replaced by their frozen program (`frozen`).
"""
import copy

import numpy as np

from .. import validation
from ..layer import Layer
from ..network import Network, flat
from ..snu import SNU
from .checking import check_gradient
from .frozen import frozen_forward


def check_layer(layer, x, *, rng, state=None, twin=None, zero=(), piece=None, variant=""):
    """Check a layer or Network: gradients of every parameter, the input and the initial state.

    layer: of float64. x: as for layer.forward, at least one step and one sample (integer inputs are
    not differentiated). state: the initial state, zeros if None. All outputs and the final state
    get random cotangents. twin(params, x, state, dy, dstate) -> grads, dx, dstate. The rows have
    the names of params, "x", and "state.s" ("state.0.s" in a Network) and so on.

    >>> from snu_ref import SNU
    >>> rng = np.random.default_rng(0)
    >>> unit = SNU(3, 4, rng=rng)
    >>> unit.params["b"][:] = -0.3                    # low thresholds: a silent unit proves nothing
    >>> x = rng.normal(size=(5, 2, 3))
    >>> rows = check_layer(unit, x, rng=rng, zero=("state.y",))                      # from s_0 = 0
    >>> {row.parameter: row.verdict for row in rows}
    {'W': 'ok', 'b': 'ok', 'decay': 'ok', 'x': 'ok', 'state.s': 'ok', 'state.y': 'zero'}
    """
    validation.instance("layer", layer, Layer, Network)
    if layer.dtype != np.float64:
        raise TypeError(f"layer: expected dtype float64 for a check, got {layer.dtype}")
    if isinstance(x, np.ndarray) and not x.size:
        raise ValueError(f"x: expected at least one step and sample, got shape {x.shape}")
    _, nominal = layer.forward(x, state)
    if state is None:
        state = layer.zero_state(x.shape[1])
    leaves = dict(_leaves("state", state))
    inputs = {**layer.params, "x": x, **leaves}

    def unpack(a):
        moved = _with_params(layer, {id(p): a[name] for name, p in layer.params.items()},
                             np.result_type(*(v.dtype for v in a.values() if v.dtype.kind in "fc")))
        return moved, a["x"], _rebuild(state, (a[name] for name in leaves))

    def outputs(y, end):
        return (y, *dict(_leaves("", end)).values())

    def forward(a):
        moved, x, start = unpack(a)
        y, cache = moved.forward(x, start)
        return outputs(y, cache.state)

    def backward(a, cotangents):
        dy, *dend = cotangents
        dx, grads, dstart = layer.backward(dy, nominal, _rebuild(state, iter(dend)))
        return {**grads, "x": dx, **dict(_leaves("state", dstart))}

    def second(a, cotangents):
        dy, *dend = cotangents
        grads, dx, dstart = twin(layer.params, x, state, dy, _rebuild(state, iter(dend)))
        return {**grads, "x": dx, **dict(_leaves("state", dstart))}

    # the rate closest to 0 or 1: with one silent or saturated layer the check proves little
    rates = [float(cache.y.mean()) for (_, part), (_, cache) in zip(flat(layer), flat(nominal))
             if isinstance(part, SNU) and part.h.name == "step"]
    rate = min(rates, key=lambda rate: min(rate, 1 - rate), default=None)
    return check_gradient(
        forward, backward, inputs, rng=rng, zero=zero, spike_rate=rate, variant=variant,
        frozen=lambda _: lambda a: outputs(*frozen_forward(*unpack(a), nominal)),
        twin=second if twin else None, piece=piece or type(layer).__name__)


def _with_params(layer, values, dtype):
    """A copy of the layer with other arrays; values: {id of the old array: the new array}."""
    moved = copy.copy(layer)
    if isinstance(layer, Network):
        vars(moved)["layers"] = tuple(_with_params(inner, values, dtype) for inner in layer.layers)
    else:
        # set without a check: the arrays may be complex, which a constructor does not allow
        params = {name: values[id(p)] for name, p in layer.params.items()}
        vars(moved).update(params=params, dtype=dtype)
    return moved


def _leaves(prefix, state):
    """(name, array) of a state: a named tuple of arrays, or a tuple of states."""
    names = getattr(state, "_fields", range(len(state)))
    for name, part in zip(names, state):
        label = f"{prefix}.{name}"
        yield from _leaves(label, part) if isinstance(part, tuple) else [(label, part)]


def _rebuild(state, arrays):
    """A state like `state`, with arrays from an iterator, in the order of _leaves."""
    parts = [_rebuild(part, arrays) if isinstance(part, tuple) else next(arrays) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
