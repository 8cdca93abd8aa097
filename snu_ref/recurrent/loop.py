"""What RNN, GRU and LSTM share: the loops over time, and everything except the cell itself.

The three differ only in the equations of one step, which are in `rnn`, `gru` and `lstm` beside this
module. A layer of n units with k gates has

    W (n_in, k n)    input weights          the columns are k blocks of n, one for each gate, in the
    H (n, k n)       recurrent weights      order that the unit's module gives (k = 1 for the RNN)
    b (k n)          biases

and, for every step, a_t = x_t W + b, to which the step adds the part that depends on the state. So
x W is one matrix product for all T steps, and only the recurrent products are in the loop.

Backward: let da_t be the cotangent of a_t. The reverse of a step takes the cotangent of the state
after step t, and gives da_t and the cotangent of the state before step t. The rest needs no loop:

    dW = sum x_t' da_t      db = sum da_t      dx_t = da_t W'      (sums over steps and samples)

If a_t contains h_{t-1} H, also dH = sum h_{t-1}' da_t.

A unit defines
    State                       the named tuple of its state; its first field, h, is also the output
    gates                       the gates' letters, in the order of the columns
    _advance(a, state)          one step: a_t (B, k n) -> the state after it, and its activations
    _coefficients(cache)        the factors of the reverse, known after the forward pass, for all
                                steps at once
    _reverse(dstate, coef, da)  one step backward: fills da_t, returns dL/d(state before it)
    _recurrent_grads(cache, da) the gradients of H and other parameters that act on the state

Memory: the cache has T B (n_in + k n + m n) numbers, where m is the number of fields of the state.

Weights from and to PyTorch and Keras: README.md in this folder.

Not here: several layers in one object, a direction other than forward in time, dropout, peepholes.
"""
from typing import NamedTuple

import numpy as np

from .. import validation
from ..layer import Layer, brief, glorot_uniform, read_only, rows


class RecurrentCache(NamedTuple):
    """What the backward pass needs from the forward pass."""
    x: np.ndarray        # (T, B, n_in)
    act: np.ndarray      # (T, B, k n): the gates, after their sigmoid or tanh
    trace: tuple         # the unit's State, fields (T + 1, B, n): entry t is the state after step t
    __repr__ = brief

    @property
    def before(self):
        """The states before each step, a named tuple of arrays (T, B, n)."""
        return type(self.trace)(*(part[:-1] for part in self.trace))

    @property
    def y(self):
        """The outputs, h after each step: (T, B, n)."""
        return self.trace[0][1:]

    @property
    def state(self):
        """A copy of the state after the last step, the start of the next part of a sequence."""
        return type(self.trace)(*(part[-1].copy() for part in self.trace))


class Recurrent(Layer):
    """Base of RNN, GRU and LSTM: parameters, checks, both loops over time, gradients of W, b and x.

    n_in, n_units : int; rng : numpy.random.Generator, which draws W and H; dtype : float32, float64
    or longdouble. W and H start Glorot-uniform with the fans of one gate (n_in or n_units ->
    n_units), so their range does not depend on the number of gates; biases start at 0.
    """
    gates = ""  # each unit sets gates and State

    def __init__(self, n_in, n_units, *, rng, dtype=np.float64):
        self.n_in = validation.positive_int("n_in", n_in)
        self.n_units = validation.positive_int("n_units", n_units)
        super().__init__(dtype, (self.n_in,), (self.n_units,))
        for name, fan_in in (("W", self.n_in), ("H", self.n_units)):
            self.add_param(name, np.concatenate(
                [glorot_uniform((fan_in, self.n_units), rng) for _ in self.gates], axis=1))
        self.add_param("b", np.zeros(len(self.gates) * self.n_units))

    def step(self, x_t, state):
        """One time step: x_t (B, n_in), state as `zero_state` gives it.

        Returns y_t (B, n_units), which is h of the new state, and the new state.
        """
        state = self.check_forward(x_t, state, "x_t", lead=("B",))
        state, _ = self._advance(x_t @ self.params["W"] + self.params["b"], state)
        return state.h, state

    def forward(self, x, state=None):
        """All T steps: x (T, B, n_in) -> y (T, B, n_units) and the cache for `backward`.

        state: the state before the first step, zeros if None. cache.state is the state after the
        last step: pass it on to process a long sequence in parts. y is read-only, because the cache
        uses the same array.
        """
        state = self.check_forward(x, state)
        T, B = x.shape[:2]
        a = rows(x) @ self.params["W"] + self.params["b"]
        a = a.reshape((T, B) + a.shape[1:])                                    # (T, B, k n)
        trace = self.State(*(np.empty((T + 1, B, self.n_units), a.dtype) for _ in state))
        for part, value in zip(trace, state):
            part[0] = value
        for t in range(T):
            state, activations = self._advance(a[t], state)
            for part, value in zip(trace, state):
                part[t + 1] = value
            np.concatenate(activations, axis=-1, out=a[t])     # a_t is not needed any more
        cache = RecurrentCache(x, a, trace)
        return read_only(cache.y), cache

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """BPTT: dy = dL/dy (T, B, n_units) -> dx (T, B, n_in), grads, dstate.

        dstate in: dL/d(state after the last step), zeros if None; dstate out: dL/d(initial state).
        grads has the keys of params. dx is None unless need_dx.
        """
        dstate = self.check_backward(dy, cache, RecurrentCache, dstate)
        if not isinstance(cache.trace, self.State):
            raise TypeError(f"cache: expected states of class {self.State.__name__}, "
                            f"got {type(cache.trace).__name__}")
        coefficients = self._coefficients(cache)
        da = np.empty_like(cache.act)                                          # (T, B, k n)
        for t in reversed(range(len(dy))):
            dstate = dstate._replace(h=dstate.h + dy[t])       # h_t is output and state
            dstate = self._reverse(dstate, [c[t] for c in coefficients], da[t])
        W = self.params["W"]
        dx = (rows(da) @ W.T).reshape(cache.x.shape) if need_dx else None
        grads = {"W": rows(cache.x).T @ rows(da), "b": rows(da).sum(axis=0),
                 **self._recurrent_grads(cache, da)}
        return dx, {name: grads[name] for name in self.params}, dstate

    def _recurrent_grads(self, cache, da):
        """dH, for a unit in which all columns of a_t contain h_{t-1} H."""
        return {"H": rows(cache.before.h).T @ rows(da)}

    def split(self, a):
        """The k blocks of n columns, one for each gate, as views: each (..., n)."""
        n = self.n_units
        return [a[..., j * n:(j + 1) * n] for j in range(len(self.gates))]
