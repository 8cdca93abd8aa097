"""What the tests of the check share: the manifest is read once, and no cause is looked for."""
import pytest

from snu_ref.oracle.cases.manifest import read_manifest
from snu_ref.oracle.comparison import checking
from snu_ref.oracle.diagnosis import causes

MANIFEST = read_manifest()


@pytest.fixture(autouse=True)
def manifest_of_the_package(monkeypatch):
    """A check reads the manifest that the package has; here it is read already."""
    monkeypatch.setattr(checking, "read_manifest", lambda: MANIFEST)


@pytest.fixture
def undiagnosed(monkeypatch):
    """All failures are one story without a cause: for tests of everything but the cause."""
    def tell(results, *_, **__):
        failed = [r for r in results if r.verdict == "failed"]
        return [causes.Cause(failed)] if failed else []
    monkeypatch.setattr(causes, "tell", tell)
