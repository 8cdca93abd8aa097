"""The tutorials as a student runs them: from the command line, from another folder, cell by cell.

The tests find every script tutorials/[0-9]*.py. Each is turned into a notebook, whose cells run
in an empty folder; then its solutions run. One process runs them all, each in a module of its own;
it reads each test vector once.
A tutorial calls `claim` for what its prose says, so a run that ends well has proved it. Besides,
the files whose paths it prints must be there, and its last lines must be those quoted under
"Expected output"; `tutorials/run_all.py` compares them.
Scripts and notebooks have the same cells, so only one runs as a script, too.
"""
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from helpers import vectors
from snu_ref.figures import style, tutorial
from snu_ref.oracle.comparison import checking

FOLDER = Path(__file__).parents[2] / "tutorials"
RUN_ALL = FOLDER / "run_all.py"


def module(name):
    # tutorials/ is no package
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


run_all, notebooks = module("run_all"), module("notebooks")
BESIDE = set(RUN_ALL.parent.iterdir())  # before any of them has run
TUTORIALS, disagreement = run_all.TUTORIALS, run_all.disagreement
WRITTEN = re.compile(r"^\w+ (.+\.(?:png|wav))$", re.MULTILINE)  # "figure /some/where/name.png"
each = pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)


def run(script, *options, cwd):
    return run_all.run(script, *options, cwd=cwd, timeout=600)


def test_there_are_tutorials():
    numbers = [f"{n:02}" for n in range(1, len(TUTORIALS) + 1)]
    assert [script.stem[:2] for script in TUTORIALS] == numbers
    assert len(TUTORIALS) >= 2


PROCESS = ProcessPoolExecutor(1, get_context("spawn"))  # for all tests: it loads matplotlib once


def run_cells(folder, script):
    """What the cells of a notebook and its solutions printed in an empty folder; and the folder."""
    empty = folder / "empty"
    empty.mkdir()
    cells = notebooks.notebook(script.read_text(encoding="utf-8"))["cells"]
    solutions = FOLDER / "solutions" / f"{script.stem[:2]}.py"
    return PROCESS.submit(printed_by, cells, solutions, empty).result(), empty


