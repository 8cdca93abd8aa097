"""The house style of all figures: it changes no global state and depends on no settings."""
import subprocess
import sys

import pytest

from snu_ref.figures import style

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
