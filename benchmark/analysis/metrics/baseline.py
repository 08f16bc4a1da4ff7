"""The plainest prediction there is, the same for every clip: a row of :data:`BASELINES`.

Of one label per clip it is the largest class of the training clips; of several, how often each class is there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmark.store.labels import class_names, to_matrix


@dataclass(frozen=True)
class Baseline:
    """A row of :data:`BASELINES`."""

    label: str
    meant: str  # a sentence below the comparison
    scores: Callable  # (trained labels (n_clips, n_classes) bool) -> the scores of every clip, (n_classes,)


def _largest(trained):
    sizes = trained.sum(axis=0)
    return (np.arange(len(sizes)) == sizes.argmax()).astype(float)


BASELINES = {  # by the name that a task gives: its model, where models have theirs
    "majority": Baseline(
        "Majority class",
        "Majority class: always the largest class of the training clips; no model of the study, no part in tests.",
        _largest,
    ),
    "prior": Baseline(
        "Class shares",
        "Class shares: the share of each class among the training clips as its score, the same for every clip, decided "
        "at 0.5; no model of the study, no part in tests.",
        lambda trained: trained.mean(axis=0),
    ),
}  # fmt: skip


def baseline_of(results):
    """Return the :class:`Baseline` of the study's task."""
    return BASELINES[results.task.baseline]


def baseline_trials(results):
    """Return a trial of the baseline for each fold and seed of which any model's trial is done.

    Its test clips are those of the first model done. It knows the training clips, by the column ``split_<fold>-<seed>``
    of clips.csv, all clips where that column is missing; of equally large classes the first by name is the largest. It
    has predictions alone: no training, no latency."""
    done = {}
    for trial in results.trials:
        if trial.done:
            done.setdefault((trial.fold, trial.seed), trial)
    return [_constant(results, trial) for _, trial in sorted(done.items())]


def trained_labels(clips, fold, seed):
    """Return (labels, classes): the matrix (n_clips, n_classes) of the training clips; clips: of clips.csv."""
    column = f"split_{fold}-{seed}"
    trained = clips[clips[column] == "train"] if column in clips else clips
    labels = (trained if len(trained) else clips)["label"]
    classes = class_names(labels)
    return to_matrix(labels, classes), classes


def _constant(results, trial):
    test, baseline = trial.test, baseline_of(results)
    labels, classes = trained_labels(results.clips, trial.fold, trial.seed)
    scores = dict(zip(classes, baseline.scores(labels), strict=True))
    y_score = np.tile([scores.get(name, 0.0) for name in test.classes], (len(test), 1))
    found = replace(test, y_pred=results.task.decide(y_score, None), y_score=y_score)
    return type(trial)(results.task.baseline, trial.fold, trial.seed, {}, None, found)
