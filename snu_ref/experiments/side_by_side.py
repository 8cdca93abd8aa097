"""Run jobs in parallel processes, the longest first, and keep finished results in files.

    done = run_jobs(jobs, processes=2, folder=Path("out/finished"))     # name: result

Every job runs in a worker process, even if there is only one, and draws its random numbers from a
seed among its arguments. So the results do not depend on the number of processes.
"""
import json
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, Callable, NamedTuple

from ..files import output_folder, whole_file
from ..tasks.progress import Progress

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Job(NamedTuple):
    """A call work(*arguments) that returns data for JSON; seconds: an estimate, for the order."""
    name: str
    part: str
    work: Callable
    arguments: tuple
    seconds: float


class Done(NamedTuple):
    """The result of a job, its wall time and its processor time (s)."""
    result: Any
    seconds: float
    processor: float


def run_jobs(jobs, processes, folder, *, resume=False, identity="", stream=None):
    """Run all jobs, `processes` at a time; returns {name of the job: its Done}.

    folder: keeps one file for each finished job. resume: use the files of an earlier call with the
    same `identity` (text); otherwise they are deleted. Raises the exception of a job, and
    ChildProcessError if a worker process ends before its job.
    """
    output_folder("--out", folder)
    files = {job.name: folder / f"{job.name}.json" for job in jobs}
    done = {name: kept for name, file in files.items()
            if resume and (kept := _kept(file, identity))}
    for file in folder.glob("*.json"):
        if file.stem not in done:
            file.unlink()
    waiting = sorted((job for job in jobs if job.name not in done), key=lambda job: job.seconds)
    progress = Progress(sum(job.seconds for job in waiting), f"{len(waiting)} runs", stream)
    workers = [_Worker() for _ in range(min(processes, len(waiting)))]
    try:
        for worker in workers:
            worker.begin(waiting.pop())
        while busy := {worker.connection: worker for worker in workers if worker.job}:
            for connection in wait(busy):
                worker, job = busy[connection], busy[connection].job
                done[job.name] = worker.result()
                with whole_file(files[job.name]) as file:
                    file.write(json.dumps([identity, *done[job.name]]).encode())
                progress.done += job.seconds - 1
                progress.step(f"{len(waiting)} waiting, {job.name} done")
                worker.begin(waiting.pop() if waiting else None)
    except (KeyboardInterrupt, ChildProcessError) as error:
        kept = f"{len(done)} of {len(jobs)} runs are kept in {folder}: give --resume to continue"
        raise type(error)(f"{error}; {kept}".removeprefix("; ")) from error
    finally:
        progress.close()
        for worker in workers:
            worker.process.terminate()
            worker.process.join()
    return {job.name: done[job.name] for job in jobs}


def _kept(file, identity):
    """The Done in a file; None if there is no such file or it has another identity."""
    try:
        found, *done = json.loads(file.read_text(encoding="utf-8"))
        return Done(*done) if found == identity else None
    except (OSError, ValueError, TypeError):
        return None


class _Worker:
    """A process that does one job after another; `job` is the present one, or None."""

    def __init__(self):
        if not os.environ.keys() & set(THREADS):  # BLAS reads them when it is loaded
            os.environ.update(dict.fromkeys(THREADS, "1"))
        # a new Python on every system, which inherits no state from this process
        start = multiprocessing.get_context("spawn")
        self.connection, theirs = start.Pipe()
        self.process = start.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # only the worker has it now, so we notice when it ends
        self.job = None

    def begin(self, job):
        self.job = job
        if job:
            self.connection.send(job)

    def result(self):
        try:
            result = self.connection.recv()
        except (EOFError, ConnectionError) as error:
            self.process.join()
            raise ChildProcessError(f"{self.job.name}: its process ended early, with exit code "
                                    f"{self.process.exitcode}") from error
        if isinstance(result, Exception):
            raise result
        return result


def _work(connection):
    """The loop of a worker: receive a job, send its Done or its exception."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process handles Ctrl-C
    with suppress(EOFError, ConnectionError):  # the first process has ended
        while True:
            job = connection.recv()
            start, busy = time.monotonic(), time.process_time()
            try:
                # through JSON, so that a resumed run gets the same result
                result = json.loads(json.dumps(job.work(*job.arguments)))
                answer = Done(result, round(time.monotonic() - start, 2),
                              round(time.process_time() - busy, 2))
            except Exception as error:
                answer = error
            connection.send(answer)
