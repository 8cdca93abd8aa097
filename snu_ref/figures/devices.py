"""The figures of the in-memory experiments, in the house style; each function writes one PNG."""
import numpy as np

from .. import validation
from ..tasks.progress import time_name
from . import style
from .runs import METRICS

LINES = {"software": ("black", "solid"), "quantised": ("sky blue", (0, (1, 1.2))),
         "in the loop": ("vermillion", (0, (5, 1.2)))}  # way: colour, dashes
TASK = {"accuracy": "Digits", "nll": "Music"}


def learning_curves(rows, path):
    """Validation NLL against the epoch for each way of training.

    rows: as from `in_memory.train_ways`.
    """
    shown = {way: [record["nll"] for record in row["history"]] for way, row in rows.items()
             if row["history"]}
    highest = max(nll[-1] for nll in shown.values()) + 1.2
    with style.house():
        figure, axes = style.figure(title="Three ways to train the weights")
        for way, nll in shown.items():
            colour, dashes = LINES[way]
            axes.plot(range(1, len(nll) + 1), nll, color=style.OKABE_ITO[colour], linestyle=dashes,
                      label=way, marker="o" if len(nll) == 1 else "")
        axes.set(xlabel="epoch", ylabel="validation NLL (nats per step)",
                 ylim=(min(map(min, shown.values())) - 0.1, highest))
        axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        if max(map(max, shown.values())) > highest:
            style.note(axes, "the first epochs are cut off")
        axes.legend(loc="upper right")
        return style.save(figure, path)


def conductance_histograms(before, after, path):
    """Conductances of all devices (uS), before and after training."""
    for name, G in (("before", before), ("after", after)):
        validation.array(name, G, ("devices",), "floats")
    bins = np.linspace(0, 25, 76)
    with style.house():
        figure, axes = style.figure(title="Conductances before and after training")
        axes.hist(before, bins, histtype="step", linewidth=2.2, color=style.OKABE_ITO["blue"],
                  label="as first programmed")
        axes.hist(after, bins, alpha=0.6, color=style.OKABE_ITO["vermillion"],
                  label="after training")
        axes.set(xlabel="conductance (µS)", ylabel=f"devices (of {len(after):,})", yscale="log")
        style.legend(axes)
        return style.save(figure, path)


def wanted_against_read(wanted, read, path):
    """Weights read 20 s after programming against their targets: a density of synapses."""
    validation.array("wanted", wanted, ("synapses",), "floats")
    validation.array("read", read, wanted.shape, "floats")
    with style.house():
        figure, axes = style.figure(height=5.2)
        limit = 1.05 * max(np.abs(wanted).max(), np.abs(read).max())
        image = axes.hexbin(wanted, read, gridsize=60, bins="log", mincnt=1,
                            extent=(-limit, limit, -limit, limit))
        axes.plot([-limit, limit], [-limit, limit], color=style.GREY, linestyle="--", linewidth=1.2)
        axes.set(xlabel="target weight (dimensionless)", ylabel="weight read (dimensionless)",
                 aspect="equal", title="A programmed weight is read with noise")
        figure.colorbar(image, ax=axes, label="synapses", shrink=0.8)
        return style.save(figure, path)


def over_time(sweep, path):
    """Test results against the time since programming: mean, and band from least to largest."""
    label, factor, _ = METRICS[sweep["metric"]]
    t = np.array(sweep["times"])
    with style.house():
        figure, axes = style.figure(title=f"{TASK[sweep['metric']]}: programmed weights drift")
        for kind, name, colour, line in (("raw", "uncompensated", "orange", "o-"),
                                         ("compensated", "compensated", "blue", "s--")):
            values = factor * np.array(sweep[kind])
            axes.plot(t, values.mean(axis=0), line, color=style.OKABE_ITO[colour], label=name)
            axes.fill_between(t, values.min(axis=0), values.max(axis=0),
                              color=style.OKABE_ITO[colour], alpha=0.2, linewidth=0)
        _in_float(axes, factor * sweep["software"], "software")
        shown = t[[0, 2, 3, 4, 6, 7]] if len(t) > 7 else t
        axes.set(xscale="log", xlabel="time since programming", ylabel=f"test {label}")
        axes.set_xticks(shown, [time_name(s) for s in shown])
        axes.minorticks_off()
        style.legend(axes)
        return style.save(figure, path)


def against_bits(sweep, path):
    """The test error (%) or NLL against the bits of a weight, rounded after and in training."""
    accuracy = sweep["metric"] == "accuracy"

    def drawn(values):  # an accuracy as an error, for the logarithmic axis
        return 100 * (1 - np.array(values)) if accuracy else np.array(values)

    with style.house():
        figure, axes = style.figure(title=f"{TASK[sweep['metric']]}: weights of few bits")
        for kind, name, colour, line in (("after", "rounded after training", "orange", "o-"),
                                         ("during", "rounded in training", "blue", "s--")):
            axes.plot(sweep["bits"], drawn(sweep[kind]), line, color=style.OKABE_ITO[colour],
                      label=name)
        _in_float(axes, drawn(sweep["software"]), "float")
        axes.set(xlabel="bits of a weight", xticks=sweep["bits"], yscale="log",
                 ylabel="test error (%)" if accuracy else "test NLL (nats per step)")
        style.plain_log_ticks(axes.yaxis)
        style.legend(axes)
        return style.save(figure, path)


def _in_float(axes, value, name):
    axes.axhline(value, color=style.OKABE_ITO["black"], linestyle=":", linewidth=1.8, label=name)
