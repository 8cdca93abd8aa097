"""Time training steps of standard networks, and their matrix products alone.

A case is one training step in float32: forward pass, loss, backward pass and
Adam, on made-up data; the last case is one update of phase-change devices.

    median, least   wall time of a step
    products        wall time of its matrix products alone, median
    ratio           median / products: 1 if nothing else takes time
    memory          the peak memory of a step, without network, optimiser and
                    data

Steps and products are timed in turn, so other work on the machine slows both.
Run it on an idle machine; it takes about two minutes.

examples:
  python -m snu_ref bench
  python -m snu_ref bench --quick --json speed.json

exit status: 0, or 2 for bad input."""
import os
import statistics
import subprocess
import sys
import tracemalloc
from timeit import timeit
from types import SimpleNamespace

import numpy as np

from .. import validation
from ..experiments.runs import machine
from ..experiments.side_by_side import THREADS
from ..files import output_file, write_json
from ..layers import ConvSNU, Dense, TiedOutput
from ..layers.conv import PART_NUMBERS
from ..losses import bernoulli_nll, mean_square_error, softmax_cross_entropy
from ..network import Network
from ..optimisers import Adam
from ..pcm import PCMArray
from ..recurrent import GRU
from ..tasks.digits import one_hot
from ..tasks.language import Language
from ..tasks.presets import find_preset
from ..tasks.settings import settings_of
from ..tasks.training import Batch, train_batch
from ..tasks.units import conv_layers, unit_layers


# ---- the cases: a function that makes a step, and one for its matrix products (or None) ----------

def training_case(network, x, target, loss, clip=None):
    """One training step of `network`, and its matrix products."""
    task, settings, adam = SimpleNamespace(loss=loss), SimpleNamespace(clip=clip), Adam(1e-3)
    return (lambda: train_batch(task, network, adam, settings, Batch(x, target)),
            matrix_products(network, *x.shape[:2]))


def digits_case(rng, unit, hidden, B, T=20):
    """784 - hidden - 10 units; each input spikes with probability 0.1; loss: squared error.

    The initial weights are multiplied by three, so that all layers of SNUs spike.
    """
    network = Network(unit_layers(unit, (784, *hidden, 10), {}, rng))
    for layer in network.layers:
        layer.params["W"] *= 3
    x = (rng.random((T, B, 784)) < 0.1).astype(np.float32)
    return training_case(network, x, one_hot(rng.integers(0, 10, B)), mean_square_error)


def images_case(rng, channels, B, T=20):
    """Convolutional SNUs on images of 28 x 28 pixels, 5 x 5 kernels and pooling, then 10 SNUs."""
    layers = conv_layers((28, 28, 1), channels, 5, {}, rng)
    network = Network([*layers, *unit_layers("snu", (*layers[-1].out_shape, 10), {}, rng)])
    x = (rng.random((T, B, 28, 28, 1)) < 0.1).astype(np.float32)
    return training_case(network, x, one_hot(rng.integers(0, 10, B)), mean_square_error)


def music_case(rng, B, T=100):
    """88 keys - 150 SNUs - 88 sigmoid outputs on piano rolls."""
    network = Network([*unit_layers("snu", (88, 150), {}, rng),
                       Dense(150, 88, rng=rng, dtype=np.float32)])
    rolls = (rng.random((T + 1, B, 88)) < 0.05).astype(np.float32)
    return training_case(network, rolls[:-1], rolls[1:], bernoulli_nll)


def language_case(rng, n_words=10_000):
    """The recurrent sSNU of Penn Treebank (preset paper), on random words."""
    settings = settings_of(find_preset("language", "ssnu", "paper"))
    network = Language("ssnu", {}, n_words).network(settings, rng)
    words = rng.integers(0, n_words, (settings.bptt + 1, settings.batch))
    return training_case(network, words[:-1], words[1:], softmax_cross_entropy, settings.clip)


def devices_case(rng, shape):
    """One update of an array of differential pairs; every second synapse gets a pulse."""
    array = PCMArray(*shape, noise=rng)
    dW = rng.uniform(-1, 1, shape) * 2 * array.rule.epsilon / array.scale
    return lambda: array.update(dW), None


CASES = {  # title: (name, the function that makes the case, its arguments after rng)
    "784-250-250-10, T 20, batch 15": ("digits-15", digits_case, "snu", (250, 250), 15),
    "784-3x256-10, T 20, batch 128": ("digits-3", digits_case, "snu", (256,) * 3, 128),
    "784-6x256-10, T 20, batch 128": ("digits-6", digits_case, "snu", (256,) * 6, 128),
    "88-150-88, T 100, batch 1": ("music-1", music_case, 1),
    "88-150-88, T 100, batch 16": ("music-16", music_case, 16),
    "784-3x256-10, T 20, batch 128, RNN": ("rnn", digits_case, "rnn", (256,) * 3, 128),
    "784-3x256-10, T 20, batch 128, GRU": ("gru", digits_case, "gru", (256,) * 3, 128),
    "784-3x256-10, T 20, batch 128, LSTM": ("lstm", digits_case, "lstm", (256,) * 3, 128),
    "Penn Treebank, sSNU, T 35, batch 20": ("language", language_case),
    "28x28-16-32-10 conv, T 20, batch 50": ("images", images_case, (16, 32), 50),
    "update of 52,800 phase-change devices": ("devices", devices_case, (176, 150)),
}
QUICK = {  # small cases of the same kinds, to try the command
    "784-20-10, T 20, batch 2": ("digits-15", digits_case, "snu", (20,), 2),
    "784-20-10, T 20, batch 2, GRU": ("gru", digits_case, "gru", (20,), 2),
    "88-150-88, T 10, batch 1": ("music-1", music_case, 1, 10),
    "28x28-2-2-10 conv, T 2, batch 2": ("images", images_case, (2, 2), 2, 2),
    "update of 200 phase-change devices": ("devices", devices_case, (10, 10)),
}


