"""Tasks spread over processes: one that kills or stalls its process costs no more than itself."""

import os
import re
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from time import monotonic, sleep

# Not the standard pool: that would import the main script anew in every process.
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError

TIME_LIMIT = 60  # seconds for one task and, where it is new, its process; real decoding takes a hundredth
POLL = 0.5  # seconds between two looks for tasks that take too long
# One thread each: processes that all start threads of their own wait for each other.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def follow(parent):
    """End this process as soon as ``parent``, which started it, is gone: nobody would take its result."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent):
    while os.getppid() == parent:
        sleep(POLL)
    os._exit(1)


def in_processes(function, tasks, n_processes, lost):
    """Yield ``function(*task)`` for each task as it is done, in any order, from ``n_processes`` processes.

    A task whose process dies, or that takes longer than TIME_LIMIT, is tried once more when all others are done, by
    itself: it may have lost its memory to them. Where that fails too, ``lost(task, reason)`` is yielded in its place.
    An exception of ``function`` ends all.
    """
    suspects = []
    for task, answer, reason in _tried(function, tasks, n_processes):
        if reason:
            suspects.append(task)
        else:
            yield answer
    for task, answer, reason in _tried(function, suspects, 1):
        yield lost(task, reason) if reason else answer


def _tried(function, tasks, n_processes):
    """Yield (task, answer, None) or (task, None, why there is no answer) for each task."""
    waiting, idle, busy = deque(tasks), [_Lane() for _ in range(n_processes)], {}
    try:
        while waiting or busy:
            while waiting and idle:
                lane = idle.pop()
                busy[lane.start(function, waiting.popleft())] = lane
            wait(busy, POLL, FIRST_COMPLETED)
            for future in [future for future, lane in busy.items() if future.done() or monotonic() > lane.deadline]:
                lane = busy.pop(future)
                idle.append(lane)
                yield lane.task, *lane.outcome(future)
    finally:
        for lane in idle:
            lane.stop()
        for lane in busy.values():
            lane.stop(kill=True)


class _Lane:
    """One process that does one task at a time, so that it is known which task it died of."""

    def __init__(self):
        self.pool, self.task, self.deadline = None, None, None

    def start(self, function, task):
        """Return the future of ``function(*task)``."""
        self.pool = self.pool or ProcessPoolExecutor(1, env=ONE_THREAD, initializer=follow, initargs=(os.getpid(),))
        self.task, self.deadline = task, monotonic() + TIME_LIMIT
        try:
            return self.pool.submit(function, *task)
        except TerminatedWorkerError:  # it died while it had nothing to do
            self.stop(kill=True)
            return self.start(function, task)

    def outcome(self, future):
        """Return (answer, None), or (None, reason) where the process died or takes too long; it is gone then."""
        if not future.done():
            self.stop(kill=True)
            return None, f"takes its decoder more than {TIME_LIMIT} s"
        try:
            return future.result(), None
        except TerminatedWorkerError as error:
            self.stop(kill=True)
            how = re.search(r"SIG[A-Z]+|EXIT\(-?\d+\)", str(error))  # not told on Windows
            return None, f"crashes its decoder ({how[0] if how else 'its process ended'})"

    def stop(self, kill=False):
        """End the process, if there is one."""
        if self.pool is not None:
            self.pool.shutdown(kill_workers=kill)
        self.pool = None
