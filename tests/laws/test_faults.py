"""Faults: kills, full disks, closed folders, damaged files. Said in a line, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from snu_ref.data import datasets
from snu_ref.__main__ import main
from snu_ref import array_file

ENVIRONMENT = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
TRAIN = ["train", "music", "--unit", "snu", "--epochs", "4", "--seed", "3", "--out"]


def start(folder, *words, code=None, **options):
    """A process of its own that runs a command in `folder`, or `code` in its place."""
    program = ["-m", "snu_ref"] if code is None else ["-c", code]
    return subprocess.Popen(
        [sys.executable, *program, *words],
        cwd=folder,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def run(folder, *words, status=0, **options):
    """What a command in `folder` prints; where a status is expected, its one line of error."""
    process = start(folder, *words, **options)
    out, err = process.communicate(timeout=600)
    assert process.returncode == status, out + err
    return one_line(err) if status else out


def one_line(error):
    assert "Traceback" not in error and len(error.splitlines()) == 1, error
    return error


def refused(capsys, *words):
    """The one line of error of a command in this process; the exit status is 2."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    return one_line(capsys.readouterr().err)


def final(folder):
    """What a run ended in: everything in its checkpoint but the seconds, and its test figures."""
    arrays = array_file.read(folder / "checkpoint.npz")
    history = [
        {k: v for k, v in record.items() if k != "seconds"}
        for record in json.loads(str(arrays.pop("history")))
    ]
    results = json.loads((folder / "results.json").read_text())
    return (
        {name: a.tobytes() for name, a in arrays.items()},
        history,
        results["test"],
        results["best_epoch"],
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole")
    text = run(folder, *TRAIN, "run")
    return folder / "run", text


def test_a_run_says_how_long_it_will_take_and_writes_its_results(whole):
    folder, text = whole
    epochs = [
        line for line in text.splitlines() if line.startswith("epoch ") and "kept" not in line
    ]
    assert len(epochs) == 4 and all(f"epoch {i}  loss " in line for i, line in enumerate(epochs, 1))
    assert all(" seconds " in line and " left 0:0" in line for line in epochs) and epochs[
        -1
    ].endswith("left 0:00")
    assert "229 train, 76 valid, 77 test pieces" in text and "26,638 parameters" in text
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.npz",
        "learning_curve.png",
        "results.json",
    ]
    assert (folder / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    results = json.loads((folder / "results.json").read_text())
    assert [record["epoch"] for record in results["history"]] == [1, 2, 3, 4] and results[
        "seed"
    ] == 3


KILL_AT_A_CALL = """
import itertools, os, signal, sys
from snu_ref.__main__ import main

at, calls = int(sys.argv[1]), itertools.count()

def count(frame, event, argument):
    if next(calls) == at:
        os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(count)
status = main(sys.argv[2:])
sys.setprofile(None)
print(next(calls), file=sys.stderr)
sys.exit(status)
"""


def test_a_run_killed_at_any_moment_resumes_bit_identical(tmp_path, whole):
    """A moment is a number of function calls, of all that a whole run makes: no clock is asked."""
    process = start(tmp_path, "-1", *TRAIN, "counted", code=KILL_AT_A_CALL)
    calls = int(process.communicate(timeout=600)[1].split()[-1])
    moments = [1000, *np.random.default_rng(0).integers(calls // 10, calls // 2, 2)]
    for i, moment in enumerate(moments):
        process = start(tmp_path, str(moment), *TRAIN, "killed", "--resume", code=KILL_AT_A_CALL)
        text, _ = process.communicate(timeout=600)
        assert process.returncode == -signal.SIGKILL
        assert ("no checkpoint in killed yet: starting from the beginning" in text) == (i == 1)
    assert "no checkpoint" not in run(tmp_path, *TRAIN, "killed", "--resume")
    assert final(tmp_path / "killed") == final(whole[0])


KILL_IN_WRITING = """
import os, signal, sys
from contextlib import contextmanager
from snu_ref.__main__ import main
from snu_ref import array_file

whole_file, writes = array_file.whole_file, []

class Half:
    def __init__(self, file):
        self.file = file

    def write(self, content):
        self.file.write(content[:len(content) // 2])
        self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

@contextmanager
def opened(path):
    writes.append(None)
    with whole_file(path) as file:  # the first two: before the first update, and after the first epoch
        yield file if len(writes) < 3 else Half(file)

array_file.whole_file = opened
main(sys.argv[1:])
"""


def test_a_run_killed_while_it_writes_a_checkpoint_resumes_bit_identical(tmp_path, whole):
    process = start(tmp_path, *TRAIN, "killed", code=KILL_IN_WRITING)
    process.communicate(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / "checkpoint.npz.unfinished").stat().st_size > 5000
    text = run(tmp_path, *TRAIN, "killed", "--resume")
    assert "epoch 2 " in text and "epoch 1 " not in text.split("epoch 2 ")[0]
    assert final(tmp_path / "killed") == final(whole[0])
    assert not list((tmp_path / "killed").glob("*.unfinished"))


def test_a_full_disk_is_said_in_a_line_and_the_last_checkpoint_kept(tmp_path, whole):
    """A limit on the size of files stands for the disk: no checkpoint fits, then the first does."""
    resource = pytest.importorskip("resource")
    size = (whole[0] / "checkpoint.npz").stat().st_size

    def limit(to):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (to, to))

    error = run(tmp_path, *TRAIN, "full", status=2, preexec_fn=limit(size // 10))
    assert "full/checkpoint.npz: cannot be written: File too large" in error
    assert list((tmp_path / "full").iterdir()) == []
    # the first checkpoint is without Adam's moments and fits into half the space of the second
    error = run(tmp_path, *TRAIN, "full", status=2, preexec_fn=limit(3 * size // 4))
    assert (
        "File too large; the checkpoint after 0 of 4 epochs is kept there, to resume from" in error
    )
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["checkpoint.npz"]
    run(tmp_path, *TRAIN, "full", "--resume")
    assert final(tmp_path / "full") == final(whole[0])


def test_folders_that_cannot_be_written_are_named_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("snu_ref.commands.train.run_task", None)  # the work: calling it would be an error
    monkeypatch.setattr("snu_ref.commands.reproduce.run_jobs", None)
    (tmp_path / "file").write_text("x")
    places = [tmp_path / "file", tmp_path / "file" / "below"]
    places += ["/proc/self", "/proc/new"] if os.path.isdir("/proc/self") else []
    for command in (["train", "music", "--unit", "snu"], ["reproduce"]):
        for place in places:
            error = refused(capsys, *command, "--out", place)
            assert f"--out: expected a folder to write in, got {place}: " in error
    assert (tmp_path / "file").read_text() == "x"


def test_an_earlier_run_is_not_overwritten(tmp_path, capsys):
    for name, words in (
        ("checkpoint.npz", "checkpoint.npz: expected a checkpoint, but it is damaged"),
        ("results.json", "results.json is of something else: give another --out"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("x")
        assert words in refused(capsys, *TRAIN, folder)
        assert (folder / name).read_text() == "x" and len(list(folder.iterdir())) == 1
    assert "give another --out" in refused(capsys, *TRAIN, folder, "--resume")


def test_a_damaged_checkpoint_is_named_and_left_as_it_is(tmp_path, whole, capsys):
    good = (whole[0] / "checkpoint.npz").read_bytes()
    checkpoint = tmp_path / "checkpoint.npz"
    for blob in (b"", b"PK", good[: len(good) // 2], good[:1000] + b"\xff" + good[1001:]):
        checkpoint.write_bytes(blob)
        error = refused(capsys, *TRAIN, tmp_path, "--resume")
        assert f"{checkpoint}: expected a checkpoint, but it is damaged" in error
        assert checkpoint.read_bytes() == blob and list(tmp_path.iterdir()) == [checkpoint]
    checkpoint.write_bytes(good)
    assert "expected seed 9, but the checkpoint is of a run with 3" in refused(
        capsys, *TRAIN, tmp_path, "--resume", "--seed", "9"
    )


# ---- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, expected",
    [
        (
            ["digits", "--data", "."],
            "--data: preset 'small' trains on data that the package and Python carry",
        ),
        (["music", "--unit", "snu", "--weights", "pcm", "--data", "."], "--data: preset 'small'"),
        (
            ["music", "--unit", "snu", "--weights", "pcm", "--preset", "paper"],
            "--preset: --weights pcm has settings",
        ),
        (
            ["music", "--unit", "snu", "--weights", "pcm", "--preset", "paper", "--data", "."],
            "--preset: --weights pcm",
        ),
        (
            ["music", "--weights", "pcm"],
            "--weights: pcm is for music with --unit snu, got music with --unit ssnu",
        ),
        (
            ["digits", "--unit", "snu", "--weights", "pcm"],
            "--weights: pcm is for music with --unit snu, got digits",
        ),
        (
            ["music", "--preset", "paper"],
            "--data: preset 'paper' needs the full data set; expected a folder with jsb-",
        ),
        (
            ["music", "--unit", "snu-conv"],
            "unit: expected one of 'snu', 'ssnu', 'rnn', 'gru', 'lstm', got 'snu-conv'",
        ),
        (["music", "--seed", "-1"], "--seed: expected a number in [0, inf], got -1"),
        (["music", "--epochs", "0"], "--epochs: expected a positive int, got 0"),
    ],
)
def test_options_that_would_have_no_effect_or_make_no_sense_are_errors(
    words, expected, tmp_path, capsys
):
    assert expected in refused(capsys, "train", *words, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ---- data files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "task, name, words",
    [
        ("digits", "train-images-idx3-ubyte", ["expected 47040016 bytes", "ossci-datasets"]),
        ("music", "jsb-chorales-quarter.json", ["expected JSON", "czhuang/JSB-Chorales-dataset"]),
        ("language", "ptb.train.txt", ["expected 929589 tokens with <eos>", "LDC99T42"]),
    ],
)
def test_a_truncated_data_file_is_named(task, name, words, tmp_path, capsys):
    start_of = {
        "digits": bytes([0, 0, 8, 3, 0, 0, 234, 96, 0, 0, 0, 28, 0, 0, 0, 28, 0]),
        "music": b'{"train": [[[60]',
        "language": b" aer banknote\n",
    }
    (tmp_path / name).write_bytes(start_of[task])
    error = refused(
        capsys, "train", task, "--preset", "paper", "--data", tmp_path, "--out", tmp_path / "run"
    )
    assert all(word in error for word in (str(tmp_path / name), *words))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("task, name", [("digits", "digits.npz"), ("music", "chorales.npz")])
def test_a_data_file_of_the_package_altered_by_one_byte_is_named(
    task, name, tmp_path, capsys, monkeypatch
):
    raw = bytearray((datasets._folder() / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / name).write_bytes(raw)
    monkeypatch.setattr(datasets, "_folder", lambda: tmp_path)
    error = refused(capsys, "train", task, "--out", tmp_path / "run")
    assert f"data file {name}: truncated or altered: expected SHA-256" in error
    assert not (tmp_path / "run").exists()
