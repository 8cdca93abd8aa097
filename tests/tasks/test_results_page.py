"""The results page: its results decide where each claim is; the tables give the page."""
import re
from pathlib import Path

import numpy as np
import pytest

from snu_ref.data.baselines import independent_notes_nll, nearest_chords_nll, nearest_neighbour
from snu_ref.experiments.claims import (CLAIMS, DEVICE_ROWS, MEMBRANE, UNIT_ROWS, Claim,
                                        read_claims)
from snu_ref.experiments.results_page import (FIGURES, differences_of, page, unfinished,
                                              write_page)
from snu_ref.experiments.rows import BLOCKS, CHOSEN, INJECTED
from snu_ref.experiments.runs import (BEST_INJECTED, COLUMNS, PROGRAMMED, changes_text, read_table,
                                      read_tables, write_table)
from snu_ref.experiments.verdicts import judged, text_of_claims

TASKS = Path(__file__).parents[2] / "snu_ref" / "tasks"  # tables are not in the wheel


def line(row, seed, test, **more):
    return {**dict.fromkeys(COLUMNS, ""), "row": row, "seed": str(seed), "metric": "nll",
            "test": str(test), "valid": str(test), "processor": "P", "python": "3", "numpy": "2",
            "data": "small", **more}


def lines(a, b, **more):
    return {"x": [line(row, seed, value, **more) for row, values in (("A", a), ("B", b))
                  for seed, value in enumerate(values)]}


CLAIM = Claim("t", ("x", "A"), ("x", "B"))


@pytest.mark.parametrize("a, b, metric, side", [
    ([8.1, 8.2, 8.15], [8.9, 8.8, 8.85], "nll", "for"),
    ([8.9, 8.8, 8.85], [8.1, 8.2, 8.15], "nll", "against"),
    ([0.97, 0.971, 0.972], [0.91, 0.911, 0.912], "accuracy", "for"),
    ([8.1, 8.2, 8.15], [8.12, 8.22, 8.16], "nll", "neither"),
    ([8.1], [8.9, 8.8], "nll", "one"), ([8.1, 8.2], [], "nll", "waiting")])
def test_a_claim_stands_where_the_interval_puts_it(a, b, metric, side):
    assert judged(CLAIM, lines(a, b, metric=metric))[0] == side


def test_a_margin_is_allowed_for_and_the_difference_shown_without_it():
    table = lines([8.9, 8.8, 8.85], [8.81, 8.71, 8.76])           # 0.09 worse, sd 0.05
    assert judged(CLAIM._replace(margin=0.3), table) == ("for", (
        "*A* (8.850 ± 0.050)", "is within 0.300 of",
        "*B* (8.760 ± 0.050; difference +0.090, -0.023 to +0.203)"))
    assert judged(CLAIM._replace(margin=0.1), table)[0] == "neither"
    assert judged(CLAIM._replace(margin=0.001), lines([8.9, 8.91], [8.5, 8.51]))[1][1] == (
        "is not within 0.001 of")
    better = lines([0.95, 0.951], [0.96, 0.961], metric="accuracy")   # a point worse
    assert judged(CLAIM._replace(margin=0.03), better)[0] == "for"


def test_a_published_figure_has_no_spread_and_a_rival_that_passes_its_own_speaks_against():
    table = lines([8.60, 8.62, 8.61], [])
    published = Claim("t", ("x", "A"), 8.72)
    assert judged(published, table) == ("for", (
        "*A* (8.610 ± 0.010)", "is better than",
        "its published 8.720 (difference -0.110, -0.135 to -0.085)"))  # 4.303 * 0.01 / sqrt(3)
    for value, rival, side in ((8.72, True, "against"), (8.54, True, "neither"),
                               (8.54, False, "against"), (8.615, False, "neither")):
        assert judged(published._replace(b=value, rival=rival), table)[0] == side


