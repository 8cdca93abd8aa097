"""Write the results page in Markdown; every result comes from the tables of `runs`.

The text of the page is in page.md. This module fills in the claims, as sentences of `verdicts`, and
a table for each block, with a line for each row. If the folder of the tables has a file earlier.md,
about runs without a table, the page ends with its text.
"""
from functools import partial
from pathlib import Path
from string import Template

import numpy as np

from .. import figures
from ..figures.runs import METRICS
from ..files import whole_file
from ..tasks.progress import clock
from ..tasks.statistics import difference, nested, standard_error, summary
from .claims import CLAIMS, DEVICE_ROWS, MEMBRANE, UNIT_ROWS
from .comparison import FORMS, interval, number, of_summary
from .rows import BLOCKS, INJECTED, find_block
from .runs import (BEST_INJECTED, PROGRAMMED, best_of, changes_of, changes_text, lines_of,
                   read_tables, rows_of, validation_figure)
from .verdicts import means, test_figures, text_of_claims

FIGURE = {"accuracy": "accuracy, %", "nll": "NLL, nats", "perplexity": "perplexity"}
TASK = {"accuracy": "digits", "nll": "JSB", "perplexity": "language"}
N_TEST = {"small": 1797, "full": 10_000}  # test images of the digits


def write_page(tables, path):
    """Write the page to `path`, from the tables in the folder `tables`; pictures go to `tables`."""
    with whole_file(path) as file:
        file.write(page(tables).encode())
    lines = read_tables(tables)
    for name, (title, panels_of) in FIGURES.items():
        if panels := panels_of(lines):
            figures.intervals(panels, Path(tables) / f"{name}.png", title=title)


def page(tables):
    """The page as text."""
    tables = Path(tables)
    lines, earlier = read_tables(tables), tables / "earlier.md"
    parts = {"claims": text_of_claims(lines), "comparisons": len(CLAIMS),
             "machines": machines(lines),
             "earlier": earlier.read_text(encoding="utf-8") if earlier.exists() else ""}
    for name, (question, _) in BLOCKS.items():
        rows, here = rows_of(name, tables), lines[name]
        made = [f"Block `{name}`, table `results/{name}.csv`." + unfinished(rows, here)]
        if not rows or rows[0].split == "test":
            made.append(table_of_figures(rows, here))
        if name == "devices" or rows and rows[0].split == "valid":
            made.append(trials(INJECTED if name == "devices" else rows, here))
        if name in FIGURES and FIGURES[name][1](lines):
            made.append(f"![{FIGURES[name][0]}](results/{name}.png)")
        parts |= {f"{name}_question": question, name: "\n\n".join(filter(None, made))}
    text = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    return Template(text).substitute(parts).strip() + "\n"


def machines(lines):
    """A sentence with the processors and versions of all runs."""
    kinds = sorted({(line["processor"], line["python"], line["numpy"])
                    for block in lines.values() for line in block})
    return "Runs were made on one thread of: " + "; ".join(
        f"{processor}, Python {python}, NumPy {numpy}" for processor, python, numpy in kinds) + "."


# ---- figures, from the tables -------------------------------------------------------------------

def differences_of(compared, lines):
    """Panels of differences, one for each metric, from pairs of rows with at least two seeds."""
    panels = {}
    for claim in compared:
        (values, metric), (rival, _) = means(lines, claim.a), means(lines, claim.b)
        if len(values) > 1 and len(rival) > 1:
            _, name = claim.b if claim.b[0] == "membrane" else claim.a
            _, label = name.removesuffix(", decay 0").split(", ", 1)  # the axis names the data
            factor = FORMS[metric][1]
            panels.setdefault(metric, []).append(
                (label.replace(", then", ",\nthen"),
                 *(factor * end for end in difference(values, rival)), ()))
    return [(f"{TASK[metric]}: difference in {FIGURE[metric]}\n({METRICS[metric][2]} is better)",
             True, rows)
            for metric, rows in panels.items()]


def trials_and_best(lines):
    """A panel for each size: each unit's trials (block grid) and its test interval (block care)."""
    panels, names = [], list(dict.fromkeys(row.name for row in find_block("grid")))
    for about, of in (("26,600", names[6:]), ("49,100", names[:6])):
        rows = []
        for name in of:
            done = [validation_figure(row, lines["grid"]) for row in find_block("grid")
                    if row.name == name]
            best, _ = means(lines, ("care", name))
            if not np.isnan(done).all():
                s = summary(best) if len(best) > 1 else None
                rows.append((name, *((s.mean, s.low, s.high) if s else (None,) * 3), done))
        if rows:
            panels.append((f"JSB, {about} parameters: NLL, nats", False, rows))
    return panels


