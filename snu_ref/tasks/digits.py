"""Handwritten digits, rate-coded: each pixel is a train of Bernoulli spikes, Ns steps long.

    network   pixels - hidden layers - 10 units of the same kind; unit "snu-conv": convolutional SNU
              layers with max pooling, then 10 SNUs; dropout after the hidden layers, if set
    read-out  the output of the 10 units averaged over time; the largest is the answer
    loss      squared error of that average to the one-hot label
    metric    accuracy

Every epoch draws new spikes (our choice; the authors' toolkit draws them once). The validation
images are the last ones of the training half. Settings can move the training images by a few pixels
(our choice) or distort them (the paper, for its best network), at random in each epoch.
Images may be shown for longer in validation and test than in training, at the same rates: the
paper's convolutional network has 30 steps in training and 300 in test.

Source: network, coding and loss, the authors' toolkit (IBM/neuroaikit).
"""
import math

import numpy as np

from .. import validation
from ..encoding import rate_code
from ..layers import Dropout, without_dropout
from ..losses import mean_square_error
from ..network import Network
from .distortion import elastic, shifted
from .training import Batch
from .units import conv_layers, unit_layers

N_CLASSES = 10
EVALUATION_BATCH = 500  # our choice: images of n_steps at a time in an evaluation, to save memory


class Digits:
    """The task for one unit; `data` maps "train", "valid", "test" to values and labels.

    values (N, n_in) within [0, 1]; labels (N,): indices into `classes`, the names of the classes.
    """

    name, metric, higher_is_better = "digits", "accuracy", True
    loss = staticmethod(mean_square_error)

    def __init__(self, unit, data, classes=tuple(range(N_CLASSES))):
        self.unit, self.data, self.classes = unit, data, classes
        self.n_in = data["train"][0].shape[1]
        side = math.isqrt(self.n_in)
        self.image_shape = (side, side)
        self.in_shape = (side, side, 1) if unit == "snu-conv" else (self.n_in,)

    def network(self, settings, rng):
        """pixels - hidden - 10 units; only the hidden layers have lateral inhibition, if it is set.

        Dropout, if set, follows every hidden layer or, for "snu-conv", the last of them.
        """
        if settings.lateral_inhibition and self.unit not in ("snu", "ssnu"):
            raise ValueError(f"lateral_inhibition: expected False for {self.unit}, got True")
        options = settings.options
        if self.unit == "snu-conv":
            hidden = conv_layers(self.in_shape, settings.hidden, settings.kernel, options, rng)
        else:
            inhibition = {"lateral_inhibition": True} if settings.lateral_inhibition else {}
            hidden = unit_layers(self.unit, (self.n_in, *settings.hidden),
                                 {**options, **inhibition}, rng)
        sizes = (*hidden[-1].out_shape, len(self.classes))
        layers = [*hidden, *unit_layers(self.unit, sizes, options, rng)]
        if settings.hidden_dropout:
            first = len(hidden) if self.unit == "snu-conv" else 1
            for place in range(len(hidden), first - 1, -1):  # last first: other places stay
                layers.insert(place, Dropout(settings.hidden_dropout, rng=rng, dtype=np.float32))
        return Network(layers)

    def batches_per_epoch(self, settings):
        """The number of batches; the last one may be smaller."""
        return -(-len(self.data["train"][1]) // settings.batch)

    def batches(self, settings, rng):
        """All training images once, in random order, with new spikes."""
        values, labels = self.data["train"]
        order = rng.permutation(len(labels))
        for i in range(0, len(order), settings.batch):
            chosen = order[i:i + settings.batch]
            images = values[chosen]
            if settings.shift:
                images = shifted(images, settings.shift, rng)
            if settings.distortion:
                images = elastic(images, *settings.distortion, rng)
            yield Batch(self.code(images, settings, rng),
                        one_hot(labels[chosen], len(self.classes)))

    def code(self, values, settings, rng, n_steps=None):
        """Spikes for the images: (Ns, B, n_in), or (Ns, B, height, width, 1) for "snu-conv".

        n_steps: replaces the Ns of the settings; the probability of a spike stays the same.
        """
        n_steps = n_steps or settings.n_steps
        spikes = rate_code(values, n_steps, settings.max_spikes * n_steps / settings.n_steps,
                           rng=rng, dtype=np.float32)
        return spikes.reshape(spikes.shape[:2] + self.in_shape)

    def outputs(self, network, values, settings, rng):
        """The time-averaged outputs (N, 10), and each layer's mean output per step and unit.

        The images are shown for settings.test_steps or, if that is None, settings.n_steps.
        """
        if settings.hidden_dropout:
            network = without_dropout(network)
        n_steps = settings.test_steps or settings.n_steps
        at_a_time = max(1, EVALUATION_BATCH * settings.n_steps // n_steps)
        means, rates = [], []
        for i in range(0, len(values), at_a_time):
            part = values[i:i + at_a_time]
            y, cache = network.forward(self.code(part, settings, rng, n_steps))
            means.append(y.mean(axis=0))
            rates.append([len(part) * float(layer.y.mean()) for layer in cache.layers
                          if hasattr(layer, "y")])
        return np.concatenate(means), np.sum(rates, axis=0) / len(values)

    def answers(self, network, split, settings, seed):
        """The answer to every image of a split (N,); its spikes are the same for the same seed."""
        rng = np.random.default_rng([seed, 1])
        means, _ = self.outputs(network, self.data[split][0], settings, rng)
        return means.argmax(axis=1)

    def score(self, answers, split):
        """The accuracy of answers (N,) to the images of a split."""
        return {"accuracy": float((answers == self.data[split][1]).mean())}

    def evaluate(self, network, split, settings, seed):
        """Accuracy on a split."""
        return self.score(self.answers(network, split, settings, seed), split)


def one_hot(labels, n_classes=N_CLASSES):
    """Labels (B,), integers 0..n_classes - 1, as one-hot rows (B, n_classes), float32."""
    n_classes = validation.positive_int("n_classes", n_classes)
    validation.array("labels", labels, ("B",), "integers", low=0, high=n_classes - 1)
    return np.eye(n_classes, dtype=np.float32)[labels]


def split_validation(values, labels, n_valid):
    """Training part and validation part; the last n_valid images (not all) are for validation."""
    validation.array("labels", labels, ("N",), "integers")
    validation.array("values", values, (len(labels), "n_in"), "floats")
    n_valid = validation.integer("n_valid", n_valid, 1, len(labels) - 1)
    return (values[:-n_valid], labels[:-n_valid]), (values[-n_valid:], labels[-n_valid:])
