"""Tasks, inhibition, gradients, and what was run: tables from the data in results.json.

Every number is one of results.json, rounded.
"""
from ..experiments.comparison import all_runs, baseline_rows, figure, unit_rows
from ..experiments.inhibition import inhibition_table
from .page import element, explained, join, table
from .settings import settings_in_words, settings_table

TASKS = {"digits": "Test accuracy (%)", "music": "Test NLL (nats a step)",
         "language": "Test perplexity"}


def parts(results):
    """What page.html has in these parts: dict from names to Html."""
    seeds = results["seeds"]
    return {
        "gradients_agree": agreement(results), "gradients": gradients(results),
        "spread": f"Mean ± sample standard deviation of {seeds} seeds." if seeds > 1 else join(
            "This is one seed, and another one gives other figures: ",
            element("code", "reproduce --seeds 5"), " shows by how much."),
        **{task: of_task(task, results) for task in TASKS}, "inhibition": inhibition(results),
        "made": made(results),
        "settings": join(explained(settings_in_words(results)),
                         *(settings_table(part, results) for part in (*TASKS, "memory")))}


# ---- the gradients ------------------------------------------------------------------------------

def agreement(results):
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


def gradients(results):
    """The evidence, one row a piece."""
    bounds, methods = results["bounds"], ("central", "complex", "twin")
    failed = any(s["failed"] for s in results["gradients"])
    return join(
        element("p", element("strong", "Not all gradients are right: " if failed
                             else "All gradients agree: "), agreement(results)),
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

def of_task(task, results):
    """The units of a task beside the paper's figures."""
    rows = [[name, parameters, shown, seconds,
             element("span", theirs, *([element("span", network, class_="source")] if network
                                       else []))]
            for name, parameters, shown, _, _, seconds, (theirs, network)
            in unit_rows(task, results["runs"], results.get("without_membrane", ()))]
    foot = [[name, "", shown, "", ""] for name, shown in baseline_rows(task, results["runs"])]
    sample = [line for line in results["sample"].splitlines() if line.strip()]
    drawn = ([element("p", "Text drawn from the sSNU, at a temperature of 0.8:"),
              element("blockquote", "\n".join(" ".join(line.split()) for line in sample))]
             if task == "language" else [])
    return join(element("p", "Data: " + "; ".join(results["facts"][task]) + ".",
                        class_="soft data"),
                table(f"{TASKS[task]} of the units"
                      + (", and of simple models below the line." if foot else "."),
                      {"Unit": "of the hidden layers; no membrane means decay 0, fixed",
                       "Parameters": "that are trained, of the whole network",
                       "Test": "the figure on the test data, read once, with the weights of the "
                               "epoch that was best on the validation data",
                       "Seconds": "of training, validation included",
                       "Published": "on the full data, and of which network"},
                      rows, foot=foot), *drawn)


# ---- inhibition ---------------------------------------------------------------------------------

def inhibition(results):
    """Accuracy and spikes with and without lateral inhibition."""
    return table(f"The same network with and without inhibition, seed {results['seed']}.",
                 {"Inhibition": "whether a spike resets all units of the layer",
                  "Test accuracy (%)": "right answers, of all test images",
                  "Hidden spikes a digit": "spikes of all 100 units in all steps, on average"},
                 [row[:3] for row in inhibition_table(results["inhibition"])[1]])


# ---- what was run -------------------------------------------------------------------------------

def made(results):
    """The command, the versions and the times."""
    seeds = [str(results["seed"] + i) for i in range(results["seeds"])]
    facts = [("Command", element("code", results["command"])),
             ("Started", results["started"][:16].replace("T", " ") + " UTC"),
             ("Seeds", ", ".join(seeds)), *results["machine"].items()]
    times = [[part["part"], f"{part['seconds']:.1f}", f"{part['processor']:.1f}"]
             for part in results["parts"]]
    runs = [[f"{task}, {name}", r["seed"], len(r["history"]), r["best_epoch"],
             f"{r['seconds']:.1f}", figure(r["metric"], [r["test"][r["metric"]]])]
            for task, _, name, group in all_runs(results) for r in group]
    return join(
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
                       "that was kept"}, runs))
