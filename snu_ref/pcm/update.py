"""From float updates to blind pulses: the accumulator chi, and which devices get pulses.

    chi <- chi + step;   n = trunc(chi/epsilon);   chi <- chi - n epsilon
    |n| SET pulses go to G+ where n > 0, to G- where n < 0

chi, step and epsilon are in uS. chi falls by the nominal n epsilon, not by the real change of the
devices, which is not read. So chi_0 + sum of steps = epsilon sum n + chi_end is always true.

Source of the scheme: Nandakumar et al., Front. Neurosci. 14, 406 (2020).
"""
from dataclasses import dataclass

import numpy as np

from .. import validation
from .device import MAX_PULSES
from .readout import positive

EPSILON = 0.77     # uS, the mean step over the first ten pulses after a RESET: (7.8 - 0.1)/10


@dataclass(frozen=True)
class UpdateRule:
    """How an array is updated.

    Parameters: epsilon, nominal step of a pulse in uS; seconds, device time of an update (our
    choice); refresh_every, updates from one refresh to the next, None for no refresh; refresh_above
    and refresh_below in uS, and refresh, "closed" or "blind": see refresh.py, also for the source.
    Raises ValueError, TypeError.

    >>> from snu_ref.pcm import PCMArray
    >>> array = PCMArray(1, 1, noise=0.0, rule=UpdateRule(epsilon=0.5))     # 8 uS for a weight of 1
    >>> array.update(np.array([[0.2]])).tolist()                  # 1.6 uS: three pulses of 0.5 uS
    [[3]]
    """
    epsilon: float = EPSILON
    seconds: float = 1.0
    refresh_every: int | None = 100
    refresh_above: float = 8.0
    refresh_below: float = 6.0
    refresh: str = "closed"

    def __post_init__(self):
        checked = {name: positive(name, getattr(self, name))
                   for name in ("epsilon", "seconds", "refresh_above", "refresh_below")}
        if self.refresh_every is not None:
            checked["refresh_every"] = validation.positive_int("refresh_every", self.refresh_every)
        vars(self).update(checked)
        if self.refresh_below >= self.refresh_above:  # a refreshed pair would be due again
            raise ValueError("refresh_below: expected less than refresh_above, "
                             f"{self.refresh_above} uS, got {self.refresh_below}")
        validation.one_of("refresh", self.refresh, ("closed", "blind"))
        if self.refresh == "blind" and self.refresh_below > MAX_PULSES * self.epsilon:
            raise ValueError(f"epsilon: expected at least refresh_below / {MAX_PULSES} for a blind "
                             f"refresh, got {self.epsilon}")


def accumulate(chi, step, epsilon):
    """chi and the signed pulse counts after one step:  (chi - n epsilon, n).

    Parameters: chi, step (n_in, n_out) in uS; epsilon in uS. Returns a new chi and n, int64.
    Raises ValueError if a synapse would get more than MAX_PULSES pulses.
    """
    chi = chi + step
    with np.errstate(over="ignore", invalid="ignore"):
        n = np.trunc(chi / epsilon)
    if not np.abs(n).max(initial=0.0) <= MAX_PULSES:
        raise ValueError(f"dW: expected at most {MAX_PULSES} pulses at one synapse, got "
                         f"{np.abs(n).max():g}; give it in the units of the weights, not in uS")
    return chi - n * epsilon, n.astype(np.int64)


def deal(n, turn, pairs):
    """Pulse counts of devices; a synapse's pulses go to its pairs in turn.

    Parameters: n (n_in, n_out), signed counts; turn (n_in, n_out), the pair that gets the next
    pulse. Returns counts (2, pairs, n_in, n_out), plus devices first, and the new turn.
    """
    size = np.abs(n)
    first = np.arange(pairs)[:, None, None]           # (pairs, 1, 1)
    late = (first - turn) % pairs                     # (pairs, n_in, n_out): pulses before it
    count = (size - late + pairs - 1) // pairs        # (pairs, n_in, n_out)
    return np.stack([count * (n > 0), count * (n < 0)]), (turn + size) % pairs
