"""Odd files and paths for everything that reads a file: the right data, or an error that names it.

    python tests/fuzz_files.py               3,000 files, seed 0; exit status 1 if one is wrong
    python tests/fuzz_files.py 500 --seed 3 --only read_text

Each reader gets its own good files, one of them spoilt: cut short, with bytes changed, more behind
it or packed, replaced by other bytes, a folder, a pipe, a device or a link; or another path than
that of its files. If a digest protects the content, the reader must return the same as for the good
files. A refusal is a ValueError, TypeError or OSError of one line; it names the file that was
spoilt. A call that waits for ten minutes ends the script with its traceback.
"""
import faulthandler
import gzip
import hashlib
import json
import os
import pickle
import shutil
import struct
import sys
import tempfile
import traceback
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from fuzz import count, script  # noqa: E402
from helpers import toy_tasks  # noqa: E402
from snu_ref import SNU, Network  # noqa: E402
from snu_ref.data import own, readers  # noqa: E402
from snu_ref.report.document import write_report  # noqa: E402
from snu_ref.tasks import checkpoints, load_run  # noqa: E402
from snu_ref.tasks.training import train  # noqa: E402


# ---- the good files: {name: bytes} ---------------------------------------------------------------

def idx(array):
    return struct.pack(f">{1 + array.ndim}I", {3: 2051, 1: 2049}[array.ndim],
                       *array.shape) + array.astype(np.uint8).tobytes()


def images():
    labels = np.arange(30) % 3
    return {"images-idx3": idx(np.random.default_rng(0).integers(0, 256, (30, 3, 3))),
            "labels-idx1": idx(labels)}


