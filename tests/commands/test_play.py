"""The unit to play with: its sliders draw what the unit computes, and its window opens."""
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "tutorials" / "00_play.py"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sliders_of_the_unit_to_play_with(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--quick", "--out", str(tmp_path)])
    monkeypatch.setattr("matplotlib.backend_bases.FigureCanvasBase.draw_idle",
                        lambda self: None)  # it is slow
    names = runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "no window was opened" in capsys.readouterr().out and (tmp_path / "00_play.png").exists()
    play, simulate = names["play"], names["simulate"]

    def drawn():
        """The state and the text or bars of the first panel, as they are drawn."""
        first, second, _ = play.panels
        return second.lines[0].get_ydata(), [bar.get_height() for bar in first.patches]

    def as_computed():
        x, s, v, y, adds = simulate(play.settings)
        state, bars = drawn()
        assert np.array_equal(state, s)
        assert bars == ([] if play.settings["page"] == "the unit" else list(adds))
        return s, y

    s, y = as_computed()
    assert y.sum() > 5 and s[-1] == 0
    play.sliders["input x"].set_val(0.1)
    assert as_computed()[1].sum() == 0                       # too weak: 0.1/(1 - 0.8) < 1
    play.sliders["decay"].set_val(1.0)
    s, y = as_computed()
    assert 0 < y.sum() < 5 and s[-1] > 0                     # adds up, without forgetting
    play.sliders["threshold"].set_val(3.0)
    assert as_computed()[1].sum() < y.sum()
    play.sliders["weight W"].set_val(-1.0)
    assert as_computed()[0].max() == 0                       # relu: not below rest
    play.choices["g"].set_active(2)
    assert as_computed()[0].min() < -1                       # identity: it does go below
    play.sliders["weight W"].set_val(2.0)
    play.sliders["input x"].set_val(1.0)
    with_reset = as_computed()[0].max()
    play.choices["reset"].set_active(1)
    assert as_computed()[0].max() > 5 * with_reset           # nothing stops it
    play.choices["reset"].set_active(0)
    play.choices["page"].set_active(1)
    as_computed()
    before = drawn()[1]
    play.choices["surrogate"].set_active(1)
    as_computed()
    assert drawn()[1] != before and any(before)
    play.choices["h"].set_active(1)
    assert 0 < as_computed()[1][0] < 1                       # soft: differences measure dL/dW
    W, e = play.settings["weight W"], 1e-6
    low, high = (simulate({**play.settings, "weight W": W + d})[3].sum() for d in (-e, e))
    assert abs((high - low) / (2 * e) - sum(drawn()[1])) < 1e-6


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_where_there_is_a_display_the_unit_to_play_with_opens_its_window(tmp_path, monkeypatch):
    """The canvas claims to have a window; the test counts how often it is shown."""
    import matplotlib.pyplot as pyplot

    canvas = "matplotlib.backends.backend_agg.FigureCanvasAgg.required_interactive_framework"
    shown = []
    monkeypatch.setattr(canvas, "headless")  # the one that matplotlib takes without a display
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(pyplot.get_fignums()))
    monkeypatch.setattr(sys, "argv", ["00_play.py", "--out", str(tmp_path)])
    pyplot.switch_backend("agg")
    names = runpy.run_path(str(SCRIPT), run_name="__main__")
    assert shown == [[names["play"].figure.number]] and not any(tmp_path.iterdir())
    pyplot.close("all")
