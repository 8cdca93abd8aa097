"""The Spiking Neural Unit (SNU), its soft variant (sSNU), and backpropagation through time by hand.

The equations, for one layer of n units and one sample ("." is point-wise, * a matrix product):

    s_t = g( x_t * W + y_{t-1} * H + decay . s_{t-1} . gate_{t-1} )      state           (Eq. 1)
    y_t = h( s_t + b )                                                   output          (Eq. 2)
    gate_t = 1 - y_t                   the reset; or, with lateral inhibition,
    gate_t = 1 - max_j y_{j,t}         one gate for all units of the layer, per sample

Eq. 1 and 2 are the paper's; its recurrent units add y * H inside g, where the reset does not gate
it. decay is the paper's l(tau) = 1 - dt/tau; b is minus the firing threshold. Below, z_t is the
argument of g and v_t = s_t + b that of h. h = "step" makes the SNU, h = "sigmoid" the sSNU.

The backward pass
-----------------
Write dA for dL/dA. Reading the equations backwards, z_{t+1} depends on s_t and y_t, and the loss
depends on y_t directly (dy_t):

    dY_t = dy_t + dz_{t+1} * H' - R_t(dz_{t+1})          all that reaches y_t; H' is H transposed
    dv_t = h'(v_t) . dY_t                                h' is the surrogate psi' for the step
    ds_t = dv_t + decay . gate_t . dz_{t+1}
    dz_t = g'(z_t) . ds_t

    R_t(dz) = decay . s_t . dz                           through the reset gate of each unit
    R_t(dz) = a_t sum_i decay_i s_{i,t} dz_i             through the shared gate of inhibition:
                                                         a_j = 1/k on the k units tied for the
                                                         maximum
    R_t(dz) = 0                                          reset_grad="detached"

What multiplies a cotangent here is known for all t once the forward pass is done, h'(v), g'(z),
decay . gate and decay . s: these are whole-array expressions, and the loop back in time has sums
and products only (and dz * H', if there is an H). Where there is neither H nor inhibition, the four
lines are one linear recurrence,

    dz_t = g'(z_t) . ( h'(v_t) . dy_t + ( decay . gate_t - h'(v_t) . decay . s_t ) . dz_{t+1} )

The rest is one matrix product or sum over all steps and samples:

    dW = sum x_t' * dz_t      dx_t = dz_t * W'       dH = sum y_{t-1}' * dz_t
    db = sum dv_t             ddecay = sum dz_t . s_{t-1} . gate_{t-1}

At the ends: the cotangents of the final state add to ds_T and dY_T, and the same equations, read at
t = 0 without the dy and dv terms, give those of the initial state.

Memory: the cache holds x, z, s, y, that is T B (n_in + 3 n) numbers; the backward pass adds dz and
dx, T B (n_in + n). Both grow in proportion to T. All else is of a piece (`snu_ref.pieces`).

Not here: convolution (`snu_ref.conv`), optimisers, and any loss.

Sources: S. Wozniak, A. Pantazi, T. Bohnstingl, E. Eleftheriou, arXiv:1812.07040v2; lateral
inhibition as in the authors' toolkit, but per sample, where theirs couples a whole batch; the
surrogate gradient, the shares of ties and the derivation are ours to state.
"""
import math

import numpy as np

from . import validation
from .activations import STATE_FUNCTIONS, find_surrogate, output_function
from .layer import Layer, glorot_uniform, read_only, rows
from .pieces import pieces
from .snu_traces import SNUCache, SNUState


