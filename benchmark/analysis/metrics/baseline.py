"""The plainest prediction there is: in each fold and seed the largest class of the training clips, for every clip."""

import pandas as pd

from benchmark.store.predictions import class_names, to_frame

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
    # Sorted by name first: mode() of strings is sorted, so that of equals the first comes first.
    return (trained if len(trained) else clips)["label"].mode().iloc[0]


def _majority(trial, largest):
    test, classes = trial.test, class_names(trial.test)
    scores = pd.DataFrame(0.0, test.index, classes).assign(**{largest: 1.0})
    frame = to_frame("test", test["clip_id"].tolist(), test["y_true"].tolist(), scores.to_numpy(), classes)
    return type(trial)(MAJORITY, trial.fold, trial.seed, {}, None, frame)


# What a study may name as its baseline.
BASELINES = {MAJORITY: majority_trials, None: lambda results: []}
