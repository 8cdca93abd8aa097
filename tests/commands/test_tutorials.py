"""The tutorials as a student runs them: from the command line, from another folder, cell by cell.

Every script tutorials/[0-9]*.py is found by itself. The claims of its prose are its own `assert`s,
so a run that ends well has proved them. Besides, the files whose paths it prints must be there, and
its last lines must be those quoted under "Expected output"; `tutorials/run_all.py` compares them.
"""
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snu_ref.figures import style

RUN_ALL = Path(__file__).parents[2] / "tutorials" / "run_all.py"
spec = importlib.util.spec_from_file_location("run_all", RUN_ALL)  # tutorials/ is no package
run_all = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_all)

BESIDE = set(RUN_ALL.parent.iterdir())  # before any of them has run
TUTORIALS, disagreement = run_all.TUTORIALS, run_all.disagreement
WRITTEN = re.compile(r"^\w+ (.+\.(?:png|wav))$", re.MULTILINE)  # "figure /some/where/name.png"
each = pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)


def run(script, *options, cwd):
    return run_all.run(script, *options, cwd=cwd, timeout=600)


def test_there_are_tutorials():
    assert [script.stem[:2] for script in TUTORIALS] == [f"{n:02}" for n in
                                                         range(1, len(TUTORIALS) + 1)]
    assert len(TUTORIALS) >= 2


def run_quickly(folder, script):
    """What a quick run, started in an empty folder, printed; and where it wrote and was started."""
    elsewhere, out = folder / "elsewhere", folder / "new" / "figures"
    elsewhere.mkdir()
    return run(script, "--quick", "--out", str(out), cwd=elsewhere), out, elsewhere


@each
@pytest.mark.ahead.with_args(run_quickly)
def test_runs_and_prints_what_it_quotes(script, ahead):
    done, out, elsewhere = ahead
    assert done.returncode == 0, done.stderr

    files = [Path(path) for path in WRITTEN.findall(done.stdout)]
    assert files and len(set(files)) == len(files)
    assert set(files) == set(out.iterdir()), "printed paths and written files differ"
    for file in files:
        start = b"\x89PNG" if file.suffix == ".png" else b"RIFF"
        assert file.read_bytes().startswith(start) and file.stat().st_size > 1000, file
    assert not any(elsewhere.iterdir()) and set(script.parent.iterdir()) == BESIDE, "wrote elsewhere"

    expected = run_all.expected_output(script)
    assert len(expected) >= 3 and not all(line.endswith("~") for line in expected)
    assert not run_all.disagreements(done.stdout, script, quick=True)


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
    assert status("--quik") == 2  # not taken for a full run


@each
def test_first_cells_run_in_an_editor(script, tmp_path, monkeypatch):
    """Arguments of an editor's kernel are not ours, and __file__ may be missing."""
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
    figures = len(re.findall(r"\bkeep\(", text)) - 1  # one is its definition
    assert figures >= 3 and len(re.findall(r"^\s*assert ", text, re.MULTILINE)) >= figures


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
    assert disagreement("92.4 %, 104", "92.8 %, 100  ~", quick=False) is None      # trained elsewhere
    assert disagreement("92.4 %, 106", "92.8 %, 100  ~", quick=False) is not None
    assert disagreement("92.4 %, 104", "92.8 %, 100", quick=False) is not None
    assert disagreement("92.4 %, 8", "92.8 %, 7  ~", quick=False) is None
    assert disagreement("92.4 %, 9", "92.8 %, 7  ~", quick=False) is not None
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


# ---- the house style, which all figures share ---------------------------------------------------

# matplotlib before 3.11 calls names that recent versions of pyparsing deprecate
drawing = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@drawing
def test_style_leaves_no_trace(tmp_path):
    import matplotlib
    before = dict(matplotlib.rcParams)
    with style.house():
        figure, axes = style.figure()
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel="time (ms)", ylabel="potential (mV)")
        assert axes.xaxis.label.get_fontsize() == 13 and axes.lines[0].get_linewidth() == 2.2
        path = style.save(figure, tmp_path / "a" / "b.png")
    assert dict(matplotlib.rcParams) == before
    header = path.read_bytes()[:24]
    assert header[:4] == b"\x89PNG" and int.from_bytes(header[16:20], "big") == 1280


@drawing
def test_style_ignores_the_readers_settings(tmp_path):
    """The same picture, pixel by pixel, whatever a matplotlibrc says."""
    import matplotlib

    def drawn():
        figure, axes = style.figure(height=2)
        axes.plot([0, 1], [0, 1], label="line")
        axes.legend()
        return figure

    def draw(name):
        with style.house():
            return style.save(drawn(), tmp_path / name).read_bytes()

    plain = draw("plain.png")
    with style.house():                                    # in one pass, and still matplotlib's own
        drawn().savefig(tmp_path / "matplotlib.png", dpi=200)
    assert (tmp_path / "matplotlib.png").read_bytes() == plain
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "black",
                                "savefig.bbox": "tight", "savefig.dpi": 50}):
        assert draw("other.png") == plain


@drawing
def test_style_refuses_what_is_no_png(tmp_path):
    with style.house():
        figure, _ = style.figure()
        with pytest.raises(ValueError, match="path: expected a name that ends in .png"):
            style.save(figure, tmp_path / "figure.pdf")


def test_matplotlib_is_loaded_only_to_draw():
    check = "import sys, snu_ref.figures.style; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_roles_of_one_group_have_colours_of_their_own():
    inside = [style.COLOUR[role] for role in ("x", "s", "v", "y", "gradient", "threshold")]
    units = [style.COLOUR[role] for role in ("SNU", "sSNU", "RNN", "GRU", "LSTM")]
    truth = [style.COLOUR[role] for role in ("true", "predicted")]
    for group in (inside, units, truth):
        assert len(set(group)) == len(group)
    assert set(style.COLOUR.values()) <= {*style.OKABE_ITO.values(), style.GREY}
