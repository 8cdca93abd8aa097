"""The default corpus: no paragraph in two splits, the same everywhere, markup and code left out."""
import hashlib
import importlib
import os
import re
import subprocess
import sys
import types
from collections import Counter

import numpy as np
import pytest

from snu_ref.data.corpus import (blocks, is_prose, load_corpus, may_be_prose, split, tokenise,
                                 without_repeats)
from snu_ref.data.ngrams import unigram_perplexity, witten_bell_bigram_perplexity
from snu_ref.data.readers import DataError


@pytest.fixture(scope="module")
def corpus():
    return load_corpus()


@pytest.fixture
def topics(monkeypatch):
    """Puts a dict, or anything else, where this Python keeps its topics; gives the real ones."""
    real = importlib.import_module("pydoc_data.topics").topics

    def put(value):
        module = types.ModuleType("pydoc_data.topics")
        module.topics = value
        monkeypatch.setitem(sys.modules, "pydoc_data.topics", module)
    put.real = real
    return put


# ---- the corpus of this Python ------------------------------------------------------------------

def test_no_paragraph_stands_in_two_splits_or_twice(corpus):
    every = [paragraph for part in corpus.paragraphs for paragraph in part]
    assert len(every) == len(set(every)) == corpus.distinct > 500
    # also true of what a network sees, where rare words are <unk>
    seen = [set(map(tuple, as_paragraphs(words)))
            for words in (corpus.train, corpus.valid, corpus.test)]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]


def as_paragraphs(words):
    """Word numbers cut after every <eos>, which is word 1."""
    return [part[:-1].tolist() for part in np.split(words, np.flatnonzero(words == 1) + 1)[:-1]]


def test_held_out_text_is_no_copy_of_train(corpus):
    """Hardly any run of 12 tokens in valid and test is also in train: near repeats are removed.

    Without the removal of edited repeats the share is about 0.03.
    """
    def runs(part):
        return [tuple(tokens[i:i + 12]) for tokens in map(str.split, part)
                for i in range(len(tokens) - 11)]
    train = set(runs(corpus.paragraphs.train))
    held_out = runs(corpus.paragraphs.valid) + runs(corpus.paragraphs.test)
    assert np.mean([run in train for run in held_out]) < 0.018


def test_the_arrays_are_the_paragraphs(corpus):
    number = {word: i for i, word in enumerate(corpus.vocabulary)}
    for part in ("train", "valid", "test"):
        words = getattr(corpus, part)
        assert words.dtype == np.int64 and words[-1] == number["<eos>"] == 1
        texts = getattr(corpus.paragraphs, part)
        assert as_paragraphs(words) == [[number.get(word, 0) for word in text.split(" ")]
                                        for text in texts]


def test_the_splits_are_80_10_10_by_tokens(corpus):
    sizes = np.array([len(corpus.train), len(corpus.valid), len(corpus.test)])
    longest = max(len(text.split(" ")) for part in corpus.paragraphs for text in part) + 1
    assert (abs(sizes - sizes.sum() * np.array([0.8, 0.1, 0.1])) <= longest).all()


def test_the_vocabulary_is_the_most_frequent_words_of_train(corpus):
    assert corpus.vocabulary[:2] == ("<unk>", "<eos>")
    assert len(corpus.vocabulary) == len(set(corpus.vocabulary)) == 2002
    frequency = Counter(" ".join(corpus.paragraphs.train).split(" "))
    words = corpus.vocabulary[2:]
    for one, next_one in zip(words, words[1:]):
        assert frequency[one] > frequency[next_one] or (
            frequency[one] == frequency[next_one] and one < next_one)
    left_out = set(frequency) - set(words)
    assert max(frequency[word] for word in left_out) <= frequency[words[-1]]
    assert all(word > words[-1] for word in left_out if frequency[word] == frequency[words[-1]])
    counts = np.bincount(corpus.train, minlength=2002)
    assert counts[0] == sum(frequency[word] for word in left_out) > 0
    assert counts[2:].tolist() == [frequency[word] for word in words]


def test_another_vocabulary_size_changes_words_only(corpus):
    small = load_corpus(vocabulary_size=100)
    assert small.vocabulary == corpus.vocabulary[:102]
    assert small.sha256 == corpus.sha256 and small.paragraphs == corpus.paragraphs
    np.testing.assert_array_equal(small.test, np.where(corpus.test < 102, corpus.test, 0))


def test_tokens_are_lower_case_english(corpus):
    text = " ".join(" ".join(part) for part in corpus.paragraphs).split(" ")
    assert all(token == "N" or token == token.lower() and not token[0].isdigit() for token in text)
    for word in ("the", "of", "class", "does", "n't", "'s", "built-in", "N", ".", "e.g."):
        assert word in corpus.vocabulary
    assert np.mean([re.fullmatch("[a-z-]+", token) is not None for token in text]) > 0.7


