"""Optimisers and gradient clipping.

step(params, grads) of SGD and Adam changes the parameter arrays in place. clip_by_norm returns new
gradients and changes nothing.

    SGD       v = momentum v + g,     p -= lr v
    Adam      m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
              p -= lr (m / (1 - b1^t)) / ( sqrt(v / (1 - b2^t)) + eps )
    clipping  g' = g min(1, c / |g|),   |g| the Euclidean norm over all tensors together

Only parameters named in `grads` are updated. So pass only those of trainable ones:

    grads = {name: grads[name] for name in network.trainable}
    optimiser.step(network.params, clip_by_norm(grads, 1.0)[0])

Both keep their running averages as arrays in `state`, which can be saved and restored. You may
change lr, momentum, beta1, beta2 and eps between steps; every step checks them.

Sources. Momentum: Polyak 1964, in the form of Sutskever et al., ICML 2013, but with lr outside v.
Adam: Kingma & Ba, ICLR 2015, Algorithm 1. Clipping: Pascanu et al., ICML 2013.
"""
import math

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
        self.lr, self.momentum, self.state = lr, momentum, {}
        self._check()

    def _check(self):
        """Check the numbers again, because they may be changed between steps."""
        self.lr = validation.finite_number("lr", self.lr, low=0)
        self.momentum = validation.number_in("momentum", self.momentum, 0, 1, high_open=True)

    def __repr__(self):
        return f"SGD(lr={self.lr}, momentum={self.momentum})"

    def step(self, params, grads):
        """Update in place the arrays of `params` named in `grads`; an error changes none."""
        self._check()
        for name, p, g in _pairs(self, params, grads, [""]):
            if self.momentum:
                v = self.state.setdefault(name, np.zeros_like(p))
                v *= self.momentum
                v += g
                g = v
            p -= self.lr * g


class Adam:
    """Adam: steps of about lr, along the mean gradient divided by its root mean square.

    lr > 0; beta1, beta2 in [0, 1); eps > 0 (defaults as published).
    state: {"t": steps taken so far, "m.NAME": first moment, "v.NAME": second moment}.

    >>> params = {"w": np.array([1.0])}
    >>> Adam(0.25).step(params, {"w": np.array([3.0])})    # the first step is lr for any g
    >>> params["w"].round(6).tolist()
    [0.75]
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.state = {"t": np.zeros((), np.int64)}
        self._check()

    def _check(self):
        """Check the numbers again, because they may be changed between steps."""
        self.lr = validation.finite_number("lr", self.lr, low=0)
        self.beta1 = validation.number_in("beta1", self.beta1, 0, 1, high_open=True)
        self.beta2 = validation.number_in("beta2", self.beta2, 0, 1, high_open=True)
        self.eps = validation.finite_number("eps", self.eps, low=0)

    def __repr__(self):
        return (f"Adam(lr={self.lr}, beta1={self.beta1}, beta2={self.beta2}, eps={self.eps}); "
                f"steps taken: {self.state['t']}")

    def step(self, params, grads):
        """Update in place the arrays of `params` named in `grads`; an error changes none."""
        self._check()
        pairs = _pairs(self, params, grads, ["m.", "v."], finite=False)  # _check_squares tests g
        for name, _, g in pairs:
            _check_squares(name, g, self.eps)
        t = validation.integer("state['t']", np.asarray(self.state["t"]).item(), 0) + 1
        self.state["t"] = np.array(t, np.int64)
        unbias1, unbias2 = 1 - self.beta1 ** t, 1 - self.beta2 ** t
        for name, p, g in pairs:
            if "m." + name not in self.state:
                self.state.update({"m." + name: np.zeros_like(p), "v." + name: np.zeros_like(p)})
            m, v = self.state["m." + name], self.state["v." + name]
            # parts of the arrays that fit the processor's cache; a scalar is one part, (...)
            for part in blocks(len(p), p[:1].size) if p.ndim else (...,):
                self._update(p[part], g[part], m[part], v[part], self.lr / unbias1, unbias2)

    def _update(self, p, g, m, v, lr, unbias2):
        """Algorithm 1 on a part of one array, in place; lr is already divided by 1 - b1^t."""
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * (g * g)
        p -= m / (np.sqrt(v / unbias2) + self.eps) * lr


def clip_by_norm(grads, max_norm):
    """Scale all gradients so that their common norm is at most max_norm: g min(1, max_norm / norm).

    grads: dict of arrays, not changed. Returns the clipped dict and the norm before clipping
    (float). Raises ValueError for max_norm <= 0 and for a norm that is not finite.

    >>> clipped, norm = clip_by_norm({"a": np.array([3.0]), "b": np.array([4.0])}, 2.5)
    >>> norm, clipped["a"].item(), clipped["b"].item()
    (5.0, 1.5, 2.0)
    """
    max_norm = validation.number_in("max_norm", max_norm, 0, math.inf, low_open=True)
    for name, g in validation.mapping("grads", grads).items():
        validation.array(f"grads[{name!r}]", g, None, validation.REAL_DTYPES, finite=False)
    norm = _norm(list(grads.values()))
    if not math.isfinite(norm):
        raise validation.NotFinite(f"grads: expected finite gradients, got the norm {norm}")
    scale = min(1.0, max_norm / norm) if norm else 1.0
    if scale < 1e-30:  # it could underflow in float32, but its root cannot
        root = scale ** 0.5
        return {name: np.asarray(g * root * root) for name, g in grads.items()}, norm
    return {name: np.asarray(g * scale) for name, g in grads.items()}, norm


def _norm(arrays):
    """The Euclidean norm of all arrays together, even if squares overflow or underflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        norm = math.sqrt(math.fsum(float(np.vdot(g, g)) for g in arrays))
        if math.isfinite(norm) and norm > 1e-15:  # below, float32 squares may be 0
            return norm
        largest = max((float(np.abs(g).max(initial=0)) for g in arrays), default=0.0)
        if not 0 < largest < math.inf:
            return largest
        scaled = [g.astype(np.float64) / largest for g in arrays]
        return largest * math.sqrt(math.fsum(float(np.vdot(g, g)) for g in scaled))


