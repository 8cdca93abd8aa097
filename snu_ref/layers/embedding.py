"""Words as vectors, at the input and at the output of a network.

    Embedding     y_t = E[x_t]            row x_t of the table E (vocabulary, n)
    TiedOutput    y_t = x_t E' + b        a logit for each word, from the same table

Backward, with dA for dL/dA. Embedding: dy_t is added to row x_t of dE. TiedOutput:
dE = sum dy_t' x_t, dx_t = dy_t E, db = sum dy_t. In one Network the two layers share one parameter:
its gradient is the sum of both, and an optimiser updates it once.

Sources: tied weights, Press & Wolf, EACL 2017; Inan et al., ICLR 2017.
"""
import numpy as np

from .. import validation
from ..layer import rows
from .dense import Memoryless


class Embedding(Memoryless):
    """y_t = E[x_t]: a table of vectors, looked up by index.

    n_words : rows of the table; n_units : length of a vector; rng draws E uniformly in +-scale
    (0.1, as Zaremba et al., arXiv:1409.2329, draw all weights of their small model).
    params: {"E": (n_words, n_units)}. x (T, B), integer indices, which have no gradient; y
    (T, B, n_units). Raises ValueError or TypeError that names the argument.

    >>> words = Embedding(1000, 16, rng=np.random.default_rng(0))
    >>> y, _ = words.forward(np.array([[3, 7], [7, 7]]))
    >>> y.shape, bool((y[0, 1] == words.params["E"][7]).all())
    ((2, 2, 16), True)
    """

    def __init__(self, n_words, n_units, *, rng, scale=0.1, dtype=np.float64):
        self.n_words = validation.positive_int("n_words", n_words)
        self.n_units = validation.positive_int("n_units", n_units)
        super().__init__(dtype, (), (self.n_units,))
        scale = validation.number_in("scale", scale, 0, 1e38, low_open=True)  # so E fits float32
        self.add_param("E", validation.generator("rng", rng).uniform(
            -scale, scale, (self.n_words, self.n_units)))

    def check_input(self, name, x, lead=("T", "B"), finite=True):
        """Check word indices (T, B)."""
        validation.array(name, x, lead, "integers", low=0, high=self.n_words - 1)

    def _apply(self, x):
        return self.params["E"][x], None

    def _reverse(self, dy, cache, need_dx):
        dE = np.zeros_like(self.params["E"])
        index = cache.x.ravel()
        order = np.argsort(index, kind="stable")  # puts rows of dy with the same word together
        if index.size:
            present, first = np.unique(index[order], return_index=True)
            dE[present] = np.add.reduceat(rows(dy)[order], first, axis=0)
        return None, {"E": dE}


class TiedOutput(Memoryless):
    """y_t = x_t E' + b: logits from the table of an Embedding, which both layers then share.

    embedding : the Embedding. params: {"E": the same array, "b": (n_words,)}; b starts at 0.

    >>> words = Embedding(1000, 16, rng=np.random.default_rng(0))
    >>> logits = TiedOutput(words)
    >>> logits.params["E"] is words.params["E"], logits.out_shape
    (True, (1000,))
    """

    def __init__(self, embedding):
        self.embedding = validation.instance("embedding", embedding, Embedding)
        self.n_in, self.n_units = embedding.n_units, embedding.n_words
        super().__init__(embedding.dtype, (self.n_in,), (self.n_units,))
        self.add_param("E", embedding.params["E"])
        self.add_param("b", np.zeros(self.n_units))

    def _apply(self, x):
        y = rows(x) @ self.params["E"].T + self.params["b"]
        return y.reshape(x.shape[:-1] + self.out_shape), None

    def _reverse(self, dy, cache, need_dx):
        dx = (rows(dy) @ self.params["E"]).reshape(cache.x.shape) if need_dx else None
        return dx, {"E": rows(dy).T @ rows(cache.x), "b": rows(dy).sum(axis=0)}
