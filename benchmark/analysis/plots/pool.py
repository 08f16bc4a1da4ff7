"""Processes that draw beside this one. They start before anything heavy is imported here, and import meanwhile."""

from contextlib import contextmanager
from importlib import import_module

# Not the standard pool: that would import the main script anew in every process. No fork: a user's may have threads.
from joblib.externals.loky import ProcessPoolExecutor, cpu_count
from joblib.externals.loky.process_executor import TerminatedWorkerError

FEW = 8  # drawings for which no further process is started: it takes about a second to begin
MOST = 3  # processes
PER_MODEL = 4  # figures of a model, about
IDLE = 20  # seconds after which a process without work ends, as where its parent was killed


@contextmanager
def drawing_pool(folder):
    """Yield a pool for the figures that a results folder lacks, None where they are few or there is one core."""
    missing = PER_MODEL * len(list(folder.glob("trials/*"))) - len(list(folder.glob("figures/*")))
    processes = min(cpu_count() - 1, missing // FEW, MOST)
    if processes < 1:
        yield None
        return
    with ProcessPoolExecutor(processes, timeout=IDLE) as pool:
        for _ in range(processes):
            pool.submit(import_module, "benchmark.analysis.plots.drawing")
        yield pool


def finish(function, started):
    """Run here, from the last on, what no process has begun, and wait for the rest; what a process died of, too.

    started: (future, arguments) of each call of ``function``; the future is None where there is no pool."""
    for future, arguments in reversed(started):
        if future is None or future.cancel():
            function(*arguments)
    for future, arguments in started:
        if future is not None and not future.cancelled():
            try:
                future.result()
            except TerminatedWorkerError:
                function(*arguments)
