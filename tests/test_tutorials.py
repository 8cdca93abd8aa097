"""The tutorials as a student runs them: from the command line, from another folder, cell by cell.

Every script tutorials/[0-9]*.py is found by itself. The claims of its prose are its own `assert`s,
so a run that ends well has proved them. Besides, the files whose paths it prints must be there, and
its last lines must be those quoted under "Expected output", where

    words     must be the same,
    integers  must be the same, other numbers within one unit of the last printed digit,
    a ~       at the end of a quoted line marks numbers that differ with --quick: not compared here.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from snu_ref import style

TUTORIALS = sorted((Path(__file__).parent.parent / "tutorials").glob("[0-9]*.py"))
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")
WRITTEN = re.compile(r"^\w+ (.+\.(?:png|wav))$", re.MULTILINE)  # "figure /some/where/name.png"
each = pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)


def run(script, *options, cwd):
    """Run a script headless in the folder cwd; numerical trouble (a RuntimeWarning) is an error."""
    return subprocess.run([sys.executable, "-W", "error::RuntimeWarning", str(script), *options],
                          cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=120,
                          env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"})


def expected_output(script):
    """The lines quoted under "Expected output", the last thing in the script."""
    _, quoted = script.read_text(encoding="utf-8").split("# ## Expected output\n")
    return [line[6:] for line in quoted.splitlines() if line.startswith("#     ")]


def disagreement(printed, quoted):
    """What is wrong with a printed line, or None."""
    changes = quoted.endswith("~")
    quoted = quoted.removesuffix("~").rstrip()
    if NUMBER.sub("#", printed.rstrip()) != NUMBER.sub("#", quoted):
        return f"expected the line {quoted!r}, got {printed!r}"
    for got, wanted in zip(NUMBER.findall(printed), NUMBER.findall(quoted)):
        digits, _, exponent = wanted.partition("e")
        _, point, decimals = digits.partition(".")
        unit = 10.0 ** (int(exponent or 0) - len(decimals)) if point else 0.0
        if not changes and not abs(float(got) - float(wanted)) <= 1.001 * unit:
            return f"expected {wanted} in {quoted!r}, got {got}"
    return None


def test_there_are_tutorials():
    assert [script.stem[:2] for script in TUTORIALS] == [f"{n:02}" for n in
                                                         range(1, len(TUTORIALS) + 1)]
    assert len(TUTORIALS) >= 2


@each
def test_runs_and_prints_what_it_quotes(script, tmp_path):
    folder, out = tmp_path / "elsewhere", tmp_path / "new" / "figures"
    folder.mkdir()
    beside = set(script.parent.iterdir())
    done = run(script, "--quick", "--out", str(out), cwd=folder)
    assert done.returncode == 0, done.stderr

    files = [Path(path) for path in WRITTEN.findall(done.stdout)]
    assert files and len(set(files)) == len(files)
    assert set(files) == set(out.iterdir()), "printed paths and written files differ"
    for file in files:
        start = b"\x89PNG" if file.suffix == ".png" else b"RIFF"
        assert file.read_bytes().startswith(start) and file.stat().st_size > 1000, file
    assert not any(folder.iterdir()) and set(script.parent.iterdir()) == beside, "wrote elsewhere"

    expected = expected_output(script)
    printed = done.stdout.splitlines()[-len(expected):]
    assert len(printed) == len(expected) >= 3
    assert not list(filter(None, map(disagreement, printed, expected)))
    assert not all(line.endswith("~") for line in expected), "nothing was compared"


@each
def test_help_and_unknown_options(script, tmp_path):
    helped = run(script, "--help", cwd=tmp_path)
    assert helped.returncode == 0
    assert "--quick" in helped.stdout and "--out" in helped.stdout
    assert run(script, "--quik", cwd=tmp_path).returncode == 2  # not taken for a full run


@each
def test_first_cells_run_in_an_editor(script, tmp_path, monkeypatch):
    """Arguments of an editor's kernel are not ours, and __file__ may be missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["launcher.py", "-f", "kernel.json", "--ip=127.0.0.1"])
    names = {"__name__": "__main__"}
    for cell in script.read_text(encoding="utf-8").split("# %%"):
        exec("#" + cell, names)  # the rest of the cell's first line is a comment
        if "args" in names:
            break
    assert names["args"].quick is False
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
    assert (disagreement(printed, quoted) is None) is right
    assert disagreement("slope 2.00, spikes 9", quoted + "  ~") is None
    assert disagreement("slope is 1.00, spikes 7", quoted + "  ~") is not None
    assert disagreement("error 2e-03", "error 1e-03") is not None


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

    def draw(name):
        with style.house():
            figure, axes = style.figure(height=2)
            axes.plot([0, 1], [0, 1], label="line")
            axes.legend()
            return style.save(figure, tmp_path / name).read_bytes()

    plain = draw("plain.png")
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
    check = "import sys, snu_ref.style; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_roles_of_one_group_have_colours_of_their_own():
    inside = [style.COLOUR[role] for role in ("x", "s", "v", "y", "gradient", "threshold")]
    units = [style.COLOUR[role] for role in ("SNU", "sSNU", "RNN", "GRU", "LSTM")]
    truth = [style.COLOUR[role] for role in ("true", "predicted")]
    for group in (inside, units, truth):
        assert len(set(group)) == len(group)
    assert set(style.COLOUR.values()) <= {*style.OKABE_ITO.values(), style.GREY}
