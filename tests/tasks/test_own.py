"""A user's own data: the formats of the published sets, documented splits, named errors."""

import gzip
import json
import struct
import tracemalloc

import numpy as np
import pytest

from snu_ref.data import own
from snu_ref.data.own import read_images, read_text, read_tunes
from snu_ref.data.readers import DataError, MissingDataError
from snu_ref.tasks.loading import OWN, load_task
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.run import run_task


def idx(array):
    magic = {3: 2051, 1: 2049}[array.ndim]
    return (
        struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.astype(np.uint8).tobytes())


def write_set(folder, n=40, side=5, name="letters-train-{}-idx", first=1, classes=3, seed=0):
    """n images whose pixels give away the class, labels first, first + 2, first + 4 ..."""
    rng = np.random.default_rng(seed)
    labels = first + 2 * (np.arange(n) % classes)
    images = rng.integers(0, 60, (n, side, side))
    images[np.arange(n), labels % side, 0] = 255
    (folder / name.format("images")).write_bytes(idx(images))
    (folder / name.format("labels")).write_bytes(idx(labels))
    return images, labels


def refused(read, path, *words):
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    for word in (str(path), "expected", "found", *words):
        assert word in message, message


# ---- images -------------------------------------------------------------------------------------

def test_images_without_a_test_half_are_split_in_tenths(tmp_path):
    images, labels = write_set(tmp_path)
    splits, classes = read_images(tmp_path)
    assert classes.tolist() == [1, 3, 5]
    assert {name: len(of) for name, (_, of) in splits.items()} == {
        "train": 32, "valid": 4, "test": 4}
    values = np.concatenate([splits[name][0] for name in ("train", "valid", "test")])
    np.testing.assert_array_equal(np.round(255 * values).reshape(images.shape), images)
    places = np.concatenate([splits[name][1] for name in ("train", "valid", "test")])
    np.testing.assert_array_equal(classes[places], labels)
    assert values.dtype == np.float32


def test_images_with_a_test_half_keep_it_and_gzip_is_read(tmp_path):
    write_set(tmp_path)
    images, labels = write_set(tmp_path, 11, name="letters-test-{}-idx", seed=1)
    for path in list(tmp_path.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    splits, classes = read_images(tmp_path)
    assert {name: len(of) for name, (_, of) in splits.items()} == {
        "train": 36, "valid": 4, "test": 11}
    np.testing.assert_array_equal(classes[splits["test"][1]], labels)
    np.testing.assert_array_equal(np.round(255 * splits["test"][0]).reshape(images.shape), images)


@pytest.mark.parametrize("side", [1, 5])
def test_ten_images_of_two_classes_are_a_set_and_a_pixel_is_an_image(tmp_path, side):
    write_set(tmp_path, 10, side, classes=2)
    splits, classes = read_images(tmp_path)
    assert [len(of) for _, of in splits.values()] == [8, 1, 1] and classes.tolist() == [1, 3]
    assert splits["test"][0].shape == (1, side ** 2)


def change(name, raw):
    return lambda folder: (folder / f"letters-train-{name}-idx").write_bytes(raw)


@pytest.mark.parametrize("spoil, words", [
    (change("images", idx(np.zeros((40, 5, 4)))), ["square", "5 x 4"]),
    (change("labels", idx(np.zeros(39))), ["a label for each image", "40 images and 39 labels"]),
    (change("labels", idx(np.zeros((40, 5, 5)))), ["2049", "2051"]),
    (change("images", b"\0\0\x0d\3" + bytes(12)), ["2051"]),
    (change("images", idx(np.zeros((40, 5, 5)))[:-1]), ["1,016 bytes", "1,015"]),
    (change("images", idx(np.zeros((40, 5, 5))) + b"1"), ["1,016 bytes"]),
    (change("images", struct.pack(">4I", 2051, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1)), ["bytes"]),
    (change("images", b""), ["empty"]),
    (change("images", idx(np.zeros((40, 0, 0)))), ["images, found none, shape (40, 0, 0)"]),
    (change("images", b"\0\0"), ["2051"]),
    (change("images-more", b""), ["one file with 'images'"]),
    (lambda folder: (folder / "letters-train-labels-idx").unlink(), ["'labels'", "none"]),
    (lambda folder: write_set(folder, 9), ["at least 10"]),
    (lambda folder: write_set(folder, classes=1), ["two classes or more", "found one: 1"]),
    (lambda folder: write_set(folder, 12, name="test-{}", side=4), ["25 pixels", "16"]),
    (lambda folder: write_set(folder, 12, name="test-{}", first=2), ["test labels", "found 2"]),
    (lambda folder: (folder / "test-images").write_bytes(idx(np.zeros((3, 5, 5)))),
     ["3 images and no labels"]),
])
def test_images_that_do_not_fit_are_named(spoil, words, tmp_path):
    write_set(tmp_path)
    spoil(tmp_path)
    refused(read_images, tmp_path, *words)


def test_no_file_unpacks_to_more_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "TEXT_BYTES", 10 ** 5)
    (tmp_path / "t.txt").write_bytes(gzip.compress(bytes(10 ** 7)))
    tracemalloc.start()
    refused(read_text, tmp_path / "t.txt", "at most 100,000 bytes")
    assert tracemalloc.get_traced_memory()[1] < 2 * 10 ** 6
    tracemalloc.stop()


def test_a_folder_that_is_none_is_named(tmp_path):
    for read in (read_images, read_tunes, read_text):
        with pytest.raises(DataError, match="nowhere"):
            read(tmp_path / "nowhere")
    for read in (read_tunes, read_text):
        with pytest.raises(MissingDataError, match="found nothing"):
            read(tmp_path / "nowhere")
        with pytest.raises(DataError, match="found a folder") as caught:
            read(tmp_path)
        assert not isinstance(caught.value, MissingDataError)


