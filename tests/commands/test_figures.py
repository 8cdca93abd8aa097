"""Figures of the inside of a network: they show what the cache holds, of any layer, unit and
sample."""

import numpy as np
import pytest

from snu_ref import GRU, SNU, ConvSNU, Dense, Dropout, Flatten, Network, figures
from snu_ref.figures import devices, neuron, style


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved, as matplotlib's objects."""
    seen = []
    monkeypatch.setattr(style, "save", lambda figure, path: seen.append(figure) or path)
    return seen


def cache_of(*layers, x):
    return Network(list(layers)).forward(x)[1]


def spiking(rng):
    unit = SNU(3, 4, rng=rng)
    unit.params["W"][...] = rng.random((3, 4))
    return unit, 2 * rng.random((12, 2, 3))


def test_a_trace_shows_potential_threshold_resets_and_output(drawn):
    rng = np.random.default_rng(0)
    unit, x = spiking(rng)
    unit.params["b"][2] = -1.5
    cache = cache_of(Dropout(0.0, rng=rng), unit, Dense(4, 2, rng=rng), x=x)
    traces = cache.layers[1]
    barely = traces.v[:, 1, 2][traces.v[:, 1, 2] > 0].min() / 2
    unit.params["b"][2] -= barely  # the lowest spike is just above the threshold
    cache = cache_of(Dropout(0.0, rng=rng), unit, Dense(4, 2, rng=rng), x=x)
    figures.neuron_trace(cache, "n.png", layer=1, unit=2, sample=1)
    top, bottom = drawn[0].axes
    lines = {line.get_label(): line.get_ydata() for line in top.lines}
    traces = cache.layers[1]
    np.testing.assert_array_equal(lines["state $s_t$"], traces.s[:, 1, 2])
    assert list(lines["threshold $-b$"]) == [1.5 + barely] * 2
    fires = traces.y[:, 1, 2] == 1
    assert 0 < fires.sum() < 12
    np.testing.assert_array_equal(lines["fires: reset"], traces.s[fires, 1, 2])
    heights = [segment[1, 1] for segment in bottom.collections[0].get_segments()]
    np.testing.assert_array_equal(heights, traces.y[:, 1, 2])


def test_units_of_a_convolution_are_places_and_channels(drawn):
    rng = np.random.default_rng(0)
    unit = ConvSNU((5, 4, 1), 3, rng=rng)
    cache = cache_of(unit, Flatten(unit.out_shape), x=3 * rng.random((6, 2, 5, 4, 1)))
    figures.neuron_trace(cache, "n.png", unit=(2, 1, 0))
    np.testing.assert_array_equal(drawn[0].axes[0].lines[0].get_ydata(),
                                  cache.layers[0].s[:, 0, 2, 1, 0])
    figures.spike_raster(cache, "r.png")
    figures.spike_rates(cache, "s.png")


def test_a_raster_has_a_mark_for_every_spike_of_the_sample(drawn):
    rng = np.random.default_rng(0)
    unit, x = spiking(rng)
    cache = cache_of(unit, x=(x > 1).astype(float))
    figures.spike_raster(cache, "r.png", sample=1)
    for panel, y in zip(drawn[0].axes, (cache.layers[0].x, cache.layers[0].y)):
        marks = panel.collections[0].get_offsets()
        assert sorted(map(tuple, marks)) == sorted((t + 1, k) for t, k in np.argwhere(y[:, 1]))


def test_rates_are_those_of_all_steps_and_samples_and_silence_is_counted(drawn):
    rng = np.random.default_rng(0)
    unit, x = spiking(rng)
    unit.params["b"][0], unit.params["b"][3] = -99, 1  # never, and always
    cache = cache_of(Network([unit]), GRU(4, 2, rng=rng), x=x)
    figures.spike_rates(cache, "s.png")
    axes, = drawn[0].axes
    rates = axes.lines[0].get_ydata()
    np.testing.assert_allclose(rates, 100 * cache.layers[0].layers[0].y.mean(axis=(0, 1)))
    assert axes.texts[0].get_text() == "1 never,\n1 always"
    assert axes.get_xticklabels()[0].get_text() == "layer 0.0\n4 units"


def test_a_single_unit_serves_as_a_network(drawn):
    rng = np.random.default_rng(0)
    unit, x = spiking(rng)
    figures.neuron_trace(unit.forward(x)[1], "n.png", unit=1)
    assert [place for place, _ in neuron.spiking_layers(unit.forward(x)[1])] == ["0"]