def test_one_seed_is_told_apart_by_its_answers_only():
    def both(wrong_a, wrong_b):
        return {"x": [line(name, 0, 1 - len(wrong) / 100, metric="accuracy",
                           wrong=" ".join(map(str, wrong)))
                      for name, wrong in (("A", wrong_a), ("B", wrong_b))]}
    side, words = judged(CLAIM, both(range(2), range(20)))        # 0 and 18 of them: 2/2^18
    assert side == "for" and words[2] == "*B* (80.00; McNemar's p = 7.6e-06 for seed 0)"
    assert judged(CLAIM, both(range(20), range(2)))[0] == "against"
    assert judged(CLAIM, both(range(4), range(5)))[0] == "neither"


@pytest.mark.skipif(not (TASKS / "RESULTS.md").exists(), reason="the tables are not in the package")
def test_no_word_is_stronger_than_its_interval():
    """Better and worse, where the interval leaves out 0 or, without one, McNemar's p is small."""
    tables, seen = read_tables(TASKS / "results"), 0
    for claim in CLAIMS:
        side, words = judged(claim, tables)
        if side == "waiting" or claim.margin:
            continue
        seen += 1
        _, verb, text = words
        interval = re.search(r"difference \S+, (\S+) to ([-+.0-9]+)", text)
        p = re.search("p = (\\S+) for", text)
        if interval:
            low, high = interval.groups()
            apart = low[0] == high[0]   # both + or both -; an end may be rounded to -0.000
        else:
            apart = p and float(p[1]) < 0.05
        assert (verb in ("is better than", "is worse than")) == bool(apart), (claim, words)
    assert seen > 30


def test_a_grid_that_is_not_finished_counts_its_runs():
    rows = BLOCKS["grid"][1]
    done = [line(row.name, seed, "") for row in rows for seed in range(row.seeds)]
    assert unfinished(rows, done[1:]) == " Not finished: 215 of 216 runs."
    assert unfinished(rows, done) == "" and unfinished(rows, []) == " Not run yet."


def test_claims_of_the_same_data_are_one_sentence(monkeypatch):
    monkeypatch.setattr("snu_ref.experiments.verdicts.CLAIMS", [
        CLAIM, CLAIM._replace(b=("x", "C")), CLAIM._replace(b=("x", "D"))])
    table = lines([8.1, 8.2, 8.15], [8.9, 8.8, 8.85])
    table["x"] += [line("C", seed, 9.9 + seed / 10) for seed in range(2)]
    assert text_of_claims(table) == (
        "**For the paper's claims.**\n\n- t:\n"
        "  - *A* (8.150 ± 0.050) is better than *B* (8.850 ± 0.050; "
        "difference -0.700, -0.813 to -0.587) and *C* (9.950 ± 0.071; difference -1.800, -2.534 to "
        "-1.066).\n\n1 of 3 comparisons wait for rows that are not run.")


