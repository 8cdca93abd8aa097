"""The default text for language modelling: the reference manual that comes with every Python.

The standard library has the manual as plain text, so that help("for") can show it: English prose
with code, grammar and tables. Each function below is one step: cut the topics into blocks, keep
those that are prose, cut these into tokens, drop repeats, split, number the words. README.md in
this folder has all the rules; the rules, MIN_WORDS and REPEAT_LENGTH are our choice.

The manual differs between versions of Python, and so does the corpus. Compare numbers only if the
digests are equal; baselines are computed from the corpus itself (see ngrams).

Source: The Python Language Reference, Python Software Foundation, PSF License.
"""
import hashlib
import platform
import re
from typing import NamedTuple

import numpy as np

from ..validation import positive_int
from .data_file import DataError
from .datasets import Splits
from .readers import by_frequency, word_numbers

UNKNOWN, END = "<unk>", "<eos>"  # word 0 and word 1
MIN_WORDS = 5      # the fewest words of a paragraph
REPEAT_LENGTH = 6  # tokens in the sequences that identify a repeat
HELD_OUT = 0.1     # fraction of the tokens in the test split, and in the validation split

_NOT_PROSE = re.compile(r"^\s*\||\+--|::=|>>>|([*=~^-])\1{3}", re.MULTILINE)
_SENTENCE_END = re.compile(r"""[.:;,?!]["')\]}]*$""")
_FOOTNOTE = re.compile(r"(?<!\S)\[\d+\]")  # not the index in x[1]
_EMPHASIS = re.compile(r"(?<![\w*])(\*\*?)(?=\w)([^*]+)(?<=[\w.:,;])\1(?![\w*])")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_TOKEN = re.compile(r"""
    e\.g\. | i\.e\. | \.\.\.
  | (?P<number> \d (?:[\w.]*\w)? )
  | [^\W\d]\w*? (?=n't\b) | n't\b | (?<=\w)'(?:s|re|ve|ll|d|m)\b
  | [^\W\d]\w* (?:-[^\W\d]\w*)*
  | [^\w\s]""", re.VERBOSE)
_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
                        "\u2013": "-", "\u2014": "--", "\u2026": "...", "\u00a0": " "})


class Corpus(NamedTuple):
    """A text in word numbers; word i is vocabulary[i], and <eos> ends every paragraph."""
    vocabulary: tuple   # <unk>, <eos>, then words of train, the most frequent first
    train: np.ndarray   # (tokens,) int64
    valid: np.ndarray   # (tokens,) int64
    test: np.ndarray    # (tokens,) int64
    paragraphs: Splits  # of each split: tokens, also rare words, with one space between them
    sha256: str         # of the paragraphs: each on a line, first train, then valid, then test
    blocks: int         # blocks of text found
    prose: int          # those that are prose
    distinct: int       # those that are not repeats

    def __repr__(self):
        counts = ", ".join(f"{len(getattr(self, name))} {name}" for name in Splits._fields)
        return f"Corpus({len(self.vocabulary)} words; tokens: {counts})"

    def describe(self):
        """Digest and counts, one fact a line."""
        lines = [
            f"Python {platform.python_version()}'s language reference (pydoc_data.topics)",
            f"SHA-256 of the tokenised text: {self.sha256}",
            f"blocks: {self.blocks}, prose: {self.prose}, without repeats: {self.distinct}",
            f"vocabulary: {len(self.vocabulary)}: {len(self.vocabulary) - 2} words, <unk>, <eos>"]
        for part, paragraphs in self.paragraphs._asdict().items():
            words = getattr(self, part)
            lines.append(f"{part}: {len(words)} tokens in {len(paragraphs)} paragraphs, "
                         f"{np.mean(words == 0):.1%} <unk>")
        return "\n".join(lines)


