"""Thresholds that turn scores of several labels into a decision: fixed, or tuned for F1 on clips kept for it.

They are tuned on the validation split alone: on the test split they would flatter every model. A class is predicted
where its score is at or above its threshold."""

import numpy as np

DEFAULT = 0.5


def tune_per_class(y_true, y_score, grid=None):
    """Return the threshold of each class with the highest F1 of it, (n_classes,).

    y_true: (n_clips, n_classes) bool; y_score: of that shape; grid: the thresholds tried, (n,); without it every one
    that tells clips apart, midway between two scores. Of equals the one nearest 0.5 counts, and it is 0.5 for a class
    without a positive clip."""
    columns = zip(np.asarray(y_true, bool).T, np.asarray(y_score, float).T, strict=True)
    return np.array([_best(*f1_at(of_class, scores, grid)) if of_class.any() else DEFAULT
                     for of_class, scores in columns])  # fmt: skip


def tune_global(y_true, y_score, grid=None):
    """Return one threshold for all classes, with the highest macro F1, repeated for each class, (n_classes,).

    Arguments and ties as for :func:`tune_per_class`; a class without a positive clip has an F1 of 0 whatever it is."""
    y_true, y_score = np.asarray(y_true, bool), np.asarray(y_score, float)
    tried = _midway(y_score) if grid is None else np.asarray(grid, float)
    columns = zip(y_true.T, y_score.T, strict=True)
    f1 = sum(f1_at(of_class, scores, tried)[1] for of_class, scores in columns) / y_true.shape[1]
    return np.full(y_true.shape[1], _best(tried, f1))


def f1_at(of_class, scores, tried=None):
    """Return (the thresholds tried, the F1 of one class at each); of_class, scores: (n_clips,).

    tried: (n,); without it every one that tells clips apart. An F1 of 0/0 counts as 0."""
    tried = _midway(scores) if tried is None else np.asarray(tried, float)
    above = [np.sort(part)[::-1] for part in (scores, scores[of_class])]
    n_predicted, n_right = (len(part) - np.searchsorted(part[::-1], tried, side="left") for part in above)
    return tried, 2 * n_right / np.maximum(n_predicted + of_class.sum(), 1)


def _midway(scores):
    """Return the thresholds midway between neighbouring scores, and one below and one above all of them."""
    values = np.unique(scores)
    return np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, np.nextafter(values[-1:], np.inf)])


def _best(tried, f1):
    best = tried[f1 >= f1.max() - 1e-12]  # sums of equal fractions differ in their last digit
    return best[np.argmin(np.abs(best - DEFAULT))]


TUNED = {"global": tune_global, "per_class": tune_per_class}
KINDS = ("fixed", *TUNED)


def find_thresholds(y_true, y_score, kind="fixed", value=DEFAULT, search="exact", step=0.05):
    """Return the thresholds (n_classes,) of a kind, one of :data:`KINDS`: ``value``, or tuned on these clips.

    Settings are those of the section ``thresholds`` of a study; a search by 'grid' tries step to 1 - step."""
    if kind == "fixed":
        return np.full(y_score.shape[1], value)
    # Rounded, for 19 * 0.05 is not 0.95; a score exactly on a step is at or above it.
    grid = np.round(np.arange(step, 1, step), 9) if search == "grid" else None
    return TUNED[kind](y_true, y_score, grid)
