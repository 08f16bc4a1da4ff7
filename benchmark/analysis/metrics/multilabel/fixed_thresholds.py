"""What a model would say with one fixed threshold for all classes, several thresholds beside each other.

The stored scores are decided anew; the thresholds that the model itself has play no part."""

from dataclasses import replace

import pandas as pd

from benchmark.analysis.metrics.multilabel.clipwise import clip_scores
from benchmark.analysis.metrics.multilabel.summary import decided
from benchmark.store.predictions import pooled

OF_CLIPS = ("keras_accuracy", "subset_accuracy", "hamming_loss")
OF_LABELS = ("precision_macro", "recall_macro", "precision_micro", "recall_micro")
FIXED_COLUMNS = ("model", "label", "threshold", *OF_CLIPS, *OF_LABELS, "labels_per_clip")


def at_threshold(trials, threshold):
    """Return the test :class:`Predictions` of each trial with every score at or above a threshold 0..1 a label."""
    return [replace(trial.test, y_pred=trial.test.y_score >= threshold) for trial in trials]


def fixed_scores(trials, threshold):
    """Return {score: number, or (n_classes,)} of decisions by one threshold: :data:`OF_CLIPS`, labels_per_clip, and
    precision, recall and F1 of each class and their means.

    ``keras_accuracy`` looks at the highest score alone, so it is the same at every threshold."""
    found = pooled(at_threshold(trials, threshold))
    clips = clip_scores(found)
    scores = {name: values[..., 0] for name, values in decided(at_threshold(trials, threshold)).items()}
    means = {name: float(clips[name].mean()) for name in OF_CLIPS}
    return scores | means | {"labels_per_clip": float(found.y_pred.sum(axis=1).mean())}


def fixed_table(results, thresholds):
    """Return a row per model done and threshold with :data:`FIXED_COLUMNS`."""
    rows = [
        {"model": name, "label": label, "threshold": threshold} | fixed_scores(results.done(name), threshold)
        for name, label in _done(results)
        for threshold in thresholds
    ]
    return pd.DataFrame(rows, columns=FIXED_COLUMNS)


def fixed_classes_table(results, thresholds):
    """Return a row per model done and class with ``precision_T`` and ``recall_T`` for each threshold T."""
    frames = []
    for name, label in _done(results):
        scores = {threshold: fixed_scores(results.done(name), threshold) for threshold in thresholds}
        sides = {f"{score}_{threshold:g}": found[score] for threshold, found in scores.items()
                 for score in ("precision", "recall")}  # fmt: skip
        frames.append(pd.DataFrame({"model": name, "label": label, "class": results.classes} | sides))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _done(results):
    return [(model["name"], model["label"]) for model in results.models if results.done(model["name"])]
