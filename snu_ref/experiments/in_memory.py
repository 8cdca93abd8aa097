"""The in-memory experiment: music with the weights of the network on phase-change devices.

The network is 88-150-88, SNUs and a sigmoid output. Both weight matrices are on differential pairs,
2 (88*150 + 150*88) = 52,800 devices, as in the paper. Biases and decay stay in software. The four
WAYS use the same seed and the same settings. All train to the last epoch, because devices cannot
go back to an earlier one.

We could not read the paper's update rule, refresh and result on hardware. The rules here are our
choice (`snu_ref.pcm`). So are the settings, chosen on validation data: 16 uS for weight 1, and Adam
with a learning rate of 0.01.

There are two more experiments: a programmed network over a year of drift, and weights of few bits.
The protocol of the second is our choice; we do not know that of the journal version's Fig. 4.

Source of the network and the number of devices: the charts named in snu_ref/tasks/published.ini.
"""
import math
from contextlib import contextmanager

import numpy as np

from ..pcm import PCMArray
from ..pcm.in_loop import round_to_bits
from ..tasks.presets import find_preset
from ..tasks.progress import time_name
from ..tasks.run import run_task
from ..tasks.statistics import from_moments, nested, summary
from ..tasks.training import prepare
from .comparison import aligned, figure, number, of_summary

WAYS = {
    "software": "float weights in the network",
    "quantised": "updates in whole steps of epsilon, ideal devices without noise",
    "in the loop": "every pass reads the weights from devices, every update sends blind pulses",
    "programmed": "trained in software, programmed once in closed loop, read 20 s later",
}
PRESETS = {"software": "pcm", "quantised": "quantised", "in the loop": "pcm"}  # ways that train
COUNTERS = {"set_pulses": "SET pulses", "refreshes": "Refreshes", "resets": "RESETs",
            "device_reads": "Device reads"}
HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_536_000.0
TIMES = (20.0, 60.0, 600.0, HOUR, DAY, 7 * DAY, 30 * DAY, YEAR)  # seconds after programming
BITS = (2, 3, 4, 5, 6, 8)


def train_way(way, loaded, seed, *, stream=None, **changes):
    """Train in one of the ways in PRESETS; returns a dict of results, and the Run.

    loaded: the music task for unit "snu". The dict has nll (test), history, seconds, settings and
    counters (empty without devices).
    """
    changes = {**changes, "store": None} if way == "software" else changes
    run = run_task(loaded, find_preset("music", "snu", PRESETS[way]), seed, preset=PRESETS[way],
                   stream=stream, **changes)
    return {"nll": run.results["test"]["nll"], "history": run.trained.history,
            "seconds": run.results["seconds"],
            "counters": getattr(run.trained.store, "counters", {}),
            "settings": run.results["settings"]}, run


def train_ways(loaded, seed, *, device_seeds=5, stream=None, **changes):
    """Train in all ways; returns a dict {way: its dict} of four ways, and the three Runs by way.

    The fourth way is the software network, read 20 s after programming, once for each device seed.
    """
    rows, runs = {}, {}
    for way in PRESETS:
        rows[way], runs[way] = train_way(way, loaded, seed, stream=stream, **changes)
    figures = [programmed(runs["software"], TIMES[:1], s)[0]
               for s in range(seed, seed + device_seeds)]
    rows["programmed"] = {"nll": float(np.mean(figures)), "figures": figures, "history": [],
                          "seconds": 0.0, "counters": {}}
    return rows, runs


def way_summary(row, device_seeds):
    """The Summary of the test NLL of a row of `train_ways`, over all its device seeds.

    Rows of 0.1.0 have no single results, only a "spread": a standard deviation with n, not n - 1.
    """
    if "spread" in row and device_seeds > 1:
        return from_moments(device_seeds, row["nll"],
                            row["spread"] * math.sqrt(device_seeds / (device_seeds - 1)))
    return summary(row.get("figures", [row["nll"]]))


def way_cells(row, device_seeds):
    """The cells of one way in the table: the test NLL and each of COUNTERS."""
    counters = row["counters"]
    return [of_summary("nll", way_summary(row, device_seeds)),
            *(f"{counters[key]:,}" if counters else "–" for key in COUNTERS)]


def table(rows, n_devices):
    """The four ways as text."""
    head = ("way", "test NLL", *COUNTERS.values(), "seconds")
    return (f"{n_devices:,} devices, two for each synapse; update rule, refresh and settings are "
            "our choice;\ntest NLL in nats a step\n" + aligned(
                head, [(way, *way_cells(row, 0), f"{row['seconds']:.1f}")
                       for way, row in rows.items()]))


# ---- devices and weights ------------------------------------------------------------------------

def conductances(run, seed):
    """True conductances of all devices at the start and the end of a run: (devices,) each, uS."""
    *_, start = prepare(run.task, run.settings, seed)
    return [np.concatenate([of.conductance(of.now).ravel() for of in store.arrays.values()])
            for store in (start, run.trained.store)]


