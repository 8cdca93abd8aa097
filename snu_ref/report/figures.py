"""The figures of a report, and their descriptions for readers who cannot see them.

page.html contains the places and the captions of the figures. A description contains the main
numbers of its figure, taken from the results.
"""
import base64
import re

from ..experiments.comparison import by_unit, compared, figure, figures_of
from ..experiments.in_memory import time_table
from ..files import read_regular
from ..tasks.progress import time_name
from ..tasks.units import UNITS

METRICS = {"accuracy": "accuracy in per cent", "nll": "negative log-likelihood in nats a step",
           "perplexity": "perplexity"}
FIGURE = re.compile('<figure><img src="([a-z_]+[.]png)"(.*?</figure>)', re.DOTALL)


def embedded(page, folder, drawn):
    """The page with the PNG files of `folder` embedded; only figures named in `drawn` are kept.

    Raises OSError for a file that is missing, ValueError for one that is no PNG.
    """
    def figure_of(match):
        name, rest = match.groups()
        if name not in drawn:
            return ""
        data = read_regular(folder / name, 10 ** 7)
        if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
            raise ValueError(f"{folder / name}: expected a PNG file, found other data")
        width, height = (int.from_bytes(data[i:i + 4], "big") for i in (16, 20))
        return (f'<figure><img src="data:image/png;base64,{base64.b64encode(data).decode()}" '
                f'width="{width}" height="{height}"{rest}')
    return FIGURE.sub(figure_of, page)


def parts(results):
    """The descriptions of figures with numbers: dict from names in page.html to text."""
    memory, (without, inhibited) = results["memory"], results["inhibition"]
    return {
        "points": "; ".join(f"{task}, {name}: {group[0]['parameters']:,} parameters, "
                            f"{figure(group[0]['metric'], figures_of(group))}"
                            for task, _, name, group in compared(results)),
        "spikes_without": f"{without['spikes']:.0f}", "spikes_with": f"{inhibited['spikes']:.0f}",
        "last_losses": "; ".join(f"{way} {row['history'][-1]['nll']:.3f}"
                                 for way, row in memory["ways"].items() if row["history"]),
        **{f"alt_learning_curves_{task}": _learning(task, results)
           for task in ("digits", "music", "language")},
        **{f"alt_pcm_year_{task}": _year(sweep) for task, sweep in memory["over_time"].items()},
        **{f"alt_bits_{task}": _bits(sweep) for task, sweep in memory["precision"].items()}}


def _learning(task, results):
    runs = [group[0] for (name, _), group in by_unit(results["runs"]).items() if name == task]
    metric = runs[0]["metric"]
    best = "; ".join(
        f"{UNITS[r['unit']][0]} {figure(metric, [r['history'][r['best_epoch'] - 1][metric]])} "
        f"in epoch {r['best_epoch']}" for r in runs)
    return ("Two panels of lines against the epoch, one for each unit: the training loss, and the "
            f"validation {METRICS[metric]}. Epoch kept: {best}.")


def _year(sweep):
    _, raw, compensated = time_table({"": sweep})[1][-1]
    return (f"Test {METRICS[sweep['metric']]} against the time since programming, two lines with "
            f"bands. After {time_name(sweep['times'][-1])}: {raw} without compensation of drift, "
            f"{compensated} with it; in software {figure(sweep['metric'], [sweep['software']])}.")


def _bits(sweep):
    metric = sweep["metric"]
    after, during, software = (figure(metric, [value]) for value in (
        sweep["after"][0], sweep["during"][0], sweep["software"]))
    drawn = "error in per cent" if metric == "accuracy" else METRICS[metric]
    return (f"Test {drawn} against the bits of a weight, two lines. Test {METRICS[metric]} with "
            f"{sweep['bits'][0]} bits: {after} rounded after training, {during} rounded in "
            f"training; in float {software}.")
