"""What a study's numbers rest on, in sentences: clips, protocol, chance, weights, failures."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmark.analysis.metrics.baseline import majority_trials
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


@lru_cache(maxsize=8)  # every table asks for it
def majority_share(results):
    """Return the accuracy 0..1 of always predicting the largest training class, pooled over folds and seeds.

    Of the test clips of all folds and seeds with a trial done: see :func:`analysis.metrics.baseline.majority_trials`.
    NaN where no trial is done. It is what a model must be above to have learned anything, be chance as low as it is."""
    trials = majority_trials(results)
    found = tested(trials) if trials else None
    return accuracy(found.y_true, found.y_pred) if trials else float("nan")


def describe(results):
    """Return in sentences what the numbers rest on: sound, clips, classes, protocol, seeds, chance, rejected files."""
    study, n, classes = results.study, len(results.clips), results.classes
    split, majority = study["split"], majority_share(results)
    always = "" if np.isnan(majority) else f"; always naming the largest class: accuracy {majority:.3f}"
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
        f"Chance level {1 / len(classes):.3f}{always}.",
        f"{rejected or 'No'} {'file' if rejected == 1 else 'files'} rejected.",
    ]
    return [*warnings(results), *sentences]


def warnings(results):
    """Return the sentences a reader must not miss: synthetic sound, and models that started from random weights."""
    found = []
    if results.study["dataset"].get("synthetic"):
        found.append("SYNTHETIC sound: the clips are computed, not recorded; the scores say nothing about real ones.")
    random = [model["label"] for model in results.models if "random" in weights(results, model)]
    if random:
        found.append(f"Random weights, nothing pretrained: {', '.join(random)}.")
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
