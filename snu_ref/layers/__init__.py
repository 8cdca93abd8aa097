"""Layers around the unit. Read `dense` first, then `conv`, the unit on images."""
from .conv import ConvSNU
from .dense import Dense
from .dropout import Dropout, without_dropout
from .embedding import Embedding, TiedOutput
from .pooling import AveragePool2d, Flatten, MaxPool2d
