"""Results of runs: each function draws one figure and saves it as a PNG."""
import numpy as np

from .. import validation
from ..tasks.statistics import summary
from ..tasks.units import UNITS
from . import style

LOSSES = {"digits": "squared error", "music": "nats per step", "language": "nats per word"}
METRICS = {  # name in results: (label, factor, which is better)
    "accuracy": ("accuracy (%)", 100, "higher"), "nll": ("NLL (nats per step)", 1, "lower"),
    "perplexity": ("perplexity", 1, "lower")}
TASK_METRIC = {"digits": "accuracy", "music": "nll", "language": "perplexity"}


def learning_curves(results, path):
    """Training loss and validation result of one task against the epoch; results: its runs."""
    task, metric = results[0]["task"], results[0]["metric"]
    label, factor, _ = METRICS[metric]
    everything = []
    own = ", own data, not the published set" if any(run.get("own") for run in results) else ""
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=6.0, sharex=True,
                                             title=f"{task.capitalize()}{own}: learning curves")
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
        bottom.set(xlabel="epoch", ylabel="validation " + label.replace(" (nats", "\n(nats"))
        bottom.locator_params(axis="x", integer=True, min_n_ticks=1)
        remark = "mark: the epoch that was kept"
        if len(everything) > 10:  # the first epochs are far off; leave them out of the picture
            low, high = np.percentile(everything, [0, 90] if metric != "accuracy" else [10, 100])
            bottom.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
            remark += "; the first epochs are cut off"
        style.note(bottom, remark)
        style.legend(top)
        return style.save(figure, path)


def piano_rolls(true, predicted, path, *, title):
    """A piece's notes (T, 88), and the probability (T, 88) that a network predicted for each.

    Column = MIDI number - 21. The four octaves from C2 to C6 are drawn, MIDI 36 to 84.
    """
    validation.array("true", true, ("T", 88), "numbers")
    validation.array("predicted", predicted, true.shape, "numbers")
    keys = slice(36 - 21, 84 - 21 + 1)
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=6.4, sharex=True, title=title)
        extent = (0.5, len(true) + 0.5, 35.5, 84.5)
        for panel, roll, name in ((top, true, "notes that follow"),
                                  (bottom, predicted, "predicted")):
            image = panel.imshow(roll[:, keys].T, origin="lower", aspect="auto", extent=extent,
                                 vmin=0, vmax=1)
            panel.set(ylabel="pitch (MIDI number)", yticks=range(36, 85, 12))
            style.note(panel, name)
        bottom.set_xlabel("predicted step (quarter notes)")
        figure.colorbar(image, ax=(top, bottom), label="probability", shrink=0.6)
        return style.save(figure, path)


def continued_roll(roll, start, path, *, title):
    """A piano roll (steps, 88): up to `start` the given notes, then those of a network."""
    keys = np.flatnonzero(roll.any(axis=0))
    low, high = (keys[0] - 2, keys[-1] + 2) if len(keys) else (27, 60)
    with style.house():
        figure, axes = style.figure(height=4.2, title=title)
        for steps, colour, name in ((slice(0, start), "true", "given"),
                                    (slice(start, None), "predicted", "the network")):
            t, key = np.nonzero(roll[steps])
            axes.hlines(key + 21, t + steps.start + 0.5, t + steps.start + 1.5, linewidth=4,
                        color=style.COLOUR[colour], label=name)
        axes.axvline(start + 0.5, color=style.GREY, linestyle="--", linewidth=1.2)
        axes.set(xlabel="step", ylabel="pitch (MIDI number)", xlim=(0.5, len(roll) + 0.5),
                 ylim=(low + 21, high + 21))
        style.legend(axes)
        return style.save(figure, path)


