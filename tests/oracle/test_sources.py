"""How the check finds and calls a port: in memory, in a file, as a module, as a folder."""
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.bounds import takes

from snu_ref.oracle.cases.manifest import FORMAT, VERSION
from snu_ref.oracle.comparison.answers import Skip, checked, line, together
from snu_ref.oracle.comparison.checking import RERUNS, case_ids, check, not_repeatable
from snu_ref.oracle.comparison.compare import ulps
from snu_ref.oracle.comparison.port import AdapterSource, FolderSource


def test_texts_from_outside_are_one_line_of_bounded_length():
    assert line("a\n\t b\x1b[0m\u00e9") == "a b\\x1b[0m\u00e9"
    assert line("x" * 300) == "x" * 300 and line("x" * 301) == "x" * 300 + " ..."
    assert line("x" * 5, 5) == "x" * 5 and line("x" * 6, 5) == "x" * 5 + " ..."


def test_three_faults_are_told_and_the_others_counted():
    assert together(["a", "b", "c"]) == "a; b; c"
    assert together(["a", "b", "c", "d", "e"]) == "a; b; c; and 2 more"


def test_sums_may_come_as_one_number_or_one_for_each_unit():
    for a in (np.array(6.0), np.array([1.0, 2.0, 3.0])):
        assert checked({"b": a}, {"b": ()}, np.dtype(float), ("b",))["b"] == 6


@pytest.mark.parametrize("dtype, bits", [(np.float32, 32), (np.float64, 64)])
def test_ulps_count_the_numbers_between_on_both_sides_of_0(dtype, bits):
    of = {x: dtype(x) for x in (-2.0, -1.0, -0.0, 0.0, 1.0, 2.0)}
    least, octave = np.nextafter(dtype(0), dtype(1)), 2 ** (23 if bits == 32 else 52)
    assert ulps(of[-0.0], of[0.0]) == 0 and ulps(-least, least) == ulps(least, -least) == 2
    assert ulps(of[-2.0], of[-1.0]) == ulps(of[1.0], of[2.0]) == octave
    assert ulps(of[-2.0], of[0.0]) == ulps(of[0.0], of[2.0])
    assert ulps(of[-1.0], of[1.0]) == 2 * ulps(of[0.0], of[1.0])
    assert ulps(of[-2.0], np.nextafter(of[-2.0], dtype(0))) == 1


# ---- in memory -----------------------------------------------------------------------------------

def parts(*names, call=None):
    """An adapter with these functions; each returns its name. call: what it returns itself."""
    functions = {name: staticmethod(lambda case, name=name: {name: case}) for name in names}
    if call:
        functions["__call__"] = lambda self, case: {call: case}
    return type("Port", (), functions)


@pytest.mark.parametrize("adapter, asked", [
    (parts("run"), ["run"]), (parts("run", "forward", "backward"), ["run"]),
    (parts("run", call="call"), ["run"]), (parts("forward", "backward"), ["forward", "backward"]),
    (parts("forward", "backward", call="call"), ["forward", "backward"]),
    (parts("forward"), ["forward"]), (parts(call="call"), ["call"]), (lambda case: {"f": 1}, ["f"]),
])
def test_which_functions_are_asked(adapter, asked):
    assert list(AdapterSource(adapter).answer("case")) == asked


def test_what_is_printed_is_kept_line_by_line_up_to_90_letters():
    def port(case):
        print("x" * 91 + "\n\n" + "y" * 90)
        return {"y": 1}
    source = AdapterSource(port)
    source.answer(None)
    assert source.printed == ["x" * 90 + " ...", "y" * 90]


def test_dtypes_of_ports():
    for dtype, can, wanted in ((None, None, "float64"), ("float32", None, "float32"),
                               (None, {"dtype": "float32"}, "float32"),
                               ("float64", {"dtype": "float32"}, "float64")):
        assert AdapterSource(parts("run"), dtype, can).dtype == wanted


# ---- in files ------------------------------------------------------------------------------------

@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders "first", which is on Python's path, and "here", the current one; the path is kept."""
    for name in ("first", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), *sys.path])
    monkeypatch.chdir(tmp_path / "here")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_what_stands_beside_the_port_is_imported_first(places):
    for folder in ("first", "here"):
        (places / folder / "beside_the_port.py").write_text(f"WHERE = '{folder}'\n")
        (places / folder / "a_port.py").write_text(
            "from beside_the_port import WHERE\ndef run(case): return {WHERE: 1}\n")
    for target in ("a_port", str(places / "here" / "a_port.py"), "a_port:run"):
        assert list(AdapterSource(target).answer(None)) == ["here"]
        for name in ("a_port", "beside_the_port"):
            del sys.modules[name]


