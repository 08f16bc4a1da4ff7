"""The kinds of task: what a clip's labels may be, how scores become a decision, and what is compared between models.

Labels are a matrix (n_clips, n_classes) of bool everywhere in memory, be there one label per clip or several. No other
file asks which task a study has: it takes the row of :data:`TASKS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.tasks.scores import (
    accuracy,
    average_precision_macro,
    average_precision_micro,
    clip_f1,
    exact_match,
    f1_macro,
)
from benchmark.tasks.thresholds import DEFAULT, tune_per_class


@dataclass(frozen=True)
class Task:
    """A row of :data:`TASKS`. y_true and y_pred are (n_clips, n_classes) bool, y_score is of that shape, 0..1.

    ``thresholds`` are (n_classes,), or None: 0.5, or what needs none."""

    activation: str  # of the head's last layer
    loss: str  # by its name in Keras
    labels: Callable  # y_true -> which clips have as many labels as the task allows, (n_clips,) bool
    decide: Callable  # (y_score, thresholds) -> y_pred
    agrees: Callable  # (y_pred, y_score, thresholds) -> which predictions the scores may stand for, (n_clips,) bool
    clip_score: Callable  # (y_true, y_pred) -> (n_clips,) 0..1: how right each clip is
    headline: str  # the score that models are ranked by: a key of ``scores``
    headline_words: tuple[str, str]  # that in a sentence, and above a column
    baseline: str  # the name of the row that no model made: what predicts the same of every clip
    scores: Mapping[str, Callable]  # of validations, by name: (y_true, y_score) -> 0..1, more is better
    wants: str  # in words, what a clip's label must be
    step_metrics: tuple[str, ...] = ()  # of Keras, of each training step
    has_thresholds: bool = False


def _one(y_true):
    return y_true.sum(axis=1) == 1


def _any(y_true):
    return np.ones(len(y_true), bool)


def _highest(y_score, thresholds=None):
    """Return the class of the highest score of each clip, the first of equals."""
    return np.arange(y_score.shape[1]) == y_score.argmax(axis=1)[:, None]


def _has_highest(y_pred, y_score, thresholds=None):
    return _one(y_pred) & ((y_score * y_pred).sum(axis=1) >= y_score.max(axis=1))


def _above(y_score, thresholds=None):
    """Return the classes whose score is at or above their threshold."""
    return y_score >= (DEFAULT if thresholds is None else np.asarray(thresholds))


def _are_above(y_pred, y_score, thresholds=None):
    return (y_pred == _above(y_score, thresholds)).all(axis=1)


def _tuned_f1_macro(y_true, y_score):
    """Return macro F1 with the threshold of each class that suits these clips best: to be watched alone."""
    return f1_macro(y_true, _above(y_score, tune_per_class(y_true, y_score)))


TASKS = {
    "multiclass": Task(
        "softmax", "categorical_crossentropy", _one, _highest, _has_highest, exact_match,
        "accuracy", ("accuracy", "Accuracy"), "majority",
        {"accuracy": lambda y_true, y_score: accuracy(y_true, _highest(y_score))},
        "one label", ("accuracy",),
    ),
    "multilabel": Task(
        "sigmoid", "binary_crossentropy", _any, _above, _are_above, clip_f1,
        "average_precision_macro", ("macro average precision", "Macro AP"), "prior",
        {
            "average_precision_macro": average_precision_macro,
            "average_precision_micro": average_precision_micro,
            "f1_macro": lambda y_true, y_score: f1_macro(y_true, _above(y_score)),
            "f1_macro_tuned": _tuned_f1_macro,
        },
        "any number of labels", has_thresholds=True,
    ),
}  # fmt: skip
MONITORED = sorted({"loss"}.union(*(task.scores for task in TASKS.values())))  # what a training may watch
