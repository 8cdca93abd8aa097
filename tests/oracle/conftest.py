"""What the tests of the check share: the manifest and each case are read once, no cause is looked
for, and what is wrong is one line."""
import sys
from functools import lru_cache

import pytest

from snu_ref.__main__ import main
from snu_ref.oracle.cases.manifest import load_case, read_manifest
from snu_ref.oracle.comparison import checking
from snu_ref.oracle.diagnosis import causes

MANIFEST = read_manifest()
ENTRIES = {entry["id"]: entry for entry in MANIFEST["cases"]}


@lru_cache(maxsize=None)
def read_once(id):
    """(inputs, outputs) of a case of the package."""
    return load_case(ENTRIES[id])


def copied(entry):
    """The same, as arrays of its own: a port may change them."""
    return tuple({name: a.copy() for name, a in arrays.items()}
                 for arrays in read_once(entry["id"]))


@pytest.fixture(autouse=True)
def vectors_of_the_package(monkeypatch):
    """A check reads the manifest and the cases that the package has; here they are read already."""
    monkeypatch.setattr(checking, "read_manifest", lambda: MANIFEST)
    monkeypatch.setattr(checking, "load_case", copied)


@pytest.fixture
def undiagnosed(monkeypatch):
    """All failures are one story without a cause: for tests of everything but the cause."""
    def tell(results, *_, **__):
        failed = [r for r in results if r.verdict == "failed"]
        return [causes.Cause(failed)] if failed else []
    monkeypatch.setattr(causes, "tell", tell)


@pytest.fixture
def told(tmp_path, capsys, monkeypatch):
    """told(*arguments) -> status and the line that says what is wrong; a traceback is a failure."""
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
