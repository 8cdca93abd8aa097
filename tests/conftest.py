"""One BLAS thread for all tests, and which of them are the core.

The matrices are tiny, and two threads on busy cores wait for each other.

`pytest -m core` runs the tests of the numerical core alone, in about ten seconds: activations, units and
layers, losses, optimisers, encoding, the memory model, and the comparison of vectors. It is the net that
small mistakes in these are caught by (random changes of an operator, a constant, a sign or an index).
"""
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, so before any test module

import pytest  # noqa: E402

CORE = """
    activations any_input bad_input compare conv conv_unit dropout embedding encoding in_loop losses network optimisers
    pcm_array pcm_device pcm_device_errors pcm_errors pcm_moments pcm_readout pcm_reads pcm_refresh pcm_stuck
    pooling recurrent recurrent_errors recurrent_gates snu""".split()
SLOW = ("test_gradients_through_a_network", "test_wrong_gradients_are_noticed",
        "test_training_in_the_loop_learns")  # what these find, others find sooner


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem.removeprefix("test_") in CORE and not item.name.startswith(SLOW):
            item.add_marker(pytest.mark.core)
