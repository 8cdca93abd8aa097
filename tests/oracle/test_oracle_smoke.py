"""The vectors in the package are those that the package makes, and the check tells right from
wrong."""

import os
import subprocess
import sys

import pytest

ADAPTER = """
from snu_ref.oracle.cases.reference import outputs_of


class Right:
    def run(self, case):
        return outputs_of(case.config, case.inputs, case.dtype)


class DetachedReset:
    def run(self, case):
        if case.config["unit"] != "snu":
            raise NotImplementedError("only the SNU")
        return outputs_of({**case.config, "reset_grad": "detached"}, case.inputs, case.dtype)
"""


def run(folder, *words):
    """A command's exit status and text, run in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "snu_ref", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


def verify(folder):
    return run(folder, "vectors", "verify")


def check_two_ports(folder):
    (folder / "port.py").write_text(ADAPTER)
    return [run(folder, "check", "port.py:Right", "--cases", "unit-*,rnn*"),
            run(folder, "check", "port.py:DetachedReset", "--cases", "unit-*")]


@pytest.mark.ahead.with_args(verify)
def test_the_vectors_can_be_made_again(ahead):
    status, text = ahead
    assert status == 0 and "verified" in text, text


@pytest.mark.ahead.with_args(check_two_ports)
def test_a_right_port_passes_and_a_wrong_one_fails_by_name(ahead):
    (status, text), (wrong_status, wrong_text) = ahead
    assert status == 0 and "PASSED" in text, text
    assert (
        wrong_status == 1 and "the reset gate is a constant in the backward pass" in wrong_text
    ), wrong_text
