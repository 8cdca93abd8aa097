"""Checkpoint files: every damaged one is an error."""
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from snu_ref.saving import array_file
from snu_ref.tasks import checkpoints
from snu_ref.tasks.training import make_optimiser, make_store, train
from helpers.toy_tasks import SMALL, digits, music, toy_settings

PCM = {"kind": "pcm", "scale": 16.0, "refresh_every": 5}


def resumed_state(path, settings=None, task=None, seed=7):
    """Everything that `load` sets, as bytes. On a CheckpointError nothing has changed."""
    settings, task = settings or toy_settings(**SMALL), task or digits()
    rng = np.random.default_rng(1)
    network = task.network(settings, rng)
    store, optimiser = make_store(network, settings, rng), make_optimiser(settings)
    identity = {
        "task": task.name, "unit": task.unit, "metric": task.metric, "settings": vars(settings),
        "seed": seed, "data": checkpoints.digest(task.data)}

    def state():
        parts = (network.params, optimiser.state, store.state() if store else {})
        return [{name: a.tobytes() for name, a in part.items()} for part in parts] + [
            rng.bit_generator.state]

    before = state()
    try:
        best, history = checkpoints.load(path, identity, network, optimiser, rng, store)
    except checkpoints.CheckpointError as error:
        assert state() == before
        assert str(path) in str(error) and "\n" not in str(error)
        raise
    return state() + [{name: a.tobytes() for name, a in best.items()}, history]


