"""The benchmark: count of matrix products, timing, command."""
import json

import numpy as np

from snu_ref import GRU, LSTM, RNN, SNU, ConvSNU, Dense, Embedding, Network, TiedOutput
from snu_ref.commands import bench
from snu_ref.__main__ import main
from snu_ref.commands.bench import matrix_products

T, B = 3, 4


def multiplications(layers, monkeypatch, T=T, B=B):
    """The number of scalar multiplications in the matrix products of a step."""
    run, done = matrix_products(Network(layers), T, B), []
    monkeypatch.setattr(np, "matmul", lambda a, b, out: done.append(a.size * b.shape[1]))
    run()
    return sum(done)


def test_products_are_those_of_the_equations(monkeypatch):
    rng = np.random.default_rng(0)
    N = T * B
    first = 2 * N * 5 * 7                         # x W and x' dz
    assert multiplications([SNU(5, 7, rng=rng)], monkeypatch) == first
    two = [SNU(5, 7, rng=rng), Dense(7, 2, rng=rng)]
    assert multiplications(two, monkeypatch) == first + 3 * N * 7 * 2
    for unit, k in ((RNN, 1), (GRU, 3), (LSTM, 4)):  # and y H, dz H', y' dz
        assert multiplications([unit(5, 7, rng=rng)], monkeypatch) == k * (first + 3 * N * 7 * 7)
    recurrent = SNU(5, 7, rng=rng, recurrent=True)
    assert multiplications([recurrent], monkeypatch) == first + 3 * N * 7 * 7
    words = Embedding(9, 5, rng=rng)
    assert multiplications([words, TiedOutput(words)], monkeypatch) == 3 * N * 5 * 9
    image = ConvSNU((6, 6, 2), 3, kernel=3, rng=rng)
    assert multiplications([image], monkeypatch) == 2 * N * (4 * 4) * (3 * 3 * 2) * 3


def test_a_row_is_made_of_median_minimum_and_ratio(monkeypatch):
    times = iter([4.0, 2.0, 9.0, 3.0, 5.0, 1.0])  # step, products, step, ...
    monkeypatch.setattr(bench, "timeit", lambda f, number: next(times) / 1000)
    kept = {}  # arrays that the first step leaves, such as Adam's averages, do not count

    def step():
        if not kept:
            kept["averages"] = np.ones(500_000)
        np.ones(125_000)

    row = bench.measure(step, lambda: None, 3)
    assert (row["ms"], row["least"], row["products"], row["ratio"]) == (5.0, 4.0, 2.0, 2.5)
    assert 1_000_000 <= row["memory"] < 1_020_000
    times = iter([4.0])
    assert "ratio" not in bench.measure(lambda: None, None, 1)


def test_the_command_prints_a_table_and_writes_it(tmp_path, capsys, monkeypatch):
    for name in bench.THREADS:
        monkeypatch.setenv(name, "1")
    path = tmp_path / "bench.json"
    words = ["bench", "--quick", "--repeats", "2", "--threads", "1", "--json", str(path)]
    assert main(words) == 0
    text, found = capsys.readouterr().out, json.loads(path.read_text())
    assert found["machine"]["threads"] == "1" and found["repeats"] == 2
    assert [row["title"] for row in found["cases"]] == list(bench.QUICK)
    for row in found["cases"]:
        assert row["title"] in text and 0 < row["least"] <= row["ms"] and row["memory"] > 0
        assert ("ratio" in row) == (row["name"] != "devices")
    assert main(["bench", "--quick", "--repeats", "0"]) == 2
    assert "--repeats" in capsys.readouterr().err


def test_threads_are_set_before_blas_is_loaded(monkeypatch):
    seen = {}
    monkeypatch.setattr(bench.subprocess, "call",
                        lambda words, env: seen.update(words=words, env=env) or 0)
    words = ["bench", "--quick", "--threads", "3", "--only", "music-1", "rnn"]
    assert main(words) == 0
    assert all(seen["env"][name] == "3" for name in bench.THREADS)
    assert seen["words"][3:] == words
