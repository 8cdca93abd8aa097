"""A task with its data: that in the package (preset "small") or the user's own full copies."""
from typing import NamedTuple

import numpy as np

from .. import baselines, corpus, datasets, ngrams
from .digits import Digits, split_validation
from .language import Language
from .music import Music

N_VALID_DIGITS = 623  # ours: the last of the 3,823 training images, leaving 3,200


class Loaded(NamedTuple):
    """A task, what its data hold, and figures of simple models on the test split."""
    task: object
    facts: list        # lines of text: counts, digests
    baselines: dict    # name: figure on the test split, in the task's own metric
    words: tuple = ()  # the vocabulary, for language


def load_task(name, unit):
    """The task `name` for one unit, on the data of preset "small"."""
    return {"digits": _digits, "music": _music, "language": _language}[name](unit)


def _digits(unit):
    digits = datasets.load_digits()

    def values(images):
        return (images.reshape(len(images), -1) / 16).astype(np.float32)  # 16 is the darkest

    train, valid = split_validation(values(digits.train_images), digits.train_labels, N_VALID_DIGITS)
    data = {"train": train, "valid": valid, "test": (values(digits.test_images), digits.test_labels)}
    counts = ", ".join(f"{len(labels):,} {split}" for split, (_, labels) in data.items())
    return Loaded(Digits(unit, data), [f"UCI handwritten digits, 8x8: {counts} images"], {})


def _music(unit):
    chorales = datasets.load_chorales()
    data = {split: [datasets.piano_roll(piece.pitches) for piece in getattr(chorales, split)]
            for split in ("train", "valid", "test")}
    counts = ", ".join(f"{len(rolls)} {split}" for split, rolls in data.items())
    independent = baselines.independent_notes_nll(data["train"], data["test"])
    return Loaded(Music(unit, data), [f"Bach chorales from music21's corpus: {counts} pieces"],
                  {"independent notes": independent})


def _language(unit):
    text = corpus.load_corpus()
    data = {split: getattr(text, split) for split in ("train", "valid", "test")}
    n = len(text.vocabulary)
    simple = {"unigram": ngrams.unigram_perplexity(data["train"], data["test"], n),
              "Witten-Bell bigram": ngrams.witten_bell_bigram_perplexity(data["train"], data["test"], n)}
    return Loaded(Language(unit, data, n), text.describe().splitlines(), simple, text.vocabulary)
