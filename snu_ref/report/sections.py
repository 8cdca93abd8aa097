"""Parts of the report, one function each: from the data in results.json to a piece of the page.

    tasks, inhibition, gradients, made      results (dict), folder (Path) -> Html

Every number is one of results.json, rounded; the prose says what a table shows and what it does
not.
"""
from ..experiments.comparison import compared, figure, figures_of, in_words, published
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
        table("Largest error of each piece, relative to the largest element of its tensor.",
              {"Piece": "a layer, a loss, or a whole network",
               "Variants": "settings of the piece that are tried",
               "Tensors": "gradients that are checked: of parameters, inputs and initial states",
               "Zero": "those that are zero by construction; they are no evidence",
               "Central": "the error beside central differences",
               "Complex": "beside the complex step", "Twin": "beside the second derivation",
               "Failed": "gradients whose error is above the bound, in the last line"},
              rows, foot=[["Bound", ("", 3), f"{bounds['central']:.0e}", f"{bounds['complex']:.0e}",
                           f"{bounds['twin']:.0e}", ""]]))


# ---- the tasks ----------------------------------------------------------------------------------

def tasks(results, folder):
    """The three tasks, the units beside the paper's figures."""
    seeds = results["seeds"]
    spread = ((f"Mean ± sample standard deviation of {seeds} seeds. ",) if seeds > 1 else
              ("This is one seed, and another one gives other figures: ",
               element("code", "reproduce --seeds 5"), " shows by how much. "))
    return section("tasks", 2, "Tasks", paragraph(
        "All units of a task are trained for the same number of epochs, on small data that come "
        "with the package or with Python. ", *spread, NOT_COMPARABLE),
                   *(_task(task, results, folder) for task in TASKS))


def _task(task, results, folder):
    title, asked, label = TASKS[task]
    rows = []
    for name, unit, label_of_unit, group in compared(results["runs"],
                                                     results.get("without_membrane", ())):
        if name != task:
            continue
        theirs, network = (published(task, unit) if label_of_unit == UNITS[unit][0]
                           else ("–", ""))
        paper = (theirs, element("span", network, class_="source")) if network else ("–",)
        rows.append([label_of_unit, f"{group[0]['parameters']:,}",
                     figure(group[0]["metric"], figures_of(group)),
                     f"{sum(r['seconds'] for r in group) / len(group):.0f}",
                     element("span", *paper)])
    first = [r for r in results["runs"] if r["task"] == task][0]
    foot = [[name, "", figure(first["metric"], [value]), "", ""]
            for name, value in first["baselines"].items()]
    drawn = (element("p", "Text drawn from the sSNU, at a temperature of 0.8:"),
             element("blockquote", _joined(results["sample"]))) if task == "language" else ()
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
              {"Inhibition": "whether a spike resets all units of the layer",
               "Test accuracy (%)": "right answers, of all test images",
               "Hidden spikes a digit": "spikes of all 100 units in all steps, on average"}, rows),
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
             f"{r['seconds']:.1f}", in_words(r["metric"], [r["test"][r["metric"]]])]
            for task, _, name, group in compared(results["runs"],
                                                 results.get("without_membrane", ()))
            for r in group]
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
               "Test": "the test split is read once, with the epoch that was kept"}, runs),
        section("settings", 3, "Settings and their sources", paragraph(
            "published: from charts in the authors' toolkit that cite the paper, or from a "
            "caption; toolkit: from the code of that toolkit (IBM/neuroaikit); ours: chosen by us, "
            "on validation data only; command line: changed by an option of this run."),
            explained(settings_in_words(results)),
            *(settings_table(task, results) for task in TASKS), settings_table("memory", results)))
