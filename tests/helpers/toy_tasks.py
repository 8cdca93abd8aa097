"""The three tasks on data of a few kilobytes, for tests that train in milliseconds."""

from types import SimpleNamespace

import numpy as np

from snu_ref.tasks.digits import Digits, split_validation
from snu_ref.tasks.language import Language
from snu_ref.tasks.music import Music


SMALL = dict(epochs=2, hidden=(3,))  # settings of a training that leaves a small checkpoint


def toy_settings(**changes):
    """Settings that serve all three tasks."""
    return SimpleNamespace(
        **{
            **dict(
                hidden=(8,),
                shift=0,
                distortion=None,
                hidden_dropout=None,
                options={},
                optimiser="adam",
                lr=0.02,
                momentum=0.0,
                schedule="cosine",
                batch=4,
                epochs=4,
                clip=1.0,
                lateral_inhibition=False,
                store=None,
                keep="best",
                n_steps=6,
                test_steps=None,
                max_spikes=6,
                embedding=6,
                tied=True,
                projection=True,
                dropout=0.2,
                bptt=5,
            ),
            **changes,
        }
    )


def digits(unit="snu"):
    """60 images of 10 pixels: class k lights pixel k, which is easy to learn."""
    labels = np.random.default_rng(0).integers(0, 10, 60)
    values = np.eye(10, dtype=np.float32)[labels]
    train, valid = split_validation(values, labels, 20)
    return Digits(unit, {"train": train, "valid": valid, "test": (values, labels)})


def music(unit="ssnu"):
    """Five pieces of two to nine steps, with notes at random."""
    rng = np.random.default_rng(0)
    rolls = [(rng.random((n, 88)) < 0.05).astype(np.uint8) for n in (5, 9, 7, 6, 2)]
    return Music(unit, {"train": rolls, "valid": rolls[:2], "test": rolls})


def language(unit="ssnu"):
    """A text of seven words in a cycle."""
    words = np.arange(400) % 7
    return Language(unit, {"train": words, "valid": words[:60], "test": words[:60]}, 7)


TASKS = {"digits": digits, "music": music, "language": language}


def same_training(a, b):
    """True if two runs ended in the same bits: parameters, learning curve, devices."""

    def curve(run):
        return [{k: v for k, v in record.items() if k != "seconds"} for record in run.history]

    stores = [run.store.state() if run.store else {} for run in (a, b)]
    return (
        all(np.array_equal(p, b.network.params[name]) for name, p in a.network.params.items())
        and curve(a) == curve(b) and a.best_epoch == b.best_epoch
        and stores[0].keys() == stores[1].keys()
        and all(np.array_equal(stores[0][name], stores[1][name]) for name in stores[0]))
