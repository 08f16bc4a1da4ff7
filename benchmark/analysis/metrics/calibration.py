"""What the scores are worth beside the class with the highest one: calibration, ranking, curves per class.

Folds and seeds are averaged, never pooled, where clips are ranked by score: scores of different trained models have no
common scale (Forman & Scholz 2010, SIGKDD Explorations 12, 49-57)."""

from functools import lru_cache

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.scores import tested
from benchmark.tasks.scores import exact_match

BINS = 10  # of the highest score; for the tens to hundreds of test clips here 15, as often taken, leave bins empty
CALIBRATION_COLUMNS = (
    "model", "label", "predictions", "confidence", "accuracy", "ece", "brier", "top2", "roc_auc_macro",
    "average_precision_macro",
)  # fmt: skip
RANKING_COLUMNS = ("model", "label", "class", "roc_auc", "average_precision")
RELIABILITY_COLUMNS = ("model", "label", "low", "high", "n", "confidence", "accuracy")
GRID = np.linspace(0, 1, 201)  # of false-positive rate, or recall, at which the curves of several trials are averaged


def calibration_table(results, ranked):
    """Return a row per model with a trial done and :data:`CALIBRATION_COLUMNS`; ranked: of :func:`ranking_table`.

    confidence: mean highest score; ece: :func:`ece`; brier: :func:`brier`; top2: share of clips whose class is among
    the two highest scores; then the means over classes of the area under the ROC curve and of average precision.
    ece, brier and confidence are missing where the scores of a clip do not sum to 1."""
    rows = []
    for model in results.models:
        if trials := results.done(model["name"]):
            means = ranked.loc[ranked["model"] == model["name"], ["roc_auc", "average_precision"]].mean()
            row = {"model": model["name"], "label": model["label"]} | _scores(trials)
            rows.append(row | {f"{name}_macro": value for name, value in means.items()})
    return pd.DataFrame(rows, columns=CALIBRATION_COLUMNS)


def _scores(trials):
    found = tested(trials)
    y_true, y_score = found.y_true.argmax(axis=1), found.y_score
    confidence, right = y_score.max(axis=1), exact_match(found.y_true, found.y_pred)
    scores = {"predictions": len(found), "accuracy": right.mean(), "top2": top_k(y_true, y_score)}
    if not are_probabilities(y_score):
        return scores
    return scores | {"confidence": confidence.mean(), "ece": ece(confidence, right), "brier": brier(y_true, y_score)}


def are_probabilities(y_score):
    """Return whether the scores of every clip are 0 or more and sum to 1, within what float16 loses."""
    return bool((y_score >= 0).all() and np.allclose(y_score.sum(axis=1), 1, atol=1e-2))


def reliability(confidence, right, bins=BINS):
    """Return a frame with low, high, n, confidence and accuracy of the bins of the highest score, equal in width.

    confidence: (n,) 0..1; right: (n,) bool. Bins are (low, high], the first one closed; an empty bin has n 0 and NaN
    means. What a reliability diagram shows: calibrated scores lie on the diagonal."""
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    n = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, values, bins) / n for values in (confidence, right)]
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "n": n, "confidence": means[0], "accuracy": means[1]})


def ece(confidence, right, bins=BINS):
    """Return the expected calibration error 0..1: |accuracy - confidence| of the bins, weighted by their clips.

    Source: Guo et al. 2017, ICML, eq. 3. It is biased upwards where bins hold few clips."""
    table = reliability(confidence, right, bins)
    gaps = (table["accuracy"] - table["confidence"]).abs() * table["n"]
    return float(gaps.sum() / table["n"].sum())


def brier(y_true, y_score):
    """Return the mean squared distance of the scores from the truth, summed over classes: 0 (best) to 2.

    y_true: (n,) column numbers; y_score: (n, n_classes). Source: Brier 1950, Monthly Weather Review 78, 1-3; for two
    classes it is twice scikit-learn's ``brier_score_loss``."""
    truth = np.eye(y_score.shape[1])[y_true]
    return float(((y_score - truth) ** 2).sum(axis=1).mean())


