"""Music and language: results against models whose result is known; loading, and one run."""
import math

import numpy as np
import pytest

from snu_ref import Dense, Network
from snu_ref.data import datasets, readers
from snu_ref.data.baselines import independent_notes_nll
from snu_ref.layers.embedding import Embedding
from snu_ref.data.ngrams import (unigram, unigram_perplexity, witten_bell_bigram,
                                 witten_bell_bigram_perplexity)
from snu_ref.tasks import loading
from snu_ref.tasks.digits import one_hot
from snu_ref.tasks.language import Language, sample, sample_text
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.music import Music, continued, write_wav
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.settings import settings_of
from snu_ref.tasks.run import run_task
from helpers.toy_tasks import digits, language, music, toy_settings


def test_which_figure_ranks_networks_and_in_which_direction():
    assert [
        (task().name, task().metric, task().higher_is_better) for task in (digits, music, language)
    ] == [("digits", "accuracy", True), ("music", "nll", False), ("language", "perplexity", False)]


# ---- music: NLL and batches ---------------------------------------------------------------------


def some_pieces(n, rng, shortest=2):
    return [
        (rng.random((steps, 88)) < rng.random(88) * 0.2).astype(np.uint8)
        for steps in rng.integers(shortest, 12, n)]


def test_the_nll_of_independent_notes_is_that_of_the_baseline():
    """A network that ignores its input and gives each note its probability, against `baselines`."""
    rng = np.random.default_rng(0)
    train, test = some_pieces(9, rng), some_pieces(21, rng)  # more than the 16 of a batch
    notes = np.concatenate([roll[1:] for roll in train])
    p = (notes.sum(axis=0) + 1) / (len(notes) + 2)
    dense = Dense(88, 88, rng=rng, dtype=np.float32)
    dense.params["W"][...], dense.params["b"][...] = 0, np.log(p / (1 - p))
    task = Music("snu", {"train": train, "test": test})
    found = task.evaluate(Network([dense]), "test", None, 0)
    assert found["nll"] == pytest.approx(independent_notes_nll(train, test), rel=1e-5)
    assert found["nll_per_piece"] == pytest.approx(
        independent_notes_nll(train, test, per_piece=True), rel=1e-5)
    assert abs(found["nll"] - found["nll_per_piece"]) > 0.01


def test_the_nll_is_of_the_next_step():
    """A network that expects each note to stay has an NLL of almost 0 on pieces that stay."""
    dense = Dense(88, 88, rng=np.random.default_rng(0), dtype=np.float32)
    dense.params["W"][...], dense.params["b"][...] = 40 * np.eye(88), -20
    still, moving = np.zeros((6, 88), np.uint8), np.zeros((6, 88), np.uint8)
    still[:, 7] = 1
    moving[np.arange(6), 3 * np.arange(6)] = 1
    task = Music("snu", {"valid": [still], "test": [moving]})
    assert task.evaluate(Network([dense]), "valid", None, 0)["nll"] < 1e-5
    assert task.evaluate(Network([dense]), "test", None, 0)["nll"] == pytest.approx(
        40, rel=1e-5)  # two notes wrong


def test_an_epoch_of_music_has_every_piece_once_in_random_order():
    rng = np.random.default_rng(0)
    pieces = []
    for k in range(40):  # piece k begins with key k
        piece = np.zeros((2 + k % 5, 88), np.uint8)
        piece[:, k] = 1
        pieces.append(piece)
    task, settings = Music("snu", {"train": pieces}), toy_settings(batch=12)
    orders = []
    for _ in range(2):
        batches = list(task.batches(settings, rng))
        assert [batch.x.shape[1] for batch in batches] == [12, 12, 12, 4]
        assert len(batches) == task.batches_per_epoch(settings) == 4
        for batch in batches:
            steps = 1 + batch.x[0].argmax(axis=1) % 5
            assert np.array_equal(batch.mask.sum(axis=0), steps) and len(batch.x) == steps.max()
            assert np.array_equal(batch.x.sum(axis=(0, 2)), steps) and np.array_equal(
                batch.x, batch.target)
        orders.append(np.concatenate([batch.x[0].argmax(axis=1) for batch in batches]))
        assert sorted(orders[-1]) == list(range(40)) and (np.diff(orders[-1]) == 1).sum() < 8
    assert (orders[0] == orders[1]).sum() < 10


