"""The jobs of `reproduce`: one for each network; a job also makes the figures of its network.

    gradients     the check of all gradients
    tasks         for each seed, five units on three tasks, and SNU and sSNU without membrane
    inhibition    digits with and without lateral inhibition
    memory        weights on phase-change devices: three ways to train, drift, weights of few bits

Without membrane means that the decay is fixed at 0: the state is not kept, so there is no reset
either. The feed-forward unit then has no memory, y_t = h(g(W x_t) + b). The recurrent sSNU with g =
identity is then a plain RNN with a sigmoid, y_t = sigmoid(W x_t + H y_{t-1} + b).

In each task all units train for the same number of epochs. A job's arguments include its seed.
"""
import io
import itertools
import math
from typing import NamedTuple

import numpy as np

from .. import figures
from ..activations import sigmoid
from ..figures import devices
from ..gradcheck.table import evidence, summary
from ..tasks.language import sample_text
from ..tasks.loading import load_task
from ..tasks.music import pad
from ..tasks.presets import Choice, find_preset
from ..tasks.run import run_task
from ..tasks.units import COMPARED
from . import in_memory
from .inhibition import compare_inhibition
from .side_by_side import Job

TASKS = ("digits", "music", "language")
MEMBRANES = ("snu", "ssnu")  # the units with a membrane, which also run without it
FIGURE_STEPS = 40            # longer than in training, to see more resets
SECONDS = {  # of one run on one core; they only decide the order of the jobs
    "digits": {"snu": 9, "ssnu": 8, "rnn": 14, "gru": 42, "lstm": 57},
    "music": {"snu": 8, "ssnu": 10, "rnn": 8, "gru": 23, "lstm": 26},
    "language": {"snu": 27, "ssnu": 26, "rnn": 26, "gru": 35, "lstm": 45},
}


class Extent(NamedTuple):
    """How much to run."""
    part: int               # use the first 1/part of the samples of each split
    changes: dict           # changed settings
    variants: float         # the largest number of variants of a piece whose gradients are checked
    bits: tuple             # numbers of bits of a weight
    precision_epochs: dict  # {task: epochs} for weights of few bits: short, to save time
    device_seeds: int       # the number of sets of devices for each network
    times: tuple            # seconds after programming


EXTENTS = {  # key: `quick`; True only tries the command
    False: Extent(1, {}, math.inf, in_memory.BITS, {"music": 20, "digits": 5}, 8, in_memory.TIMES),
    True: Extent(10, {"epochs": 1}, 8, (2, 8), {"music": 1, "digits": 1}, 2, in_memory.TIMES[:3]),
}


def jobs_of(seeds, out, quick):
    """All jobs; the figures go to the folder `out`. quick: one epoch on a tenth of the data."""
    first, extent = seeds[0], EXTENTS[quick]
    jobs = [Job("gradients", "gradients", gradients, (extent,), 12)]
    for seed, task in itertools.product(seeds, TASKS):
        jobs += [Job(run_name(task, unit, seed, membrane), "tasks", train_one,
                     (task, unit, seed, extent, membrane, out, seed == first), SECONDS[task][unit])
                 for membrane, units in ((True, COMPARED), (False, MEMBRANES)) for unit in units]
    jobs.append(Job("inhibition", "inhibition", inhibition, (first, extent, out), 10))
    jobs += [Job(f"devices-{seed}", "memory", on_devices,
                 (seed, extent, out if seed == first else None), 60 if seed == first else 20)
             for seed in seeds]
    jobs += [Job(f"bits-{task}-{bits}", "memory", few_bits, (task, bits, first, extent), 4)
             for task in extent.precision_epochs for bits in extent.bits]
    return jobs


def run_name(task, unit, seed, membrane=True):
    """The name of the job that trains one network."""
    return f"{task}-{unit}-{seed}" + "-without-membrane" * (not membrane)


