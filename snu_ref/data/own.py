"""Readers for your own data, in the file formats of the published sets.

    read_images(folder)   square images with labels, IDX files
    read_tunes(path)      pieces of music as MIDI pitches, one JSON file
    read_text(path)       any text, one UTF-8 file

README.md beside this module describes the formats and the splits. An IDX file is a magic number
(2051 for images, 2049 for labels), the lengths (big-endian, 32 bits each), then one byte per pixel
or label.

Any failure is a DataError that names the file, what was expected and what was found. No file may
unpack to more than IMAGE_BYTES or TEXT_BYTES. Figures on your own data cannot be compared with the
published figures.
"""
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .corpus import END, UNKNOWN, blocks, tokenise
from .readers import (MAGIC, DataError, MissingDataError, find_file, parse_json, piano_rolls,
                      utf8)

IMAGE_BYTES = 2 ** 30  # in one file, unpacked: ours, a million images of 32x32
TEXT_BYTES = 2 ** 26   # of a text or JSON file: a word or note takes more memory than in the file
WORDS = 2000       # of the vocabulary, at most: as in the corpus
SPLITS = ("train", "valid", "test")
FORMS = "the forms of data of your own: snu_ref/data/README.md"


class Text(NamedTuple):
    """A text in word numbers; word i is vocabulary[i]."""
    vocabulary: tuple
    train: np.ndarray  # (tokens,) int64
    valid: np.ndarray
    test: np.ndarray


def tenths(items):
    """The splits of a sequence: the last tenth is for test, the tenth before it for validation."""
    tenth = len(items) // 10
    return {"train": items[:-2 * tenth], "valid": items[-2 * tenth:-tenth], "test": items[-tenth:]}


def _read(path, most):
    """The unpacked bytes of a file; more than `most` is an error."""
    path = Path(path)
    if not path.exists():
        raise MissingDataError(f"{path}: expected a file, found nothing; {FORMS}")
    path, raw = find_file(path.parent, [path.name], FORMS, most)
    if len(raw) > most:
        raise DataError(f"{path}: expected at most {most:,} bytes, found more")
    return raw


# ---- images -------------------------------------------------------------------------------------

def read_images(folder):
    """Splits of (values, labels), and the label of each class.

    values (N, side^2) float32, darkness / 255; labels (N,) int64, indices into the sorted labels of
    the training images.
    """
    values, labels = _labelled(folder, for_testing=False)
    n = len(labels)
    if n < 10:
        raise DataError(f"{folder}: expected at least 10 images, found {n}")
    places = tenths(range(n))
    test = _labelled(folder, for_testing=True)
    if test:  # then the training files need no test split
        places["train"] = range(n - n // 10)
        places["valid"] = places.pop("test")
    classes = np.unique(labels[places["train"]])
    if len(classes) < 2:
        raise DataError(f"{folder}: expected training images of two classes or more, found one: "
                        f"{classes[0]}")
    splits = {split: (values[of], labels[of]) for split, of in places.items()}
    splits |= {"test": test} if test else {}
    for split, (images, of) in splits.items():
        if images.shape[1] != values.shape[1]:
            raise DataError(f"{folder}: expected {split} images of {values.shape[1]} pixels as in "
                            f"training, found {images.shape[1]}")
        if not np.isin(of, classes).all():
            raise DataError(f"{folder}: expected {split} labels that occur in training, found "
                            f"{of[~np.isin(of, classes)][0]}")
        splits[split] = images, np.searchsorted(classes, of)
    return splits, classes


def _labelled(folder, for_testing):
    """Values (N, side^2) and labels of the training or test files; None without test files."""
    arrays = []
    for kind in ("images", "labels"):
        path = _find(folder, kind, for_testing)
        arrays.append(path and _idx(path, kind))
    images, labels = arrays
    if images is None and labels is None:
        return None
    if images is None or labels is None or len(images) != len(labels):
        counts = ["no" if a is None else f"{len(a):,}" for a in arrays]
        raise DataError(f"{folder}: expected a label for each {'test ' * for_testing}image, found "
                        f"{counts[0]} images and {counts[1]} labels")
    return images.reshape(len(images), -1) / np.float32(255), labels


def _find(folder, kind, for_testing):
    """The one file of a kind in the folder; None if there is none for testing."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder with IDX files, found "
                        + ("a file" if folder.exists() else "nothing"))
    found = sorted(path for path in folder.iterdir() if kind in path.name
                   and any(word in path.name for word in ("t10k", "test")) == for_testing)
    plain = [path for path in found if path.suffix != ".gz" or path.with_suffix("") not in found]
    if not plain and for_testing:
        return None
    if len(plain) != 1:
        raise DataError(f"{folder}: expected one file with {kind!r} in its name for "
                        f"{'testing' if for_testing else 'training'}, found "
                        + (", ".join(path.name for path in plain) or "none"))
    return plain[0]


def _idx(path, kind):
    """The array in an IDX file of bytes."""
    raw = _read(path, IMAGE_BYTES)
    n_axes = 3 if kind == "images" else 1
    start = 4 + 4 * n_axes
    magic = int.from_bytes(raw[:4], "big")
    if len(raw) < start or magic != MAGIC[kind]:
        raise DataError(f"{path}: expected an IDX file of {kind} with magic number {MAGIC[kind]}, "
                        f"found {magic}")
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", n_axes, offset=4))
    if n_axes == 3 and shape[1] != shape[2]:
        raise DataError(f"{path}: expected square images, found {shape[1]} x {shape[2]} pixels")
    size = start + math.prod(shape)
    if len(raw) != size or 0 in shape:
        raise DataError(f"{path}: expected {size:,} bytes for shape {shape}, found {len(raw):,}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


# ---- music --------------------------------------------------------------------------------------

def read_tunes(path):
    """Splits of piano rolls, uint8 (steps, 88) each: key MIDI - 21 on or off at each step."""
    def fail(expected, found):
        raise DataError(f"{path}: expected {expected}, found {found}")

    data = parse_json(path, _read(path, TEXT_BYTES), fail, FORMS)
    if isinstance(data, list):
        data = tenths(data)
    if not isinstance(data, dict) or set(data) != set(SPLITS):
        fail("a list of pieces or an object with train, valid and test",
             ", ".join(map(str, data))[:60] if isinstance(data, dict) else type(data).__name__)
    rolls = {split: piano_rolls(split, data[split], fail) for split in SPLITS}
    for split, pieces in rolls.items():
        short = [i for i, roll in enumerate(pieces) if len(roll) < 2]
        if short or not pieces:
            fail(f"{split}: pieces of at least 2 steps",
                 f"one of 1 step, {split}[{short[0]}]" if short else
                 "none (a list needs at least 10 pieces)")
    return rolls


# ---- text ---------------------------------------------------------------------------------------

def read_text(path):
    """The words of a text, as `Text`."""
    tokens = [token for block in blocks(utf8(path, _read(path, TEXT_BYTES), FORMS))
              for token in (*tokenise(block), END)]
    if len(tokens) < 20:  # so that two are left to test
        raise DataError(f"{path}: expected a text of at least 20 tokens, found {len(tokens)}")
    splits = tenths(tokens)
    frequency = Counter(splits["train"])
    frequent = sorted(frequency, key=lambda word: (-frequency[word], word))
    words = [word for word in frequent if frequency[word] > 1 and word != END][:WORDS]
    number = {word: i for i, word in enumerate((UNKNOWN, END, *words))}
    return Text(tuple(number), *(np.array([number.get(token, 0) for token in tokens], np.int64)
                                 for tokens in splits.values()))