def printed_by(cells, solutions, folder):
    """Run cells and solutions in a new __main__ module, as a kernel does; what they print."""
    sys.modules["__main__"] = main = ModuleType("__main__")
    sys.argv = ["launcher.py", "-f", "kernel.json"]
    os.chdir(folder)
    vectors.share(setattr, checking)
    with redirect_stdout(StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for cell in cells:
            if cell["cell_type"] == "code":
                first = not hasattr(main, "args")
                exec(compile("".join(cell["source"]), f"cell {cell['id']}", "exec"), vars(main))
                if first:
                    main.args.quick = True
        print("SOLUTIONS")
        exec(compile(solutions.read_text(encoding="utf-8"), solutions, "exec"), vars(main))
    return printed.getvalue()


@each
@pytest.mark.ahead.with_args(run_cells)
def test_cells_and_solutions_run_in_an_empty_folder_and_print_what_they_quote(script, ahead):
    text, folder = ahead
    printed, solved = text.split("SOLUTIONS\n")
    figures = WRITTEN.findall(printed)
    assert figures and len(set(figures)) == len(figures)
    for name in figures + WRITTEN.findall(solved):
        start = b"\x89PNG" if name.endswith(".png") else b"RIFF"
        blob = (folder / name).read_bytes()
        assert blob.startswith(start) and len(blob) > 1000, name
    named = {Path(name).name for name in WRITTEN.findall(text)}
    assert {path.name for path in folder.iterdir()} == named

    expected = run_all.expected_output(script)
    assert len(expected) >= 3 and not all("~" in line for line in expected)
    assert not run_all.disagreements(printed, script, quick=True)


def run_quickly(folder, script):
    """What a quick run, started in an empty folder, printed; where it wrote and was started."""
    elsewhere, out = folder / "elsewhere", folder / "new" / "figures"
    elsewhere.mkdir()
    return run(script, "--quick", "--out", str(out), cwd=elsewhere), out, elsewhere


@pytest.mark.parametrize("script", TUTORIALS[:1], ids=lambda script: script.stem)
@pytest.mark.ahead.with_args(run_quickly)
def test_runs_as_a_script_and_writes_where_it_is_told(script, ahead):
    done, out, elsewhere = ahead
    assert done.returncode == 0, done.stderr
    files = [Path(path) for path in WRITTEN.findall(done.stdout)]
    assert files and set(files) == set(out.iterdir()), "printed paths and written files differ"
    assert not any(elsewhere.iterdir()), "wrote where it was started"
    assert set(script.parent.iterdir()) == BESIDE, "wrote beside the script"
    assert not run_all.disagreements(done.stdout, script, quick=True)


SMALL = """# %% [markdown]
# # 1. A small one
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())
claim(1 + 1 == 2)
claim(1 + 1 == 3)
"""


@pytest.mark.parametrize("options, variables", [((), {}), (("-O",), {}),
                                                ((), {"PYTHONOPTIMIZE": "1"})])
def test_a_false_claim_fails_where_asserts_are_dropped_too(tmp_path, options, variables):
    (tmp_path / "01_small.py").write_text(SMALL)
    done = subprocess.run([sys.executable, *options, "01_small.py"], cwd=tmp_path, text=True,
                          capture_output=True, env={**os.environ, **variables}, timeout=600)
    assert done.returncode == 1 and "line 8 is false: claim(1 + 1 == 3)" in done.stderr
    assert ("check nothing" in done.stderr) == bool(options or variables)


def test_figures_show_in_a_notebook_and_nowhere_else(tmp_path, monkeypatch):
    """A fake IPython with the shell of a notebook, and a display that records its arguments."""
    shown, ipython, display = [], ModuleType("IPython"), ModuleType("IPython.display")
    display.Image, display.display = lambda data, width: data, shown.append
    monkeypatch.setattr(sys, "argv", ["launcher.py"])
    monkeypatch.chdir(tmp_path)
    _, keep, _ = tutorial.start({"__name__": "__main__"})

    def figure():
        with style.house():
            keep(style.figure()[0], "some.png")

    figure()
    assert shown == [] and (tmp_path / "some.png").exists()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    for config, times in (({}, 0), ({"IPKernelApp": {}}, 1)):  # a terminal, a notebook
        ipython.get_ipython = lambda config=config: SimpleNamespace(config=config)
        figure()
        assert shown == [(tmp_path / "some.png").read_bytes()] * times


def test_notebooks_are_written_for_all_and_their_header_is_short(tmp_path):
    def write(folder):
        return subprocess.run([sys.executable, str(FOLDER / "notebooks.py"), str(folder)],
                              text=True, capture_output=True, timeout=600)

    done = write(tmp_path / "new")
    assert done.returncode == 0, done.stderr
    written = sorted((tmp_path / "new").iterdir())
    scripts = sorted(script.stem for script in FOLDER.glob("[0-9]*.py"))
    assert [path.stem for path in written] == scripts
    for path in written:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        header = next(cell for cell in cells if cell["cell_type"] == "code")["source"]
        assert "import snu_ref\n" in header and len(header) <= 4
        assert not any(line.startswith("# ##") for cell in cells for line in cell["source"])
    (tmp_path / "file").write_text("x")
    done = write(tmp_path / "file" / "x")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_exercises_are_printed_ready_to_be_pasted():
    for script in TUTORIALS:
        text = tutorial.exercises(script.read_text(encoding="utf-8"))
        lines = text.splitlines()
        assert lines[0].startswith("# 1. *") and text.count("*Hint.*") == 2
        assert sum(not line.startswith("#") for line in lines) > 5
        assert not any(line.startswith(" ") and before.startswith("# ")
                       for before, line in zip(lines, lines[1:]))


def first_cells(script, names):
    """Run the cells of a script up to the one that reads the command line; names: its variables."""
    for cell in script.read_text(encoding="utf-8").split("# %%"):
        exec("#" + cell, names)  # the rest of the cell's first line is a comment
        if "args" in names:
            return names["args"]


@each
def test_help_and_unknown_options(script, monkeypatch, capsys):
    def status(option):
        monkeypatch.setattr(sys, "argv", [str(script), option])
        with pytest.raises(SystemExit) as end:
            first_cells(script, {"__name__": "__main__", "__file__": str(script)})
        return end.value.code

    assert status("--help") == 0
    helped = capsys.readouterr().out
    assert "--quick" in helped and "--out" in helped
    assert status("--quik") == 2  # a misspelt option does not start a full run


@each
def test_first_cells_run_in_an_editor(script, tmp_path, monkeypatch):
    """The arguments of an editor's kernel are ignored, and __file__ may be missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["launcher.py", "-f", "kernel.json", "--ip=127.0.0.1"])
    names = {"__name__": "__main__"}
    assert first_cells(script, names).quick is False
    assert names["args"].out.resolve() == tmp_path.resolve()


@each
def test_has_the_parts_of_a_tutorial(script):
    text = script.read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    for part in ("**What you will see.**", "**What it needs.**", "**Time.**"):
        assert text.count(f"\n# {part} ") == 1, part
    exercises, _ = text.split("\n# ## Exercises\n")[1].split("\n# ## Expected output\n")
    assert re.findall(r"^# (\d)\. \*", exercises, re.MULTILINE) == ["1", "2", "3"]
    last = exercises.split("\n# 3. ")[1]
    assert "assert" in last or "python -m snu_ref check" in last, "the last exercise must be graded"
    figures = len(re.findall(r"\bkeep\(", text))
    assert figures >= 3 and len(re.findall(r"^\s*claim\(", text, re.MULTILINE)) >= figures
    assert not re.findall(r"^\s*assert ", text, re.MULTILINE)  # Python may drop them
    assert f"#     .venv/bin/python tutorials/{script.name}" in text
    assert ".venv\\Scripts\\python" in text


@pytest.mark.parametrize("printed, right", [
    ("slope 1.00, spikes 7", True), ("slope 1.01, spikes 7", True), ("slope 1.02, spikes 7", False),
    ("slope 1.00, spikes 8", False), ("slope 1.00 spikes 7", False), ("slope nan, spikes 7", False),
])
def test_the_comparison_can_fail(printed, right):
    quoted = "slope 1.00, spikes 7"
    assert (disagreement(printed, quoted, quick=True) is None) is right
    assert disagreement("slope 2.00, spikes 9", quoted + "  ~", quick=True) is None
    assert disagreement("slope 2.00, spikes 9", quoted + "  ~", quick=False) is not None
    assert disagreement("slope is 1.00, spikes 7", quoted + "  ~", quick=True) is not None
    trained = "92.8 %, 100  ~ 0.2 3"  # four standard deviations are 0.8 and 12
    assert disagreement("92.1 %, 111", trained, quick=False) is None
    assert disagreement("92.1 %, 113", trained, quick=False) is not None
    assert disagreement("91.9 %, 111", trained, quick=False) is not None
    assert disagreement("92.8 %, 8", "92.8 %, 7  ~ 0 0", quick=False) is None  # a count: by one
    assert disagreement("92.8 %, 9", "92.8 %, 7  ~ 0 0", quick=False) is not None
    assert disagreement("92.4 %, 100", "92.8 %, 100  ~", quick=False) is not None
    assert disagreement("error 2e-03", "error 1e-03", quick=True) is not None


def test_run_all_tells_which_tutorial_differs_and_where(tmp_path):
    """Run on three small tutorials: one that agrees, one that does not, one whose claim fails."""
    shutil.copy(RUN_ALL, tmp_path)
    quoted = "# ## Expected output\n#\n#     slope   {}\n#     spikes  7  ~\n"
    body = ("import sys\nprint('slope   1.00')\n"
            "print('spikes ', 8 if '--quick' in sys.argv else 7)\n")
    (tmp_path / "01_right.py").write_text(body + quoted.format("1.00"))
    (tmp_path / "02_other.py").write_text(body + quoted.format("1.50"))
    (tmp_path / "03_false.py").write_text("assert 1 == 2\n" + body + quoted.format("1.00"))

    def command(*options):
        return subprocess.run([sys.executable, str(tmp_path / "run_all.py"), *options], text=True,
                              capture_output=True)

    done = command()
    assert done.returncode == 1 and "1 of 3 tutorials agreed" in done.stdout
    assert re.search(r"01_right .* s  agreed, 2 lines\n", done.stdout)
    assert re.search(r"02_other .*1 of 2 lines differ\n"
                     r"    expected 1.50 in 'slope   1.50', got 1.00\n", done.stdout)
    assert re.search(r"03_false .*failed, exit status 1\n(.*\n)+    AssertionError", done.stdout)
    assert command("01").returncode == 0 and command("1", "--quick").returncode == 0
    assert command("01", "02").returncode == 1
    assert command("04").returncode == 2 and "expected one of 01, 02, 03" in command("04").stderr
    assert "--quick" in command("--help").stdout

    (tmp_path / "01_right.py").write_text(body.replace("7", "9") + quoted.format("1.00"))
    assert command("01").returncode == 1 and command("01", "--quick").returncode == 0
