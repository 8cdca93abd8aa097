"""Lateral inhibition and sparsity: the digits with and without inhibition.

An SNU network is trained twice from the same seed, once with the gate 1 - y_j for each hidden unit
j and once with the shared gate 1 - max_j y_j. We compare the accuracy and the hidden spikes per
digit: the sum over the units of the hidden layer and the steps that a digit is shown.

The experiment follows the authors' toolkit, but on 8x8 digits and with the maximum of each sample.
The toolkit's network is 784-100-10, on MNIST, with the maximum over a batch. Its hidden spikes per
digit fall from 1128 to 46.
"""
import numpy as np

from ..tasks.presets import find_preset
from ..tasks.run import run_task

HIDDEN = (100,)  # as in the toolkit


def compare_inhibition(loaded, seed, stream=None, **changes):
    """Train with and without inhibition; returns two dicts, the one without inhibition first.

    Keys: inhibition (bool), accuracy (test), spikes (hidden spikes a digit), seconds, and weights,
    the input weights as images (100, 8, 8). loaded: the digits for unit "snu".
    """
    rows = []
    for inhibition in (False, True):
        run = run_task(loaded, find_preset("digits", "snu", "small"), seed, stream=stream,
                       hidden=HIDDEN, lateral_inhibition=inhibition, **changes)
        values, _ = loaded.task.data["test"]
        rows.append({"inhibition": inhibition, "accuracy": run.results["test"]["accuracy"],
                     "spikes": hidden_spikes(loaded.task, run.network, values, run.settings,
                                             np.random.default_rng([seed, 1])),
                     "seconds": run.results["seconds"],
                     "weights": run.network.params["0.W"].T.reshape(-1, *loaded.task.image_shape)})
    return rows


def hidden_spikes(task, network, values, settings, rng):
    """Spikes of the first hidden layer per digit, over all units and steps: mean over `values`."""
    _, rates = task.outputs(network, values, settings, rng)
    return float(rates[0] * network.layers[0].n_units * settings.n_steps)


def inhibition_table(rows):
    """The comparison as a table: head, rows; results of 0.1.0 have no seconds."""
    return ("lateral inhibition", "accuracy (%)", "hidden spikes a digit", "seconds"), [
        ["with" if row["inhibition"] else "without", f"{100 * row['accuracy']:.2f}",
         f"{row['spikes']:.1f}", f"{row.get('seconds', 0):.1f}"] for row in rows]
