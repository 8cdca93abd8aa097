"""The figures of a report: the part in which each stands, its caption, and in words what it shows.

The words for those who do not see a figure carry its main numbers, taken from the results.
"""
from ..experiments.comparison import all_runs, by_unit, figure, figures_of
from ..experiments.in_memory import time_table
from ..tasks.progress import time_name
from ..tasks.units import UNITS
from . import page as html

METRICS = {"accuracy": "accuracy in per cent", "nll": "negative log-likelihood in nats a step",
           "perplexity": "perplexity"}


def figures_of_part(part, results, folder):
    """The figures of one part that the run has drawn, in pairs; nothing if there are none."""
    drawn = [html.figure(folder / name, words if isinstance(words, str) else words(results),
                         caption)
             for name, (place, caption, words) in CAPTIONS.items()
             if place == part and name in results["figures"]]
    return html.element("div", *drawn, class_="pairs") if drawn else html.Html()


# ---- in words, with numbers: one function for each kind of figure -------------------------------

def _learning(task):
    def words(results):
        runs = [group[0] for (name, _), group in by_unit(results["runs"]).items() if name == task]
        metric = runs[0]["metric"]
        best = "; ".join(
            f"{UNITS[r['unit']][0]} {figure(metric, [r['history'][r['best_epoch'] - 1][metric]])} "
            f"in epoch {r['best_epoch']}" for r in runs)
        return ("Two panels of lines against the epoch, one line a unit: the training loss, and "
                f"the validation {METRICS[metric]}. Epoch kept: {best}.")
    return (task, "Training loss (above, logarithmic) and validation figure (below) against the "
                  "epoch. A mark shows the epoch that was kept.", words)


def _claim(results):
    points = "; ".join(f"{task}, {name}: {group[0]['parameters']:,} parameters, "
                       f"{figure(group[0]['metric'], figures_of(group))}"
                       for task, _, name, group in all_runs(results))
    return f"Three panels, one a task, a mark a unit, test figure against parameters: {points}."


def _input_weights(results):
    without, inhibited = results["inhibition"]
    return ("The input weights of 40 hidden units as images of 8 by 8 pixels, blue below and red "
            f"above zero, without inhibition ({without['spikes']:.0f} spikes a digit) above and "
            f"with it ({inhibited['spikes']:.0f}) below.")


def _ways(results):
    last = "; ".join(f"{way} {row['history'][-1]['nll']:.3f}"
                     for way, row in results["memory"]["ways"].items() if row["history"])
    return ("Three lines of validation loss against the epoch. In the last epoch, in nats a step: "
            f"{last}.")


def _year(task):
    def words(results):
        sweep = results["memory"]["over_time"][task]
        _, raw, compensated = time_table({task: sweep})[1][-1]
        return (f"Test {METRICS[sweep['metric']]} against the time since programming, two lines "
                f"with bands. After {time_name(sweep['times'][-1])}: {raw} without compensation "
                f"of drift, {compensated} with it; in software "
                f"{figure(sweep['metric'], [sweep['software']])}.")
    return words


def _bits(task):
    def words(results):
        sweep = results["memory"]["precision"][task]
        metric = sweep["metric"]
        after, during, software = (figure(metric, [value]) for value in (
            sweep["after"][0], sweep["during"][0], sweep["software"]))
        drawn = "error in per cent" if metric == "accuracy" else METRICS[metric]
        return (f"Test {drawn} against the bits of a weight, two lines. Test {METRICS[metric]} "
                f"with {sweep['bits'][0]} bits: {after} rounded after training, {during} rounded "
                f"in training; in float {software}.")
    return words


CAPTIONS = {  # file: (part, caption, its words or a function of the results)
    "claim.png": ("claim", "Test figure against the number of trainable parameters. Hollow marks: "
                           "without membrane. Bars, where there are several seeds: sample standard "
                           "deviation.", _claim),
    "neuron.png": ("digits", "One hidden neuron of the trained SNU network while it reads a digit: "
                             "it charges, fires above its threshold, and is reset.",
                   "Two panels against time. Above, the state s of a hidden unit rises with its "
                   "input and falls back each time after it has passed the dashed threshold. "
                   "Below, a bar for each of these spikes."),
    "spikes.png": ("digits", "All spikes of the same network for the same digit, layer by layer.",
                   "Three rasters, one above the other, a row a unit and a mark a spike, against "
                   "the time step: the 64 pixels, the hidden units, and the ten outputs."),
    "learning_curves_digits.png": _learning("digits"),
    "piano_roll.png": ("music", "The first test chorale, and what the sSNU network expected at "
                                "each step, before it heard it.",
                       "Two piano rolls, pitch against time. Above, the notes of a chorale, four "
                       "voices moving by small steps. Below, the probability that the network "
                       "gave each note beforehand."),
    "learning_curves_music.png": _learning("music"),
    "learning_curves_language.png": _learning("language"),
    "input_weights.png": ("inhibition",
                          "What the 40 hidden units with the largest weights have learnt to look "
                          "for, without and with lateral inhibition.", _input_weights),
    "pcm_learning_curves.png": ("memory", "Validation loss of the three ways that train.", _ways),
    "pcm_conductances.png": ("memory",
                             "Conductances of all devices before and after training in the loop.",
                             "Two histograms of the conductances of all devices, 0 to 25 "
                             "microsiemens, counts on a logarithmic axis: as first programmed, and "
                             "after training."),
    "pcm_wanted_and_read.png": ("memory",
                                "Weights of the software network as wanted, and as read 20 s after "
                                "they were programmed.",
                                "Weights as read against weights as wanted, as a density of "
                                "synapses: a band along the diagonal, as wide as the noise of "
                                "programming and reading."),
    "pcm_year_music.png": ("drift", "Music: a programmed network over time. Bands reach from the "
                                    "worst to the best of the device seeds.", _year("music")),
    "pcm_year_digits.png": ("drift", "Digits: the same.", _year("digits")),
    "bits_music.png": ("bits", "Music: weights of few bits, rounded after or in training.",
                       _bits("music")),
    "bits_digits.png": ("bits", "Digits: the same, as test error.", _bits("digits")),
}
