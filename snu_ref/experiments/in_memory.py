"""The in-memory experiment: music with the weights of the network on phase-change devices.

The network is 88-150-88, SNUs and a sigmoid output; both weight matrices are on differential pairs,
2 (88*150 + 150*88) = 52,800 devices, as in the paper. Biases and decay stay in software. It is
trained four ways, from one seed, with one table of settings and to the last epoch, since what is on
devices cannot be taken back:

    software      float weights in the network
    quantised     updates in whole steps of epsilon on ideal devices, without noise
    in the loop   every pass on weights as read, every update by blind pulses
    programmed    the software network, programmed once in closed loop and read 20 s later

The update rule, the refresh and the figure on hardware are not in what we could read of the paper;
those here are declared substitutes and our choice (`snu_ref.pcm`). So are the settings: weight 1 at
16 uS, Adam with a learning rate of 0.01, chosen on validation data.

Also here: the figures of a programmed network over a year of drift, and against the bits of a
weight. The latter follows a protocol of ours; that of the journal version's Fig. 4 is not known to
us.

Source: network and device count, the charts that `snu_ref.tasks.published` names.
"""
import math

import numpy as np

from ..pcm import PCMArray
from ..pcm.in_loop import round_to_bits
from ..tasks.presets import find_preset
from ..tasks.progress import time_name
from ..tasks.run import run_task
from ..tasks.statistics import from_moments, nested, summary
from ..tasks.training import make_store
from .comparison import figure

WAYS = ("software", "quantised", "in the loop", "programmed")
HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_536_000.0
TIMES = (20.0, 60.0, 600.0, HOUR, DAY, 7 * DAY, 30 * DAY, YEAR)  # seconds after programming
BITS = (2, 3, 4, 5, 6, 8)


PRESETS = {"software": "small", "quantised": "quantised", "in the loop": "pcm"}


def train_way(way, loaded, seed, *, stream=None, **changes):
    """Train one of the three ways that train; returns a dict of its figures, and the Run.

    loaded: the music task for unit "snu". The dict has nll (test), history, settings, and counters
    where there are devices.
    """
    changes = {**changes, "store": None} if way == "software" else changes
    table = find_preset("music", "snu", "pcm" if way == "software" else PRESETS[way])
    run = run_task(loaded, table, seed, preset=PRESETS[way], stream=stream, **changes)
    return {"nll": run.results["test"]["nll"], "history": run.trained.history,
            "seconds": run.results["seconds"],
            "counters": getattr(run.trained.store, "counters", {}),
            "settings": run.results["settings"]}, run


def programmed_once(run, seed, device_seeds):
    """The fourth way: a software network, read 20 s after programming; a figure a device seed."""
    figures = [programmed(run, [TIMES[0]], device_seed, metric="nll", compensate=False)[0]
               for device_seed in range(seed, seed + device_seeds)]
    return {"nll": float(np.mean(figures)), "figures": figures, "history": [], "seconds": 0.0,
            "counters": {}}


def train_ways(loaded, seed, *, device_seeds=5, stream=None, **changes):
    """All four ways; returns a dict from WAYS to a dict each, and the three Runs by way."""
    rows, runs = {}, {}
    for way in PRESETS:
        rows[way], runs[way] = train_way(way, loaded, seed, stream=stream, **changes)
    rows["programmed"] = programmed_once(runs["software"], seed, device_seeds)
    return rows, runs


def way_summary(row, device_seeds):
    """The Summary of the test NLL of a row of `train_ways`, over its device seeds if it has any.

    Results of 0.1.0 hold a "spread" instead of the figures, with their squares divided by n.
    """
    if "figures" in row:
        return summary(row["figures"])
    if "spread" in row and device_seeds > 1:
        return from_moments(device_seeds, row["nll"],
                            row["spread"] * math.sqrt(device_seeds / (device_seeds - 1)))
    return summary([row["nll"]])


def table(rows, n_devices):
    """The four ways as text."""
    lines = [f"{n_devices:,} devices, two a synapse; update rule, refresh and settings are our "
             "choice",
             f"{'way':12} {'test NLL':>14} {'SET pulses':>11} {'refreshes':>10} {'RESETs':>8} "
             f"{'device reads':>13} {'seconds':>8}"]
    for way, row in rows.items():
        c = row["counters"]
        nll = figure("nll", row.get("figures", [row["nll"]]))
        counts = " ".join(f"{c[key]:{width},}" if c else f"{'-':>{width}}" for key, width in
                          (("set_pulses", 11), ("refreshes", 10), ("resets", 8),
                           ("device_reads", 13)))
        lines.append(f"{way:12} {nll:>14} {counts} {row['seconds']:8.1f}")
    return "\n".join(lines)


def conductances(store):
    """The true conductances of all devices of a PCMStore at its clock: (devices,), uS."""
    return np.concatenate([array.conductance(array.now).ravel() for array in store.arrays.values()])


def conductances_at_start(run, seed):
    """Those of the store that the run from `seed` began with."""
    rng = np.random.default_rng(seed)
    return conductances(make_store(run.loaded.task.network(run.settings, rng), run.settings, rng))


def wanted_and_read(run, device_seed):
    """Weights of a software network, and as read 20 s after programming: two arrays (synapses,)."""
    rng = np.random.default_rng([device_seed, 4])
    wanted = [W.astype(np.float64) for name, W in run.network.params.items() if name.endswith(".W")]
    read = [PCMArray.from_weights(W, noise=rng, read_noise="1/f").read_weights(TIMES[0])
            for W in wanted]
    return tuple(np.concatenate([W.ravel() for W in part]) for part in (wanted, read))


# ---- inference over time ------------------------------------------------------------------------