def test_dropout_of_music_stands_before_the_read_out_only_if_there_is_any():
    for rate, kinds in ((0.0, ["SNU", "Dense"]), (0.5, ["SNU", "Dropout", "Dense"])):
        network = music().network(toy_settings(dropout=rate), np.random.default_rng(0))
        assert [type(layer).__name__ for layer in network.layers] == kinds


# ---- language: perplexity and text --------------------------------------------------------------

V = 12


def markov_text(rng, n):
    """Words 0..11; after each, two words are likely (2 w and 2 w + 1, modulo V)."""
    words = [0]
    for _ in range(n - 1):
        words.append(
            int((2 * words[-1] + rng.integers(2)) % V if rng.random() < 0.7 else rng.integers(V)))
    return np.array(words)


def table_network(logits):
    """A network whose logits after word h are row h of a table (V, V)."""
    rng = np.random.default_rng(0)
    embedding, dense = Embedding(V, V, rng=rng), Dense(V, V, rng=rng)
    embedding.params["E"][...], dense.params["W"][...], dense.params["b"][...] = (
        np.eye(V), logits, 0)
    return Network([embedding, dense])


@pytest.mark.parametrize("n", [2, 200, 201, 202, 777])
def test_the_perplexity_of_an_n_gram_is_that_of_the_baseline(n):
    """Networks that are the unigram and the bigram, against `ngrams`, over pieces of 200 words."""
    train, test = markov_text(np.random.default_rng(0), 3000), markov_text(
        np.random.default_rng(1), n)
    task = Language("snu", {"train": train, "test": test}, V)
    word = np.log(np.tile(unigram(train, V), (V, 1)))
    assert task.evaluate(table_network(word), "test", None, 0)["perplexity"] == pytest.approx(
        unigram_perplexity(train, test, V), rel=1e-9)
    every = np.arange(V)
    pair = np.log([witten_bell_bigram(train, np.full(V, h), every, V) for h in every])
    assert task.evaluate(table_network(pair), "test", None, 0)["perplexity"] == pytest.approx(
        witten_bell_bigram_perplexity(train, test, V), rel=1e-9)


def test_a_perplexity_beyond_all_numbers_is_infinite():
    task = Language("snu", {"test": np.array([0, 1, 0, 1])}, V)
    logits = np.zeros((V, V))
    logits[:, 5] = 700
    assert task.evaluate(table_network(logits), "test", None, 0)["perplexity"] == pytest.approx(
        np.exp(700), rel=1e-9)
    logits[:, 5] = 1000
    assert task.evaluate(table_network(logits), "test", None, 0)["perplexity"] == np.inf


def test_perplexity_is_without_dropout():
    task, settings = language(), toy_settings(dropout=0.9)
    network = task.network(settings, np.random.default_rng(0))
    figures = [task.evaluate(network, "valid", settings, seed) for seed in (0, 1)]
    assert figures[0] == figures[1]
    assert task.evaluate(network, "train", settings, 0) != figures[0]


def test_dropout_of_language_stands_on_both_sides_of_the_units():
    network = language().network(
        toy_settings(hidden=(8, 5), dropout=0.25), np.random.default_rng(0))
    assert [type(layer).__name__ for layer in network.layers] == [
        "Embedding", "Dropout", "SNU", "SNU", "Dropout", "Dense", "TiedOutput"]
    assert [layer.rate for layer in network.layers if type(layer).__name__ == "Dropout"] == [
        0.25, 0.25]
    with pytest.raises(ValueError, match="projection: expected False"):
        language().network(toy_settings(tied=False, projection=True), np.random.default_rng(0))


@pytest.mark.parametrize("temperature, share", [((), 0.75), ((0.5,), 0.9)])
def test_words_are_drawn_by_their_probability_and_the_temperature(temperature, share):
    """Words 1 and 2 have odds of 3 to 1, others none: 9 to 1 at a temperature of 1/2."""
    logits = np.full((V, V), -50.0)
    logits[:, 1], logits[:, 2] = np.log(3), 0
    words = sample(table_network(logits), [0], 2000, np.random.default_rng(0), *temperature)
    assert len(words) == 2000 and set(words) == {1, 2}
    assert abs(np.mean(np.array(words) == 1) - share) < 5 * np.sqrt(share * (1 - share) / 2000)


