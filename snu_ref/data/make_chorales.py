"""Make chorales.npz from the PyPI package music21: python -m snu_ref.data.make_chorales

The scores are the MusicXML files music21/corpus/bach/bwv*.mxl and *.xml of music21 10.5.1. Each
function below is one of the rules in README.md in this folder, which also has licence, credit and
counts. The arrays are reproducible, and the script says whether they are equal to the package's.
The bytes of the file, and so its SHA-256, also depend on the versions of Python and zlib.

Sources: music21 (M. S. Cuthbert), encodings by M. Greentree; the task, N. Boulanger-Lewandowski et
al., ICML 2012.
"""
import hashlib
import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections import Counter
from fractions import Fraction
from math import ceil

import numpy as np

from .make_digits import arguments, check_digest, read_wheel, write

PACKAGE, VERSION = "music21", "10.5.1"
WHEEL_SHA256 = "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1"
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # above C
N_VALID, N_TEST = 76, 77
SAME_SETTING = 0.5  # share of common progressions above which two pieces count as one (ours)


# ---- reading a score ----------------------------------------------------------------------------

def scores(wheel):
    """Yield (name, root element) of each Bach score in the wheel, in the order of BWV numbers."""
    files = {}
    for member in wheel.namelist():
        match = re.fullmatch(r"music21/corpus/bach/(bwv[^/]*)\.(mxl|xml)", member)
        if match:
            files[match[1]] = member
    for name in sorted(files, key=_bwv_order):
        raw = wheel.read(files[name])
        if files[name].endswith(".mxl"):  # a zip file; META-INF/container.xml names the score in it
            inner = zipfile.ZipFile(io.BytesIO(raw))
            container = ElementTree.fromstring(inner.read("META-INF/container.xml"))
            path = next(e.get("full-path") for e in container.iter() if e.tag.endswith("rootfile"))
            raw = inner.read(path)
        yield name, ElementTree.fromstring(raw)


def _bwv_order(name):
    """Sort key that puts bwv9.7 before bwv10.7: the numbers in a name as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def voice_parts(root):
    """The four voice parts of a score, soprano first, or None if it has other than these four."""
    names = {part.get("id"): (part.findtext("part-name") or "?").split()[0]
             for part in root.iter("score-part")}
    parts = [part for part in root.findall("part") if names[part.get("id")] in VOICES]
    if tuple(names[part.get("id")] for part in parts) != VOICES:
        return None
    return parts


def read_voice(part):
    """The notes of a part, [(onset, duration, MIDI pitch)], and its length, in quarter notes."""
    for tag in ("chord", "backup", "transpose"):
        if part.find(f".//{tag}") is not None:
            raise ValueError(f"a voice with <{tag}>: expected single notes at sounding pitch")
    divisions, position, notes = None, Fraction(0), []
    for element in part.iterfind("measure/*"):
        if element.tag == "attributes" and element.find("divisions") is not None:
            divisions = int(element.findtext("divisions"))  # ticks in a quarter note
        elif element.tag == "forward" or element.tag == "note" and element.find("grace") is None:
            duration = Fraction(int(element.findtext("duration")), divisions)
            pitch = element.find("pitch")  # None for a rest
            if pitch is not None:
                midi = (12 * (int(pitch.findtext("octave")) + 1) + SEMITONES[pitch.findtext("step")]
                        + int(pitch.findtext("alter") or 0))
                notes.append((position, duration, midi))
            position += duration
    return notes, position


def sample_voices(parts):
    """Pitch of each voice at each quarter note: (steps, 4) uint8, MIDI numbers, 0 = rest."""
    voices = [read_voice(part) for part in parts]
    if len({length for _, length in voices}) != 1:
        raise ValueError("parts: expected voices of equal length, got different ones")
    pitches = np.zeros((ceil(voices[0][1]), len(voices)), np.uint8)
    for column, (notes, _) in enumerate(voices):
        for onset, duration, midi in notes:
            pitches[ceil(onset):ceil(onset + duration), column] = midi
    return pitches


def signature_tonic(parts):
    """Pitch class of the signature's key: the sharps of most voices, the mode of the soprano.

    (In many files the other voices of a minor piece are marked major, or not at all.)
    """
    fifths = Counter(part.findtext(".//key/fifths") for part in parts).most_common(1)[0][0]
    minor = parts[0].findtext(".//key/mode") == "minor"
    return (7 * int(fifths) + (9 if minor else 0)) % 12


# ---- making the pieces comparable ---------------------------------------------------------------

def cut_silence(pitches):
    """Without the silent steps at both ends; a longer silence in between becomes one step."""
    sounding = pitches.any(axis=1)
    follows_sound = np.concatenate(([False], sounding[:-1]))
    pitches = pitches[sounding | follows_sound]
    return pitches if pitches[-1].any() else pitches[:-1]


def tonic(pitches, signature):
    """Pitch class of the tonic: the last bass note, or the signature's if that is its dominant."""
    last = int(pitches[-1][pitches[-1] > 0].min()) % 12
    return signature if last == (signature + 7) % 12 else last


