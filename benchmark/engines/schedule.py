"""All trials of a study: what is done is kept, what fails is recorded, the rest goes on."""

from itertools import chain
from types import MappingProxyType

from benchmark.engines import cluster, workers
from benchmark.engines.cluster.features import embed
from benchmark.engines.features import compute_shared
from benchmark.engines.progress import Board
from benchmark.engines.texts import keep_texts
from benchmark.engines.timing import time_models
from benchmark.errors import StudyError
from benchmark.store.labels import class_names
from benchmark.store.layout import PREDICTIONS, THRESHOLDS, check_format, read_record
from benchmark.store.origin import is_same, told
from benchmark.store.predictions import read_predictions
from benchmark.trials.failures import failed
from benchmark.trials.run import dependencies, of_part
from benchmark.trials.specification import Job, Trial
from benchmark.video.frames import forget_frames
from spectrograms.files import sweep
from spectrograms.waveforms import forget_waveforms

ENGINES = {"inline": workers.inline, "processes": workers.processes, "ray": cluster.run}  # what runs the trials
FEATURES = {"inline": compute_shared, "processes": compute_shared, "ray": embed}  # what several of them share


def plan(study, folds):
    """Return the trials, model by model; ``folds`` is {seed: [split of each clip, ...]}."""
    return [
        Trial(net, fold, seed) for net in study.models for seed, parts in folds.items() for fold in range(len(parts))
    ]


def check_replaces(study, clips, folds, origin, wrong=()):
    """Raise :class:`StudyError` where a run would replace finished trials of another study file or about other data.

    ``origin`` is that of the run, of :mod:`benchmark.store.origin`; networks in ``wrong`` will not be run."""
    for job in _jobs(study, clips, folds, origin):
        if job.trial.network.name in wrong:
            continue
        record = _record(job)
        was = record.get("origin")
        if record.get("status") == "done" and not is_same(was, origin) and (why := reusable(job)[1]):
            raise StudyError(
                f"{study.folder} holds finished trials of {told(was)}, and a run of {told(origin)} would replace them "
                f"({job.trial.name} {why}): give it another name (--set name=...), or replace them with --force"
            )


def _jobs(study, clips, folds, origin):
    """Return the jobs of all trials."""
    classes = class_names(clips["label"])
    return [
        Job(study.for_model(trial.network), trial, clips, folds[trial.seed][trial.fold], classes, origin)
        for trial in plan(study, folds)
    ]


def _is_gone(name, network):
    """Return whether what a trial depends on by a name are weights whose file is no longer there."""
    paths = {of_part(part, network, "weights"): part.weights_path for part in network.parts}
    return paths.get(name) is not None and not paths[name].exists()


def _record(job):
    """Return trial.json of a trial; {} where there is none."""
    try:
        return read_record(job.trial.folder(job.study))
    except (OSError, ValueError):
        return {}


def run_all(study, clips, folds, force=False, say=print, origin=None, wrong=MappingProxyType({})):
    """Run the trials that are not done, then time the models that are not timed; return the records of all, in order.

    ``say`` gets one line per trial: reused and why redone, accuracy and seconds, or what failed; and one per model that
    is timed. ``origin`` is that of :mod:`store.origin`. ``wrong`` is {network: reason} of those whose trials cannot but
    fail: they are recorded so, and not begun."""
    planned, records = _jobs(study, clips, folds, origin), {}
    trials = [job.trial for job in planned]
    sweep(study.folder, deep=True)
    board = Board(study.folder, trials, say, live=None if say is print else False)
    with board.shown():
        for wave in waves(planned):
            kept, jobs = _sort(wave, force, board)
            hopeful = [job for job in jobs if job.trial.network.name not in wrong]
            if hopeful:
                FEATURES[study.engine.kind](hopeful, study.engine, board)
            refused = ((job, failed(job, reason)) for job in jobs if (reason := wrong.get(job.trial.network.name)))
            for job, record in chain(refused, ENGINES[study.engine.kind](hopeful, study.engine, board)):
                records[job.trial.name] = record
                board.ended(job.trial, record)
            records |= kept
        keep_texts(study, clips)
        forget_waveforms(study.cache, study.clip, study.waveform_rates)
        for network in study.models:
            for part in network.parts:
                forget_frames(study.cache, study.for_part(network, part).frames)
        for trial, record in time_models(planned, records, study.engine, board.say):
            records[trial.name] = record
    return [records[trial.name] for trial in trials]


def waves(jobs):
    """Return the jobs that need the results of no other, and those that come when these are done."""
    return [[job for job in jobs if bool(job.trial.network.needs) == late] for late in (False, True)]


def _sort(jobs, force, board):
    """Return ({name: record} of the trials that are kept, the jobs that are to run), and tell the board."""
    kept, due = {}, []
    for job in jobs:
        trial = job.trial
        done, why = reusable(job)
        if done or force:
            trial.drop_checkpoints(job.study)  # of a run that was killed as the trial was done
        if done and not force:
            kept[trial.name] = done
            board.kept(trial, done)
        else:
            due.append(job)
            board.due(trial, "asked for again" if done else why)
    return kept, due


def reusable(job):
    """Return (record, '') of a finished trial that still stands, or (None, why it has to run)."""
    folder, record = job.trial.folder(job.study), _record(job)
    if record.get("status") != "done":
        return None, "failed before" if "status" in record else "not run yet"
    try:
        check_format(record, folder)
        read_predictions(folder / PREDICTIONS, job.study.task, record.get(THRESHOLDS))
    except StudyError as error:
        return None, f"again, since {error}"
    was, now = record.get("depends_on", {}), dependencies(job.study, job.trial, job.rows)
    changed = [name for name in dict.fromkeys((*now, *was)) if was.get(name) != now.get(name)]  # or is gone from now
    if changed and all(_is_gone(name, job.trial.network) for name in changed):  # nothing to compare, nor to run with
        return record, ""
    return (None, f"again, since {', '.join(changed)} changed") if changed else (record, "")
