"""Scores that a training watches and an analysis reports: one definition of each, on matrices (n_clips, n_classes).

Conventions, the same in every table. A precision, recall or F1 of 0/0 counts as 0, as in scikit-learn; but a clip that
has no label and gets none is right, with an F1 of 1. Average precision and ROC area of a class without a positive clip
are unknown, NaN, and left out of means (scikit-learn counts such an average precision as 0)."""

import warnings

import numpy as np


def exact_match(y_true, y_pred):
    """Return which clips have all their labels right and no other, (n_clips,) bool; its mean is accuracy."""
    return (y_true == y_pred).all(axis=1)


def accuracy(y_true, y_pred):
    """Return the share of clips 0..1 whose labels are all right: of one label per clip the plain accuracy.

    Of several it is subset accuracy."""
    return float(np.mean(exact_match(y_true, y_pred)))


def clip_f1(y_true, y_pred):
    """Return the F1 of each clip's set of labels, (n_clips,) 0..1, 1 where both are empty; its mean is samples F1."""
    both, either = (y_true & y_pred).sum(axis=1), y_true.sum(axis=1) + y_pred.sum(axis=1)
    return np.where(either > 0, 2 * both / np.maximum(either, 1), 1.0)


def f1_macro(y_true, y_pred):
    """Return the mean over all classes of F1, 0/0 counting as 0."""
    from sklearn.metrics import f1_score  # late: the command line knows the tasks, and starts at once

    return float(f1_score(y_true, y_pred, average="macro", zero_division=0))


def average_precisions(y_true, y_score):
    """Return the average precision of each class, (n_classes,), NaN where no clip is of it."""
    from sklearn.metrics import average_precision_score

    known = y_true.any(axis=0)
    found = np.full(y_true.shape[1], np.nan)
    if known.any():
        found[known] = average_precision_score(y_true[:, known], y_score[:, known], average=None)
    return found


def average_precision_micro(y_true, y_score):
    """Return the average precision of all scores of all classes together, NaN where no clip is of any.

    In Wehrmann & Barros 2017 it is AU(PRC) with the bar over PRC alone."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y_true, y_score, average="micro")) if y_true.any() else np.nan


def average_precision_macro(y_true, y_score):
    """Return the mean average precision over the classes that have a positive clip, NaN where none has."""
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a mean of nothing
        return float(np.nanmean(average_precisions(y_true, y_score)))