def test_what_cannot_be_drawn_is_named(tmp_path):
    rng = np.random.default_rng(0)
    x = np.ones((2, 1, 3))
    no_spikes = cache_of(GRU(3, 3, rng=rng), x=x)
    for function in (figures.neuron_trace, figures.spike_raster, figures.spike_rates):
        with pytest.raises(TypeError, match="cache: expected the cache of an SNU"):
            function(no_spikes, tmp_path / "a.png")
    cache = cache_of(GRU(3, 3, rng=rng), SNU(3, 4, rng=rng), x=x)
    with pytest.raises(ValueError, match="layer: expected one of 1, .* got 0"):
        figures.neuron_trace(cache, tmp_path / "a.png", layer=0)
    for unit, sample in ((4, 0), ((1, 1), 0), (0, 1), (-1, 0)):
        with pytest.raises(ValueError, match="expected"):
            figures.neuron_trace(cache, tmp_path / "a.png", unit=unit, sample=sample)
    with pytest.raises(ValueError, match=r"unit: expected an index in shape \(4,\), got \(99,\)"):
        figures.neuron_trace(cache, tmp_path / "a.png", unit=99)
    for function in (figures.neuron_trace, figures.spike_raster):
        with pytest.raises(ValueError, match=r"sample: expected an int in \[0, 0\], got 5"):
            function(cache, tmp_path / "a.png", sample=5)
    no_steps = cache_of(SNU(3, 4, rng=rng), x=x[:0])
    for function in (figures.neuron_trace, figures.spike_raster, figures.spike_rates):
        with pytest.raises(ValueError, match="cache: expected at least one time step, got none"):
            function(no_steps, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_continued_roll_draws_each_note_once_and_an_empty_one_too(drawn):
    roll = np.zeros((6, 88), np.uint8)
    roll[[0, 1, 4], [40, 45, 50]] = 1
    figures.continued_roll(roll, 3, "c.png", title="t")
    axes, = drawn[0].axes
    assert [len(part.get_segments()) for part in axes.collections] == [2, 1]
    figures.continued_roll(0 * roll, 3, "c.png", title="t")


def test_one_epoch_is_a_mark_and_nothing_covers_anything(drawn):
    run = {"task": "digits", "unit": "snu", "metric": "accuracy", "best_epoch": 1, "own": True,
           "history": [{"epoch": 1, "loss": 0.5, "accuracy": 0.9}]}
    figures.learning_curves([run], "l.png")
    devices.learning_curves({"software": {"history": [{"nll": 9.0}]}}, "d.png")
    for figure in drawn:
        assert figure.axes[0].lines[0].get_marker() == "o"
    assert "not the published set" in drawn[0].get_suptitle() and not drawn[0].axes[0].texts
    figures.claim([("digits", "snu", name, 1000, [0.9, 0.8]) for name in
                   ("SNU", "SNU, no membrane")], "c.png")
    full, hollow = (bars.lines[0] for bars in drawn[2].axes[0].containers)
    assert full.get_markersize() < hollow.get_markersize()
    assert full.get_zorder() > hollow.get_zorder()


@pytest.mark.parametrize("n", [1, 9])
def test_wrong_images_are_drawn_with_class_and_answer(n, tmp_path):
    images = np.random.default_rng(0).random((n, 28, 28))
    path = figures.wrong_images(images, range(n), ["x"] * n, tmp_path / "w.png", title="t")
    assert path.stat().st_size > 3000


def test_one_far_row_does_not_hide_the_others(drawn):
    """Differences: the axis is linear up to the usual size, and logarithmic beyond it."""
    near = [(f"row {i}", 0.1 * i, 0.1 * i - 0.2, 0.1 * i + 0.2, ()) for i in range(5)]
    far = [("far", -86.0, -87.0, -85.0, ())]
    panels = [("x", True, near), ("x", True, near + far), ("x", False, near + far),
              ("x", True, [("same", 0.0, 0.0, 0.0, ())] * 3 + far)]
    figures.intervals(panels, "i.png", title="t")
    scales = [panel.get_xscale() for panel in drawn[0].axes]
    assert scales == ["linear", "symlog", "linear", "linear"]
    low, high = drawn[0].axes[1].transData.transform([[-0.2, 0], [0.6, 0]])[:, 0]
    width = np.diff(drawn[0].axes[1].transAxes.transform([[0, 0], [1, 0]])[:, 0])
    assert high - low > width / 10
