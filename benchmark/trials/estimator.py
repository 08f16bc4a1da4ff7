"""A trial of an estimator: features of all clips, the settings that are best on validation clips, scores."""

import numpy as np

from benchmark.features.extractors import EXTRACTORS
from benchmark.store.labels import to_matrix
from benchmark.store.predictions import SPLITS
from benchmark.tasks import TASKS
from benchmark.training.estimators import Sample, fit_best
from benchmark.trials.extraction import extraction_seconds
from benchmark.trials.specification import NO_WEIGHTS, Trained


def train(job, clips, stages, key):
    """Return the :class:`Trained` of a job; arguments as for :data:`benchmark.trials.trainers.TRAINERS`."""
    study, trial = job.study, job.trial
    with stages("features"):
        said, x = read(job, clips)
    y, split = to_matrix(clips["label"], job.classes), clips["split"].to_numpy()
    with stages("train") as tried:
        samples = (Sample(x[split == name], y[split == name]) for name in ("train", "val"))
        score, found = fit_best(trial.network.estimator, *samples, TASKS[study.task], trial.seed, tried)
    with stages("predict"):
        y_score = score(x[np.isin(split, SPLITS)])
    return Trained(y_score, said | {"estimator": found})


def read(job, clips):
    """Return (what trial.json says of the features, what the estimator takes for each clip).

    That is the mean (dim,) of a clip's features over its steps, float64; its clip id where no features are read."""
    network, study = job.trial.network, job.study
    if network.reads not in EXTRACTORS:
        return {"weights": NO_WEIGHTS}, clips["clip_id"].to_numpy(object)
    extractor = EXTRACTORS[network.reads](network, study, job.trial.seed)
    features = extractor.features(clips, study.training.batch_size)
    taken = extraction_seconds(extractor, study, network, clips)
    return {"weights": extractor.weights, "extraction_seconds": taken}, features.averaged("float64")
