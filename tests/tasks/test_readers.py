"""Readers of the full data: small files of the same form are read, damaged ones are named.

The expected counts and digests are set to those of the small files; that the expectations in the
package are the published ones is tested by their numbers, and by refusing the small files.
"""
import gzip
import json
import struct
import tracemalloc

import numpy as np
import pytest

from snu_ref.data.readers import read_jsb, read_mnist, read_ptb
from helpers.full_sets import LINES, MNIST_NAMES, PIECES, fails, rewrite
from helpers.full_sets import jsb, mnist, ptb  # noqa: F401, fixtures


# ---- MNIST --------------------------------------------------------------------------------------

def test_mnist_is_read_as_written(mnist):
    folder, arrays = mnist
    for found, written in zip(read_mnist(folder), arrays):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, written)
    images = read_mnist(str(folder)).train_images
    images[0] = 0  # the arrays are the caller's own


def test_mnist_under_other_names_and_packed(mnist):
    folder, arrays = mnist
    for name, new in zip(MNIST_NAMES, (
            "train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte")):
        raw = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / new).write_bytes(gzip.compress(raw) if new.endswith(".gz") else raw)
    (folder / "train-images-idx3-ubyte").mkdir()  # some unpackers make such a folder
    for found, written in zip(read_mnist(folder), arrays):
        np.testing.assert_array_equal(found, written)


def test_gzip_is_told_by_the_content(mnist):
    folder, arrays = mnist
    rewrite(folder / MNIST_NAMES[0], gzip.compress)
    (folder / MNIST_NAMES[1]).rename(folder / (MNIST_NAMES[1] + ".gz"))
    np.testing.assert_array_equal(read_mnist(folder).train_images, arrays[0])


@pytest.mark.parametrize("change, words", [
    (lambda raw: raw[:-1], ["expected 100 bytes", "found 99: cut short"]),
    (lambda raw: raw[:9], ["a header of 16 bytes", "found 9: cut short"]),
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
    (3, 1, ["expected 5 labels", "found 7, as in the other half of the set"])])
def test_mixed_up_files_are_named(mnist, at, other, words):
    folder, _ = mnist
    (folder / MNIST_NAMES[at]).write_bytes((folder / MNIST_NAMES[other]).read_bytes())
    fails(read_mnist, folder, str(folder / MNIST_NAMES[at]), *words)


# ---- JSB chorales -------------------------------------------------------------------------------

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

def test_ptb_by_falling_frequency_ties_in_code_point_order(ptb):
    found = read_ptb(ptb)
    assert found.vocabulary == ("<eos>", "the", "a", "cat", "<unk>", "N", "dog", "sat")
    for split in LINES:
        ids = getattr(found, split)
        assert ids.dtype == np.int64
        assert [found.vocabulary[i] for i in ids] == LINES[split].replace("\n", "<eos>").split()
    assert found.train.tolist()[:4] == [1, 3, 7, 0]


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
    ("train", lambda raw: raw.replace(b"dog", b"cow"), ["SHA-256", "altered"]),  # in train
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
