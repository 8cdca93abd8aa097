"""Baselines in n-grams: probabilities that sum to one, the formula in loops, known limits."""
import math
from collections import Counter

import numpy as np
import pytest

from snu_ref.data.ngrams import (unigram, unigram_perplexity, witten_bell_bigram,
                                 witten_bell_bigram_perplexity)

V = 23


def text(seed, n=400):
    """A stream in which words 20..22 never occur and word 19 occurs once, at the very end."""
    words = np.random.default_rng(seed).zipf(1.5, n) % 19
    words[-1] = 19
    return words


def test_unigram_sums_to_one_and_gives_unseen_words_one_count():
    train = text(0)
    p = unigram(train, V)
    assert p.shape == (V,) and p.sum() == pytest.approx(1, abs=1e-15)
    assert p[20] == p[21] == p[19] > 0


def test_unigram_is_the_relative_frequency_when_every_word_was_seen():
    train = np.array([0, 1, 1, 2, 2, 2])
    np.testing.assert_allclose(unigram(train, 3), [1 / 6, 2 / 6, 3 / 6], rtol=1e-15)


def test_unigram_of_a_single_word():
    np.testing.assert_allclose(unigram(np.array([1]), 3), [1 / 3] * 3, rtol=1e-15)  # unseen as one
    with pytest.raises(ValueError, match="train: expected at least 1"):
        unigram(np.array([], int), 3)


def test_bigram_sums_to_one_after_every_history():
    train = text(1)
    every = np.arange(V)
    for h in every:  # 20..22 are unseen; 19 ends the text, so nothing follows it
        p = witten_bell_bigram(train, np.full(V, h), every, V)
        assert (p > 0).all()
        assert p.sum() == pytest.approx(1, abs=1e-14), h


def test_history_without_successor_leaves_the_unigram():
    train = text(2)
    every = np.arange(V)
    for h in (19, 20):
        np.testing.assert_allclose(witten_bell_bigram(train, np.full(V, h), every, V),
                                   unigram(train, V), rtol=1e-15)


def test_bigram_is_the_interpolation_of_chen_and_goodman():
    """Their recursive form, with dictionaries: lambda p_ML(w|h) + (1 - lambda) p(w)."""
    train, test = text(3).tolist(), text(4).tolist()
    c = Counter(train)
    pairs = Counter(zip(train, train[1:]))
    starts = Counter(train[:-1])
    followers = {h: len({w for g, w in pairs if g == h}) for h in range(V)}
    total = sum(max(c[w], 1) for w in range(V))
    nll, lower_nll = 0.0, 0.0
    for h, w in zip(test, test[1:]):
        lower = max(c[w], 1) / total
        p = lower
        if starts[h]:
            stay = 1 - followers[h] / (followers[h] + starts[h])
            p = stay * pairs[h, w] / starts[h] + (1 - stay) * lower
        nll -= math.log(p)
        lower_nll -= math.log(lower)
    train, test = np.array(train), np.array(test)
    found = witten_bell_bigram_perplexity(train, test, V)
    assert found == pytest.approx(math.exp(nll / (len(test) - 1)), rel=1e-12)
    found = unigram_perplexity(train, test, V)
    assert found == pytest.approx(math.exp(lower_nll / (len(test) - 1)), rel=1e-12)


def test_a_text_that_repeats_itself_and_a_text_of_chance():
    """In a cycle every word determines the next: the bigram is almost sure, the unigram is not."""
    cycle = np.tile(np.arange(10), 2000)
    assert unigram_perplexity(cycle, cycle[:101], 10) == pytest.approx(10, rel=1e-12)
    novel = 1 / 2001  # N(h) = 1 among about 2000
    assert witten_bell_bigram_perplexity(cycle, cycle[:101], 10) == pytest.approx(
        1 / (1 - novel * 0.9), rel=1e-5)
    chance = np.random.default_rng(5).integers(0, 10, 200_000)
    assert witten_bell_bigram_perplexity(chance[:100_000], chance[100_000:], 10) == pytest.approx(
        10, rel=1e-3)


def test_dtype_of_the_words_does_not_matter():
    """A vocabulary of 60,000 has pairs beyond 32 bits; narrow inputs must not overflow."""
    words = np.random.default_rng(6).integers(0, 60_000, 5000)
    expected = witten_bell_bigram_perplexity(words, words[:500], 60_000)
    for dtype in (np.uint16, np.int32, np.uint64):
        assert witten_bell_bigram_perplexity(
            words.astype(dtype), words[:500].astype(dtype), 60_000) == expected


def test_inputs_are_not_changed():
    train, test = text(7), text(8)
    before = train.copy(), test.copy()
    witten_bell_bigram_perplexity(train, test, V)
    assert (train == before[0]).all() and (test == before[1]).all()


@pytest.mark.parametrize("call", [unigram_perplexity, witten_bell_bigram_perplexity])
@pytest.mark.parametrize(
    "train, test, size, error, words",
    [
        ([0, 1], np.array([0, 1]), 2, TypeError, "train: expected a NumPy array of integers"),
        (np.array([0.0, 1.0]), np.array([0, 1]), 2, TypeError, "train: .* got float64"),
        (np.array([0, 1]), np.array([True, False]), 2, TypeError, "test: .* got bool"),
        (
            np.array([0, 1]), np.array([0, 2]), 2, ValueError,
            r"test: .* in .0, 1., got 2 at index .1,"),
        (np.array([0, -1]), np.array([0, 1]), 2, ValueError, "train: .* got -1 at index .1,"),
        (np.array([[0, 1]]), np.array([0, 1]), 2, ValueError, r"train: .* got \(1, 2\)"),
        (
            np.array([0, 1]), np.array([0]), 2, ValueError,
            r"test: expected at least 2 word numbers, got 1"),
        (np.array([], int), np.array([0, 1]), 2, ValueError, "train: expected at least"),
        (np.array([0, 1]), np.array([0, 1]), 2.0, TypeError, "vocabulary_size: .* got 2.0"),
        (np.array([0, 1]), np.array([0, 1]), 0, ValueError, "vocabulary_size: .* got 0"),
    ],
)
def test_bad_input_is_named(call, train, test, size, error, words):
    with pytest.raises(error, match=words):
        call(train, test, size)


def test_history_and_word_have_to_agree_in_shape():
    with pytest.raises(ValueError, match=r"word: expected shape \(2,\) of history, got \(1,\)"):
        witten_bell_bigram(np.array([0, 1]), np.array([0, 1]), np.array([0]), 2)
