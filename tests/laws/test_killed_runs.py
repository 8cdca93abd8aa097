"""A run that was killed, or whose disk was full, continues with the same bits; damage is named."""
import json
import signal

import numpy as np
import pytest
from helpers.command_runs import TRAIN, refused, run, start

from snu_ref.__main__ import main
from snu_ref.saving import array_file


def final(folder):
    """What a run ended in: everything in its checkpoint but the seconds, and its test results."""
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run: its folder, what it printed, and its number of function calls."""
    folder = tmp_path_factory.mktemp("whole")
    process = start(folder, "-1", *TRAIN, "run", code=KILL_AT_A_CALL)
    text, calls = process.communicate(timeout=600)
    assert process.returncode == 0, calls
    return folder / "run", text, int(calls)


@pytest.fixture
def resumed(capsys):
    """resumed(folder): resume a run in this process; returns what it prints."""
    def resume(folder):
        assert main([*TRAIN, str(folder), "--resume"]) == 0
        return capsys.readouterr().out
    return resume


def test_a_run_says_how_long_it_will_take_and_writes_its_results(whole):
    folder, text, _ = whole
    head, units, *epochs = text.split("validation data\n")[1].splitlines()[:6]
    assert head.split() == ["epoch", "loss", "nll", "nll_per_piece", "time", "left"]
    assert "nats a step" in units and "min:s" in units
    assert [line.split()[0] for line in epochs] == list("1234")
    assert all(len(line.split()) == 6 and len(line) == len(head) for line in epochs)
    assert all(" 0:0" in line for line in epochs) and epochs[-1].endswith("  0:00")
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


def test_a_run_killed_at_any_moment_resumes_bit_identical(tmp_path, whole, resumed):
    """The moment of the kill is a number of function calls, so it does not depend on a clock."""
    calls = whole[2]
    moments = [1000, *np.random.default_rng(0).integers(calls // 10, calls // 2, 2)]
    for i, moment in enumerate(moments):
        process = start(tmp_path, str(moment), *TRAIN, "killed", "--resume", code=KILL_AT_A_CALL)
        text, _ = process.communicate(timeout=600)
        assert process.returncode == -signal.SIGKILL
        assert ("no checkpoint in killed: starting at epoch 1" in text) == (i == 1)
    assert "no checkpoint" not in resumed(tmp_path / "killed")
    assert final(tmp_path / "killed") == final(whole[0])


KILL_IN_WRITING = """
import os, signal, sys
from contextlib import contextmanager
from snu_ref.__main__ import main
from snu_ref.saving import array_file

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
    # the first two: before the first update, and after the first epoch
    with whole_file(path) as file:
        yield file if len(writes) < 3 else Half(file)

array_file.whole_file = opened
main(sys.argv[1:])
"""


def test_a_run_killed_while_it_writes_a_checkpoint_resumes_bit_identical(tmp_path, whole, resumed):
    process = start(tmp_path, *TRAIN, "killed", code=KILL_IN_WRITING)
    process.communicate(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / "checkpoint.npz.unfinished").stat().st_size > 5000
    text = resumed(tmp_path / "killed")
    assert "\n    2 " in text and "\n    1 " not in text
    assert final(tmp_path / "killed") == final(whole[0])
    assert not list((tmp_path / "killed").glob("*.unfinished"))


def test_a_full_disk_is_said_in_a_line_and_the_last_checkpoint_kept(tmp_path, whole, resumed):
    """A limit on file sizes replaces a full disk: no checkpoint fits, then only the first."""
    resource = pytest.importorskip("resource")
    size = (whole[0] / "checkpoint.npz").stat().st_size

    def limit(to):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (to, to))

    error = run(tmp_path, *TRAIN, "full", status=2, preexec_fn=limit(size // 10))
    assert "full/checkpoint.npz: cannot be written: File too large" in error
    assert list((tmp_path / "full").iterdir()) == []
    # the first checkpoint is without Adam's moments and fits into half the space of the second
    error = run(tmp_path, *TRAIN, "full", status=2, preexec_fn=limit(3 * size // 4))
    assert "File too large; it still holds the checkpoint after 0 of 4 epochs" in error
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["checkpoint.npz"]
    resumed(tmp_path / "full")
    assert final(tmp_path / "full") == final(whole[0])


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