class SNU(Layer):
    """A layer of Spiking Neural Units.

        s_t = g( x_t W + y_{t-1} H + decay . s_{t-1} . (1 - y_{t-1}) ),    y_t = h( s_t + b )

    Parameters
    ----------
    n_in, n_units : int
        Inputs and units of the layer.
    rng : numpy.random.Generator
        Draws W and H (Glorot-uniform). b starts at -1, a threshold of 1.
    h : "step" (SNU) or "sigmoid" (sSNU)
    g : "relu", "leaky_relu" (slope 0.1), "identity" or "tanh"
    decay : float or array (n_units,) within [0, 1]
        l(tau) = 1 - dt/tau, the fraction of the state kept in a step; 0.8 as in the authors'
        toolkit.
    surrogate : "tanh", "boxcar", "triangle", "arctan", "fast_sigmoid" or a pair (psi, dpsi)
        Stands in for the derivative of the step; without effect for the sigmoid.
    recurrent : bool
        Adds H (n_units, n_units), which feeds the layer's outputs back to it.
    lateral_inhibition : bool
        The gate becomes 1 - max_j y_j, for each sample by itself.
    reset_grad : "through" or "detached"
        Whether the gradient flows through the reset gate, or takes the gate for a constant.
        Backpropagation through Eq. 1 as it stands is "through".
    train_decay : bool
        Whether an optimiser updates decay. Its gradient is that of the raw value; whoever trains it
        clips it to [0, 1] after each step.
    dtype : float32, float64 or longdouble

    Attributes
    ----------
    params : {"W": (n_in, n_units), "b": (n_units,), "decay": (n_units,)} and "H" if recurrent
    trainable : names that an optimiser updates

    Raises ValueError or TypeError that names the argument. Source: arXiv:1812.07040, Eq. 1 and 2.

    >>> unit = SNU(1, 1, rng=np.random.default_rng(0), decay=0.5)     # a threshold of 1, as b = -1
    >>> unit.params["W"][:] = 0.75
    >>> y, cache = unit.forward(np.ones((4, 1, 1)))                  # a constant input: it charges,
    >>> cache.s.ravel().tolist(), y.ravel().tolist()                 # fires, and is reset
    ([0.75, 1.125, 0.75, 1.125], [0.0, 1.0, 0.0, 1.0])
    """

    def __init__(self, n_in, n_units, *, rng, h="step", g="relu", decay=0.8, surrogate="tanh",
                 recurrent=False, lateral_inhibition=False, reset_grad="through", train_decay=False,
                 dtype=np.float64):
        self.n_in = validation.positive_int("n_in", n_in)
        self.n_units = validation.positive_int("n_units", n_units)
        super().__init__(dtype, (self.n_in,), (self.n_units,))
        validation.generator("rng", rng)
        self.surrogate = find_surrogate(surrogate)
        self.h = output_function(h, self.surrogate)
        self.g = STATE_FUNCTIONS[validation.one_of("g", g, STATE_FUNCTIONS)]
        self.recurrent = validation.flag("recurrent", recurrent)
        self.lateral_inhibition = validation.flag("lateral_inhibition", lateral_inhibition)
        self.reset_grad = validation.one_of("reset_grad", reset_grad, ("through", "detached"))

        self.add_param("W", self._draw_W(rng))
        if self.recurrent:
            self.add_param("H", glorot_uniform(self.n_units, self.n_units, rng))
        self.add_param("b", np.full(self.n_units, -1.0))
        self.add_param("decay", _decay(decay, self.n_units),
                       trainable=validation.flag("train_decay", train_decay))

    def _draw_W(self, rng):
        return glorot_uniform(self.n_in, self.n_units, rng)

    def zero_state(self, B):
        """s_0 = y_0 = 0 for B samples."""
        return self.zeros(SNUState, validation.positive_int("B", B))

    def _gate(self, y):
        """What the reset leaves of the state: (..., n_units), or (..., 1) with inhibition."""
        return 1 - (y.max(axis=-1, keepdims=True) if self.lateral_inhibition else y)

    # ---- forward ----

    def step(self, x_t, state):
        """One time step, Eq. 1 and 2 as the paper writes them.

        x_t (B, n_in); state as `zero_state` gives it. Returns y_t (B, n_units) and the new state.
        """
        self.check_params()
        validation.array("x_t", x_t, ("B",) + self.in_shape, self.dtype)
        s, y = self.check_state("state", state, SNUState, len(x_t))
        b, decay = self.params["b"], self.params["decay"]
        z = self._project(x_t) + decay * s * self._gate(y)  # x_t W + ...: (B, n_units)
        if self.recurrent:
            z = z + y @ self.params["H"]
        s = self.g.value(z)
        y = self.h.value(s + b)
        return y, SNUState(s, y)

    def forward(self, x, state=None):
        """All T steps: x (T, B, n_in) -> y (T, B, n_units) and the cache for `backward`.

        state: the state before the first step, zeros if None. cache.state is the state after the
        last, so a long sequence can be fed in pieces; cache.z, .s, .v, .y are the traces. y is
        read-only, since the cache holds it too.
        """
        self.check_params()
        validation.array("x", x, ("T", "B") + self.in_shape, self.dtype)
        start = self.check_state("state", state, SNUState, x.shape[1])
        return self._unroll(x, self._project(x), start)

    def _project(self, x):
        """x_t W, of one step or, in one product, of all: (..., n_in) -> (..., n_units)."""
        return (rows(x) @ self.params["W"]).reshape(x.shape[:-1] + (self.n_units,))

    def _unroll(self, x, z, start):
        """The loop over time; z (T, B, n_units) comes in as x_t W and is completed in place."""
        b, decay = (self._wide(self.params[name], z.shape[1]) for name in ("b", "decay"))
        H = self.params.get("H")
        all_s, all_y = (np.empty((len(z) + 1,) + z.shape[1:], z.dtype) for _ in start)
        all_s[0], all_y[0] = s, y = start
        for z_t, s_t, y_t in zip(z, all_s[1:], all_y[1:]):
            z_t += decay * s * self._gate(y)                         # s, y: of the step before
            if self.recurrent:
                z_t += y @ H
            s = self.g.value(z_t, out=s_t)
            y = self.h.value(s + b, out=y_t)
        return read_only(all_y[1:]), SNUCache(x, z, all_s, all_y, self.params["b"].copy())

    def _wide(self, p, B):
        """A parameter (n,) as (B, n): NumPy is twice as fast on equal shapes."""
        return np.broadcast_to(p, (B,) + self.out_shape).copy()

    # ---- backward: the derivation is at the top of the module ----

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """BPTT: dy = dL/dy (T, B, n_units) -> dx (T, B, n_in), grads, dstate.

        dstate in: dL/d(state after the last step), zeros if None; dstate out: dL/d(initial state).
        grads has the keys of params, trainable or not. dx is None unless need_dx.
        """
        self.check_params()
        self.check_cache(cache, SNUCache, x=self.in_shape, y=self.out_shape)
        validation.array("dy", dy, cache.y.shape, self.dtype)
        dend = self.check_state("dstate", dstate, SNUState, dy.shape[1])
        dz, grads, dstart = self._unroll_backward(dy, cache, dend)
        dx, grads["W"] = self._project_backward(dz, cache.x, need_dx)
        return dx, {name: grads[name] for name in self.params}, dstart

    def _project_backward(self, dz, x, need_dx):
        """dx and dW of z = x W, one matrix product each for all steps."""
        W = self.params["W"]
        dx = (rows(dz) @ W.T).reshape(x.shape) if need_dx else None
        return dx, rows(x).T @ rows(dz)

    def _unroll_backward(self, dy, cache, dend):
        """dz for all steps, the gradients of b, decay and H, and dL/d(initial state).

        A few samples at a time, since samples do not meet, and of these a few steps: each piece
        hands the cotangents of its own initial state to the piece before it.
        """
        T, B = dy.shape[:2]
        numbers = math.prod(self.out_shape)
        dz, dstart = np.empty_like(cache.z), self.zeros(SNUState, B)
        grads = {name: np.zeros_like(self.params[name]) for name in ("b", "decay")}
        b, decay = self._wide(cache.b, B), self._wide(self.params["decay"], B)
        for some in pieces(B, numbers):
            dstate = SNUState(dend.s[some], dend.y[some])
            for steps in reversed(pieces(T, numbers * (some.stop - some.start))):
                dstate = self._piece_backward(dy[steps, some], cache.piece(steps, some), b[some],
                                              decay[some], dstate, dz[steps, some], grads)
            dstart.s[some], dstart.y[some] = dstate
        if self.recurrent:
            grads["H"] = rows(cache.all_y[:-1]).T @ rows(dz)
        return dz, grads, dstart

    def _piece_backward(self, dy, cache, b, decay, dstate, dz, grads):
        """Fills dz (T, B, n), adds to the gradients of b and decay, returns dL/d(initial state)."""
        _, z, all_s, all_y, _ = cache
        H = self.params.get("H")
        through = self.reset_grad == "through"
        before, y = all_s[:-1], all_y[:-1]               # s_{t-1}, y_{t-1}              (T, B, n)
        dh = self.h.slope(cache.s + b, cache.y)          # h'(v_t)                       (T, B, n)
        dg = self.g.slope(z, cache.s)                    # g'(z_t)                       (T, B, n)
        gate = self._gate(y)                             # gate_{t-1}                (T, B, n or 1)
        keep = decay * gate                              # s_{t-1} per dz_t              (T, B, n)
        erase = -decay * before                          # gate_{t-1} per dz_t, with its sign
        share = _tie_shares(y) if through and self.lateral_inhibition else None
        dv = np.empty_like(dz)
        ds, dy_ahead = dstate                            # what step t + 1 sends to s_t and y_t
        for t in reversed(range(len(dz))):
            dv_t, dz_t = dv[t], dz[t]
            np.add(dy[t], dy_ahead, out=dv_t)            # dY_t
            dv_t *= dh[t]
            np.add(dv_t, ds, out=dz_t)                   # ds_t
            dz_t *= dg[t]
            ds = keep[t] * dz_t
            dy_ahead = erase[t] * dz_t if through else 0.0
            if share is not None:
                dy_ahead = share[t] * dy_ahead.sum(axis=-1, keepdims=True)
            if self.recurrent:
                dy_ahead = dy_ahead + dz_t @ H.T
        grads["b"] += _sum_for_units(dv)
        before = before * gate
        before *= dz
        grads["decay"] += _sum_for_units(before)
        return SNUState(ds, dy_ahead)


def _sum_for_units(a):
    """a (T, B, ..., n) summed for each unit; places last, since short rows are slow to add."""
    places = a.reshape(len(a) * a.shape[1], -1).sum(axis=0)      # (places n,)
    return places.reshape(-1, a.shape[-1]).sum(axis=0)


def _tie_shares(y):
    """The derivative of max_j y_j: 1/k on each of the k units that tie for the maximum, else 0."""
    tied = (y == y.max(axis=-1, keepdims=True)).astype(y.dtype)
    return tied / tied.sum(axis=-1, keepdims=True)


def _decay(decay, n_units):
    """decay as an array (n_units,), from a number or an array, each within [0, 1]."""
    if isinstance(decay, np.ndarray):
        if decay.dtype.kind != "f":
            raise TypeError(f"decay: expected a float or a float array, got dtype {decay.dtype}")
        if decay.shape != (n_units,):
            raise ValueError(f"decay: expected a float or shape ({n_units},), got {decay.shape}")
        if not ((decay >= 0) & (decay <= 1)).all():
            raise ValueError("decay: expected numbers in [0, 1], got "
                             f"{decay.min()} to {decay.max()}")
        return decay.copy()
    return np.full(n_units, validation.number_in("decay", decay, 0, 1))
