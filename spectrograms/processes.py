"""Tasks spread over processes: one that kills or stalls its process costs no more than itself."""

import os
import signal
import threading
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from time import sleep

from joblib.externals.loky.backend.context import LokyContext, LokyProcess
from pebble import ProcessExpired, ProcessPool, concurrent

TIME_LIMIT = 60  # seconds for one task and, where it is new, its process; real decoding takes a hundredth
POLL = 0.5  # seconds between two looks for a parent that is gone
# One thread each: processes that all start threads of their own wait for each other.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class _Context(LokyContext):
    """Starts processes as joblib does: the standard way would import the main script anew in every one."""

    Process = staticmethod(partial(LokyProcess, env=ONE_THREAD))


def follow(parent):
    """End this process as soon as ``parent``, which started it, is gone: nobody would take its result."""

    def watch():
        while os.getppid() == parent:
            sleep(POLL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def time_limit(task):
    """Return how many seconds a task may take: TIME_LIMIT, whatever it is."""
    return TIME_LIMIT


def in_processes(function, tasks, n_processes, lost, limit=time_limit):
    """Yield ``function(*task)`` for each task as it is done, in any order, from ``n_processes`` processes.

    A task whose process dies, or that takes longer than ``limit(task)`` seconds, is tried once more when all others are
    done, by itself: it may have lost its memory to them. Where that fails too, ``lost(task, reason)`` is yielded in its
    place. An exception of ``function`` ends all.
    """
    suspects = []
    pool = ProcessPool(n_processes, initializer=follow, initargs=(os.getpid(),), context=_Context())
    try:
        futures = {pool.schedule(function, task, timeout=limit(task)): task for task in tasks}
        for future in as_completed(futures):
            try:
                yield future.result()
            except (ProcessExpired, BrokenProcessPool, TimeoutError):  # the pool breaks where all its processes died
                suspects.append(futures[future])
    finally:
        pool.stop()
        pool.join()
    for task in suspects:
        alone = concurrent.process(timeout=limit(task), context=_Context())(_alone)
        try:
            yield alone(os.getpid(), function, task).result()
        except TimeoutError:
            yield lost(task, f"takes its decoder more than {limit(task):.0f} s")
        except ProcessExpired as death:
            how = signal.Signals(-death.exitcode).name if death.exitcode < 0 else f"EXIT({death.exitcode})"
            yield lost(task, f"crashes its decoder ({how})")


def _alone(parent, function, task):
    follow(parent)
    return function(*task)