def load(task, unit, extent):
    """The task for a unit, with the first part of each split."""
    loaded = load_task(task, unit)
    data = loaded.task.data
    for split, arrays in data.items():
        data[split] = (tuple(a[:len(a) // extent.part] for a in arrays)
                       if isinstance(arrays, tuple) else arrays[:len(arrays) // extent.part])
    return loaded


def without_membrane(table):
    """A preset's table with the decay 0 and fixed."""
    options = {**table["options"].value, "decay": 0.0, "train_decay": False}
    return {**table, "options": Choice(options, "ours")}


# ---- the jobs: each returns plain data ----------------------------------------------------------

def gradients(extent):
    """Check the gradients; the result has a summary for each piece."""
    return {"pieces": summary(evidence(most=extent.variants))}


def train_one(task, unit, seed, extent, membrane, out, is_first):
    """Train and save one network; run what FOLLOW lists for its task and unit.

    is_first: whether this is the first seed; figures are drawn only for the first.
    """
    loaded, table = load(task, unit, extent), find_preset(task, unit, "small")
    run = run_task(loaded, table if membrane else without_membrane(table), seed,
                   stream=io.StringIO(), **extent.changes)
    networks = out / "networks"
    networks.mkdir(exist_ok=True)
    run.network.save(networks / f"{run_name(task, unit, seed, membrane)}.npz")
    follow = FOLLOW.get((task, unit)) if membrane else None
    more = follow(run, seed, extent, out if is_first else None) if follow else {}
    return {"run": run.results, **more}


def inhibition(seed, extent, out):
    """Digits with and without lateral inhibition."""
    rows = compare_inhibition(load("digits", "snu", extent), seed, io.StringIO(), **extent.changes)
    drawn = figures.input_weights(
        [(f"{'with' if row['inhibition'] else 'without'} lateral inhibition", row.pop("weights"))
         for row in rows], out / "input_weights.png")
    return {"rows": rows, "figures": [drawn.name]}


def on_devices(seed, extent, out):
    """Follow the software network over a year; with `out`, also train in all ways and draw."""
    loaded, options = load("music", "snu", extent), {"stream": io.StringIO(), **extent.changes}
    if out is None:
        _, run = in_memory.train_way("software", loaded, seed, **options)
        return {"over_time": in_memory.over_time(run, seed, extent.device_seeds, extent.times)}
    ways, runs = in_memory.train_ways(loaded, seed, device_seeds=extent.device_seeds, **options)
    run, looped = runs["software"], runs["in the loop"]
    drawn = [devices.wanted_against_read(*in_memory.wanted_and_read(run, seed),
                                         out / "pcm_wanted_and_read.png"),
             devices.conductance_histograms(*in_memory.conductances(looped, seed),
                                            out / "pcm_conductances.png")]
    return {"ways": ways, "devices": looped.trained.store.n_devices,
            "over_time": in_memory.over_time(run, seed, extent.device_seeds, extent.times),
            "after": in_memory.rounded_after(run, extent.bits, seed),
            "figures": [path.name for path in drawn]}


def few_bits(task, bits, seed, extent):
    """The test result of a short run with weights of `bits` bits."""
    table = find_preset(task, "snu", {"music": "pcm", "digits": "small"}[task])
    run = run_task(load(task, "snu", extent), table, seed, stream=io.StringIO(),
                   epochs=extent.precision_epochs[task], store={"kind": "rounded", "bits": bits})
    return {"figure": run.figures[run.results["metric"]]}


# ---- further uses of a network; out is None for all seeds but the first -------------------------

def _digits_snu(run, seed, extent, out):
    """Follow the network over a year; with `out`, also round its weights and draw its spikes."""
    result = {"over_time": in_memory.over_time(run, seed, extent.device_seeds, extent.times)}
    if out is None:
        return result
    values, labels = run.task.data["test"]
    x = run.task.code(values[:1], run.settings, np.random.default_rng([seed, 2]), FIGURE_STEPS)
    _, cache = run.network.forward(x)
    # show a neuron with about one spike in four steps: several resets are visible
    rates = cache.layers[0].y[:, 0].mean(axis=0)
    drawn = [figures.neuron_trace(cache, out / "neuron.png",
                                  unit=int(np.argmin(np.abs(rates - 0.25))),
                                  title="A neuron charges, fires, and is reset"),
             figures.spike_raster(cache, out / "spikes.png",
                                  title=f"Spikes of the network for one digit, a {labels[0]}")]
    return {**result, "after": in_memory.rounded_after(run, extent.bits, seed),
            "figures": [path.name for path in drawn]}


def _music_ssnu(run, seed, extent, out):
    """Draw the first test piece: its notes, and the network's predictions of them."""
    if out is None:
        return {}
    batch = pad(run.task.data["test"][:1])
    y, _ = run.network.forward(batch.x)
    drawn = figures.piano_rolls(batch.target[:, 0], sigmoid(y[:, 0]), out / "piano_roll.png",
                                title="A chorale, and what the network expects at each step")
    return {"figures": [drawn.name]}


def _language_ssnu(run, seed, extent, out):
    """A few lines of text drawn from the network."""
    return {"sample": sample_text(run.network, run.loaded.words, np.random.default_rng([seed, 3]))}


FOLLOW = {("digits", "snu"): _digits_snu, ("music", "ssnu"): _music_ssnu,
          ("language", "ssnu"): _language_ssnu}
