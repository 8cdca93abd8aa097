"""The commands as a user runs them: from another folder, each in its own process."""
import json
import os
import subprocess
import sys

import pytest
from helpers.html_page import read_page, table_rows

from snu_ref.__main__ import main


# a backend that matplotlib does not have, and a terminal with ASCII letters only: neither may stop
# a run
ENVIRONMENT = {**os.environ, "MPLBACKEND": "nonsense", "PYTHONIOENCODING": "ascii",
               "OPENBLAS_NUM_THREADS": "1"}


def run(folder, *words, status=0):
    """Run a command in `folder`, expect its exit status, and return what it printed."""
    done = subprocess.run([sys.executable, "-m", "snu_ref", *words], cwd=folder, env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def test_import_draws_in_no_matplotlib(tmp_path):
    code = "import sys, snu_ref; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True).stdout == "False\n"


def reproduce(folder):
    return run(folder, "reproduce", "--all", "--quick", "--out", "résults"), folder / "résults"


reproduced = pytest.mark.ahead.with_args(reproduce)


@reproduced
def test_reproduce_prints_the_evidence_and_one_table(ahead):
    text, _ = ahead
    assert "all gradients agree" in text
    for task in ("digits", "music", "language"):
        for unit in ("SNU", "SNU, no membrane", "sSNU", "sSNU, no membrane", "RNN", "GRU", "LSTM"):
            assert any(line.startswith(f"{task}: {unit}  ") for line in text.splitlines())
    assert "full data" in text and "independent notes" in text and "Witten-Bell bigram" in text
    assert "52,800 devices" in text and "in the loop" in text
    assert "\r" not in text  # no progress in a pipe
    assert max(map(len, text.splitlines())) <= 100


@reproduced
def test_reproduce_writes_results_and_figures(ahead):
    text, folder = ahead
    results = json.loads((folder / "results.json").read_text())
    assert len(results["runs"]) == 15 and len(results["without_membrane"]) == 6 and results["quick"]
    assert not (folder / "finished").exists()
    for line in text.split("Written to")[1].splitlines()[1:]:
        path = folder / line.strip()
        assert path.stat().st_size > (10_000 if path.suffix == ".png" else 1000), path
    assert {
        "neuron.png", "spikes.png", "piano_roll.png", "input_weights.png",
        "learning_curves_music.png", "pcm_year_music.png",
        "bits_digits.png"} <= {path.name for path in folder.iterdir()}


@reproduced
def test_the_report_of_a_run_needs_nothing_else_and_has_its_numbers(ahead):
    """The page loads nothing from elsewhere, it has every figure, and its tables have the
    numbers of results.json."""
    _, folder = ahead
    text = (folder / "report.html").read_text(encoding="utf-8")
    page, results = read_page(text), json.loads((folder / "results.json").read_text())
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    assert "url(" not in text and "@import" not in text and "srcset" not in text
    assert all(
        image.attributes["src"].startswith("data:image/png;base64,") and image.attributes["alt"]
        for image in page.all("img"))
    drawn = [path for path in folder.iterdir() if path.suffix == ".png"]
    assert len(page.all("img")) == len(drawn) == len(results["figures"]) > 12
    targets = {node.attributes["id"] for node in page.all("section")}
    for link in page.all("a"):
        assert (
            link.attributes["href"].startswith("https://arxiv.org/")
            or link.attributes["href"][1:] in targets)

    assert "A trial." in page.text  # because one epoch proves nothing
    for title, factor, digits in (("Digits", 100, 2), ("Music", 1, 3), ("Language", 1, 1)):
        snu, ssnu, *others = [r for r in results["runs"] if r["task"] == title.lower()]
        runs = [
            snu, *others, ssnu,
            *(r for r in results["without_membrane"] if r["task"] == title.lower())]
        rows = table_rows(page, title)[1:1 + len(runs)]
        rows = sorted(
            rows,
            key=lambda row: [
                "SNU", "RNN", "GRU", "LSTM", "sSNU", "SNU, no membrane",
                "sSNU, no membrane"].index(row[0]),
        )
        assert [row[1:3] for row in rows] == [
            [f"{r['parameters']:,}", f"{factor * r['test'][r['metric']]:.{digits}f}"] for r in runs]
    rows = table_rows(page, "Gradients")[1:-1]
    assert [(row[0], float(row[5])) for row in rows] == [
        (s["piece"], float(f"{s['complex']:.1e}")) for s in results["gradients"]]
    assert results["command"] in page.text
    assert abs(sum(part["processor"] for part in results["parts"]) - results["processor"]) < 0.11


def test_gradcheck_of_one_piece(tmp_path, capsys):
    text = run(tmp_path, "gradcheck", "--piece", "GRU")
    assert text.count("GRU: ") == 2 and text.count("  ok\n") > 10 and "all gradients agree" in text
    assert max(map(len, text.splitlines())) <= 80
    with pytest.raises(SystemExit, match="2"):
        main(["gradcheck", "--piece", "perceptron"])
    assert "invalid choice" in capsys.readouterr().err


def test_help_names_every_command(tmp_path, capsys):
    text = run(tmp_path, "--help")
    assert max(map(len, text.splitlines())) < 80 and run(tmp_path) == text
    shown = [
        line.split()[0] if line.startswith("    ") else line.strip()
        for line in text.split("commands:")[1].split("examples:")[0].splitlines() if line.strip()]
    assert shown == ["for students", "reproduce", "report", "train", "use", "memory", "gradcheck",
                     "for ports of the unit", "check", "vectors",
                     "for maintainers", "experiments", "bench"]
    for command in ("reproduce", "report", "train", "gradcheck"):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert "usage" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="pipes are broken otherwise there")
