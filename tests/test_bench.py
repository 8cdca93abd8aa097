"""The benchmark: count of matrix products, timing, command; and the cache-sized pieces."""
import json

import numpy as np
import pytest

from snu_ref import GRU, LSTM, RNN, SNU, ConvSNU, Dense, Embedding, Network, TiedOutput, bench
from snu_ref.__main__ import main
from snu_ref.pieces import pieces
from snu_ref.products import matrix_products

T, B = 3, 4


def multiplications(layers, monkeypatch, T=T, B=B):
    """How many multiplications of numbers the products of a step have."""
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
    monkeypatch.setattr(bench, "milliseconds", lambda f: next(times))
    kept = {}  # what the first step leaves, as an optimiser's averages, is not memory of a step

    def step():
        if not kept:
            kept["averages"] = np.ones(500_000)
        np.ones(125_000)

    case = bench.Case(step, lambda: None)
    row = bench.measure(case, 3)
    assert (row["ms"], row["least"], row["products"], row["ratio"]) == (5.0, 4.0, 2.0, 2.5)
    assert 1_000_000 <= row["memory"] < 1_020_000
    times = iter([4.0])
    assert "ratio" not in bench.measure(bench.Case(lambda: None), 1)


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
    assert main(["bench", "--quick", "--threads", "3", "--only", "music-1", "rnn"]) == 0
    assert all(seen["env"][name] == "3" for name in bench.THREADS)
    assert seen["words"][3:] == ["bench", "--repeats", "21", "--threads", "3",
                                 "--only", "music-1", "rnn", "--quick"]


# ---- pieces -------------------------------------------------------------------------------------

@pytest.mark.parametrize("n, numbers, most", [
    (10, 3, 9), (10, 3, 2), (1, 1, 100), (0, 5, 10), (4, 0, 3)])
def test_pieces_cover_everything_once_in_order(n, numbers, most):
    found = pieces(n, numbers, most)
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(n))
    lengths = [part.stop - part.start for part in found]
    assert all(length == 1 or length * numbers <= most for length in lengths)


@pytest.mark.parametrize("options", [
    {}, {"h": "sigmoid"}, {"recurrent": True}, {"lateral_inhibition": True},
    {"reset_grad": "detached"}])
@pytest.mark.parametrize("most", [1, 6, 24, 60])
def test_gradients_do_not_depend_on_the_size_of_a_piece(options, most, monkeypatch):
    rng = np.random.default_rng(1)
    unit = SNU(3, 6, rng=rng, **options)
    unit.params["W"] *= 4
    x, dy = rng.normal(size=(7, 5, 3)), rng.normal(size=(7, 5, 6))
    state, dend = (type(unit.zero_state(5))(*rng.random((2, 5, 6))) for _ in range(2))
    y, cache = unit.forward(x, state)
    assert 0.05 < y.mean() < 0.95
    dx, grads, dstart = unit.backward(dy, cache, dend)        # all in one piece
    monkeypatch.setattr("snu_ref.snu.pieces", lambda n, numbers: pieces(n, numbers, most))
    in_pieces = unit.backward(dy, cache, dend)
    np.testing.assert_allclose(in_pieces[0], dx, rtol=1e-13, atol=1e-14)
    for name in grads:
        np.testing.assert_allclose(in_pieces[1][name], grads[name], rtol=1e-12, atol=1e-13,
                                   err_msg=name)
    for one, other in zip(in_pieces[2], dstart):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)
