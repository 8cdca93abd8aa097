"""Runs side by side: grouped by task and unit, their test figures in words, and one table as text.

The paper's figures stand in the last column; they are of the full data and of larger networks.
"""
import numpy as np

from ..tasks.published import FIGURES
from ..tasks.units import UNITS

IN_WORDS = {  # metric: (digits after the point, factor, words before, words after)
    "accuracy": (2, 100, "", " % correct"),
    "nll": (3, 1, "", " nats a step"),
    "perplexity": (1, 1, "perplexity ", ""),
}


def by_unit(results):
    """The results of runs grouped by (task, unit): a dict of lists, one entry a seed."""
    groups = {}
    for r in results:
        groups.setdefault((r["task"], r["unit"]), []).append(r)
    return groups


def figures_of(group):
    """The test figure of each run of a group, in the metric of its task."""
    return [r["test"][r["metric"]] for r in group]


def figure(metric, values, between=" +- "):
    """The mean of some figures in words, with their standard deviation if there are several.

    >>> figure("accuracy", [0.9653])
    '96.53'
    >>> figure("nll", [8.711, 8.735])
    '8.723 +- 0.012'
    """
    digits, factor, _, _ = IN_WORDS[metric]
    mean, spread = factor * np.mean(values), factor * np.std(values)
    return f"{mean:.{digits}f}" + (f"{between}{spread:.{digits}f}" if len(values) > 1 else "")


def in_words(metric, values, between=" +- "):
    """The same with its unit.

    >>> in_words("accuracy", [0.9653]), in_words("perplexity", [70.41])
    ('96.53 % correct', 'perplexity 70.4')
    """
    _, _, before, after = IN_WORDS[metric]
    return before + figure(metric, values, between) + after


def published(task, unit):
    """The paper's figure as text, and of which network; ("-", "") where the paper has none.

    >>> published("digits", "ssnu")
    ('98.50', '4 layers, MNIST, %')
    """
    value, network = FIGURES.get((task, unit), (None, ""))
    return ("-" if value is None else f"{value:.{1 if task == 'language' else 2}f}"), network


def table(results):
    """The runs as text: task, unit, parameters, figure, seconds; the paper's on the full data."""
    lines = [f"{'task':9} {'unit':5} {'parameters':>10}  {'test figure':28} {'seconds':>7}   "
             "paper (full data, larger networks: not comparable)"]
    for (task, unit), group in by_unit(results).items():
        theirs, network = published(task, unit)
        seconds = np.mean([r["seconds"] for r in group])
        lines.append(f"{task:9} {UNITS[unit][0]:5} {group[0]['parameters']:10,}  "
                     f"{in_words(group[0]['metric'], figures_of(group)):28} {seconds:7.1f}   "
                     f"{theirs}"
                     + f" ({network})" * bool(network))
    for r in {r["task"]: r for r in results}.values():
        lines += [f"{r['task']:9} {'baseline: ' + name:29}  {in_words(r['metric'], [value])}"
                  for name, value in r["baselines"].items()]
    if any(len(group) > 1 for group in by_unit(results).values()):
        lines.append("mean +- standard deviation over the seeds")
    return "\n".join(lines)
