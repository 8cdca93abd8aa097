"""What the tests of the check share: the vectors are read once, no cause is looked for, and what is
wrong is one line."""
import sys

import pytest
import run_blind_ports
from helpers import vectors

from snu_ref.__main__ import main
from snu_ref.commands import vectors as command
from snu_ref.oracle.cases import export
from snu_ref.oracle.comparison import checking, probe
from snu_ref.oracle.diagnosis import causes, unit


@pytest.fixture(autouse=True)
def vectors_of_the_package(monkeypatch):
    """What reads the cases of the package or makes new ones does so once for all tests."""
    vectors.share(monkeypatch.setattr, checking, probe, export, command, run_blind_ports)


@pytest.fixture
def undiagnosed(monkeypatch):
    """All failures are one group without a cause: for tests of everything but the cause."""
    def tell(results, *_, **__):
        failed = [r for r in results if r.verdict == "failed"]
        return [causes.Cause(failed)] if failed else []
    monkeypatch.setattr(causes, "tell", tell)


@pytest.fixture
def unsearched(monkeypatch):
    """No trials for whole cases: for tests of what the report says about single lines."""
    monkeypatch.setattr(unit, "TRIALS", unit.RESERVE)


@pytest.fixture
def check(tmp_path, capsys):
    """check(text of an adapter module, *options) -> exit status, report."""
    def run(source, *options, name="Port"):
        path = tmp_path / "port_under_test.py"
        path.write_text(source)
        status = main(["check", f"{path}:{name}" if name else str(path), *options])
        said = capsys.readouterr()
        return status, said.out + said.err
    yield run
    sys.modules.pop("port_under_test", None)
    sys.path[:] = [p for p in sys.path if p != str(tmp_path)]


@pytest.fixture
def told(tmp_path, capsys, monkeypatch):
    """told(*arguments) -> exit status and error message; a traceback is a failure."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        status = main(list(arguments))
        said = capsys.readouterr()
        lines = [text for text in said.err.splitlines() + said.out.splitlines()
                 if text.startswith(("ERROR", "python -m snu_ref"))]
        assert all(len(text) < 700 and text.isprintable() for text in lines)
        return status, lines[0] if lines else said.out
    yield run
    sys.modules.pop("port", None)
