"""One BLAS thread for all tests: the matrices are tiny, and two threads on busy cores wait for each other."""
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, so before any test module
