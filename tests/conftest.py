"""One BLAS thread for all tests, and which tests start ahead.

The matrices are tiny, and two threads on busy cores wait for each other.

A test marked with `pytest.mark.ahead.with_args(function)` waits for a long command.
function(folder, **parameters of the test) runs it, one such command after the other in a second
process, while this one goes on with other tests; the fixture `ahead` is what it returned. So the
whole run takes less time where there are two cores.
"""
import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when NumPy is loaded, so before any test module

import pytest  # noqa: E402

def pytest_collection_finish(session):
    """Start the long commands of the tests that were chosen, in their order, each once."""
    gc.freeze()  # modules and tests stay in memory, so garbage collection can skip them
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
