"""Readers for your own data, in the file formats of the published sets.

README.md beside this module describes the formats and the splits.

Any failure is a DataError that names the file, what was expected and what was found. No file may
unpack to more than IMAGE_BYTES or TEXT_BYTES.
"""
from pathlib import Path

import numpy as np

from ..files import found_at
from .corpus import END, UNKNOWN, blocks, tokenise
from .data_file import DataFile, read_file
from .datasets import Splits
from .readers import Words, by_frequency, idx_array, idx_shape, piano_rolls, word_numbers

IMAGE_BYTES = 2 ** 30  # in one file, unpacked; our choice: a million images of 32x32
TEXT_BYTES = 2 ** 26   # of a text or JSON file, our choice: in memory it needs several times more
WORDS = 2000       # largest size of the vocabulary, as in the corpus
FORMS = "the formats of your own data: snu_ref/data/README.md"


def tenths(items):
    """The splits of a sequence: the last tenth is for test, the tenth before it for validation."""
    tenth = len(items) // 10
    return {"train": items[:-2 * tenth], "valid": items[-2 * tenth:-tenth], "test": items[-tenth:]}


# ---- images -------------------------------------------------------------------------------------

def read_images(folder):
    """Square images in IDX files: splits of (values, labels), and the label of each class.

    values (N, side^2) float32, darkness / 255; labels (N,) int64, indices into the sorted labels of
    the training images.
    """
    place = DataFile(Path(folder), b"", FORMS)
    values, labels = _labelled(place, for_testing=False)
    n = len(labels)
    place.check(n >= 10, "at least 10 images", n)
    parts = tenths(range(n))
    test = _labelled(place, for_testing=True)
    if test:  # then the training files need no test split
        parts["train"] = range(n - n // 10)
        parts["valid"] = parts.pop("test")
    classes = np.unique(labels[parts["train"]])
    place.check(len(classes) >= 2, "training images of two classes or more", f"one: {classes[0]}")
    splits = {split: (values[of], labels[of]) for split, of in parts.items()}
    splits |= {"test": test} if test else {}
    for split, (images, of) in splits.items():
        place.check(images.shape[1] == values.shape[1],
                    f"{split} images of {values.shape[1]} pixels as in training", images.shape[1])
        strange = of[~np.isin(of, classes)]
        if strange.size:
            place.fail(f"{split} labels that occur in training", strange[0])
        splits[split] = images, np.searchsorted(classes, of)
    return splits, classes


def _labelled(place, for_testing):
    """Values (N, side^2) and labels of the training or test files; None without test files."""
    paths = {kind: _find(place, kind, for_testing) for kind in ("images", "labels")}
    if not any(paths.values()):
        return None
    images, labels = (path and _idx(path, kind) for kind, path in paths.items())
    n_images, n_labels = ("no" if a is None else f"{len(a):,}" for a in (images, labels))
    place.check(n_images == n_labels, f"a label for each {'test ' * for_testing}image",
                f"{n_images} images and {n_labels} labels")
    return images.reshape(len(images), -1) / np.float32(255), labels


def _find(place, kind, for_testing):
    """The one file of a kind in the folder, or None if the folder has no file for testing."""
    found = found_at(place.path)
    place.check(found == "a folder", "a folder with IDX files", found)
    files = sorted(path for path in place.path.iterdir() if kind in path.name
                   and any(word in path.name for word in ("t10k", "test")) == for_testing)
    plain = [path for path in files if path.suffix != ".gz" or path.with_suffix("") not in files]
    if not plain and for_testing:
        return None
    place.check(len(plain) == 1, f"one file with {kind!r} in its name for "
                + ("testing" if for_testing else "training"),
                ", ".join(path.name for path in plain) or "none")
    return plain[0]


def _idx(path, kind):
    """The array in an IDX file."""
    file = read_file(path, FORMS, IMAGE_BYTES)
    shape = idx_shape(file, kind)
    if kind == "images":
        file.check(shape[1] == shape[2], "square images", f"{shape[1]} x {shape[2]} pixels")
    file.check(0 not in shape, kind, f"none, shape {shape}")
    return idx_array(file, shape)


# ---- music --------------------------------------------------------------------------------------

def read_tunes(path):
    """Splits of the pieces in a JSON file, as uint8 (steps, 88); 1: key MIDI - 21 sounds."""
    file = read_file(Path(path), FORMS, TEXT_BYTES)
    data = file.json()
    if isinstance(data, list):
        data = tenths(data)
    if not isinstance(data, dict) or set(data) != set(Splits._fields):
        file.fail("a list of pieces or an object with train, valid and test",
                  ", ".join(map(str, data))[:60] if isinstance(data, dict) else type(data).__name__)
    rolls = {split: piano_rolls(file, split, data[split]) for split in Splits._fields}
    for split, pieces in rolls.items():
        expected = f"{split}: pieces of at least 2 steps"
        file.check(pieces, expected, "none (a list needs at least 10 pieces)")
        for i, roll in enumerate(pieces):
            file.check(len(roll) >= 2, expected, f"one of 1 step, {split}[{i}]")
    return rolls


# ---- text ---------------------------------------------------------------------------------------

def read_text(path):
    """The words of a UTF-8 text, as `readers.Words`. Raises DataError (a ValueError)."""
    file = read_file(Path(path), FORMS, TEXT_BYTES)
    tokens = [token for block in blocks(file.text()) for token in (*tokenise(block), END)]
    file.check(len(tokens) >= 20, "a text of at least 20 tokens", len(tokens))  # 2 for the test
    splits = tenths(tokens)
    words = by_frequency((token for token in splits["train"] if token != END), least=2)
    vocabulary = (UNKNOWN, END, *words[:WORDS])
    return Words(vocabulary, *word_numbers(vocabulary, splits.values()))
