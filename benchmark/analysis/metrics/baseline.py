"""The plainest prediction there is: in each fold and seed the largest class of the training clips, for every clip."""

from dataclasses import replace

import numpy as np

from benchmark.store.labels import class_names, to_matrix

MAJORITY = "majority"  # the name of its row where models have theirs


def majority_trials(results):
    """Return a trial of the majority class for each fold and seed of which any model's trial is done.

    Its test clips are those of the first model done. The class is the largest of the training clips, by the column
    ``split_<fold>-<seed>`` of clips.csv, of all clips where that column is missing; of equally large classes the first
    by name. It has predictions alone: no training, no latency."""
    done = {}
    for trial in results.trials:
        if trial.done:
            done.setdefault((trial.fold, trial.seed), trial)
    return [_majority(trial, largest_class(results.clips, *key)) for key, trial in sorted(done.items())]


def largest_class(clips, fold, seed):
    """Return the class with the most training clips of a fold and seed; clips: the frame of clips.csv."""
    column = f"split_{fold}-{seed}"
    trained = clips[clips[column] == "train"] if column in clips else clips
    labels = (trained if len(trained) else clips)["label"]
    classes = class_names(labels)
    return classes[to_matrix(labels, classes).sum(axis=0).argmax()]


def _majority(trial, largest):
    test = trial.test
    always = np.broadcast_to(to_matrix([largest], test.classes), test.y_true.shape)
    found = replace(test, y_pred=always, y_score=always.astype(float))
    return type(trial)(MAJORITY, trial.fold, trial.seed, {}, None, found)


# What a study may name as its baseline.
BASELINES = {MAJORITY: majority_trials, None: lambda results: []}
