"""A folder of results as a port: allowed files, and one-line errors for all others."""
import os
import shutil

import numpy as np
import pytest
from helpers.vectors import MANIFEST, case_of

from snu_ref.oracle.cases.storage import read_bin, read_json, read_npy

OUTPUTS = case_of("hand-decay")[1]


@pytest.fixture
def results(tmp_path, told, capsys):
    """The folder for results of hand-decay in an exported DIR, filled with the right numbers."""
    assert told("vectors", "export", "DIR", "--cases", "hand-decay")[0] == 0
    folder = tmp_path / "DIR" / "results" / "hand-decay"
    for name, a in OUTPUTS.items():
        (folder / f"{name}.bin").write_bytes(a.astype("<f8").tobytes())
    return folder


def npy(shape="(3, 1, 1)", descr="'<f8'", data=24, version=b"\1\0"):
    """The bytes of a .npy with any header."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + b"\0" * data


@pytest.mark.parametrize("content, word", [
    (npy(shape="(10 ** 12,)"), "malformed"),
    (npy(shape="(1000000000000,)"), "expected shape (3, 1, 1), got (1000000000000,)"),
    (npy(shape="(-1,)"), "got (-1,)"), (npy(shape="'abc'"), "shape is not valid"),
    (npy(descr="'|V2000000000'"), "expected dtype float64, got |V2000000000"),
    (npy(descr="('<f8', (99999, 99999))"), "invalid shape"),
    (npy(descr="'zzz'"), "not a valid dtype"),
    (npy(descr="__import__('os').abort()"), "malformed"), (npy(descr="'|O'"), "Python objects"),
    (npy(version=b"\3\0"), "not an array of plain numbers"), (npy(data=23), "got only 23"),
    (npy(data=25), "got more"), (npy()[:20], "EOF"), (b"", "EOF"),
    (b"hello, world", "magic string"),
    (npy(descr="'<i8'"), "expected dtype float64, got int64"), (npy(descr="'<f4'"), "got float32"),
    (npy(descr="'<c16'"), "got complex128"), (npy(descr="'|b1'"), "got bool"),
    (npy(shape="()", data=8), "expected shape (3, 1, 1), got ()")], ids=str)
def test_arrays_in_files(told, results, content, word):
    (results / "y.bin").unlink()
    (results / "y.npy").write_bytes(content)
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and text.startswith("ERROR  hand-decay: y.npy: "), text
    assert word in text, text


def test_raw_numbers_in_other_orders_are_told_so(told, results):
    for name, a in OUTPUTS.items():
        (results / f"{name}.bin").write_bytes(a.astype(">f8").tobytes())
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and text.startswith(
        "ERROR  hand-decay: .bin files: expected little-endian numbers"
    ), text


def test_faults_of_many_arrays_are_a_short_line(told, results):
    for name, a in OUTPUTS.items():
        (results / f"{name}.bin").write_bytes(a.astype("<f2").tobytes())
    text = told("check", "DIR", "--cases", "hand-decay")[1]
    assert f"; and {len(OUTPUTS) - 3} more" in text and text.count("bytes, float64") == 3, text


def test_other_orders_of_bytes_and_axes_are_read(told, results):
    for name, a in (("y", OUTPUTS["y"].astype(">f8")), ("s", np.asfortranarray(OUTPUTS["s"]))):
        (results / f"{name}.bin").unlink()
        np.save(results / f"{name}.npy", a)
    assert told("check", "DIR", "--cases", "hand-decay")[0] == 0


@pytest.mark.parametrize("name, target, word", [
    ("y.bin", "/etc/hostname", "leads out"), ("y.npy", "/dev/zero", "leads out"),
    ("y.bin", "../../../port.py", "leads out"), ("y.bin", "y.bin", "y.bin: "),
    ("y.bin", "nowhere", "y.bin: expected files NAME.bin"), ("y.bin", "/", "leads out")])
def test_links(told, results, name, target, word):
    (results / "y.bin").unlink()
    (results / name).symlink_to(target)
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and word in text, text


@pytest.mark.parametrize("name", ["y\n.bin", "\x1b[32my.bin", b"\xff\xfe.bin", "a" * 250, "y.BIN",
                                  "output.y.bin", "grad-W.bin", "y z.bin",
                                  "C:\\y.bin", "y..bin", "Thumbs.db"])
def test_names_of_files(told, results, name):
    with open(os.path.join(os.fsencode(results), os.fsencode(name)), "wb") as file:
        file.write(b"12345678")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    word = "unknown name 'output.y'" if name == "output.y.bin" else "expected files NAME.bin"
    assert status == 1 and word in text, text


def test_pipes_are_not_waited_for(told, results):
    (results / "y.bin").unlink()
    os.mkfifo(results / "y.bin")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and "y.bin: expected files" in text
    os.mkfifo(results / "manifest.json")
    assert told("vectors", "verify", str(results))[0] == 2


def test_a_case_that_is_no_folder_or_lies_elsewhere(told, results, tmp_path):
    shutil.move(results, tmp_path / "outside")
    results.symlink_to(tmp_path / "outside")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and "hand-decay: leads out of the folder" in text
    results.unlink()
    results.write_text("x")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 1 and "'hand-decay' in DIR/results: expected a folder" in text
    shutil.move(results.parent, tmp_path / "results")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 2 and "DIR/results: no such folder" in text
    (tmp_path / "DIR" / "results").symlink_to(tmp_path / "results")
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == 2 and "leads out" in text


@pytest.mark.parametrize("content, word", [
    (b"snu_ref vectors v2 float64", "another version"), (b"\0" * 200, "another version"),
    (b"snu_ref vectors v1 float64 and more", "another version"),
    (b"\xff\xfes\0n\0u\0", "another version"),
    (b"\xef\xbb\xbfsnu_ref vectors v1 float64\r\n", "")])
def test_the_version_of_results(told, results, content, word):
    with open(results.parent / "vectors.txt", "wb") as file:
        file.write(content)
        file.truncate(max(len(content), 10 ** 9) if word else len(content))  # too long
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == (2 if word else 0) and word in text


def test_results_and_the_folder_above_them_are_one_target(told, results):
    for target in ("DIR", "DIR/results"):
        status, text = told("check", target)
        assert status == 0 and "PASSED IN PART: 1 cases" in text
        assert f"{len(MANIFEST['cases']) - 1} cases" in text


def test_the_precision_of_results_is_that_of_their_vectors(told, results):
    version = results.parent / "vectors.txt"
    for line, options, word in (("snu_ref vectors v1 float16", (), "float16"), ("", (), "another"),
                                ("snu_ref vectors v1 float64", ("--dtype", "float32"), "float64")):
        version.write_text(line)
        status, text = told("check", "DIR", *options)
        assert status == 2 and word in text, text
    version.unlink()
    status, text = told("check", "DIR")
    assert status == 2 and "no vectors.txt" in text


@pytest.mark.usefixtures("undiagnosed")
@pytest.mark.parametrize("name, content, word", [
    ("y.bin", b"1234", "y.bin: expected 24 bytes"),
    ("y.bin", np.zeros(3, "<f4").tobytes(), "these look like float32"),
    ("y.bin", np.full(3, 0.5, "<f8").tobytes(), "tensor    y"),
    ("dW.bin", b"12345678", "unknown name 'dW'"), ("y.npy", b"", "y.bin and y.npy"),
    ("../hand-nothing/y.bin", b"", "'hand-nothing'")])
def test_files_with_something_else(told, results, name, content, word):
    (results / name).parent.mkdir(exist_ok=True)
    (results / name).write_bytes(content)
    status, text = told("check", "DIR")
    assert status == 1 and word in text, text


def test_an_empty_folder_of_results_is_no_pass(told, results):
    shutil.rmtree(results)
    status, text = told("check", "DIR")
    assert status == 1 and "nothing was checked" in text


def test_files_that_are_too_large_are_not_read(tmp_path):
    for name, read in (("x.json", read_json), ("x.bin", lambda path: read_bin(path, "f8", (2,))),
                       ("x.npy", lambda path: read_npy(path, "f8", (2,)))):
        with open(tmp_path / name, "wb") as file:
            file.write(npy(shape="(2,)", data=16) if name == "x.npy" else b"")
            file.truncate(10 ** 13)   # sparse: it takes no room
        with pytest.raises(ValueError, match="expected"):
            read(tmp_path / name)
