"""The rows of the results page: what a row changes, what a table keeps, operations counted by
hand."""
import csv

import numpy as np
import pytest

from snu_ref import ConvSNU, Dense, Embedding, LSTM, MaxPool2d, Network, SNU, TiedOutput
from snu_ref.experiments import runs
from snu_ref.experiments.baselines import BASELINES
from snu_ref.experiments.operations import count
from snu_ref.experiments.rows import BLOCKS, CHOSEN, Row, read_blocks
from snu_ref.tasks.digits import Digits
from snu_ref.tasks.language import Language
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.music import Music
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.run import run_task
from snu_ref.tasks.settings import read_changes, settings_of
from snu_ref.tasks.training import make_store

TINY = {"hidden": (12,), "epochs": 2}


@pytest.fixture
def few_pieces(monkeypatch):
    """Tasks with a few pieces or images, and half a thousand words."""
    def load(name, unit, *_):
        loaded = load_task(name, unit)
        for split, data in loaded.task.data.items():
            loaded.task.data[split] = (tuple(part[:60] for part in data) if name == "digits"
                                       else data[:600 if name == "language" else 6])
        return loaded
    monkeypatch.setattr(runs, "load_task", load)


@pytest.mark.parametrize("row", [row for row in BLOCKS["membrane"][1] if "decay 0" in row.name],
                         ids=lambda row: row.name)
def test_rows_without_a_membrane_end_with_a_decay_of_0(row, few_pieces, tmp_path):
    """Also where the preset trains the decay: it must stay 0 in every layer to the end."""
    changes = {**row.changes, **TINY, "epochs": 1}
    line, = runs.run_row(row._replace(changes=changes), 0, None, tmp_path / "c.npz")
    assert line["decay"] == "0..0"


def test_the_recurrent_soft_unit_without_a_membrane_is_a_plain_sigmoid_rnn():
    """y_t = sigmoid(x_t W + y_{t-1} H + b), written out here."""
    rng = np.random.default_rng(0)
    unit = SNU(3, 4, rng=rng, h="sigmoid", g="identity", decay=0.0, recurrent=True)
    x, y = rng.normal(size=(5, 2, 3)), np.zeros((2, 4))
    for x_t, y_t in zip(x, unit.forward(x)[0]):
        y = 1 / (1 + np.exp(-(x_t @ unit.params["W"] + y @ unit.params["H"] + unit.params["b"])))
        np.testing.assert_allclose(y_t, y, rtol=1e-13)


def test_a_row_is_read_from_its_line(tmp_path):
    """A row's own fields are kept apart from the settings; VALUE|VALUE gives all combinations."""
    path = tmp_path / "some.ini"
    path.write_text("[x]\ntitle = What: this\neach = lr=0.1|0.2; seeds=2\n"
                    "A, 3 units = music paper full snu; options.g=relu; shown=(7,)\n"
                    "B = digits small small nearest neighbour; clip=None|1.0\n[y]\ntitle = -\n")
    blocks = read_blocks(path)
    assert blocks["y"] == ("-", []) and blocks["x"][0] == "What: this"
    assert blocks["x"][1] == [
        *(Row("A, 3 units", "music", "snu", "paper", "full", {"options.g": "relu", "lr": lr},
              seeds=2, shown=(7,)) for lr in (0.1, 0.2)),
        *(Row("B", "digits", "nearest neighbour", changes={"clip": clip, "lr": lr}, seeds=2)
          for clip in (None, 1.0) for lr in (0.1, 0.2))]


def test_rows_have_names_of_their_own():
    for name, (_, rows) in BLOCKS.items():
        keys = [(row.name, runs.changes_text(row)) for row in rows]
        assert len(set(keys)) == len(keys), name


