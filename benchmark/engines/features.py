"""Features before the trials: those that several trials share are computed once, and the trials find them in the cache.

What fails here fails again in the trials, which say why."""

from collections import defaultdict
from dataclasses import replace

from benchmark.engines.workers import each, slots
from benchmark.models import backend
from spectrograms.files import write_text


def shared(jobs):
    """Return {key: the jobs that use the same features} of those not known to be complete.

    Of a model of several features there is a job for each, its ``part``."""
    from benchmark.features.dependencies import mark_key
    from benchmark.features.extractors import EXTRACTORS

    groups, digests = defaultdict(list), jobs[0].clips["sha256"].unique()
    reading = [job for job in jobs if job.trial.network.reads in EXTRACTORS and _trains_head(job)]
    for one in [replace(job, part=part) for job in reading for part in job.trial.network.parts]:
        if EXTRACTORS[one.part.reads].is_computed:
            key = mark_key(*_read(one), one.trial.seed, digests)
            if not mark(one, key).exists():
                groups[key].append(one)
    return groups


def _trains_head(job):
    """Return whether a job trains a head on features that are computed once."""
    from benchmark.training.regimes import stages_of

    return any(stage.trains == "head" for stage in stages_of(job.trial.network, job.study))


def _read(job):
    """Return (the features, the study as it holds for them) that a job computes."""
    return job.part, job.study if job.part is job.trial.network else job.study.for_features(job.part)


def mark(job, key):
    """Return the file that says that features are complete. If it lies, the trials compute what is missing."""
    return job.study.cache / "features" / "complete" / key


def compute(job, clips):
    """Compute the features of some clips for a job's network; the cache keeps them."""
    from benchmark.features.extractors import EXTRACTORS
    from benchmark.training.loop import precision

    (features, study), training = _read(job), job.study.training
    with precision(training.mixed_precision):
        extractor = EXTRACTORS[features.reads](features, study, job.trial.seed)
        extractor.may_lack = features is not job.trial.network
        extractor.features(clips, training.batch_size)


def tell(board, jobs, key, done, total):
    """Tell a board how far the features of some jobs are; once they are complete, mark them so."""
    for job in jobs:
        board.progress(job.trial, "features", done, total)
    if done == total:
        write_text(mark(jobs[0], key), "")
        board.say(f"{jobs[0].part.label}: features of all clips are in {jobs[0].study.cache}")


def compute_shared(jobs, engine, board):
    """Compute the features that more than one trial uses, here or each in a spawned process: one does it as well alone.

    In processes, as many are computed at once as there are places for trials."""
    due = {group[0]: (key, group) for key, group in shared(jobs).items() if len(group) > 1}
    for job, worked, _ in each(list(due), engine, slots(engine, backend.gpu_ids(), backend.cores()), _of_all_clips):
        if worked:
            key, group = due[job]
            tell(board, group, key, 1, 1)


def _of_all_clips(job, progress=None):
    """Compute the features of all clips for a job's network; return whether that worked."""
    backend.import_keras()
    import keras

    try:
        compute(job, job.clips)
        return True
    except Exception:  # of any library
        return False
    finally:
        keras.utils.clear_session()
