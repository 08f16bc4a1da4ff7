"""Features before the trials: those that several trials share are computed once, and the trials find them in the cache.

What fails here fails again in the trials, which say why."""

import contextlib
import multiprocessing
import os
import signal
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue

from benchmark.engines.workers import slots
from benchmark.models import backend
from spectrograms.files import write_text
from spectrograms.processes import follow


def compute_shared(jobs, engine, board):
    """Compute the features that several of the jobs use, where those trials will run."""
    if jobs:
        COMPUTE[engine.kind](jobs, engine, board)


def shared(jobs):
    """Return {key: the jobs that use the same features} of those not known to be complete."""
    from benchmark.features.dependencies import mark_key
    from benchmark.training.regimes import stages_of

    groups, digests = defaultdict(list), jobs[0].clips["sha256"].unique()
    for job in jobs:
        network, study = job.trial.network, job.study
        if any(stage.trains == "head" for stage in stages_of(network, study)):
            key = mark_key(network, study, job.trial.seed, digests)
            if not mark(job, key).exists():
                groups[key].append(job)
    return groups


def mark(job, key):
    """Return the file that says that features are complete. If it lies, the trials compute what is missing."""
    return job.study.cache / "features" / "complete" / key


def compute(job, clips):
    """Compute the features of some clips for a job's network; the cache keeps them."""
    from benchmark.features.extractors import EXTRACTORS
    from benchmark.training.loop import precision

    network, training = job.trial.network, job.study.training
    with precision(training.mixed_precision):
        EXTRACTORS[network.reads](network, job.study, job.trial.seed).features(clips, training.batch_size)


def tell(board, jobs, done, total):
    """Tell a board how far the features of some jobs are."""
    for job in jobs:
        board.progress(job.trial, "features", done, total)
    if done == total:
        board.say(f"{jobs[0].trial.network.label}: features of all clips are in {jobs[0].study.cache}")


def _of_several(jobs):
    """Return (key, jobs) of features that more than one trial uses: one alone does it as well."""
    return [(key, group) for key, group in shared(jobs).items() if len(group) > 1]


def _inline(jobs, engine, board):
    """Compute the features here, one network after the other."""
    import keras

    for key, group in _of_several(jobs):
        tell(board, group, 0, 1)
        with contextlib.suppress(Exception):  # of any library
            compute(group[0], group[0].clips)
            write_text(mark(group[0], key), "")
            tell(board, group, 1, 1)
        keras.utils.clear_session()


def _processes(jobs, engine, board):
    """Compute the features of each network in a spawned process, as many at once as there are places for trials."""
    free = SimpleQueue()
    places = slots(engine, backend.gpu_ids(), backend.cores())
    for slot in places:
        free.put(slot)
    with ThreadPoolExecutor(len(places)) as threads:
        for key, group, code in threads.map(partial(_spawn, free), _of_several(jobs)):
            if code == 0:
                write_text(mark(group[0], key), "")
                tell(board, group, 1, 1)


def _spawn(free, part):
    key, group = part
    slot = free.get()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(group[0], slot, os.getpid()))
    process.start()
    process.join()
    free.put(slot)
    return key, group, process.exitcode


def _run(job, slot, parent):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it, and this ends with it
    follow(parent)
    backend.keep_to(slot.cores)
    os.environ["CUDA_VISIBLE_DEVICES"] = slot.gpu
    backend.import_keras()
    try:
        compute(job, job.clips)
    except Exception:  # of any library
        raise SystemExit(1) from None


def _ray(jobs, engine, board):
    from benchmark.engines.cluster import features  # imported late: Ray is an extra

    features.embed(jobs, engine, board)


COMPUTE = {"inline": _inline, "processes": _processes, "ray": _ray}
