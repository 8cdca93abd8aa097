"""Numbers in an edit: k is fitted, and written as the shortest decimal that fits."""
import numpy as np

MORE_POINTS = 4  # ours: than unknowns


def shortest(k, low, high):
    """The shortest decimal between low and high, which hold k."""
    for digits in range(1, 17):
        rounded = float(f"{k:.{digits}g}")
        if low <= rounded <= high:
            return rounded
    return float(k)


def affine(base, slope, target, tolerance):
    """k with base + k slope = target, within the tolerances, or None."""
    moving = np.abs(slope) > 1e-9
    if moving.sum() < 1 + MORE_POINTS or not np.isfinite(base).all():
        return None
    k = float(slope @ (target - base) / (slope @ slope))
    if not np.isfinite(k):
        return None
    near = tolerance[moving] / np.abs(slope[moving])
    k = shortest(k, k - near.min(), k + near.min())
    return k if (np.abs(base + k * slope - target) <= tolerance).all() else None


def fit(function, target, tolerance):
    """k with function(k) = target: at once where that is affine in k, else step by step."""
    base, one, two = function(0.0), function(1.0), function(2.0)
    size = np.abs(one - base).max(initial=0)
    if size < 1e20 and np.allclose(two - one, one - base, rtol=0, atol=1e-9 * size + 1e-300):
        return affine(base, one - base, target, tolerance)
    return newton(function, target, tolerance)


def firing(base, slope, fires):
    """k with base + k slope > 0 exactly where a unit fires, the shortest decimal, or None."""
    low, high = -np.inf, np.inf
    at = -base / np.where(slope == 0, 1, slope)
    above = fires == (slope > 0)       # k must lie above -base / slope there
    known = slope != 0
    if (known.sum() < 1 + MORE_POINTS or not ((base > 0) == fires)[~known].all()
            or fires.all() or not fires.any()):
        return None
    low = at[known & above].max(initial=-np.inf)
    high = at[known & ~above].min(initial=np.inf)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return None
    k = shortest((low + high) / 2, low + 1e-9, high - 1e-9)
    return k


def newton(function, target, tolerance, starts=(1.0, 0.3, 3.0, 10.0, 30.0)):
    """k with function(k) = target, by steps of Gauss and Newton from several starts, or None."""
    for k in starts:
        for _ in range(8):
            a = function(k)
            h = 1e-6 * max(1.0, abs(k))
            slope = (function(k + h) - a) / h
            size = float(slope @ slope)
            if not np.isfinite(size) or size < 1e-20 or not np.isfinite(a).all():
                break
            step = float(slope @ (target - a)) / size
            k = k + float(np.clip(step, -10 * abs(k) - 1, 10 * abs(k) + 1))
            if abs(step) < 1e-9 * max(1.0, abs(k)):
                break
        else:
            continue
        if np.isfinite(k) and (np.abs(function(k) - target) <= 1e3 * tolerance + 1e-12).all():
            for digits in range(1, 17):
                rounded = float(f"{k:.{digits}g}")
                if (np.abs(function(rounded) - target) <= tolerance).all():
                    return rounded
    return None