def refused(path, *words, **run):
    """The path is refused with a message that has all the words, and is left as it is."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(checkpoints.CheckpointError) as caught:
        resumed_state(path, **run)
    for word in words:
        assert word in str(caught.value)
    assert before is None or path.read_bytes() == before


def test_a_checkpoint_holds_plain_arrays_only(checkpoint):
    with np.load(checkpoint, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiU" for name in file.files)
        assert json.loads(str(file["identity"]))["seed"] == 7


def test_a_truncated_checkpoint_is_refused_wherever_it_ends(checkpoint, blob):
    for size in [*range(0, 200, 9), *range(200, len(blob), 211), len(blob) - 23, len(blob) - 1]:
        checkpoint.write_bytes(blob[:size])
        refused(checkpoint, "expected a checkpoint, but it is damaged")


def test_a_flipped_bit_is_refused_or_changes_nothing(checkpoint, blob):
    """Some bytes of a zip file, such as the time, have no meaning here; all others are noticed."""
    good = resumed_state(checkpoint)
    rng = np.random.default_rng(0)
    ends = np.concatenate(
        [rng.integers(len(blob) - 2500, len(blob), 150), rng.integers(0, len(blob), 150)])
    noticed = 0
    for at, bit in zip(ends, rng.integers(0, 8, len(ends))):
        damaged = bytearray(blob)
        damaged[at] ^= 1 << int(bit)
        checkpoint.write_bytes(damaged)
        try:
            assert resumed_state(checkpoint) == good
        except checkpoints.CheckpointError:
            noticed += 1
    assert noticed > 150


def forge(path, change):
    """Change the arrays in a file and write it anew, with a digest that fits."""
    arrays = array_file.read(path)
    for name, value in change(arrays).items():
        if value is None:
            del arrays[name]
        else:
            arrays[name] = value
    array_file.write(path, arrays)


def text(value):
    return np.array(value if isinstance(value, str) else json.dumps(value))


def json_of(arrays, name):
    return json.loads(str(arrays[name]))


FORGED = {  # what was done to a file with a good digest: (change, words of the message)
    "no identity": (lambda a: {"identity": None}, ["no array 'identity'"]),
    "no params": (
        lambda a: {n: None for n in a if n.startswith("params")},
        ["params: expected an entry '0.W', got none"]),
    "one parameter less": (
        lambda a: {"params/1.b": None}, ["params: expected an entry '1.b', got none"]),
    "one parameter more": (
        lambda a: {"params/2.b": a["params/1.b"]}, ["params: expected no entry '2.b', got one"]),
    "best has another shape": (
        lambda a: {"best/0.W": a["best/0.W"].T}, ["best/0.W: expected shape (10, 3)"]),
    "float64 parameters": (
        lambda a: {"params/0.W": a["params/0.W"].astype(np.float64)},
        ["params/0.W: expected an array of float32, got float64"]),
    "no moments": (
        lambda a: {n: None for n in a if n[:11] == "optimiser/m"},
        ["optimiser: expected an entry 'm.0.W'"]),
    "moment of another shape": (
        lambda a: {"optimiser/v.0.b": a["optimiser/v.1.b"]}, ["optimiser/v.0.b: expected shape"]),
    "count of steps as float": (
        lambda a: {"optimiser/t": np.array(3.0)},
        ["optimiser/t: expected an array of int64, got float64"]),
    "arrays of a store": (
        lambda a: {"store/0.W/chi": a["params/0.W"]}, ["store: expected no arrays"]),
    "identity is a list": (
        lambda a: {"identity": text([1])}, ["expected identity to be an object", "list"]),
    "settings is a number": (
        lambda a: {"identity": text({"settings": 3})}, ["expected identity to be an object"]),
    "a setting more": (
        lambda a: {
            "identity": text(
                {
                    **json_of(a, "identity"),
                    "settings": {**json_of(a, "identity")["settings"], "x": 1}}
            )
        },
        ["expected x None"],
    ),
    "no JSON": (lambda a: {"history": text("[1,")}, ["history is not JSON"]),
    "JSON without end": (lambda a: {"history": text("[" * 100_000)}, ["history is not JSON"]),
    "history is an object": (lambda a: {"history": text({})}, ["expected history to be a list"]),
    "history of numbers": (lambda a: {"history": text([1, 2])}, ["history[0]: expected epoch 1"]),
    "history without figures": (
        lambda a: {"history": text([{"epoch": 1}])}, ["history[0]: expected epoch 1 with"]),
    "figures as text": (
        lambda a: {"history": text([{**json_of(a, "history")[0], "accuracy": "1"}])},
        ["all numbers"]),
    "warnings are numbers": (
        lambda a: {"history": text([{**json_of(a, "history")[0], "warnings": {"silent": 3}}])},
        ["all numbers"]),
    "warnings are a list": (
        lambda a: {"history": text([{**json_of(a, "history")[0], "warnings": ["silent"]}])},
        ["all numbers"]),
    "an epoch missing": (
        lambda a: {"history": text(json_of(a, "history")[1:])}, ["history[0]: expected epoch 1"]),
    "too many epochs": (
        lambda a: {"history": text(json_of(a, "history") * 2)}, ["at most 2 epochs"]),
    "fewer epochs than moments": (
        lambda a: {"history": text([])}, ["optimiser: expected no entry 'm.0.W'"]),
    "rng is null": (lambda a: {"rng": text(None)}, ["rng: expected the state of a PCG64"]),
    "rng of another kind": (
        lambda a: {
            "rng": text(
                {
                    "bit_generator": "SFC64", "state": {"state": [1, 2, 3, 4]}, "has_uint32": 0,
                    "uinteger": 0}
            )
        },
        ["rng: expected the state of a PCG64"],
    ),
    "rng without state": (
        lambda a: {"rng": text({"bit_generator": "PCG64"})},
        ["rng: expected the state of a PCG64"]),
    "rng of wrong numbers": (
        lambda a: {"rng": text({**json_of(a, "rng"), "uinteger": 2**70})},
        ["rng: expected the state"]),
    "rng of text": (
        lambda a: {"rng": text({**json_of(a, "rng"), "state": {"state": "1", "inc": "1"}})},
        ["rng: expected"]),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_whole_file_of_the_wrong_content_is_refused(name, checkpoint):
    change, words = FORGED[name]
    forge(checkpoint, change)
    refused(checkpoint, *words)


def test_arrays_that_were_changed_without_the_digest_are_refused(checkpoint):
    """np.savez writes a sound file, but the digest in it is that of the earlier arrays."""
    with np.load(checkpoint) as file:
        arrays = {name: file[name] for name in file.files}
    swapped = {"params/0.W": arrays["best/0.W"] + 1}
    np.savez(checkpoint, **{**arrays, **swapped})
    refused(checkpoint, "the SHA-256 of its arrays is not")
    del arrays["sha256"]
    np.savez(checkpoint, **arrays)
    refused(checkpoint, "no array 'sha256'")


def npy(header, data=b""):
    """An .npy file with a given header."""
    raw = repr(header).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + data


@pytest.mark.parametrize(
    "raw, packing, word",
    [
        (
            npy({"descr": "<f8", "fortran_order": False, "shape": (10**15,)}), zipfile.ZIP_STORED,
            "damaged"),
        (
            npy({"descr": "<f8", "fortran_order": False, "shape": (2,)}, bytes(24)),
            zipfile.ZIP_STORED, "expected 16 bytes"),
        (
            npy({"descr": "<f8", "fortran_order": False, "shape": (-1,)}), zipfile.ZIP_STORED,
            "damaged"),
        (
            npy({"descr": "|O", "fortran_order": False, "shape": ()}, b"\x80\x04K\x01."),
            zipfile.ZIP_STORED, "Python objects"),
        (
            npy({"descr": "nothing", "fortran_order": False, "shape": ()}), zipfile.ZIP_STORED,
            "damaged"),
        (npy("__import__('os').abort()"), zipfile.ZIP_STORED, "damaged"),
        (b"\x93NUMPY\x03\x00" + bytes(200), zipfile.ZIP_STORED, "version 1.0"),
        (bytes(50_000_000), zipfile.ZIP_DEFLATED, "larger than the file"),
    ],
    ids=["huge", "longer", "negative", "objects", "no dtype", "code", "version", "bomb"],
)
def test_hostile_arrays_are_refused_without_filling_memory(checkpoint, raw, packing, word):
    with zipfile.ZipFile(checkpoint, "a", packing) as archive:
        archive.writestr("more.npy", raw)
    tracemalloc.start()
    try:
        refused(checkpoint, word)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "expected a checkpoint, found a folder")
    refused(tmp_path / "none", "no such file")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "found a pipe")


def test_a_checkpoint_of_another_run_is_refused(checkpoint):
    def other(**changes):
        return {"settings": toy_settings(**{**SMALL, **changes})}

    refused(checkpoint, "expected seed 8, but the checkpoint is of a run with 7", seed=8)
    refused(
        checkpoint, "expected epochs 1, but the checkpoint is of a run with 2", **other(epochs=1))
    refused(checkpoint, "expected batch 5", "expected lr 0.5, but", **other(lr=0.5, batch=5))
    refused(checkpoint, "expected options {'decay': 0.5}", **other(options={"decay": 0.5}))
    refused(checkpoint, "expected unit 'ssnu'", task=digits("ssnu"))
    refused(checkpoint, "expected metric 'nll'", task=music())
    altered = digits()
    altered.data["train"][0][3, 4] += 1  # one number of the training data
    refused(
        checkpoint, "expected the same data, but the checkpoint is of a run with other data",
        task=altered)


def test_damaged_devices_are_refused_and_undone(tmp_path):
    """The second of two arrays of devices is wrong; the first, restored by then, is put back."""
    path, settings = tmp_path / "checkpoint.npz", toy_settings(
        epochs=1, store=PCM, keep="last", dropout=0.0)
    train(music("snu"), settings, 7, checkpoint=path)
    good = path.read_bytes()
    for change, word in (
        ({"store/1.W/turn": None}, "state: expected an entry '1.W/turn', got none"),
        ({"store/1.W/chi": np.zeros((2, 2))}, "state['chi']"),
        ({"store/1.W/scale": np.array(-1.0)}, "scale")):
        path.write_bytes(good)
        forge(path, lambda arrays: change)
        refused(path, word, settings=settings, task=music("snu"))


def test_a_record_needs_no_more_than_epoch_loss_figure_and_seconds(checkpoint):
    forge(checkpoint, lambda a: {"history": text([
        {key: record[key] for key in ("epoch", "loss", "accuracy", "seconds")}
        for record in json_of(a, "history")])})
    assert [record["epoch"] for record in resumed_state(checkpoint)[-1]] == [1, 2]


def test_a_file_may_unpack_to_as_many_bytes_as_it_has(tmp_path):
    path, arrays = tmp_path / "a.npz", {"a": np.zeros(100)}
    np.savez_compressed(path, **arrays, **{array_file.DIGEST: np.array(array_file.digest(arrays))})
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    missing = unpacked - path.stat().st_size  # a comment at the end of the archive fills up
    for comment in (missing, missing - 1):
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"." * comment
        if comment == missing:
            assert not array_file.read(path)["a"].any()
    with pytest.raises(array_file.DamagedError, match="its arrays are larger than the file"):
        array_file.read(path)