def progressions(pitches):
    """Counter of all three successive chords, as semitones above the first one's lowest note."""
    chords = [sorted(set(row[row > 0].tolist())) for row in pitches]
    return Counter(tuple(tuple(pitch - three[0][0] for pitch in chord) for chord in three)
                   for three in zip(chords, chords[1:], chords[2:]) if all(three))


def likeness(a, b):
    """Share of the progressions of the piece with fewer that also occur in the other; in [0, 1]."""
    return sum((a & b).values()) / min(sum(a.values()), sum(b.values()))


def to_tonic_c(pitches, tonic_class):
    """The piece moved to tonic C by the smallest shift, and the shift in semitones, -6..+5."""
    shift = (6 - tonic_class) % 12 - 6
    return np.where(pitches > 0, pitches.astype(np.int16) + shift, 0).astype(np.uint8), shift


def split_of(names):
    """0 train, 1 valid, 2 test for each name, (pieces,) uint8; the SHA-256 of a name decides."""
    order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    split = np.zeros(len(names), np.uint8)
    split[order[:N_VALID]] = 1
    split[order[N_VALID:N_VALID + N_TEST]] = 2
    return split


def collect(wheel, report=print):
    """All pieces of the wheel, as the arrays of chorales.npz; what is left out is reported."""
    kept = []  # (name, pitches, shift, progressions)
    for name, root in scores(wheel):
        parts = voice_parts(root)
        if parts is None:
            report(f"{name}: left out, not four voices")
            continue
        if any(beat.text not in ("2", "4") for beat in parts[0].iterfind(".//time/beat-type")):
            report(f"{name}: left out, the beat is not a quarter or half note")
            continue
        written = cut_silence(sample_voices(parts))
        found = progressions(written)
        twins = [other for other, *_, theirs in kept if likeness(found, theirs) >= SAME_SETTING]
        if twins:
            report(f"{name}: left out, same setting as {', '.join(twins)}")
            continue
        pitches, shift = to_tonic_c(written, tonic(written, signature_tonic(parts)))
        kept.append((name, pitches, shift, found))
    names = [name for name, *_ in kept]
    pieces = [pitches for _, pitches, *_ in kept]
    return {
        "names": np.array([name.encode("ascii") for name in names]),               # (pieces,) S
        "split": split_of(names),                                                  # (pieces,)
        "shifts": np.array([shift for *_, shift, _ in kept], np.int8),             # (pieces,)
        "offsets": np.cumsum([0] + [len(p) for p in pieces], dtype=np.int32),      # (pieces + 1,)
        "pitches": np.concatenate(pieces),                                         # (steps, 4)
    }


def main():
    """Read the scores, write the file, print what was left out and the counts."""
    args = arguments("chorales.npz")
    raw = read_wheel(PACKAGE, VERSION, args.wheels)
    check_digest(PACKAGE, raw, WHEEL_SHA256)
    arrays = collect(zipfile.ZipFile(io.BytesIO(raw)))
    steps = np.diff(arrays["offsets"])
    for code, name in enumerate(("train", "valid", "test")):
        chosen = arrays["split"] == code
        print(f"{name}: {chosen.sum()} pieces, {steps[chosen].sum()} steps")
    write(args.out, arrays, "chorales.npz")


if __name__ == "__main__":
    main()
