"""Readers for the full data sets. They are not part of the package: you give a folder.

Nothing is downloaded and nothing is unpickled. The readers first check form and counts, so that the
error says if a file is missing, truncated, mixed up or of another version. Then they check the
SHA-256 of the content, which shows a single altered number or word. It is computed after parsing,
so other line ends, gzip or another layout of JSON do not change it. Any failure is a DataError that
names the file, what was expected, what was found, and where to get a public copy (full_sets.ini).
"""
import json
import math
from collections import Counter
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .data_file import DataError, MissingDataError, find_file
from .datasets import Digits, LOWEST_KEY, N_KEYS, Splits

MAGIC = {"images": 2051, "labels": 2049}
MNIST_ITEMS = {"train": 60000, "t10k": 10000}
MNIST_SHAPE = (28, 28)
JSB_FILE = "jsb-chorales-quarter.json"
JSB_COUNTS = {"train": (229, 13807), "valid": (76, 4602), "test": (77, 4725)}  # pieces, steps
TEXT_BYTES = 2 ** 24  # our choice: three times the largest text; no file can fill the memory
PTB_TOKENS = {"ptb.train.txt": 929589, "ptb.valid.txt": 73760, "ptb.test.txt": 82430}  # with <eos>

SETS = ConfigParser(interpolation=None)
SETS.read_string(Path(__file__).with_name("full_sets.ini").read_text(encoding="utf-8"))
SHA256 = dict(SETS["sha256"])
COPIES = {name: " ".join(text.split()) for name, text in SETS["copies"].items()}


class Words(NamedTuple):
    """A text in word numbers; word i is vocabulary[i]."""
    vocabulary: tuple  # of Penn Treebank: 10,000 words, the most frequent in train first
    train: np.ndarray  # (tokens,) int64; of Penn Treebank 929,589
    valid: np.ndarray  # 73,760
    test: np.ndarray   # 82,430


# ---- MNIST --------------------------------------------------------------------------------------

def read_mnist(folder):
    """The 60,000 training and 10,000 test images of MNIST, 28 x 28 pixels, as `Digits`.

    A pixel is a darkness from 0 (background) to 255.
    folder: path with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
    t10k-labels-idx1-ubyte, each plain or as .gz; the name train-images.idx3-ubyte is also accepted.
    Raises DataError (a ValueError). Source: Y. LeCun et al., Proc. IEEE 86(11), 1998.
    """
    return Digits(_idx(folder, "train-images-idx3-ubyte"), _idx(folder, "train-labels-idx1-ubyte"),
                  _idx(folder, "t10k-images-idx3-ubyte"), _idx(folder, "t10k-labels-idx1-ubyte"))


def _idx(folder, name):
    """The array in one of the four files of MNIST."""
    split, kind = name.split("-")[:2]
    items = MNIST_ITEMS[split]
    shape = (items, *MNIST_SHAPE) if kind == "images" else (items,)
    dotted = name.replace("-idx", ".idx")
    file = find_file(folder, [name, dotted, name + ".gz", dotted + ".gz"], COPIES["mnist"],
                     4 + 4 * len(shape) + math.prod(shape), whole=False)
    found = idx_shape(file, kind)
    file.check(found[0] == items, f"{items} {kind}", f"{found[0]}, as in the other half of the set"
               if found[0] in MNIST_ITEMS.values() else found[0])
    file.check(found == shape, f"shape {shape}", found)
    array = idx_array(file, shape)
    file.check_digest(SHA256[name], file.raw,
                      "altered, or a data set of the same form (such as Fashion-MNIST)")
    return array


def idx_shape(file, kind):
    """The shape in the header of an IDX file: a magic number, then lengths, 4 bytes each."""
    names = {number: f"{number} ({name})" for name, number in MAGIC.items()}
    magic, n_axes = int.from_bytes(file.raw[:4], "big"), 3 if kind == "images" else 1
    file.check(magic == MAGIC[kind], f"magic number {names[MAGIC[kind]]}", names.get(magic, magic))
    file.check(len(file.raw) >= 4 + 4 * n_axes, f"a header of {4 + 4 * n_axes} bytes",
               f"{len(file.raw)}: cut short")
    return tuple(np.frombuffer(file.raw, ">u4", n_axes, offset=4).tolist())  # big-endian


def idx_array(file, shape):
    """The array in an IDX file: one byte for each pixel or label, after the header."""
    start, n = 4 + 4 * len(shape), len(file.raw)
    size = start + math.prod(shape)
    file.check(n == size, f"{size:,} bytes for shape {shape}",
               "more" if n > size else f"{n:,}: cut short")
    return np.frombuffer(file.raw, np.uint8, offset=start).reshape(shape).copy()


# ---- JSB chorales -------------------------------------------------------------------------------

