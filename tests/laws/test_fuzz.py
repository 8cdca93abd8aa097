"""A slice of the fuzz script (tests/fuzz.py): some odd calls of every public function."""
import numpy as np
import pytest

import fuzz
import fuzz_files
from helpers import public_calls


def test_an_odd_call_gives_the_right_answer_or_names_the_argument():
    wrong = []
    counts = fuzz.fuzz(1300, seed=7, report=wrong.append)
    assert not wrong, "\n".join(wrong)
    for kind in ("layout", "subclass", "dtype", "shape", "extreme", "no array", "number"):
        assert counts[kind, "right"] + counts[kind, "refused"] > 10, kind
    assert counts["layout", "right"] > 150 and counts["subclass", "right"] == 0


@pytest.mark.parametrize("kind, careless", [
    ("layout", lambda x: np.add(x, 1, out=x) if x.flags.writeable else x),  # changes its input
    ("layout", lambda x: np.ravel(x, order="K")),                           # depends on the layout
    ("subclass", lambda x: np.asarray(x)),                                  # takes a masked array
    ("dtype", lambda x: x * x.dtype.type(90)),                              # overflows in int8
    ("no array", lambda x: x.sum()),                                        # an AttributeError
])
def test_the_script_sees_a_function_that_is_wrong(monkeypatch, kind, careless):
    arguments = {"x": public_calls.normal(3, 2)}
    monkeypatch.setitem(public_calls.OTHERS, "careless", (careless, arguments))
    monkeypatch.setattr(fuzz, "NAMES", ["careless"])
    counts = fuzz.fuzz(120, seed=0, report=lambda text: None)
    assert counts[kind, "wrong"] > 0, counts


def test_an_odd_file_gives_the_right_data_or_is_named():
    wrong = []
    counts = fuzz_files.fuzz(400, seed=7, report=wrong.append)
    assert not wrong, "\n".join(wrong)
    for kind in fuzz_files.SPOILS:
        assert counts[kind, "value"] + counts[kind, "refused"] > 10, kind


@pytest.mark.parametrize("careless", [
    lambda path: path.read_bytes(),                       # reads any bytes
    lambda path: np.frombuffer(path.read_bytes(), "f8"),  # does not name the file
    lambda path: path.read_bytes()[10 ** 6]])             # an error of another kind
def test_a_careless_reader_is_found(monkeypatch, careless):
    monkeypatch.setitem(fuzz_files.READERS, "careless", (
        lambda: {"numbers": bytes(80)}, careless, True, True))
    kinds = ("cut", "byte", "empty")
    monkeypatch.setattr(fuzz_files, "SPOILS", {kind: fuzz_files.SPOILS[kind] for kind in kinds})
    counts = fuzz_files.fuzz(60, 0, "careless", report=lambda text: None)
    assert sum(n for (_, result), n in counts.items() if result == "wrong") > 0, counts
