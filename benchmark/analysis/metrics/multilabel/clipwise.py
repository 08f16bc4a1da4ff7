"""Scores of each clip with several labels, whose mean over clips is the score: a row each of :data:`CLIP_SCORES`.

All are functions of y_true and y_pred, (n_clips, n_classes) bool, and y_score of that shape, and give (n_clips,)."""

import numpy as np

from benchmark.tasks.scores import clip_f1, exact_match

CHUNK = 2**23  # comparisons of two scores at once


def share(part, whole, both_empty):
    """Return part / whole of each clip, 0 where whole is 0, and 1 where the clip has no label and gets none."""
    return np.where(both_empty, 1.0, part / np.maximum(whole, 1))


def clip_precision(y_true, y_pred, y_score):
    """Return the share of the predicted labels that are right."""
    predicted = y_pred.sum(axis=1)
    return share((y_true & y_pred).sum(axis=1), predicted, ~(y_true | y_pred).any(axis=1))


def clip_recall(y_true, y_pred, y_score):
    """Return the share of the true labels that are predicted."""
    true = y_true.sum(axis=1)
    return share((y_true & y_pred).sum(axis=1), true, ~(y_true | y_pred).any(axis=1))


def at_or_above(y_true, y_score):
    """Return for each clip and class how many classes, and how many true ones, have a score at or above its own.

    Two arrays (n_clips, n_classes): what ranking loss, coverage and label-ranking precision are made of."""
    n_clips, n_classes = y_score.shape
    classes, true = np.empty((2, n_clips, n_classes))
    step = max(1, CHUNK // n_classes**2)
    for start in range(0, n_clips, step):
        rows = slice(start, start + step)
        above = y_score[rows, None, :] >= y_score[rows, :, None]
        classes[rows] = above.sum(axis=2)
        true[rows] = (above & y_true[rows, None, :]).sum(axis=2)
    return classes, true


def ranks(y_true, y_score):
    """Return ranking loss, coverage and label-ranking average precision of each clip, three arrays (n_clips,).

    As scikit-learn has them: a wrong label with the score of a right one is an error; a clip with no label, or with
    all, has a loss of 0 and a precision of 1; coverage is how many labels from the top hold all right ones, 0 without
    one. Source: Tsoumakas, Katakis & Vlahavas 2010, Data Mining and Knowledge Discovery Handbook, 667-685."""
    classes, true = at_or_above(y_true, y_score)
    n_true = y_true.sum(axis=1)
    pairs = n_true * (y_true.shape[1] - n_true)
    loss = ((classes - true) * y_true).sum(axis=1) / np.maximum(pairs, 1)
    precision = (true / classes * y_true).sum(axis=1) / np.maximum(n_true, 1)
    return loss, (classes * y_true).max(axis=1), np.where(pairs > 0, precision, 1.0)


CLIP_SCORES = {
    "precision_samples": clip_precision,
    "recall_samples": clip_recall,
    "f1_samples": lambda y_true, y_pred, y_score: clip_f1(y_true, y_pred),
    "subset_accuracy": lambda y_true, y_pred, y_score: exact_match(y_true, y_pred),
    "hamming_loss": lambda y_true, y_pred, y_score: (y_true != y_pred).mean(axis=1),
    # What Keras' metrics=["accuracy"] says of several labels: a clip without a label counts as of the first class.
    "keras_accuracy": lambda y_true, y_pred, y_score: y_true.argmax(axis=1) == y_score.argmax(axis=1),
}
RANK_SCORES = ("ranking_loss", "coverage", "label_ranking_average_precision")


def clip_scores(found):
    """Return every score of each clip of :class:`benchmark.store.predictions.Predictions`, {name: (n_clips,)}."""
    y_true, y_pred, y_score = found.y_true, found.y_pred, found.y_score
    scores = {name: score(y_true, y_pred, y_score).astype(float) for name, score in CLIP_SCORES.items()}
    return scores | dict(zip(RANK_SCORES, ranks(y_true, y_score), strict=True))