def _pairs(optimiser, params, grads, kinds, finite=True):
    """(name, parameter, gradient) of every gradient; all are checked before the first is used.

    kinds: the prefixes of a parameter's running averages in the optimiser's state.
    """
    validation.mapping("params", params)
    seen = {}
    for name, g in validation.mapping("grads", grads).items():
        if name not in params:
            raise ValueError(f"grads: expected names in params ({', '.join(params)}), got {name!r}")
        p = validation.array(f"params[{name!r}]", params[name], None, validation.REAL_DTYPES,
                             finite=False)
        if not p.flags.writeable:
            raise ValueError(f"params[{name!r}]: expected an array to change, got a read-only one")
        validation.array(f"grads[{name!r}]", g, p.shape, p.dtype, finite=finite)
        for key in (kind + name for kind in kinds):
            if key in optimiser.state:
                validation.array(f"state[{key!r}]", optimiser.state[key], p.shape, p.dtype,
                                 finite=False)
        for other, (q, _) in seen.items():
            if np.shares_memory(p, q):
                raise ValueError(f"params: expected arrays that share no memory, got {other!r} and "
                                 f"{name!r}, which do; sum their gradients under one name")
        seen[name] = p, g
    # copy a gradient that shares memory with a parameter: the update would change it
    return [(name, p, g.copy() if any(np.may_share_memory(g, q) for q, _ in seen.values()) else g)
            for name, (p, g) in seen.items()]


def _check_squares(name, g, eps):
    """Raise ValueError if g or g^2 is not finite: Adam's average of g^2 could never recover."""
    limit = np.finfo(g.dtype)
    if not np.vdot(g, g) <= limit.max / 4:  # the sum of all squares: if it is small, so is each
        validation.array(f"grads[{name!r}]", g, None, g.dtype)
        largest, bound = float(np.abs(g).max()), float(np.sqrt(limit.max)) / 2
        if largest > bound:
            raise validation.NotFinite(
                f"grads[{name!r}]: expected numbers within +-{bound:.3g}, whose squares {g.dtype} "
                f"can hold, got {largest:.3g}; see clip_by_norm")
    if eps < limit.tiny:
        raise ValueError(f"eps: expected at least {limit.tiny:.3g}, the smallest normal "
                         f"{g.dtype}, got {eps:.3g}")
