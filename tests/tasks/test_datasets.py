"""The embedded data: known facts about them, errors of the loaders, how they were made."""
import doctest
import hashlib
import importlib.resources
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from snu_ref.data import datasets
from snu_ref.data import make
from snu_ref.data.datasets import DataFileError, load_chorales, load_digits, piano_roll

LOADERS = {"digits.npz": load_digits, "chorales.npz": load_chorales}
DIGITS, CHORALES = load_digits(), load_chorales()
PIECES = CHORALES.train + CHORALES.valid + CHORALES.test


def raw(filename):
    return (importlib.resources.files("snu_ref") / "data" / filename).read_bytes()


# ---- digits -------------------------------------------------------------------------------------

def test_digits_have_the_class_counts_that_uci_publishes():
    # file optdigits.names of the UCI set
    for labels, counts in ((DIGITS.train_labels, "376 389 380 389 387 376 377 387 380 382"),
                           (DIGITS.test_labels, "178 182 177 183 181 182 181 179 174 180")):
        assert np.bincount(labels).tolist() == [int(count) for count in counts.split()]


def test_digits_give_the_nearest_neighbour_accuracy_that_uci_publishes():
    # optdigits.names: k-nn with the Euclidean distance, k = 1: 98.00 % of the test half
    train, test = (images.reshape(-1, 64).astype(float)
                   for images in (DIGITS.train_images, DIGITS.test_images))
    distance = (train ** 2).sum(axis=1) - 2 * test @ train.T  # (1797, 3823), less the test norms
    right = DIGITS.train_labels[distance.argmin(axis=1)] == DIGITS.test_labels
    assert round(100 * right.mean(), 2) == 98.00


def test_what_print_shows_is_short():
    assert repr(load_digits()) == "Digits(3823 train, 1797 test)"
    assert repr(load_chorales()) == "Splits(229 train, 76 valid, 77 test)"


def test_digits_are_counts_of_dark_pixels_row_by_row():
    for images in (DIGITS.train_images, DIGITS.test_images):
        assert images.dtype == np.uint8 and images.min() == 0 and images.max() == 16
    seven = DIGITS.train_images[DIGITS.train_labels == 7].mean(axis=0)
    assert seven[0].sum() > 2 * seven[7].sum() > 2 * seven[:, 0].sum()  # dark at the top only


def test_no_image_is_in_both_halves():
    train = {image.tobytes() for image in DIGITS.train_images}
    assert not any(image.tobytes() in train for image in DIGITS.test_images)


# ---- chorales -----------------------------------------------------------------------------------

def test_splits_have_the_sizes_of_the_published_task_and_share_no_piece():
    assert [len(split) for split in CHORALES] == [229, 76, 77]
    assert len({piece.name for piece in PIECES}) == 382
    pitches = [piece.pitches.astype(int) for piece in PIECES]
    intervals = {np.where(p > 0, p - p[0].max(), 99).tobytes() for p in pitches}  # 99 for a rest
    assert len(intervals) == 382  # nor the same piece in another key


@pytest.mark.parametrize("name, melody", [  # the tunes as hymnals have them, from the first quarter
    ("bwv80.8", "D5 D5 D5 A4 C#5 D5 B4 A4"),    # Ein feste Burg ist unser Gott
    ("bwv140.7", "D#4 G4 A#4 A#4 A#4 A#4 C5"),  # Wachet auf, in E flat
    ("bwv244.54", "A4 D5 C5 A#4 A4 G4 G4 A4"),  # O Haupt voll Blut und Wunden
])
def test_known_melodies_are_in_the_soprano_at_written_pitch(name, melody):
    piece = next(piece for piece in PIECES if piece.name == name)
    note = "C C# D D# E F F# G G# A A# B".split()
    expected = [note.index(n[:-1]) + 12 * (int(n[-1]) + 1) for n in melody.split()]
    assert (piece.pitches[:len(expected), 0].astype(int) - piece.shift).tolist() == expected


def test_pieces_end_on_c_or_its_dominant_and_mostly_in_c_major():
    last = [{int(pitch) % 12 for pitch in piece.pitches[-1] if pitch} for piece in PIECES]
    bass = [int(piece.pitches[-1][piece.pitches[-1] > 0].min()) % 12 for piece in PIECES]
    assert set(bass) == {0, 7} and bass.count(7) < 0.1 * len(PIECES)
    # minor pieces, too: most of them end on a major chord (Picardy third)
    assert sum(chord == {0, 4, 7} for chord in last) > 0.8 * len(PIECES)
    thirds = [np.bincount(piece.pitches.ravel() % 12, minlength=12)[3:5] for piece in PIECES]
    assert 0.35 < np.mean([minor > major for minor, major in thirds]) < 0.65


