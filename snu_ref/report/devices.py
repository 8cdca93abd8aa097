"""The report on phase-change devices: four ways, drift and its compensation, few bits."""
from ..experiments.comparison import figure, interval, of_summary
from ..experiments.in_memory import HOUR, way_summary
from ..tasks.progress import time_name
from ..tasks.statistics import nested, paired
from .figures import figures_of_part
from .page import element, paragraph, section, table

WAYS = {  # of in_memory.WAYS
    "software": "float weights in the network",
    "quantised": "updates in whole steps, ideal devices without noise",
    "in the loop": "every pass on weights as read, every update by blind pulses",
    "programmed": "trained in software, programmed once, read 20 s later",
}
COUNTERS = {  # key: (name, what it counts)
    "set_pulses": ("SET pulses", "pulses that raise a conductance a little"),
    "refreshes": ("Refreshes", "pairs of devices that were rewritten because one was nearly full"),
    "resets": ("RESETs", "pulses that set a device back to its lowest conductance"),
    "device_reads": ("Device reads", "reads of one device"),
}
FIGURES = ("Music: test NLL in nats a step, lower is better; digits: test accuracy in per cent, "
           "higher is better.")


def memory(results, folder):
    """The in-memory experiment, drift, and few bits."""
    m = results["memory"]
    rows = []
    for way, row in m["ways"].items():
        counts = [f"{row['counters'][key]:,}" if row["counters"] else "–" for key in COUNTERS]
        rows.append([element("span", way, element("span", WAYS[way], class_="source")),
                     of_summary("nll", way_summary(row, m["device_seeds"])), *counts])
    lengths = " and ".join(f"{n} epochs for the {task}"
                           for task, n in m["precision_epochs"].items())
    return section(
        "memory", 2, "Weights on phase-change devices",
        paragraph("Both weight matrices of the music network, 88-150-88 SNUs, are on "
                  f"{m['devices']:,} devices, two a weight: W = (G+ − G−)/scale. The paper's chip "
                  "has the same number. Its update protocol is not published where we can read "
                  "it: update rule, refresh and settings here are declared substitutes and our "
                  "choice. The statistics of the devices are from published measurements."),
        table(f"Four ways to have the weights, from seed {results['seed']}, the last epoch of "
              "each.",
              {"Way": "how the weights came about",
               "Test NLL": "nats a step, lower is better; ± is the sample standard deviation over "
               f"{m['device_seeds']} device seeds, that is, sets of devices",
               **dict(COUNTERS.values())}, rows),
        figures_of_part("memory", results, folder),
        section("drift", 3, "Drift", paragraph(
            "Conductances fall with time, as a power of the time since a device was written. "
            "Compensation measures the response of a matrix, compares it with that at 20 s, and "
            "multiplies by the ratio: one factor for the whole matrix."),
            _over_time(m), *_first_hour(m), figures_of_part("drift", results, folder)),
        section("bits", 3, "Few bits", paragraph(
            "How many bits does a weight need? It is rounded once, after training, or in training, "
            "where a float weight behind it gathers the updates. The protocol is ours."),
            _bits(m, lengths), figures_of_part("bits", results, folder)))


def _over_time(m):
    sweeps = m["over_time"]
    head = {"Time": "since programming; software: the weights in float",
            **{f"{task}, {kind}": "" for task in sweeps
               for kind in ("uncompensated", "compensated")}}
    rows = [[time_name(t)] + [_mean(s, [values[i] for values in s[kind]])
                              for s in sweeps.values() for kind in ("raw", "compensated")]
            for i, t in enumerate(list(sweeps.values())[0]["times"])]
    foot = [["software"] + [(figure(s["metric"], [s["software"]]), 2) for s in sweeps.values()]]
    return table(f"Programmed once and read later. {FIGURES} {_spread_of(m)}", head, rows,
                 foot=foot)


def _spread_of(m):
    networks = list(m["over_time"].values())[0].get("networks", 1)
    return ("± is the sample standard deviation "
            + (f"of the means of {networks} networks, each on {m['device_seeds']} sets of devices."
               if networks > 1 else f"over {m['device_seeds']} sets of devices."))


def _mean(sweep, values):
    return of_summary(sweep["metric"], _over_pairs(sweep, values))


