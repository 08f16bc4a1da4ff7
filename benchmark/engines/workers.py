"""Trials one after the other in this process, or each in a fresh process of its own.

An engine takes jobs, the study's EngineParams and a :class:`engines.progress.Board`; it yields (job, record) as trials
end."""

import multiprocessing
import os
import signal
from collections import deque
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait

from benchmark.models import backend
from spectrograms.processes import follow

SIGNALS = {"SIGKILL": "most likely by the system, for want of memory", "SIGSEGV": "it crashed"}


def train(job, progress):
    """Run a trial; return its record."""
    backend.import_keras()
    from benchmark.trials.failures import run_guarded

    return run_guarded(job, progress)


def inline(jobs, engine, board):
    """Run the jobs here, one after the other."""
    for job in jobs:
        board.begun(job.trial)
        yield job, train(job, partial(board.progress, job.trial))


def processes(jobs, engine, board, work=train):
    """Run each job in a spawned process. One that dies fails its trial alone."""
    from benchmark.trials.failures import failed

    places = slots(engine, backend.gpu_ids(), backend.cores())
    board.at_once = len(places)
    for job, record, reason in apart(jobs, places, work, board):
        yield job, failed(job, reason) if reason else record


@dataclass(frozen=True)
class Slot:
    """The cores and the GPU that one worker process has to itself; gpu '' is none."""

    cores: tuple[int, ...]
    gpu: str = ""


def slots(engine, gpus, cores):
    """Return the :class:`Slot` of each trial that may run at once: one per GPU unless the study says how many."""
    n = engine.workers or max(1, len(gpus))
    share = engine.num_cpus or max(1, len(cores) // n)
    parts = [tuple(cores[(i * share + k) % len(cores)] for k in range(min(share, len(cores)))) for i in range(n)]
    return [Slot(part, gpus[i % len(gpus)] if gpus else "") for i, part in enumerate(parts)]


def each(jobs, engine, places, work):
    """Yield (job, answer, reason) of ``work(job)`` for each job, here under ``inline``, else as :func:`apart` does."""
    return ((job, work(job), "") for job in jobs) if engine.kind == "inline" else apart(jobs, places, work)


def apart(jobs, places, work, board=None):
    """Yield (job, answer, reason) of ``work(job, progress)`` in a spawned process for each job, as they end.

    As many run at once as there are places, each a :class:`Slot`. The answer is None where the process died, and the
    reason '' where it did not. A board hears of beginnings and of what ``progress`` is called with."""
    waiting, free, running = deque(jobs), deque(places), {}
    try:
        while waiting or running:
            while waiting and free:
                job, slot = waiting.popleft(), free.popleft()
                connection, process = _start(job, slot, work)
                running[connection] = job, slot, process
                if board:
                    board.begun(job.trial)
            for connection in wait(list(running)):
                job, slot, process = running[connection]
                try:
                    what, content = connection.recv()
                except (EOFError, OSError):
                    what, content = "died", None
                if what == "progress":
                    board and board.progress(job.trial, *content)
                    continue
                process.join()
                del running[connection]
                free.append(slot)
                yield job, content, _reason(process.exitcode) if what == "died" else ""
    finally:
        for _, _, process in running.values():
            process.kill()
            process.join()


def _start(job, slot, work):
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads and a backend can hang
    ours, theirs = context.Pipe()
    name = str(job.trial.folder(job.study))
    process = context.Process(target=_run, args=(theirs, work, job, slot, os.getpid()), name=name)
    process.start()
    theirs.close()  # the end of the process is then the end of the pipe
    return ours, process


def _reason(code):
    """Return in words why a process ended before it answered."""
    if code >= 0:
        return f"its process ended with code {code}"
    return f"its process was killed by signal {-code}, {SIGNALS.get(signal.Signals(-code).name, 'by somebody')}"


def _run(connection, work, job, slot, parent):
    """Work in a fresh process: nothing heavy is imported before cores and GPU are set."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it and ends its workers
    follow(parent)
    backend.keep_to(slot.cores)
    os.environ["CUDA_VISIBLE_DEVICES"] = slot.gpu
    connection.send(("answer", work(job, lambda *stage: connection.send(("progress", stage)))))
