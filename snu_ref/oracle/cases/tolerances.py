"""How near a port must come: one table, each bound with its reason.

All bounds are relative to the largest element of the tensor. Tensors that a case lists as `exact`
must match to the last bit, and so must 0: a tensor whose right value is 0 everywhere has no scale.
"""
FLOAT64 = 1e-10            # ours: right ports in float64 come within 1e-13 at T = 1000
FLOAT32 = (1e-6, 1e-5)     # ours: the least and the most that is allowed in float32
HEADROOM = 10.0            # ours: for other orders of summation than the one measured
FLOAT32_STEPS = 200        # ours: longer sequences are for float64 alone
MARGIN = 2.0 ** -10        # ours: 100 times the float32 bound; no case comes nearer to a branch
AGREE = 1e-13              # derivations of one case, and arrays regenerated on another machine
AGREE_COMPLEX = 1e-12      # the complex step: complex arithmetic rounds more often


def float32_tolerance(measured, least=0.0):
    """{"bound", "measured", "reason"} from the measured float32 error of a case.

    least: of the bound, for formulas that are right and round more than the reference's.
    """
    low, high = max(FLOAT32[0], least), FLOAT32[1]
    wanted = HEADROOM * measured
    reason = "ceiling" if wanted > high else "measured" if wanted >= low else \
        "formula" if least > FLOAT32[0] else "floor"
    return {"bound": float(f"{min(max(wanted, low), high):.2g}"),
            "measured": float(f"{measured:.2g}"), "reason": reason}