def test_sample_text_goes_on_from_the_end_of_a_sentence():
    logits = np.full((V, V), -50.0)
    for h, w in ((1, 3), (3, 0), (0, 1)):
        logits[h, w] = 50
    vocabulary = ("<unk>", "<eos>", "two", "three", *"abcdefgh")
    text = sample_text(table_network(logits), vocabulary, np.random.default_rng(0), n=5)
    assert text == "three <unk>\n   three <unk>"
    assert (
        len(sample_text(table_network(logits), vocabulary, np.random.default_rng(0)).split()) == 40)


# ---- loading ------------------------------------------------------------------------------------


def test_the_digits_of_the_package():
    loaded = load_task("digits", "snu")
    data = loaded.task.data
    assert {split: part[0].shape for split, part in data.items()} == {
        "train": (3200, 64), "valid": (623, 64), "test": (1797, 64)}
    for values, labels in data.values():
        assert (
            values.dtype == np.float32 and values.min() == 0 and values.max() == 1
            and len(values) == len(labels))
        assert set(np.unique(values * 16)) == set(range(17)) and set(labels) == set(range(10))
    assert loaded.facts == [
        "UCI handwritten digits, 8x8: 3,200 train, 623 valid, 1,797 test images"]
    assert loaded.baselines == {} and loaded.words == ()


def test_the_chorales_of_the_package():
    loaded = load_task("music", "gru")
    data = loaded.task.data
    assert {split: len(rolls) for split, rolls in data.items()} == {
        "train": 229, "valid": 76, "test": 77}
    assert loaded.facts == [
        "Bach chorales from music21's corpus: 229 train, 76 valid, 77 test pieces",
        "steps: " + ", ".join(f"{sum(map(len, rolls)):,} {split}" for split, rolls in data.items())]
    assert loaded.baselines == {
        "independent notes": independent_notes_nll(data["train"], data["test"])}
    assert loaded.task.unit == "gru"


