"""Tasks, inhibition, gradients, what was run, and its settings: tables from results.json.

Every number comes from results.json and is rounded.
"""
from ..experiments.comparison import baseline_rows, compared, figure, unit_rows
from ..experiments.inhibition import inhibition_table
from ..experiments.reproduction import TASKS
from ..tasks.settings import SETTINGS
from .page import element, join, table


def parts(results):
    """These parts of page.html: dict from names to Html or text."""
    seeds = results["seeds"]
    sample = [" ".join(line.split()) for line in results["sample"].splitlines() if line.strip()]
    return {
        "seed": results["seed"], "gradients_agree": agreement(results),
        "gradients": gradients(results), "sample": "\n".join(sample),
        "spread": f"Mean ± sample standard deviation of {seeds} seeds." if seeds > 1 else join(
            "This is one seed, and another seed gives other results: ",
            element("code", "reproduce --seeds 5"), " shows how much they vary."),
        **{task: of_task(task, results) for task in TASKS},
        **{f"{task}_data": "; ".join(results["facts"][task]) for task in TASKS},
        "inhibition": table(("Inhibition", "Test accuracy (%)", "Hidden spikes a digit"),
                            [row[:3] for row in inhibition_table(results["inhibition"])[1]]),
        **made(results),
        "settings": join(settings_in_words(results),
                         *(settings_table(part, results) for part in (*TASKS, "memory")))}


def agreement(results):
    """Whether all gradients agree, in a sentence."""
    pieces, bounds = results["gradients"], results["bounds"]
    failed, tensors, zero = (sum(s[key] for s in pieces) for key in ("failed", "tensors", "zero"))
    if failed:
        return join(element("strong", "Not all gradients are right: "),
                    f"{failed} of {tensors:,} tensors are wrong.")

    def number(value, digits):  # keeps 1e-13 on one line
        return element("span", f"{value:.{digits}e}", class_="number")

    complex_step, twin = ((number(max(s[method] for s in pieces), 1), number(bounds[method], 0))
                          for method in ("complex", "twin"))
    return join(
        element("strong", "All gradients agree: "),
        f"{tensors - zero:,} tensors agree with the complex step to ", complex_step[0],
        " of their largest element (bound ", complex_step[1],
        "), and with a second derivation to ", twin[0], " (bound ", twin[1],
        f"); {zero} are exactly zero, as expected.")


def gradients(results):
    """The table of gradient checks: one row for each piece."""
    bounds, methods = results["bounds"], ("central", "complex", "twin")
    return table(
        ("Piece", "Variants", "Tensors", "Zero", "Central", "Complex", "Twin", "Failed"),
        [[s["piece"], s["variants"], f"{s['tensors']:,}", s["zero"] or "–",
          *(f"{s[method]:.1e}" for method in methods), s["failed"] or "none"]
         for s in results["gradients"]],
        foot=[["Bound", ("", 3), *(f"{bounds[method]:.0e}" for method in methods), ""]])


def of_task(task, results):
    """The table of a task: its units and simple models, and the paper's results."""
    rows = [[name, parameters, shown, seconds,
             element("span", theirs, *([element("span", network, class_="source")] if network
                                       else []))]
            for name, parameters, shown, _, _, seconds, (theirs, network)
            in unit_rows(task, results)]
    return table(("Unit", "Parameters", "Test", "Seconds", "Published"), rows,
                 [[name, "", shown, "", ""] for name, shown in baseline_rows(task, results)])


def made(results):
    """The command, the versions, the times, and the runs."""
    seeds = [str(results["seed"] + i) for i in range(results["seeds"])]
    facts = [("Command", element("code", results["command"])),
             ("Started", results["started"][:16].replace("T", " ") + " UTC"),
             ("Seeds", ", ".join(seeds)), *results["machine"].items()]
    times = [[part["part"], f"{part['seconds']:.1f}", f"{part['processor']:.1f}"]
             for part in (*results["parts"], {**results, "part": "all"})]
    runs = [[f"{task}, {name}", r["seed"], len(r["history"]), r["best_epoch"],
             f"{r['seconds']:.1f}", figure(r["metric"], [r["test"][r["metric"]]])]
            for task, _, name, group in compared(results) for r in group]
    return {"facts": join(*(join(element("dt", name), element("dd", value))
                            for name, value in facts)),
            "times": table(("Part", "Clock", "Processor"), times[:-1], foot=times[-1:]),
            "runs": table(("Run", "Seed", "Epochs", "Kept", "Seconds", "Test"), runs)}


# ---- settings: one row for each setting, one column for each run --------------------------------

def settings_table(part, results):
    """The settings of a task's units or, for part "memory", of the ways to train.

    If all columns agree in value and source, a single cell spans them.
    """
    if part == "memory":
        columns = {way: row["settings"] for way, row in results["memory"]["ways"].items()
                   if "settings" in row}
        caption = "Weights on phase-change devices (music, SNU)."
    else:
        columns = {name: group[0]["settings"] for task, _, name, group in compared(results)
                   if task == part}
        caption = f"{part.capitalize()}."
    rows = []
    for name in dict.fromkeys(name for settings in columns.values() for name in settings):
        choices = [settings.get(name) for settings in columns.values()]
        agree = len(choices) > 1 and all(choice == choices[0] for choice in choices)
        rows.append([name.replace("_", " "), *([(_cell(choices[0]), len(choices))] if agree
                                               else map(_cell, choices))])
    return element("figure", element("figcaption", caption), element(
        "div", table(["Setting", *columns], rows, class_="settings"), class_="scroll",
        role="region", aria_label=caption, tabindex="0"), class_="table short")


def settings_in_words(results):
    """A paragraph that explains each setting, by the names in the tables."""
    used = dict.fromkeys(name for r in results["runs"] for name in r["settings"])
    return element("p", *(part for name in used if name in SETTINGS for part in (
        element("strong", name.replace("_", " ")), f": {SETTINGS[name][0]}. ")),
        class_="explained")


def _cell(choice):
    if choice is None:
        return "–"
    return element("span", value_in_words(choice["value"]),
                   element("span", choice["source"], class_="source"))


def value_in_words(value):
    """A setting's value as text for a reader.

    >>> value_in_words({"g": "identity", "recurrent": True}), value_in_words([256, 256])
    ('g identity, recurrent', '256, 256')
    >>> value_in_words(None), value_in_words({}), value_in_words(False), value_in_words(0.005)
    ('none', 'defaults', 'no', '0.005')
    """
    if isinstance(value, dict):
        parts = [name.replace("_", " ") if item is True
                 else f"{name.replace('_', ' ')} {value_in_words(item)}"
                 for name, item in value.items()]
        return ", ".join(parts) or "defaults"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_in_words, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
