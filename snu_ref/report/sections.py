"""The parts of the report, one function each: from the data in results.json to a piece of the page.

    summary, gradients, tasks, inhibition, memory, made      results (dict), folder (Path) -> Html

Every number is one of results.json, rounded; the prose says what a table shows and what it does
not.
"""
from ..experiments.comparison import (by_unit, figure, figures_of, in_words, of_summary,
                                      published)
from ..experiments.in_memory import way_summary
from ..tasks.progress import time_name
from ..tasks.units import UNITS
from .figures import figures_of_part
from .page import element, paragraph, section, table
from .settings import settings_table

TASKS = {  # name: (title, what is asked, name of the figure)
    "digits": ("Digits", "Which digit is it? The brightness of each pixel is the rate of a train "
                         "of random spikes; the output that is most active on average is the "
                         "answer.", "Test accuracy (%)"),
    "music": ("Music", "Which notes come next? From the notes of a chorale so far, the network "
                       "gives each of 88 keys a probability. The figure is the negative "
                       "log-likelihood (NLL) of the notes that do follow, in nats a step; smaller "
                       "is better.", "Test NLL (nats a step)"),
    "language": ("Language", "Which word comes next? The figure is the perplexity, the number of "
                             "equally likely words among which the network is as unsure; smaller "
                             "is better.", "Test perplexity"),
}
NOT_COMPARABLE = ("The paper's figures are of the full data sets and of larger networks. They are "
                  "here for the order of the units, not to be compared digit by digit.")
WAYS = {  # of memory.train_ways
    "software": "float weights in the network",
    "quantised": "updates in whole steps, ideal devices without noise",
    "in the loop": "every pass on weights as read, every update by blind pulses",
    "programmed": "trained in software, programmed once, read 20 s later",
}
COUNTERS = {"set_pulses": "SET pulses", "refreshes": "refreshes", "resets": "RESETs",
            "device_reads": "device reads"}


# ---- in short -----------------------------------------------------------------------------------

def summary(results, folder):
    """The main numbers, a line each."""
    groups, metrics = by_unit(results["runs"]), {r["task"]: r["metric"] for r in results["runs"]}
    lines = [element("span", "Gradients: ", verdict(results))]
    for task, metric in metrics.items():
        named = ", ".join(f"{UNITS[unit][0]} {figure(metric, figures_of(group), ' ± ')}"
                          for (name, unit), group in groups.items() if name == task)
        title, _, label = TASKS[task]
        lines.append(f"{title}, {label[0].lower() + label[1:]}: {named}.")
    without, inhibited = results["inhibition"]
    lines.append(f"Lateral inhibition: {without['spikes']:.0f} hidden spikes a digit without it, "
                 f"{inhibited['spikes']:.0f} with it; accuracy {100 * without['accuracy']:.2f} % "
                 f"and {100 * inhibited['accuracy']:.2f} %.")
    ways = results["memory"]["ways"]
    lines.append(f"Music with its weights on {results['memory']['devices']:,} phase-change "
                 f"devices, test NLL: {ways['in the loop']['nll']:.3f} trained in the loop, "
                 f"{ways['software']['nll']:.3f} in software.")
    trial = (element("p", element("strong", "A trial."),
                     " Every run was cut to one epoch: this page shows what a report looks like, "
                     "and says nothing of the units.", class_="warning"),)
    return section("short", 2, "In short", *(trial if results["quick"] else ()),
                   element("ul", *(element("li", line) for line in lines)))


def verdict(results):
    """Whether all gradients agree, in a sentence."""
    pieces, bounds = results["gradients"], results["bounds"]
    failed, tensors, zero = (sum(s[key] for s in pieces) for key in ("failed", "tensors", "zero"))
    if failed:
        return f"{failed} of {tensors:,} tensors are out."
    worst = {method: _number(f"{max(s[method] for s in pieces):.1e}")
             for method in ("complex", "twin")}
    bound = {method: _number(f"{bounds[method]:.0e}") for method in worst}
    return element(
        "span", f"{tensors - zero:,} tensors agree with the complex step to ", worst["complex"],
        " of their largest element (bound ", bound["complex"],
        "), and with a second derivation to ", worst["twin"], " (bound ",
        bound["twin"], f"); {zero} are exactly zero, as they have to be.")


def _number(digits):
    return element("span", digits, class_="number")  # 1e-13 in one line, not broken at its minus


# ---- the gradients ------------------------------------------------------------------------------

