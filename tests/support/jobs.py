"""The jobs of a study, for tests that take a part of an engine by itself."""

from benchmark.data import preparation as prepare
from benchmark.engines import schedule as engine
from benchmark.trials.specification import Job


def jobs_of(study):
    """Return the jobs of all trials of a study, prepared, in the order of the plan."""
    ready = prepare.prepare(study, lambda line: None)
    classes = sorted(set(ready.clips["label"]))
    return [
        Job(study, trial, ready.clips, ready.folds[trial.seed][trial.fold], classes)
        for trial in engine.plan(study, ready.folds)
    ]
