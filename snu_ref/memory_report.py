"""All in-memory experiments in one go, as `reproduce` runs them: text, figures and plain data."""
from . import memory, memory_figures
from .tasks.presets import find_preset

# short runs: the bits matter here, not the last figure
PRECISION_EPOCHS = {"music": 20, "digits": 5}
LABELS = {"music": "test NLL (nats per step)", "digits": "test accuracy (%)"}


def run_memory(music, digits_run, seed, out, *, quick=False, stream=None):
    """Train the four ways, follow programmed networks over a year, and vary the bits of a weight.

    music: the loaded music task for unit "snu"; digits_run: a trained Run of the digits task, unit
    "snu"; out: folder of the figures. Prints the tables; returns plain data for results.json and
    the figures' paths.
    """
    changes = {"epochs": 1} if quick else {}
    devices, times, bits = (2, memory.TIMES[:3], (2, 8)) if quick else (8, memory.TIMES,
                                                                        memory.BITS)
    rows, runs = memory.train_ways(music, seed, stream=stream, device_seeds=devices, **changes)
    looped = runs["in the loop"]
    print(memory.table(rows, looped.trained.store.n_devices), flush=True)

    trained = {"music": (runs["software"], music, "nll", find_preset("music", "snu", "pcm")),
               "digits": (digits_run, digits_run.loaded, "accuracy",
                          find_preset("digits", "snu", "small"))}
    sweeps = {task: memory.over_time(run, metric=metric, seed=seed, device_seeds=devices,
                                     times=times)
              for task, (run, _, metric, _) in trained.items()}
    print("\nProgrammed once, read later (device by device, 1/f noise), with and without drift "
          f"compensation;\nmean +- standard deviation over {devices} device seeds\n"
          + memory.time_table(sweeps), flush=True)
    precision = {task: memory.precision(run, loaded, table, seed, bits=bits, stream=stream,
                                        epochs=1 if quick else PRECISION_EPOCHS[task])
                 for task, (run, loaded, _, table) in trained.items()}
    lengths = ", ".join(f"{task} {1 if quick else n}" for task, n in PRECISION_EPOCHS.items())
    print("\n" + memory.precision_table(precision)
          + f"\nthe runs rounded in training are short, epochs: {lengths}", flush=True)

    paths = [memory_figures.learning_curves(rows, out / "pcm_learning_curves.png"),
             memory_figures.conductance_histograms(memory.conductances_at_start(looped, seed),
                                                   memory.conductances(looped.trained.store),
                                                   out / "pcm_conductances.png"),
             memory_figures.wanted_against_read(*memory.wanted_and_read(runs["software"], seed),
                                                out / "pcm_wanted_and_read.png")]
    for task, label in LABELS.items():
        paths += [memory_figures.over_time(sweeps[task], out / f"pcm_year_{task}.png", label=label),
                  memory_figures.against_bits(precision[task], out / f"bits_{task}.png")]
    return {"devices": looped.trained.store.n_devices, "device_seeds": devices, "ways": rows,
            "over_time": sweeps, "precision": precision,
            "precision_epochs": {task: 1 if quick else n
                                 for task, n in PRECISION_EPOCHS.items()}}, paths
