"""Statistics of a few runs: mean, sample standard deviation, intervals, tests of a difference.

    mean m = sum x_i / n,    sd^2 = sum (x_i - m)^2 / (n - 1)
    95 % interval of the mean        m +- t(n - 1) sd / sqrt(n)
    groups of one size               between: the Summary of the groups' means
                                     within: sqrt(mean of sd_g^2), pooled over the groups
    difference of the means (Welch)  m_a - m_b +- t(k) sqrt(u + v),  u = sd_a^2/n_a, v = sd_b^2/n_b,
                                     k = (u + v)^2 / (u^2/(n_a - 1) + v^2/(n_b - 1)), rounded down
    two classifiers, one test set    McNemar's exact test: of the b + c images that only one of the
                                     two gets right, b are binomial with probability 1/2

t(k) is the 97.5 % quantile of Student's t with k degrees of freedom. All intervals assume normally
distributed values; a few seeds can neither confirm nor refute this. An interval over seeds does not
include the error of a finite test set: for N images and accuracy p it is sqrt(p (1 - p)/N).

Sources: Student's distribution in finite sums, Abramowitz & Stegun, 26.7.3 and 26.7.4; the test, Q.
McNemar, Psychometrika 12, 153 (1947), in its exact form.
"""
import math
from typing import NamedTuple, Optional

from .. import validation

LEVEL = 0.95         # the confidence level of all intervals
SIGNIFICANT = 0.05   # two classifiers differ if McNemar's p is below this


class Summary(NamedTuple):
    """n, mean, sample standard deviation and interval of values; the last three None if n = 1."""
    n: int
    mean: float
    sd: Optional[float] = None
    low: Optional[float] = None
    high: Optional[float] = None


def summary(values):
    """The Summary of a sequence of at least one number.

    >>> s = summary([8.711, 8.735, 8.723])
    >>> f"{s.mean:.3f} +- {s.sd:.3f}, n = {s.n}, 95 % interval {s.low:.3f} to {s.high:.3f}"
    '8.723 +- 0.012, n = 3, 95 % interval 8.693 to 8.753'
    """
    values = [float(value) for value in values]
    n = len(values)
    if not n:
        raise ValueError("values: expected at least one number, got none")
    mean = math.fsum(values) / n
    squares = math.fsum((value - mean) ** 2 for value in values)
    return from_moments(n, mean, math.sqrt(squares / (n - 1)) if n > 1 else None)


def from_moments(n, mean, sd):
    """The Summary of n values with this mean and sample standard deviation."""
    if n == 1:
        return Summary(1, mean)
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return Summary(n, mean, sd, mean - half, mean + half)


def nested(groups):
    """Summary of the groups' means, and the deviation within groups (None for single values).

    groups: sequences of numbers, all of one length, such as the devices of each network.

    >>> between, within = nested([[1, 3], [5, 7]])
    >>> between.mean, round(between.sd, 3), round(within, 3)
    (4.0, 2.828, 1.414)
    """
    each = [summary(group) for group in groups]
    if len({s.n for s in each}) != 1:
        raise ValueError(f"groups: expected equally many values in each, got {[s.n for s in each]}")
    within = (None if each[0].sd is None
              else math.sqrt(math.fsum(s.sd ** 2 for s in each) / len(each)))
    return summary([s.mean for s in each]), within


def difference(a, b):
    """Mean of a minus mean of b with Welch's interval: (difference, low, high).

    low and high are None if a or b has a single value, because a single value has no deviation.

    >>> [round(x, 2) for x in difference([8.71, 8.74, 8.72], [8.62, 8.61, 8.65])]
    [0.1, 0.05, 0.14]
    """
    a, b = summary(a), summary(b)
    gap = a.mean - b.mean
    if a.sd is None or b.sd is None:
        return gap, None, None
    u, v = a.sd ** 2 / a.n, b.sd ** 2 / b.n
    if not u + v > 0:  # no spread, or NaN
        return gap, gap, gap
    k = (u + v) ** 2 / (u ** 2 / (a.n - 1) + v ** 2 / (b.n - 1))
    half = t_quantile(max(1, math.floor(k + 1e-9))) * math.sqrt(u + v)  # k may be rounded down
    return gap, gap - half, gap + half


def verdict(a, b, higher_is_better):
    """Whether a is better than b, by Welch's interval of the difference of their means.

    Returns "better" or "worse" if the interval does not contain 0, "no clear difference" if it
    does, and "one seed, no interval" if a or b has a single value.

    >>> verdict([8.65, 8.66, 8.64], [8.77, 8.75, 8.79], higher_is_better=False)
    'better'
    """
    validation.flag("higher_is_better", higher_is_better)
    _, low, high = difference(a, b)
    if low is None:
        return "one seed, no interval"
    if not (low > 0 or high < 0):  # also for NaN
        return "no clear difference"
    return "better" if (low > 0) == higher_is_better else "worse"


def mcnemar(wrong_a, wrong_b):
    """Two-sided p of McNemar's exact test, from the indices of the images that each gets wrong.

    p = min(1, 2 sum_{i <= min(b, c)} C(b + c, i) / 2^(b + c)),  b, c: wrong for one of them only.

    >>> mcnemar([1, 2, 3, 4, 5, 6], [])
    0.03125
    """
    wrong_a, wrong_b = ({validation.integer(name, image, 0) for image in wrong}
                        for name, wrong in (("wrong_a", wrong_a), ("wrong_b", wrong_b)))
    b, c = len(wrong_a - wrong_b), len(wrong_b - wrong_a)
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1))
    return min(1.0, 2 * tail / 2 ** (b + c))  # exact, because all but the division is in integers


def standard_error(accuracy, n):
    """Standard error of an accuracy p on n test images: sqrt(p (1 - p)/n)."""
    accuracy = validation.number_in("accuracy", accuracy, 0, 1)
    return math.sqrt(accuracy * (1 - accuracy) / validation.positive_int("n", n))


# ---- Student's distribution ---------------------------------------------------------------------

def t_probability(t, k):
    """P(|T| <= t) for Student's T with k degrees of freedom, an integer.

    With theta = atan(t/sqrt(k)), c = cos theta:
        k odd    2/pi (theta + sin theta (c + 2/3 c^3 + 2 4/(3 5) c^5 + ... up to c^(k-2)))
        k even   sin theta (1 + 1/2 c^2 + 1 3/(2 4) c^4 + ... up to c^(k-2))
    """
    t = validation.number_in("t", t, 0, math.inf)
    theta = math.atan2(t, math.sqrt(validation.integer("k", k, 1, 10 ** 6)))
    c, odd = math.cos(theta), k % 2
    term, total = (c if odd else 1.0), 0.0
    for power in range(odd, k - 1, 2):  # term: the coefficient times c^power
        total += term
        term *= c * c * (power + 1) / (power + 2)
    total *= math.sin(theta)
    return 2 / math.pi * (theta + total) if odd else total


def t_quantile(k, level=LEVEL):
    """The t with P(|T| <= t) = level, by bisection.

    >>> [round(t_quantile(k), 3) for k in (1, 2, 4, 9)]
    [12.706, 4.303, 2.776, 2.262]
    """
    level = validation.number_in("level", level, 0, 1, high_open=True)
    low, high = 0.0, 1.0
    while t_probability(high, k) < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_probability(middle, k) < level else (low, middle)
    return (low + high) / 2
