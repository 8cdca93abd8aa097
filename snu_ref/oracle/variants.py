"""The catalogue of wrong units: named small changes of the equations, and what they give in a case.

    run_variant(config, inputs, ("reset_detached",))      every output of the case, with this change
    run_variant(config, inputs, ())                       the right ones
    run_variant(config, inputs, ("surrogate_scaled=0.3",))   a change with a number in it

A change exchanges equations of one step (`snu_ref.oracle.equations`); a tape differentiates what
comes of it. So the unit itself carries no flags for wrong behaviour, and nobody derives the
backward pass of a mistake by hand. Two changes go together unless they exchange the same equation.

What this does not do: layers other than the SNU; a mistake that no change here describes.
"""
from typing import Callable, NamedTuple

import numpy as np

from ..activations import SURROGATES
from .along import FORMS, run_along, split
from .catalogue_backward import BACKWARD_VARIANTS
from .catalogue_data import DATA_VARIANTS
from .catalogue_forward import FORWARD_VARIANTS, RECURRENT
from .catalogue_functions import FUNCTION_VARIANTS, SIGMOID, STEP, leaky, scaled
from .catalogue_recurrence import RECURRENCE_VARIANTS
from .catalogue_sums import SUM_VARIANTS
from .equations import Variant, option, product, run
from .relations import change

VARIANTS = {variant.name: variant for variant in
            (*FORWARD_VARIANTS, *RECURRENCE_VARIANTS, *FUNCTION_VARIANTS, *BACKWARD_VARIANTS,
             *SUM_VARIANTS, *DATA_VARIANTS)}
CHAINED = ("inputs", "outputs")  # several of these run one after the other; one each of the rest


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
           lambda k: {
               "h": lambda v: 0.5 + 0.5 * np.tanh(0.5 * k * v),
               "h_slope": lambda v, y: k * y * (1 - y)},
           (1.0, 0.3, 3.0, 10.0), SIGMOID),
    Family("leaky_slope",
           "leaky_relu has slope {} below zero: 0.1",
           leaky, (0.1, 0.3),
           option(g="leaky_relu")),
    Family("leaky_g_slope",
           "the derivative of leaky_relu is {} below zero: 0.1",
           lambda k: {
           "g_slope": lambda z, s: np.where(z > 0, 1.0, k).astype(z.dtype)}, (0.1, 0.3),
           option(g="leaky_relu")),
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
           lambda k: {
           "s": lambda c: clipped_on_the_way_back(c.z.apply(c.g, c.g_slope), k)},
           (1.0, 0.5), common=False),
    Family("decay_fixed_at",
           "the decay is a constant {}: it is the parameter, one for each unit",
           lambda k: {"decay": lambda d: k}, (0.8, 0.5)),
    Family("bias_scaled",
           "b is multiplied by {}: v = s + b",
           lambda k: {"b": lambda b: k * b},
           (1.0, 0.3)),
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


def find(name):
    """The Variant of that name.

    Of a family, "leaky_slope=0.3"; a relation, "grad.b: times -1"; or a form of the backward pass
    (`along`), which changes nothing by itself. Raises ValueError for an unknown name.
    """
    if name in VARIANTS:
        return VARIANTS[name]
    if name in FORMS:
        return Variant(name, FORMS[name].text, {})
    if ": " in name:
        return change(name)
    family, _, number = name.partition("=")
    if family not in FAMILIES or not number:
        raise ValueError(f"names: no variant is called {name!r}")
    return FAMILIES[family].member(float(number))


def applies(config, name):
    """Whether a variant makes sense for a configuration."""
    known = (name in VARIANTS or name in FORMS or ": " in name
             or name.partition("=")[0] in FAMILIES)
    return config.get("unit") == "snu" and known and find(name).when(config)


def combined(config, variants):
    """The changes of several Variants as one dict, or None where two exchange the same equation."""
    changes = {}
    for variant in variants:
        for name, changed in variant.changes_for(config).items():
            if name in CHAINED:
                changes[name] = changes.get(name, ()) + changed
            elif name in changes:
                return None
            else:
                changes[name] = changed
    return changes


def outputs_with(config, inputs, variants, dtype=np.float64, backward=True):
    """The outputs with these Variants, forms (`along`) among them; None where they clash."""
    ahead, form, behind = split([variant.name for variant in variants])
    changes = combined(config, variants[:len(ahead)])
    if form is None or changes is None:
        return None if changes is None else run(config, inputs, changes, dtype, backward)
    late = combined(config, variants[len(ahead) + 1:])
    if late is None:
        return None
    return run_along(config, inputs, changes, form, late, dtype, backward)


@np.errstate(all="ignore")  # a wrong unit may overflow
def run_variant(config, inputs, names, dtype=np.float64, *, backward=True):
    """All outputs of a case of the SNU with the named changes, name -> array; () for none.

    names: keys of VARIANTS, or members of FAMILIES, "surrogate_scaled=0.5", and in between a form
    of the backward pass (`along`). Without `backward`, the traces and the final state alone. A
    change that the shapes do not allow, such as W transposed where it is not square, is left out.
    Raises ValueError for an unknown name, and for two changes of the same equation.
    """
    variants = [variant for variant in map(find, names) if variant.fits(inputs)]
    outputs = outputs_with(config, inputs, variants, dtype, backward)
    if outputs is None:
        raise ValueError(f"names: {', '.join(names)} change the same equation")
    return outputs