def test_voices_are_ordered_singable_and_move_by_steps():
    assert all(-6 <= piece.shift <= 5 for piece in PIECES)
    pitches = np.concatenate([piece.pitches for piece in PIECES]).astype(int)
    full = pitches[(pitches > 0).all(axis=1)]
    assert (np.diff(full, axis=1) <= 0).mean() > 0.98  # crossings are rare
    ranges = [(55, 84), (50, 79), (45, 74), (31, 67)]  # of choir voices, plus the shift to C
    for column, (low, high) in zip(pitches.T, ranges):
        assert low <= column[column > 0].min() and column.max() <= high
    assert (np.abs(np.diff(full[:, 0])) <= 2).mean() > 0.75


def test_silence_is_never_at_an_end_and_never_longer_than_a_step():
    for piece in PIECES:
        sounding = piece.pitches.any(axis=1)
        assert sounding[0] and sounding[-1]
        assert (sounding[1:] | sounding[:-1]).all()


def test_the_split_is_drawn_from_the_names_alone():
    names = sorted((piece.name for piece in PIECES), reverse=True)
    split = dict(zip(names, make.split_of(names)))
    for code, part in enumerate(CHORALES):
        assert {split[piece.name] for piece in part} == {code}


# ---- piano rolls --------------------------------------------------------------------------------

def test_piano_roll_has_a_key_for_every_pitch_that_sounds():
    pitches = PIECES[0].pitches
    roll = piano_roll(pitches)
    assert roll.shape == (len(pitches), 88) and roll.dtype == np.uint8
    assert all(set(np.nonzero(keys)[0] + 21) == set(row[row > 0])
               for row, keys in zip(pitches, roll))
    roll = piano_roll(np.array([[21, 108], [60, 60], [0, 0]]))  # both ends, unison, rest
    assert [np.nonzero(row)[0].tolist() for row in roll] == [[0, 87], [39], []]


@pytest.mark.parametrize("pitches, error, message", [
    ([[60]], TypeError, "pitches: expected a NumPy array of integers .* got list"),
    (np.array([[60.0]]), TypeError, "got float64"),
    (np.array([60]), ValueError, r"shape \(steps, voices\), got \(1,\)"),
    (np.array([[60, 109]]), ValueError, "MIDI 21..108, .* got 109"),
    (np.array([[20, 60]], np.uint8), ValueError, "got 20"),
    (np.array([[-1, 60]]), ValueError, "got -1")])
def test_piano_roll_refuses(pitches, error, message):
    with pytest.raises(error, match=message):
        piano_roll(pitches)


# ---- the files ----------------------------------------------------------------------------------

def test_files_are_small_and_the_examples_right():
    assert sum(len(raw(name)) for name in LOADERS) < 300_000
    assert doctest.testmod(datasets) == (0, 6)


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("damage", [
    lambda b: b[:len(b) // 2], lambda b: b"", lambda b: b + b"\0",
    lambda b: b[:9999] + bytes([b[9999] ^ 1]) + b[10000:],
], ids=["half", "empty", "one byte more", "one bit"])
def test_a_damaged_file_is_named(name, damage, tmp_path, monkeypatch):
    content = damage(raw(name))
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    with pytest.raises(DataFileError) as failure:
        LOADERS[name]()
    assert f"{tmp_path / name}: expected" in str(failure.value)
    for part in (datasets.SHA256[name], f"{hashlib.sha256(content).hexdigest()}: truncated or "
                 "altered") if content else ("found an empty file",):
        assert part in str(failure.value)


@pytest.mark.parametrize("name", LOADERS)
def test_a_missing_file_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=f"{name}: expected a file, found nothing; it belongs to"):
        LOADERS[name]()


# ---- how the chorales were made -----------------------------------------------------------------

def voice(*elements, fifths=0, mode="major"):
    """A part of one bar, two ticks a quarter; C4:2 is a note, rest:2 a rest, all else XML."""
    bar = (f"<attributes><divisions>2</divisions><key><fifths>{fifths}</fifths><mode>{mode}</mode>"
           "</key></attributes>")
    for element in elements:
        if match := re.fullmatch(r"([A-G])(#?)(\d):(\d+)", element):
            bar += (f"<note><pitch><step>{match[1]}</step><alter>{len(match[2])}</alter>"
                    f"<octave>{match[3]}</octave></pitch><duration>{match[4]}</duration></note>")
        elif element.startswith("rest:"):
            bar += f"<note><rest/><duration>{element[5:]}</duration></note>"
        else:
            bar += element
    return ElementTree.fromstring(f"<part><measure>{bar}</measure></part>")


