"""Changes with a number in them: a slope, a factor, a bound, which only the port's numbers tell.

A Family holds the changes for every number k; `estimates` looks for the k of a port. Its members
are named with their number: "surrogate_scaled=0.3".
"""
from typing import Callable, NamedTuple

import numpy as np

from ...activations import SURROGATES, sigmoid, sigmoid_slope
from ..program.conditions import LEAKY, RECURRENT, SIGMOID, STEP
from ..program.equations import Variant, product
from .functions import leaky


def scaled(gain, width):
    """The changes that make the slope of the output gain psi'(width v)."""
    def changes(config):
        if config["h"] == "step":
            dpsi = SURROGATES[config["surrogate"]].dpsi
            return {"h_gain": gain, "h_slope": lambda v, y: dpsi(width * v)}
        return {"h_gain": gain,
                "h_slope": lambda v, y: sigmoid_slope(width * v, sigmoid(width * v))}
    return changes


def shape_scaled(shape, gain, width):
    """Changes (of k) that make the slope of the step gain psi'(width v), psi that of a shape."""
    dpsi = SURROGATES[shape].dpsi

    def changes(k):
        a, w = (k if size == "k" else size for size in (gain, width))
        return {"h_gain": a, "h_slope": lambda v, y: dpsi(w * v)}
    return changes


def clipped_on_the_way_back(var, k):
    """The same Var, its gradient clipped element by element."""
    return var.tape.node(var.value, lambda d: var.receive(np.clip(d, -k, k)))


class Family(NamedTuple):
    """Changes that differ by a number k; `guesses` are where an estimate of k may begin.

    text has {} for the number; changes(k) as a Variant's. common: whether it is worth a try on top
    of another change.
    """
    name: str
    text: str
    changes: Callable
    guesses: tuple
    when: Callable = lambda config: True
    common: bool = True

    def member(self, k):
        """The Variant with this k."""
        return Variant(f"{self.name}={k:.12g}", self.text.format(f"{k:.6g}"), self.changes(k),
                       self.when)


FAMILIES = {family.name: family for family in (
    Family("surrogate_scaled",
           "the surrogate's slope is {} psi'(v): psi'(v)",
           lambda k: scaled(k, 1.0), (1.0, 0.3, 3.0), STEP),
    Family("surrogate_sharpened",
           "the surrogate's slope is psi'({} v): psi'(v)",
           lambda k: scaled(1.0, k), (1.0, 0.4, 3.0, 10.0, 30.0), STEP),
    Family("surrogate_of_scaled_v",
           "the surrogate's slope is k psi'(k v) with k = {}: psi'(v)",
           lambda k: scaled(k, k), (1.0, 0.4, 3.0, 10.0, 30.0), STEP),
    *(Family(f"{shape}_{how}",
             f"the slope of the step is {text}, psi that of {shape}: psi'(v) of the surrogate this "
             "case names",
             shape_scaled(shape, *sizes), guesses, STEP, False)
      for shape in SURROGATES
      for how, text, sizes, guesses in (
          ("scaled", "{} psi'(v)", ("k", 1.0), (1.0, 0.3, 3.0)),
          ("sharpened", "psi'({} v)", (1.0, "k"), (1.0, 0.4, 3.0, 10.0, 30.0)),
          ("of_scaled_v", "k psi'(k v) with k = {}", ("k", "k"), (1.0, 0.4, 3.0, 10.0)))),
    Family("h_slope_scaled",
           "the derivative of the sigmoid is multiplied by {}: y (1 - y)",
           lambda k: scaled(k, 1.0), (1.0, 3.0), SIGMOID),
    Family("sigmoid_of_scaled_v",
           "the output is sigmoid({} v): sigmoid(v)",
           lambda k: {"h": lambda v: sigmoid(k * v), "h_slope": lambda v, y: k * y * (1 - y)},
           (1.0, 0.3, 3.0, 10.0), SIGMOID),
    Family("leaky_slope",
           "leaky_relu has slope {} below zero: 0.1",
           leaky, (0.1, 0.3), LEAKY),
    Family("leaky_g_slope",
           "the derivative of leaky_relu is {} below zero: 0.1",
           lambda k: {"g_slope": lambda z, s: np.where(z > 0, 1.0, k).astype(z.dtype)},
           (0.1, 0.3), LEAKY),
    Family("current_offset",
           "z has a constant {} more: z = x W + y H + decay s (1 - y)",
           lambda k: {"drive": lambda c: product(c, c.x, c.W) + k}, (0.0,), common=False),
    Family("input_scaled",
           "x W is multiplied by {}: it stands alone",
           lambda k: {"drive": lambda c: k * product(c, c.x, c.W)}, (1.0, 0.3)),
    Family("feedback_scaled",
           "y H is multiplied by {}: it stands alone",
           lambda k: {"feedback": lambda c: k * product(c, c.y, c.H)}, (1.0, 0.3), RECURRENT),
    Family("decay_scaled",
           "the decay is multiplied by {}: it is used as it is",
           lambda k: {"decay": lambda d: k * d}, (1.0, 0.5)),
    Family("decay_at_most",
           "the decay is clipped to at most {}: it is used as it is",
           lambda k: {"decay": lambda d: d.apply(lambda a: np.minimum(a, k),
                                                 lambda a, f: (a < k).astype(a.dtype))},
           (0.9, 0.75, 0.6), common=False),
    Family("decay_at_least",
           "the decay is clipped to at least {}: it is used as it is",
           lambda k: {"decay": lambda d: d.apply(lambda a: np.maximum(a, k),
                                                 lambda a, f: (a > k).astype(a.dtype))},
           (0.6, 0.75, 0.9), common=False),
    Family("state_gradient_clipped",
           "each element of dL/ds_t is clipped to [-{0}, {0}] on its way back: the gradient is "
           "not clipped",
           lambda k: {"s": lambda c: clipped_on_the_way_back(c.z.apply(c.g, c.g_slope), k)},
           (1.0, 0.5), common=False),
    Family("decay_fixed_at",
           "the decay is a constant {}: it is the parameter, one for each unit",
           lambda k: {"decay": lambda d: k}, (0.8, 0.5)),
    Family("bias_scaled",
           "b is multiplied by {}: v = s + b",
           lambda k: {"b": lambda b: k * b}, (1.0, 0.3)),
    Family("bias_fixed_at",
           "v = s + b with a constant b of {}: b is the parameter, one for each unit",
           lambda k: {"b": lambda b: k}, (-1.0, -0.5)),
    Family("reset_scaled",
           "the gate is 1 - {} y_{{t-1}}: 1 - y_{{t-1}}",
           lambda k: {"gate": lambda c: 1 - k * c.fired}, (1.0, 0.5)),
    Family("loss_scaled",
           "everything in the backward pass is multiplied by {}",
           lambda k: {"inputs": (lambda config, inputs: {**inputs, **{
               name: k * inputs[name] for name in ("dy", "dend.s", "dend.y")}},)}, (1.0,)),
)}
