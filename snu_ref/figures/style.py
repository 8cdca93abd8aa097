"""The house style of all figures: one palette, one set of sizes, one way to save.

    with style.house():
        figure, axes = style.figure()
        axes.plot(t, V, color=style.COLOUR["s"], label="membrane potential")
        axes.set(xlabel="time (ms)", ylabel="potential (mV)", title="The claim, as a sentence")
        print(style.save(figure, "potential.png"))

A figure is 6.4 inches wide with letters of 13 points. At half width, in a column or on half a
slide, the letters still have 6.5 points. So panels are stacked, not set side by side. The figures
are made without pyplot: they need no display and touch no global state. The reader's own
matplotlibrc does not change the figures, and is not changed.

Sources: the palette, M. Okabe and K. Ito, "Color Universal Design: how to make figures and
presentations that are friendly to colorblind people" (2002, rev. 2008), jfly.uni-koeln.de/color;
the colour map cividis, Nunez et al., PLOS ONE 13 (2018). We chose sizes and the roles of colours.
"""
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import whole_file

OKABE_ITO = {
    "black": "#000000", "orange": "#E69F00", "sky blue": "#56B4E9", "bluish green": "#009E73",
    "yellow": "#F0E442", "blue": "#0072B2", "vermillion": "#D55E00", "reddish purple": "#CC79A7",
}
GREY = "#666666"  # for what is not data: thresholds, guide lines, notes

# A role keeps its colour in every figure. There are more roles than colours, so the three groups
# share them: a panel shows the inside of a unit, or compares units, or a prediction with the truth.
COLOUR = {
    # inside a unit
    "x": OKABE_ITO["bluish green"],         # input
    "s": OKABE_ITO["blue"],                 # state, the membrane potential
    "v": OKABE_ITO["sky blue"],             # s + b, the distance to the threshold
    "y": OKABE_ITO["vermillion"],           # output, spikes
    "gradient": OKABE_ITO["reddish purple"],
    "threshold": GREY,
    # between units
    "SNU": OKABE_ITO["vermillion"],
    "sSNU": OKABE_ITO["blue"],
    "SNU conv": OKABE_ITO["vermillion"],
    "RNN": OKABE_ITO["orange"],
    "GRU": OKABE_ITO["reddish purple"],
    "LSTM": OKABE_ITO["bluish green"],
    # against the truth
    "true": OKABE_ITO["black"],             # exact solution, reference, target
    "predicted": OKABE_ITO["orange"],
}

# For prints in black and white, the lines of units also differ by dashes and their points by marks.
DASHES = {"SNU": "solid", "sSNU": (0, (5, 1.2)), "RNN": (0, (1, 1.2)), "GRU": (0, (4, 1.2, 1, 1.2)),
          "LSTM": (0, (9, 1.6)), "SNU conv": (0, (2, 1.2))}
MARKERS = {"SNU": "o", "sSNU": "s", "RNN": "^", "GRU": "D", "LSTM": "v", "SNU conv": "P"}

WIDTH, HEIGHT = 6.4, 3.8  # inches, of a figure with one panel
DPI = 200                 # 1280 pixels across
SETTINGS = Path(__file__).with_name("house.mplstyle")


@contextmanager
def house():
    """The house style as a context: matplotlib's defaults with house.mplstyle on top.

    Draw and save inside the block: some settings act only there. Its end restores the old ones.
    """
    # matplotlib cannot be imported if MPLBACKEND names an unknown backend. No figure here needs
    # one, so the variable is hidden during the import; afterwards the user's choice is restored
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    import matplotlib

    if backend:
        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            matplotlib.rc_params_from_file(SETTINGS, use_default_template=False))
        yield


def figure(rows=1, columns=1, *, height=None, title=None, **subplots):
    """A figure of house width and its axes, as matplotlib's `subplots` gives them.

    rows, columns: int; height in inches (default 3.8); title: over the whole figure, at its left;
    other arguments (sharex, height_ratios, squeeze and the like) go to
    matplotlib.figure.Figure.subplots.
    """
    from matplotlib.figure import Figure

    new = Figure(figsize=(WIDTH, height or HEIGHT))
    if title:
        new.suptitle(title, x=0.02, ha="left")
    return new, new.subplots(rows, columns, **subplots)


def legend(axes):
    """The legend of `axes` in one row, outside the data, below the title of the figure."""
    labels = axes.get_legend_handles_labels()[1]
    narrow = sum(map(len, labels)) < 45
    axes.legend(ncols=len(labels), loc="lower right", bbox_to_anchor=(1.0, 1.0),
                columnspacing=1.1, handletextpad=0.4, handlelength=2.0 if narrow else 1.6,
                borderaxespad=0.3, fontsize=12 if narrow else 11)


def note(axes, text):
    """A remark in grey, above the right end of a panel."""
    axes.text(1.0, 1.02, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=11,
              color=GREY)


def plain_log_ticks(axis):
    """Label a logarithmic axis with plain numbers: at 1, 2 and 5 of each decade, or closer."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high > 8 * low else MaxNLocator(4))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def save(figure, path, dpi=DPI):
    """Write the figure as a PNG 1280 pixels wide, and return its path as a pathlib.Path.

    dpi: pixels per inch, for a smaller or larger picture. Missing folders are made. Raises
    ValueError if the path does not end in .png.
    """
    path = Path(path)
    if path.suffix != ".png":
        raise ValueError(f"path: expected a name that ends in .png, got {str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    # the same bytes as figure.savefig, which computes the layout twice
    with whole_file(path) as file:
        FigureCanvasAgg(figure).print_png(file)
    return path
