"""The results page, in Markdown, from the tables that `runs` keeps: nothing on it is typed by hand.

    write_page(tables, path)     tables/*.csv -> path

The tables' folder may hold earlier.md, text on runs that have no table, which is put at the end.
Each block is a table with a line a row: means with sample standard deviation, n and the 95 %
interval of the mean. Each claim of `claims` stands where `verdicts` puts it: for, against, or not
told apart.
"""
from pathlib import Path

import numpy as np

from .. import figures
from ..files import whole_file
from ..tasks.progress import clock
from ..tasks.statistics import difference, nested, standard_error, summary
from .claims import CLAIMS, MEMBRANE, UNIT_ROWS
from .comparison import IN_WORDS, interval, of_summary
from .rows import BLOCKS, NOTES
from .runs import changes_text, read_table, rows_of
from .verdicts import judged, means, number, test_figures

HOW = """\
# Results

This page is made from the tables in `results/`, one for each block, with a line for each run:
settings, seed, figures, processor, versions. The commands, in the root of the repository:

    python -m snu_ref experiments BLOCK --tables snu_ref/tasks/results --data DIR
    python -m snu_ref experiments --tables snu_ref/tasks/results --page snu_ref/tasks/RESULTS.md

The first runs what a table does not have yet, the second makes the page. Settings are those of the
presets in `presets.py`, changed as `snu_ref/experiments/rows.py` says.

- A figure is the mean over seeds ± the sample standard deviation (n - 1). The interval is
  Student's 95 % interval of the mean. It covers the choice of the seed, and not that of the test
  data.
- A comparison speaks for or against a claim where Welch's 95 % interval of the difference leaves
  out 0, or the margin. Where it does not, the two are not told apart, which does not make them
  equal. With one seed there is no interval, and only McNemar's exact test of the two networks'
  answers to the same test images may tell them apart (p < 0.05). There are {n} comparisons: where
  nothing differs, one in twenty is expected to leave out 0.
- The kept epoch is the best by validation; on devices it is the last. Settings were chosen on
  validation data.
- Another processor or another NumPy adds in another order. This changes the figures of spiking
  networks as much as another seed does.
- NLL is pooled over all predicted steps, in nats. The mean over pieces stands beside it.
- Spikes: the fraction of units that fire in a step, by layer. Additions and multiply-adds a step
  and sample are those of the weights (`snu_ref/experiments/operations.py`); "dense" uses every
  weight.

## What we read of the paper

Nobody who works on this package has read the body of the paper, in any version. The figures called
"published" were read in the charts of the authors' toolkit (IBM/neuroaikit, notebooks), which cite
the journal version, and in one caption. Where we say that we do not know something, it is not in
what we could read, and it may well be in the paper. From the toolkit are the surrogate slope 1 -
tanh^2, step(0) = 0, the squared error of the mean output, lateral inhibition, the decay of 0.8 and
the slope of the leaky g. The chart of the chorales has "sSNU" at 8.39, and not whether it is
recurrent; it also has NIAF-LSTM at 8.51.
"""


def write_page(tables, path):
    """Write the page at `path` from the tables in the folder `tables`, and its figures there."""
    with whole_file(path) as file:
        file.write(page(Path(tables)).encode())
    lines = _lines(Path(tables))
    for name, (title, compared) in FIGURES.items():
        panels = differences_of(compared, lines)
        if panels:
            figures.differences(panels, Path(tables) / f"{name}.png", title=title)


def _lines(tables):
    """The lines of all tables, by block."""
    return {name: read_table(tables / f"{name}.csv") for name in BLOCKS}


def page(tables):
    """The page as text."""
    lines = _lines(tables)
    parts = [HOW.format(n=len(CLAIMS)), text_of_claims(lines), machines(lines)]
    for name, (question, _) in BLOCKS.items():
        rows = rows_of(name, tables)
        parts.append(f"## {question}\n\nBlock `{name}`, table `results/{name}.csv`."
                     + unfinished(rows, lines[name]) + f" {NOTES.get(name, '')}".rstrip())
        make = trials if any(row.split == "valid" for row in rows) else table_of_figures
        parts.append(make(rows, lines[name]))
        if name in FIGURES and differences_of(FIGURES[name][1], lines):
            parts.append(f"![{FIGURES[name][0]}](results/{name}.png)")
    earlier = tables / "earlier.md"
    if earlier.exists():
        parts.append(earlier.read_text(encoding="utf-8"))
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


# ---- what it says -------------------------------------------------------------------------------

HEADS = {
    "for": "These comparisons speak for the paper's claims.",
    "against": "These speak against them.",
    "neither": "These pairs are not told apart.",
    "short": "These comparators do not reach their published figure here, so comparisons with "
             "them say less.",
    "one": "These have one seed, and so no interval.",
}


def text_of_claims(lines):
    """A list for each of HEADS, and how many claims wait for their rows."""
    said = {}
    for claim in CLAIMS:
        side, sentence = judged(claim, lines)
        said.setdefault(side, {}).setdefault(claim.about, []).append(sentence)
    waiting = sum(map(len, said.pop("waiting", {}).values()))
    paragraphs = ["\n".join([f"**{head}**\n"] + [f"- {about}: {sentence}." for about, sentences
                                                 in said[side].items() for sentence in sentences])
                  for side, head in HEADS.items() if side in said]
    if waiting:
        paragraphs.append(f"{waiting} of {len(CLAIMS)} comparisons wait for rows that are not run "
                          "yet.")
    return "## What the tables say\n\n" + "\n\n".join(paragraphs)


