"""Simple models that a network should beat: frequent notes, nearest chords, nearest images."""
import math

import numpy as np

from .. import validation


def independent_notes_nll(train_rolls, test_rolls, *, per_piece=False):
    """Negative log-likelihood of piano rolls if notes are independent of each other and the past.

        p_k = (n_k + 1) / (N + 2)
        NLL = mean_t sum_k -[ x_tk log p_k + (1 - x_tk) log(1 - p_k) ]

    N is the number of predicted steps of the training pieces, n_k the number of those with note k.
    x_tk is 1 if note k sounds at step t of a test piece. In each piece the steps t >= 1 are
    predicted, because a network needs the step before. The 1 and the 2 are Laplace's rule of
    succession (our choice): without them a note in no training piece makes the NLL infinite.

    train_rolls, test_rolls: lists or tuples of arrays (steps, notes) of 0 and 1, one per piece.
    per_piece: False, mean over the steps of all test pieces together ("pooled"); True, mean over
    the pieces of each piece's mean, so that short pieces count as much as long ones.
    Returns nats per step, summed over the notes (float).
    Raises TypeError (not arrays), ValueError (shape, values other than 0 and 1, no predicted step).

    Source of task and metric: N. Boulanger-Lewandowski et al., ICML 2012.
    """
    per_piece = validation.flag("per_piece", per_piece)
    train, test = _predicted_steps(train_rolls, test_rolls)
    p = _note_probabilities(np.concatenate(train))
    logit, silence = np.log(p) - np.log1p(-p), np.log1p(-p).sum()
    by_step = [-(roll @ logit + silence) for roll in test]  # each (steps - 1,)
    if per_piece:
        return float(np.mean([nll.mean() for nll in by_step if nll.size]))
    return float(np.concatenate(by_step).mean())


def nearest_chords_nll(train_rolls, test_rolls, k):
    """Negative log-likelihood of piano rolls when each step follows the k most similar chords.

        p_n = (m_n + q_n) / (k + 1)

    Take the k training chords that differ from the chord of the present step in the fewest notes
    (on a tie, the earlier one). m_n of them are followed by note n. q_n is the probability of note
    n in `independent_notes_nll`. Returns the mean over all predicted steps, in nats; our model.
    """
    after, wanted = map(np.concatenate, _predicted_steps(train_rolls, test_rolls))
    k = validation.integer("k", k, 1, len(after))
    before, present = (np.concatenate([roll[:-1] for roll in rolls]).astype(np.float64)
                       for rolls in (train_rolls, test_rolls))
    # |a - b|^2 = |a|^2 - 2 a b + |b|^2, without |a|^2: it is the same for all training chords b
    near = np.argsort(before.sum(axis=1) - 2 * present @ before.T, axis=1, kind="stable")[:, :k]
    p = (after[near].sum(axis=1) + _note_probabilities(after)) / (k + 1)
    return float(-np.where(wanted == 1, np.log(p), np.log1p(-p)).sum(axis=1).mean())


def nearest_neighbour(train_values, train_labels, values, at_a_time=500):
    """For each image, the label of the nearest training image by Euclidean distance: (N,).

    train_values (M, n), values (N, n), floats; train_labels (M,); ties: the earlier image.
    """
    M, n = validation.array("train_values", train_values, ("M", "n"), "floats").shape
    if not M:
        raise ValueError("train_values: expected at least one image, got none")
    # so that squares and distances do not overflow
    most = math.sqrt(float(np.finfo(train_values.dtype).max) / (4 * max(1, n)))
    validation.array("train_values", train_values, None, "floats", low=-most, high=most)
    validation.array("train_labels", train_labels, (M,), "integers")
    validation.array("values", values, ("N", n), train_values.dtype, low=-most, high=most)
    at_a_time = validation.positive_int("at_a_time", at_a_time)
    squares = (train_values ** 2).sum(axis=1)  # (M,)
    nearest = [np.argmin(squares - 2 * values[i:i + at_a_time] @ train_values.T, axis=1)
               for i in range(0, max(1, len(values)), at_a_time)]  # without images, one empty batch
    return train_labels[np.concatenate(nearest)]


def _note_probabilities(steps):
    """How often each note sounds, (n_k + 1) / (N + 2): steps (N, notes) -> (notes,)."""
    return (steps.sum(axis=0) + 1) / (len(steps) + 2)


def _predicted_steps(train_rolls, test_rolls):
    """For both arguments, the checked rolls from their second step on, as float64."""
    notes, steps = "notes", []
    for name, rolls in (("train_rolls", train_rolls), ("test_rolls", test_rolls)):
        if not isinstance(rolls, (list, tuple)):
            raise TypeError(f"{name}: expected a list or tuple of arrays, one per piece, "
                            f"got {type(rolls).__name__}")
        for i, roll in enumerate(rolls):
            notes = validation.zeros_and_ones(f"{name}[{i}]", roll, ("steps", notes)).shape[1]
        if not any(len(roll) > 1 for roll in rolls):
            raise ValueError(f"{name}: expected a piece of two steps or more, got none")
        steps.append([roll[1:].astype(np.float64) for roll in rolls])
    return steps
