"""The two real data sets inside the package: handwritten digits, and chorales by J. S. Bach.

README.md in the folder data has source, licence and credit, and says how the files were made. Each
file is first compared with the SHA-256 below, then opened without pickle. A truncated or altered
file is never opened: a DataError (a ValueError) names it, what was expected and what was found.
"""
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import validation
from .data_file import DataError, read_file

FOLDER = Path(__file__).parent
N_KEYS = 88        # keys of a piano
LOWEST_KEY = 21    # MIDI number of the lowest, A0; the highest, C8, is 108

SHA256 = {
    "digits.npz": "e9355b56286ec609ffdc8a3c6fc7f04eea8b3a586ba6f8e9c87b99ab2304e565",
    "chorales.npz": "2efaf8cb52f3e92602265d8e03971b34f7e31c92cc8302353a919fc043616455",
}


DataFileError = DataError  # its name in 0.1.0


class Digits(NamedTuple):
    """Images of handwritten digits, row by row, 0 for white, and the digit that each shows."""
    train_images: np.ndarray  # (N, height, width) uint8
    train_labels: np.ndarray  # (N,) uint8, 0..9
    test_images: np.ndarray   # by other writers
    test_labels: np.ndarray

    def __repr__(self):
        return f"Digits({len(self.train_labels)} train, {len(self.test_labels)} test)"


class Chorale(NamedTuple):
    """One piece, moved to tonic C; a step is a quarter note."""
    name: str            # BWV number as in the music21 corpus, such as "bwv269"
    shift: int           # semitones added to the written pitches, -6..+5
    pitches: np.ndarray  # (steps, 4) uint8: MIDI of soprano, alto, tenor, bass; 0 = rest


class Splits(NamedTuple):
    """The parts of a data set, each a list or tuple."""
    train: Any
    valid: Any
    test: Any

    def __repr__(self):
        return f"Splits({', '.join(f'{len(part)} {n}' for n, part in self._asdict().items())})"


def load_digits():
    """The UCI digits as `Digits`; divide by 16 for values in [0, 1].

    A pixel counts the dark pixels in a 4x4 block, 0 to 16; 30 writers for training, 13 for test.
    Source: E. Alpaydin and C. Kaynak, doi 10.24432/C50P49, CC BY 4.0.

    >>> digits = load_digits()
    >>> digits.train_images.shape, digits.test_images.shape
    ((3823, 8, 8), (1797, 8, 8))
    """
    return Digits(**_load("digits.npz"))


def load_chorales():
    """The chorales as `Splits`, a `Chorale` for each piece, in the order of BWV numbers.

    Source: the MusicXML corpus of music21 10.5.1, encoded by M. Greentree.

    >>> chorales = load_chorales()
    >>> [len(split) for split in chorales]
    [229, 76, 77]
    >>> chorales.train[0].name, piano_roll(chorales.train[0].pitches).shape
    ('bwv3.6', (32, 88))
    """
    file = _load("chorales.npz")  # README.md beside this file describes the arrays
    pitches = np.split(file["pitches"], file["offsets"][1:-1])
    pieces = [Chorale(name.decode("ascii"), int(shift), steps)
              for name, shift, steps in zip(file["names"], file["shifts"], pitches)]
    return Splits(*(tuple(piece for piece, code in zip(pieces, file["split"]) if code == wanted)
                    for wanted in (0, 1, 2)))


def piano_roll(pitches):
    """Keys that sound at each step: roll[t, k] = 1 if a voice has MIDI pitch k + 21 at step t.

    This is the form in which networks see a piece.
    pitches: integer array (steps, voices), MIDI 21..108, 0 = rest; voices on one pitch share a key.
    Returns (steps, 88) uint8. Raises TypeError (not an integer array), ValueError (shape, range).

    >>> piano_roll(np.array([[72, 67, 64, 48]])).nonzero()[1] + 21
    array([48, 64, 67, 72])
    """
    validation.array("pitches", pitches, ("steps", "voices"), "integers")
    rests = pitches == 0
    wrong = ~rests & ((pitches < LOWEST_KEY) | (pitches >= LOWEST_KEY + N_KEYS))
    if wrong.any():
        raise ValueError(f"pitches: expected MIDI {LOWEST_KEY}..{LOWEST_KEY + N_KEYS - 1}, or 0 "
                         f"for a rest, got {pitches[wrong][0]}")
    roll = np.zeros((len(pitches), N_KEYS), np.uint8)  # (steps, 88)
    steps, voices = np.nonzero(~rests)
    roll[steps, pitches[steps, voices].astype(np.intp) - LOWEST_KEY] = 1
    return roll


def _load(filename):
    """The arrays of a data file. The digest also fixes their names, dtypes, shapes."""
    file = read_file(FOLDER / filename, "it belongs to snu_ref: install snu_ref again", 2 ** 20)
    file.check_digest(SHA256[filename], file.raw, "truncated or altered")
    with np.load(io.BytesIO(file.raw), allow_pickle=False) as arrays:
        return dict(arrays)
