"""The in-memory experiments at toy size: their tables, laws and limits."""
import numpy as np
import pytest

from snu_ref.experiments import in_memory as memory
from snu_ref.experiments.comparison import aligned
from snu_ref.figures import devices as memory_figures
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.run import run_task


@pytest.fixture(scope="module")
def music():
    loaded = load_task("music", "snu")
    for split, rolls in loaded.task.data.items():
        loaded.task.data[split] = rolls[:24]
    rows, runs = memory.train_ways(loaded, 0, device_seeds=2, epochs=3, hidden=(20,))
    return loaded, rows, runs


def test_the_four_ways_stand_in_one_table(music):
    _, rows, runs = music
    assert list(rows) == list(memory.WAYS)
    assert rows["in the loop"]["counters"]["set_pulses"] > 0 and not rows["software"]["counters"]
    store = runs["in the loop"].trained.store
    text = memory.table(rows, store.n_devices)
    assert "7,040 devices" in text and "our choice" in text
    for way in memory.WAYS:
        assert f"{rows[way]['nll']:.3f}" in text


def test_without_any_epoch_of_difference_software_is_the_float_run(music):
    """The software way is the run without a store, from the same seed, with the same settings."""
    loaded, rows, _ = music
    again = run_task(
        loaded, find_preset("music", "snu", "pcm"), 0, epochs=3, hidden=(20,), store=None)
    assert again.results["test"]["nll"] == rows["software"]["nll"]


def test_programming_leaves_the_network_as_it_was(music):
    _, _, runs = music
    run = runs["software"]
    before = {name: p.copy() for name, p in run.network.params.items()}
    sweep = memory.over_time(run, seed=0, device_seeds=2, times=(20.0, 3600.0))
    assert all(np.array_equal(p, before[name]) for name, p in run.network.params.items())
    assert np.array_equal(
        np.array(sweep["raw"])[:, 0], np.array(sweep["compensated"])[:, 0])  # factor 1
    assert len({row[0] for row in sweep["raw"]}) == 2  # two device seeds, two results
    text = aligned(*memory.time_table({"music": sweep}))
    assert "20 s" in text and "1 h" in text and "software" in text


def test_wanted_and_read_weights_agree_on_average(music):
    wanted, read = memory.wanted_and_read(music[2]["software"], 0)
    assert wanted.shape == read.shape == (2 * 88 * 20,)
    assert np.corrcoef(wanted, read)[0, 1] > 0.9 and not np.array_equal(wanted, read)


def test_conductances_start_small_and_fill_up_by_pulses(music):
    run = music[2]["in the loop"]
    before, after = memory.conductances(run, 0)
    assert before.shape == after.shape == (7040,) and after.mean() > before.mean() > 0
    assert after.min() >= 0


def test_many_bits_are_as_good_as_float(music):
    loaded, _, runs = music
    run, table = runs["software"], find_preset("music", "snu", "pcm")
    software = run.results["test"]["nll"]
    few, many = memory.rounded_after(run, (2, 16), 0)
    assert many == pytest.approx(software, abs=1e-2) and few != many
    during = run_task(loaded, table, 0, epochs=3, hidden=(20,),
                      store={"kind": "rounded", "bits": 16}).figures["nll"]
    assert during == pytest.approx(software, abs=0.5)
    sweep = {"metric": "nll", "bits": (2, 16), "after": (few, many), "during": (9.0, during),
             "software": software}
    assert [row[0] for row in memory.precision_table({"music": sweep})[1]] == ["2", "16"]


def test_shrunk_weights_are_the_first_read_divided_by_the_factor_of_compensation(music):
    """With a factor of 1 nothing is shrunk; later it is the raw sweep without its new noise."""
    sweep = memory.over_time(music[2]["software"], seed=0, device_seeds=2,
                             times=(20.0, 3600.0, 86_400.0))
    raw, compensated, shrunk = (np.array(sweep[kind]) for kind in ("raw", "compensated", "shrunk"))
    assert shrunk.shape == (2, 2) and np.array_equal(shrunk[:, 0], compensated[:, 0])
    assert (shrunk[:, 1] != shrunk[:, 0]).all()
    assert np.abs(shrunk[:, 1] - raw[:, 1]).max() < np.abs(compensated[:, 2] - raw[:, 2]).max()
    together = memory.joined([sweep, sweep])
    assert len(together["shrunk"]) == 4 and together["software"] == sweep["software"]


@pytest.mark.parametrize(
    "t, name",
    [
        (20.0, "20 s"), (600.0, "10 min"), (3600.0, "1 h"), (7 * 86400.0, "7 d"),
        (31_536_000.0, "1 year"), (90.0, "90 s")],
)
def test_times_in_words(t, name):
    assert memory.time_name(t) == name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_figures_are_written(music, tmp_path):
    _, rows, runs = music
    run = runs["in the loop"]
    paths = [
        memory_figures.learning_curves(rows, tmp_path / "a.png"),
        memory_figures.conductance_histograms(
            *memory.conductances(run, 0),
            tmp_path / "b.png"),
        memory_figures.wanted_against_read(
            *memory.wanted_and_read(runs["software"], 0), tmp_path / "c.png"),
    ]
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_the_spread_of_old_results_is_computed_anew():
    """0.1.0 kept a mean and a deviation divided by n; the same devices give the same summary
    now."""
    figures = [9.5, 9.9, 10.0]
    old = {"nll": float(np.mean(figures)), "spread": float(np.std(figures))}
    new = memory.way_summary({"nll": old["nll"], "figures": figures}, 3)
    assert new.sd == pytest.approx(np.std(figures, ddof=1)) and new.n == 3
    assert memory.way_summary(old, 3) == pytest.approx(new)
    assert memory.way_summary({"nll": 8.7}, 3) == memory.way_summary({**old, "nll": 8.7}, 1) == (
        1, 8.7, None, None, None)
