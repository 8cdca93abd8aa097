"""Bad input of `check` and `vectors`, from the clumsy to the hostile: one clear line, a failing
status, no traceback, and nothing read that lies outside the folder given."""
import io
import json
import os
import shutil
import sys
import zipfile

import numpy as np
import pytest

from snu_ref.__main__ import main
from snu_ref.oracle.cases.building import verify
from snu_ref.oracle.cases.manifest import FOLDER, load_case, read_manifest, write_manifest
from snu_ref.oracle.cases.storage import read_bin, read_json, read_npy, read_npz

MANIFEST = read_manifest()
ENTRY = next(e for e in MANIFEST["cases"] if e["id"] == "hand-decay")
OUTPUTS = load_case(ENTRY)[1]
ADAPTER = '''
import numpy as np
from snu_ref.oracle.cases.reference import outputs_of
class P:
    def run(self, case):
        out = outputs_of(case.config, case.inputs, case.dtype)
        {0}
        return out
'''


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


def adapter(told, source, name="P"):
    with open("port.py", "w") as file:
        file.write(source)
    return told("check", f"port.py:{name}", "--cases", "hand-decay")


# ---- adapters -----------------------------------------------------------------------------------

@pytest.mark.parametrize("line, word", [
    ("out['y'] = np.ma.masked_array(out['y'], True)", "y: expected a plain array, got a masked"),
    ("out['y'] = out['y'].astype(complex)", "y: expected dtype float64, got complex128"),
    ("out['y'] = out['y'].astype(object)", "y: expected dtype float64, got object"),
    ("out['y'] = None", "y: expected dtype float64, got object"),
    ("out['y'] = np.array(1.0)", "y: expected shape (3, 1, 1), got ()"),
    ("out[3] = 1", "unknown name 3; this case has z"),
    ("out['a\\x1b[32m' * 999] = 1", "unknown name 'a\\x1b[32m"),
    ("return (x for x in out)", "run returned generator: expected a dict"),
    ("raise KeyError('x\\ny\\x1b[32m' * 999)", "run raised KeyError: "),
    ("raise GeneratorExit", "run raised GeneratorExit: no message (port.py, line 7)"),
    ("raise BaseException('b')", "run raised BaseException: b (port.py, line 7)"),
    ("f = lambda: f(); f()", "run raised RecursionError"),
    ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})", "run raised E: a message"),
    ("out['y'] = type('T', (), {'__array__': lambda *a, **k: exit()})()", "y: expected an array"),
    ("case.dtype = np.dtype('f'); out['y'] = out['y'].astype('f')", "y: expected dtype float64"),
])
def test_answers(told, line, word):
    status, text = adapter(told, ADAPTER.format(line))
    assert status == 1 and text.startswith("ERROR  hand-decay: ") and word in text, text


@pytest.mark.parametrize("line", [
    "out = {name: a.astype('>f8') for name, a in out.items()}",
    "out = {name: np.asfortranarray(a) for name, a in out.items()}",
    "out['y'] = out['y'].view(type('A', (np.ndarray,), {'max': None}))",
    "out['y'] = out['y'].tolist()",
    "case.config.clear(); case.inputs.clear(); case.outputs['y'] = [1]",
])
def test_the_right_numbers_in_another_dress(told, line):
    status, text = adapter(told, ADAPTER.format(line))
    assert status == 0, text


def test_a_port_that_makes_numpy_strict_is_diagnosed_all_the_same(told):
    before = np.geterr()
    line = "out['adj.v'] = out['adj.v'] + 1.7e308; np.seterr(all='raise')"
    status, text = adapter(told, ADAPTER.format(line))
    np.seterr(**before)
    assert status == 1 and "FAILURE 1 of 1" in text