def test_the_full_sets_go_to_the_tasks(tmp_path, monkeypatch):
    """The readers are replaced; the test checks what is done with their arrays."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (9, 28, 28)).astype(np.uint8)
    mnist = readers.Digits(
        images, np.arange(9, dtype=np.uint8), images[:4], np.arange(4, dtype=np.uint8))
    jsb = datasets.Splits(*(some_pieces(n, rng) for n in (4, 2, 3)))
    ptb = readers.Words(("a", "b", "<unk>", "c"), *(rng.integers(0, 4, n) for n in (90, 30, 20)))
    asked = []
    for name, value in (("read_mnist", mnist), ("read_jsb", jsb), ("read_ptb", ptb)):
        monkeypatch.setattr(
            readers, name, lambda folder, value=value: asked.append(folder) or value)
    monkeypatch.setattr(loading, "N_VALID_MNIST", 2)

    loaded = load_task("digits", "ssnu", "paper", tmp_path)
    assert np.array_equal(
        loaded.task.data["valid"][0], images[7:].reshape(2, 784) / np.float32(255))
    assert (
        loaded.task.data["train"][0].shape == (7, 784)
        and loaded.task.data["train"][0].dtype == np.float32)
    assert (
        np.array_equal(loaded.task.data["test"][1], np.arange(4)))
    assert loaded.facts == ["MNIST, 28x28: 7 train, 2 valid, 4 test images"]

    loaded = load_task("music", "ssnu", "paper", tmp_path)
    assert loaded.task.data == {"train": jsb.train, "valid": jsb.valid, "test": jsb.test}
    assert loaded.baselines == {"independent notes": independent_notes_nll(jsb.train, jsb.test)}
    steps = [sum(map(len, rolls)) for rolls in jsb]
    assert loaded.facts == ["JSB chorales: 4 train, 2 valid, 3 test pieces",
                            "steps: {} train, {} valid, {} test".format(*steps)]

    loaded = load_task("language", "ssnu", "paper", tmp_path)
    assert (
        loaded.task.n_words == 4 and loaded.words == ptb.vocabulary
        and loaded.task.data["valid"] is ptb.valid)
    assert loaded.baselines == {
        "unigram": unigram_perplexity(ptb.train, ptb.test, 4),
        "Witten-Bell bigram": witten_bell_bigram_perplexity(ptb.train, ptb.test, 4)}
    assert loaded.facts[:2] == [
        "vocabulary: 4 words, <unk> and <eos> among them",
        f"train: 90 tokens, {np.mean(ptb.train == 2):.1%} <unk>"]
    assert asked == [tmp_path] * 3
    for name in ("digits", "music", "language"):
        with pytest.raises(
            ValueError,
            match="--data: expected a folder with .* for preset 'paper', got none"):
            load_task(name, "snu", "paper")


# ---- one run ------------------------------------------------------------------------------------


def test_the_results_of_a_run():
    table = find_preset("music", "snu", "small")
    loaded = loading.Loaded(music("snu"), ["five pieces"], {"simple": 1.0})
    run = run_task(loaded, table, 4, preset="small", epochs=3, hidden=(5,))
    r = run.results
    settings = settings_of(table, epochs=3, hidden=(5,))
    assert r["test"] == loaded.task.evaluate(run.network, "test", settings, 4)
    assert r["test"] != loaded.task.evaluate(run.network, "valid", settings, 4)
    assert (r["task"], r["unit"], r["preset"], r["seed"], r["metric"]) == (
        "music", "snu", "small", 4, "nll")
    assert r["parameters"] == 88 * 5 + 5 + 5 * 88 + 88 and r["baselines"] == {"simple": 1.0}
    assert r["settings"]["epochs"] == {"value": 3, "source": "command line"}
    assert r["settings"]["lr"] == {"value": settings.lr, "source": "ours"}
    assert (
        r["data"] == ["five pieces"] and len(r["history"]) == 3
        and r["best_epoch"] == run.trained.best_epoch)
    assert r["seconds"] == round(sum(record["seconds"] for record in r["history"]), 2)
    assert set(r["versions"]) == {"snu_ref", "numpy", "python"}


def test_a_task_or_unit_that_is_none_is_named():
    for arguments, word in ((("musik", "snu"), "name"), (("music", "xyz"), "unit")):
        with pytest.raises(ValueError, match=f"^{word}: expected one of"):
            load_task(*arguments)
    with pytest.raises((ValueError, TypeError), match="^n_classes: expected"):
        one_hot(np.array([1]), 2.0)


@pytest.mark.parametrize("words, call", [
    ("^roll: expected", lambda rng: continued(None, np.full((2, 88), 0.5), 3, rng)),
    ("^roll: expected at least one step", lambda rng: continued(None, np.zeros((0, 88)), 3, rng)),
    ("^steps: expected", lambda rng: continued(None, np.zeros((2, 88)), -1, rng)),
    ("^temperature: expected", lambda rng: continued(None, np.zeros((2, 88)), 3, rng, -1.0)),
    ("^roll: expected", lambda rng: write_wav(np.full((2, 88), 2), "x.wav")),  # struck never
    ("^seconds_per_step: expected", lambda rng: write_wav(np.ones((2, 88)), "x.wav", 0.0)),
    ("^prompt: expected", lambda rng: sample_text(None, ["<unk>", "a"], rng, prompt="a b")),
])
def test_music_and_text_of_what_is_none_are_named(words, call):
    with pytest.raises((ValueError, TypeError), match=words):
        call(np.random.default_rng(0))


def test_at_temperature_zero_the_likeliest_word_comes():
    logits = np.random.default_rng(0).normal(size=(V, V))
    for temperature in (0, 0.0, 1e-320, 1e-5):
        words = sample(table_network(logits), [0], 20, np.random.default_rng(0), temperature)
        assert words == list(map(int, logits[[0, *words[:-1]]].argmax(axis=1)))
    for wrong in (-1, math.nan, math.inf, "1"):
        with pytest.raises((ValueError, TypeError), match="^temperature: expected"):
            sample(table_network(logits), [0], 2, np.random.default_rng(0), wrong)
    for first in ([], [-1], [0.5], "0"):
        with pytest.raises((ValueError, TypeError), match="^first"):
            sample(table_network(logits), first, 2, np.random.default_rng(0))
