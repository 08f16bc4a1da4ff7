"""What a model of several labels does with each class: scores, thresholds, calibration, and what comes together.

A class is decided by itself, so each has a precision-recall problem, a threshold and a calibration of its own."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.calibration import ece
from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.multilabel.sample import OF_CLASSES
from benchmark.analysis.metrics.multilabel.summary import f1_at_half, f1_tuned_on_test
from benchmark.analysis.metrics.scores import tested
from benchmark.store.layout import THRESHOLDS
from benchmark.tasks.thresholds import DEFAULT

CLASS_COLUMNS = (
    "model", "label", "class", *(f"{score}{end}" for score in OF_CLASSES for end in ("", "_low", "_high")),
    "support", "predicted",
)  # fmt: skip
THRESHOLD_COLUMNS = (
    "model", "label", "class", "threshold", "threshold_low", "threshold_high", "precision", "recall", "f1",
    "f1_at_half", "f1_tuned_on_test",
)  # fmt: skip
CALIBRATION_COLUMNS = ("model", "label", "class", "predictions", "mean_score", "share", "ece", "brier")
TOGETHER_COLUMNS = ("class", "other", "true")  # and the predictions of each model


def _of_each_model(results, columns, values):
    """Return a row per model with a trial done and class; values(model, trials): {column: (n_classes,)}."""
    frames = []
    for model in results.models:
        if trials := results.done(model["name"]):
            named = {"model": model["name"], "label": model["label"], "class": results.classes}
            frames.append(pd.DataFrame(named | values(model["name"], trials)))
    return pd.concat(frames, ignore_index=True)[list(columns)] if frames else pd.DataFrame(columns=columns)


def classes_table(results):
    """Return a row per model and class with :data:`CLASS_COLUMNS`.

    Scores 0..1 with 95 % intervals; support and predicted count predictions, with s seeds a clip up to s times. The
    average precision and ROC area of a class without a positive test clip are missing."""

    def values(model, trials):
        found, scores = tested(trials), model_scores(results, model)
        counts = {"support": found.y_true.sum(axis=0), "predicted": found.y_pred.sum(axis=0)}
        return {name: scores[name] for name in CLASS_COLUMNS if name in scores} | counts

    return _of_each_model(results, CLASS_COLUMNS, values)


def thresholds_table(results):
    """Return a row per model and class with :data:`THRESHOLD_COLUMNS`, as Table 10 of posters2025.

    threshold: the mean over trials of what the decisions were made by, threshold_low and threshold_high: the least and
    the most; then precision, recall and F1 with it, F1 with 0.5, and F1 with the threshold that suits the test clips of
    each trial best: what tuning there would pretend."""

    def values(model, trials):
        recorded = [trial.info.get(THRESHOLDS) or dict.fromkeys(results.classes, DEFAULT) for trial in trials]
        thresholds = np.array([[found[name] for name in results.classes] for found in recorded], float)
        parts, scores = [trial.test for trial in trials], model_scores(results, model)
        return {
            "threshold": thresholds.mean(axis=0), "threshold_low": thresholds.min(axis=0),
            "threshold_high": thresholds.max(axis=0), **{name: scores[name] for name in ("precision", "recall", "f1")},
            "f1_at_half": f1_at_half(parts)["f1"][:, 0], "f1_tuned_on_test": f1_tuned_on_test(parts)["f1"][:, 0],
        }  # fmt: skip

    return _of_each_model(results, THRESHOLD_COLUMNS, values)


def calibration_classes_table(results):
    """Return a row per model and class with :data:`CALIBRATION_COLUMNS`, over all test predictions together.

    mean_score and share: of the class, alike where its scores are calibrated; ece: expected calibration error of the
    class against the rest in ten bins of its score (Guo et al. 2017, ICML, eq. 3); brier: mean squared distance 0..1 of
    score and truth, scikit-learn's ``brier_score_loss``. Both are missing where a score is outside 0..1."""

    def values(model, trials):
        found = tested(trials)
        inside = ((found.y_score >= 0) & (found.y_score <= 1)).all(axis=0)
        errors = [ece(score, truth) for score, truth in zip(found.y_score.T, found.y_true.T, strict=True)]
        brier = ((found.y_score - found.y_true) ** 2).mean(axis=0)
        return {
            "predictions": len(found), "mean_score": found.y_score.mean(axis=0), "share": found.y_true.mean(axis=0),
            "ece": np.where(inside, errors, np.nan), "brier": np.where(inside, brier, np.nan),
        }  # fmt: skip

    return _of_each_model(results, CALIBRATION_COLUMNS, values)


def calibration_means(of_classes):
    """Return a row per model: the means over the classes of a :func:`calibration_classes_table`."""
    columns = ["predictions", "mean_score", "share", "ece", "brier"]
    return of_classes.groupby(["model", "label"], sort=False)[columns].mean().reset_index()


def together_table(results):
    """Return a row per pair of classes with :data:`TOGETHER_COLUMNS` and ``predicted_<model>``, most frequent first.

    true: test predictions of clips that have both, of the first model with a trial done; a class with itself: clips
    that have it. predicted_<model>: how often it gave both. With s seeds a clip counts up to s times."""
    models = [model["name"] for model in results.models if results.done(model["name"])]
    if not models:
        return pd.DataFrame(columns=TOGETHER_COLUMNS)
    first, second = np.triu_indices(len(results.classes))
    names = np.array(results.classes, dtype=object)
    found = {name: tested(results.done(name)) for name in models}
    table = {"class": names[first], "other": names[second], "true": _both(found[models[0]].y_true)[first, second]}
    table |= {f"predicted_{name}": _both(said.y_pred)[first, second] for name, said in found.items()}
    return pd.DataFrame(table).sort_values(["true", "class", "other"], ascending=[False, True, True], ignore_index=True)


def _both(marked):
    marked = marked.astype(np.int64)
    return marked.T @ marked