@pytest.mark.parametrize(
    "source, word",
    [
        ("raise SystemExit(0)", "importing it raised SystemExit: 0 (port.py, line 1)"),
        ("import sys\nsys.exit()", "importing it raised SystemExit"),
        ("raise BaseException('x')", "importing it raised BaseException: x"),
        (
            "class P:\n    def __init__(self): raise SystemExit(0)",
            "making the adapter raised SystemE",
        ),
        (
            "class P:\n    def __init__(self): raise NotImplementedError",
            "making the adapter raised NotI",
        ),
        ("class P:\n    def __init__(self, x): pass", "making the adapter raised TypeError"),
        (
            "def __getattr__(name): raise RuntimeError(name)",
            "looking for 'P' raised RuntimeError: P",
        ),
        ("x = 1\0", "cannot contain null bytes"),
        ("class P:\n    run = 3", "expected a class"),
    ],
)
def test_loading(told, source, word):
    status, text = adapter(told, source)
    assert status == 2 and word in text, text
    assert text.startswith("python -m snu_ref check: error: port.py:P: ")


def test_functions_without_a_name(told):
    """A functools.partial or a callable object is called like any function, and told as `run`."""
    for source in (
        "import functools\nclass P: pass\nP.run = staticmethod(functools.partial(lambda case: "
        "None))",
        "class R:\n    def __call__(self, case): pass\nclass P: run = R()",
    ):
        status, text = adapter(told, source)
        assert status == 1 and "run returned nothing" in text


def test_a_person_can_stop_it(told):
    assert adapter(told, ADAPTER.format("raise KeyboardInterrupt"))[0] == 130


@pytest.mark.parametrize("target", ["", ":", ":P", "..:P", "-", "a b:P", "1abc:P", "/etc/hostname",
                                    "C:\\x\\port.py:P", "no_such_module:P", "nothing.py"])
def test_targets(told, target):
    status, text = told("check", target)
    assert status == 2 and ("TARGET" in text or target in text), text
    assert "neither a folder nor" in text or "no such file" in text


@pytest.mark.parametrize("options, word", [
    (["--expect-fail", "nope"], "--expect-fail: no case or family is called 'nope'"),
    (["--cases", ","], "--cases: no case or family is called ''"),
    (["--json", ""], "--json: expected a file"),
    (["--json", "no/such/folder"], "--json: expected a file"),
    (["--json", "."], "--json: expected a file")])
def test_options(told, options, word):
    """Told before the port is run, which may take minutes."""
    with open("port.py", "w") as file:
        file.write("raise RuntimeError('was run')")
    status, text = told("check", "port.py", *options)
    assert status == 2 and word in text


# ---- folders of results -------------------------------------------------------------------------

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
                                  "output.y.bin", "grad-W.bin", "C:\\y.bin", "y..bin", "Thumbs.db"])
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
        file.truncate(max(len(content), 10 ** 9) if word else len(content))  # and never read whole
    status, text = told("check", "DIR", "--cases", "hand-decay")
    assert status == (2 if word else 0) and word in text


# ---- manifests and archives ---------------------------------------------------------------------

@pytest.fixture
def vectors(tmp_path):
    """A folder with one case, and the writer of its manifest: changes of the case, of the head."""
    for suffix in (".npz", ".json"):
        shutil.copy(FOLDER / f"hand-decay{suffix}", tmp_path)

    def rewrite(changes, head={}):
        entry = {**json.loads(json.dumps(ENTRY)), **changes}
        plain = {k: v for k, v in MANIFEST.items() if k != "cases"}
        write_manifest(tmp_path, {**plain, **head}, [entry])
        return tmp_path
    return rewrite


@pytest.mark.parametrize("changes", [
    {"id": "C:\\x"}, {"id": "\\\\server\\x"}, {"id": ""}, {"id": "a" * 999}, {"id": "hand-decay\0"},
    {"id": "hand-decay\n"}, {"inputs": {"x\0": [1]}}, {"outputs": {"y": [1e3]}},
    {"outputs": {"y": [True]}},
    {"outputs": {"y": [10 ** 99]}}, {"outputs": {"y": [1] * 99}}, {"exact": [[]]}, {"exact": [3]},
    {"zero": [None]}, {"integers": [[]]}, {"integers": ["y"]}, {"flags": [3]}, {"attempt": True},
    {"attempt": -1}, {"tolerance": {"float64": None, "float32": {"bound": 1e-6}}},
    {"tolerance": {"float64": {"bound": float("nan")}, "float32": {"bound": 1e-6}}},
    {"tolerance": {"float64": {"bound": 10 ** 400}, "float32": {"bound": 1e-6}}},
    {"spike_rate": 3}])
