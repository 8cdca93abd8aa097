"""Two ways to read out a matrix of differential pairs.

G (2, pairs, n_in, n_out) are the conductances as read, in uS, with noise, the plus devices first. D
is the difference, sum over pairs of (G+ - G-). x is (..., n_in). Both ways return the product in uS
times the unit of x; the array divides it by its scale.

    DeviceReadout   every device is read and digitised separately; software subtracts and sums:
                        y = x @ D,   D from ADC(G), unsigned, 0 .. 25 uS

    ColumnReadout   the array itself sums currents, as in today's analog cores. For every tile:
                        v = DAC(x)/dac_bound                          relative input voltage
                        I = v @ D/25 + output_noise adc_bound N       in full-scale devices
                        y = sum over row tiles of ADC(I) 25 dac_bound
                    The column bound of 12 is the current of twelve devices of 25 uS at full
                    input (the 12 and its unit are our choice).

Left out: voltage drop along the wires, asymmetry of the inputs, non-linear device currents.

Converters (ADC, DAC) are uniform quantisers that clip:

    unsigned, b bits, 0 .. full scale:   step = full_scale / (2^b - 1),    2^b levels
    signed,   b bits, -bound .. bound:   step = 2 bound / (2^b - 2),       2^b - 1 levels with 0

Inside the range the error is uniform in +-step/2, so its root mean square is step/sqrt(12). Left
out: noise, offset and gain error of the converter itself, stochastic rounding. Source of the signed
form: the input and output resolution of IBM's aihwkit (parameters/io.py).
"""
from dataclasses import dataclass

import numpy as np

from .. import validation
from . import model
from .noise import check_noise, normal

MAX_BITS = 52  # of a converter: the bits of a float64's fraction


def positive(name, value):
    """A number as a float; from 1e-100 to 1e100 (our choice), so that products stay finite."""
    return validation.number_in(name, value, 1e-100, 1e100)


def quantise_unsigned(a, bits, full_scale):
    """a rounded to the nearest of 2^bits levels in [0, full_scale]; bits None: a unchanged."""
    if bits is None:
        return a
    top = 2 ** validation.integer("bits", bits, 1, MAX_BITS) - 1
    step = positive("full_scale", full_scale) / top
    return np.clip(np.rint(a / step), 0, top) * step


def quantise_signed(a, bits, bound):
    """a rounded to the nearest of 2^bits - 1 levels in [-bound, bound]; bits None: a unchanged."""
    if bits is None:
        return a
    top = 2 ** (validation.integer("bits", bits, 2, MAX_BITS) - 1) - 1
    step = positive("bound", bound) / top
    return np.clip(np.rint(a / step), -top, top) * step


def difference(G, bits=None):
    """Sum over pairs of G+ - G-, in uS: (2, pairs, n_in, n_out) -> (n_in, n_out).

    Each G first passes a converter of `bits` from 0 to 25 uS; None: no converter.
    """
    validation.array("G", G, (2, "pairs", "n_in", "n_out"), "floats")
    G = quantise_unsigned(G, bits, model.G_MAX)
    return (G[0] - G[1]).sum(axis=0)


@dataclass(frozen=True)
class DeviceReadout:
    """Each device is digitised; software computes the product. bits: of the ADC; None: no ADC.

    >>> G = np.array([10.0, 2.0]).reshape(2, 1, 1, 1)           # uS: G+ and G- of one weight
    >>> DeviceReadout(bits=3).weights(G).round(3).tolist()      # each to a multiple of 25/7 uS
    [[7.143]]
    """
    bits: int | None = 8

    def __post_init__(self):
        if self.bits is not None:
            vars(self)["bits"] = validation.integer("bits", self.bits, 1, MAX_BITS)

    def weights(self, G):
        """D from digitised conductances, (n_in, n_out) in uS."""
        return difference(G, self.bits)

    def product(self, x, G):
        """x @ D, (..., n_out) in uS."""
        D = self.weights(G)
        return validation.array("x", x, (..., len(D)), "floats") @ D


@dataclass(frozen=True)
class ColumnReadout:
    """The array sums currents, in tiles; converters are before and after it.

    Parameters: dac_bits, adc_bits (None: no converter and no clipping); dac_bound in units of x;
    adc_bound in full-scale devices; output_noise, a standard deviation in units of adc_bound;
    tile (rows, columns) of one analog core, None for one core with the whole matrix. Each core in a
    column of cores has its own ADC and noise; software adds their outputs. Cores side by side share
    only the input, so the tile's columns do not change the result. Raises ValueError, TypeError.

    >>> exact = ColumnReadout(dac_bits=None, adc_bits=None)
    >>> exact.product(np.array([0.5]), np.array([10.0, 2.0]).reshape(2, 1, 1, 1), 0.0).tolist()
    [4.0]
    """
    dac_bits: int | None = 8
    adc_bits: int | None = 8
    dac_bound: float = 1.0
    adc_bound: float = 12.0
    output_noise: float = 0.0
    tile: tuple[int, int] | None = None

    def __post_init__(self):
        checked = {name: positive(name, getattr(self, name)) for name in ("dac_bound", "adc_bound")}
        checked["output_noise"] = validation.number_in("output_noise", self.output_noise, 0, 1e100)
        for name in ("dac_bits", "adc_bits"):
            if getattr(self, name) is not None:
                checked[name] = validation.integer(name, getattr(self, name), 2, MAX_BITS)
        if self.tile is not None:
            checked["tile"] = validation.sizes("tile", self.tile, ("rows", "columns"))
        vars(self).update(checked)

    def weights(self, G):
        """D of the analogue currents, without converter, (n_in, n_out) in uS."""
        return difference(G)

    def row_tiles(self, n_in):
        """The rows of each core in a column of cores, as slices."""
        rows = self.tile[0] if self.tile else n_in
        return [slice(start, start + rows) for start in range(0, n_in, rows)]

    def noise_shape(self, x_shape, n_out):
        """Shape of the N of the output noise for an input of `x_shape`."""
        return (len(self.row_tiles(x_shape[-1])), *x_shape[:-1], n_out)

    def product(self, x, G, noise):
        """sum over tiles of ADC(DAC(x) @ D), (..., n_out) in uS; noise of `noise_shape`."""
        D = self.weights(G)
        n_in, n_out = D.shape
        validation.array("x", x, (..., n_in), "floats")
        shape = self.noise_shape(x.shape, n_out)
        # without output noise, the noise is neither drawn nor checked
        N = normal(check_noise(noise, shape) if self.output_noise > 0.0 else 0.0, shape)
        v = quantise_signed(x, self.dac_bits, self.dac_bound) / self.dac_bound
        y = np.zeros(x.shape[:-1] + (n_out,))
        for i, rows in enumerate(self.row_tiles(n_in)):
            current = v[..., rows] @ D[rows] / model.G_MAX
            current = current + self.output_noise * self.adc_bound * N[i]
            y += quantise_signed(current, self.adc_bits, self.adc_bound)
        return y * (model.G_MAX * self.dac_bound)
