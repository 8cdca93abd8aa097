"""Small files in the form of the full data sets, with counts and digests to match; their errors."""
import hashlib
import json
import struct

import numpy as np
import pytest

from snu_ref.data import readers
from snu_ref.data.readers import DataError, read_jsb, read_mnist, read_ptb

COPIES = {read_mnist: "ossci-datasets.s3.amazonaws.com/mnist",
          read_jsb: "czhuang/JSB-Chorales-dataset", read_ptb: "LDC99T42"}
MNIST_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
               "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PIECES = {"train": [[[21, 60, 64], [], [108]], [[60]]], "valid": [[[50, 62], [51]]],
          "test": [[[49]], [[70], [70, 71]]]}
LINES = {"train": " the cat sat \n the dog <unk> \n the cat N \n a a \n",
         "valid": " the dog sat \n",
         "test": " a cat \n cat cat \n"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def idx(array):
    return struct.pack(f">{1 + array.ndim}I", {3: 2051, 1: 2049}[array.ndim], *array.shape) + (
        array.tobytes())


def fails(read, folder, *words, error=DataError):
    """The message of the error that reading `folder` raises, with `words` and where to get it."""
    with pytest.raises(error) as caught:
        read(folder)
    message = str(caught.value)
    for word in (*words, COPIES[read]):
        assert word in message
    return message


def rewrite(path, change):
    path.write_bytes(change(path.read_bytes()))


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with 7 and 5 images of 4x3, and expectations to match."""
    rng = np.random.default_rng(0)
    arrays = []
    for count in (7, 5):
        arrays.append(rng.integers(0, 256, (count, 4, 3), dtype=np.uint8))
        arrays.append(np.arange(count, dtype=np.uint8))
    monkeypatch.setattr(readers, "MNIST_ITEMS", {"train": 7, "t10k": 5})
    monkeypatch.setattr(readers, "MNIST_SHAPE", (4, 3))
    for name, array in zip(MNIST_NAMES, arrays):
        (tmp_path / name).write_bytes(idx(array))
        monkeypatch.setitem(readers.SHA256, name, sha256(idx(array)))
    return tmp_path, arrays


@pytest.fixture
def jsb(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "JSB_COUNTS", {"train": (2, 4), "valid": (1, 2), "test": (2, 3)})
    compact = json.dumps([PIECES["train"], PIECES["valid"], PIECES["test"]]).replace(" ", "")
    monkeypatch.setitem(readers.SHA256, readers.JSB_FILE, sha256(compact.encode()))
    return tmp_path / "jsb-chorales-quarter.json"


@pytest.fixture
def ptb(tmp_path, monkeypatch):
    counts = {}
    for split, text in LINES.items():
        name = f"ptb.{split}.txt"
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
        tokens = text.replace("\n", "<eos>").split()
        counts[name] = len(tokens)
        monkeypatch.setitem(readers.SHA256, name, sha256(" ".join(tokens).encode()))
    monkeypatch.setattr(readers, "PTB_TOKENS", counts)
    return tmp_path
