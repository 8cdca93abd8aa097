"""Figures of the inside of a network, from the cache of a forward pass; each function saves a PNG.

cache: of a Network or of one SNU or ConvSNU. Layers are counted as in the network. The units of a
ConvSNU are (row, column, channel).
"""
import numpy as np

from .. import validation
from ..network import flat
from . import style


def neuron_trace(cache, path, *, layer=None, unit=0, sample=0, title="The membrane of one unit"):
    """One unit over time: potential s with its threshold, v = s + b, and output y.

    layer: index in the network (default: the first SNU). unit: an int or, in a ConvSNU, (row,
    column, channel). sample: index in the batch. A mark shows where the unit fires. The unit is
    then reset: the next state keeps nothing of this one.
    """
    layers = dict(spiking_layers(cache))
    if layer is not None and str(layer) not in layers:
        raise ValueError(f"layer: expected one of {', '.join(layers)}, the SNUs of this network, "
                         f"got {layer}")
    cache = layers[next(iter(layers)) if layer is None else str(layer)]
    sample = validation.integer("sample", sample, 0, cache.s.shape[1] - 1)
    place = (sample, *np.atleast_1d(unit).tolist())
    sizes = cache.s.shape[1:]
    if len(place) != len(sizes) or not all(0 <= i < n for i, n in zip(place, sizes)):
        raise ValueError(f"unit: expected an index in shape {sizes[1:]}, got {place[1:]}")
    s, v, y = (np.array(a[(slice(None), *place)]) for a in (cache.s, cache.v, cache.y))
    threshold, t = -cache.b[place[-1]], np.arange(1, len(s) + 1)
    fires = np.flatnonzero(v > 0)
    with style.house():
        figure, (top, bottom) = style.figure(2, 1, height=4.8, sharex=True, height_ratios=(3, 1))
        top.plot(t, s, "o-", markersize=4, color=style.COLOUR["s"], label="state $s_t$")
        top.plot(t, v, ":", linewidth=1.5, color=style.COLOUR["v"], label="$v_t = s_t + b$")
        top.axhline(threshold, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2,
                    label="threshold $-b$")
        top.plot(t[fires], s[fires], "o", markersize=7, color=style.COLOUR["y"],
                 label="fires: reset")
        top.set(ylabel="potential\n(dimensionless)", title=title)
        top.legend(loc="upper left", ncols=4, columnspacing=1.0, handlelength=1.2, fontsize=11)
        low, high = min(v.min(), s.min()), max(s.max(), threshold)
        top.set_ylim(low - 0.05 * (high - low), high + 0.3 * (high - low))
        bottom.vlines(t, 0, y, color=style.COLOUR["y"], linewidth=2.5)
        bottom.set(xlabel="time step", ylabel="output $y_t$", ylim=(0, 1.15), yticks=(0, 1))
        return style.save(figure, path)


def spike_raster(cache, path, *, sample=0, title="Who fires when"):
    """Spikes of one sample: the input of the first SNU, then each layer."""
    layers = spiking_layers(cache)
    sample = validation.integer("sample", sample, 0, layers[0][1].s.shape[1] - 1)
    groups = [("input", layers[0][1].x)] + [(f"layer {i}", part.y) for i, part in layers]
    groups = [(name, y[:, sample].reshape(len(y), -1)) for name, y in groups]
    with style.house():
        figure, axes = style.figure(len(groups), 1, height=max(3.8, 2.1 * len(groups)),
                                    sharex=True, squeeze=False, title=title,
                                    height_ratios=[max(y.shape[1], 30) ** 0.5 for _, y in groups])
        for panel, (name, y) in zip(axes[:, 0], groups):
            t, unit = np.nonzero(y > 0.5)
            panel.scatter(t + 1, unit, s=12 if y.shape[1] > 20 else 40, marker="|", linewidths=1.6,
                          color=style.COLOUR["x" if name == "input" else "y"])
            panel.set(ylabel=f"{name}\n(unit)", ylim=(-1, y.shape[1]), xlim=(0.5, len(y) + 0.5))
            if y.shape[1] <= 10:
                panel.set_yticks(range(0, y.shape[1], 3))
            style.note(panel, f"on average, a unit fires in {y.mean() * 100:.0f} % of the steps"
                       if ((y == 0) | (y == 1)).all() else f"graded: mean {y.mean():.2f}, marks "
                       "above 0.5")
        axes[-1, 0].set_xlabel("time step")
        return style.save(figure, path)


def spike_rates(cache, path, *, title="How often units fire"):
    """The mean output of each unit over all steps and samples, layer by layer, in percent.

    Above each layer are the numbers of units that never fire and of those that fire at every step.
    The output of such a unit does not depend on the input.
    """
    layers = spiking_layers(cache)
    with style.house():
        figure, axes = style.figure(height=4.2, title=title)
        for i, (_, part) in enumerate(layers):
            rates = 100 * part.y.mean(axis=(0, 1)).ravel()
            spread = 0.3 * np.linspace(-1, 1, len(rates))  # side by side, so that none is hidden
            axes.plot(i + spread, rates, ".", markersize=4, color=style.COLOUR["y"])
            axes.plot([i - 0.4, i + 0.4], 2 * [rates.mean()], color=style.COLOUR["s"])
            axes.text(i, 1.01, f"{(rates == 0).sum()} never,\n{(rates == 100).sum()} always",
                      transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=11,
                      color=style.GREY)
        names = [f"layer {name}\n{part.y[0, 0].size:,} units" for name, part in layers]
        axes.set(xticks=range(len(layers)), xticklabels=names, xlim=(-0.6, len(layers) - 0.4),
                 ylabel="fires in % of the steps\n(line: mean of the layer)")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        return style.save(figure, path)


def spiking_layers(cache):
    """[(index, cache)] of the SNU layers in a cache; the index in an inner Network is like "1.0".

    Raises TypeError if there is no SNU, ValueError if the run has no time steps.
    """
    found = [(place or "0", part) for place, part in flat(cache) if hasattr(part, "all_s")]
    if not found:
        raise TypeError("cache: expected the cache of an SNU or of a Network with an SNU, got "
                        f"{type(cache).__name__}")
    if not len(found[0][1].y):
        raise ValueError("cache: expected at least one time step, got none")
    return found