def read_jsb(folder):
    """The chorales of N. Boulanger-Lewandowski's split, 229/76/77, as `Splits` of piano rolls.

    A roll is uint8 (steps, 88): 1 where key k, MIDI number k + 21, sounds in a quarter note.
    folder: path with jsb-chorales-quarter.json: {"train": pieces, "valid": ..., "test": ...}. A
    piece is a list of steps, a step is a list of MIDI numbers 21..108 (empty: silence).
    Raises DataError (a ValueError). Source: N. Boulanger-Lewandowski et al., ICML 2012.
    """
    file = find_file(folder, [JSB_FILE], COPIES["jsb"], TEXT_BYTES)
    data = file.json()
    if not isinstance(data, dict) or set(data) != set(JSB_COUNTS):
        file.fail(f"an object with {', '.join(JSB_COUNTS)}",
                  ", ".join(map(_short, data)) if isinstance(data, dict) else _short(data))
    rolls = {}
    for split, (pieces, steps) in JSB_COUNTS.items():
        rolls[split] = piano_rolls(file, split, data[split])
        file.check(len(rolls[split]) == pieces, f"{pieces} pieces in {split}", len(rolls[split]))
        found = sum(map(len, rolls[split]))
        file.check(found == steps, f"{steps} steps (quarter notes) in {split}", found)
    numbers = json.dumps([data[split] for split in JSB_COUNTS], separators=(",", ":"))
    file.check_digest(SHA256[JSB_FILE], numbers.encode())
    return Splits(**rolls)


def piano_rolls(file, split, pieces):
    """Piano rolls of one split of a DataFile; every list and number is checked."""
    if not isinstance(pieces, list):
        file.fail(f"{split}: a list of pieces", _short(pieces))
    rolls = []
    for i, piece in enumerate(pieces):
        if not isinstance(piece, list) or not piece:
            file.fail(f"{split}[{i}]: a list of steps", _short(piece))
        roll = np.zeros((len(piece), N_KEYS), np.uint8)  # (steps, 88)
        for t, step in enumerate(piece):
            if not isinstance(step, list):
                file.fail(f"{split}[{i}][{t}]: a list of MIDI numbers", _short(step))
            for note in step:
                if type(note) is not int or not LOWEST_KEY <= note < LOWEST_KEY + N_KEYS:
                    file.fail(f"{split}[{i}][{t}]: MIDI numbers "
                              f"{LOWEST_KEY}..{LOWEST_KEY + N_KEYS - 1}", _short(note))
                roll[t, note - LOWEST_KEY] = 1
        rolls.append(roll)
    return rolls


def _short(value):
    """`value` for a message; a list or dict is shown by its type."""
    text = repr(value)[:60] if not isinstance(value, (list, dict)) else ""
    return f"{type(value).__name__} {text}".strip()


# ---- Penn Treebank ------------------------------------------------------------------------------

def read_ptb(folder):
    """The words of Penn Treebank, 929,589/73,760/82,430 with <eos> at line ends, see `Words`.

    folder: path with ptb.train.txt, ptb.valid.txt and ptb.test.txt: words with white space between
    them, a sentence a line, numbers as N, rare words as <unk>.
    Raises DataError (a ValueError). Source: M. P. Marcus et al., Computational Linguistics 19(2),
    1993, as in T. Mikolov et al., Interspeech 2010.
    """
    texts = [_tokens(folder, name) for name in PTB_TOKENS]
    vocabulary = tuple(by_frequency(texts[0]))
    return Words(vocabulary, *word_numbers(vocabulary, texts))


def _tokens(folder, name):
    """The words of a text with <eos> at line ends; checks their number and digest."""
    file = find_file(folder, [name], COPIES["ptb"], TEXT_BYTES)
    lines = file.text().split("\n")
    if not lines[-1].strip():  # the text ends with a line end
        lines.pop()
    tokens = [word for line in lines for word in (*line.split(), "<eos>")]
    same = [f", as in {other}" for other, n in PTB_TOKENS.items() if n == len(tokens)]
    file.check(len(tokens) == PTB_TOKENS[name], f"{PTB_TOKENS[name]} tokens with <eos>",
               f"{len(tokens)}{''.join(same)}")
    file.check_digest(SHA256[name], " ".join(tokens).encode())
    return tokens


def by_frequency(words, least=1):
    """The different words, the most frequent first; equally frequent words by their code points.

    Words that occur fewer than `least` times are left out.
    """
    frequency = Counter(words)
    return sorted((word for word in frequency if frequency[word] >= least),
                  key=lambda word: (-frequency[word], word))


def word_numbers(vocabulary, texts):
    """Each text as int64 indices of its words in the vocabulary; 0 for words that are not there."""
    number = {word: i for i, word in enumerate(vocabulary)}
    return [np.array([number.get(word, 0) for word in text], np.int64) for text in texts]
