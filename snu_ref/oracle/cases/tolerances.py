"""The tolerances for ports: one table, each bound with its reason.

All bounds are relative to the largest element of the tensor. A tensor that a case lists as `exact`
must match to the last bit. So must a tensor that is 0 everywhere, because it has no scale.
"""
FLOAT64 = 1e-10            # our choice: right float64 ports have errors of 1e-13 at T = 1000
FLOAT32 = (1e-6, 1e-5)     # our choice: the smallest and the largest bound in float32
HEADROOM = 10.0            # our choice: bound / measured error, for other orders of summation
FLOAT32_STEPS = 200        # our choice: longer sequences are for float64 only
MARGIN = 2.0 ** -10        # our choice: 100 float32 bounds; no case comes nearer to a branch
AGREE = 1e-13              # our choice: between derivations of a case, and between machines
AGREE_COMPLEX = 1e-12      # our choice: with the complex step, which rounds more often


def float32_tolerance(measured, least=0.0):
    """{"bound", "measured", "reason"} from the measured float32 error of a case.

    least: lower limit of the bound, for right formulas that round more than the reference does.
    """
    low, high = max(FLOAT32[0], least), FLOAT32[1]
    wanted = HEADROOM * measured
    reason = "ceiling" if wanted > high else "measured" if wanted >= low else \
        "formula" if least > FLOAT32[0] else "floor"
    return {"bound": float(f"{min(max(wanted, low), high):.2g}"),
            "measured": float(f"{measured:.2g}"), "reason": reason}
