"""Parts of the report, one function each: from the data in results.json to a piece of the page.

    tasks, inhibition, gradients, made      results (dict), folder (Path) -> Html

Every number is one of results.json, rounded; the prose says what a table shows and what it does
not.
"""
from ..experiments.comparison import all_runs, figure, figures_of, published
from ..tasks.units import UNITS
from .figures import figures_of_part
from .page import element, explained, paragraph, section, table
from .settings import settings_in_words, settings_table

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
NOT_COMPARABLE = ("The published figures are of the full data sets and of larger networks. They "
                  "are here for the order of the units, not to be compared digit by digit. We "
                  "have not read the body of the paper: they come from charts in the authors' "
                  "toolkit (IBM/neuroaikit), which cite the journal version, and from a caption. "
                  "A dash means that we have found none there.")


# ---- the gradients ------------------------------------------------------------------------------

def verdict(results):
    """Whether all gradients agree, in a sentence."""
    pieces, bounds = results["gradients"], results["bounds"]
    failed, tensors, zero = (sum(s[key] for s in pieces) for key in ("failed", "tensors", "zero"))
    if failed:
        return f"{failed} of {tensors:,} tensors are out."

    def number(value, digits):  # 1e-13 in one line, not broken at its minus
        return element("span", f"{value:.{digits}e}", class_="number")

    complex_step, twin = ((number(max(s[method] for s in pieces), 1), number(bounds[method], 0))
                          for method in ("complex", "twin"))
    return element(
        "span", f"{tensors - zero:,} tensors agree with the complex step to ", complex_step[0],
        " of their largest element (bound ", complex_step[1],
        "), and with a second derivation to ", twin[0], " (bound ", twin[1],
        f"); {zero} are exactly zero, as they have to be.")


def gradients(results, folder):
    """The evidence, one row a piece."""
    bounds, methods = results["bounds"], ("central", "complex", "twin")
    failed = any(s["failed"] for s in results["gradients"])
    return section(
        "gradients", 2, "Gradients",
        paragraph("Every gradient is derived by hand, and compared with three others: ",
                  element("strong", "central differences"), " of the forward pass; the ",
                  element("strong", "complex step"),
                  " Im f(x + ih)/h, which is exact but for rounding; and a ",
                  element("strong", "twin"),
                  ", a second derivation in plain loops over time, samples and units."),
        paragraph("A spiking forward pass is flat: its differences are zero, and its surrogate "
                  "gradient is not. So the check freezes it at the nominal run. The step becomes "
                  "ψ(v) plus a constant, with the same spikes there, and with the surrogate "
                  "gradient as its true derivative. A gradient of zero or a silent network counts "
                  "as a failure."),
        paragraph(element("strong", "Not all gradients are right: " if failed
                          else "All gradients agree: "), verdict(results)),
        table("Largest error of each piece, relative to the largest element of its tensor.",
              {"Piece": "a layer, a loss, or a whole network",
               "Variants": "settings of the piece that are tried",
               "Tensors": "gradients that are checked: of parameters, inputs and initial states",
               "Zero": "those that are zero by construction; they are no evidence",
               "Central": "the error beside central differences",
               "Complex": "beside the complex step", "Twin": "beside the second derivation",
               "Failed": "gradients whose error is above the bound, in the last line"},
              [[s["piece"], s["variants"], f"{s['tensors']:,}", s["zero"] or "–",
                *(f"{s[method]:.1e}" for method in methods), s["failed"] or "none"]
               for s in results["gradients"]],
              foot=[["Bound", ("", 3), *(f"{bounds[method]:.0e}" for method in methods), ""]]))


# ---- the tasks ----------------------------------------------------------------------------------

def tasks(results, folder):
    """The three tasks, the units beside the paper's figures."""
    seeds = results["seeds"]
    spread = ([f"Mean ± sample standard deviation of {seeds} seeds. "] if seeds > 1 else
              ["This is one seed, and another one gives other figures: ",
               element("code", "reproduce --seeds 5"), " shows by how much. "])
    return section("tasks", 2, "Tasks", paragraph(
        "All units of a task are trained for the same number of epochs, on small data that come "
        "with the package or with Python. ", *spread, NOT_COMPARABLE),
                   *(_task(task, results, folder) for task in TASKS))


