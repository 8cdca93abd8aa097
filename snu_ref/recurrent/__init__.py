"""The units that the paper compares the SNU with. Read `rnn` first; they share `loop`."""
from .gru import GRU
from .lstm import LSTM
from .rnn import RNN
