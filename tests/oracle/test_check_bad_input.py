"""Bad input of `check` and `vectors`, from the clumsy to the hostile: one clear line, a failing
status, no traceback, and nothing read that lies outside the folder given."""
import io
import json
import shutil
import zipfile

import numpy as np
import pytest
from helpers.vectors import ENTRIES, MANIFEST

from snu_ref.oracle.cases.building import verify
from snu_ref.oracle.cases.manifest import FOLDER, write_manifest
from snu_ref.oracle.cases.storage import read_json, read_npz
from snu_ref.oracle.diagnosis import unit

ENTRY = ENTRIES["hand-decay"]
ADAPTER = '''
import numpy as np
from snu_ref.oracle.cases.reference import outputs_of
class P:
    def run(self, case):
        out = outputs_of(case.config, case.inputs, case.dtype)
        {0}
        return out
'''


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
    ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})", "run raised E: its message"),
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


def test_a_port_that_makes_numpy_strict_is_diagnosed_all_the_same(told, monkeypatch):
    """No mistake gives these numbers; so that the search ends soon, it tries no other views."""
    monkeypatch.setitem(unit.TABLE, "VIEWS", [])
    before = np.geterr()
    line = "out['adj.v'] = out['adj.v'] + 1.7e308; np.seterr(all='raise')"
    status, text = adapter(told, ADAPTER.format(line))
    np.seterr(**before)
    assert status == 1 and "FAILURE 1 of 1" in text


@pytest.mark.parametrize(
    "source, word",
    [
        ("x = 1", "no 'P'"),
        ("P = 1", "run(case)"),
        ("import no_such_thing", "no_such_thing"),
        ("def (", "SyntaxError"),
        ("1/0", "ZeroDivisionError"),
        ("class P:\n    def __init__(self): 1/0", "ZeroDivisionError"),
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
    """A partial or a callable object is called like any function, and reported as `run`."""
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
                                    "C:\\x\\port.py:P", "no_such_module:P", "nothing.py",
                                    "no.such.module:P", "nothing_here"])
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
    """The error comes before the port is run, which may take minutes."""
    with open("port.py", "w") as file:
        file.write("raise RuntimeError('was run')")
    status, text = told("check", "port.py", *options)
    assert status == 2 and word in text


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


def test_no_damaged_bit_of_an_archive_is_a_traceback(tmp_path):
    """Flip one bit, every 13th in turn: the numbers are unchanged, or the error names the file."""
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