def test_hostile_manifests(told, vectors, changes):
    status, text = told("vectors", "verify", str(vectors(changes)))
    assert status in (1, 2)
    assert status == 2 and "manifest.json: " in text or "hand-decay: expected" in text, text


@pytest.mark.parametrize("field, value", [
    ("why", "x"), ("family", "rest"), ("flags", []), ("exact", []), ("zero", ["y"]), ("margin", {}),
    ("margin", {"v": 0.5}), ("spike_rate", [0.5]), ("gradient_norm", {}), ("evidence", {}),
    ("evidence", {"twin": 1e-9}), ("evidence", {"twin": 0.0, "faith": 0.0}),
    ("tolerance", {**ENTRY["tolerance"], "float64": {"bound": 1e-4, "reason": "float64"}}),
    ("tolerance", {**ENTRY["tolerance"], "float32": {"bound": 9e-4, "reason": "measured"}}),
    ("tolerance", {**ENTRY["tolerance"], "float32": {"bound": None, "reason": "too hard"}})])
def test_verify_finds_a_case_described_wrongly(vectors, field, value):
    said = []
    verify(vectors({field: value}), said.append)
    assert any(text.startswith(f"FAILED  hand-decay: {field}: ") for text in said), said[:2]
    said.clear()
    verify(vectors({}), said.append)
    assert not any(text.startswith("FAILED  hand-decay") for text in said)


@pytest.mark.parametrize("field", ["about", "names", "flags", "families", "tolerances",
                                   "withdrawn"])
def test_verify_finds_a_head_that_says_something_else(vectors, field):
    said = []
    verify(vectors({}, {field: {"x": "y"}}), said.append)
    assert said[0].startswith(f"FAILED  manifest.json: field '{field}'")


@pytest.mark.parametrize("text", ["[" * 99999, '{"a": ' + "9" * 5000 + "}", "\0", ""])
def test_json_that_is_none(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match="x.json: not readable as JSON"):
        read_json(tmp_path / "x.json")


def test_files_that_are_too_large_are_not_read(tmp_path):
    for name, read in (("x.json", read_json), ("x.bin", lambda path: read_bin(path, "f8", (2,))),
                       ("x.npy", lambda path: read_npy(path, "f8", (2,)))):
        with open(tmp_path / name, "wb") as file:
            file.write(npy(shape="(2,)", data=16) if name == "x.npy" else b"")
            file.truncate(10 ** 13)   # sparse: it takes no room
        with pytest.raises(ValueError, match="expected"):
            read(tmp_path / name)


def test_no_damaged_bit_of_an_archive_is_a_traceback(tmp_path):
    """One bit in 13 of a small archive turned: read as it was, or refused by the file's name."""
    buffer, a = io.BytesIO(), np.arange(3.0)
    with zipfile.ZipFile(buffer, "w") as archive:
        file = io.BytesIO()
        np.lib.format.write_array(file, a, version=(1, 0))
        archive.writestr(zipfile.ZipInfo("output.y.npy"), file.getvalue())
    good, refused = buffer.getvalue(), 0
    for at in range(0, 8 * len(good), 13):
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        (tmp_path / "x.npz").write_bytes(bad)
        try:
            arrays = read_npz(tmp_path / "x.npz", {"output.y": ("float64", (3,))})
            assert (arrays["output.y"] == a).all()
        except ValueError as error:
            assert "x.npz: " in str(error)
            refused += 1
    assert refused > len(good) / 3
