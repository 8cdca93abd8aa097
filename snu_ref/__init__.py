"""snu_ref: the Spiking Neural Unit in NumPy, with hand-derived gradients."""
__version__ = "0.1.0"

from .snu import SNU
