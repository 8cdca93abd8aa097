"""The figures of the in-memory experiments, in the house style; each function writes one PNG."""
import numpy as np

from . import style
from .memory import time_name

COLOURS = {"software": style.OKABE_ITO["black"], "quantised": style.OKABE_ITO["sky blue"],
           "in the loop": style.OKABE_ITO["vermillion"], "programmed": style.OKABE_ITO["bluish green"]}


def learning_curves(rows, path):
    """Validation NLL against the epoch for each way of training; rows as from memory.train_ways."""
    with style.house():
        figure, axes = style.figure()
        for way, row in rows.items():
            if row["history"]:
                axes.plot([record["epoch"] for record in row["history"]],
                          [record["nll"] for record in row["history"]], color=COLOURS[way], label=way)
        last = [row["history"][-1]["nll"] for row in rows.values() if row["history"]]
        axes.set(xlabel="epoch", ylabel="validation NLL (nats per step)",
                 ylim=(min(last) - 0.1, max(last) + 1.2),
                 title="In the loop, noise and coarse steps cost a little")
        axes.legend()
        return style.save(figure, path)


def conductance_histograms(before, after, path):
    """Conductances of all devices (uS), before and after training."""
    bins = np.linspace(0, 25, 76)
    with style.house():
        figure, axes = style.figure()
        axes.hist(before, bins, histtype="step", linewidth=2.2, color=style.OKABE_ITO["blue"],
                  label="as first programmed")
        axes.hist(after, bins, alpha=0.6, color=style.OKABE_ITO["vermillion"], label="after training")
        axes.set(xlabel="conductance (µS)", ylabel=f"devices, of {len(after):,}", yscale="log",
                 title="Training fills the devices up")
        axes.legend()
        return style.save(figure, path)


def wanted_against_read(wanted, read, path):
    """Weights as wanted against weights as read 20 s after programming, as a density of synapses."""
    with style.house():
        figure, axes = style.figure(height=5.2)
        limit = 1.05 * np.abs(wanted).max()
        image = axes.hexbin(wanted, read, gridsize=60, bins="log", mincnt=1,
                            extent=(-limit, limit, -limit, limit))
        axes.plot([-limit, limit], [-limit, limit], color=style.GREY, linestyle="--", linewidth=1.2)
        axes.set(xlabel="weight as wanted", ylabel="weight as read", aspect="equal",
                 title="A programmed weight is read with noise")
        figure.colorbar(image, ax=axes, label="synapses", shrink=0.8)
        return style.save(figure, path)


def over_time(sweep, path, *, label):
    """A test figure against the time since programming: mean and band (min to max) of device seeds."""
    factor = 100 if sweep["metric"] == "accuracy" else 1
    t = np.array(sweep["times"])
    with style.house():
        figure, axes = style.figure()
        for kind, name, colour in (("raw", "without compensation", "orange"),
                                   ("compensated", "with drift compensation", "blue")):
            values = factor * np.array(sweep[kind])
            axes.plot(t, values.mean(axis=0), "o-", color=style.OKABE_ITO[colour], label=name)
            axes.fill_between(t, values.min(axis=0), values.max(axis=0), color=style.OKABE_ITO[colour],
                              alpha=0.2, linewidth=0)
        axes.axhline(factor * sweep["software"], color=style.OKABE_ITO["black"], linestyle="--",
                     linewidth=1.4, label="software")
        shown = t[[0, 2, 3, 4, 6, 7]] if len(t) > 7 else t
        axes.set(xscale="log", xlabel="time since programming", ylabel=label,
                 title="Drift over a year")
        axes.set_xticks(shown, [time_name(s) for s in shown])
        axes.minorticks_off()
        axes.legend()
        return style.save(figure, path)


def against_bits(sweep, path, *, label):
    """A test figure against the bits of a weight, rounded after and in training."""
    factor = 100 if sweep["metric"] == "accuracy" else 1
    with style.house():
        figure, axes = style.figure()
        for kind, name, colour in (("after", "rounded after training", "orange"),
                                   ("during", "rounded in training", "blue")):
            axes.plot(sweep["bits"], factor * np.array(sweep[kind]), "o-", color=style.OKABE_ITO[colour],
                      label=name)
        axes.axhline(factor * sweep["software"], color=style.OKABE_ITO["black"], linestyle="--",
                     linewidth=1.4, label="float")
        axes.set(xlabel="bits of a weight", ylabel=label, xticks=sweep["bits"],
                 title="Weights of few bits")
        axes.legend()
        return style.save(figure, path)
