"""The Spiking Neural Unit (SNU), its soft variant (sSNU), and backpropagation through time by hand.

The equations, for one layer of n units and one sample ("." is point-wise, * a matrix product):

    s_t = g( x_t * W + y_{t-1} * H + decay . s_{t-1} . gate_{t-1} )      state              (1)
    y_t = h( s_t + b )                                                   output             (2)
    gate_t = 1 - y_t                   the reset; or, with lateral inhibition,
    gate_t = 1 - max_j y_{j,t}         one gate for all units of the layer, per sample

We numbered the equations. Recurrent units have the term y * H inside g; the reset does not gate it.
decay is the paper's l(tau) = 1 - dt/tau. b is minus the firing threshold. Below, z_t is the
argument of g, and v_t = s_t + b is the argument of h. h = "step" makes the SNU; h = "sigmoid" makes
the sSNU. The gate of the sSNU is graded: the abstract of the paper's first version calls it
"proportional reset".

The backward pass
-----------------
Write dA for dL/dA. Reading the equations backwards, z_{t+1} depends on s_t and y_t, and the loss
depends on y_t directly (dy_t):

    dY_t = dy_t + dz_{t+1} * H' - R_t(dz_{t+1})          dL/dy_t over all paths; H' is H transposed
    dv_t = h'(v_t) . dY_t                                h' is the surrogate psi' for the step
    ds_t = dv_t + decay . gate_t . dz_{t+1}
    dz_t = g'(z_t) . ds_t

    R_t(dz) = decay . s_t . dz                           through the reset gate of each unit
    R_t(dz) = a_t sum_i decay_i s_{i,t} dz_i             through the shared gate of inhibition:
                                                         a_j = 1/k on the k units tied for the
                                                         maximum
    R_t(dz) = 0                                          reset_grad="detached"

The factors h'(v), g'(z), decay . gate and decay . s are known for all t after the forward pass.
They are computed as whole arrays, so the loop back in time has only sums and products (and dz * H',
if there is an H). Without H and inhibition, the four lines are one linear recurrence,

    dz_t = g'(z_t) . ( h'(v_t) . dy_t + ( decay . gate_t - h'(v_t) . decay . s_t ) . dz_{t+1} )

The rest is one matrix product or sum over all steps and samples:

    dW = sum x_t' * dz_t      dx_t = dz_t * W'       dH = sum y_{t-1}' * dz_t
    db = sum dv_t             ddecay = sum dz_t . s_{t-1} . gate_{t-1}

At the ends: the cotangents of the final state are added to ds_T and dY_T. The same equations at
t = 0, without the terms dy and dv, give the cotangents of the initial state.

Memory: the cache contains x, z, s, y, that is T B (n_in + 3 n) numbers; the backward pass adds dz
and dx, T B (n_in + n). Both grow in proportion to T.

Sources. The unit: S. Wozniak, A. Pantazi, T. Bohnstingl, E. Eleftheriou, arXiv:1812.07040. We have
not read the text of the paper; the equations are those of the authors' toolkit (IBM/neuroaikit), as
are step(0) = 0, psi' = 1 - tanh^2, a decay of 0.8, and lateral inhibition. Here the inhibition acts
within each sample; in the toolkit, over a batch. The derivation and the 1/k for ties are ours.
"""
from typing import NamedTuple

import numpy as np

from . import validation
from .activations import STATE_FUNCTIONS, find_surrogate, output_function
from .layer import Layer, blocks, brief, glorot_uniform, read_only, rows


class SNUState(NamedTuple):
    """State s and output y after a step, each (B, n_units)."""
    s: np.ndarray
    y: np.ndarray
    __repr__ = brief


class SNUCache(NamedTuple):
    """What the backward pass needs from the forward pass: the traces of all steps."""
    x: np.ndarray        # (T, B, n_in)
    z: np.ndarray        # (T, B, n_units), the argument of g
    all_s: np.ndarray    # (T + 1, B, n_units), entry t is s_t, entry 0 the initial state
    all_y: np.ndarray    # (T + 1, B, n_units), entry t is y_t
    b: np.ndarray        # (n_units,)
    __repr__ = brief

    @property
    def s(self):
        """Membrane potential after each step: (T, B, n_units)."""
        return self.all_s[1:]

    @property
    def y(self):
        """Output of each step: (T, B, n_units)."""
        return self.all_y[1:]

    @property
    def v(self):
        """The argument of h, s + b: (T, B, n_units)."""
        return self.s + self.b

    @property
    def state(self):
        """A copy of the state after the last step, the start of the next part of a sequence."""
        return SNUState(self.all_s[-1].copy(), self.all_y[-1].copy())