def wrong_images(images, truths, answers, path, *, title, columns=8):
    """Images (N, side, side), each with its class, an arrow, and the network's answer."""
    rows = -(-len(images) // columns)
    with style.house():
        figure, axes = style.figure(rows, columns, height=0.9 + 1.02 * rows, title=title,
                                    squeeze=False)
        for panel in axes.flat:
            panel.set_axis_off()
        for panel, image, truth, answer in zip(axes.flat, images, truths, answers):
            panel.imshow(image, cmap="Greys", vmin=0, vmax=1)
            panel.set_title(f"{truth} \N{RIGHTWARDS ARROW} {answer}", fontsize=11, loc="center",
                            fontweight="normal", pad=2)
        return style.save(figure, path)


def input_weights(groups, path, *, n=10, rows=4):
    """Input weights of hidden units as images, blue below and red above zero.

    groups: list of (title, weights (units, height, width)); the n * rows units with the largest
    weights are drawn, each scaled by its own largest weight.
    """
    for i, (_, weights) in enumerate(groups):
        validation.array(f"groups[{i}]", weights, ("units", "height", "width"), "floats")
    with style.house():
        figure, panels = style.figure(len(groups), 1, height=2.6 * len(groups), squeeze=False)
        for panel, (title, weights) in zip(panels[:, 0], groups):
            strongest = np.argsort(-np.linalg.norm(weights, axis=(1, 2)), kind="stable")[:n * rows]
            height, width = weights.shape[1:]
            tiles = np.full((rows * (height + 1), n * (width + 1)), np.nan)
            for place, unit in enumerate(strongest):
                i, j = place // n * (height + 1), place % n * (width + 1)
                largest = np.abs(weights[unit]).max() or 1
                tiles[i:i + height, j:j + width] = weights[unit] / largest
            image = panel.imshow(tiles, cmap="RdBu_r", vmin=-1, vmax=1)
            panel.set(xticks=[], yticks=[], title=title)
            panel.set_facecolor("#d0d0d0")  # grey between the images: white is a weight of 0
            panel.spines[:].set_visible(False)
        figure.colorbar(image, ax=list(panels[:, 0]), label="weight / largest |weight| of the unit",
                        shrink=0.7, ticks=(-1, 0, 1))
        return style.save(figure, path)


def intervals(panels, path, *, title):
    """Values with their intervals, one per row; one panel per task or size.

    panels: a list of (label of the axis, whether the values are differences, rows). rows: tuples
    (name, value, low, high, trials); value, low and high may be None; trials are small open marks.
    Differences have a line at 0, and dark marks where the interval does not contain 0. If one row
    is far away, their axis is linear near 0 and logarithmic outside.
    """
    counts = [len(rows) for *_, rows in panels]
    blue, pale = style.OKABE_ITO["blue"], style.OKABE_ITO["sky blue"]
    with style.house():
        figure, axes = style.figure(len(panels), 1, height_ratios=counts, title=title,
                                    height=1.2 + 0.34 * sum(counts) + 0.7 * len(counts),
                                    squeeze=False)
        for panel, (label, differences, rows) in zip(axes[:, 0], panels):
            if differences:
                panel.axvline(0, color=style.GREY, linewidth=1.0)
            for place, (_, value, low, high, trials) in enumerate(rows):
                panel.plot(trials, [place] * len(trials), "o", markersize=5, color=style.GREY,
                           markerfacecolor="none")
                if value is not None:
                    full = not differences or low > 0 or high < 0
                    panel.plot([low, high], [place, place], color=blue)
                    panel.plot(value, place, "o", color=blue,
                               markerfacecolor=blue if full else pale)
            panel.set_yticks(range(len(rows)), [name for name, *_ in rows])
            panel.set(xlabel=label, ylim=(len(rows) - 0.5, -0.5))
            ends = np.abs([end for _, *three, _ in rows for end in three if end is not None])
            if differences and ends.max() > 30 * np.median(ends) > 0:   # one row is far away
                panel.set_xscale("symlog", linthresh=10 ** np.ceil(np.log10(np.median(ends))))
                panel.xaxis.set_major_formatter("{x:g}")
            else:
                panel.locator_params(axis="x", nbins=5)
        return style.save(figure, path)


def claim(rows, path):
    """Test result against the number of parameters, one panel per task.

    rows: tuples (task, unit, name, parameters, results), one result per seed. The mean is drawn,
    with the sample standard deviation as a bar. The mark of a unit without membrane is hollow.
    """
    tasks = list(dict.fromkeys(task for task, *_ in rows))
    with style.house():
        figure, panels = style.figure(len(tasks), 1, height=3.1 * len(tasks), squeeze=False)
        for panel, task in zip(panels[:, 0], tasks):
            label, factor, better = METRICS[TASK_METRIC[task]]
            for _, unit, name, parameters, values in (row for row in rows if row[0] == task):
                full, s = UNITS[unit][0], summary([factor * value for value in values])
                # filled marks over the larger hollow ones of the same unit and size
                size, order, inside = ((9, 3, style.COLOUR[full]) if name == full
                                       else (13, 2, "white"))
                panel.errorbar(parameters / 1000, s.mean, yerr=s.sd, capsize=4, markersize=size,
                               zorder=order, linestyle="none", marker=style.MARKERS[full],
                               color=style.COLOUR[full], markerfacecolor=inside,
                               markeredgewidth=2, label=name)
            panel.margins(0.12, 0.16)
            panel.set(ylabel=label.replace(" (nats", "\n(nats"),
                      title=f"{task.capitalize()}: {better} is better")
        panel.set_xlabel("trainable parameters (thousands)")
        handles, names = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, ncols=4, loc="outside upper left", fontsize=11,
                      columnspacing=1.2, handletextpad=0.2)
        return style.save(figure, path)