def load_corpus(vocabulary_size=2000):
    """The language reference of this Python as `Corpus`; see the top of this module.

    vocabulary_size: words in the vocabulary without <unk> and <eos>; numbers run from 0 to
    vocabulary_size + 1.
    Raises DataError (a ValueError) if this Python comes without the text, TypeError or ValueError
    for a vocabulary_size that is no positive int or more than the training words.
    """
    size = positive_int("vocabulary_size", vocabulary_size)
    found = [block for _, text in sorted(_topics().items()) for block in blocks(text)]
    prose = [tokens for tokens in map(tokenise, filter(may_be_prose, found)) if is_prose(tokens)]
    distinct = without_repeats(prose)
    paragraphs = split(distinct)
    texts = [[word for paragraph in part for word in (*paragraph.split(" "), END)]
             for part in paragraphs]
    words = by_frequency(word for word in texts[0] if word != END)
    if size > len(words):
        raise ValueError(f"vocabulary_size: expected at most {len(words)}, the words of the "
                         f"training split, got {size}")
    vocabulary = (UNKNOWN, END, *words[:size])
    arrays = word_numbers(vocabulary, texts)
    lines = "".join(f"{paragraph}\n" for part in paragraphs for paragraph in part)
    sha256 = hashlib.sha256(lines.encode()).hexdigest()
    return Corpus(vocabulary, *arrays, paragraphs, sha256, len(found), len(prose), len(distinct))


# ---- one step each ------------------------------------------------------------------------------

def blocks(text):
    """The blocks of a topic: the text between blank lines."""
    return [block for block in re.split(r"\n[^\S\n]*(?:\n|$)", text) if block.strip()]


def may_be_prose(block):
    """True if a block ends like a sentence and is no title, table, grammar or Python session."""
    text = _FOOTNOTE.sub("", block.translate(_PLAIN)).rstrip()
    return not _NOT_PROSE.search(block) and bool(_SENTENCE_END.search(text))


def tokenise(block):
    """The tokens of a block, a tuple of strings.

    >>> tokenise("* It doesn't need the *step* (e.g. 3.14), Python\u2019s built-\\n  in. [2]")[:9]
    ('it', 'does', "n't", 'need', 'the', 'step', '(', 'e.g.', 'N')
    """
    text = re.sub(r"(?<=\w)-\n\s*(?=\w)", "-", block.translate(_PLAIN))  # join broken words
    text = re.sub(r"^\s*\*\s+", "", text, flags=re.MULTILINE)            # remove bullets
    text = _EMPHASIS.sub(r"\2", _FOOTNOTE.sub("", text))
    return tuple("N" if match["number"] else match[0] for match in _TOKEN.finditer(text.lower()))


def is_prose(tokens):
    """True if there are at least MIN_WORDS words, and they are at least half of the tokens."""
    words = sum(_WORD.fullmatch(token) is not None for token in tokens)
    return words >= MIN_WORDS and 2 * words >= len(tokens)


def without_repeats(paragraphs):
    """The paragraphs, except those that repeat earlier ones, completely or at least by half."""
    kept, seen, pieces_seen = [], set(), set()
    for tokens in paragraphs:
        pieces = [tokens[i:i + REPEAT_LENGTH] for i in range(len(tokens) - REPEAT_LENGTH + 1)]
        repeated = sum(piece in pieces_seen for piece in pieces)
        if tokens not in seen and (not pieces or 2 * repeated < len(pieces)):
            kept.append(tokens)
        seen.add(tokens)
        pieces_seen.update(pieces)
    return kept


def split(paragraphs):
    """The paragraphs as `Splits`, by digest: a tenth of the tokens for test, a tenth for valid."""
    lines = [" ".join(tokens) for tokens in paragraphs]
    share = HELD_OUT * sum(len(tokens) + 1 for tokens in paragraphs)  # + 1 for <eos>
    chosen, tokens = {"train": [], "valid": [], "test": []}, 0
    for i in sorted(range(len(lines)), key=lambda i: hashlib.sha256(lines[i].encode()).digest()):
        part = "test" if tokens < share else "valid" if tokens < 2 * share else "train"
        chosen[part].append(i)
        tokens += len(paragraphs[i]) + 1
    return Splits(**{part: tuple(lines[i] for i in sorted(of)) for part, of in chosen.items()})


def _topics():
    """The dict of topics of this Python's help, or a DataError that says what is missing."""
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise DataError("pydoc_data.topics: expected this module of Python, whose text is the "
                        f"default corpus, got: {error}. Some small builds of Python leave it out; "
                        "a Python from python.org has it") from error
    if not isinstance(topics, dict) or not topics or not all(
            isinstance(text, str) for item in topics.items() for text in item):
        raise DataError("pydoc_data.topics.topics: expected a dict of topic names and texts, found "
                        f"{type(topics).__name__}: this Python stores its manual in another form")
    return topics