def top_k(y_true, y_score, k=2):
    """Return the share of clips, 0..1, whose class has one of the k highest scores; of equal scores the first counts.

    y_true: (n,) column numbers; y_score: (n, n_classes)."""
    best = np.argsort(-y_score, axis=1, kind="stable")[:, :k]
    return float((best == y_true[:, None]).any(axis=1).mean())


def reliability_table(results):
    """Return the :func:`reliability` of every model, all its test predictions together: :data:`RELIABILITY_COLUMNS`."""
    tables = []
    for model in results.models:
        trials = results.done(model["name"])
        if trials and are_probabilities((found := tested(trials)).y_score):
            table = reliability(found.y_score.max(axis=1), exact_match(found.y_true, found.y_pred))
            tables.append(table.assign(model=model["name"], label=model["label"]))
    return pd.concat(tables)[list(RELIABILITY_COLUMNS)] if tables else pd.DataFrame(columns=RELIABILITY_COLUMNS)


def ranking_table(results):
    """Return a row per class and model with a trial done and :data:`RANKING_COLUMNS`: each class against the rest.

    Areas 0..1, the means over the trials in which the class is among the test clips and not alone there; NaN where in
    none. 0.5 is the ROC area of guessing, the share of the class its average precision."""
    rows = []
    for model in results.models:
        trials = results.done(model["name"])
        for name in results.classes if trials else ():
            row = {"model": model["name"], "label": model["label"], "class": name}
            rows.append(row | _areas(points(tuple(trials), name)))
    return pd.DataFrame(rows, columns=RANKING_COLUMNS)


def curves(trials, name):
    """Return the ROC and the precision-recall curve of one class against the rest, as arrays over :data:`GRID`.

    A dict with true_positive_rate at each false-positive rate, and precision at each recall: means over the trials in
    which the class is among the test clips and not alone there (threshold averaging would need scores on one scale);
    each is None where there is no such trial. Precision is the step function whose area is average precision."""
    found = points(tuple(trials), name)
    if not found:
        return {"true_positive_rate": None, "precision": None}
    rates = [np.interp(GRID, false_positive, true_positive) for false_positive, true_positive, _, _ in found]
    precisions = [at_recalls(precision, recall) for _, _, precision, recall in found]
    return {"true_positive_rate": np.mean(rates, axis=0), "precision": np.mean(precisions, axis=0)}


def at_recalls(precision, recall):
    """Return the precision at each recall of :data:`GRID`, of what ``precision_recall_curve`` gives."""
    # Recall falls along scikit-learn's curve: the precision at a recall is that of the last point which reaches it.
    return precision[np.searchsorted(-recall, -GRID, side="right") - 1]


@lru_cache(maxsize=1024)  # areas and curves are of the same points
def points(trials, name):
    """Return false- and true-positive rate, precision and recall at every threshold, four arrays for each of a tuple of
    trials.

    One class against the rest; trials in which all test clips are of the class, or none, are left out."""
    from sklearn import config_context
    from sklearn.metrics import precision_recall_curve, roc_curve

    found = []
    with config_context(assume_finite=True, skip_parameter_validation=True):  # checked when read; else half the time
        for trial in trials:
            column = trial.test.classes.index(name)
            truth, score = trial.test.y_true[:, column], trial.test.y_score[:, column]
            if 0 < truth.sum() < len(truth):
                found.append((*roc_curve(truth, score)[:2], *precision_recall_curve(truth, score)[:2]))
    return found


def _areas(found):
    """Return the mean areas under the curves of :func:`points`; average precision is that of scikit-learn, a sum."""
    roc = [np.trapezoid(true_positive, false_positive) for false_positive, true_positive, _, _ in found]
    steps = [-np.sum(np.diff(recall) * precision[:-1]) for _, _, precision, recall in found]
    return {"roc_auc": np.mean(roc), "average_precision": np.mean(steps)} if found else {}
