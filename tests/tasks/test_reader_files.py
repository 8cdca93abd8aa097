"""Readers of the full data: any altered byte is noticed, and every bad file is named."""
import gzip
import io
import json
import os
import struct

import numpy as np
import pytest

from snu_ref.data import readers
from snu_ref.data.data_file import read_file
from snu_ref.data.readers import DataError, MissingDataError, read_jsb, read_mnist, read_ptb
from helpers.full_sets import COPIES, LINES, MNIST_NAMES, PIECES, fails, idx
from helpers.full_sets import jsb, mnist, ptb  # noqa: F401, fixtures


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
        assert share == 1 if not packed else share > 0.8  # parts of gzip's header are not read


@pytest.mark.parametrize("packed", [False, True])
def test_one_altered_byte_of_the_chorales_is_noticed(jsb, packed):
    jsb.write_text(json.dumps(PIECES))
    assert one_byte_each(jsb, read_jsb, np.random.default_rng(1), packed) > 0.8


@pytest.mark.parametrize("packed", [False, True])
def test_one_altered_byte_of_penn_treebank_is_noticed(ptb, packed):
    for split in LINES:
        assert (
            one_byte_each(ptb / f"ptb.{split}.txt", read_ptb, np.random.default_rng(2), packed)
            > 0.5)


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
    "read, name", [(read_jsb, "jsb-chorales-quarter.json"), (read_ptb, "ptb.train.txt")])
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
    (tmp_path / MNIST_NAMES[0]).write_bytes(idx(images)[:16])
    fails(read_mnist, tmp_path, "expected 60000 images", "found 6;")
    (tmp_path / MNIST_NAMES[0]).write_bytes(idx(images)[:15])
    fails(read_mnist, tmp_path, "expected a header of 16 bytes", "found 15: cut short")
    (tmp_path / MNIST_NAMES[0]).write_bytes(idx(images)[:4] + struct.pack(">3I", 60000, 28, 28))
    fails(read_mnist, tmp_path, "expected 47,040,016 bytes", "found 16: cut short")
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


def test_of_a_file_that_is_too_large_one_byte_more_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"1234567")
    assert read_file(path, "copies", 7).raw == b"1234567"
    assert read_file(path, "copies", 5, whole=False).raw == b"123456"
    for most in (5, 6):
        with pytest.raises(DataError, match=f"expected at most {most} bytes, found more"):
            read_file(path, "copies", most)