def test_a_voice_is_sampled_at_each_quarter():
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    parts = [voice("C4:1", "D4:1", "E4:4", "rest:2"),  # an eighth off the beat is not heard
             voice(grace, "F#4:3", "G4:1", "A4:2", "rest:2"),
             voice("rest:2", "C3:6"),
             voice("B2:4", "<forward><duration>2</duration></forward>", "C2:2")]
    assert make.sample_voices(parts).tolist() == [
        [60, 66, 0, 47], [64, 66, 48, 47], [64, 69, 48, 0], [0, 0, 48, 36]]


@pytest.mark.parametrize("element, tag", [
    ("<backup><duration>2</duration></backup>", "backup"),
    ("<note><chord/><pitch/></note>", "chord"),
    ("<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>", "transpose")])
def test_voices_that_cannot_be_read_simply_are_refused(element, tag):
    with pytest.raises(ValueError, match=f"a voice with <{tag}>"):
        make.read_voice(voice("C4:2", element))
    with pytest.raises(ValueError, match="voices of equal length"):
        make.sample_voices([voice("C4:2"), voice("C4:4")])


def test_only_scores_of_four_voices_are_taken():
    def score(*names):
        parts = "".join(f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>'
                        for i, name in enumerate(names))
        bodies = "".join(f'<part id="P{i}"/>' for i in range(len(names)))
        return ElementTree.fromstring(f"<score><part-list>{parts}</part-list>{bodies}</score>")
    choir = "Alto", "Tenor", "Bass"
    found = make.voice_parts(score("Horn 1", "Soprano Oboe 1", *choir, "Continuo"))
    assert [part.get("id") for part in found] == ["P1", "P2", "P3", "P4"]
    assert make.voice_parts(score("Soprano 1", "Soprano 2", *choir)) is None
    assert make.voice_parts(score("Piano")) is None


@pytest.mark.parametrize("last_bass, fifths, mode, expected", [
    (48, 0, "major", 0),   # C major, ends on C
    (45, 0, "minor", 9),   # A minor, ends on A
    (52, 0, "minor", 9),   # A minor, ends on its dominant E
    (50, 0, "minor", 2),   # signature of A minor, ends on D: Dorian
    (55, -1, "minor", 7),  # signature of D minor, ends on G: Dorian
])
def test_tonic(last_bass, fifths, mode, expected):
    parts = [voice(fifths=fifths, mode=mode)] + 3 * [voice(fifths=fifths)]
    pitches = np.array([[72, 67, 64, 48], [74, 0, 0, last_bass]], np.uint8)
    assert make.tonic(pitches, make.signature_tonic(parts)) == expected


def test_shift_to_c_is_the_nearest_and_undoes_any_transposition():
    c_major = np.array([[72, 67, 64, 48], [71, 67, 0, 55]], np.uint8)
    shifts = []
    for up in range(12):
        moved = np.where(c_major > 0, c_major + up, 0).astype(np.uint8)
        back, shift = make.to_tonic_c(moved, up)
        shifts.append(shift)
        assert back.dtype == np.uint8 and ((back == 0) == (c_major == 0)).all()
        assert (back % 12 == c_major % 12).all()  # a rest stays 0
    assert shifts == [0, -1, -2, -3, -4, -5, -6, 5, 4, 3, 2, 1]


def test_cut_silence():
    pitches = np.array([0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0], np.uint8)[:, None]
    assert make.cut_silence(pitches)[:, 0].tolist() == [1, 0, 2, 0, 3]


def test_likeness_knows_a_setting_in_another_key_and_only_that():
    piece, count = PIECES[0].pitches, make.progressions
    for other in (piece + np.uint8(3), piece[8:20]):  # in another key, a part of it
        assert make.likeness(count(piece), count(other)) == 1
    for other in (PIECES[1].pitches, piece[::-1]):
        assert make.likeness(count(piece), count(other)) < 0.2


# ---- the scripts --------------------------------------------------------------------------------

def test_a_missing_or_wrong_source_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no wheel dxc_rl-1.0.3.5-"):
        make.read_wheel("DXC-RL", "1.0.3.5", tmp_path)
    (tmp_path / "DXC_RL-1.0.3.5-py3-none-any.whl").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"DXC_RL.*: expected SHA-256 00, found 2d711642"):
        make.read_wheel("DXC-RL", "1.0.3.5", tmp_path).check_digest("00", b"x")


def test_a_remade_file_is_compared_with_the_one_in_the_package(tmp_path, capsys):
    arrays = DIGITS._asdict()
    for change, verdict in ((0, "equal to"), (1, "DIFFERENT from")):
        arrays["test_labels"] = DIGITS.test_labels ^ np.uint8(change)
        make.write(tmp_path / "remade.npz", arrays, "digits.npz")
        assert f"arrays {verdict}" in capsys.readouterr().out
