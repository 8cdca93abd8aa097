"""The figures that `train` and `reproduce` write: each function draws one and saves it as a PNG.

    neuron_trace      s, v and y of one unit over time, with its resets
    spike_raster      who fires when, layer by layer, for one input
    learning_curves   loss and validation metric against the epoch
    piano_rolls       the notes of a piece beside what the network expected
    input_weights     what hidden units have learnt to look for, as images
    figure_against_parameters   test metric of the units against their size
"""
import numpy as np

from . import style
from .tasks.units import UNITS

LOSSES = {"digits": "squared error", "music": "nats per step", "language": "nats per word"}
METRICS = {  # name in results: (label, factor)
    "accuracy": ("validation accuracy (%)", 100),
    "nll": ("validation NLL (nats per step)", 1),
    "perplexity": ("validation perplexity", 1),
}


def neuron_trace(s, v, y, threshold, path, *, title):
    """One unit over time: potential s with its threshold, v = s + b, and output y; each (T,).

    A reset shows where s falls after a spike: only the new input is left then.
    """
    t = np.arange(1, len(s) + 1)
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=4.8, sharex=True, height_ratios=(3, 1))
        top.plot(t, s, "o-", markersize=4, color=style.COLOUR["s"], label="state $s_t$")
        top.plot(t, v, ":", linewidth=1.5, color=style.COLOUR["v"], label="$v_t = s_t + b$")
        top.axhline(threshold, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2,
                    label="threshold $-b$")
        top.set(ylabel="potential\n(dimensionless)", title=title)
        top.legend(loc="upper left", ncols=3, columnspacing=1.2)
        low, high = min(v.min(), s.min()), max(s.max(), threshold)
        top.set_ylim(low - 0.05 * (high - low), high + 0.3 * (high - low))
        bottom.vlines(t, 0, y, color=style.COLOUR["y"], linewidth=2.5)
        bottom.set(xlabel="time step", ylabel="output $y_t$", ylim=(0, 1.15), yticks=(0, 1))
        return style.save(figure, path)


def spike_raster(x, layers, path, *, title):
    """Spikes of one input: x (T, n_in) and the outputs of each layer, (T, n); a row a unit."""
    names = [f"layer {i}\n(unit)" for i in range(1, len(layers))] + ["output\n(unit)"]
    groups = [("input\n(pixel)", x), *zip(names, layers)]
    with style.house():
        figure, axes = style.figure(len(groups), 1, height=6.4, sharex=True,
                                    height_ratios=[max(y.shape[1], 30) ** 0.5 for _, y in groups])
        for panel, (name, y) in zip(axes, groups):
            t, unit = np.nonzero(y)
            colour = style.COLOUR["x" if y is x else "y"]
            panel.scatter(t + 1, unit, s=12 if y.shape[1] > 20 else 40, marker="|", linewidths=1.6,
                          color=colour)
            panel.set(ylabel=name, ylim=(-1, y.shape[1]), xlim=(0.5, len(y) + 0.5))
            style.note(panel, f"on average, one fires in {y.mean() * 100:.0f} % of the steps")
        if layers[-1].shape[1] <= 10:
            axes[-1].set_yticks(range(0, layers[-1].shape[1], 3))
        figure.suptitle(title, x=0.02, ha="left")
        axes[-1].set_xlabel("time step")
        return style.save(figure, path)


