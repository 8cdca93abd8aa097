"""Rate coding: a number becomes random spikes; a larger number gives more.

    P(spike in a step) = value * max_spikes / Ns       so a value of 1 gives max_spikes in Ns steps

Source: the authors' toolkit (IBM/neuroaikit), with Ns = 20 and max_spikes = 6 in its MNIST
tutorial.
"""
import numpy as np

from . import validation


def rate_code(values, n_steps, max_spikes, *, rng, dtype=np.float64):
    """Independent Bernoulli spikes in each of n_steps steps, p = value * max_spikes / n_steps.

    values (B, n) within [0, 1], any float dtype; n_steps the paper's Ns; 0 < max_spikes <= n_steps,
    the mean number of spikes for a value of 1; rng a numpy.random.Generator.
    Returns spikes, 0 or 1, (n_steps, B, n) in `dtype`. ValueError or TypeError name the argument.

    >>> rng = np.random.default_rng(0)
    >>> x = rate_code(np.array([[0.0, 0.3, 1.0]]), n_steps=20, max_spikes=20, rng=rng)
    >>> x.shape, x[:, 0, 0].sum().item(), x[:, 0, 2].sum().item()      # never, and in every step
    ((20, 1, 3), 0.0, 20.0)
    """
    dtype = validation.real_dtype(dtype)
    validation.array("values", values, ("B", "n"), "floats", low=0, high=1)
    n_steps = validation.positive_int("n_steps", n_steps)
    max_spikes = validation.number_in("max_spikes", max_spikes, 0, n_steps, low_open=True)
    validation.generator("rng", rng)
    # float32 draws: their resolution of 2^-24 changes a probability by less than 1e-7
    draws = rng.random((n_steps,) + values.shape, dtype=np.float32)
    return (draws < (values * (max_spikes / n_steps)).astype(np.float32)).astype(dtype)