def gradients(results, folder):
    """The evidence, one row a piece."""
    rows = [[s["piece"], s["variants"], f"{s['tensors']:,}", s["zero"] or "–",
             f"{s['central']:.1e}", f"{s['complex']:.1e}", f"{s['twin']:.1e}",
             s["failed"] or "none"]
            for s in results["gradients"]]
    bounds = results["bounds"]
    return section(
        "gradients", 2, "Gradients",
        paragraph("Every gradient is derived by hand, and held against three others: ",
                  element("strong", "central differences"), " of the forward pass; the ",
                  element("strong", "complex step"),
                  " Im f(x + ih)/h, which is exact but for rounding; and a ",
                  element("strong", "twin"),
                  ", a second derivation in plain loops over time, samples and units."),
        paragraph("A spiking forward pass is flat, so its differences are zero while its surrogate "
                  "gradient is not. It is frozen at the nominal run for the check: the step "
                  "becomes ψ(v) plus a constant, with the same spikes there, and with the "
                  "surrogate gradient as its true derivative. A gradient of zero or a silent "
                  "network counts as a failure."),
        element("p", element("strong", "Not all gradients are right: "
                             if any(s["failed"] for s in results["gradients"])
                             else "All gradients agree: "), verdict(results)),
        table("Largest error of each piece, relative to the largest element of its tensor. Zero: "
              "tensors whose gradient is zero by construction; they are no evidence.",
              ["Piece", "Variants", "Tensors", "Zero", "Central", "Complex", "Twin", "Failed"],
              rows, foot=[["Bound", ("", 3), f"{bounds['central']:.0e}", f"{bounds['complex']:.0e}",
                           f"{bounds['twin']:.0e}", ""]]))


# ---- the tasks ----------------------------------------------------------------------------------

def tasks(results, folder):
    """The three tasks, the units beside the paper's figures."""
    seeds = results["seeds"]
    spread = ((f"Mean ± sample standard deviation of {seeds} seeds. ",) if seeds > 1 else
              ("This is one seed, and another one gives slightly other figures: ",
               element("code", "reproduce --seeds 3"), " shows by how much. "))
    return section("tasks", 2, "Tasks", paragraph(
        "All units of a task are trained for the same number of epochs, on small data that come "
        "with the package or with Python. ", *spread, NOT_COMPARABLE),
                   *(_task(task, results, folder) for task in TASKS))


def _task(task, results, folder):
    title, asked, label = TASKS[task]
    groups = {unit: group for (name, unit), group in by_unit(results["runs"]).items()
              if name == task}
    first = list(groups.values())[0][0]
    rows = []
    for unit, group in groups.items():
        theirs, network = published(task, unit)
        paper = (theirs, element("span", network, class_="source")) if network else ("–",)
        rows.append([UNITS[unit][0], f"{group[0]['parameters']:,}",
                     figure(group[0]["metric"], figures_of(group), " ± "), element("span", *paper)])
    foot = [[name, "", figure(first["metric"], [value]), ""]
            for name, value in first["baselines"].items()]
    drawn = (element("p", "Text drawn from the sSNU, at a temperature of 0.8:"),
             element("blockquote", _joined(results["sample"]))) if task == "language" else ()
    return section(task, 3, title, paragraph(asked),
                   element("p", "Data: " + "; ".join(results["facts"][task]) + ".",
                           class_="soft data"),
                   table(f"{label} of the units"
                         + (", and of simple models below the line." if foot else "."),
                         ["Unit", "Parameters", "Test", "Paper"], rows, foot=foot),
                   *drawn, figures_of_part(task, results, folder))


def _joined(sample):
    """The sampled text with single spaces, a sentence a line."""
    return "\n".join(" ".join(line.split()) for line in sample.splitlines() if line.strip())


# ---- inhibition ---------------------------------------------------------------------------------

def inhibition(results, folder):
    """Accuracy and spikes with and without lateral inhibition."""
    rows = [["with" if row["inhibition"] else "without", f"{100 * row['accuracy']:.2f}",
             f"{row['spikes']:.1f}"]
            for row in results["inhibition"]]
    return section(
        "inhibition", 2, "Lateral inhibition and sparsity",
        paragraph("A hidden layer of 100 SNUs reads the digits, once with the reset of each unit "
                  "by itself, 1 − y, and once with one gate for the whole layer, 1 − max y: "
                  "whoever fires resets all. The authors' toolkit, on MNIST, with a maximum that "
                  "is taken over a batch of 15, has 1128 spikes at 94.51 % without and 46 at 93.82 "
                  "% with it."),
        table(f"The same network with and without inhibition, seed {results['seed']}.",
              ["Inhibition", "Test accuracy (%)", "Hidden spikes a digit"], rows),
        figures_of_part("inhibition", results, folder))


# ---- memory -------------------------------------------------------------------------------------

