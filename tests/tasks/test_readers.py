"""Readers of the full data: small files of the same form are read, damaged ones are named.

The expected counts and digests are set to those of the small files; that the expectations in the
package are the published ones is tested by their numbers, and by refusing the small files.
"""
import gzip
import hashlib
import io
import json
import os
import struct
import tracemalloc

import numpy as np
import pytest

from snu_ref.data import readers
from snu_ref.data.readers import DataError, MissingDataError, read_jsb, read_mnist, read_ptb

COPIES = {read_mnist: "ossci-datasets.s3.amazonaws.com/mnist",
          read_jsb: "czhuang/JSB-Chorales-dataset", read_ptb: "LDC99T42"}
MNIST_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
               "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PIECES = {"train": [[[21, 60, 64], [], [108]], [[60]]], "valid": [[[50, 62], [51]]],
          "test": [[[49]], [[70], [70, 71]]]}
LINES = {"train": " the cat sat \n the dog <unk> \n the cat N \n a a \n",
         "valid": " the dog sat \n",
         "test": " a cat \n cat cat \n"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def idx(array):
    return struct.pack(f">{1 + array.ndim}I", {3: 2051, 1: 2049}[array.ndim], *array.shape) + (
        array.tobytes())


def fails(read, folder, *words, error=DataError):
    """The message of the error that reading `folder` raises, with `words` and where to get it."""
    with pytest.raises(error) as caught:
        read(folder)
    message = str(caught.value)
    for word in (*words, COPIES[read]):
        assert word in message
    return message


# ---- MNIST --------------------------------------------------------------------------------------

@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with 7 and 5 images of 4x3, and expectations to match."""
    rng = np.random.default_rng(0)
    arrays = []
    for count in (7, 5):
        arrays.append(rng.integers(0, 256, (count, 4, 3), dtype=np.uint8))
        arrays.append(np.arange(count, dtype=np.uint8))
    monkeypatch.setattr(readers, "MNIST_ITEMS", {"train": 7, "t10k": 5})
    monkeypatch.setattr(readers, "MNIST_SHAPE", (4, 3))
    for name, array in zip(MNIST_NAMES, arrays):
        (tmp_path / name).write_bytes(idx(array))
        monkeypatch.setitem(readers.SHA256, name, sha256(idx(array)))
    return tmp_path, arrays


def rewrite(path, change):
    path.write_bytes(change(path.read_bytes()))


def test_mnist_is_read_as_written(mnist):
    folder, arrays = mnist
    for found, written in zip(read_mnist(folder), arrays):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, written)
    images = read_mnist(str(folder)).train_images
    images[0] = 0  # the arrays are the caller's own
    assert "train: 7 images of 4x3, labels 0..6" in read_mnist(folder).counts()
    assert "test: 5 images of 4x3, labels 0..4" in read_mnist(folder).counts()


def test_mnist_under_other_names_and_packed(mnist):
    folder, arrays = mnist
    for name, new in zip(MNIST_NAMES, (
            "train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte")):
        raw = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / new).write_bytes(gzip.compress(raw) if new.endswith(".gz") else raw)
    (folder / "train-images-idx3-ubyte").mkdir()  # what some unpackers make around the file
    for found, written in zip(read_mnist(folder), arrays):
        np.testing.assert_array_equal(found, written)


def test_gzip_is_told_by_the_content(mnist):
    folder, arrays = mnist
    rewrite(folder / MNIST_NAMES[0], gzip.compress)
    (folder / MNIST_NAMES[1]).rename(folder / (MNIST_NAMES[1] + ".gz"))
    np.testing.assert_array_equal(read_mnist(folder).train_images, arrays[0])


@pytest.mark.parametrize("change, words", [
    (lambda raw: raw[:-1], ["expected 100 bytes", "found 99: cut short"]),
    (lambda raw: raw[:9], ["expected 100 bytes", "found 9: cut short"]),
    (lambda raw: raw + b"\0", ["expected 100 bytes", "found more"]),
    (lambda raw: gzip.compress(raw + bytes(10**6)), ["expected 100 bytes", "found more"]),
    (lambda raw: gzip.compress(raw)[:-9], ["readable file", "Compressed file ended"]),
    (lambda raw: gzip.compress(raw)[:10] + b"\xff" * 60, ["readable file", "invalid block type"]),
    (lambda raw: gzip.compress(raw)[:-8] + bytes(8), ["readable file", "CRC"]),
    (lambda raw: b"", ["empty file"]),
    (lambda raw: b"PK\x03\x04" + raw[4:], ["magic number 2051 (images)", "found 1347093252"]),
    (lambda raw: raw[3::-1] + raw[4:], ["magic number 2051 (images)", "found 50855936"]),
    (lambda raw: raw[:4] + struct.pack(">I", 6) + raw[8:-12], ["expected 7 images", "found 6;"]),
    (lambda raw: raw[:8] + struct.pack(">2I", 3, 4) + raw[16:],
     ["expected shape (7, 4, 3)", "found (7, 3, 4)"]),
    (lambda raw: raw[:50] + bytes([raw[50] ^ 1]) + raw[51:],
     ["expected SHA-256", ": altered", "Fashion-MNIST"]),
])
def test_damaged_images_are_named(mnist, change, words):
    folder, _ = mnist
    rewrite(folder / "train-images-idx3-ubyte", change)
    fails(read_mnist, folder, str(folder / "train-images-idx3-ubyte"), *words)


def test_a_file_that_unpacks_to_more_does_not_fill_memory(mnist):
    folder, _ = mnist
    rewrite(folder / "train-images-idx3-ubyte", lambda raw: gzip.compress(raw + bytes(50_000_000)))
    tracemalloc.start()
    try:
        fails(read_mnist, folder, "expected 100 bytes", "found more")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_damaged_labels_are_named(mnist):
    folder, _ = mnist
    rewrite(folder / "t10k-labels-idx1-ubyte", lambda raw: raw[:-1] + b"\x0a")
    fails(read_mnist, folder, "t10k-labels-idx1-ubyte", "expected SHA-256", "altered")


@pytest.mark.parametrize("at, other, words", [
    (0, 1, ["magic number 2051 (images)", "found 2049 (labels)"]),
    (1, 0, ["magic number 2049 (labels)", "found 2051 (images)"]),
    (0, 2, ["expected 7 images", "found 5, as in the other half of the set"]),
    (3, 1, ["expected 5 labels", "found 7, as in the other half of the set"]),
])
def test_mixed_up_files_are_named(mnist, at, other, words):
    folder, _ = mnist
    (folder / MNIST_NAMES[at]).write_bytes((folder / MNIST_NAMES[other]).read_bytes())
    fails(read_mnist, folder, str(folder / MNIST_NAMES[at]), *words)


# ---- JSB chorales -------------------------------------------------------------------------------

@pytest.fixture
def jsb(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "JSB_COUNTS", {"train": (2, 4), "valid": (1, 2), "test": (2, 3)})
    compact = json.dumps([PIECES["train"], PIECES["valid"], PIECES["test"]]).replace(" ", "")
    monkeypatch.setitem(readers.SHA256, readers.JSB_FILE, sha256(compact.encode()))
    return tmp_path / "jsb-chorales-quarter.json"


def test_jsb_becomes_piano_rolls(jsb):
    jsb.write_text(json.dumps(PIECES))
    found = read_jsb(jsb.parent)
    for split, pieces in PIECES.items():
        rolls = getattr(found, split)
        assert len(rolls) == len(pieces)
        for roll, piece in zip(rolls, pieces):
            assert roll.shape == (len(piece), 88) and roll.dtype == np.uint8
            assert [(np.flatnonzero(step) + 21).tolist() for step in roll] == piece
            assert set(np.unique(roll)) <= {0, 1}
    assert "train: 2 chorales, 4 quarter notes" in found.counts()


def test_json_written_anew_is_the_same_data(jsb):
    backwards = dict(reversed(PIECES.items()))
    jsb.write_bytes(gzip.compress(json.dumps(backwards, indent=4).replace("\n", "\r\n").encode()))
    assert read_jsb(jsb.parent).test[1].sum() == 3


def with_note(value, split="valid"):
    pieces = json.loads(json.dumps(PIECES))
    pieces[split][-1][-1] = [value]
    return json.dumps(pieces)


@pytest.mark.parametrize("text, words", [
    (with_note(20), ["valid[0][1]: MIDI numbers 21..108", "found int 20"]),
    (with_note(109), ["valid[0][1]: MIDI numbers 21..108", "found int 109"]),
    (with_note(-1), ["found int -1"]),
    (with_note(10**1000), ["MIDI numbers 21..108", "found int 1000000"]),
    (with_note(True, "test"), ["test[1][1]: MIDI numbers", "found bool True"]),
    (with_note("60"), ["found str '60'"]),
    (with_note(60.0), ["found float 60.0"]),
    (with_note(float("nan")), ["found float nan"]),
    (with_note(None), ["found NoneType None"]),
    (with_note([60]), ["MIDI numbers 21..108", "found list"]),
    (with_note({"60": 1}), ["MIDI numbers 21..108", "found dict"]),
    (with_note(52), ["SHA-256", "altered"]),
    (json.dumps({**PIECES, "valid": {}}), ["valid: a list of pieces", "found dict"]),
    (json.dumps({**PIECES, "valid": [60]}), ["valid[0]: a list of steps", "found int 60"]),
    (json.dumps({**PIECES, "valid": [[60]]}), ["valid[0][0]: a list of MIDI numbers", "int 60"]),
    (json.dumps({**PIECES, "valid": [[]]}), ["valid[0]: a list of steps", "found list"]),
    (json.dumps({**PIECES, "valid": []}), ["expected 1 pieces in valid", "found 0"]),
    (json.dumps({**PIECES, "train": PIECES["valid"]}), ["2 pieces in train", "found 1"]),
    (json.dumps({**PIECES, "train": [[[60]] * 8] * 2}),
     ["4 steps (quarter notes) in train", "found 16", "jsb-chorales-16th.json"]),
    (json.dumps({**PIECES, "more": []}), ["train, valid, test", "str 'more'"]),
    (json.dumps({"train": []}), ["an object with train, valid, test", "found str 'train'"]),
    (json.dumps([PIECES]), ["an object with train, valid, test", "found list"]),
    (json.dumps(PIECES)[:-9], ["expected JSON", "bytes)"]),
    ("chorales", ["expected JSON", "Expecting value"]),
    ("[" * 200_000, ["expected JSON"]),
    ("9" * 5000, ["expected"]),  # more digits than newer Pythons convert
    ("", ["empty file"]),
    (b"\xff\xfe{\0}\0", ["expected UTF-8 text", "byte 0xff at 0"]),
    (gzip.compress(json.dumps(PIECES).encode())[:-10], ["readable file", "Compressed file ended"]),
])
def test_damaged_chorales_are_named(jsb, text, words):
    jsb.write_bytes(text if isinstance(text, bytes) else text.encode())
    message = fails(read_jsb, jsb.parent, str(jsb), *words)
    assert len(message) < 600  # says where and what, not the whole file


def test_every_number_of_the_chorales_counts(jsb):
    for split, pieces in PIECES.items():
        for i, piece in enumerate(pieces):
            for t, step in enumerate(piece):
                for k in range(len(step)):
                    altered = json.loads(json.dumps(PIECES))
                    altered[split][i][t][k] ^= 2 if step[k] == 108 else 1 if step[k] > 21 else 2
                    jsb.write_text(json.dumps(altered))
                    fails(read_jsb, jsb.parent)


# ---- Penn Treebank ------------------------------------------------------------------------------

@pytest.fixture
def ptb(tmp_path, monkeypatch):
    counts = {}
    for split, text in LINES.items():
        name = f"ptb.{split}.txt"
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
        tokens = text.replace("\n", "<eos>").split()
        counts[name] = len(tokens)
        monkeypatch.setitem(readers.SHA256, name, sha256(" ".join(tokens).encode()))
    monkeypatch.setattr(readers, "PTB_TOKENS", counts)
    return tmp_path


def test_ptb_by_falling_frequency_ties_in_code_point_order(ptb):
    found = read_ptb(ptb)
    assert found.vocabulary == ("<eos>", "the", "a", "cat", "<unk>", "N", "dog", "sat")
    for split in LINES:
        ids = getattr(found, split)
        assert ids.dtype == np.int64
        assert [found.vocabulary[i] for i in ids] == LINES[split].replace("\n", "<eos>").split()
    assert found.train.tolist()[:4] == [1, 3, 7, 0]
    assert "train: 15 tokens with <eos>" in found.counts() and "8 words" in found.counts()


@pytest.mark.parametrize("change", [
    lambda raw: raw.replace(b"\n", b"\r\n"), lambda raw: b"\xef\xbb\xbf" + raw, gzip.compress,
    lambda raw: raw.rstrip(), lambda raw: raw.replace(b" ", b"  ")])
def test_other_white_space_is_the_same_text(ptb, change):
    expected = read_ptb(ptb)
    for split in LINES:
        rewrite(ptb / f"ptb.{split}.txt", change)
    found = read_ptb(ptb)
    for before, after in zip(expected, found):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("split, change, words", [
    ("train", lambda raw: raw[:-7], ["expected 15 tokens with <eos>", "found 12"]),
    ("train", lambda raw: raw.replace(b"cat N", b"cat cat"), ["SHA-256", "altered"]),
    ("train", lambda raw: raw.replace(b"cat N", b"N cat"), ["SHA-256", "altered"]),
    ("train", lambda raw: raw.replace(b"dog", b"cow"), ["SHA-256", "altered"]),  # not valid's fault
    ("valid", lambda raw: raw.replace(b"dog", b"cow"), ["SHA-256", "altered"]),
    ("valid", lambda raw: raw.replace(b"dog", b"cat"), ["SHA-256", "altered"]),
    ("valid", lambda raw: raw.replace(b"dog sat", b"dog\nsat"), ["expected 4 tokens", "found 5"]),
    ("valid", lambda raw: raw + b"\n", ["expected 4 tokens", "found 5"]),
    ("test", lambda raw: raw.replace(b"a", b"\xe4"), ["UTF-8 text", "byte 0xe4 at 1"]),
    ("test", lambda raw: b"", ["empty file"]),
    ("test", lambda raw: gzip.compress(raw)[:-3], ["readable file", "Compressed file ended"]),
])
def test_damaged_text_is_named(ptb, split, change, words):
    path = ptb / f"ptb.{split}.txt"
    rewrite(path, change)
    fails(read_ptb, ptb, str(path), *words)


def test_test_text_in_place_of_train_is_named(ptb):
    (ptb / "ptb.train.txt").write_bytes((ptb / "ptb.test.txt").read_bytes())
    fails(read_ptb, ptb, str(ptb / "ptb.train.txt"), "expected 15", "found 6, as in ptb.test.txt")


# ---- one byte ------------------------------------------------------------------------------------

def one_byte_each(path, read, rng, packed=False):
    """How many of the alterations of one byte of a file, at every place, were noticed.

    One that goes unnoticed must leave the data as they are (white space, the time in a gzip
    header).
    """
    raw = path.read_bytes()
    path.write_bytes(gzip.compress(raw, mtime=0) if packed else raw)
    blob, expected = path.read_bytes(), read(path.parent)
    noticed = 0
    for i, other in enumerate(rng.integers(1, 256, len(blob))):
        path.write_bytes(blob[:i] + bytes([blob[i] ^ other]) + blob[i + 1:])
        try:
            found = read(path.parent)
        except DataError as error:
            assert str(path) in str(error) and COPIES[read] in str(error) and "\n" not in str(error)
            noticed += 1
        else:
            for before, after in zip(expected, found):
                assert all(np.array_equal(a, b) for a, b in zip(before, after))
    path.write_bytes(raw)
    return noticed / len(blob)


@pytest.mark.parametrize("packed", [False, True])
def test_one_altered_byte_of_mnist_is_noticed(mnist, packed):
    folder, _ = mnist
    for name in MNIST_NAMES:
        share = one_byte_each(folder / name, read_mnist, np.random.default_rng(0), packed)
        assert share == 1 if not packed else share > 0.8  # ten bytes of a gzip header say little


@pytest.mark.parametrize("packed", [False, True])
def test_one_altered_byte_of_the_chorales_is_noticed(jsb, packed):
    jsb.write_text(json.dumps(PIECES))
    assert one_byte_each(jsb, read_jsb, np.random.default_rng(1), packed) > 0.8


@pytest.mark.parametrize("packed", [False, True])
def test_one_altered_byte_of_penn_treebank_is_noticed(ptb, packed):
    for split in LINES:
        assert (
            one_byte_each(ptb / f"ptb.{split}.txt", read_ptb, np.random.default_rng(2), packed)
            > 0.5
        )


# ---- folders and files --------------------------------------------------------------------------

@pytest.mark.parametrize("read, name", [
    (read_mnist, "train-images-idx3-ubyte"), (read_jsb, "jsb-chorales-quarter.json"),
    (read_ptb, "ptb.train.txt")])
def test_what_is_missing_or_not_a_file(tmp_path, read, name):
    gone = fails(read, tmp_path / "gone", str(tmp_path / "gone"), name, "found nothing",
                 error=MissingDataError)
    assert "expected a folder" in gone
    fails(read, tmp_path, str(tmp_path), name, "found an empty folder", error=FileNotFoundError)
    (tmp_path / "other.txt").write_text("x")
    fails(read, tmp_path, name, "found other.txt", error=MissingDataError)
    fails(read, tmp_path / "other.txt", "expected a folder", "found a file")
    (tmp_path / name).mkdir()
    fails(read, tmp_path, str(tmp_path / name), "expected a file, found a folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang_the_reader(tmp_path):
    os.mkfifo(tmp_path / "jsb-chorales-quarter.json")
    fails(read_jsb, tmp_path, "expected a file, found a pipe")


def test_a_link_to_nowhere_is_not_taken_for_the_file(tmp_path):
    os.symlink(tmp_path / "gone", tmp_path / "jsb-chorales-quarter.json")
    fails(read_jsb, tmp_path, "jsb-chorales-quarter.json: expected a file, found a link to nowhere")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "read, name", [(read_jsb, "jsb-chorales-quarter.json"), (read_ptb, "ptb.train.txt")]
)
def test_a_text_without_end_is_refused_before_it_is_read(tmp_path, monkeypatch, read, name, packed):
    monkeypatch.setattr(readers, "TEXT_BYTES", 1000)
    raw = b"a " * 501
    (tmp_path / name).write_bytes(gzip.compress(raw) if packed else raw)
    fails(read, tmp_path, name, "expected at most 1,000 bytes, found more")
    (tmp_path / name).write_bytes(gzip.compress(raw[:1000]) if packed else raw[:1000])
    assert "at most" not in fails(read, tmp_path, name)


def test_names_of_files_are_shown_without_control_characters(tmp_path):
    (tmp_path / "\x1b]0;title\x07.txt").write_text("x")
    assert "\x1b" not in fails(read_jsb, tmp_path, "found \\x1b]0;title\\x07.txt")


def test_missing_is_a_data_error_and_a_value_error():
    assert issubclass(MissingDataError, DataError) and issubclass(DataError, ValueError)


def test_a_pickle_is_never_opened(tmp_path, monkeypatch):
    import pickle

    def refuse(*_, **__):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    for read, names in ((read_mnist, MNIST_NAMES), (read_jsb, [readers.JSB_FILE]),
                        (read_ptb, readers.PTB_TOKENS)):
        for name in names:
            (tmp_path / name).write_bytes(b"\x80\x04K\x01.")
        fails(read, tmp_path, "expected")
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / MNIST_NAMES[0]).write_bytes(buffer.getvalue())
    fails(read_mnist, tmp_path, "magic number 2051 (images)")


def test_eight_of_the_files_that_are_there_are_listed(tmp_path):
    for i in range(9):
        (tmp_path / f"file{i}").touch()
        end = ", ...;" if i == 8 else f"file{i};"
        fails(read_jsb, tmp_path, "found file0", end)
    assert "file7" in fails(read_jsb, tmp_path) and "file8" not in fails(read_jsb, tmp_path)


def test_published_counts_refuse_small_files(tmp_path):
    """With the package's own expectations: the counts of the data sets, and no smaller copy."""
    images = np.zeros((6, 28, 28), np.uint8)
    (tmp_path / MNIST_NAMES[0]).write_bytes(idx(images))
    fails(read_mnist, tmp_path, "expected 60000 images", "found 6;")
    (tmp_path / MNIST_NAMES[0]).write_bytes(idx(images)[:4] + struct.pack(">3I", 60000, 28, 28))
    fails(read_mnist, tmp_path, "expected 47040016 bytes", "found 16: cut short")
    (tmp_path / readers.JSB_FILE).write_text(json.dumps(PIECES))
    fails(read_jsb, tmp_path, "expected 229 pieces in train", "found 2;")
    for split, text in LINES.items():
        (tmp_path / f"ptb.{split}.txt").write_text(text)
    fails(read_ptb, tmp_path, "expected 929589 tokens with <eos>", "found 15;")


@pytest.mark.parametrize("short", ["train", "valid", "test"])
def test_the_published_counts_of_steps_are_those_of_the_chorales(tmp_path, short):
    """Quarter notes in each split of the file as N. Boulanger-Lewandowski et al. cut it."""
    pieces = {"train": (229, 13807), "valid": (76, 4602), "test": (77, 4725)}
    data = {split: [[[60]]] * (n - 1) + [[[60]] * (steps - n + 1 - (split == short))]
            for split, (n, steps) in pieces.items()}
    (tmp_path / readers.JSB_FILE).write_text(json.dumps(data))
    fails(read_jsb, tmp_path, f"expected {pieces[short][1]} steps (quarter notes) in {short}",
          f"found {pieces[short][1] - 1};")


def test_expectations_are_complete():
    assert set(readers.SHA256) == {*MNIST_NAMES, readers.JSB_FILE, *readers.PTB_TOKENS}
    assert all(len(digest) == 64 for digest in readers.SHA256.values())
    assert [pieces for pieces, _ in readers.JSB_COUNTS.values()] == [229, 76, 77]
    assert list(readers.PTB_TOKENS.values()) == [929589, 73760, 82430]
