"""What a study's numbers rest on, in sentences: clips, protocol, chance, weights, failures."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmark.analysis.metrics.baseline import baseline_trials
from benchmark.analysis.metrics.multilabel.sample import mean_known
from benchmark.analysis.metrics.scores import tested
from benchmark.tasks.scores import accuracy

PROTOCOLS = {
    "holdout": "holdout, {} % train/val/test",
    "kfold": "{}-fold cross-validation",
    "predefined": "predefined split",
}


def weights(results, model):
    """Return the name of the weights that a model's trials started from; of the study where none was run."""
    names = {trial.weights for trial in results.done(model["name"]) or results.of(model["name"]) if trial.weights}
    return ", ".join(sorted(names)) or Path(model["weights"]).name


def random_features(name):
    """Return the features whose network started from random weights, by the name of a model's :func:`weights`.

    Of a model of one kind of features that is ('',)."""
    parts = (part.rpartition(": ") for part in name.split(", "))
    return tuple(feature for feature, _, file in parts if file == "random")


@dataclass(frozen=True)
class Chance:
    """What needs no model: a row of :data:`CHANCE`."""

    level: float  # of the headline score, 0..1; NaN where it is unknown
    note: str  # what else is to be known, in a few words


@lru_cache(maxsize=8)  # every table asks for it
def majority_share(results):
    """Return the accuracy 0..1 of always predicting the largest training class, pooled over folds and seeds.

    Of the test clips of all folds and seeds with a trial done: see :func:`analysis.metrics.baseline.baseline_trials`.
    NaN where no trial is done. It is what a model must be above to have learned anything, be chance as low as it is."""
    trials = baseline_trials(results)
    found = tested(trials) if trials else None
    return accuracy(found.y_true, found.y_pred) if trials else float("nan")


def _chance_of_classes(results):
    majority = majority_share(results)
    note = "" if np.isnan(majority) else f"always naming the largest class: accuracy {majority:.3f}"
    return Chance(1 / len(results.classes), note)


@lru_cache(maxsize=8)
def _chance_of_labels(results):
    """Return the mean share of the classes among the test clips: what scores that say nothing have as macro AP."""
    trials = baseline_trials(results)
    shares = [np.where(share > 0, share, np.nan) for share in (trial.test.y_true.mean(axis=0) for trial in trials)]
    level = mean_known(mean_known(np.array(shares), 0), 0) if trials else np.nan
    return Chance(level, "macro average precision of scores that say nothing: the mean share of the classes tested")


CHANCE = {"accuracy": _chance_of_classes, "average_precision_macro": _chance_of_labels}  # by the task's headline


def chance(results):
    """Return the :class:`Chance` level of the score that models are ranked by."""
    return CHANCE[results.task.headline](results)


def describe(results):
    """Return in sentences what the numbers rest on: sound, clips, classes, protocol, seeds, chance, rejected files."""
    study, n, classes = results.study, len(results.clips), results.classes
    split = study["split"]
    guess = chance(results)
    detail = {
        "holdout": "/".join(f"{100 * part:g}" for part in split.get("fractions") or ()),
        "kfold": split.get("folds"),
    }
    protocol = PROTOCOLS[split["protocol"]].format(detail.get(split["protocol"]))
    seeds = ", ".join(str(seed) for seed in split["seeds"])
    rejected = len(results.rejected)
    sentences = [
        f"Study {study['name']}: {n} clips, {len(classes)} classes ({', '.join(classes)}).",
        f"Protocol: {protocol}; {'seed' if len(split['seeds']) == 1 else 'seeds'} {seeds}.",
        *([] if np.isnan(guess.level) else [f"Chance level {guess.level:.3f}{guess.note and f'; {guess.note}'}."]),
        f"{rejected or 'No'} {'file' if rejected == 1 else 'files'} rejected.",
    ]
    return [*warnings(results), *sentences]


def warnings(results):
    """Return the sentences a reader must not miss: synthetic sound, and models that started from random weights."""
    found = []
    if results.study["dataset"].get("synthetic"):
        found.append("SYNTHETIC sound: the clips are computed, not recorded; the scores say nothing about real ones.")
    groups = {}  # features of random weights, none named where all are: labels of models
    for model in results.models:
        name = weights(results, model)
        if random := random_features(name):
            features = () if len(random) == len(name.split(", ")) else random
            groups.setdefault(features, []).append(model["label"])
    for features, labels in groups.items():
        what = f"Random weights of {', '.join(features)}" if any(features) else "Random weights, nothing pretrained"
        which = "all models" if 1 < len(labels) == len(results.models) else ", ".join(labels)
        found.append(f"{what}: {which}.")
    return found


def failures(results, width=300):
    """Return a dict from the label of each model with failed trials to what went wrong, in one line of text.

    Trials that failed alike are named together; a longer error is cut after ``width`` characters."""
    found = {}
    for model in results.models:
        reasons = {}
        for trial in results.of(model["name"]):
            if not trial.done:
                reasons.setdefault(" ".join(trial.error.split())[:width], []).append(f"{trial.fold}-{trial.seed}")
        if reasons:
            sentences = (f"{error} (fold-seed {', '.join(names)})" for error, names in reasons.items())
            found[model["label"]] = "; ".join(sentences)
    return found
