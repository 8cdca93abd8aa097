"""snu_ref: the Spiking Neural Unit in NumPy, with hand-derived gradients.

    units        SNU, ConvSNU, RNN, GRU, LSTM
    layers       Dense, Embedding, TiedOutput, Dropout, AveragePool2d, MaxPool2d, Flatten, Network
    losses       mean_square_error, bernoulli_nll, softmax_cross_entropy
    optimisers   SGD, Adam, clip_by_norm
    coding       rate_code
    subpackages  data, figures, gradcheck, oracle, pcm, tasks, twins: loaded when first used
    modules      corpus, datasets, ngrams (of `data`), style, tutorial (of `figures`): also

Read first: snu.py, then activations.py, losses.py, optimisers.py, encoding.py, network.py. The file
snu_ref/README.md describes all folders. The command line: python -m snu_ref --help
"""
__version__ = "0.2.0"

import importlib

import numpy as np

from .encoding import rate_code
from .layers import (AveragePool2d, ConvSNU, Dense, Dropout, Embedding, Flatten, MaxPool2d,
                     TiedOutput, without_dropout)
from .losses import bernoulli_nll, mean_square_error, softmax_cross_entropy
from .network import Network
from .optimisers import Adam, SGD, clip_by_norm
from .recurrent import GRU, LSTM, RNN
from .snu import SNU

_LATER = {  # name: its module, loaded when the name is first used
    **{name: name for name in ("commands", "data", "experiments", "figures", "gradcheck", "oracle",
                               "pcm", "report", "tasks", "twins")},
    "corpus": "data.corpus", "datasets": "data.datasets", "ngrams": "data.ngrams",
    "style": "figures.style", "tutorial": "figures.tutorial"}


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module 'snu_ref' has no attribute {name!r}")
    return importlib.import_module(f"snu_ref.{_LATER[name]}")


def __dir__():
    return sorted(globals().keys() | _LATER.keys())


# From now on the C library of Linux (glibc) keeps up to 64 MB of freed memory for new arrays.
# Otherwise it returns the large arrays of each training step to the system, and the page faults of
# the next step can take as long as all its point-wise operations. The limit depends on the largest
# block freed so far, up to 32 MB minus glibc's data (mallopt(3), M_MMAP_THRESHOLD). So one such
# block is allocated and freed here. Its pages are never touched and take no memory.
np.empty(2 ** 25 - 2 ** 13, np.uint8)
