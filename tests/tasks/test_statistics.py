"""Statistics against printed tables, numerical integrals, counting by hand, and simulated runs."""
import math

import numpy as np
import pytest

from snu_ref.tasks.statistics import (difference, mcnemar, nested, standard_error, summary,
                                      t_probability, t_quantile, verdict)

# 97.5 % quantiles as printed in tables of Student's distribution
PRINTED = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306,
           9: 2.262, 10: 2.228, 30: 2.042, 120: 1.980}


def test_quantiles_are_those_of_the_printed_table():
    for k, t in PRINTED.items():
        assert abs(t_quantile(k) - t) < 6e-4, k
    assert abs(t_quantile(4, 0.99) - 4.604) < 6e-4


@pytest.mark.parametrize("k", range(1, 10))
def test_probability_is_the_integral_of_the_density(k):
    x = np.linspace(0, 2.5, 2001)
    density = (math.gamma((k + 1) / 2) / math.gamma(k / 2) / math.sqrt(math.pi * k)
               * (1 + x * x / k) ** (-(k + 1) / 2))
    simpson = (density[0] + density[-1] + 4 * density[1::2].sum() + 2 * density[2:-1:2].sum()) / 3
    assert abs(t_probability(2.5, k) - 2 * simpson * (x[1] - x[0])) < 1e-12


def test_summary_divides_by_one_less_than_n():
    s = summary([1, 2, 3, 6])
    assert (s.n, s.mean) == (4, 3) and s.sd == pytest.approx(math.sqrt(14 / 3), rel=1e-15)
    assert s.high - 3 == pytest.approx(3.182446 * math.sqrt(14 / 3) / 2, rel=1e-6)
    assert s.high - 3 == pytest.approx(3 - s.low, rel=1e-14)
    assert summary([5]) == (1, 5, None, None, None)
    with pytest.raises(ValueError, match="values: expected at least one number"):
        summary([])


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for n in (2, 5):
        hits = [s.low <= 7 <= s.high for s in map(summary, rng.normal(7, 3, (2000, n)))]
        assert abs(np.mean(hits) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_equal_units_are_rarely_told_apart_and_distant_ones_always():
    rng = np.random.default_rng(1)
    said = [verdict(*pair, True) for pair in rng.normal(0, 1, (1000, 2, 5))]
    assert set(said) == {"better", "worse", "no clear difference"}
    assert np.mean([word != "no clear difference" for word in said]) < 0.05 + 4 * 0.007
    assert verdict([1, 1.1, 0.9], [9, 9.1, 8.9], higher_is_better=True) == "worse"
    assert verdict([1, 1.1, 0.9], [9, 9.1, 8.9], higher_is_better=False) == "better"
    assert verdict([9, 9.1, 8.9], [1, 1.1, 0.9], higher_is_better=True) == "better"
    for one in ([1], [9, 9.1]), ([1, 1.1], [9]):
        assert verdict(*one, True) == "one seed, no interval"


def test_welch_is_the_plain_two_sample_interval_where_sizes_and_spreads_agree():
    gap, low, high = difference([1, 2, 3], [4, 5, 6])  # sd 1 and 1: 4 degrees of freedom
    assert gap == -3
    assert (high - low) / 2 == pytest.approx(2.776445 * math.sqrt(2 / 3), rel=1e-6)
    assert difference([2, 2], [1, 1]) == (1, 1, 1)


def test_mcnemar_by_counting():
    assert mcnemar([], []) == mcnemar([3, 4], [3, 4]) == 1       # they never differ
    assert mcnemar([1, 2, 9], [1, 3, 8]) == 1                    # 2 and 2
    assert mcnemar(range(10), [0, 100]) == pytest.approx(2 * (1 + 10) / 2 ** 10)   # 9 and 1
    assert mcnemar([0, 100], range(10)) == mcnemar(range(10), [0, 100])
    assert mcnemar(range(900), []) == pytest.approx(2.0 ** -899)
    assert mcnemar(range(1200), range(1200, 2400)) == 1          # 2^2400 exceeds every float


def test_nested_keeps_networks_and_devices_apart():
    between, within = nested([[1, 2, 3], [11, 12, 13]])
    assert between.mean == 7 and between.sd == pytest.approx(math.sqrt(50))
    assert within == 1
    between, within = nested([[4], [6]])
    assert between.mean == 5 and within is None


@pytest.mark.parametrize("words, call", [
    ("^k: expected", lambda: t_quantile(0)),
    ("^k: expected", lambda: t_quantile(2.5)),
    ("^k: expected", lambda: t_probability(1.0, 10 ** 12)),
    ("^level: expected", lambda: t_quantile(2, 1.0)),
    ("^level: expected", lambda: t_quantile(2, float("nan"))),
    ("^groups: expected", lambda: nested([])),
    ("^groups: expected", lambda: nested([[1, 2], [3]])),
    ("^wrong_a: expected", lambda: mcnemar([True, False], [2])),    # a mask, not the images
    ("^wrong_b: expected", lambda: mcnemar([2], np.array([True, False]))),
    ("^accuracy: expected", lambda: standard_error(97.0, 100)),
    ("^n: expected", lambda: standard_error(0.97, 0)),
    ("^higher_is_better: expected", lambda: verdict([1, 2], [3, 4], "no")),
])
def test_what_has_no_meaning_is_named(words, call):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_runs_that_are_not_finite_are_not_told_apart():
    assert verdict([1, 1.1], [9, float("nan")], higher_is_better=True) == "no clear difference"


def test_standard_error_of_an_accuracy():
    assert standard_error(0.97, 1797) == pytest.approx(0.00402, abs=1e-5)
