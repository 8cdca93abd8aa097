"""Tables of the runs of `reproduce`, by task and unit, as text.

The last column has the paper's results, which are for the full data and larger networks.
"""
import numpy as np

from ..tasks.presets import PUBLISHED
from ..tasks.statistics import summary
from ..tasks.units import UNITS

FORMS = {"accuracy": (2, 100), "nll": (3, 1), "perplexity": (1, 1)}  # decimals, factor


def by_unit(results):
    """The results of runs by (task, unit): a dict of lists, one result for each seed."""
    groups = {}
    for r in results:
        groups.setdefault((r["task"], r["unit"]), []).append(r)
    return groups


def compared(results):
    """All groups in the order of the tables: tuples of task, unit, name, group.

    results: those of `reproduce`. The runs of a unit are followed by those without membrane, which
    results of 0.1.0 do not have.
    """
    off, rows = by_unit(results.get("without_membrane", ())), []
    for (task, unit), group in by_unit(results["runs"]).items():
        rows.append((task, unit, UNITS[unit][0], group))
        if (task, unit) in off:
            rows.append((task, unit, f"{UNITS[unit][0]}, no membrane", off[task, unit]))
    return rows


def figures_of(group):
    """The test result of each run of a group, in the metric of its task."""
    return [r["test"][r["metric"]] for r in group]


def number(metric, value, sign=""):
    """A result, or a difference of results, as text; sign "+" gives positive numbers a sign.

    >>> number("accuracy", 0.9653), number("nll", -0.1214, "+")
    ('96.53', '-0.121')
    """
    digits, factor = FORMS[metric]
    return f"{factor * value:{sign}.{digits}f}"


def of_summary(metric, s):
    """A `snu_ref.tasks.statistics.Summary` as text: the mean, and the deviation if there is one.

    >>> of_summary("nll", summary([8.711, 8.735]))
    '8.723 ± 0.017'
    """
    return number(metric, s.mean) + ("" if s.sd is None else f" ± {number(metric, s.sd)}")


def figure(metric, values):
    """The mean and the sample standard deviation of results, as text."""
    return of_summary(metric, summary(values))


def interval(metric, s):
    """The 95 % interval of the mean of a Summary as text; "-" for a single value.

    >>> interval("nll", summary([8.711, 8.735, 8.723]))
    '8.693 to 8.753'
    """
    return "-" if s.sd is None else f"{number(metric, s.low)} to {number(metric, s.high)}"


def aligned(head, rows, foot=()):
    """A table for a terminal: first column left-aligned, the others right-aligned; ± becomes +-.

    A cell of foot may be a tuple (text, number of columns that it spans).
    """
    wide = [[part for cell in row for part in ([cell[0]] + [""] * (cell[1] - 1)
                                               if isinstance(cell, tuple) else [cell])]
            for row in foot]
    rows = [[str(cell).replace("±", "+-").replace("–", "-") for cell in row]
            for row in (head, *rows, *wide)]
    first, *others = (max(map(len, column)) for column in zip(*rows))
    return "\n".join("  ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]).rstrip()
                     for row in rows)


def unit_rows(task, results):
    """A row for each unit of a task: name, parameters, test result, n, interval, seconds, paper.

    The last cell is a pair: the paper's result, and its network.
    """
    rows = []
    for _, unit, name, group in (row for row in compared(results) if row[0] == task):
        metric, values = group[0]["metric"], figures_of(group)
        paper = ("–", "")  # we know of no result in the paper
        if (task, unit) in PUBLISHED and name == UNITS[unit][0]:
            theirs, network = PUBLISHED[task, unit]
            paper = (f"{theirs:.{1 if task == 'language' else 2}f}", network)
        rows.append([name, f"{group[0]['parameters']:,}", figure(metric, values), str(len(values)),
                     interval(metric, summary(values)),
                     f"{np.mean([r['seconds'] for r in group]):.0f}", paper])
    return rows


def baseline_rows(task, results):
    """A row for each simple model of a task: name, test result."""
    first = [r for r in results["runs"] if r["task"] == task][0]
    return [[name, figure(first["metric"], [value])] for name, value in first["baselines"].items()]


def table(results):
    """The runs as text, task by task; the paper's results are for the full data."""
    rows = []
    for task in dict.fromkeys(r["task"] for r in results["runs"]):
        rows += [[f"{task}: {row[0]}", *row[1:-1], row[-1][0]] for row in unit_rows(task, results)]
        rows += [[f"{task}: {name}", "", shown, "", "", "", ""]
                 for name, shown in baseline_rows(task, results)]
    head = ("task: unit", "parameters", "test result", "n", "95 % interval", "seconds", "paper")
    notes = ["digits: accuracy in %; music: NLL in nats a step; language: perplexity",
             "rows without parameters: simple models",
             "paper: full data (MNIST, JSB, Penn Treebank), larger networks: not comparable",
             "no membrane: the decay is fixed at 0, so the state is not kept"]
    if any(len(group) > 1 for group in by_unit(results["runs"]).values()):
        notes.append("mean +- sample standard deviation of n seeds; the interval is Student's")
    return "\n".join([aligned(head, rows), *notes])