# ---- figures ------------------------------------------------------------------------------------

FIGURES = {  # block: (title, its rows against those with nothing changed)
    "membrane": ("With the membrane less without: differences", MEMBRANE),
    "unit": ("One thing of the unit changed: differences", UNIT_ROWS),
}
TASK = {"accuracy": "digits", "nll": "JSB", "perplexity": "language"}


def differences_of(compared, lines):
    """The panels of a figure: for each kind of figure, the rows that have two seeds or more."""
    panels = {}
    for claim in compared:
        values, rival = means(lines, claim.a), means(lines, claim.b)
        if len(values) > 1 and len(rival) > 1:
            metric = next(line["metric"] for line in lines[claim.a[0]] if line["row"] == claim.a[1])
            _, factor, _, _ = IN_WORDS[metric]
            _, name = (claim.b if claim.b[0] == "membrane" else claim.a)
            name = name.removesuffix(", decay 0").split(", ", 1)[1]  # the task stands at the axis
            panels.setdefault(metric, []).append(
                (name, *(factor * end for end in difference(values, rival))))
    return [(f"{TASK[metric]}: {FIGURE[metric]}", rows) for metric, rows in panels.items()]


# ---- tables -------------------------------------------------------------------------------------

def table_of_figures(rows, lines):
    """A block as a table: a line a row."""
    head = ("row", "parameters", "n", "figure", "validation", "test", "95 % of the mean",
            "per piece", "spikes", "additions", "multiply-adds", "dense", "seconds")
    out = []
    for name in dict.fromkeys(line["row"] for row in rows for line in lines
                              if line["row"] == row.name or line["row"].startswith(
                                  (f"{row.name}, then", f"{row.name}, shown"))):
        group = [line for line in lines if line["row"] == name]
        seeds, metric = test_figures(lines, name), group[0]["metric"]
        between, within = nested(seeds)
        test = of_summary(metric, between, " ± ")
        if within is not None:
            test += f" (networks), ± {number(metric, within)} (devices)"
        elif group[0]["wrong"] and between.n == 1:
            n = N_TEST[group[0]["data"]]
            test += f" (standard error {100 * standard_error(between.mean, n):.2f})"
        out.append((name, _int(group, "parameters"), str(between.n), FIGURE[metric],
                    _mean(group, "valid", metric), test, interval(metric, between),
                    _mean(group, "per_piece", metric),
                    _rates(group), _int(group, "additions"), _int(group, "multiply_adds"),
                    _int(group, "dense"), _seconds(group)))
    return _markdown(head, out) if out else ""


FIGURE = {"accuracy": "accuracy, %", "nll": "NLL, nats", "perplexity": "perplexity"}
N_TEST = {"small": 1797, "full": 10_000}  # test images of the digits


def trials(rows, lines):
    """Trials as a table: the mean validation figure of each setting, the best of a row marked."""
    best, out = {}, []
    for row in rows:
        group = [line for line in lines if line["row"] == row.name
                 and line["changes"] == changes_text(row)]
        if len(group) == row.seeds:
            mean = np.mean([float(line["valid"]) for line in group])
            out.append((row, mean, group))
            best[row.name] = min(best.get(row.name, np.inf), mean)
    return _markdown(("row", "parameters", "settings", "n", "validation"), [
        (row.name, _int(group, "parameters"), changes_text(row), str(row.seeds),
         f"**{mean:.3f}**" if mean == best[row.name] else f"{mean:.3f}")
        for row, mean, group in out]) if out else ""


def unfinished(rows, lines):
    """A sentence that names the rows with fewer runs than planned."""
    done = {}
    for line in lines:
        if not line["device"]:
            key = line["row"], line["changes"]
            done[key] = done.get(key, 0) + 1
    missing = [(row, done.get((row.name, changes_text(row)), 0)) for row in rows
               if done.get((row.name, changes_text(row)), 0) < row.seeds]
    if not lines:
        return " Not run yet."
    if not missing:
        return ""
    if rows[0].split == "valid":
        n = sum(row.seeds for row in rows)
        return f" Not finished: {len(lines)} of {n} trials are there."
    return " Not finished: " + ", ".join(f"{row.name} ({n} of {row.seeds} runs)"
                                         for row, n in missing) + "."


def machines(lines):
    """On what the runs were made."""
    kinds = sorted({(line["processor"], line["python"], line["numpy"])
                    for block in lines.values() for line in block})
    return "Runs were made on one thread of: " + "; ".join(
        f"{processor}, Python {python}, NumPy {numpy}" for processor, python, numpy in kinds) + "."


def _mean(group, column, metric):
    values = [float(line[column]) for line in group if line[column]]
    return of_summary(metric, summary(values)._replace(sd=None)) if values else ""


def _int(group, column):
    values = [int(line[column]) for line in group if line[column]]
    return f"{np.mean(values):,.0f}" if values else ""


def _rates(group):
    rates = [[float(rate) for rate in line["rates"].split()] for line in group if line["rates"]]
    return ", ".join(f"{100 * rate:.1f} %" for rate in np.mean(rates, axis=0)) if rates else ""


def _seconds(group):
    values = [float(line["seconds"]) for line in group if line["seconds"]]
    return clock(np.mean(values)) if values else ""


def _markdown(head, rows):
    text = {1: "---:"}
    rule = ["---"] + [text[1]] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))
