"""The point-wise functions of the unit: g of the state, h of the output, surrogates of the step.

    s_t = g(z_t)         g: relu, leaky_relu (slope 0.1), identity, tanh
    y_t = h(s_t + b)     h: step (the SNU), sigmoid (the soft SNU, sSNU)

Each function has its slope beside it. Conventions: step(0) = 0, so a unit fires only strictly above
its threshold. g'(0) is the left slope: 0 for relu, 0.1 for leaky_relu.

The step is flat, so training replaces its derivative by a surrogate psi'(v). A surrogate is a
function psi and its derivative psi'. Training uses psi'; the gradient check differentiates psi and
compares the two (`snu_ref.gradcheck`). At a kink of psi, psi' is the slope nearer to zero.

All functions keep the dtype of their argument. They also accept complex numbers, because the
complex step differentiates through them. So every branch looks at the real part: NumPy orders
complex numbers by their imaginary part too (0 + 1e-30j > 0 is true). abs and sign are not analytic.

Sources. The authors' toolkit (IBM/neuroaikit): g, h, the slope of leaky_relu, step(0) = 0, and 1 -
tanh^2 as the surrogate. The other surrogates are common in spiking networks; Neftci, Mostafa &
Zenke, IEEE Signal Processing Magazine 36 (2019), compare several. psi and the widths are ours.
"""
from functools import partial
from typing import Callable, NamedTuple

import numpy as np

from . import validation

LEAK = 0.1  # slope of leaky_relu below zero, as in the authors' toolkit (IBM/neuroaikit)


class Activation(NamedTuple):
    """A point-wise function: `value(z, out=None)`, and `slope(z, f)`, its derivative at z.

    out: an array for the result; a new one is made if it is None. f = value(z).
    """
    name: str
    value: Callable
    slope: Callable

    def __reduce__(self):  # by its name, since a lambda cannot be pickled
        named = _named(self.name) is self
        return (_named, (self.name,)) if named else (Activation, tuple(self))


class Surrogate(NamedTuple):
    """A function `psi(v)` and its derivative `dpsi(v)`, which replaces that of the step."""
    name: str
    psi: Callable
    dpsi: Callable

    def slope(self, v, f):
        """psi'(v) with the arguments of an Activation's slope; f, the step's value, is not used."""
        return self.dpsi(v)

    def __reduce__(self):  # by its name, since a lambda cannot be pickled
        named = SURROGATES.get(self.name) is self
        return (find_surrogate, (self.name,)) if named else (Surrogate, tuple(self))


# ---- g: the state -------------------------------------------------------------------------------

def relu(z, out=None):
    """max(z, 0): keeps the membrane potential at or above rest."""
    if z.dtype.kind == "c":
        return np.multiply(z, z.real > 0, out=out)
    zeros = np.zeros(z.shape, z.dtype)  # with a scalar 0, NumPy takes twice as long
    return np.maximum(z, zeros, out=out)


def leaky_relu(z, out=None):
    """z where z > 0, else 0.1 z."""
    if z.dtype.kind == "c":
        return np.multiply(z, leaky_relu_slope(z), out=out)
    return np.maximum(z, LEAK * z, out=out)


def leaky_relu_slope(z, f=None):
    """1 where z > 0, else 0.1."""
    slope = step(z)
    return np.maximum(slope, LEAK, out=slope)


# ---- h: the output ------------------------------------------------------------------------------

def step(v, out=None):
    """1 where v > 0, else 0: a spike only when strictly above the threshold."""
    out = np.empty_like(v) if out is None else out
    out[...] = v.real > 0  # a third faster than np.greater(v.real, 0, out=out)
    return out


def sigmoid(v, out=None):
    """1 / (1 + exp(-v)), written as (1 + tanh(v/2)) / 2, which never overflows."""
    f = np.multiply(v, 0.5, out=out)
    np.tanh(f, out=f)
    f += 1
    f *= 0.5
    return f


STATE_FUNCTIONS = {each.name: each for each in (  # at z = 0, the slope is the left one
    Activation("relu", relu, lambda z, f: step(z)),
    Activation("leaky_relu", leaky_relu, leaky_relu_slope),
    Activation("identity", np.positive, lambda z, f: np.ones_like(z)),
    Activation("tanh", np.tanh, lambda z, f: 1 - f * f),
)}
SIGMOID = Activation("sigmoid", sigmoid, lambda v, f: f * (1 - f))


def _named(name):
    return SIGMOID if name == "sigmoid" else STATE_FUNCTIONS.get(name)


def output_function(h, surrogate):
    """The h of a unit: "sigmoid" with its own slope, or "step" with the slope of its surrogate."""
    validation.one_of("h", h, ("step", "sigmoid"))
    return SIGMOID if h == "sigmoid" else Activation("step", step, surrogate.slope)


# ---- surrogates: psi and psi' -------------------------------------------------------------------

def _abs(v):
    """|v|, by the sign of the real part."""
    return np.where(v.real < 0, -v, v)


def _square(v):
    # v * v is inf beyond the square root of the largest number, which is right for 1 / (1 + v^2).
    with np.errstate(over="ignore"):
        return v * v


def _half(v):
    """sign(v) / 2, by the sign of the real part; 1/2 at 0."""
    return np.where(v.real < 0, -0.5, 0.5).astype(v.dtype)


def _triangle(v):
    near = np.abs(v.real) < 1
    return np.where(near, v - 0.5 * v * np.where(near, _abs(v), 0), _half(v))


SURROGATES = {each.name: each for each in (
    # psi'(v) = 1 - tanh(v)^2, from the authors' toolkit
    Surrogate("tanh", np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    # psi'(v) = 1 for |v| < 1/2, else 0
    Surrogate("boxcar", lambda v: np.where(np.abs(v.real) < 0.5, v, _half(v)),
              lambda v: (np.abs(v) < 0.5).astype(v.dtype)),
    # psi'(v) = 1 - |v| for |v| < 1, else 0
    Surrogate("triangle", _triangle, lambda v: np.maximum(1 - np.abs(v), 0)),
    # psi'(v) = 1 / (1 + (pi v)^2)
    Surrogate("arctan", lambda v: np.arctan(np.pi * v) / np.pi,
              lambda v: 1 / (1 + _square(np.pi * v))),
    # psi'(v) = 1 / (1 + |v|)^2
    Surrogate("fast_sigmoid", lambda v: v / (1 + _abs(v)), lambda v: 1 / _square(1 + np.abs(v))),
)}


def _users_own(f, v):
    """Call a user's function; a result with another dtype or shape than v is an error."""
    return validation.array("surrogate(v)", f(v), v.shape, v.dtype)


def find_surrogate(surrogate):
    """A surrogate by its name, or your own as a pair (psi, dpsi) of functions.

    Your functions must keep dtype and shape. For a check by the complex step, psi must accept
    complex numbers. Raises ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(surrogate, str):
        return SURROGATES[validation.one_of("surrogate", surrogate, SURROGATES)]
    if isinstance(surrogate, Surrogate):
        return surrogate
    if isinstance(surrogate, tuple) and len(surrogate) == 2 and all(map(callable, surrogate)):
        return Surrogate("custom", *(partial(_users_own, f) for f in surrogate))
    raise TypeError("surrogate: expected one of " + ", ".join(map(repr, SURROGATES))
                    + f" or a pair (psi, dpsi) of functions, got {surrogate!r}")