def _task(task, results, folder):
    title, asked, label = TASKS[task]
    rows = []
    for unit, name, group in (row[1:] for row in all_runs(results) if row[0] == task):
        theirs, network = published(task, unit) if name == UNITS[unit][0] else ("–", "")
        paper = [theirs, element("span", network, class_="source")] if network else ["–"]
        rows.append([name, f"{group[0]['parameters']:,}",
                     figure(group[0]["metric"], figures_of(group)),
                     f"{sum(r['seconds'] for r in group) / len(group):.0f}",
                     element("span", *paper)])
    first = [r for r in results["runs"] if r["task"] == task][0]
    foot = [[name, "", figure(first["metric"], [value]), "", ""]
            for name, value in first["baselines"].items()]
    sample = [line for line in results["sample"].splitlines() if line.strip()]
    drawn = ([paragraph("Text drawn from the sSNU, at a temperature of 0.8:"),
              element("blockquote", "\n".join(" ".join(line.split()) for line in sample))]
             if task == "language" else [])
    return section(task, 3, title, paragraph(asked),
                   element("p", "Data: " + "; ".join(results["facts"][task]) + ".",
                           class_="soft data"),
                   table(f"{label} of the units"
                         + (", and of simple models below the line." if foot else "."),
                         {"Unit": "of the hidden layers; no membrane means decay 0, fixed",
                          "Parameters": "that are trained, of the whole network",
                          "Test": "the figure on the test data, read once, with the weights of "
                                  "the epoch that was best on the validation data",
                          "Seconds": "of training, validation included",
                          "Published": "on the full data, and of which network"},
                         rows, foot=foot),
                   *drawn, figures_of_part(task, results, folder))


# ---- inhibition ---------------------------------------------------------------------------------

def inhibition(results, folder):
    """Accuracy and spikes with and without lateral inhibition."""
    return section(
        "inhibition", 2, "Lateral inhibition and sparsity",
        paragraph("A hidden layer of 100 SNUs reads the digits twice. Without inhibition a spike "
                  "resets its own unit, by the gate 1 − y. With it the whole layer has one gate, "
                  "1 − max y: a spike of any unit resets all. The authors' toolkit, on MNIST and "
                  "with a maximum over a batch of 15, has 1128 spikes at 94.51 % without "
                  "inhibition and 46 at 93.82 % with it."),
        table(f"The same network with and without inhibition, seed {results['seed']}.",
              {"Inhibition": "whether a spike resets all units of the layer",
               "Test accuracy (%)": "right answers, of all test images",
               "Hidden spikes a digit": "spikes of all 100 units in all steps, on average"},
              [["with" if row["inhibition"] else "without", f"{100 * row['accuracy']:.2f}",
                f"{row['spikes']:.1f}"] for row in results["inhibition"]]),
        figures_of_part("inhibition", results, folder))


# ---- what was run -------------------------------------------------------------------------------

def made(results, folder):
    """The command, the versions, the times, and all settings with their sources."""
    seeds = [str(results["seed"] + i) for i in range(results["seeds"])]
    facts = [("Command", element("code", results["command"])),
             ("Started", results["started"][:16].replace("T", " ") + " UTC"),
             ("Seeds", ", ".join(seeds)), *results["machine"].items()]
    times = [[part["part"], f"{part['seconds']:.1f}", f"{part['processor']:.1f}"]
             for part in results["parts"]]
    runs = [[f"{task}, {name}", r["seed"], len(r["history"]), r["best_epoch"],
             f"{r['seconds']:.1f}", figure(r["metric"], [r["test"][r["metric"]]])]
            for task, _, name, group in all_runs(results) for r in group]
    return section(
        "made", 2, "What was run, and how long it took",
        element("dl", *(element(*pair) for name, value in facts
                        for pair in (("dt", name), ("dd", value)))),
        table("Time of each part in seconds.",
              {"Part": "its runs went side by side, in as many processes as the list above says",
               "Clock": "their seconds by the clock, added up; all: from the start of the command "
                        "to its end",
               "Processor": "seconds of all processors"},
              times, foot=[["all", f"{results['seconds']:.1f}", f"{results['processor']:.1f}"]]),
        table("The training runs.",
              {"Run": "task and unit", "Seed": "start of all random numbers",
               "Epochs": "passes over the training data",
               "Kept": "the best epoch by the validation figure",
               "Seconds": "by the clock, validation included",
               "Test": "accuracy in %, NLL in nats a step or perplexity, read once, with the epoch "
                       "that was kept"}, runs),
        section("settings", 3, "Settings and their sources", paragraph(
            "published: from charts in the authors' toolkit that cite the paper, or from a "
            "caption; toolkit: from the code of that toolkit (IBM/neuroaikit); ours: chosen by us, "
            "on validation data only; command line: changed by an option of this run."),
            explained(settings_in_words(results)),
            *(settings_table(task, results) for task in TASKS), settings_table("memory", results)))
