"""Refresh: bring a pair back into range when both of its devices have grown.

SET pulses only raise conductances. So after many updates of both signs, both devices of a pair
approach their ceiling. A refresh reads each pair once, with white noise; d is G+ - G-.

    due      one device above refresh_above (8 uS) and |d| below refresh_below (6 uS)
    both     RESET
    closed   the device on the side of d is programmed to min(|d| + G, 25 uS), where G is the
             conductance of the other after its RESET; if d is exactly 0, both stay RESET
    blind    the device on the side of d gets round(|d|/epsilon) SET pulses. The first ones add more
             than epsilon, so d grows: on average by 1 uS for d = 1 uS, by 2.4 uS for d = 2 uS

Reads inside the closed loop are part of programming and are not counted. The controller does not
know which devices are stuck.

Source: the refresh, Nandakumar et al., Front. Neurosci. 14, 406 (2020). We remember the thresholds
of 8 and 6 uS and the interval of 100 updates from there; we did not look them up.
"""
import numpy as np

from . import model
from .noise import ProgramNoise, RefreshNoise, check_noise, check_rounds, split


def blind_pulses(d, epsilon):
    """Pulses of a blind rewrite, round(|d|/epsilon), as int64; d and epsilon in uS."""
    return np.rint(np.abs(d) / epsilon).astype(np.int64)


def check_refresh_noise(noise, shape, rule):
    """Check the noise of a refresh of devices (2, pairs, n_in, n_out); returns a RefreshNoise."""
    noise = split(noise, RefreshNoise, "noise of the refresh")
    read = check_noise(noise.read, shape, "noise.read")
    reset = check_noise(noise.reset, shape, "noise.reset")
    if rule.refresh == "closed":
        rewrite = split(noise.rewrite, ProgramNoise, "noise.rewrite")
        rewrite = ProgramNoise(*(check_noise(n, shape, f"noise.rewrite.{field}")
                                 for n, field in zip(rewrite, rewrite._fields)))
    else:
        rounds = int(blind_pulses(rule.refresh_below, rule.epsilon))  # upper limit: |d| is smaller
        rewrite = check_rounds(noise.rewrite, rounds, shape, "noise.rewrite")
    return RefreshNoise(read, reset, rewrite)


def refresh_pairs(devices, t, rule, noise):
    """At time t, refresh the pairs that need it.

    Parameters: devices of shape (2, pairs, n_in, n_out), changed; t in s; rule, an UpdateRule;
    noise from check_refresh_noise. Returns due (pairs, n_in, n_out) and a dict of counts.
    """
    G = devices.read_white(t, noise=noise.read)
    d = G[0] - G[1]                                   # (pairs, n_in, n_out)
    due = (G.max(axis=0) > rule.refresh_above) & (np.abs(d) < rule.refresh_below)
    both = np.stack([due, due])                       # (2, pairs, n_in, n_out)
    devices.reset(t, noise=noise.reset, where=both)

    side = np.stack([due & (d > 0.0), due & (d < 0.0)])
    counts = {"device_reads": G.size, "resets": int(both.sum()), "refreshes": int(due.sum())}
    if rule.refresh == "closed":
        other = devices.conductance(t)[::-1]
        target = np.where(side, np.minimum(np.abs(d) + other, model.G_MAX), 0.0)
        devices.program(target, t, noise=noise.rewrite, where=side)
        counts["programs"] = int(side.sum())
    else:
        pulses = np.where(side, blind_pulses(d, rule.epsilon), 0)
        devices.set_pulse(t, noise=noise.rewrite, pulses=pulses, where=pulses > 0)
        counts["set_pulses"] = int(pulses.sum())
    return due, counts
