"""The kinds of task: what a clip's labels may be, how scores become a decision, and what is compared between models.

Labels are a matrix (n_clips, n_classes) of bool everywhere in memory, be there one label per clip or several. No other
file asks which task a study has: it takes the row of :data:`TASKS`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Task:
    """A row of :data:`TASKS`. y_true and y_pred are (n_clips, n_classes) bool, y_score is of that shape, 0..1."""

    activation: str  # of the head's last layer
    loss: str  # by its name in Keras
    labels: Callable  # y_true -> which clips have as many labels as the task allows, (n_clips,) bool
    decide: Callable  # y_score -> y_pred
    agrees: Callable  # (y_pred, y_score) -> which predictions the scores may stand for, (n_clips,) bool
    clip_score: Callable  # (y_true, y_pred) -> (n_clips,) 0..1: paired tests compare it, its mean is the headline
    headline: str  # the score that models are ranked by


def exact_match(y_true, y_pred):
    """Return which clips have all their labels right and no other, (n_clips,) bool; its mean is accuracy."""
    return (y_true == y_pred).all(axis=1)


def accuracy(y_true, y_pred):
    """Return the share of clips 0..1 whose labels are all right: of one label per clip the plain accuracy."""
    return float(np.mean(exact_match(y_true, y_pred)))


def _one(y_true):
    return y_true.sum(axis=1) == 1


def _highest(y_score):
    """Return the class of the highest score of each clip, the first of equals."""
    return np.arange(y_score.shape[1]) == y_score.argmax(axis=1)[:, None]


def _has_highest(y_pred, y_score):
    return _one(y_pred) & ((y_score * y_pred).sum(axis=1) >= y_score.max(axis=1))


TASKS = {
    "multiclass": Task(
        "softmax", "categorical_crossentropy", _one, _highest, _has_highest, clip_score=exact_match, headline="accuracy"
    ),
}
