"""The number k of an edit: fitted, and written as the shortest decimal that fits."""
import numpy as np

POINTS = 5                              # our choice: at least this many numbers must depend on k
FEW = 3                                 # our choice: the same for one line, whose inputs are known
STARTS = (1.0, 0.3, 3.0, 10.0, 30.0, 0.01)
ROUND = (1, 0.5, 0.25, 0.1, 0.05, 0.01, 0.001)      # our choice: multiples of these are round
GRID = np.geomspace(0.03, 100, 120)     # our choice: the best of these k starts the fit


def shortest(k, fits):
    """The shortest decimal near k that fits, else k itself, which must fit; or None.

    A number that no short decimal fits, such as 1/3, stays exact.
    """
    decimals = (float(f"{k:.{digits}g}") for digits in range(1, 7))
    return next(filter(fits, decimals), float(k)) if fits(k) else None


@np.errstate(all="ignore")
def fit(function, target, tolerance, points=POINTS, starts=STARTS):
    """k with function(k) = target, by Gauss-Newton steps from several starts, or None."""
    base, one, two = function(0.0), function(1.0), function(2.0)
    size = np.abs(one - base).max(initial=0)
    affine = size < 1e20 and np.allclose(two - one, one - base, rtol=0,
                                         atol=1e-9 * size + 1e-300)
    if affine:
        def function(k):      # no more runs are needed
            return base + k * (one - base)
    for k in starts[:1] if affine else starts:
        for _ in range(8):
            a, h = function(k), 1e-6 * max(1.0, abs(k))
            slope = (function(k + h) - a) / h
            square = float(slope @ slope)
            if not 1e-20 < square < np.inf or (np.abs(slope) > 1e-9).sum() < points:
                break
            step = float(slope @ (target - a)) / square
            k = k + float(np.clip(step, -10 * abs(k) - 1, 10 * abs(k) + 1))
            if abs(step) < 1e-9 * max(1.0, abs(k)):
                if (np.abs(function(k) - target) <= 1e3 * tolerance + 1e-12).all() and (
                        k := shortest(k, lambda k: (np.abs(function(k) - target)
                                                    <= tolerance).all())) is not None:
                    return k
                break
    return None


@np.errstate(all="ignore")
def scaled(function, target, tolerance, grid=GRID):
    """(k, a), the shortest decimals with a * function(k) = target, or None."""
    def projected(k):
        value = function(k)
        return value @ target / (value @ value) * value

    def off(value, right=target):
        return np.nan_to_num(np.abs(value - right), nan=np.inf)
    k = min(grid, key=lambda k: off(projected(k)).sum())
    if (off(projected(k)) > tolerance).any() and len(grid) > 1:
        k = fit(projected, target, np.full(target.size, tolerance / 3), starts=(k,))
    if k is None or (off(best := projected(k)) > tolerance).any() or (
            np.abs(best) > 1e-9).sum() < POINTS:
        return None
    k = shortest(k, lambda k: (off(projected(k), best) <= tolerance / 30).all())
    value = function(k)
    return k, shortest(value @ target / (value @ value),
                       lambda a: (off(a * value, best) <= tolerance / 30).all())


def firing(base, slope, fires):
    """The roundest k with base + k slope > 0 exactly where a unit fires, or None.

    All k of an interval fit; people choose round thresholds.
    """
    at = -base[slope != 0] / slope[slope != 0]
    above = (fires == (slope > 0))[slope != 0]      # True: k must exceed `at`; False: be below it
    low, high = at[above].max(initial=-np.inf), at[~above].min(initial=np.inf)
    if at.size < POINTS or not (np.isfinite(low) and np.isfinite(high)):
        return None
    ks = (near((low + high) / 2 / unit) * unit for unit in ROUND for near in (np.floor, np.ceil))
    return next((round(float(k), 9) for k in ks if ((base + k * slope > 0) == fires).all()), None)


def fitted(edit, run, target, tolerance, points=FEW):
    """The edit with the number k with which run(k) is the target, or None."""
    k = edit.fitted and fit(lambda k: np.ravel(run(k)), np.ravel(target),
                            np.broadcast_to(tolerance, target.shape).ravel(), points)
    return edit._replace(k=k) if k not in (None, False) else None
