"""Phase-change memory: the device, and weight matrices on arrays of differential pairs.

    from snu_ref.pcm import PCMArray
    array = PCMArray(88, 150, noise=rng)        # 26,400 devices
    array.program(W, t=0.0)
    y = x @ array                               # reads the weights now, at the time array.now
    array.update(-lr * dW)                      # one second of device time

README.md lists the modules. Read `model` first.
"""
from .array import PCMArray, full_scale
from .device import PCMDevices, TimeRunsBackwards, draw_stuck
from .noise import ColumnNoise, ProgramNoise, RefreshNoise, UpdateNoise
from .readout import ColumnReadout, DeviceReadout
from .update import UpdateRule
