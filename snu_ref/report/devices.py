"""The report on phase-change devices: four ways to get weights, drift, weights of few bits."""
from ..experiments.comparison import interval, number
from ..experiments.in_memory import (COUNTERS, HOUR, WAYS, networks_and_devices, precision_table,
                                     time_table, way_cells)
from ..tasks.progress import time_name
from ..tasks.statistics import summary
from .page import element, join, table


def parts(results):
    """This part of page.html: dict from names to Html or text."""
    m = results["memory"]
    sweeps, n = m["over_time"], m["device_seeds"]
    networks = next(iter(sweeps.values())).get("networks", 1)
    return {
        "devices": f"{m['devices']:,}", "device_seeds": n,
        "ways": table(
            ("Way", "Test NLL", *COUNTERS.values()),
            [[element("span", way, element("span", WAYS[way], class_="source")), *way_cells(row, n)]
             for way, row in m["ways"].items()]),
        "spread_of_devices": "± is the sample standard deviation " + (
            f"between {networks} networks, followed by that between the {n} sets of devices of a "
            "network." if networks > 1 else f"over {n} sets of devices."),
        "drift": table(*time_table(sweeps)), "bits": table(*precision_table(m["precision"])),
        "answer_of_devices": join(*(_answer(task, sweep) for task, sweep in sweeps.items())),
        "compensation": _first_hour(sweeps, {
            "compensated minus uncompensated": lambda s, i: _less_raw(s, "compensated", i, i)}),
        "smaller": _first_hour(sweeps, {
            "drifted": lambda s, i: _less_raw(s, "raw", i, 0),
            "only smaller": lambda s, i: _less_raw(s, "shrunk", i, 0)}),
        "lengths": " and ".join(f"{epochs} epochs for the {task}"
                                for task, epochs in m["precision_epochs"].items())}


def _less_raw(sweep, kind, i, start):
    """Results of a kind at time i minus raw ones at `start`; [] without "shrunk" (in 0.1.0)."""
    return [later[i] - raw[start] for raw, later in zip(sweep["raw"], sweep.get(kind, ()))]


def _first_hour(sweeps, columns):
    """Differences within the first hour as a table; columns: {name: function of sweep, index}."""
    times = next(iter(sweeps.values()))["times"]
    return table(("Time", *(f"{task}: {name}" for task in sweeps for name in columns)),
                 [[time_name(t), *(_with_interval(s, differences(s, i)) for s in sweeps.values()
                                   for differences in columns.values())]
                  for i, t in enumerate(times) if i and t <= HOUR])


def _summary(sweep, values):
    """The Summary over the networks; for a single network, over its sets of devices."""
    between, _ = networks_and_devices(sweep, values)
    return between if between.n > 1 else summary(values)


def _with_interval(sweep, values):
    if not values:
        return "–"
    of, metric = _summary(sweep, values), sweep["metric"]
    return element("span", f"{number(metric, of.mean)} [{interval(metric, of)}]", class_="number")


def _answer(task, sweep):
    late = max(i for i, t in enumerate(sweep["times"]) if t <= HOUR)
    of = _summary(sweep, _less_raw(sweep, "compensated", late, late))
    worse = (of.mean < 0) == (sweep["metric"] == "accuracy")
    return f"{task.capitalize()}, after {time_name(sweep['times'][late])}: " + (
        "one set of devices has no interval" if of.sd is None else
        "no clear difference" if of.low <= 0 <= of.high else
        "yes, it is worse" if worse else "no, it is better") + ". "
