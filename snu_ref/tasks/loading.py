"""A task with its data: small sets that the package and Python carry, or the full ones.

The full sets are of preset "paper", and the user brings copies of them: MNIST for digits, the JSB
chorales for music, Penn Treebank for language. Or data of the user's own in the same forms
(`snu_ref.data.own`), whose figures are labelled OWN wherever they are shown.
"""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data import baselines, corpus, datasets, ngrams, own, readers
from .digits import Digits, split_validation
from .language import Language
from .music import Music

N_VALID_DIGITS = 623    # ours: the last of the 3,823 training images, leaving 3,200
N_VALID_MNIST = 5000    # ours: the last of the 60,000 training images, leaving 55,000

SPLITS = ("train", "valid", "test")
OWN = "own data, not the published set"


class Loaded(NamedTuple):
    """A task, what its data hold, and figures of simple models on the test split."""
    task: object
    facts: list        # lines of text: counts, digests
    baselines: dict    # name: figure on the test split, in the task's own metric
    words: tuple = ()  # the vocabulary, for language
    path: str = ""     # where the data came from, if the user brought them
    own: bool = False  # whether they are the user's own, not the published set

    def __repr__(self):
        return f"Loaded({self.task.name}, unit {self.task.unit}; {self.facts[0]})"


def load_task(name, unit, preset="small", folder=None, own_path=None):
    """The task `name` for one unit, on the data of a preset; `folder` holds the full sets.

    own_path: data of the user's own instead, a folder of IDX files or a file (`snu_ref.data.own`).
    Raises ValueError if preset "paper" comes without data, and readers.DataError for its files.
    """
    if own_path is not None:
        loaded = {"digits": _own_digits, "music": _own_music, "language": _own_language}[name](
            unit, Path(own_path))
        return loaded._replace(facts=[f"{OWN}: {own_path}", *loaded.facts], own=True,
                               path=str(Path(own_path).resolve()))
    if preset != "paper":
        return {"digits": _digits, "music": _music, "language": _language}[name](unit)
    if folder is None:
        raise ValueError("--data: preset 'paper' needs the full data set; expected a folder with "
                         + FULL_DATA[name])
    loaded = {"digits": _mnist, "music": _jsb, "language": _ptb}[name](unit, folder)
    return loaded._replace(path=str(Path(folder).resolve()))


FULL_DATA = {"digits": "MNIST's four IDX files", "music": "jsb-chorales-quarter.json",
             "language": "ptb.train.txt, ptb.valid.txt and ptb.test.txt"}


def _digits(unit):
    digits = datasets.load_digits()

    def values(images):
        return (images.reshape(len(images), -1) / 16).astype(np.float32)  # 16 is the darkest

    train, valid = split_validation(values(digits.train_images), digits.train_labels,
                                    N_VALID_DIGITS)
    data = {"train": train, "valid": valid,
            "test": (values(digits.test_images), digits.test_labels)}
    counts = ", ".join(f"{len(labels):,} {split}" for split, (_, labels) in data.items())
    return Loaded(Digits(unit, data), [f"UCI handwritten digits, 8x8: {counts} images"], {})


def _music(unit):
    chorales = datasets.load_chorales()
    data = {split: [datasets.piano_roll(piece.pitches) for piece in getattr(chorales, split)]
            for split in SPLITS}
    counts = ", ".join(f"{len(rolls)} {split}" for split, rolls in data.items())
    return _music_task(unit, data, [f"Bach chorales from music21's corpus: {counts} pieces"])


def _music_task(unit, data, facts):
    independent = baselines.independent_notes_nll(data["train"], data["test"])
    return Loaded(Music(unit, data), facts, {"independent notes": independent})


def _language(unit):
    text = corpus.load_corpus()
    return _language_task(unit, text, text.describe().splitlines())


def _language_task(unit, text, facts):
    data = {split: getattr(text, split) for split in SPLITS}
    n = len(text.vocabulary)
    simple = {"unigram": ngrams.unigram_perplexity(data["train"], data["test"], n),
              "Witten-Bell bigram": ngrams.witten_bell_bigram_perplexity(data["train"],
                                                                         data["test"], n)}
    return Loaded(Language(unit, data, n), facts, simple, text.vocabulary)


# ---- the full sets ------------------------------------------------------------------------------

def _mnist(unit, folder):
    mnist = readers.read_mnist(folder)

    def values(images):
        return images.reshape(len(images), -1) / np.float32(255)  # (N, 784) in [0, 1]

    train, valid = split_validation(values(mnist.train_images), mnist.train_labels, N_VALID_MNIST)
    data = {"train": train, "valid": valid, "test": (values(mnist.test_images), mnist.test_labels)}
    return Loaded(Digits(unit, data), [mnist.counts(), f"the last {N_VALID_MNIST:,} validate"], {})


def _jsb(unit, folder):
    jsb = readers.read_jsb(folder)
    return _music_task(unit, {split: getattr(jsb, split) for split in SPLITS}, [jsb.counts()])


def _ptb(unit, folder):
    text = readers.read_ptb(folder)
    return _language_task(unit, text, [text.counts()])


# ---- the user's own -----------------------------------------------------------------------------

def _own_digits(unit, folder):
    data, classes = own.read_images(folder)
    counts = ", ".join(f"{len(labels):,} {split}" for split, (_, labels) in data.items())
    task = Digits(unit, data, tuple(classes.tolist()))
    side = task.image_shape[0]
    return Loaded(task, [f"{side}x{side} pixels, {len(classes)} classes: {counts} images"], {})


def _own_music(unit, path):
    data = own.read_tunes(path)
    counts = ", ".join(f"{len(rolls)} {split}, {sum(map(len, rolls)):,} steps"
                       for split, rolls in data.items())
    return _music_task(unit, data, [f"pieces: {counts}"])


def _own_language(unit, path):
    text = own.read_text(path)
    facts = [f"vocabulary: {len(text.vocabulary):,} words, <unk> and <eos> among them"]
    facts += [f"{split}: {len(getattr(text, split)):,} tokens, "
              f"{np.mean(getattr(text, split) == 0):.1%} <unk>" for split in SPLITS]
    return _language_task(unit, text, facts)
