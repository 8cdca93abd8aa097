"""Faults: closed streams, folders, options, damaged files. Each costs one line, and no result."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.command_runs import ENVIRONMENT, TRAIN, one_line, refused, run

from snu_ref.__main__ import main
from snu_ref.data import datasets
from snu_ref.files import one_writer


# ---- an output that fails never loses a result ---------------------------------------------------

ONE = ["train", "music", "--unit", "snu", "--epochs", "1", "--set", "hidden=(2,)", "--out"]


@pytest.mark.skipif(os.name != "posix", reason="a shell closes streams otherwise there")
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>/dev/full"])
def test_closed_streams_cost_nothing(tmp_path, closed):
    words = " ".join(f"'{word}'" for word in [sys.executable, "-m", "snu_ref", *ONE, "d"])
    done = subprocess.run(f"{words} {closed}", shell=True, cwd=tmp_path, env=ENVIRONMENT,
                          timeout=600, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert len(list((tmp_path / "d").iterdir())) == 3


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
def test_standard_output_without_room_is_named(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "snu_ref", "vectors", "list"], cwd=tmp_path,
                              env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=600)
    assert done.returncode == 2
    assert one_line(done.stderr) == ("python -m snu_ref: error: standard output: No space left on "
                                     "device\n")


def test_letters_that_the_terminal_lacks_are_escaped(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "PYTHONIOENCODING", "ascii")
    assert "results in d-\\xe9\\udcff\n" in run(tmp_path, *ONE, "d-é\udcff")
    assert (tmp_path / "d-é\udcff" / "results.json").exists()


def test_what_would_steer_a_terminal_is_escaped_in_messages(tmp_path, capsys):
    assert "gone\\x1b[2J" in refused(
        capsys, "train", "music", "--preset", "paper", "--data", "gone\x1b[2J"
    )


def no_figure(*args, **options):
    raise OSError("no figure today")


def test_the_results_of_a_run_are_there_before_its_figure(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("snu_ref.figures.learning_curves", no_figure)
    assert main([*ONE, str(tmp_path / "run")]) == 2
    printed = capsys.readouterr()
    assert "no figure today" in one_line(printed.err) and "test nll" in printed.out
    assert json.loads((tmp_path / "run" / "results.json").read_text())["test"]["nll"] > 0


def test_the_results_of_a_reproduction_are_there_before_its_figures(tmp_path, capsys, monkeypatch):
    """All parts of the command but the drawing are replaced."""
    for name, value in {"jobs_of": [], "run_jobs": {}, "found": {"runs": [1, 2], "figures": []},
                        "print_all": None}.items():
        monkeypatch.setattr(f"snu_ref.commands.reproduce.{name}",
                            lambda *args, value=value, **options: value)
    monkeypatch.setattr("snu_ref.commands.reproduce.draw", no_figure)
    assert "no figure today" in refused(capsys, "reproduce", "--out", tmp_path / "d")
    results = json.loads((tmp_path / "d" / "results.json").read_text())
    assert results["runs"] == [1, 2] and results["figures"] == []


def test_a_backend_that_is_none_is_left_out(tmp_path):
    """matplotlib is loaded by the first figure; a backend that exists stays the user's choice."""
    code = (
        "import matplotlib, os, sys; from snu_ref.figures import style\n"
        "for backend in ('svg', 'nonsense'):\n"
        "    for name in [name for name in sys.modules if name.startswith('matplotlib')]:\n"
        "        del sys.modules[name]\n"
        "    os.environ['MPLBACKEND'] = backend\n"
        "    with style.house(): figure, _ = style.figure(); style.save(figure, backend + '.png')\n"
        "    import matplotlib\n"
        "    print(os.environ['MPLBACKEND'], matplotlib.rcParams['backend'] == 'svg')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, env=ENVIRONMENT, timeout=600)
    assert (done.stdout, done.stderr) == ("svg True\nnonsense False\n", "")
    assert len(list(tmp_path.iterdir())) == 2


# ---- one writer, and what a folder holds --------------------------------------------------------

def test_a_folder_in_which_another_run_writes_is_refused_by_every_command(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / "results.json").write_text("{}")
    with one_writer("--out", tmp_path):
        for command in (TRAIN, ["reproduce", "--out"], ["memory", "--out"], ["report"],
                        ["vectors", "build"]):
            if command[0] == "train":
                (tmp_path / "results.json").rename(tmp_path / "other.json")
            error = refused(capsys, *command, tmp_path)
            assert f"expected a folder that no other run writes in, got {tmp_path}: " in error
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_what_cannot_be_is_found_before_a_file_is_written(tmp_path, capsys):
    for words, message in ((["--set", "schedule=step"], "--set schedule: expected one of"),
                           (["--set", "options.foo=1"], "options.foo: expected an option of snu"),
                           (["--set", "options.decay=7"], "options.decay: expected a number in"),
                           (["--set", "store.kind=rounded"], "store.bits"),
                           (["--set", "epochs=3"], "--set epochs: expected one value, got two")):
        assert message in refused(capsys, *TRAIN, tmp_path / "run", *words)
        assert list(tmp_path.iterdir()) == []
    assert "bptt, batch: expected bptt of at most 2714 with batch 16, got 100000" in refused(
        capsys, "train", "language", "--unit", "rnn", "--set", "bptt=100000", "--out",
        tmp_path / "run")
    assert "--json: expected a file that can be written" in refused(
        capsys, "bench", "--json", tmp_path / "gone" / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_changed_settings_have_a_folder_and_refusals_name_them(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("snu_ref.figures.learning_curves", lambda *_, **__: "drawn elsewhere")
    few = ["train", "music", "--unit", "snu", "--epochs", "1", "--set", "hidden=(2,)"]
    assert main(few) == main([*few, "--set", "lr=0.01", "--set", "options.decay=0.5"]) == 0
    first = "runs/music-snu-small-0-hidden=2"
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        Path(first).name, Path(first).name + "-lr=0.01-options.decay=0.5"]
    assert (f"{first}/checkpoint.npz: expected no file, found this run after 1 of 1 epochs; give "
            "--resume and a larger --epochs to train longer" in refused(capsys, *few))
    assert "after 1 of 1 epochs; give --resume to continue to epoch 5" in refused(
        capsys, "train", "music", "--unit", "snu", "--epochs", "5", "--set", "hidden=(2,)")
    other = refused(capsys, *few, "--set", "lr=0.02", "--set", "batch=4", "--out", first)
    assert ("expected batch 4, but the checkpoint is of a run with 8; expected lr 0.02, but the "
            "checkpoint is of a run with 0.006; give another --out" in other)
    few[few.index("1")] = "2"
    assert main([*few, "--resume"]) == 0
    printed = capsys.readouterr().out
    assert "trained for longer: 2 epochs instead of 1" in printed
    assert "\n    2 " in printed and "\n    1 " not in printed


def test_a_run_that_is_stopped_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("snu_ref.commands.train._print_epoch", stopped)
    assert main([*TRAIN, str(tmp_path)]) == 130
    assert one_line(capsys.readouterr().err) == (
        f"python -m snu_ref train: stopped: to continue from {tmp_path / 'checkpoint.npz'}, run "
        "the same command with --resume\n")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_reproduction_that_is_stopped_leaves_no_half_file(tmp_path, capsys, monkeypatch):
    def stopped(*args, **options):
        for name in ("spikes.png.unfinished", "networks/a.npz.unfinished", "spikes.png"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr("snu_ref.commands.reproduce.run_jobs", stopped)
    assert main(["reproduce", "--quick", "--out", str(tmp_path)]) == 130
    assert {path.name for path in tmp_path.rglob("*")} == {"networks", "spikes.png"}


def test_a_loss_that_diverges_is_named_in_strict_json_too(tmp_path, capsys, monkeypatch):
    assert main([*TRAIN, str(tmp_path / "a"), "--set", "lr=1000.0", "--set", "clip=None"]) == 0
    line = one_line(capsys.readouterr().err)
    results = json.loads((tmp_path / "a" / "results.json").read_text(), parse_constant=pytest.fail)
    assert line == f"warning: {results['warnings'][0].replace(' and 3 more', '')}\n"
    assert "the loss diverges: " in line and "try a smaller lr" in line

    from snu_ref.tasks.music import Music
    evaluate, calls = Music.evaluate, []

    def infinite(*args):
        calls.append(args)
        return {"nll": float("inf")} if len(calls) == 3 else evaluate(*args)

    monkeypatch.setattr(Music, "evaluate", infinite)
    assert main([*TRAIN, str(tmp_path / "b"), "--set", "hidden=(2,)"]) == 1
    assert "warning: the loss diverged in epoch 3 " in one_line(capsys.readouterr().err)
    results = json.loads((tmp_path / "b" / "results.json").read_text(), parse_constant=pytest.fail)
    assert len(results["history"]) == 2
    assert "epoch 2 was the last good epoch" in results["warnings"][0]


def test_folders_that_cannot_be_written_are_named_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "snu_ref.commands.train.run_task", None
    )  # an error, if it is called
    monkeypatch.setattr("snu_ref.commands.reproduce.run_jobs", None)
    (tmp_path / "file").write_text("x")
    places = [tmp_path / "file", tmp_path / "file" / "below"]
    places += ["/proc/self", "/proc/new"] if os.path.isdir("/proc/self") else []
    for command in (["train", "music", "--unit", "snu"], ["reproduce"]):
        for place in places:
            error = refused(capsys, *command, "--out", place)
            assert f"--out: expected a folder to write in, got {place}: " in error
    assert (tmp_path / "file").read_text() == "x"


def test_an_earlier_run_is_not_overwritten(tmp_path, capsys):
    for name, words in (
        ("checkpoint.npz", "checkpoint.npz: expected a checkpoint, but it is damaged"),
        ("results.json", "expected checkpoint.npz beside results.json, found none"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("x")
        assert words in refused(capsys, *TRAIN, folder)
        assert (folder / name).read_text() == "x" and len(list(folder.iterdir())) == 1
    assert "give another --out" in refused(capsys, *TRAIN, folder, "--resume")


# ---- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, expected",
    [
        (
            ["digits", "--data", "."],
            "--data: expected none with preset 'small', whose data come with the package or Python",
        ),
        (["music", "--unit", "snu", "--weights", "pcm", "--data", "."], "--data: expected none"),
        (
            ["music", "--unit", "snu", "--weights", "pcm", "--preset", "paper"],
            "--preset: expected none with --weights pcm, which has its own settings",
        ),
        (
            ["music", "--unit", "snu", "--weights", "pcm", "--preset", "paper", "--data", "."],
            "--preset: expected none with --weights pcm",
        ),
        (
            ["music", "--weights", "pcm"],
            "--weights pcm: expected music --unit snu, got music --unit ssnu",
        ),
        (
            ["digits", "--unit", "snu", "--weights", "pcm"],
            "--weights pcm: expected music --unit snu, got digits",
        ),
        (
            ["music", "--preset", "paper"],
            "--data: expected a folder with jsb-chorales-quarter.json for preset 'paper', got none",
        ),
        (
            ["music", "--unit", "snu-conv"],
            "unit: expected one of 'snu', 'ssnu', 'rnn', 'gru', 'lstm', got 'snu-conv'",
        ),
        (["music", "--seed", "-1"], "--seed: expected an int of at least 0, got -1"),
        (["music", "--epochs", "0"], "--epochs: expected a positive int, got 0"),
    ],
)
def test_options_that_would_have_no_effect_or_make_no_sense_are_errors(
    words, expected, tmp_path, capsys
):
    assert expected in refused(capsys, "train", *words, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ---- data files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "task, name, words",
    [
        ("digits", "train-images-idx3-ubyte", ["expected 47,040,016 bytes", "ossci-datasets"]),
        ("music", "jsb-chorales-quarter.json", ["expected JSON", "czhuang/JSB-Chorales-dataset"]),
        ("language", "ptb.train.txt", ["expected 929589 tokens with <eos>", "LDC99T42"]),
    ],
)
def test_a_truncated_data_file_is_named(task, name, words, tmp_path, capsys):
    start_of = {
        "digits": bytes([0, 0, 8, 3, 0, 0, 234, 96, 0, 0, 0, 28, 0, 0, 0, 28, 0]),
        "music": b'{"train": [[[60]',
        "language": b" aer banknote\n",
    }
    (tmp_path / name).write_bytes(start_of[task])
    error = refused(
        capsys, "train", task, "--preset", "paper", "--data", tmp_path, "--out", tmp_path / "run"
    )
    assert all(word in error for word in (str(tmp_path / name), *words))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("task, name", [("digits", "digits.npz"), ("music", "chorales.npz")])
def test_a_data_file_of_the_package_altered_by_one_byte_is_named(
    task, name, tmp_path, capsys, monkeypatch
):
    raw = bytearray((datasets.FOLDER / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / name).write_bytes(raw)
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    error = refused(capsys, "train", task, "--out", tmp_path / "run")
    assert f"{name}: expected SHA-256" in error and "truncated or altered" in error
    assert not (tmp_path / "run").exists()
