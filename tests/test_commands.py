"""The commands as a user runs them: from another folder, in a process of their own."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import snu_ref

ENVIRONMENT = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}


def run(folder, *words, status=0):
    """Run a command in `folder`, expect its exit status, and return what it printed."""
    done = subprocess.run([sys.executable, "-m", "snu_ref", *words], cwd=folder, env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=110)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def test_the_tests_see_the_installed_package():
    """A file that is missing from the wheel must make the tests fail, so the checkout must not be seen."""
    assert not (Path(snu_ref.__file__).parent.parent / "setup.cfg").exists()


def test_import_draws_in_no_matplotlib(tmp_path):
    code = "import sys, snu_ref; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True).stdout == "False\n"


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduce")
    text = run(folder, "reproduce", "--quick", "--out", "results")
    return text, folder / "results"


def test_reproduce_prints_the_evidence_and_one_table(reproduced):
    text, _ = reproduced
    assert "all gradients agree" in text
    for task in ("digits", "music", "language"):
        for unit in ("SNU", "sSNU"):
            assert any(line.startswith(f"{task:9} {unit:5}") for line in text.splitlines())
    assert "full data" in text and "independent notes" in text and "Witten-Bell bigram" in text
    assert "52,800 devices" in text and "in the loop" in text
    assert "\r" not in text  # no progress in a pipe


def test_reproduce_writes_results_and_figures(reproduced):
    text, folder = reproduced
    results = json.loads((folder / "results.json").read_text())
    assert len(results["runs"]) == 6 and results["quick"]
    for line in text.split("Written in")[1].splitlines()[1:]:
        path = folder / line.strip()
        assert path.stat().st_size > (10_000 if path.suffix == ".png" else 1000), path
    assert {"neuron.png", "spikes.png", "piano_roll.png", "input_weights.png",
            "learning_curves_music.png", "pcm_year_music.png", "bits_digits.png"} <= {path.name for path in folder.iterdir()}


def test_gradcheck_of_one_piece(tmp_path):
    text = run(tmp_path, "gradcheck", "--piece", "GRU")
    assert text.count("GRU ") > 11 and "all gradients agree" in text
    assert "invalid choice" in run(tmp_path, "gradcheck", "--piece", "perceptron", status=2)


def test_help_names_every_command(tmp_path):
    text = run(tmp_path, "--help")
    for command in ("reproduce", "train", "gradcheck"):
        assert command in text
        assert "usage" in run(tmp_path, command, "--help")
