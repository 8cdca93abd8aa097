"""A task with its data: small sets that come with the package and Python, or the full ones.

Preset "paper" uses the full sets, of which the user provides copies: MNIST for digits, the JSB
chorales for music, Penn Treebank for language. Users can also bring their own data in these forms
(`snu_ref.data.own`); figures on such data are labelled OWN wherever they are shown.
"""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import validation
from ..data import baselines, corpus, datasets, ngrams, own, readers
from .digits import Digits, split_validation
from .language import Language
from .music import Music
from .units import UNITS

N_VALID_DIGITS = 623    # our choice: the last of the 3,823 training images, leaving 3,200
N_VALID_MNIST = 5000    # our choice: the last of the 60,000 training images, leaving 55,000

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


FULL_DATA = {"digits": "MNIST's four IDX files", "music": "jsb-chorales-quarter.json",
             "language": "ptb.train.txt, ptb.valid.txt and ptb.test.txt"}


def load_task(name, unit, preset="small", folder=None, own_path=None):
    """The task `name` for one unit, on the data of a preset; `folder` holds the full sets.

    own_path: data of the user's own instead, a folder of IDX files or a file (`snu_ref.data.own`).
    Raises ValueError if preset "paper" comes without data, and readers.DataError for its files.
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
    """Loaded of the images `which`: "small", "full" or "own"; so below."""
    if which == "own":
        data, classes = own.read_images(path)
        task = Digits(unit, data, tuple(classes.tolist()))
        side = task.image_shape[0]
        return Loaded(task, [f"{side}x{side} pixels, {len(classes)} classes: "
                             f"{_counts(data, lambda part: part[1])} images"], {})
    full = which == "full"
    images = readers.read_mnist(path) if full else datasets.load_digits()
    darkest = np.float32(255 if full else 16)

    def values(images):
        return images.reshape(len(images), -1) / darkest  # (N, pixels) in [0, 1]

    train, valid = split_validation(values(images.train_images), images.train_labels,
                                    N_VALID_MNIST if full else N_VALID_DIGITS)
    data = {"train": train, "valid": valid,
            "test": (values(images.test_images), images.test_labels)}
    facts = ([images.counts(), f"the last {N_VALID_MNIST:,} validate"] if full else
             [f"UCI handwritten digits, 8x8: {_counts(data, lambda part: part[1])} images"])
    return Loaded(Digits(unit, data), facts, {})


def _music(unit, which, path):
    if which == "own":
        data = own.read_tunes(path)
        facts = ["pieces: " + ", ".join(f"{len(rolls)} {split}, {sum(map(len, rolls)):,} steps"
                                        for split, rolls in data.items())]
    elif which == "full":
        jsb = readers.read_jsb(path)
        data, facts = _splits(jsb), [jsb.counts()]
    else:
        data = {split: [datasets.piano_roll(piece.pitches) for piece in pieces]
                for split, pieces in _splits(datasets.load_chorales()).items()}
        facts = [f"Bach chorales from music21's corpus: {_counts(data)} pieces"]
    independent = baselines.independent_notes_nll(data["train"], data["test"])
    return Loaded(Music(unit, data), facts, {"independent notes": independent})


def _language(unit, which, path):
    if which == "own":
        text = own.read_text(path)
        facts = [f"vocabulary: {len(text.vocabulary):,} words, <unk> and <eos> among them"]
        facts += [f"{split}: {len(words):,} tokens, {np.mean(words == 0):.1%} <unk>"
                  for split, words in _splits(text).items()]
    elif which == "full":
        text = readers.read_ptb(path)
        facts = [text.counts()]
    else:
        text = corpus.load_corpus()
        facts = text.describe().splitlines()
    data, n = _splits(text), len(text.vocabulary)
    train, test = data["train"], data["test"]
    simple = {"unigram": ngrams.unigram_perplexity(train, test, n),
              "Witten-Bell bigram": ngrams.witten_bell_bigram_perplexity(train, test, n)}
    return Loaded(Language(unit, data, n), facts, simple, text.vocabulary)


def _splits(of):
    return {split: getattr(of, split) for split in SPLITS}


def _counts(data, items=lambda part: part):
    return ", ".join(f"{len(items(part)):,} {split}" for split, part in data.items())
