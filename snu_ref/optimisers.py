"""Optimisers and gradient clipping.

SGD and Adam change the parameter arrays in place, by step(params, grads); clip_by_norm gives new
gradients and changes none.

    SGD       v = momentum v + g,     p -= lr v
    Adam      m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
              p -= lr (m / (1 - b1^t)) / ( sqrt(v / (1 - b2^t)) + eps )
    clipping  g' = g min(1, c / |g|),   |g| the Euclidean norm over all tensors together

What is updated is what `grads` names; a parameter without a gradient there stays as it is. A
training loop therefore hands over the trainable ones:

    grads = {name: grads[name] for name in network.trainable}
    optimiser.step(network.params, clip_by_norm(grads, 1.0)[0])

Both keep their running averages as arrays in `state`, which can be saved and put back. The learning
rate `lr` may be changed between steps.

Sources: momentum, Polyak 1964, in the form of Sutskever et al., ICML 2013, with the learning rate
outside; Adam, Kingma & Ba, ICLR 2015, Algorithm 1; clipping, Pascanu et al., ICML 2013.
"""
import math
from collections.abc import Mapping

import numpy as np

from . import validation
from .layer import blocks


class SGD:
    """Stochastic gradient descent: v = momentum v + g, p -= lr v.

    lr > 0; momentum in [0, 1). state: {name: v}, empty without momentum.

    >>> params = {"w": np.array([1.0])}
    >>> SGD(0.5).step(params, {"w": np.array([3.0])})
    >>> params["w"].tolist()
    [-0.5]
    """

    def __init__(self, lr, momentum=0.0):
        self.lr = validation.number_in("lr", lr, 0, math.inf, low_open=True, high_open=True)
        self.momentum = validation.number_in("momentum", momentum, 0, 1, high_open=True)
        self.state = {}

    def __repr__(self):
        return f"SGD(lr={self.lr}, momentum={self.momentum})"

    def step(self, params, grads):
        """Update in place every array of `params` that `grads` names."""
        for name, p, g in _pairs(params, grads):
            if self.momentum:
                v = self.state.setdefault(name, np.zeros_like(p))
                v *= self.momentum
                v += g
                g = v
            p -= self.lr * g


class Adam:
    """Adam: steps of the size of lr, along the averaged gradient over its averaged size.

    lr > 0; beta1, beta2 in [0, 1); eps > 0 (defaults as published).
    state: {"t": steps taken so far, "m.NAME": first moment, "v.NAME": second moment}.

    >>> params = {"w": np.array([1.0])}
    >>> Adam(0.25).step(params, {"w": np.array([3.0])})    # the first step is lr, whatever g is
    >>> params["w"].round(6).tolist()
    [0.75]
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = validation.number_in("lr", lr, 0, math.inf, low_open=True, high_open=True)
        self.beta1 = validation.number_in("beta1", beta1, 0, 1, high_open=True)
        self.beta2 = validation.number_in("beta2", beta2, 0, 1, high_open=True)
        self.eps = validation.number_in("eps", eps, 0, math.inf, low_open=True, high_open=True)
        self.state = {"t": np.zeros((), np.int64)}

    def __repr__(self):
        return (f"Adam(lr={self.lr}, beta1={self.beta1}, beta2={self.beta2}, eps={self.eps}); "
                f"steps taken: {self.state['t']}")

    def step(self, params, grads):
        """Update in place every array of `params` that `grads` names."""
        pairs = _pairs(params, grads)
        self.state["t"] += 1
        t = int(self.state["t"])
        unbias1, unbias2 = 1 - self.beta1 ** t, 1 - self.beta2 ** t
        for name, p, g in pairs:
            if "m." + name not in self.state:
                self.state.update({"m." + name: np.zeros_like(p), "v." + name: np.zeros_like(p)})
            m, v = self.state["m." + name], self.state["v." + name]
            for part in _parts(p):
                self._update(p[part], g[part], m[part], v[part], unbias1, unbias2)

    def _update(self, p, g, m, v, unbias1, unbias2):
        """Algorithm 1 on a part of one array, in place."""
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * (g * g)
        step = v / unbias2
        np.sqrt(step, out=step)
        step += self.eps
        np.divide(m, step, out=step)
        step *= self.lr / unbias1
        p -= step


def clip_by_norm(grads, max_norm):
    """Scale all gradients so that their common norm is max_norm at most: g min(1, max_norm / norm).

    grads: dict of arrays, not changed. Returns the clipped dict and the norm before clipping
    (float). Raises ValueError for max_norm <= 0 and for a norm that is not finite.

    >>> clipped, norm = clip_by_norm({"a": np.array([3.0]), "b": np.array([4.0])}, 2.5)
    >>> norm, clipped["a"].item(), clipped["b"].item()
    (5.0, 1.5, 2.0)
    """
    max_norm = validation.number_in("max_norm", max_norm, 0, math.inf, low_open=True)
    _mapping("grads", grads)
    for name, g in grads.items():
        _float_array(f"grads[{name!r}]", g)
    norm = _norm(grads.values())
    if not math.isfinite(norm):
        raise ValueError(f"grads: expected finite gradients, got the norm {norm}")
    scale = min(1.0, max_norm / norm) if norm else 1.0
    return {name: g * scale for name, g in grads.items()}, norm


def _norm(arrays):
    """The common Euclidean norm, also where squares leave the range of the dtype."""
    arrays = list(arrays)
    with np.errstate(over="ignore", invalid="ignore"):
        norm = math.sqrt(math.fsum(float(np.vdot(g, g)) for g in arrays))
        if math.isfinite(norm) and norm > 1e-15:  # below, squares of float32 may have become 0
            return norm
        largest = max((float(np.abs(g).max(initial=0)) for g in arrays), default=0.0)
        if not 0 < largest < math.inf:
            return largest
        scaled = [g.astype(np.float64) / largest for g in arrays]
        return largest * math.sqrt(math.fsum(float(np.vdot(g, g)) for g in scaled))


def _parts(p):
    """Parts of an array that stay in the processor's cache, as indices; (...) for a number."""
    return blocks(len(p), p.size // max(1, len(p))) if p.ndim else (...,)


def _mapping(name, value):
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict of arrays by name, got {type(value).__name__}")


def _float_array(name, value):
    if not isinstance(value, np.ndarray) or value.dtype not in validation.REAL_DTYPES:
        raise TypeError(f"{name}: expected an array of float32, float64 or longdouble, got "
                        f"{getattr(value, 'dtype', type(value).__name__)}")


def _pairs(params, grads):
    """(name, parameter, gradient) of every gradient, all checked before the first is used."""
    _mapping("params", params)
    _mapping("grads", grads)
    pairs, seen = [], {}
    for name, g in grads.items():
        if name not in params:
            raise ValueError(f"grads: {name!r} is not in params, which has {', '.join(params)}")
        p = params[name]
        _float_array(f"params[{name!r}]", p)
        validation.array(f"grads[{name!r}]", g, p.shape, p.dtype)
        if id(p) in seen:
            raise ValueError(f"params: {seen[id(p)]!r} and {name!r} are one array; "
                             "sum their gradients under one name")
        seen[id(p)] = name
        pairs.append((name, p, g))
    return pairs
