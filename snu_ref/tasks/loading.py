"""A task with its data: small sets that come with the package and Python, or the full ones.

Preset "paper" uses the full sets, of which the user provides copies: MNIST for digits, the JSB
chorales for music, Penn Treebank for language. Users can also bring their own data in these forms
(`snu_ref.data.own`); results on such data are labelled OWN wherever they are shown.
"""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import validation
from ..data import baselines, corpus, datasets, ngrams, own, readers
from .digits import Digits, N_CLASSES, split_validation
from .language import Language
from .music import Music
from .units import UNITS

N_VALID_DIGITS = 623    # our choice: the last of the 3,823 training images, leaving 3,200
N_VALID_MNIST = 5000    # our choice: the last of the 60,000 training images, leaving 55,000

OWN = "own data, not the published set"


class Loaded(NamedTuple):
    """A task, facts about its data, and results of simple models on the test split."""
    task: object
    facts: list        # lines of text: counts, digests
    baselines: dict    # name: result on the test split, in the metric of the task
    words: tuple = ()  # the vocabulary, for language
    path: str = ""     # the path of the data, if the user brought them
    own: bool = False  # whether they are the user's data, not the published set

    def __repr__(self):
        return f"Loaded({self.task.name}, unit {self.task.unit}; {self.facts[0]})"


FULL_DATA = {"digits": "MNIST's four IDX files", "music": "jsb-chorales-quarter.json",
             "language": "ptb.train.txt, ptb.valid.txt and ptb.test.txt"}


def load_task(name, unit, preset="small", folder=None, own_path=None):
    """The task `name` for one unit, on the data of a preset; folder: that of the full set.

    own_path: the user's data instead, a folder of IDX files or a file (`snu_ref.data.own`). Raises
    ValueError for preset "paper" without a folder, readers.DataError for wrong or missing files.
    """
    validation.one_of("name", name, FULL_DATA)
    validation.one_of("unit", unit, UNITS)
    load = {"digits": _digits, "music": _music, "language": _language}[name]
    if own_path is not None:
        loaded = load(unit, "own", Path(own_path))
        return loaded._replace(facts=[f"{OWN}: {own_path}", *loaded.facts], own=True,
                               path=str(Path(own_path).resolve()))
    if preset != "paper":
        return load(unit, "small", None)
    if folder is None:
        raise ValueError(f"--data: expected a folder with {FULL_DATA[name]} for preset 'paper', "
                         "got none")
    return load(unit, "full", folder)._replace(path=str(Path(folder).resolve()))


def _digits(unit, which, path):
    """The Loaded task of digits; which: "small", "full" or "own"."""
    if which == "own":
        data, classes = own.read_images(path)
        name = f"images of {len(classes)} classes"
    else:
        images, name, darkest, n_valid = (
            (readers.read_mnist(path), "MNIST", 255, N_VALID_MNIST) if which == "full" else
            (datasets.load_digits(), "UCI handwritten digits", 16, N_VALID_DIGITS))

        def values(images):
            return images.reshape(len(images), -1) / np.float32(darkest)  # (N, pixels) in [0, 1]

        train, valid = split_validation(values(images.train_images), images.train_labels, n_valid)
        data = {"train": train, "valid": valid,
                "test": (values(images.test_images), images.test_labels)}
        classes = np.arange(N_CLASSES)
    task = Digits(unit, data, tuple(classes.tolist()))
    side = task.image_shape[0]
    counts = _counts({split: len(labels) for split, (_, labels) in data.items()})
    return Loaded(task, [f"{name}, {side}x{side}: {counts} images"], {})


def _music(unit, which, path):
    if which == "own":
        name, data = "pieces of music", own.read_tunes(path)
    elif which == "full":
        name, data = "JSB chorales", _splits(readers.read_jsb(path))
    else:
        name = "Bach chorales from music21's corpus"
        data = {split: [datasets.piano_roll(piece.pitches) for piece in pieces]
                for split, pieces in _splits(datasets.load_chorales()).items()}
    pieces, steps = (_counts({split: count(rolls) for split, rolls in data.items()})
                     for count in (len, lambda rolls: sum(map(len, rolls))))
    independent = baselines.independent_notes_nll(data["train"], data["test"])
    return Loaded(Music(unit, data), [f"{name}: {pieces} pieces", f"steps: {steps}"],
                  {"independent notes": independent})


def _language(unit, which, path):
    if which == "small":
        text = corpus.load_corpus()
        facts = text.describe().splitlines()
    else:
        text = own.read_text(path) if which == "own" else readers.read_ptb(path)
        facts = [f"vocabulary: {len(text.vocabulary):,} words, <unk> and <eos> among them"]
        unknown = text.vocabulary.index("<unk>")
        facts += [f"{split}: {len(words):,} tokens, {np.mean(words == unknown):.1%} <unk>"
                  for split, words in _splits(text).items()]
    data, n = _splits(text), len(text.vocabulary)
    train, test = data["train"], data["test"]
    simple = {"unigram": ngrams.unigram_perplexity(train, test, n),
              "Witten-Bell bigram": ngrams.witten_bell_bigram_perplexity(train, test, n)}
    return Loaded(Language(unit, data, n), facts, simple, text.vocabulary)


def _splits(of):
    return {split: getattr(of, split) for split in datasets.Splits._fields}


def _counts(numbers):
    return ", ".join(f"{n:,} {split}" for split, n in numbers.items())