def test_a_block_is_run_once_and_resumed(few_pieces, tmp_path, monkeypatch):
    rows = [Row("A", "digits", "snu", changes=TINY, seeds=2),
            Row("B", "music", "ssnu", changes=TINY, seeds=1, split="valid"),
            Row("C", "digits", "nearest neighbour", seeds=1)]
    monkeypatch.setattr(runs, "find_block", lambda name: rows)
    first = next(runs.run_block("x", tmp_path, None, tmp_path))      # stopped after one run
    assert [line["row"] for line in runs.read_table(tmp_path / "x.csv")] == ["A"]
    rest = list(runs.run_block("x", tmp_path, None, tmp_path))
    assert [(line["row"], line["seed"]) for line in rest] == [("B", "0"), ("C", "0"), ("A", "1")]
    assert list(runs.run_block("x", tmp_path, None, tmp_path)) == []
    table = runs.read_table(tmp_path / "x.csv")
    assert table == [first, *rest] and not list(tmp_path.glob("*.npz"))
    with open(tmp_path / "x.csv", encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == table
    a, b, c, second = table
    assert c["valid"] and c["test"] and not c["parameters"]
    assert float(a["test"]) == pytest.approx(1 - len(a["wrong"].split()) / 60, abs=1e-5)
    assert second["test"] and not second["wrong"]                     # only of seed 0
    assert b["test"] == b["wrong"] == "" and float(b["valid"]) > 0    # a trial: no test result


@pytest.mark.parametrize("block, n, metric, sign", [("care", 9, "nll", -1),
                                                    ("dropout", 4, "accuracy", 1)])
def test_a_block_takes_the_best_trial_of_each_row_once_all_are_there(block, n, metric, sign,
                                                                     tmp_path):
    """The best is the lowest loss, or the highest accuracy, in the mean over seeds."""
    assert runs.rows_of(block, tmp_path) == []
    trials, seeds = CHOSEN[block]
    rows = BLOCKS[trials][1]
    first = [row for row in rows if row.name == rows[0].name]
    assert len(first) == n
    lines = [{**dict.fromkeys(runs.COLUMNS, ""), "row": row.name, "metric": metric,
              "changes": runs.changes_text(row), "seed": str(seed),
              "valid": str(9 + sign * ((i == 1) - (i == 2) * (1.5 - 2 * seed if first[0].seeds > 1
                                                              else 0)))}
             for i, row in enumerate(first) for seed in range(row.seeds)]
    runs.write_table(tmp_path / f"{trials}.csv", lines)
    chosen, = runs.rows_of(block, tmp_path)
    assert chosen == first[1]._replace(seeds=seeds, split="test")
    runs.write_table(tmp_path / f"{trials}.csv", lines[:-1])
    assert runs.rows_of(block, tmp_path) == []


def test_a_trial_does_not_read_the_test_split(few_pieces):
    loaded = runs.load_task("digits", "snu")
    del loaded.task.data["test"]
    run = run_task(loaded, find_preset("digits", "snu", "small"), 0, test=False, **TINY)
    assert "test" not in run.results and "answers" not in run.results


def test_answers_in_the_results_are_those_of_the_accuracy(few_pieces):
    loaded = runs.load_task("digits", "ssnu")
    run = run_task(loaded, find_preset("digits", "ssnu", "small"), 0, **TINY)
    right = np.array(list(map(int, run.results["answers"].split()))) == loaded.task.data["test"][1]
    assert right.mean() == run.results["test"]["accuracy"]


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("row,seed\nA,0\n")
    with pytest.raises(ValueError, match="x.csv: expected columns row, task"):
        runs.read_table(tmp_path / "x.csv")


def test_operations_counted_by_hand():
    """Two spiking units of three notes, fed back, and a read-out: every addition one by one."""
    rng = np.random.default_rng(3)
    unit, out = SNU(3, 2, rng=rng, recurrent=True, g="identity"), Dense(2, 5, rng=rng)
    unit.params["W"][...] = 4 * rng.normal(size=(3, 2))
    x = (rng.random((20, 1, 3)) < 0.5).astype(float)
    y, _ = unit.forward(x)
    assert 0 < y.mean() < 1
    additions = sum(2 for n in x.ravel() if n) + sum(5 for n in y.ravel() if n) + sum(
        2 for n in y[:-1].ravel() if n)
    counted = count(Network([unit, out]), [x])
    assert counted.additions == pytest.approx(additions / 20)
    assert counted.multiply_adds == 0 and counted.dense == 3 * 2 + 2 * 2 + 2 * 5
    assert counted.rates == pytest.approx([y.mean()])


def test_units_that_do_not_spike_multiply():
    rng = np.random.default_rng(3)
    lstm, x = Network([LSTM(88, 36, rng=rng), Dense(36, 88, rng=rng)]), np.ones((4, 1, 88))
    assert count(lstm, [x / 2])[1:] == (0, 21024, 21024)      # 4 * 36 * (88 + 36) + 36 * 88
    notes = count(lstm, [x])                                  # notes are 0 or 1: no products of W
    assert notes[1:] == (88 * 4 * 36, 4 * 36 * 36 + 36 * 88, 21024) and notes.rates == ()


def test_the_weights_of_a_kernel_and_of_a_tied_table_are_counted():
    """Weights of a pixel: kernel height x width x units; of an input of a tied output: words."""
    rng = np.random.default_rng(3)
    conv, x = ConvSNU((5, 4, 2), 3, kernel=(3, 2), rng=rng), rng.random((2, 1, 5, 4, 2))
    assert count(Network([conv, MaxPool2d(conv.out_shape, 1)]), [x])[1:] == (
        0, 40 * 3 * 2 * 3, 40 * 3 * 2 * 3)
    table = Embedding(7, 4, rng=rng)                          # the look-up multiplies nothing
    assert count(Network([table, TiedOutput(table)]), [np.array([[1], [6]])])[1:] == (0, 28, 28)


def test_every_row_makes_a_network_and_its_store():
    """Also the rows that take hours: their settings fit together, and sizes called equal are so."""
    sizes = {}
    for name, (_, rows) in BLOCKS.items():
        for row in rows:
            if row.unit in BASELINES:
                continue
            task = {
                "digits": lambda unit: Digits(
                    unit, {"train": (np.zeros((1, 784 if row.data == "full" else 64)),)}),
                "music": lambda unit: Music(unit, {}),
                "language": lambda unit: Language(unit, {}, 300)}
            table = find_preset(row.task, row.unit, row.preset)
            settings = settings_of(table, **read_changes(runs.changes_of(row), table))
            rng = np.random.default_rng(0)
            network = task[row.task](row.unit).network(settings, rng)
            make_store(network, settings, rng)
            sizes[name, row.name] = network.n_trainable
    grid = {row.name: sizes["grid", row.name] for row in BLOCKS["grid"][1]}
    for target in (26_638, 49_138):
        assert sum(abs(n - target) < 0.015 * target for n in grid.values()) == 6
    for unit in ("RNN, 3 x 191", "GRU, 3 x 89", "LSTM, 3 x 72"):
        assert abs(sizes["mnist", f"MNIST, {unit}, without shifts"] - 335_114) < 0.01 * 335_114


def test_the_threshold_is_where_the_bias_starts():
    unit, same = (SNU(3, 4, rng=np.random.default_rng(0), **options)
                  for options in ({"threshold": 0.3}, {}))
    assert (unit.params["b"] == -0.3).all() and (same.params["b"] == -1).all()
    assert np.array_equal(unit.params["W"], same.params["W"])
    with pytest.raises(ValueError, match="threshold: expected"):
        SNU(3, 4, rng=np.random.default_rng(0), threshold=np.inf)


def test_devices_and_longer_images_have_lines_of_their_own(few_pieces, tmp_path):
    row = Row("A", "music", "snu", preset="pcm", changes={"store": None, **TINY}, devices=2)
    first, *rest = runs.run_row(row, 0, None, tmp_path / "c.npz")
    assert [(line["row"], line["device"]) for line in rest] == [
        ("A, then programmed once", d) for d in "01"]
    assert len({line["test"] for line in (first, *rest)}) == 3
    assert rest[0]["valid"] != rest[0]["test"]
    row = Row("B", "digits", "snu", changes=TINY, shown=(7, 200))
    first, short, long = runs.run_row(row, 0, None, tmp_path / "d.npz")
    assert short["row"] == "B, shown for 7 steps"
    assert short["wrong"] != first["wrong"] != long["wrong"]
