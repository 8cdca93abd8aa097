"""One BLAS thread for all tests, which of them are the core, and which of them start ahead.

The matrices are tiny, and two threads on busy cores wait for each other.

`pytest -m core` runs the tests of the numerical core alone, in about ten seconds: activations, units and
layers, losses, optimisers, encoding, the memory model, and the comparison of vectors. It is the net that
small mistakes in these are caught by (random changes of an operator, a constant, a sign or an index).

A test marked with `pytest.mark.ahead.with_args(function)` waits for a long command. function(folder,
**parameters of the test) runs it, one such command after the other in a second process, while this one goes
on with other tests; the fixture `ahead` is what it returned. So the whole run takes less time where there
are two cores.
"""
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, so before any test module

import pytest  # noqa: E402

CORE = """
    activations any_input bad_input compare conv conv_unit dropout embedding encoding in_loop losses network optimisers
    pcm_array pcm_device pcm_device_errors pcm_errors pcm_moments pcm_readout pcm_reads pcm_refresh pcm_stuck
    pieces pooling recurrent recurrent_errors recurrent_gates snu""".split()
SLOW = ("test_gradients_through_a_network", "test_wrong_gradients_are_noticed",
        "test_training_in_the_loop_learns")  # what these find, others find sooner


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem.removeprefix("test_") in CORE and not item.name.startswith(SLOW):
            item.add_marker(pytest.mark.core)


def pytest_collection_finish(session):
    """Start the long commands of the tests that were chosen, in their order, each once."""
    chosen = [item for item in session.items if item.get_closest_marker("ahead")]
    if session.config.option.collectonly or not chosen:
        return
    session.folder, session.pool = TemporaryDirectory(), ThreadPoolExecutor(1)
    started = {}
    for item in chosen:
        function, = item.get_closest_marker("ahead").args
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        key = function, *parameters.items()
        if key not in started:
            folder = Path(session.folder.name, str(len(started)))
            folder.mkdir()
            started[key] = session.pool.submit(function, folder, **parameters)
        item.ahead = started[key]


def pytest_sessionfinish(session):
    if hasattr(session, "pool"):
        session.pool.shutdown(cancel_futures=True)
        session.folder.cleanup()


@pytest.fixture
def ahead(request):
    """What the function of the test's mark `ahead` has returned; raises what it raised."""
    return request.node.ahead.result()
