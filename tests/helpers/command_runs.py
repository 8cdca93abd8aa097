"""Commands as a user runs them: in a new process or in this one; and their error messages."""
import os
import subprocess
import sys

from snu_ref.__main__ import main

ENVIRONMENT = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
TRAIN = ["train", "music", "--unit", "snu", "--epochs", "4", "--seed", "3", "--out"]


def start(folder, *words, code=None, **options):
    """A new process that runs a command, or `code`, in `folder`."""
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
