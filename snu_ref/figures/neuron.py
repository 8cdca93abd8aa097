"""One neuron, and who fires when: each function draws one figure and saves it as a PNG."""
import numpy as np

from .. import validation
from . import style


def neuron_trace(s, v, y, threshold, path, *, title):
    """One unit over time: potential s with its threshold, v = s + b, and output y; each (T,).

    A reset shows where s falls after a spike: only the new input is left then.
    """
    validation.array("s", s, ("T",), "numbers")
    for name, trace in (("v", v), ("y", y)):
        validation.array(name, trace, s.shape, "numbers")
    threshold = validation.finite_number("threshold", threshold)
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
    validation.array("x", x, ("T", "n_in"), "numbers")
    for i, layer in enumerate(layers):
        validation.array(f"layers[{i}]", layer, (len(x), "n"), "numbers")
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
