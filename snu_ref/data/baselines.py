"""Simple models that a network has to beat.

    independent_notes_nll   every note sounds at every step with a probability of its own

These are models without a network: nothing in them is trained by gradient.
"""
import numpy as np

from .. import validation


def independent_notes_nll(train_rolls, test_rolls, *, per_piece=False):
    """Negative log-likelihood of piano rolls under notes independent of each other and of the past.

        p_k = (n_k + 1) / (N + 2)
        NLL = mean_t sum_k -[ x_tk log p_k + (1 - x_tk) log(1 - p_k) ]

    N predicted steps of the training pieces, n_k those with note k; x_tk is 1 if note k sounds at
    step t of a test piece. The predicted steps of a piece are t >= 1: all that a network predicts
    from the steps before. The 1 and the 2 are Laplace's rule of succession (our choice): without
    them a note that no training piece has would make the NLL infinite.

    train_rolls, test_rolls: lists or tuples of arrays (steps, notes) of 0 and 1, one per piece.
    per_piece: False, mean over the steps of all test pieces together ("pooled"); True, mean over
    the test pieces of their own means, so that short pieces count as much as long ones.
    Returns nats per step, summed over the notes (float).
    Raises TypeError (not arrays), ValueError (shape, values other than 0 and 1, no predicted step).

    Task and metric: N. Boulanger-Lewandowski et al., ICML 2012.
    """
    per_piece = validation.flag("per_piece", per_piece)
    train = _predicted_steps("train_rolls", train_rolls)
    test = _predicted_steps("test_rolls", test_rolls)
    notes = train[0].shape[1]
    if test[0].shape[1] != notes:
        raise ValueError(f"test_rolls: expected {notes} notes as in train_rolls, "
                         f"got {test[0].shape[1]}")
    n = sum(roll.sum(axis=0) for roll in train)  # (notes,)
    N = sum(len(roll) for roll in train)
    p = (n + 1) / (N + 2)  # (notes,)
    logit, silence = np.log(p) - np.log1p(-p), np.log1p(-p).sum()
    by_step = [-(roll @ logit + silence) for roll in test]  # each (steps - 1,)
    if per_piece:
        return float(np.mean([nll.mean() for nll in by_step if nll.size]))
    return float(np.concatenate(by_step).mean())


def _predicted_steps(name, rolls):
    """Each roll from its second step on, as float64; named errors for anything but piano rolls."""
    if not isinstance(rolls, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple of arrays, one per piece, "
                        f"got {type(rolls).__name__}")
    notes = "notes"
    for i, roll in enumerate(rolls):
        notes = validation.zeros_and_ones(f"{name}[{i}]", roll, ("steps", notes)).shape[1]
    if not any(len(roll) > 1 for roll in rolls):
        raise ValueError(f"{name}: expected a piece of two steps or more")
    return [roll[1:].astype(np.float64) for roll in rolls]