# ---- the products alone -------------------------------------------------------------------------

def matrix_products(network, T, B):
    """A function that computes the matrix products of one training step: T time steps, B samples.

    These are only the products that the algorithm needs, so an extra product in the code makes the
    ratio larger. For n units with weights W and N = T B rows (' is the transpose),

        x W  (N, n_in) (n_in, n)      x' dz  (n_in, N) (N, n)      dz W'  (N, n) (n, n_in)

    The first layer has no dz W': its input needs no gradient. Recurrent weights H add y H and
    dz H', with B rows, for each of the T steps, and one y' dz of all rows. A GRU has its H in two
    blocks of columns, because the candidate needs the reset gate first. In a convolution, the rows
    of x are the patches of a few images. Operands have the same shapes, dtype and memory order as
    in the step; results go to arrays that are allocated once.
    """
    products = [product for i, layer in enumerate(network.layers)
                for product in _of_layer(layer, T, B, need_dx=i > 0)]

    def run():
        for a, b, out in products:
            np.matmul(a, b, out=out)
    return run


def _of_layer(layer, T, B, need_dx):
    """The products of one layer: a list of (a, b, out)."""
    if isinstance(layer, ConvSNU):
        places = layer.out_shape[0] * layer.out_shape[1]
        W = layer.params["W"].reshape(-1, layer.n_units)
        images = min(T * B, max(1, PART_NUMBERS // (places * len(W))))
        return _of_weights(W, images * places, need_dx) * -(-T * B // images)
    if isinstance(layer, TiedOutput):
        return _of_weights(layer.params["E"].T, T * B, need_dx)
    products = []
    if "W" in layer.params:
        products += _of_weights(layer.params["W"], T * B, need_dx)
    if "H" in layer.params:
        H, n = layer.params["H"], layer.n_units
        for block in np.split(H, [2 * n], axis=1) if isinstance(layer, GRU) else [H]:
            yH, _, dzH = _of_weights(block, B, need_dx=True)
            _, ydz = _of_weights(block, T * B, need_dx=False)
            products += [yH] * T + [dzH] * T + [ydz]
    return products


def _of_weights(W, rows, need_dx):
    """x W, x' dz and dz W' with `rows` rows."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, W.shape[0])).astype(W.dtype)
    dz = rng.standard_normal((rows, W.shape[1])).astype(W.dtype)
    pairs = [(x, W), (x.T, dz)] + ([(dz, W.T)] if need_dx else [])
    return [(a, b, a @ b) for a, b in pairs]


# ---- timing -------------------------------------------------------------------------------------

def measure(step, matrix_products, repeats):
    """Time `repeats` steps and products in turn; returns the columns as a dict, in ms and bytes."""
    tracemalloc.start()
    step()  # not timed, because the first step is slower
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    memory = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    steps, products = [], []
    for _ in range(repeats):
        steps.append(1000 * timeit(step, number=1))
        if matrix_products:
            products.append(1000 * timeit(matrix_products, number=1))
    row = {"ms": statistics.median(steps), "least": min(steps), "memory": memory}
    if products:
        row["products"] = statistics.median(products)
        row["ratio"] = row["ms"] / row["products"]
    return row


# ---- the command --------------------------------------------------------------------------------

def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("--only", choices=sorted({name for name, *_ in CASES.values()}), nargs="+",
                        metavar="CASE", help="these cases only: %(choices)s")
    parser.add_argument("--repeats", type=int, default=21, metavar="N",
                        help="steps of each case that are timed (default: %(default)s)")
    parser.add_argument("--threads", type=int, metavar="N",
                        help="threads of the matrix products (default: OPENBLAS_NUM_THREADS or the "
                             "like, else 1)")
    parser.add_argument("--json", metavar="FILE", help="also write the numbers to FILE")
    parser.add_argument("--quick", action="store_true", help="small cases, to try the command")


def run(args):
    """Measure the cases, print a line for each, and write the JSON file."""
    repeats = validation.positive_int("--repeats", args.repeats)
    place = args.json and output_file("--json", args.json)
    if args.threads is not None:
        threads = dict.fromkeys(THREADS, str(validation.positive_int("--threads", args.threads)))
        if not threads.items() <= os.environ.items():
            # in a new process, because BLAS reads the number when it is loaded
            return subprocess.call([sys.executable, "-m", "snu_ref", *args.argv],
                                   env={**os.environ, **threads})
    about = {**machine(), "threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set")}
    print(f"one training step, float32, {repeats} times; "
          + ", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'':37} {'median':>8} {'least':>8} {'products':>8} {'ratio':>5} {'memory':>7}\n"
          f"{'case':37} {'ms':>8} {'ms':>8} {'ms':>8} {'':5} {'MB':>7}")
    rows = []
    for title, (name, make, *options) in (QUICK if args.quick else CASES).items():
        if args.only and name not in args.only:
            continue
        row = measure(*make(np.random.default_rng(0), *options), repeats)
        products, ratio = (f"{row[key]:.2f}" if key in row else "-"
                           for key in ("products", "ratio"))
        print(f"{title:37} {row['ms']:8.2f} {row['least']:8.2f} {products:>8} {ratio:>5} "
              f"{row['memory'] / 1e6:7.1f}", flush=True)
        rows.append({"name": name, "title": title, **row})
    print("ratio: median of the steps / median of their matrix products; 1 is the least possible")
    if place:
        write_json(place, {"machine": about, "repeats": repeats, "cases": rows})
    return 0
