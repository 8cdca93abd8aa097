"""Arrays without noise and converters, the setting of their devices, and states compared."""
import numpy as np

from snu_ref.pcm import DeviceReadout, PCMArray

FREE = DeviceReadout(bits=None)


def quiet(n_in=4, n_out=3, **options):
    return PCMArray(n_in, n_out, **dict(noise=0.0, readout=FREE) | options)


def set_pairs(array, plus, minus, t=0.0):
    """Put the devices of every pair on given conductances, without noise."""
    G = np.stack([np.broadcast_to(plus, array.device_shape[1:]),
                  np.broadcast_to(minus, array.device_shape[1:])]).astype(float)
    array.devices.program(G, t, noise=0.0)


def same_state(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)
