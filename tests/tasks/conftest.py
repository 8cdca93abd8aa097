"""What tests of checkpoints share: a good one, which one training has written."""
import pytest
from helpers.toy_tasks import SMALL, digits, toy_settings

from snu_ref.tasks.training import train


@pytest.fixture(scope="session")
def blob(tmp_path_factory):
    """A good checkpoint of two epochs, as bytes."""
    path = tmp_path_factory.mktemp("good") / "checkpoint.npz"
    train(digits(), toy_settings(**SMALL), 7, checkpoint=path)
    assert [entry.name for entry in path.parent.iterdir()] == ["checkpoint.npz"]
    return path.read_bytes()


@pytest.fixture
def checkpoint(blob, tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(blob)
    return path
