"""The first part of the report: the paper's claim, and whether this run supports it.

Each unit with a membrane is compared with RNN, GRU and LSTM, and with itself without membrane.
In every metric, a positive difference means that the unit is better. Only `statistics.verdict`
decides between "better" and "worse".
"""
from ..experiments.comparison import by_unit, figure, figures_of, number
from ..experiments.reproduction import MEMBRANES
from ..tasks.statistics import difference, verdict
from ..tasks.units import UNITS
from .page import Html, element, join, table

OTHERS = ("rnn", "gru", "lstm")
TASK_NAMES = {"digits": "Digits, %", "music": "Music, nats a step",
              "language": "Language, perplexity"}


def parts(results):
    """The texts of this part of page.html: dict from names to Html."""
    trial = element("p", element("strong", "A trial."),
                    " Every run was cut to one epoch on a tenth of the data: this page shows what "
                    "a report looks like. Its results mean nothing.", class_="warning")
    rows, wins = _rows(results)
    return {"trial": trial if results["quick"] else "",
            "answer": join(*_answer(wins, results["seeds"] > 1)),
            "claim": table(("Task, unit", "Result", *(UNITS[unit][0] for unit in OTHERS),
                            "No membrane"), rows)}


def _rows(results):
    """The table's rows; for each comparison a tuple (other, difference, verdict, parameters %)."""
    groups, off = by_unit(results["runs"]), by_unit(results.get("without_membrane", ()))
    rows, wins = [], []
    for (task, unit), group in groups.items():
        if unit not in MEMBRANES:
            continue
        values, metric, cells = figures_of(group), group[0]["metric"], []
        sign = 1 if metric == "accuracy" else -1
        for name, other in [*((UNITS[other][0], groups.get((task, other))) for other in OTHERS),
                            ("no membrane", off.get((task, unit)))]:
            if other is None:
                cells.append("–")
                continue
            gap = sign * difference(values, figures_of(other))[0]
            words = verdict(values, figures_of(other), metric == "accuracy")
            part = 100 * group[0]["parameters"] / other[0]["parameters"]
            wins.append((name, gap, words, part))
            notes = [words] * (len(group) > 1) + [f"{part:.0f} % of its parameters"]
            cells.append(element("span", number(metric, gap, "+").replace("-", "−"),
                                 *(element("span", note, class_="source") for note in notes)))
        rows.append([f"{TASK_NAMES[task]}: {UNITS[unit][0]}", figure(metric, values), *cells])
    return rows, wins


def _answer(wins, several):
    """Sentences that count the comparisons in the table."""
    others = [gap > 0 for name, gap, *_ in wins if name != "no membrane"]
    membrane = [gap > 0 for name, gap, *_ in wins if name == "no membrane"]
    if others:
        parts = [part for name, *_, part in wins if name != "no membrane"]
        yield (f"in {sum(others)} of {len(others)} comparisons with RNN, GRU and LSTM, SNU or "
               f"sSNU has the better result. It has {min(parts):.0f} to {max(parts):.0f} % of "
               "their parameters. ")
    if membrane:
        yield (f"The unit is better with its membrane than without it in {sum(membrane)} of "
               f"{len(membrane)} cases. ")
    if several:
        yield "By the intervals over the seeds, " + "; ".join(
            f"{sum(words == word for _, _, words, _ in wins)} of these differences are {what}"
            for word, what in (("better", "in favour of the row's unit"), ("worse", "against it"),
                               ("no clear difference", "not clearly different from 0"))) + "."
    else:
        yield Html("One seed has no spread, so a small difference says nothing: "
                   "<code>reproduce --seeds 5</code> gives each difference an interval.")