# ---- music --------------------------------------------------------------------------------------

def test_tunes_keep_their_splits_or_are_split_in_tenths(tmp_path):
    path = tmp_path / "tunes.json"
    piece = [[60, 64], [], [108, 21]]
    path.write_text(json.dumps([piece] * 20 + [[[21], [22]]]))
    rolls = read_tunes(path)
    assert [len(rolls[split]) for split in ("train", "valid", "test")] == [17, 2, 2]
    assert rolls["test"][-1].sum() == 2 and rolls["train"][0].nonzero()[1].tolist() == [
        39, 43, 0, 87]
    path.write_text(json.dumps({"train": [piece], "test": [piece], "valid": [piece]}))
    assert [len(rolls) for rolls in read_tunes(path).values()] == [1, 1, 1]


def test_what_stands_in_a_file_is_told_in_sixty_letters(tmp_path):
    path = tmp_path / "tunes.json"
    for content, letters in (({"k" * 99: []}, 60), ([[["k" * 99, "k"], [60]]] * 10, 59)):  # and '
        path.write_text(json.dumps(content))
        with pytest.raises(DataError) as caught:
            read_tunes(path)
        assert str(caught.value).split("found", 1)[1].count("k") == letters


@pytest.mark.parametrize("content, words", [
    ("[", ["JSON"]), ("3", ["a list of pieces"]), ('{"train": []}', ["train, valid and test"]),
    (json.dumps([[[60], [61]]] * 9), ["at least 2 steps", "10 pieces"]),
    (json.dumps([[[60], [20]]] * 10), ["21..108", "20"]),
    (json.dumps([[[60], [109]]] * 10), ["21..108", "109"]),
    (json.dumps([[[60], [60.0]]] * 10), ["21..108"]),
    (json.dumps([[60, 61]] * 10), ["list of MIDI numbers"]),
    (json.dumps([[[60]]] * 10), ["at least 2 steps"])])
def test_tunes_that_do_not_fit_are_named(content, words, tmp_path):
    path = tmp_path / "tunes.json"
    path.write_text(content)
    refused(read_tunes, path, *words)


# ---- text ---------------------------------------------------------------------------------------

def test_a_text_becomes_numbers_in_its_order(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\ufeff" + "The cat sat. The Cat ran,\nand the\u00e9 \u00fcber 12.\n\n" * 5,
                    encoding="utf-8")
    text = read_text(path)
    words = ["the", "cat", "sat", ".", "the", "cat", "ran", ",", "and", "the\u00e9", "\u00fcber",
             "N", ".", "<eos>"] * 5
    assert text.vocabulary[:2] == ("<unk>", "<eos>")
    numbers = np.concatenate([text.train, text.valid, text.test])
    assert [text.vocabulary[k] for k in numbers] == words
    assert len(text.test) == len(text.valid) == 7


def test_rare_words_are_unknown_and_the_vocabulary_is_bounded(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text("once twice twice " + "a b c d " * 30)
    text = read_text(path)
    assert text.train[0] == 0 and text.vocabulary[text.train[1]] == "twice"
    monkeypatch.setattr(own, "WORDS", 2)
    assert len(read_text(path).vocabulary) == 4


def test_the_vocabulary_of_a_long_text_is_that_of_the_corpus(tmp_path):
    path = tmp_path / "text.txt"
    words = ["word" + "".join("abcdefghij"[int(digit)] for digit in str(i)) for i in range(2100)]
    path.write_text(" ".join(words * 4))
    assert len(read_text(path).vocabulary) == 2000 + 2  # and <unk>, <eos>


def test_twenty_tokens_are_a_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a " * 19)  # and <eos>
    assert [len(part) for part in read_text(path)[1:]] == [16, 2, 2]
    path.write_text("a " * 18)
    refused(read_text, path, "at least 20 tokens, found 19")


def test_texts_that_do_not_fit_are_named(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b c")
    refused(read_text, path, "20 tokens", "found 4")
    path.write_bytes(b"\xff\xfe")
    refused(read_text, path, "UTF-8")


# ---- a run on own data --------------------------------------------------------------------------

def test_a_run_says_that_the_data_are_not_the_published_set(tmp_path):
    write_set(tmp_path, 60)
    loaded = load_task("digits", "snu", own_path=tmp_path)
    assert loaded.task.classes == (1, 3, 5) and loaded.facts[0].startswith(OWN)
    run = run_task(loaded, find_preset("digits", "snu", "small"), 0, epochs=20, hidden=(20,))
    assert run.network.out_shape == (3,) and run.results["test"]["accuracy"] > 0.6
    assert run.results["own"] and run.results["data"][0].startswith(OWN)
    assert run.results["path"] == str(tmp_path)
    small = load_task("digits", "snu")
    assert not small.own and not any(OWN in fact for fact in small.facts)


def test_answers_are_numbers_however_many_classes_there_are(tmp_path):
    write_set(tmp_path, 240, side=12, classes=12)
    loaded = load_task("digits", "snu", own_path=tmp_path)
    run = run_task(loaded, find_preset("digits", "snu", "small"), 0, epochs=1, hidden=(4,))
    answers = np.array(list(map(int, run.results["answers"].split())))
    assert (
        len(loaded.task.classes) == 12 and loaded.task.score(answers, "test") == run.results["test"]
    )


def test_convolutions_take_them_too(tmp_path):
    write_set(tmp_path, side=8)
    loaded = load_task("digits", "snu-conv", own_path=tmp_path)
    run = run_task(loaded, find_preset("digits", "snu-conv", "small"), 0, epochs=1, hidden=(2, 2))
    assert run.network.in_shape == (8, 8, 1) and run.network.out_shape == (3,)
