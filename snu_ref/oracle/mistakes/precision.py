"""Changes to the precision: of everything, or of the operands of matrix products.

The equations are right in all of these. The rest is as in `catalogue_forward`.
"""
import numpy as np

from ..program.equations import Variant


def _to_bits(bits):
    """Rounding to a significand of so many bits."""
    def rounded(a):
        fraction, exponent = np.frexp(a)
        return np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits).astype(a.dtype)
    return rounded


PRECISION_VARIANTS = [
    Variant("float32",
            "single precision somewhere: all of it in the precision that is asked for",
            {"dtype": np.float32}),
    Variant("precision",
            "the equations are right, but digits are lost on the way",
            {}),
    Variant("products_in_tf32",
            "matrix products in TF32, their operands rounded to 11 bits: full precision",
            {"rounded": _to_bits(11)}),
    Variant("products_in_bfloat16",
            "matrix products in bfloat16, their operands rounded to 8 bits: full precision",
            {"rounded": _to_bits(8)}),
]
