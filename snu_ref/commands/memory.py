"""Run the paper's in-memory experiment: music on 52,800 phase-change devices.

Trains the network in software, on ideal devices, and with the hardware in the
loop. Also programs the software network on devices once, and reads it over a
year of drift. `reproduce` does the same; here you can choose the full chorales
and several seeds. Prints all results, and writes results.json and figures.

examples:
  python -m snu_ref memory
  python -m snu_ref memory --data jsb --seeds 3

exit status: 0, or 2 for bad input."""
import sys
from pathlib import Path

from .. import validation
from ..experiments import in_memory as memory
from ..experiments.comparison import aligned, interval, number
from ..figures import devices as memory_figures
from ..files import one_writer, write_json
from ..tasks.loading import load_task
from ..tasks.statistics import nested
from . import add_seeds, seeds_of, wrapped


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="folder with jsb-chorales-quarter.json (default: the chorales in the "
                             "package)")
    parser.add_argument("--epochs", type=int, metavar="N",
                        help="train for N epochs instead of the preset's number")
    add_seeds(parser, "; means and intervals are printed")
    parser.add_argument("--device-seeds", type=int, default=8, metavar="N",
                        help="program each network N times, each time with another seed for the "
                             "devices (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("snu_ref_memory"), metavar="DIR",
                        help="folder for results (default: %(default)s)")


def run(args):
    """Train, follow the drift, and write results.json and figures; the exit status is 0."""
    seeds, trained = seeds_of(args), []
    devices = validation.positive_int("--device-seeds", args.device_seeds)
    changes = {} if args.epochs is None else {
        "epochs": validation.positive_int("--epochs", args.epochs)}
    loaded = load_task("music", "snu", "paper" if args.data else "small", args.data)
    with one_writer("--out", args.out) as out:
        print("\n".join(loaded.facts), flush=True)
        for seed in seeds:
            rows, runs = memory.train_ways(loaded, seed, device_seeds=devices, stream=sys.stderr,
                                           **changes)
            n_devices = runs["in the loop"].trained.store.n_devices
            print(f"\nseed {seed}: " + memory.table(rows, n_devices), flush=True)
            trained.append((rows, runs))
        if args.seeds > 1:
            print("\n" + over_seeds([rows for rows, _ in trained]), flush=True)
        together = memory.joined([
            memory.over_time(runs["software"], seed=seed, device_seeds=devices)
            for seed, (_, runs) in zip(seeds, trained)])
        print("\n" + over_time({"music": together}, devices), flush=True)
        rows, runs = trained[0]
        looped = runs["in the loop"]
        write_json(out / "results.json",
                   {"seeds": list(seeds), "devices": n_devices, "facts": loaded.facts,
                    "ways": [rows for rows, _ in trained], "over_time": together})
        paths = [memory_figures.learning_curves(rows, out / "pcm_learning_curves.png"),
                 memory_figures.conductance_histograms(
                     *memory.conductances(looped, args.seed), out / "pcm_conductances.png"),
                 memory_figures.over_time(together, out / "pcm_year_music.png")]
    print(f"\nWritten to the folder {args.out}:\n"
          + wrapped(", ".join(["results.json", *(path.name for path in paths)])))
    return 0


def over_seeds(several):
    """The table of ways with means over the seeds; several: a list with the rows of each seed."""
    rows = []
    for way in memory.WAYS:
        s, within = nested([rows[way].get("figures", [rows[way]["nll"]]) for rows in several])
        rows.append((way, *(number("nll", value) for value in (s.mean, s.sd)), interval("nll", s),
                     "-" if within is None else number("nll", within)))
    return (f"Test NLL of {len(several)} networks, in nats a step; +- is a sample standard "
            "deviation\n" + aligned(("way", "mean", "+- networks", "95 % interval",
                                     "+- devices of a network"), rows))


def over_time(sweeps, devices):
    """The results of programmed networks over time as text; sweeps: as for `time_table`."""
    networks = next(iter(sweeps.values()))["networks"]
    return ("Programmed once, read later (device by device, 1/f noise), with and without drift\n"
            "compensation; music: NLL in nats a step, digits: accuracy in %; +- is a sample\n"
            "standard deviation " + f"between {networks} networks; and " * (networks > 1)
            + f"between {devices} sets of devices of a network\n"
            + aligned(*memory.time_table(sweeps)))