def test_digest_is_that_of_the_tokenised_text(corpus):
    text = "\n".join("\n".join(part) for part in corpus.paragraphs) + "\n"
    assert corpus.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_description_tells_digest_and_counts(corpus):
    text = corpus.describe()
    for fact in (corpus.sha256, f"train: {len(corpus.train)} tokens", "2000 words",
                 f"{len(corpus.paragraphs.valid)} paragraphs", f"blocks: {corpus.blocks}"):
        assert fact in text
    assert corpus.blocks > corpus.prose > corpus.distinct


def test_bigram_beats_unigram_beats_chance(corpus):
    V = len(corpus.vocabulary)
    for part in (corpus.valid, corpus.test):
        bigram = witten_bell_bigram_perplexity(corpus.train, part, V)
        assert 20 < bigram < unigram_perplexity(corpus.train, part, V) / 2 < V / 4


def test_the_same_under_another_hash_seed(corpus):
    code = (
        "from snu_ref.data.corpus import load_corpus as l; c = l(); print(c.sha256, c.vocabulary)")
    out = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "12345",
                                                           "PYTHONIOENCODING": "utf-8"},
                         check=True, capture_output=True, encoding="utf-8").stdout
    assert out == f"{corpus.sha256} {corpus.vocabulary}\n"


def test_the_same_whatever_the_order_of_topics(corpus, topics):
    topics(dict(reversed(topics.real.items())))
    assert load_corpus().sha256 == corpus.sha256


def test_a_changed_word_changes_the_digest_and_little_else(corpus, topics):
    """Nearly all paragraphs that two versions of the manual share are in the same split."""
    changed = {name: text.replace("binding", "tying") for name, text in topics.real.items()
               if name not in ("debugger", "assert")}
    topics(changed)
    other = load_corpus()
    assert other.sha256 != corpus.sha256
    at = {text: i for i, part in enumerate(corpus.paragraphs) for text in part}
    stayed = [at[text] == i for i, part in enumerate(other.paragraphs) for text in part
              if text in at]
    assert 0.8 * corpus.distinct < len(stayed) < corpus.distinct
    assert np.mean(stayed) > 0.97


# ---- its steps ----------------------------------------------------------------------------------

@pytest.mark.parametrize("block, text", [
    ("The *assert*\n   Statement.", "the assert statement ."),
    ("It doesn\u2019t, can't; Python\u2019s.", "it does n't , ca n't ; python 's ."),
    ("* a list item", "a list item"), ("1. a list item", "N . a list item"),
    ("**Note:** the **PEP 484** rule", "note : the pep N rule"),
    ("*first*, *second\nitem* and n*k, x*y", "first , second item and n * k , x * y"),
    ('"*args" and "**kwargs" or "*"', '" * args " and " * * kwargs " or " * "'),
    ("a user-\n   defined, built-in type", "a user-defined , built-in type"),
    ("\u201cquoted\u201d \u2018text\u2019 \u2026", "\" quoted \" ' text ' ..."),
    ("3.14, 1e-5, 0x1F, 2nd, 1_000 and utf8", "N , N - N , N , N , N and utf8"),
    ("e.g. this, i.e. that", "e.g. this , i.e. that"), ("__init__(self) [2]", "__init__ ( self )"),
    ("[2] See x[1] in the text. [3]", "see x [ N ] in the text .")])
def test_tokens(block, text):
    assert " ".join(tokenise(block)) == text


def test_blocks_are_cut_at_blank_lines():
    assert blocks("\na\nb\n\n  c\n \t \n\n\nd") == ["\na\nb", "  c", "d"]
    assert blocks("\n \n") == []


@pytest.mark.parametrize("block", [
    "The statement is executed and the result is thrown away.",
    "   An item of prose, indented, that leads to code:",
    "(It may stand in brackets, with a footnote mark.) [3]",
    'It may end with a quote, such as "this one."'])
def test_prose_is_kept(block):
    assert may_be_prose(block) and is_prose(tokenise(block))


@pytest.mark.parametrize("block", [
    "The Long Title Of Some Section\n******************************",
    "Types.\n------\nThis follows at once and is as long as a paragraph of prose.",
    "| a table row | of some words |\nwith a line of prose below.",
    "+---------+\n| one of the words in a table. |",
    'stmt ::= "with some words" and more words in the grammar.',
    ">>> print(some words that are in a session).", "object.__getattr__(self, name)",
    "enable bpnumber [bpnumber ...]", "for word in the words of the text",
    "   def f(a, b: int = 3, *, c=[1, 2]) -> list[int]: ...", "See also:"])