class SNU(Layer):
    """A layer of Spiking Neural Units.

        s_t = g( x_t W + y_{t-1} H + decay . s_{t-1} . (1 - y_{t-1}) ),    y_t = h( s_t + b )

    Parameters
    ----------
    n_in, n_units : int
        Inputs and units of the layer.
    rng : numpy.random.Generator
        Draws W and H (Glorot-uniform).
    h : "step" (SNU) or "sigmoid" (sSNU)
    g : "relu", "leaky_relu" (slope 0.1), "identity" or "tanh"
    decay : float or array (n_units,) within [0, 1]
        l(tau) = 1 - dt/tau, the fraction of the state kept in a step; 0.8 as in the authors'
        toolkit.
    threshold : float
        Initial value of the firing threshold: b = -threshold.
    surrogate : "tanh", "boxcar", "triangle", "arctan", "fast_sigmoid" or a pair (psi, dpsi)
        Replaces the derivative of the step. It has no effect on the sigmoid.
    recurrent : bool
        Adds H (n_units, n_units), which feeds the layer's outputs back to it.
    lateral_inhibition : bool
        The gate becomes 1 - max_j y_j, for each sample separately.
    reset_grad : "through" or "detached"
        "through": the gradient flows through the reset gate, as equation (1) says. "detached": the
        gate counts as a constant in the backward pass.
    train_decay : bool
        Whether an optimiser updates decay. The gradient does not respect the limits: clip decay to
        [0, 1] after each step.
    dtype : float32, float64 or longdouble

    Attributes
    ----------
    params : {"W": (n_in, n_units), "b": (n_units,), "decay": (n_units,)} and "H" if recurrent
    trainable : names that an optimiser updates

    When nothing spikes
    -------------------
    `print(cache)` shows the spike rate. If a layer never fires, the next one gets zeros, and with
    g="relu" no gradient passes it, since relu'(0) = 0. Make W larger, lower the threshold, or use
    g="identity". More: tutorials/RECIPES.md.

    Raises ValueError or TypeError that names the argument. Source: as at the top of this file.

    >>> unit = SNU(1, 1, rng=np.random.default_rng(0), decay=0.5)     # a threshold of 1, as b = -1
    >>> unit.params["W"][:] = 0.75
    >>> y, cache = unit.forward(np.ones((4, 1, 1)))                  # a constant input: it charges,
    >>> cache.s.ravel().tolist(), y.ravel().tolist()                 # fires, and is reset
    ([0.75, 1.125, 0.75, 1.125], [0.0, 1.0, 0.0, 1.0])
    """
    State = SNUState
    kernel = ()  # the axes of W before n_in; a ConvSNU has (kh, kw)

    def __init__(self, n_in, n_units, *, rng, h="step", g="relu", decay=0.8, threshold=1.0,
                 surrogate="tanh", recurrent=False, lateral_inhibition=False, reset_grad="through",
                 train_decay=False, dtype=np.float64):
        self.n_in = validation.positive_int("n_in", n_in)
        self.n_units = validation.positive_int("n_units", n_units)
        super().__init__(dtype, (self.n_in,), (self.n_units,))
        self.surrogate = find_surrogate(surrogate)
        self.h = output_function(h, self.surrogate)
        self.g = STATE_FUNCTIONS[validation.one_of("g", g, STATE_FUNCTIONS)]
        self.recurrent = validation.flag("recurrent", recurrent)
        self.lateral_inhibition = validation.flag("lateral_inhibition", lateral_inhibition)
        self.reset_grad = validation.one_of("reset_grad", reset_grad, ("through", "detached"))

        self.add_param("W", glorot_uniform((*self.kernel, self.n_in, self.n_units), rng))
        if self.recurrent:
            self.add_param("H", glorot_uniform((self.n_units, self.n_units), rng))
        self.add_param("b", np.full(self.n_units,
                                    -validation.finite_number("threshold", threshold)))
        if not isinstance(decay, np.ndarray):
            decay = np.full(self.n_units, validation.number_in("decay", decay, 0, 1))
        validation.array("decay", decay, (self.n_units,), "floats", low=0, high=1)
        self.add_param("decay", decay.copy(), trainable=validation.flag("train_decay", train_decay))

    def _gate(self, y):
        """The factor by which the reset scales s: (..., n_units), or (..., 1) with inhibition."""
        return 1 - (y.max(axis=-1, keepdims=True) if self.lateral_inhibition else y)

    # ---- forward ----

    def step(self, x_t, state):
        """One time step, equations (1) and (2) as written at the top of this file.

        x_t (B, n_in); state: an SNUState. Returns y_t (B, n_units) and the new state.
        """
        s, y = self.check_forward(x_t, state, "x_t", lead=("B",))
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
        last step: pass it on to process a long sequence in parts. cache.z, .s, .v and .y are the
        traces. y is read-only, because the cache uses the same array.
        """
        start = self.check_forward(x, state)
        z = self._project(x)                     # (T, B, n_units); each step adds the rest in place
        b, decay = (self._wide(self.params[name], z.shape[1]) for name in ("b", "decay"))
        H = self.params.get("H")
        all_s, all_y = (np.empty((len(z) + 1,) + z.shape[1:], z.dtype) for _ in start)
        all_s[0], all_y[0] = s, y = start
        for z_t, s_t, y_t in zip(z, all_s[1:], all_y[1:]):
            z_t += decay * s * self._gate(y)                         # s, y: of step t - 1
            if self.recurrent:
                z_t += y @ H
            s = self.g.value(z_t, out=s_t)
            y = self.h.value(s + b, out=y_t)
        return read_only(all_y[1:]), SNUCache(x, z, all_s, all_y, self.params["b"].copy())

    def _project(self, x):
        """x W, for one step or for all steps in one product: (..., n_in) -> (..., n_units)."""
        return (rows(x) @ self.params["W"]).reshape(x.shape[:-1] + (self.n_units,))

    def _wide(self, p, B):
        """A parameter (n,) as (B, n): NumPy is twice as fast on equal shapes."""
        return np.broadcast_to(p, (B,) + self.out_shape).copy()

    # ---- backward: the derivation is at the top of the module ----

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """BPTT: dy = dL/dy (T, B, n_units) -> dx (T, B, n_in), grads, dstate.

        dstate in: dL/d(state after the last step), zeros if None; dstate out: dL/d(initial state).
        grads has the keys of params, trainable or not. dx is None unless need_dx.
        """
        dend = self.check_backward(dy, cache, SNUCache, dstate)
        b, decay = (self._wide(p, dy.shape[1]) for p in (cache.b, self.params["decay"]))
        H = self.params.get("H")
        grads = {name: np.zeros_like(p) for name, p in self.params.items()}
        all_dz = np.empty_like(cache.z)
        ds, dY = (d.copy() for d in dend)                # what step t + 1 sends back to s_t and y_t

        # Blocks of steps that fit the processor's cache. Measured: a training step of large layers
        # takes 5 % less time than with all steps in one block; with convolutions, 15 % less.
        for steps in reversed(blocks(len(dy), dend.s.size)):
            s_before, y_before = cache.all_s[steps], cache.all_y[steps]       # s_{t-1}, y_{t-1}
            s, y, dz = cache.s[steps], cache.y[steps], all_dz[steps]          # (steps, B, n_units)
            gate = self._gate(y_before)
            keep = decay * gate                          # ds_{t-1} = keep_t dz_t
            erase = -decay * s_before                    # dY_{t-1} = erase_t dz_t + ...
            if self.reset_grad == "detached":
                erase = np.zeros_like(erase)
            dg = self.g.slope(cache.z[steps], s)         # g'(z_t)
            dh = self.h.slope(s + b, y)                  # h'(v_t)
            dv = dy[steps].copy()
            for t in reversed(range(len(dv))):           # each line reverses one of forward:
                dv_t, dz_t = dv[t], dz[t]
                dv_t += dY
                dv_t *= dh[t]                            # y = h(v)
                np.add(dv_t, ds, out=dz_t)               # v = s + b
                dz_t *= dg[t]                            # s = g(z)
                ds = keep[t] * dz_t                      # z = ... + decay s gate
                dY = erase[t] * dz_t                     # gate = 1 - y
                if self.lateral_inhibition:              # gate = 1 - max_j y_j
                    dY = _tie_shares(y_before[t]) * dY.sum(axis=-1, keepdims=True)
                if self.recurrent:                       # z = ... + y H
                    dY = dY + dz_t @ H.T
            grads["b"] += _sum_for_units(dv)
            grads["decay"] += _sum_for_units(s_before * gate * dz)

        dx, grads["W"] = self._project_backward(all_dz, cache.x, need_dx)
        if self.recurrent:
            grads["H"] = rows(cache.all_y[:-1]).T @ rows(all_dz)
        return dx, grads, SNUState(ds, dY)

    def _project_backward(self, dz, x, need_dx):
        """dx and dW of z = x W, one matrix product each for all steps."""
        W = self.params["W"]
        dx = (rows(dz) @ W.T).reshape(x.shape) if need_dx else None
        return dx, rows(x).T @ rows(dz)


def _sum_for_units(a):
    """Sum a (T, B, ..., n) for each unit, over T and B first: short rows are slow to add."""
    return rows(a.sum(axis=(0, 1))).sum(axis=0)


def _tie_shares(y):
    """The derivative of max_j y_j: 1/k on each of the k units that tie for the maximum, else 0."""
    tied = (y == y.max(axis=-1, keepdims=True)).astype(y.dtype)
    return tied / tied.sum(axis=-1, keepdims=True)