FIGURES = {  # block: (title, its panels from the lines of all tables)
    "membrane": ("Test result with the membrane minus that without",
                 partial(differences_of, MEMBRANE)),
    "care": ("Validation of all trials (open), test of the best (filled)", trials_and_best),
    "unit": ("One option of the unit changed", partial(differences_of, UNIT_ROWS)),
    "devices": ("One property of the devices changed", partial(differences_of, DEVICE_ROWS)),
}


# ---- tables -------------------------------------------------------------------------------------

def table_of_figures(rows, lines):
    """A block as a table; a row is followed by its results on devices or with more steps."""
    head = ("row", "parameters", "n", "metric", "validation", "test", "95 % interval",
            "per piece", "spikes", "additions", "multiply-adds", "dense", "seconds")
    starts = [row.name for row in rows if row not in INJECTED] + [BEST_INJECTED]
    names = dict.fromkeys(line["row"] for start in starts for line in lines
                          if line["row"] == start
                          or line["row"].startswith((f"{start}, then", f"{start}, shown")))
    out = []
    for name in names:
        group = [line for line in lines if line["row"] == name]
        metric = group[0]["metric"]
        between, within = nested(test_figures(lines, name))
        test = of_summary(metric, between)
        if within is not None:
            test += f" (networks), ± {number(metric, within)} (devices)"
        elif group[0]["wrong"] and between.n == 1:
            n = N_TEST[group[0]["data"]]
            test += f" (standard error {100 * standard_error(between.mean, n):.2f})"
        rates = [[float(rate) for rate in line["rates"].split()] for line in group if line["rates"]]
        valid, per_piece = (_mean(group, column, lambda mean: number(metric, mean))
                            for column in ("valid", "per_piece"))
        out.append((name, _mean(group, "parameters"), str(between.n), FIGURE[metric], valid, test,
                    interval(metric, between), per_piece,
                    ", ".join(f"{100 * rate:.1f} %" for rate in np.mean(rates, axis=0))
                    if rates else "",
                    *(_mean(group, column) for column in ("additions", "multiply_adds", "dense")),
                    _mean(group, "seconds", clock)))
    return markdown(head, out) if out else ""


def _mean(group, column, shown="{:,.0f}".format):
    """The mean of a column as text; "" if no line has a value."""
    values = [float(line[column]) for line in group if line[column]]
    return shown(np.mean(values)) if values else ""


def trials(rows, lines):
    """Trials as a table: mean validation results, with the best of a row in bold.

    If a row has several trials, there is a column for each value of the setting that varies last.
    """
    cells = {}
    for row in rows:
        if not np.isnan(mean := validation_figure(row, lines)):
            *settings, last = changes_of(row)
            mine, group = [other for other in rows if other.name == row.name], lines_of(row, lines)
            if len(mine) == 1:
                settings, last, mine = [*settings, last], "validation", rows
            shown = number(group[0]["metric"], mean)
            key = (row.name + PROGRAMMED * bool(row.devices), _mean(group, "parameters"),
                   "; ".join(settings), str(row.seeds))
            cells.setdefault(key, {})[last] = (
                f"**{shown}**" if row is best_of(mine, lines) else shown)
    heads = list(dict.fromkeys(head for found in cells.values() for head in found))
    return markdown(("row", "parameters", "settings", "n", *heads), [
        (*key, *(found.get(head, "") for head in heads))
        for key, found in cells.items()]) if cells else ""


def unfinished(rows, lines):
    """A sentence that names the rows with fewer runs than planned."""
    if not lines:
        return " Not run yet."
    if rows and rows[0].split == "valid":
        done, n = len(lines), sum(row.seeds for row in rows)
        return f" Not finished: {done} of {n} runs." if done < n else ""
    runs = [(line["row"], line["changes"]) for line in lines if not line["device"]]
    done = [(row, runs.count((row.name, changes_text(row)))) for row in rows]
    missing = [f"{row.name} ({n} of {row.seeds} runs)" for row, n in done if n < row.seeds]
    return f" Not finished: {'; '.join(missing)}." if missing else ""


def markdown(head, rows):
    """A table in Markdown: first column left-aligned, the others right-aligned."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))
