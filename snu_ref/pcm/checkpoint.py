"""The state of a phase-change array as a flat dict of plain arrays, and back.

The dict contains the state of the devices (device.STATE) and

    chi, turn         (n_in, n_out)          accumulator in uS; pair that gets the next pulse
    scale             ()                     uS per unit weight
    counters          (7,) int64             in the order of COUNTERS
    drift_factor      ()                     digital factor of the drift compensation
    drift_reference   (0,) or (1,)           r at calibration, if there was one
    held_t, held_N    (0,) and (0, 2, ...),  the time and the N of 1/f noise, if it has been drawn
                      or (1,) and (1, 2, ...)

Not in it: the state of a Generator, and the options shape, pairs, read_noise, readout and rule.
"""
from collections import Counter

import numpy as np

from .. import validation
from .device import STATE
from .readout import positive

COUNTERS = ("set_pulses", "resets", "programs", "device_reads", "matvecs", "updates", "refreshes")


def pack(array):
    """The whole state of `array` as a flat dict of copies: array.state()."""
    held = array.held is not None
    return array.devices.state() | {
        "chi": array.chi.copy(), "turn": array.turn.copy(), "scale": np.array(array.scale),
        "counters": np.array([array.counters[name] for name in COUNTERS], dtype=np.int64),
        "drift_factor": np.array(array.drift_factor),
        "drift_reference": np.array([] if array.reference is None else [array.reference]),
        "held_t": np.array([array.held[0]] if held else []),
        "held_N": array.held[1][None].copy() if held else np.zeros((0, *array.device_shape))}


def unpack(array, state):
    """array.restore(state), for an array with the same options; on an error nothing changes.

    Raises ValueError, TypeError for missing or unknown entries, wrong shapes and wrong values.
    """
    def floats(name, shape=()):
        return validation.float64_array(f"state[{name!r}]", state[name], shape)

    def integers(name, shape, high):
        return validation.array(f"state[{name!r}]", state[name], shape, "integers",
                                low=0, high=high).astype(np.int64)

    def optional(name, shape=()):
        """None if state[name] has shape (0, *shape), its only entry if it has (1, *shape)."""
        length = int(np.shape(state[name])[:1] == (1,))
        return next(iter(floats(name, (length, *shape))), None)

    validation.mapping("state", state, pack(array))
    chi, turn = floats("chi", array.shape), integers("turn", array.shape, array.pairs - 1)
    counters = integers("counters", (len(COUNTERS),), np.iinfo(np.int64).max)
    scale, factor = (positive(f"state[{name!r}]", float(floats(name)))
                     for name in ("scale", "drift_factor"))
    reference = optional("drift_reference")
    held_t, held_N = optional("held_t"), optional("held_N", array.device_shape)
    if (held_t is None) != (held_N is None):
        raise ValueError("state['held_t'], state['held_N']: expected values of both or of "
                         "neither, got one of them")

    array.devices.restore({name: state[name] for name in STATE})  # last check, and first change
    array.chi, array.turn, array.scale = chi, turn, scale
    array.counters = Counter(dict(zip(COUNTERS, counters.tolist())))
    array.drift_factor = factor
    array.reference = None if reference is None else float(reference)
    array.held = None if held_t is None else (float(held_t), held_N)
