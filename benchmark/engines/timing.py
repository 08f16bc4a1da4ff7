"""Latency, once per model: one serial pass when all trials have ended, while nothing else of the study runs."""

from itertools import groupby

from benchmark.engines.workers import each, slots
from benchmark.models import backend
from benchmark.store.layout import LATENCY
from benchmark.store.reasons import reason_of


def time_models(jobs, records, engine, say=print):
    """Time each network whose latency is not known yet; yield (trial, its new record).

    jobs: of all trials of the study, model by model; records: {name of a trial: trial.json}. Folds and seeds of a model
    have one architecture, so the first that is done stands for all. Models are timed in this process under ``inline``,
    else each in a spawned one, on this machine, with the cores of one trial. What cannot be timed is told, and tried
    again by the next run."""
    timed = [job for job in jobs if job.trial.network.is_trained]
    groups = groupby(timed, lambda job: job.trial.network.name)
    due = [job for _, group in groups if (job := _due(list(group), records))]
    if due:
        here = " on this machine" if engine.kind == "ray" else ""
        say(f"latency{here}: {len(due)} to time, one after the other …")
    for job, answer, reason in each(due, engine, slots(engine, (), backend.cores())[:1], _time):
        record, reason = answer or (None, reason)
        say(f"{job.trial.network.label}: {'timed' if record else f'not timed: {reason}'}")
        if record:
            yield job.trial, record


def _due(jobs, records):
    """Return the job of a model that is to be timed; None where one is timed, or none is done."""
    from benchmark.trials.latency import stands

    done = [job for job in jobs if records[job.trial.name]["status"] == "done"]
    if any(stands(job, records[job.trial.name]) for job in done):
        return None
    for job in done:  # timed under other settings: not to be mixed with what comes
        (job.trial.folder(job.study) / LATENCY).unlink(missing_ok=True)
    return done[0] if done else None


def _time(job, progress=None):
    """Return (the new record of a trial, ''), or (None, why its model cannot be timed)."""
    backend.import_keras()
    import keras

    from benchmark.trials.latency import time_model

    try:
        return time_model(job), ""
    except Exception as error:  # of any library: the trial itself is done
        return None, reason_of(error)
    finally:
        keras.utils.clear_session()