def test_what_is_no_prose_is_dropped(block):
    assert not (may_be_prose(block) and is_prose(tokenise(block)))


def test_repeats_are_dropped_and_relatives_kept():
    text = "the name is looked up in the local namespace first and in the global one then ."
    edited = text.replace("first", "at first")
    related = text[:30] + "the class body , where every method of the class is defined before ."
    short = "see the class ."
    paragraphs = [tuple(line.split()) for line in (text, short, edited, text, short, related)]
    kept = [" ".join(tokens) for tokens in without_repeats(paragraphs)]
    assert kept == [text, short, related]


@pytest.mark.parametrize("repeat", ["x a b c d e f", "a b c d e f x", "x a b c d e f y"])
def test_the_first_and_the_last_sequence_of_a_paragraph_count(repeat):
    """One of two sequences, or one of three, occurs in an earlier paragraph: half, or less."""
    first = tuple("abcdef")
    kept = without_repeats([first, tuple(repeat.split())])
    assert kept == ([first] if len(repeat.split()) == 7 else [first, tuple(repeat.split())])


def test_paragraphs_that_differ_in_line_breaks_markup_or_numbers_are_one(topics):
    one = "Changed in version 3.1: the *name* may be any string of letters, digits\nand dots."
    two = "   Changed in version 3.14: The name may be any\n   string of letters, digits and dots."
    others = [" ".join(f"{a}{b}" for b in "abcdefgh") + "." for a in "abcdefghijklmnopqrst"]
    topics({"a": one, "b": two, "c": "\n\n".join(others)})
    found = load_corpus(vocabulary_size=20)
    assert (found.blocks, found.prose, found.distinct) == (22, 22, 21)


@pytest.mark.parametrize("n, held_out", [(10, 1), (15, 2), (20, 2)])
def test_a_paragraph_that_begins_before_a_share_is_full_belongs_to_it(n, held_out):
    parts = split([(f"word{i}",) for i in range(n)])  # of two tokens each, with <eos>
    assert list(map(len, parts)) == [n - held_out - (n + 4) // 10, (n + 4) // 10, held_out]


def test_split_keeps_the_order_of_the_text():
    paragraphs = [(f"word{i}",) * 9 for i in range(100)]
    parts = split(paragraphs)
    assert [len(part) for part in parts] == [80, 10, 10]
    for part in parts:
        order = [int(re.match(r"word(\d+)", text)[1]) for text in part]
        assert order == sorted(order)
    assert Counter(text for part in parts for text in part) == Counter(map(" ".join, paragraphs))


def test_texts_of_any_characters():
    """For any block, the tokens contain no space, and their text splits into the same tokens."""
    rng = np.random.default_rng(0)
    alphabets = [
        "ab.*'-[]() \n",
        "".join(map(chr, range(1, 256))),
        "".join(map(chr, rng.integers(256, 55000, 200))),
    ]
    for alphabet in alphabets:
        for length in (0, 1, 5, 60):
            text = "".join(rng.choice(list(alphabet), length))
            for block in blocks(text):
                may_be_prose(block)
                tokens = tokenise(block)
                assert all(token and not any(c.isspace() for c in token) for token in tokens)
    assert blocks("") == [] and tokenise("") == () and without_repeats([]) == []
    assert split([]) == ((), (), ()) and not is_prose(())


# ---- errors -------------------------------------------------------------------------------------

def test_a_python_without_the_text_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DataError, match="pydoc_data.topics: expected this module of Python"):
        load_corpus()


@pytest.mark.parametrize("value, words", [
    ({}, "found dict"), (["text"], "found list"), ({"for": ["text"]}, "found dict"),
    ({"for": b"text"}, "found dict")])
def test_topics_of_another_form_are_named(topics, value, words):
    topics(value)
    with pytest.raises(DataError, match=f"topics: expected a dict of topic names .*, {words}"):
        load_corpus()


def test_topics_without_the_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", types.ModuleType("pydoc_data.topics"))
    with pytest.raises(DataError, match="cannot import name 'topics'"):
        load_corpus()


@pytest.mark.parametrize("value, error, words", [
    (0, ValueError, "vocabulary_size: expected a positive int"),
    (2000.0, TypeError, "vocabulary_size: expected a positive int"),
    (10**6, ValueError, r"vocabulary_size: expected at most \d+, the words of the training split")])
def test_bad_vocabulary_size(value, error, words):
    with pytest.raises(error, match=words):
        load_corpus(vocabulary_size=value)
