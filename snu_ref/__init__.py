"""snu_ref: the Spiking Neural Unit in NumPy, with hand-derived gradients."""
__version__ = "0.1.0"

from .dense import Dense
from .encoding import rate_code
from .losses import bernoulli_nll, mean_square_error, softmax_cross_entropy
from .network import Network
from .optimisers import SGD, Adam, clip_by_norm
from .snu import SNU
