"""Word models without a network: the perplexities that a language model should beat.

A text is one stream of word numbers 0..V-1, V = vocabulary_size: an integer array (n,). Both
perplexities are over the words w_1 .. w_(n-1) of the test text, those with a word before them. A
network that reads the stream predicts the same words, so the three numbers can be compared.

    perplexity = exp( -1/(n - 1) sum_(t=1)^(n-1) ln p(w_t | w_(t-1)) )

Unseen words. A word of the vocabulary that is not in the training text counts as if it occurred
once (our choice); without this, one such word would make the perplexity infinite. If training has
every word of the vocabulary, as in Penn Treebank, this changes nothing: the unigram is then the
relative frequency. For a pair of words that is not in training, the bigram uses the unigram. Map
words outside the vocabulary to a word such as <unk> first.

Sources: I. H. Witten and T. C. Bell, IEEE Trans. Inf. Theory 37(4), 1991 (estimating the
probability of a novel event, method C); S. F. Chen and J. Goodman, TR-10-98, Harvard University,
1998 (the same as an interpolation with the lower order).
"""
import numpy as np

from .. import validation


def unigram(train, vocabulary_size):
    """Probability of every word by its frequency.

        p(w) = max(c(w), 1) / sum_v max(c(v), 1)

    c(w): how often w occurs in the training text. Returns float64 (V,), which sums to one.
    Raises TypeError (not an integer array), ValueError (shape, range, empty).

    >>> unigram(np.array([0, 1, 0, 0]), 3)  # word 2 is unseen
    array([0.6, 0.2, 0.2])
    """
    V = validation.positive_int("vocabulary_size", vocabulary_size)
    c = np.bincount(_words("train", train, V, 1), minlength=V)  # (V,)
    c = np.maximum(c, 1)
    return c / c.sum()


def witten_bell_bigram(train, history, word, vocabulary_size):
    """Probability of each `word[i]` after `history[i]`.

        p(w | h) = ( c(h, w) + N(h) p(w) ) / ( c(h) + N(h) )

    c(h, w): how often w follows h in the training text; c(h) = sum_w c(h, w); N(h): how many
    different words follow h; p(w): the unigram. N(h) / (c(h) + N(h)) is the probability of a new
    word after h: N(h) of the c(h) words after h were new. If no word follows h in the training
    text, p(w | h) = p(w).

    train: integer array (n,), n >= 2; history, word: integer arrays of one shape (m,); all 0..V-1.
    Returns float64 (m,); for a fixed history the probabilities of all V words sum to one.
    Raises TypeError (not an integer array), ValueError (shape, range).
    """
    V = validation.positive_int("vocabulary_size", vocabulary_size)
    train = _words("train", train, V, 2)
    history, word = _words("history", history, V, 1), _words("word", word, V, 1)
    if history.shape != word.shape:
        raise ValueError(f"word: expected shape {history.shape} of history, got {word.shape}")
    p = unigram(train, V)[word]  # (m,)
    pair = train[:-1] * V + train[1:]  # (h, w) as h V + w
    pairs, counts = np.unique(pair, return_counts=True)
    c_h = np.bincount(train[:-1], minlength=V)[history]  # (m,)
    N_h = np.bincount(pairs // V, minlength=V)[history]  # (m,)
    wanted = history * V + word
    at = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    c_hw = np.where(pairs[at] == wanted, counts[at], 0)  # (m,)
    return np.where(c_h > 0, (c_hw + N_h * p) / np.maximum(c_h + N_h, 1), p)


def unigram_perplexity(train, test, vocabulary_size):
    """Perplexity of the words of `test` from its second on, under `unigram(train, V)`.

    test has two words or more. Raises TypeError (not an integer array), ValueError (shape, range,
    too short). For comparison: Penn Treebank, V = 10,000 with <eos> at line ends, test: 639.3.
    """
    p = unigram(train, vocabulary_size)
    return _perplexity(p[_words("test", test, len(p), 2)[1:]])


def witten_bell_bigram_perplexity(train, test, vocabulary_size):
    """Perplexity of the words of `test` from its second on, under `witten_bell_bigram(train, ...)`.

    Both texts have two words or more. Raises TypeError (not an integer array), ValueError (shape,
    range, too short). For comparison: Penn Treebank, V = 10,000 with <eos>, test: 200.3.
    """
    V = validation.positive_int("vocabulary_size", vocabulary_size)
    test = _words("test", test, V, 2)
    return _perplexity(witten_bell_bigram(train, test[:-1], test[1:], V))


def _perplexity(p):
    return float(np.exp(-np.log(p).mean()))


def _words(name, value, V, least):
    """`value` as int64 if it is a 1-D integer array of at least `least` numbers 0..V-1."""
    validation.array(name, value, ("n",), "integers", low=0, high=V - 1)
    if len(value) < least:
        raise ValueError(f"{name}: expected at least {least} word numbers, got {len(value)}")
    return value.astype(np.int64)  # V * V pairs need more than 32 bits
