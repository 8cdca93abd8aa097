"""Gradient checks: twins, central differences, the complex step and the frozen program.

    check_layer(layer, x, rng=...)                     a layer or Network of this package
    check_gradient(forward, backward, inputs, ...)     any pair of functions, smooth or spiking
    frozen_step, frozen_max, frozen_forward            to freeze your own spiking program
    python -m snu_ref gradcheck                        check the whole package
"""
from .checking import BOUNDS, Row, check_gradient
from .frozen import frozen_forward, frozen_max, frozen_step
from .layers import check_layer
from .numerical import central_difference, complex_step