def memory(results, folder):
    """The in-memory experiment, drift, and few bits."""
    m = results["memory"]
    rows = []
    for way, row in m["ways"].items():
        counts = [f"{row['counters'][key]:,}" if row["counters"] else "–" for key in COUNTERS]
        rows.append([element("span", way, element("span", WAYS[way], class_="source")),
                     of_summary("nll", way_summary(row, m["device_seeds"]), " ± "), *counts])
    lengths = " and ".join(f"{n} epochs for the {task}"
                           for task, n in m["precision_epochs"].items())
    return section(
        "memory", 2, "Weights on phase-change devices",
        paragraph("Both weight matrices of the music network, 88-150-88 SNUs, are on "
                  f"{m['devices']:,} devices, two a weight: W = (G+ − G−)/scale. The paper's chip "
                  "has the same number. Its update protocol is not published in detail: update "
                  "rule, refresh and settings here are declared substitutes and our choice, the "
                  "statistics of the devices are from published measurements."),
        table(f"Four ways to have the weights, from seed {results['seed']}, the last epoch of "
              "each. Test NLL in nats a step; ± is the sample standard deviation over "
              f"{m['device_seeds']} device seeds.",
              ["Way", "Test NLL", *COUNTERS.values()], rows),
        figures_of_part("memory", results, folder),
        section("drift", 3, "Drift", paragraph(
            "Conductances fall with time, as a power of the time since a device was written. "
            "Compensation measures the response of a matrix and divides by it: one digital factor "
            "a matrix."),
            _over_time(m), figures_of_part("drift", results, folder)),
        section("bits", 3, "Few bits", paragraph(
            "How many bits does a weight need? It is rounded once, after training, or in training, "
            "where a float weight behind it gathers the updates. The protocol is ours."),
            _bits(m, lengths), figures_of_part("bits", results, folder)))


def _over_time(m):
    sweeps = m["over_time"]
    head = ["Time"] + [f"{task}, {kind}" for task in sweeps
                       for kind in ("uncompensated", "compensated")]
    rows = [[time_name(t)] + [figure(s["metric"], [values[i] for values in s[kind]], " ± ")
                              for s in sweeps.values() for kind in ("raw", "compensated")]
            for i, t in enumerate(list(sweeps.values())[0]["times"])]
    foot = [["software"] + [(figure(s["metric"], [s["software"]]), 2) for s in sweeps.values()]]
    return table("Programmed once and read later; mean ± sample standard deviation of "
                 f"{m['device_seeds']} device seeds. Music: test NLL in nats a step; digits: test "
                 "accuracy in per cent.", head, rows, foot=foot)


def _bits(m, lengths):
    sweeps = m["precision"]
    head = ["Bits"] + [f"{task}, rounded {kind} training" for task in sweeps
                       for kind in ("after", "in")]
    rows = [[b] + [figure(s["metric"], [s[kind][i]]) for s in sweeps.values()
                   for kind in ("after", "during")]
            for i, b in enumerate(list(sweeps.values())[0]["bits"])]
    foot = [["float"] + [(figure(s["metric"], [s["software"]]), 2) for s in sweeps.values()]]
    return table(f"Rounded in training: new runs, shorter than that in float, of {lengths}. Music: "
                 "test NLL in nats a step; digits: test accuracy in per cent.", head, rows,
                 foot=foot)


# ---- what was run -------------------------------------------------------------------------------

def made(results, folder):
    """The command, the versions, the times, and all settings with their sources."""
    seeds = [str(results["seed"] + i) for i in range(results["seeds"])]
    facts = [("Command", element("code", results["command"])),
             ("Started", results["started"][:16].replace("T", " ") + " UTC"),
             ("Seeds", ", ".join(seeds)), *results["machine"].items()]
    times = [[part["part"], f"{part['seconds']:.1f}", f"{part['processor']:.1f}"]
             for part in results["parts"]]
    runs = [[f"{r['task']}, {UNITS[r['unit']][0]}", r["seed"], len(r["history"]), r["best_epoch"],
             f"{r['seconds']:.1f}", in_words(r["metric"], [r["test"][r["metric"]]])]
            for r in results["runs"]]
    return section(
        "made", 2, "What was run, and how long it took",
        element("dl", *(element(*pair) for name, value in facts
                        for pair in (("dt", name), ("dd", value)))),
        table("Time of each part in seconds, by the clock and of the processor.",
              ["Part", "Clock", "Processor"],
              times, foot=[["all", f"{results['seconds']:.1f}", f"{results['processor']:.1f}"]]),
        table("The training runs. Kept: the best epoch by the validation figure; the test split is "
              "read once, with it.",
              ["Run", "Seed", "Epochs", "Kept", "Seconds", "Test"], runs),
        section("settings", 3, "Settings and their sources", paragraph(
            "published: from the paper's charts or captions; toolkit: from the authors' public "
            "toolkit; ours: chosen by us, on validation data only; command line: changed by an "
            "option of this run."),
            *(settings_table(task, results) for task in TASKS), settings_table("memory", results)))