def learning_curves(results, path):
    """Training loss and validation figure of one task against the epoch; results: its runs."""
    task, metric = results[0]["task"], results[0]["metric"]
    label, factor = METRICS[metric]
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=6.0, sharex=True)
        everything = []
        for run in results:
            name = UNITS[run["unit"]][0]
            line = dict(color=style.COLOUR[name], linestyle=style.DASHES[name])
            epochs = [record["epoch"] for record in run["history"]]
            values = [factor * record[metric] for record in run["history"]]
            everything += values
            top.plot(epochs, [record["loss"] for record in run["history"]], **line, label=name,
                     marker="o" if len(epochs) == 1 else "")
            bottom.plot(epochs, values, **line)
            bottom.plot(run["best_epoch"], values[run["best_epoch"] - 1], style.MARKERS[name],
                        markersize=8, color=style.COLOUR[name])
        top.set(ylabel=f"training loss\n({LOSSES[task]})", yscale="log")
        style.plain_log_ticks(top.yaxis)
        bottom.set(xlabel="epoch", ylabel=label.replace(" (nats", "\n(nats"))
        bottom.locator_params(axis="x", integer=True)
        remark = "mark: the epoch that was kept"
        if len(everything) > 10:  # the first epochs are far off; leave them out of the picture
            low, high = np.percentile(everything, [0, 90] if metric != "accuracy" else [10, 100])
            bottom.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
            remark += "; the first epochs are cut off"
        style.note(bottom, remark)
        style.headline(figure, top, f"{task.capitalize()}: learning")
        return style.save(figure, path)


def piano_rolls(true, predicted, path, *, title, lowest=36, highest=84):
    """A piece's notes (T, 88), and the probabilities (T, 88) that a network gave each beforehand.

    Only the MIDI numbers lowest..highest are drawn; column = MIDI number - 21.
    """
    keys = slice(lowest - 21, highest - 20)
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=6.4, sharex=True)
        extent = (0.5, len(true) + 0.5, lowest - 0.5, highest + 0.5)
        for panel, roll, name in ((top, true, "notes that follow"),
                                  (bottom, predicted, "predicted")):
            image = panel.imshow(roll[:, keys].T, origin="lower", aspect="auto", extent=extent,
                                 vmin=0, vmax=1)
            panel.set(ylabel="pitch (MIDI number)", yticks=range(lowest, highest + 1, 12))
            style.note(panel, name)
        figure.suptitle(title, x=0.02, ha="left")
        bottom.set_xlabel("predicted step (quarter notes)")
        figure.colorbar(image, ax=(top, bottom), label="probability", shrink=0.6)
        return style.save(figure, path)


def input_weights(groups, path, *, n=10, rows=4):
    """Input weights of hidden units as images, blue below and red above zero.

    groups: list of (title, weights (units, height, width)); the n * rows units with the largest
    weights are drawn, each scaled by its own largest weight.
    """
    with style.house():
        figure, panels = style.figure(len(groups), 1, height=2.6 * len(groups), squeeze=False)
        for panel, (title, weights) in zip(panels[:, 0], groups):
            strongest = np.argsort(-np.linalg.norm(weights, axis=(1, 2)), kind="stable")[:n * rows]
            height, width = weights.shape[1:]
            tiles = np.full((rows * (height + 1), n * (width + 1)), np.nan)
            for place, unit in enumerate(strongest):
                i, j = place // n * (height + 1), place % n * (width + 1)
                tiles[i:i + height, j:j + width] = weights[unit] / np.abs(weights[unit]).max()
            image = panel.imshow(tiles, cmap="RdBu_r", vmin=-1, vmax=1)
            panel.set(xticks=[], yticks=[], title=title)
            panel.set_facecolor("#d0d0d0")  # between the images, where zero is white
            panel.spines[:].set_visible(False)
        figure.colorbar(image, ax=list(panels[:, 0]), label="weight / largest of the unit",
                        shrink=0.7, ticks=(-1, 0, 1))
        return style.save(figure, path)


def figure_against_parameters(groups, path, *, metric, title):
    """Test figure against the number of parameters; groups: a list of (unit, parameters, figures).

    figures holds one number for each seed; the mean is drawn, with the standard deviation as a bar.
    """
    label, factor = METRICS[metric]
    with style.house():
        figure, axes = style.figure()
        for unit, parameters, values in groups:
            name, values = UNITS[unit][0], factor * np.array(values)
            bar = dict(yerr=values.std(), capsize=4) if len(values) > 1 else {}
            axes.errorbar(parameters / 1000, values.mean(), **bar, markersize=9, linestyle="none",
                          marker=style.MARKERS[name], color=style.COLOUR[name], label=name)
        axes.margins(0.12)
        axes.set(xlabel="trainable parameters (thousands)",
                 ylabel=label.replace("validation", "test"))
        style.headline(figure, axes, title)
        return style.save(figure, path)