def test_a_claim_is_read_from_its_line(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("# note\nOn x\n    jsb: A, 3: units\n        within 0.2 of memory: B\n"
                    "        published: digits ssnu\n    y: C\n        z: D\n\nOn w\n    y: E\n"
                    "        published: music gru\n")
    assert read_claims(path) == [
        Claim("On x", ("jsb", "A, 3: units"), ("memory", "B"), 0.2),
        Claim("On x", ("jsb", "A, 3: units"), 0.985), Claim("On x", ("y", "C"), ("z", "D")),
        Claim("On w", ("y", "E"), 8.54, rival=True)]


def test_claims_are_of_rows_that_there_are():
    names = {(block, row.name) for block in BLOCKS for row in BLOCKS[block][1]}
    names |= {(block, name + PROGRAMMED) for block, name in names}
    names |= {(block, f"{row.name}, shown for {steps} steps") for block in BLOCKS
              for row in BLOCKS[block][1] for steps in row.shown}
    names |= {(block, row.name) for block, (trials, _) in CHOSEN.items()
              for row in BLOCKS[trials][1]} | {("devices", BEST_INJECTED)}
    for claim in (*CLAIMS, *UNIT_ROWS, *DEVICE_ROWS):
        assert claim.a in names and (isinstance(claim.b, float) or claim.b in names), claim


def test_a_row_that_did_not_finish_says_so(tmp_path):
    write_table(tmp_path / "digits.csv", [line("SNU", s, 0.97, metric="accuracy", wrong="1 2",
                                               parameters="10") for s in range(2)])
    text = page(tmp_path)
    assert "SNU (2 of 5 runs); sSNU (0 of 5 runs)" in text and "Not run yet." in text
    assert "| SNU | 10 | 2 | accuracy, % | 97.00 | 97.00 ± 0.00 | 97.00 to 97.00 |" in text
    for name, (question, _) in BLOCKS.items():
        assert f"## {question}\n" in text and f"`results/{name}.csv`" in text


def test_networks_and_devices_stand_apart(tmp_path):
    write_table(tmp_path / "memory.csv", [
        line(f"JSB, software{PROGRAMMED}", s, 9 + s + d, device=str(d))
        for s in (0, 2) for d in (0, 1, 2)])
    assert "11.000 ± 1.414 (networks), ± 1.000 (devices)" in page(tmp_path)


@pytest.mark.skipif(not (TASKS / "RESULTS.md").exists(),
                    reason="the page and its tables are in the repository, not in the package")
def test_the_page_is_what_the_tables_make_and_the_tables_are_small():
    tables = sorted((TASKS / "results").glob("*.csv"))
    assert sum(path.stat().st_size for path in tables) <= 300_000
    assert {path.stem for path in tables} <= set(BLOCKS)
    assert (TASKS / "RESULTS.md").read_text(encoding="utf-8") == page(TASKS / "results")
    for path in tables:
        for entry in read_table(path):
            if entry["wrong"]:          # the accuracy follows from the wrong answers
                n = 1797 if entry["data"] == "small" else 10_000
                right = 1 - len(entry["wrong"].split()) / n
                assert float(entry["test"]) == pytest.approx(right, abs=1e-6)
            if entry["row"].endswith("decay 0"):
                assert entry["decay"] == "0..0", entry["row"]


def test_the_nearest_image_by_a_loop():
    rng = np.random.default_rng(0)
    train, labels, values = rng.random((30, 5)), rng.integers(0, 10, 30), rng.random((7, 5))
    expected = [labels[min(range(30), key=lambda j: ((v - train[j]) ** 2).sum())] for v in values]
    assert nearest_neighbour(train, labels, values, at_a_time=3).tolist() == expected


def test_nearest_chords_on_a_cycle_and_with_all_neighbours():
    cycle = np.eye(4)[np.arange(41) % 4]
    # each chord is always followed by the same chord: m_n is k or 0
    q = (10 + 1) / (40 + 2)
    expected = -np.log((5 + q) / 6) - 3 * np.log(1 - q / 6)
    assert nearest_chords_nll([cycle], [cycle], 5) == pytest.approx(expected)
    # with all training steps as neighbours it is nearly the model of independent notes
    rng = np.random.default_rng(0)
    noise = [(rng.random((60, 4)) < 0.3).astype(float) for _ in range(3)]
    assert nearest_chords_nll(noise, noise, 177) == pytest.approx(
        independent_notes_nll(noise, noise), abs=1e-3)


def test_the_figure_of_a_block_shows_rows_with_two_seeds_against_their_base(tmp_path):
    for block, metric, seeds, rows in (
            ("membrane", "nll", 3, ["JSB, SNU, decay 0"]), ("jsb", "nll", 3, ["SNU"]),
            ("digits", "accuracy", 1, ["SNU"])):
        write_table(tmp_path / f"{block}.csv", [line(row, seed, 0.9 + seed / 100, metric=metric)
                                                for row in rows for seed in range(seeds)])
    write_page(tmp_path, tmp_path / "page.md")
    assert (tmp_path / "membrane.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.glob("*.png")] == ["membrane.png"]
    assert "](results/membrane.png)" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert differences_of(MEMBRANE[:1] + MEMBRANE[3:4], read_tables(tmp_path)) == [
        ("JSB: difference in NLL, nats\n(lower is better)", True,   # 2.776 sd sqrt(2/3)
         [("SNU", 0, pytest.approx(-0.0227, abs=1e-4), pytest.approx(0.0227, abs=1e-4), ())])]


def test_the_figure_of_equal_size_has_trials_by_validation_and_the_test_of_the_best(tmp_path):
    row, other = BLOCKS["grid"][1][0], BLOCKS["grid"][1][1]
    write_table(tmp_path / "grid.csv", [line(row.name, seed, "", valid=8 + seed,
                                             changes=changes_text(row)) for seed in (0, 1)]
                + [line(other.name, 0, "", valid=7, changes=changes_text(other))])  # not finished
    write_table(tmp_path / "care.csv", [line(row.name, seed, 8.4) for seed in (0, 1)])
    assert FIGURES["care"][1](read_tables(tmp_path)) == [
        ("JSB, 49,100 parameters: NLL, nats", False,
         [(row.name, 8.4, 8.4, 8.4, [8.5, *[pytest.approx(float("nan"), nan_ok=True)] * 8])])]
    write_page(tmp_path, tmp_path / "page.md")
    assert (tmp_path / "care.png").exists()


def test_trials_of_two_units_with_equal_changes_have_their_own_parameters(tmp_path):
    rnn, ssnu = (next(row for row in BLOCKS["grid"][1] if row.name == name)
                 for name in ("RNN, 150 units", "sSNU, recurrent, 150 units"))
    assert changes_text(rnn) == changes_text(ssnu)
    write_table(tmp_path / "grid.csv", [
        line(row.name, seed, "", valid=8, parameters=size, changes=changes_text(row))
        for row, size in ((rnn, 1234), (ssnu, 5678)) for seed in (0, 1)])
    text = page(tmp_path)
    assert "| RNN, 150 units | 1,234 |" in text
    assert "| sSNU, recurrent, 150 units | 5,678 |" in text


def test_the_noise_injected_is_chosen_by_validation_once_all_is_there(tmp_path):
    def finished(rows):
        write_table(tmp_path / "devices.csv", [
            line(row.name + PROGRAMMED, seed, 9 - place / 10 + device / 100, device=str(device),
                 valid=9 + (place - 1) ** 2, changes=changes_text(row))
            for place, row in enumerate(rows) for seed in range(row.seeds)
            for device in range(row.devices)])
        return page(tmp_path)
    assert BEST_INJECTED not in finished(INJECTED[:3])
    text = finished(INJECTED)
    best, = [row for row in text.splitlines()
             if row.startswith(f"| {BEST_INJECTED} |  | 5 |")]
    assert "8.935 ± 0.000 (networks), ± 0.024 (devices)" in best  # the second, not the lowest
    assert f"| {changes_text(INJECTED[1])} | 5 | **9.000** |" in text
    assert "8.735" not in text                            # the test result of another trial


def test_the_images_of_seed_0_decide_where_the_other_row_has_one_seed():
    """A has fewer errors on the images of seed 0, but the worse mean over seeds."""
    table = [line("A", 0, 0.98, metric="accuracy", wrong="0 1"),
             line("A", 1, 0.5, metric="accuracy", wrong="3"),
             line("B", 0, 0.80, metric="accuracy", wrong=" ".join(map(str, range(20))))]
    assert judged(CLAIM, {"x": table})[0] == "for"


@pytest.mark.skipif(not (TASKS / "RESULTS.md").exists(), reason="the page is in the repository")
def test_the_figures_that_the_readme_quotes_are_those_of_the_page():
    readme = (TASKS.parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [row for row in readme.partition("## Results in brief")[2].splitlines() if "±" in row]
    page_rows = (TASKS / "RESULTS.md").read_text(encoding="utf-8").splitlines()
    assert len([row for row in rows if row.startswith("|")]) >= 8
    for row in rows:
        if row.startswith("|"):
            ours, interval = [cell.strip() for cell in row.split("|")][3:5]
            assert any(f"| {ours} | {interval} |" in line for line in page_rows), row
