"""Trials one after the other in this process, or each in a fresh process of its own.

An engine takes jobs, the study's EngineParams and a :class:`engines.status.Board`; it yields (job, record) as trials
end."""

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait

from benchmark.models import backend
from benchmark.trials.specification import Surroundings
from spectrograms.processes import follow

SIGNALS = {signal.SIGKILL: "most likely by the system, for want of memory", signal.SIGSEGV: "it crashed"}


def inline(jobs, engine, board):
    """Run the jobs here, one after the other."""
    from benchmark.trials.attempt import attempt

    for job in jobs:
        board.begun(job.trial)
        yield job, attempt(job, Surroundings(partial(board.progress, job.trial)))


@dataclass(frozen=True)
class Slot:
    """The cores and the GPU that one worker process has to itself; gpu '' is none."""

    cores: tuple[int, ...]
    gpu: str = ""


@dataclass(eq=False)
class Worker:
    """A process with one job. ``asks`` while it waits for the others to rest, ``timing`` while it measures."""

    job: object
    slot: Slot
    connection: Connection
    process: multiprocessing.Process
    state: str = field(default="busy")  # busy | asks | timing


def slots(engine, gpus, cores):
    """Return the :class:`Slot` of each trial that may run at once: one per GPU unless the study says how many."""
    n = engine.workers or max(1, len(gpus))
    share = engine.num_cpus or max(1, len(cores) // n)
    parts = [tuple(cores[(i * share + k) % len(cores)] for k in range(min(share, len(cores)))) for i in range(n)]
    return [Slot(part, gpus[i % len(gpus)] if gpus else "") for i, part in enumerate(parts)]


def processes(jobs, engine, board, work=None):
    """Run each job in a spawned process. One that dies fails its trial alone.

    A worker that is about to measure latency waits until no other runs, and none is started meanwhile."""
    free = deque(slots(engine, backend.gpu_ids(), backend.cores()))
    waiting, running, board.at_once = deque(jobs), [], len(free)
    try:
        while waiting or running:
            while waiting and free and all(worker.state == "busy" for worker in running):
                running.append(_start(waiting.popleft(), free.popleft(), work or _work))
                board.begun(running[-1].job.trial)
            _let_one_measure(running)
            for connection in wait([worker.connection for worker in running]):
                worker = next(worker for worker in running if worker.connection is connection)
                record = _hear(worker, board)
                if record is not None:
                    running.remove(worker)
                    free.append(worker.slot)
                    yield worker.job, record
    finally:
        for worker in running:
            worker.process.kill()
            worker.process.join()


def _let_one_measure(running):
    """Give the first worker that asks its turn, once all the others ask as well."""
    if running and all(worker.state == "asks" for worker in running):
        running[0].state = "timing"
        running[0].connection.send("go")


def _start(job, slot, work):
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads and a backend can hang
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, job, slot, os.getpid()), name=str(job.trial.folder(job.study)))
    process.start()
    theirs.close()  # the end of the process is then the end of the pipe
    return Worker(job, slot, ours, process)


def _hear(worker, board):
    """Take one message of a worker; return its record if it has ended, else None."""
    try:
        what, content = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        return _died(worker)
    if what == "progress":
        board.progress(worker.job.trial, *content)
    elif what == "state":
        worker.state = content
    else:
        worker.process.join()
        return content
    return None


def _died(worker):
    """Return the record of a trial whose process ended without one."""
    from benchmark.trials.attempt import failed

    code = worker.process.exitcode
    if code >= 0:
        return failed(worker.job, f"its process ended with code {code}")
    return failed(worker.job, f"its process was killed by signal {-code}, {SIGNALS.get(-code, 'by somebody')}")


def _work(connection, job, slot, parent):
    """Run a job in a fresh process: nothing heavy is imported before cores and GPU are set."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it and ends its workers
    follow(parent)
    backend.keep_to(slot.cores)
    os.environ["CUDA_VISIBLE_DEVICES"] = slot.gpu
    backend.import_keras()
    from benchmark.trials.attempt import attempt

    def progress(*stage):
        connection.send(("progress", stage))

    connection.send(("record", attempt(job, Surroundings(progress, partial(_alone, connection)))))


@contextlib.contextmanager
def _alone(connection):
    """Wait for the turn to measure, and give it back."""
    connection.send(("state", "asks"))
    connection.recv()
    try:
        yield
    finally:
        connection.send(("state", "busy"))