def _arrays(weights, device_seed):
    """A PCMArray with 1/f noise for each matrix of a dict; its largest weight is at 25 uS."""
    rng = np.random.default_rng([device_seed, 4])
    return {name: PCMArray.from_weights(W.astype(np.float64), noise=rng, read_noise="1/f")
            for name, W in weights.items()}


def wanted_and_read(run, device_seed):
    """A software network's weights, and their readings 20 s after programming: (synapses,) each."""
    weights = {name: W for name, W in run.network.params.items() if name.endswith(".W")}
    read = [array.read_weights(TIMES[0]) for array in _arrays(weights, device_seed).values()]
    return tuple(np.concatenate([W.ravel() for W in part])
                 for part in ([W.astype(np.float64) for W in weights.values()], read))


@contextmanager
def _other_weights(network):
    """Yield copies of the weight matrices; the end of the block puts them back in the network."""
    kept = {name: p.copy() for name, p in network.params.items() if name.endswith(".W")}
    yield kept
    for name, W in kept.items():
        network.params[name][...] = W


# ---- inference over time ------------------------------------------------------------------------

def programmed(run, times, device_seed, *, compensate=False, shrunk=False, split="test"):
    """Results of a trained network at `times` (s) after its matrices were programmed.

    Each matrix is read device by device. compensate: global drift compensation, calibrated at the
    first time. shrunk: use the matrix of the first time, divided by the compensation factor of each
    later time; it is then as small as drift makes it, but without the noise of later reads.
    """
    figures, first = [], {}
    with _other_weights(run.network) as kept:
        arrays = _arrays(kept, device_seed)
        for i, t in enumerate(times):
            for name, array in arrays.items():
                if compensate or shrunk:
                    array.compensate(t) if i else array.calibrate(t)
                if i == 0 or not shrunk:
                    first[name] = array.read_weights(t)
                run.network.params[name][...] = first[name] / (array.drift_factor if shrunk
                                                               else 1.0)
            figures.append(run.figure(split, device_seed))
    return figures


def over_time(run, seed, device_seeds=8, times=TIMES):
    """Test results over `times`, with and without drift compensation.

    Returns a dict with metric, times and the result in software. "raw" and "compensated" have a
    list of results for each device seed, one for each time; "shrunk": the same up to an hour.
    """
    def on_devices(times, compensate=False, shrunk=False):
        return [programmed(run, times, s, compensate=compensate, shrunk=shrunk)
                for s in range(seed, seed + device_seeds)]
    metric = run.results["metric"]
    return {"metric": metric, "times": list(times), "software": run.figures[metric],
            "raw": on_devices(times), "compensated": on_devices(times, compensate=True),
            "shrunk": on_devices([t for t in times if t <= HOUR], shrunk=True)}


def joined(sweeps):
    """The sweeps of several networks as one; "networks" is their number."""
    return {**sweeps[0], "networks": len(sweeps),
            "software": float(np.mean([sweep["software"] for sweep in sweeps])),
            **{kind: [figures for sweep in sweeps for figures in sweep[kind]]
               for kind in ("raw", "compensated", "shrunk")}}


def networks_and_devices(sweep, values):
    """The Summary over networks of results at one time, and the deviation between devices."""
    return nested(np.reshape(values, (sweep.get("networks", 1), -1)).tolist())


def time_table(sweeps):
    """Results over time as a table: head, rows, and a last row with the results in software.

    sweeps: {task: result of `over_time`}. A cell is a mean, followed by ± the deviation between
    networks (if there are several) and that between the sets of devices of a network.
    """
    def cell(sweep, values):
        between, within = networks_and_devices(sweep, values)
        spreads = [number(sweep["metric"], sd) for sd in (between.sd, within) if sd is not None]
        return number(sweep["metric"], between.mean) + (f" ± {'; '.join(spreads)}" * bool(spreads))
    rows = [[time_name(t), *(cell(sweep, [figures[i] for figures in sweep[kind]])
                             for sweep in sweeps.values() for kind in ("raw", "compensated"))]
            for i, t in enumerate(next(iter(sweeps.values()))["times"])]
    return (["Time", *(f"{task}, {kind}" for task in sweeps
                       for kind in ("uncompensated", "compensated"))],
            rows, [["software", *_in_float(sweeps)]])


def _in_float(sweeps):
    return [(figure(s["metric"], [s["software"]]), 2) for s in sweeps.values()]


# ---- limited precision --------------------------------------------------------------------------

def rounded_after(run, bits, seed):
    """The test results of a trained network with its weights rounded to each number of `bits`."""
    figures = []
    with _other_weights(run.network) as kept:
        for b in bits:
            for name, W in kept.items():
                run.network.params[name][...] = round_to_bits(W.astype(np.float64), b)
            figures.append(run.figure("test", seed))
    return figures


def precision_table(sweeps):
    """Results for each number of bits of a weight as a table: head, rows, last row."""
    rows = [[str(b), *(figure(s["metric"], [s[kind][i]]) for s in sweeps.values()
                       for kind in ("after", "during"))]
            for i, b in enumerate(next(iter(sweeps.values()))["bits"])]
    return (["Bits", *(f"{task}, {kind} training" for task in sweeps for kind in ("after", "in"))],
            rows, [["float", *_in_float(sweeps)]])
