"""Parallel jobs: the same results for any number of processes; finished ones are kept."""
import io
import json
import os
import signal

import pytest

from snu_ref.__main__ import main
from snu_ref.commands import reproduce
from snu_ref.experiments import reproduction
from snu_ref.experiments.side_by_side import Job, run_jobs
from snu_ref.tasks.run import run_task


def network(seed):
    """The weights of a small network after one epoch, to the last bit, and who made them."""
    loaded = reproduction.load("music", "ssnu", reproduction.EXTENTS[True])
    run = run_task(loaded, reproduction.find_preset("music", "ssnu", "small"), seed, epochs=1,
                   hidden=(5,), stream=io.StringIO())
    return {"bits": {name: p.tobytes().hex() for name, p in run.network.params.items()},
            "process": os.getpid()}


def end_itself():
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt_itself():
    """Ctrl-C in a terminal reaches all processes; a worker ignores it, the first one stops."""
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


def refuse():
    raise ValueError("lr: expected a number")


def jobs(n=4):
    return [Job(f"run-{seed}", "part", network, (seed,), 1.0 + seed) for seed in range(n)]


def run(found, folder, processes=1, **options):
    return run_jobs(found, processes, folder, stream=io.StringIO(), **options)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    return run(jobs(), folder, 1), folder


def test_one_process_or_two_give_the_same_bits(done, tmp_path):
    one, two = done[0], run(jobs(), tmp_path / "two", 2)
    assert list(one) == list(two) == [job.name for job in jobs()]
    assert all(one[name].result["bits"] == two[name].result["bits"] for name in one)
    assert one["run-0"].result["bits"] != one["run-1"].result["bits"]
    processes = [{of.result["process"] for of in found.values()} for found in (one, two)]
    assert [len(found) for found in processes] == [1, 2] and os.getpid() not in processes[0]
    assert all(of.processor > 0 for of in one.values())


def test_resume_takes_over_what_is_there_and_nothing_of_another_command(done):
    one, folder = done
    (folder / "run-2.json").unlink()
    (folder / "run-3.json").write_text("half a fi")
    again = run(jobs(), folder, 1, resume=True)
    assert again["run-1"] == one["run-1"]  # not run again
    for name in ("run-2", "run-3"):
        assert again[name].result["bits"] == one[name].result["bits"]
        assert again[name].result["process"] != one[name].result["process"]
    other = run(jobs(1), folder, 1, resume=True, identity="another")
    assert other["run-0"].result["process"] != one["run-0"].result["process"]
    assert [path.name for path in folder.iterdir()] == ["run-0.json"]


@pytest.mark.skipif(os.name != "posix", reason="signals are others there")
def test_a_worker_that_dies_is_named_and_what_is_finished_is_kept(tmp_path):
    found = [Job("first", "part", network, (0,), 9), Job("second", "part", end_itself, (), 1)]
    with pytest.raises(ChildProcessError, match=(
            r"second: its process ended early, with exit code -15; 1 of 2 runs are kept in .*: "
            r"give --resume to continue")):
        run(found, tmp_path)
    assert json.loads((tmp_path / "first.json").read_text())[1]["bits"]
    found[1] = Job("second", "part", interrupt_itself, (), 1)
    assert run(found, tmp_path, resume=True)["second"].result == "went on"


def test_what_a_job_raises_comes_out_as_it_is(tmp_path):
    with pytest.raises(ValueError, match="^lr: expected a number$"):
        run([Job("wrong", "part", refuse, (), 1)], tmp_path)


class Interrupted(io.StringIO):
    """A terminal at which Ctrl-C is pressed when the first run is done."""
    def isatty(self):
        return True

    def write(self, text):
        if "done" in text:
            raise KeyboardInterrupt
        return super().write(text)


def test_ctrl_c_keeps_what_is_finished(tmp_path, monkeypatch):
    monkeypatch.setattr("snu_ref.tasks.progress.A_TENTH", 0.0)
    with pytest.raises(KeyboardInterrupt, match="1 of 4 runs are kept in"):
        run_jobs(jobs(), 1, tmp_path, stream=Interrupted())
    assert [path.name for path in tmp_path.iterdir()] == ["run-3.json"]  # the longest was first


@pytest.mark.parametrize("value", ["0", "-2"])
def test_a_wrong_number_of_jobs_is_refused_in_a_line(value, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(reproduce, "run_jobs", None)
    assert main(["reproduce", "--jobs", value, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "--jobs: expected" in error and value in error and error.count("\n") == 1


def test_jobs_of_a_reproduction_are_all_units_tasks_and_seeds(tmp_path):
    names = [job.name for job in reproduction.jobs_of(range(3, 5), tmp_path, quick=False)]
    assert len(set(names)) == len(names)
    for seed in (3, 4):
        for task in ("digits", "music", "language"):
            for unit in ("snu", "ssnu", "rnn", "gru", "lstm"):
                assert f"{task}-{unit}-{seed}" in names
            for unit in ("snu", "ssnu"):
                assert f"{task}-{unit}-{seed}-without-membrane" in names


@pytest.mark.parametrize("task", reproduction.TASKS)
@pytest.mark.parametrize("unit", reproduction.MEMBRANES)
def test_without_membrane_the_decay_is_0_to_the_end(task, unit):
    """Also where the preset trains it; and the rest of the preset stays."""
    table = reproduction.find_preset(task, unit, "small")
    off = reproduction.without_membrane(table)
    assert {name for name in table if table[name] != off[name]} == {"options"}
    others = {key: value for key, value in table["options"].value.items()
              if key not in ("decay", "train_decay")}
    assert off["options"].value.items() >= others.items()
    loaded = reproduction.load(task, unit, reproduction.EXTENTS[True])
    small = dict(stream=io.StringIO(), epochs=1, hidden=(8,))
    run = run_task(loaded, off, 0, **small)
    decays = [p for name, p in run.network.params.items() if name.endswith("decay")]
    assert decays and not any(decay.any() for decay in decays)
    assert not any(name.endswith("decay") for name in run.network.trainable)
    with_it = run_task(loaded, table, 0, **small)
    assert with_it.results["test"] != run.results["test"]