def test_a_module_that_is_missing_is_not_one_that_misses_another(places):
    (places / "here" / "lacking.py").write_text("import not_anywhere\n")
    (places / "here" / "whole").mkdir()
    (places / "here" / "whole" / "__init__.py").write_text("")
    for target in ("not_anywhere", "not_anywhere.inside:Port", "whole.inside", "lacking_too"):
        with pytest.raises(ValueError, match=f"^{target}: neither a folder nor an importable"):
            AdapterSource(target)
    with pytest.raises(ValueError, match="^lacking: importing it raised ModuleNotFoundError: No "
                                         "module named 'not_anywhere'"):
        AdapterSource("lacking")
    (places / "here" / "nameless.py").write_text("raise ModuleNotFoundError('without a name')\n")
    with pytest.raises(ValueError, match="^nameless: importing it raised ModuleNotFoundError"):
        AdapterSource("nameless")


@pytest.mark.parametrize("words, dtype, wanted", [
    ("", None, "float64"), ("", "float32", "float32"), (" float32", None, "float32"),
    (" float64", "float64", "float64"), (" float32", "float64", None), (" int8", None, None),
    (" int8", "int8", None), (" float32 more", None, None), (" float32\n\n", "float32", "float32"),
])
def test_the_version_of_a_folder_of_results(tmp_path, words, dtype, wanted):
    (tmp_path / "vectors.txt").write_text(f"{FORMAT} {VERSION}{words}")
    if wanted:
        assert FolderSource(tmp_path, dtype, [], {}).dtype == wanted
    else:
        with pytest.raises(ValueError, match="vectors.txt: "):
            FolderSource(tmp_path, dtype, [], {})


@pytest.mark.parametrize("made", [("results/vectors.txt",), ("cases.txt", "results/vectors.txt"),
                                  ("vectors.txt",)])
def test_the_folder_that_was_exported_or_the_results_in_it(tmp_path, made):
    (tmp_path / "results").mkdir()
    for name in made:
        (tmp_path / name).write_text(f"{FORMAT} {VERSION}")
    root = tmp_path if made == ("vectors.txt",) else tmp_path / "results"
    source = FolderSource(tmp_path, None, [{"id": "results"}], {})
    assert source.root == root and source.strays == []


# ---- what is asked -------------------------------------------------------------------------------

def nothing(case):
    raise Skip(f"not {case.id}")


def test_how_many_cases_are_made_and_their_seed():
    for name in ("made", "seed"):
        takes(lambda n, name=name: case_ids(nothing, "hand-bias", **{name: n}), "[]", 0, 999_999,
              name)
    of = check(nothing, "hand-bias", made=3, seed=5).as_dict()
    assert (of["made"], of["seed"]) == (0, 5)  # nothing is made where nothing is declared


def test_an_expected_failure_that_was_not_run_is_named_with_its_reason():
    with pytest.raises(ValueError) as caught:
        check(nothing, "hand-bias,hand-decay", expect_fail="hand-decay")
    assert str(caught.value) == "--expect-fail: 'hand-decay' was not run: not hand-decay"


@pytest.mark.parametrize("n", [0, 1, RERUNS, RERUNS + 1, 7 * RERUNS + 2])
def test_a_few_failed_cases_are_run_twice_again(n):
    tolerance = {"float64": {"bound": 1e-12}}
    results = [SimpleNamespace(id=i, verdict="failed", got={"y": np.ones(2)}, case=({},), entry={
        "id": i, "family": "", "why": "", "config": {}, "outputs": {}, "tolerance": tolerance})
        for i in range(n)]
    asked = []

    def get(case, wrong=None):
        asked.append(case.id)
        return {"y": np.ones(2) + (case.id == wrong and asked.count(wrong) == 2)}

    source = SimpleNamespace(dtype=np.dtype(float), get=get)
    assert not_repeatable(source, results) is None
    of = asked[::2]
    assert asked == [i for i in of for _ in range(2)] and len(set(of)) == len(of)
    assert min(n, 1) <= len(of) <= RERUNS and of[:1] == [0][:n]
    assert n < 2 or len(of) > RERUNS / 2
    for last in of[-1:]:  # also if only the second run differs
        asked.clear()
        source.get = lambda case: get(case, last)
        assert not_repeatable(source, results).id == last
