"""The catalogue of wrong units: named small changes of the equations, and what they give in a case.

    run_variant(config, inputs, ("reset_detached",))      every output of the case, with this change
    run_variant(config, inputs, ())                       the right ones
    run_variant(config, inputs, ("surrogate_scaled=0.3",))   a change with a number in it

A change exchanges equations of one step (`snu_ref.oracle.program.equations`); a tape
differentiates what comes of it. So the unit itself carries no flags for wrong behaviour, and nobody derives the
backward pass of a mistake by hand. Two changes go together unless they exchange the same equation.

What this does not do: layers other than the SNU; a mistake that no change here describes.
"""
import numpy as np

from ..mistakes.backward import BACKWARD_VARIANTS
from ..mistakes.data import DATA_VARIANTS
from ..mistakes.families import FAMILIES
from ..mistakes.forward import FORWARD_VARIANTS
from ..mistakes.functions import FUNCTION_VARIANTS
from ..mistakes.precision import PRECISION_VARIANTS
from ..mistakes.recurrence import RECURRENCE_VARIANTS
from ..mistakes.sums import SUM_VARIANTS
from ..program.equations import Variant, run
from .along import FORMS, run_along, split
from .relations import change

VARIANTS = {variant.name: variant for variant in
            (*FORWARD_VARIANTS, *RECURRENCE_VARIANTS, *FUNCTION_VARIANTS, *BACKWARD_VARIANTS,
             *SUM_VARIANTS, *DATA_VARIANTS, *PRECISION_VARIANTS)}
CHAINED = ("inputs", "outputs")  # several of these run one after the other; one each of the rest


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
