"""A full disk damages no checkpoint: the last good one stays, and training continues."""
from contextlib import contextmanager

import pytest
from helpers.toy_tasks import SMALL, digits, same_training, toy_settings

from snu_ref.saving import array_file
from snu_ref.tasks.training import train


class FullDisk:
    """A file that takes a few bytes and then no more."""

    def __init__(self, file):
        self.file = file

    def write(self, content):
        self.file.write(content[:4])
        raise OSError(28, "No space left on device")


def full_from(first, monkeypatch):
    """From file number `first` on, the disk is full."""
    whole_file, writes = array_file.whole_file, []

    @contextmanager
    def opened(path):
        writes.append(path)
        with whole_file(path) as file:
            yield file if len(writes) < first else FullDisk(file)

    monkeypatch.setattr(array_file, "whole_file", opened)


def test_a_failed_write_leaves_the_last_good_checkpoint_and_says_so(checkpoint, blob, monkeypatch):
    settings = toy_settings(**SMALL)
    full_from(1, monkeypatch)
    with pytest.raises(OSError, match="checkpoint.npz: cannot be written: No space left "
                                      "on device$"):
        train(digits(), settings, 7, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == blob
    monkeypatch.undo()
    full_from(3, monkeypatch)
    with pytest.raises(OSError, match="No space left.*; it still holds the checkpoint after 1 of "
                                      "2 epochs"):
        train(digits(), settings, 7, checkpoint=checkpoint)
    monkeypatch.undo()
    assert [entry.name for entry in checkpoint.parent.iterdir()] == ["checkpoint.npz"]
    resumed = train(digits(), settings, 7, checkpoint=checkpoint, resume=True)
    assert same_training(resumed, train(digits(), settings, 7))


def test_a_limit_on_the_size_of_files_is_a_full_disk(checkpoint, blob):
    """A real limit of this process: writes beyond 3 kB fail."""
    resource = pytest.importorskip("resource")  # not on Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(OSError, match="checkpoint.npz: cannot be written: File too large"):
            train(digits(), toy_settings(**SMALL), 7, checkpoint=checkpoint)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert checkpoint.read_bytes() == blob
    assert [entry.name for entry in checkpoint.parent.iterdir()] == ["checkpoint.npz"]
