"""Word-level language modelling: predict the next word from the words so far.

    network   embedding - dropout - hidden layers - dropout - logits of all words
              The logits come from a dense layer, or from the embedding's table ("tied"). With a
              projection, a linear layer brings the hidden outputs to the size of the embedding.
    training  truncated BPTT: the text is cut into `batch` streams, read `bptt` words at a time;
              the state is carried on from one piece to the next, the gradient is not
    metric    perplexity, exp of the mean cross-entropy in nats a word, over the split read as one
              stream

Source: task and scheme as in Zaremba et al., arXiv:1409.2329. According to the charts in the
authors' toolkit, the paper's recurrent sSNU has tied weights; we could not read its sizes.
"""
import math

import numpy as np

from .. import validation
from ..layers import Dense, Dropout, Embedding, TiedOutput, without_dropout
from ..losses import softmax_cross_entropy
from ..network import Network
from .training import Batch
from .units import unit_layers

PIECE = 200  # our choice: words at a time in an evaluation, to save memory for the logits


class Language:
    """The task for one unit; `data` maps "train", "valid", "test" to word numbers (N,)."""

    name, metric, higher_is_better = "language", "perplexity", False
    loss = staticmethod(softmax_cross_entropy)

    def __init__(self, unit, data, n_words):
        self.unit, self.data, self.n_words = unit, data, n_words

    def network(self, settings, rng):
        """embedding - dropout - hidden - dropout - logits."""
        if settings.projection and not settings.tied:
            raise ValueError("projection: expected False without a tied output, got True")
        like = {"rng": rng, "dtype": np.float32}
        embedding = Embedding(self.n_words, settings.embedding, **like)
        sizes = (settings.embedding, *settings.hidden)
        layers = [embedding, Dropout(settings.dropout, **like),
                  *unit_layers(self.unit, sizes, settings.options, rng),
                  Dropout(settings.dropout, **like)]
        if not settings.tied:
            return Network([*layers, Dense(sizes[-1], self.n_words, **like)])
        if settings.projection:
            layers.append(Dense(sizes[-1], settings.embedding, **like))
        return Network([*layers, TiedOutput(embedding)])

    def batches_per_epoch(self, settings):
        """The number of pieces of bptt words in a stream; a shorter rest is left out."""
        words = len(self.data["train"]) // settings.batch - 1
        if words < settings.bptt:
            raise ValueError(f"bptt, batch: expected bptt of at most {max(words, 0)} with batch "
                             f"{settings.batch}, got {settings.bptt}: the text has "
                             f"{len(self.data['train'])} words")
        return words // settings.bptt

    def batches(self, settings, rng):
        """The streams, piece by piece; only the first piece of an epoch starts from state zero."""
        words = self.data["train"]
        length = len(words) // settings.batch
        # (length, batch)
        streams = words[:length * settings.batch].reshape(settings.batch, length).T
        for i in range(self.batches_per_epoch(settings)):
            t = i * settings.bptt
            yield Batch(streams[t:t + settings.bptt], streams[t + 1:t + settings.bptt + 1],
                        carry=i > 0)

    def evaluate(self, network, split, settings, seed):
        """Perplexity of a split, one stream from state zero; the first word is not predicted."""
        network = without_dropout(network)
        words = self.data[split][:, None]
        total, state = 0.0, None
        for t in range(0, len(words) - 1, PIECE):
            target = words[t + 1:t + PIECE + 1]
            y, cache = network.forward(words[t:t + len(target)], state)
            state = cache.state
            total += len(target) * softmax_cross_entropy(y, target)[0]
        nats = total / (len(words) - 1)
        # e^709 is near the largest float
        return {"perplexity": math.exp(nats) if nats < 709 else math.inf}


def sample_text(network, vocabulary, rng, n=60, temperature=0.8, prompt=("<eos>",)):
    """A text of n words that a trained network draws after the prompt."""
    number = {word: k for k, word in enumerate(vocabulary)}
    first = [number.get(word, number.get("<unk>"))
             for word in validation.instance("prompt", prompt, list, tuple)]
    words = sample(network, first, n, rng, temperature)
    return " ".join(vocabulary[k] for k in words).replace(" <eos>", "\n  ")


def sample(network, first, n, rng, temperature=1.0):
    """n word numbers drawn from a trained network, after the words `first` (a list of numbers).

    Each is drawn from softmax(logits / temperature). A temperature below 1 makes likely words
    likelier; 0 takes the likeliest word.
    """
    validation.instance("first", first, list, tuple)
    first = [validation.integer(f"first[{i}]", word, 0) for i, word in enumerate(first)]
    if not first:
        raise ValueError("first: expected at least one word number, got none")
    n = validation.integer("n", n, 0)
    temperature = validation.number_in("temperature", temperature, 0, math.inf, high_open=True)
    validation.generator("rng", rng)
    network = without_dropout(network)
    y, cache = network.forward(np.array([[word] for word in first]))
    words = []
    for _ in range(n):
        below = y[-1, 0].astype(np.float64) - float(y[-1, 0].max())
        if temperature == 0:
            words.append(int(below.argmax()))
        else:
            with np.errstate(over="ignore"):  # far below the likeliest: p = exp(-inf) = 0
                p = np.exp(below / temperature)
            words.append(int(rng.choice(len(p), p=p / p.sum())))
        y, cache = network.forward(np.array([[words[-1]]]), cache.state)
    return words