def programmed(run, times, device_seed, *, metric, compensate, shrunk=False, split="test"):
    """Figures of a trained network at `times` (s); its matrices were programmed at time 0.

    Each matrix goes on an array of its own, its largest weight on 25 uS, read device by device with
    1/f noise; compensate: global drift compensation, calibrated at the first of the times. shrunk:
    each matrix is the one read at the first time, divided by the factor that compensates for the
    drift until `times`: as small as drift makes it, but without the noise of a later read.
    """
    rng = np.random.default_rng([device_seed, 4])
    network, settings, task = run.network, run.settings, run.loaded.task
    params = network.params
    kept = {name: params[name].copy() for name in params if name.endswith(".W")}
    arrays = {name: PCMArray.from_weights(W.astype(np.float64), noise=rng, read_noise="1/f")
              for name, W in kept.items()}
    figures, first = [], {}
    for i, t in enumerate(times):
        for name, array in arrays.items():
            if compensate or shrunk:
                array.compensate(t) if i else array.calibrate(t)
            if i == 0 or not shrunk:
                first[name] = array.read_weights(t)
            params[name][...] = first[name] / (array.drift_factor if shrunk else 1.0)
        figures.append(task.evaluate(network, split, settings, device_seed)[metric])
    for name, W in kept.items():
        params[name][...] = W
    return figures


def over_time(run, *, metric, seed, device_seeds=8, times=TIMES):
    """Test figures over `times`, with and without drift compensation.

    Returns a dict: times, software (the figure in float), for "raw" and "compensated" a list of
    device_seeds lists, one figure a time, and for "shrunk" the same at the times up to an hour.
    Lists of several networks may follow one another; the dict then has "networks", their number.
    """
    seeds = range(seed, seed + device_seeds)
    hour = [t for t in times if t <= HOUR]
    return {"metric": metric, "times": list(times), "software": run.results["test"][metric],
            **{name: [programmed(run, at, s, metric=metric, compensate=compensate, shrunk=shrunk)
                      for s in seeds]
               for name, at, compensate, shrunk in (("raw", times, False, False),
                                                    ("compensated", times, True, False),
                                                    ("shrunk", hour, False, True))}}


def joined(sweeps):
    """Sweeps of several networks as one: their device seeds one after the other."""
    return {**sweeps[0], "networks": len(sweeps),
            "software": float(np.mean([sweep["software"] for sweep in sweeps])),
            **{kind: [figures for sweep in sweeps for figures in sweep[kind]]
               for kind in ("raw", "compensated", "shrunk")}}


def time_table(sweeps):
    """Sweeps over time as text; sweeps: dict from task to what `over_time` returns."""
    lines = [f"{'time':>8}" + "".join(f"  {task + ', ' + kind:>26}" for task in sweeps
                                      for kind in ("raw", "compensated"))]
    for i, t in enumerate(next(iter(sweeps.values()))["times"]):
        lines.append(f"{time_name(t):>8}" + "".join(
            f"  {_spreads(sweep, [figures[i] for figures in sweep[kind]]):>26}"
            for sweep in sweeps.values() for kind in ("raw", "compensated")))
    lines.append(f"{'software':>8}" + "".join(
        f"  {(100 if s['metric'] == 'accuracy' else 1) * s['software']:26.2f}  {'':26}"
        for s in sweeps.values()))
    return "\n".join(lines)


def _spreads(sweep, values):
    """The mean of a sweep's figures at one time; deviations between networks, between devices."""
    factor, unit = (100, " %") if sweep["metric"] == "accuracy" else (1, "")
    between, within = nested(np.reshape(values, (sweep.get("networks", 1), -1)).tolist())
    spreads = "; ".join(f"{factor * sd:.2f}" for sd in (between.sd, within) if sd is not None)
    return f"{factor * between.mean:.2f}{unit}" + f" +- {spreads}" * bool(spreads)


# ---- limited precision --------------------------------------------------------------------------

def rounded_after(run, bits, seed):
    """The test figure of a trained network whose weights are rounded to each of some `bits`."""
    params, figures = run.network.params, []
    kept = {name: params[name].copy() for name in params if name.endswith(".W")}
    for b in bits:
        for name, W in kept.items():
            params[name][...] = round_to_bits(W.astype(np.float64), b)
        figures.append(run.loaded.task.evaluate(run.network, "test", run.settings, seed)
                       [run.results["metric"]])
    for name, W in kept.items():
        params[name][...] = W
    return figures


def rounded_during(loaded, table, bits, seed, **changes):
    """The test figure of a network that is trained, from `table`, on weights of so many bits."""
    results = run_task(loaded, table, seed, **changes, store={"kind": "rounded", "bits": bits}
                       ).results
    return results["test"][results["metric"]]


def precision_table(sweeps):
    """Sweeps over bits as text; sweeps: dict from task to what `precision` returns."""
    lines = ["bits of a weight (a protocol of ours)",
             f"{'bits':>8}" + "".join(f"  {task + ', rounded ' + kind:>32}" for task in sweeps
                                      for kind in ("after", "in training"))]
    for i, b in enumerate(next(iter(sweeps.values()))["bits"]):
        cells = "".join(f"  {_shown(s['metric'], s[kind][i]):>32}" for s in sweeps.values()
                        for kind in ("after", "during"))
        lines.append(f"{b:8}" + cells)
    lines.append(f"{'float':>8}" + "".join(f"  {_shown(s['metric'], s['software']):>32}  {'':32}"
                                          for s in sweeps.values()))
    return "\n".join(lines)


def _shown(metric, value):
    return f"{100 * value:.2f} %" if metric == "accuracy" else f"{value:.3f}"