def saved(name, write):
    """The file that write(path) makes."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, name))
        return {name: Path(folder, name).read_bytes()}


def network_file():
    network = Network([SNU(3, 2, rng=np.random.default_rng(0))])
    return saved("network.npz", network.save)


def checkpoint():
    return saved("checkpoint.npz", lambda path: train(
        toy_tasks.music(), toy_tasks.toy_settings(epochs=1), 0, checkpoint=path))


def finished_run():
    """The files of a run of `train`, whose results are made by hand: they fit no checkpoint."""
    results = {"task": "music", "unit": "snu", "preset": "small", "seed": 0, "settings": {},
               "test": {"nll": 9.0}}
    return {"results.json": json.dumps(results).encode(), **checkpoint()}


def arrays_of(network):
    return {name: p.copy() for name, p in network.params.items()}


READERS = {  # name: (good files, reader, whether it takes the first file and not the folder,
    #                 whether it checks a digest of the content)
    "read_images": (images, own.read_images, False, False),
    "read_tunes": (lambda: {"tunes.json": json.dumps([[[60, 64], [62]]] * 12).encode()},
                   own.read_tunes, True, False),
    "read_text": (lambda: {"text.txt": b"The cat sat on the mat. It was red.\n\n" * 5},
                  own.read_text, True, False),
    "read_mnist": (lambda: {name: idx(np.zeros((2, 28, 28) if "images" in name else (2,)))
                            for name in list(readers.SHA256)[:4]}, readers.read_mnist, False, True),
    "read_jsb": (lambda: {readers.JSB_FILE: json.dumps(
        {split: [[[60], []]] for split in readers.JSB_COUNTS}).encode()}, readers.read_jsb, False,
        True),
    "read_ptb": (lambda: {name: b" the cat\n" for name in readers.PTB_TOKENS}, readers.read_ptb,
                 False, True),
    "Network.load": (network_file, lambda path: arrays_of(Network.load(path)), True, True),
    "checkpoints.read": (checkpoint, checkpoints.read, True, True),
    "load_run": (finished_run, load_run, False, True),
    "write_report": (lambda: {"results.json": b'{"runs": []}'}, write_report, False, True),
}


# ---- odd files: function of (path of a good file, its bytes, rng) --------------------------------

def change(edit):
    return lambda path, raw, rng: path.write_bytes(edit(bytearray(raw), rng))


def one_byte(raw, rng):
    if raw:
        raw[rng.integers(len(raw))] ^= int(rng.integers(1, 256))
    return raw


def zip_bomb(raw, rng):
    return gzip.compress(bytes(10 ** 8), 1) if rng.random() < 0.02 else gzip.compress(raw)[:-4]


def instead(make):
    def spoil(path, raw, rng):
        path.unlink()
        make(path)
    return spoil


SPOILS = {
    "cut": change(lambda raw, rng: raw[:rng.integers(len(raw) + 1)]),
    "byte": change(one_byte),
    "bytes": change(lambda raw, rng: one_byte(one_byte(one_byte(raw, rng), rng), rng)),
    "head": change(lambda raw, rng: rng.bytes(8) + raw[8:]),
    "sizes": change(lambda raw, rng: raw[:4] + b"\x7f\xff\xff\xff" * 3 + raw[16:]),
    "longer": change(lambda raw, rng: raw + rng.bytes(rng.integers(1, 99))),
    "packed": change(lambda raw, rng: gzip.compress(raw)),
    "badly packed": change(zip_bomb),
    "other": change(lambda raw, rng: rng.bytes(rng.integers(99))),
    "text": change(lambda raw, rng: rng.choice([b"[" * 10 ** 5, b"{}", b"null", b"\xef\xbb\xbf",
                                                b"NaN", b"\n" * 99, b'{"train": 1}', b"\0"])),
    "empty": change(lambda raw, rng: b""),
    "gone": instead(lambda path: None),
    "folder": instead(Path.mkdir),
    "pipe": instead(os.mkfifo) if hasattr(os, "mkfifo") else instead(Path.mkdir),
    "link to nowhere": instead(lambda path: path.symlink_to("nowhere")),
    "link to itself": instead(lambda path: path.symlink_to(path.name)),
    "device without end": instead(lambda path: path.symlink_to("/dev/zero")),
    "unreadable": lambda path, raw, rng: path.chmod(0),
}
PATHS = [None, 3, 1.5, "", ".", "\0", "a\0b", "x" * 5000, b"bytes", "\udcff", "\x1b[2J",
         "/dev/zero", "/dev/null", "/proc/self/mem", "~", [], {}, "no/such/folder"]


# ---- what is right -------------------------------------------------------------------------------

@lru_cache(None)
def good_files(name):
    return READERS[name][0]()


def outcome(read, path):
    """("value", digest), ("refused", message) or ("fault", traceback)."""
    faulthandler.dump_traceback_later(600, exit=True)
    try:
        return "value", hashlib.sha256(pickle.dumps(read(path))).hexdigest()
    except (ValueError, TypeError, OSError) as error:
        return "refused", str(error)
    except Exception:
        return "fault", traceback.format_exc(limit=-3)
    finally:
        faulthandler.cancel_dump_traceback_later()


@lru_cache(None)
def right(name):
    with tempfile.TemporaryDirectory() as folder:
        return outcome(READERS[name][1], write_files(name, Path(folder))[0])


def write_files(name, folder):
    """(the reader's argument, the paths of the files) of good files in a folder."""
    paths = [folder / file for file in good_files(name)]
    for path, raw in zip(paths, good_files(name).values()):
        path.write_bytes(raw)
    return paths[0] if READERS[name][2] else folder, paths


def one_call(name, rng):
    """(outcome, kind, what is wrong or None) of one odd file or path."""
    _, read, _, guarded = READERS[name]
    if rng.random() < 0.1:
        path = PATHS[rng.integers(len(PATHS))]
        result, text = outcome(read, path)
        bad = result == "fault" or "\n" in text
        return result, "path", f"{name}({path!r:.40}): {text}" if bad else None
    kind = list(SPOILS)[rng.integers(len(SPOILS))]
    with tempfile.TemporaryDirectory() as folder:
        argument, paths = write_files(name, Path(folder))
        path = paths[rng.integers(len(paths))]
        SPOILS[kind](path, path.read_bytes(), rng)
        result, text = outcome(read, argument)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)
    bad = None
    if result == "fault" or "\n" in text:
        bad = text
    elif result == "refused" and (right(name)[0] == "value" and path.name not in text
                                  and str(argument) not in text or "expected" not in text):
        bad = f"refused without its name: {text}"
    elif result == "value" and guarded and text != right(name)[1]:
        bad = "other data were taken"
    return result, kind, f"{name}, {path.name} ({kind}): {bad}" if bad else None


def fuzz(calls, seed, only="", report=print):
    """The counts of odd files and paths for every reader; "value": something was read."""
    return count(READERS, one_call, calls, seed, only, report)


if __name__ == "__main__":
    sys.exit(script(__doc__, fuzz, 3000, ("value", "refused"), f"{len(READERS)} readers"))
