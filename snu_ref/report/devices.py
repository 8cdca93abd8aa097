"""The report on phase-change devices: four ways, drift and its compensation, few bits."""
from ..experiments.comparison import interval, number
from ..experiments.in_memory import (COUNTERS, HOUR, WAYS, networks_and_devices, precision_table,
                                     time_table, way_cells)
from ..tasks.progress import time_name
from ..tasks.statistics import summary
from .page import captioned, element, join, table

FIGURES = ("Music: test NLL in nats a step, lower is better; digits: test accuracy in per cent, "
           "higher is better.")


def parts(results):
    """What page.html has in this part: dict from names to Html or text."""
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
            f"between {networks} networks; behind it stands that between the {n} sets of devices "
            "of a network." if networks > 1 else f"over {n} sets of devices."),
        "drift": table(*time_table(sweeps)), "bits": table(*precision_table(m["precision"])),
        "first_hour": join(*_first_hour(sweeps) if n > 1 else ()),
        "lengths": " and ".join(f"{epochs} epochs for the {task}"
                                for task, epochs in m["precision_epochs"].items())}


def _first_hour(sweeps):
    """Is compensation worse than none in the first hour, and why?"""
    yield element("p", element("strong", "Is compensation worse than none in the first hour? "),
                    *(_answer(task, s) for task, s in sweeps.items()))
    yield _differences(
        "Compensated less uncompensated, in pairs: each pair is one network on one set of devices, "
        "read both ways.", sweeps, {"compensated less uncompensated": _compensated})
    if all("shrunk" in s for s in sweeps.values()):
        yield element(
            "p", element("strong", "Why. "), "Programming leaves an error in every weight, and a "
            "network with such errors is surer of its answers than it should be. Drift makes all "
            "weights smaller, and a network with smaller weights is less sure. NLL punishes a "
            "network that is sure and wrong, so drift helps at first. Compensation makes the "
            "weights large again. Accuracy depends on the largest output alone, not on how sure "
            "the network is. The next table tests this: it takes the weights as read at 20 s and "
            "makes them only smaller, by the factor of the compensation at a later time. If the "
            "explanation is right, its two columns of a task agree.")
        yield _differences(
            "What drift changes, and what smaller weights alone change. Drifted: the figure at "
            "that time, uncompensated, less that at 20 s. Only smaller: the figure of the weights "
            "as read at 20 s, divided by the factor of the compensation, less that at 20 s.",
            sweeps, {"drifted": lambda s, i: _less_first(s, s["raw"], i),
                     "only smaller": lambda s, i: _less_first(s, s["shrunk"], i)})


def _compensated(s, i):
    return [c[i] - r[i] for c, r in zip(s["compensated"], s["raw"])]


def _less_first(s, later, i):
    return [b[i] - a[0] for a, b in zip(s["raw"], later)]


def _differences(caption, sweeps, columns):
    """A table of the first hour; columns: dict from names to functions of a sweep and a place."""
    times = next(iter(sweeps.values()))["times"]
    return captioned(
        f"{caption} In brackets the 95 % interval of the mean. {FIGURES}",
        {"Time": "since programming",
         **{f"{task}: {name}": "" for task in sweeps for name in columns}},
        [[time_name(t), *(_with_interval(s, differences(s, i)) for s in sweeps.values()
                          for differences in columns.values())]
         for i, t in enumerate(times) if i and t <= HOUR])


def _summary(sweep, values):
    """The Summary over the networks if there are several, else over the devices of the one."""
    between, _ = networks_and_devices(sweep, values)
    return between if between.n > 1 else summary(values)


def _with_interval(sweep, values):
    of, metric = _summary(sweep, values), sweep["metric"]
    return element("span", f"{number(metric, of.mean)} [{interval(metric, of)}]", class_="number")


def _answer(task, sweep):
    late = max(i for i, t in enumerate(sweep["times"]) if t <= HOUR)
    of = _summary(sweep, _compensated(sweep, late))
    worse = (of.mean < 0) == (sweep["metric"] == "accuracy")
    return f"{task.capitalize()}, after {time_name(sweep['times'][late])}: " + (
        "not told apart" if of.low <= 0 <= of.high else
        "yes, it is worse" if worse else "no, it is better") + ". "
