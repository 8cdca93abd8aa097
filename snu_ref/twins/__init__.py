"""The scalar twins: every forward and backward pass a second time, as scalar loops.

A hand-derived gradient is trusted when an independent second derivation gives the same numbers. The
twins are that second derivation:

- plain Python loops over time, sample and unit; Python floats and the `math` module do the
  arithmetic, NumPy arrays only carry numbers in and out;
- forward passes written from the equations, one scalar assignment at a time;
- backward passes that reverse these assignments one by one, last first. The assignment

      c = f(a, b)        is reversed by        da += dc * df/da,    db += dc * df/db

  where dc is dL/dc. It is complete by then, because every later use of c has been reversed already.
  An adjoint starts at 0, or at the cotangent that the caller gives. It grows by `+=`, so it becomes
  the sum over all paths.

The twins are slow and do not train. They always compute in double precision. They share no code
with the first derivation, only the checks of arguments (`validation`).

Source of the method: reverse accumulation, A. Griewank and A. Walther, "Evaluating Derivatives",
2nd ed., SIAM 2008, chapter 3.
"""
from .convolution import conv2d_twin, pool2d_twin
from .readout import (bernoulli_nll_twin, dense_twin, embedding_twin, mean_square_error_twin,
                      softmax_cross_entropy_twin)
from .recurrent import RecurrentTwin, gru_twin, lstm_twin, rnn_twin
from .snu import SNUTwin, snu_twin
