"""Changes to what one unit hears of the others: recurrent weights and lateral inhibition.

As in `catalogue_forward`: the gradient follows the changed equations. Sources are named there.
"""
import numpy as np

from ..program.conditions import (INHIBITED, OWN_GATE, RECURRENT, several_samples, several_units,
                                  square)
from ..program.equations import Variant, product


def _without_diagonal(H):
    return H * (1 - np.eye(len(H.value), dtype=H.value.dtype))


def _with_feedback_kept_apart(c):
    c.fed = product(c, c.y, c.H)
    return c.s, c.y


def _all_but_last(c):
    """1 for each unit, 0 for the last: (n,)."""
    n = c.z.value.shape[-1]
    return (np.arange(n) < n - 1).astype(c.z.value.dtype)


def _first_largest(seen):
    """1 for the first unit of the largest output, 0 for the others: (B, n)."""
    n = seen.value.shape[-1]
    return np.eye(n, dtype=seen.value.dtype)[seen.value.argmax(-1)]


def _maximum_of_others(c, seen):
    """For each unit, the maximum over the other units."""
    n = seen.value.shape[-1]
    total = 0.0
    for own in np.eye(n, dtype=seen.value.dtype):
        others = seen * (1 - own) - own  # the unit itself is at -1, and no output is below 0
        total = total + others.maximum(-1) * own
    return total


RECURRENCE = [
    Variant("no_feedback",
            "the term y_{t-1} H is missing",
            {"feedback": lambda c: 0.0}, RECURRENT),
    Variant("H_fed_x",
            "H multiplies x_t: it multiplies y_{t-1}",
            {"feedback": lambda c: product(c, c.x, c.H)},
            RECURRENT, square),
    Variant("W_and_H_swapped",
            "W and H are exchanged, x H + y W: x W + y H",
            {"feedback": lambda c: product(c, c.y, c.W), "drive": lambda c: product(c, c.x, c.H)},
            RECURRENT, square),
    Variant("H_transposed",
            "H is transposed: unit i feeds unit j by H[i, j], so y H with samples as rows",
            {"H": lambda H: H.T}, RECURRENT, several_units),
    Variant("H_fed_s",
            "H multiplies s_{t-1}: it multiplies the output y_{t-1}",
            {"feedback": lambda c: product(c, c.s, c.H)}, RECURRENT),
    Variant("H_fed_gated_state",
            "H multiplies the state after its reset: it multiplies the output y_{t-1}",
            {"feedback": lambda c: product(c, c.s * c.gate, c.H)}, RECURRENT),
    Variant("H_fed_one_minus_y",
            "H multiplies 1 - y_{t-1}: it multiplies y_{t-1}",
            {"feedback": lambda c: product(c, 1 - c.y, c.H)}, RECURRENT),
    Variant("feedback_late",
            "H multiplies y_{t-2}: it multiplies y_{t-1}",
            {"feedback": lambda c: product(c, c.older, c.H)}, RECURRENT),
    Variant("feedback_gated",
            "y H is multiplied by the reset gate: the gate is on the state alone",
            {"feedback": lambda c: product(c, c.y, c.H) * c.gate}, RECURRENT),
    Variant("feedback_decayed",
            "y H is multiplied by the decay: the decay is on the state alone",
            {"feedback": lambda c: c.decay * product(c, c.y, c.H)}, RECURRENT),
    Variant("feedback_outside_g",
            "y H is added after g, s = g(...) + y H: it is inside g",
            {"feedback": lambda c: 0.0, "recall": _with_feedback_kept_apart,
             "s": lambda c: c.z.apply(c.g, c.g_slope) + c.fed}, RECURRENT),
    Variant("no_self_feedback",
            "the diagonal of H is left out: a unit feeds itself, too",
            {"H": _without_diagonal}, RECURRENT),
    Variant("feedback_negated",
            "y H is subtracted: it is added",
            {"H": lambda H: -H}, RECURRENT),
    Variant("W_reshaped",
            "W is transposed and then reshaped to its own shape, which mixes its elements: "
            "W[i, j] leads from input i to unit j",
            {"W": lambda W: W.tape.node(
                np.ascontiguousarray(W.value.T).reshape(W.value.shape),
                lambda d: W.receive(d.reshape(W.value.T.shape).T))}, fits=several_units),
    Variant("last_unit_silent",
            "the state of the last unit is always 0, as of a loop that is one unit too short",
            {"s": lambda c: c.z.apply(c.g, c.g_slope) * _all_but_last(c)}, fits=several_units),
    Variant("W_transposed",
            "W is transposed: rows are inputs, columns are units, x W with samples as rows",
            {"W": lambda W: W.T}, fits=lambda inputs: square(inputs) and several_units(inputs)),
]


INHIBITION = [
    Variant("inhibition_across_batch",
            "the maximum runs over the whole batch (as in the authors' toolkit): it is taken for "
            "each sample by itself",
            {"fired": lambda c, seen: seen.maximum((0, 1))}, INHIBITED, several_samples),
    Variant("inhibition_over_batch_only",
            "the maximum runs over the batch and not over the units: over the units, for each "
            "sample",
            {"fired": lambda c, seen: seen.maximum(0)}, INHIBITED, tells=several_samples),
    Variant("inhibition_left_out",
            "each unit has a gate of its own, 1 - y_j: with inhibition it is 1 - max_j y_j",
            {"fired": lambda c, seen: seen}, INHIBITED, several_units),
    Variant("inhibition_sum",
            "the gate is 1 - sum_j y_j: it is 1 - max_j y_j",
            {"fired": lambda c, seen: seen.sum(-1)}, INHIBITED, several_units),
    Variant("inhibition_mean",
            "the gate is 1 - mean_j y_j: it is 1 - max_j y_j",
            {"fired": lambda c, seen: seen.sum(-1) * (1 / seen.value.shape[-1])}, INHIBITED,
            several_units),
    Variant("inhibition_of_winner",
            "the first unit of the largest y is reset, and no other: all units are, by 1 - max_j "
            "y_j",
            {"fired": lambda c, seen: seen * _first_largest(seen)}, INHIBITED, several_units),
    Variant("inhibition_by_others",
            "a unit is inhibited by the others alone: the maximum includes the unit itself",
            {"fired": _maximum_of_others}, INHIBITED, several_units),
    Variant("inhibition_and_own_reset",
            "both gates are applied, (1 - y_j)(1 - max_j y_j): the shared one takes the place of "
            "the other",
            {"gate": lambda c: (1 - c.fired) * (1 - c.seen(c))}, INHIBITED),
    Variant("inhibition_not_asked",
            "the gate is 1 - max_j y_j, lateral inhibition: this case has none, it is 1 - y_j",
            {"fired": lambda c, seen: seen.maximum(-1)}, OWN_GATE, several_units),
]

RECURRENCE_VARIANTS = [*RECURRENCE, *INHIBITION]