def _over_pairs(sweep, values):
    """The Summary over the networks if there are several, else over the devices of the one."""
    n = sweep.get("networks", 1)
    each = len(values) // n
    between, _ = nested([values[i * each:(i + 1) * each] for i in range(n)])
    return between if n > 1 else paired(values, [0.0] * len(values))


def _first_hour(m):
    """Is compensation worse than none in the first hour, and why? Nothing for one device seed."""
    if m["device_seeds"] < 2:
        return
    head, rows = {"Time": "since programming"}, {}
    for task, s in m["over_time"].items():
        head[f"{task}: compensated less uncompensated"] = ""
        for i, t in enumerate(s["times"]):
            if i and t <= HOUR:
                gap = [c[i] - r[i] for c, r in zip(s["compensated"], s["raw"])]
                rows.setdefault(time_name(t), []).append(_with_interval(s, gap))
    yield paragraph(element("strong", "Is compensation worse than none in the first hour? "),
                    *_answer(m))
    yield table("Compensated less uncompensated, in pairs: each pair is one network on one set of "
                f"devices, read both ways. In brackets the 95 % interval of the mean. {FIGURES}",
                head, [[t, *cells] for t, cells in rows.items()])
    if all("shrunk" in s for s in m["over_time"].values()):
        yield paragraph(
            element("strong", "Why. "), "Programming leaves an error in every weight, and a "
            "network with such errors is surer of its answers than it should be. Drift makes all "
            "weights smaller, and a network with smaller weights is less sure. NLL punishes a "
            "network that is sure and wrong, so drift helps at first. Compensation makes the "
            "weights large again. Accuracy depends on the largest output alone, not on how sure "
            "the network is. The next table tests this: it takes the weights as read at "
            "20 s and makes them only smaller, by the factor of the compensation at a later time. "
            "If the explanation is right, its two columns of a task agree.")
        yield _shrunk(m)


def _answer(m):
    for task, s in m["over_time"].items():
        late = max(i for i, t in enumerate(s["times"]) if t <= HOUR)
        gaps = [c[late] - r[late] for c, r in zip(s["compensated"], s["raw"])]
        of = _over_pairs(s, gaps)
        worse = (of.mean < 0) == (s["metric"] == "accuracy")
        when = time_name(s["times"][late])
        yield (f"{task.capitalize()}, after {when}: " + (
            "not told apart" if of.low <= 0 <= of.high else
            "yes, it is worse" if worse else "no, it is better") + ". ")


def _shrunk(m):
    head, rows = {"Time": "since programming"}, {}
    for task, s in m["over_time"].items():
        head |= {f"{task}, drifted": "", f"{task}, only smaller": ""}
        for i, t in enumerate(s["times"]):
            if i and t <= HOUR:
                for later in (s["raw"], s["shrunk"]):
                    gap = [b[i] - a[0] for a, b in zip(s["raw"], later)]
                    rows.setdefault(time_name(t), []).append(_with_interval(s, gap))
    return table("What drift changes, and what smaller weights alone change. Drifted: the figure "
                 "at that time, uncompensated, less that at 20 s. Only smaller: the figure of the "
                 "weights as read at 20 s, divided by the factor of the compensation, less that at "
                 f"20 s. 95 % intervals in brackets. {FIGURES}",
                 head, [[t, *cells] for t, cells in rows.items()])


def _with_interval(s, gaps):
    of = _over_pairs(s, gaps)
    return element("span", f"{figure(s['metric'], [of.mean])} [{interval(s['metric'], of)}]",
                   class_="number")


def _bits(m, lengths):
    sweeps = m["precision"]
    head = {"Bits": "of a weight; float: weights that are not rounded",
            **{f"{task}, rounded {kind} training": "" for task in sweeps
               for kind in ("after", "in")}}
    rows = [[b] + [figure(s["metric"], [s[kind][i]]) for s in sweeps.values()
                   for kind in ("after", "during")]
            for i, b in enumerate(list(sweeps.values())[0]["bits"])]
    foot = [["float"] + [(figure(s["metric"], [s["software"]]), 2) for s in sweeps.values()]]
    return table(f"Rounded in training: new runs, shorter than that in float, of {lengths}. "
                 + FIGURES, head, rows, foot=foot)
