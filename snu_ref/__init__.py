"""snu_ref: the Spiking Neural Unit in NumPy, with hand-derived gradients.

    units        SNU, ConvSNU, RNN, GRU, LSTM
    layers       Dense, Embedding, TiedOutput, Dropout, AveragePool2d, MaxPool2d, Flatten, Network
    losses       mean_square_error, bernoulli_nll, softmax_cross_entropy
    optimisers   SGD, Adam, clip_by_norm
    coding       rate_code
    elsewhere    gradcheck, twins, datasets, pcm, tasks: from snu_ref import gradcheck

The command line: python -m snu_ref --help
"""
__version__ = "0.1.0"

from .conv import ConvSNU
from .dense import Dense
from .dropout import Dropout, without_dropout
from .embedding import Embedding, TiedOutput
from .encoding import rate_code
from .gru import GRU
from .heap import keep_freed_memory
from .losses import bernoulli_nll, mean_square_error, softmax_cross_entropy
from .lstm import LSTM
from .network import Network
from .optimisers import SGD, Adam, clip_by_norm
from .pooling import AveragePool2d, Flatten, MaxPool2d
from .rnn import RNN
from .snu import SNU

keep_freed_memory()