@pytest.mark.parametrize(
    "words", [("vectors", "show", "hand-input"), ("vectors", "list")], ids=" ".join)
def test_a_reader_who_leaves_is_no_error(tmp_path, words):
    """As in `| head`: nothing is printed, and the exit status is that of SIGPIPE in a shell. One
    output is larger than a buffer, one smaller."""
    reader, writer = os.pipe()
    os.close(reader)  # before anything is written
    with os.fdopen(writer, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "snu_ref", *words], cwd=tmp_path, env=ENVIRONMENT, stdout=pipe,
            stderr=subprocess.PIPE, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (141, "")


def remember(folder):
    return run(folder, "memory", "--epochs", "1", "--seeds", "2", "--device-seeds", "1", "--out",
               "results"), folder / "results"


@pytest.mark.ahead.with_args(remember)
def test_the_memory_experiment_by_itself_and_its_spread(ahead, tmp_path):
    text, folder = ahead
    results = json.loads((folder / "results.json").read_text())
    assert results["devices"] == 52_800 and len(results["ways"]) == results["seeds"][1] + 1 == 2
    for way in ("software", "quantised", "in the loop", "programmed"):
        a, b = (rows[way]["nll"] for rows in results["ways"])
        # of two numbers: the sample deviation, and Student's interval, 12.706 sd / sqrt(2) wide
        mean, sd = (a + b) / 2, abs(a - b) / 2 ** 0.5
        assert a != b
        row = next(line for line in text.splitlines()
                   if line.startswith(f"{way:12} {mean:6.3f}") and " to " in line).split()[-5:]
        assert [float(word) for word in (row[0], row[1], row[3])] == pytest.approx(
            [sd, mean - 12.7062 * sd / 2 ** 0.5, mean + 12.7062 * sd / 2 ** 0.5], abs=2e-3)
    raw, compensated = (results["over_time"][kind] for kind in ("raw", "compensated"))
    assert len(raw) == len(compensated) == 2                 # one of each network, at 8 times
    assert all(len(row) == 8 and row[-1] > row[0] for row in raw)    # drift does harm
    assert text.count("1 year") == 1 and "pcm_year_music.png" in text
    assert "jsb-chorales-quarter.json" in run(tmp_path, "memory", "--data", "nowhere", status=2)
