"""What a training minimises: a loss of Keras for its steps, and the same clip by clip in NumPy for validations.

Positives weigh inside the loss. Keras' own ``class_weight`` takes the class of a clip to be the highest of its targets,
which of several labels, or of none, means nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
from keras import ops

from benchmark.errors import StudyError

EPSILON = 1e-7  # by which Keras keeps scores from 0 and 1


@dataclass(frozen=True)
class Loss:
    """The loss of one training."""

    in_steps: keras.losses.Loss
    per_clip: Callable  # (targets, y_score), both (n_clips, n_classes) -> (n_clips,)
    pos_weight: np.ndarray | None = None  # (n_classes,) by which positives weigh


class WeightedBinary(keras.losses.Loss):
    """Binary cross-entropy, or focal loss, of scores (n_clips, n_classes) 0..1: the mean over classes.

    Of a target y and a score p it is ``positive * y * (1 - p)**gamma * -log(p) + negative * (1 - y) * p**gamma *
    -log(1 - p)``: with gamma 0 as PyTorch's ``BCEWithLogitsLoss(pos_weight=positive)``, else Lin et al. 2017,
    arXiv:1708.02002. ``positive`` (n_classes,) and ``negative`` are weights."""

    def __init__(self, positive, negative=1.0, gamma=0.0, label_smoothing=0.0):
        super().__init__(name="binary", dtype="float32")
        self.positive, self.negative = np.asarray(positive, "float32"), float(negative)
        self.gamma, self.label_smoothing = float(gamma), float(label_smoothing)

    def call(self, y_true, y_pred):
        """Return the loss of each clip, (n_clips,)."""
        y_true = y_true * (1 - self.label_smoothing) + self.label_smoothing / 2
        # Of targets 1 and 0: the backend knows the logit behind a sigmoid, whose logarithm has no end.
        log_p = -ops.binary_crossentropy(ops.ones_like(y_pred), y_pred)
        log_q = -ops.binary_crossentropy(ops.zeros_like(y_pred), y_pred)
        wrong, right = (self._less(part) for part in (1 - y_pred, y_pred))
        terms = self.positive * y_true * wrong * log_p + self.negative * (1 - y_true) * right * log_q
        return -ops.mean(terms, axis=-1)

    def _less(self, share):
        """Return the factor by which what is right already counts less; a root has no slope at 0."""
        return ops.power(ops.maximum(share, EPSILON), self.gamma) if self.gamma else 1.0

    def get_config(self):
        """Return what rebuilds the loss."""
        return {"positive": self.positive.tolist(), "negative": self.negative, "gamma": self.gamma,
                "label_smoothing": self.label_smoothing}  # fmt: skip


def categorical_crossentropy(targets, y_score, label_smoothing=0.0):
    """Return the cross-entropy (n_clips,) of class probabilities (n_clips, n_classes), clipped as Keras does."""
    targets = targets * (1 - label_smoothing) + label_smoothing / targets.shape[1]
    return -(targets * np.log(np.clip(y_score, EPSILON, 1))).sum(axis=1)


def weighted_binary(targets, y_score, positive=1.0, negative=1.0, gamma=0.0, label_smoothing=0.0):
    """Return what :class:`WeightedBinary` does, (n_clips,), of scores clipped as Keras does."""
    targets, p = targets * (1 - label_smoothing) + label_smoothing / 2, np.clip(y_score, EPSILON, 1 - EPSILON)
    terms = positive * targets * (1 - p) ** gamma * np.log(p) + negative * (1 - targets) * p**gamma * np.log(1 - p)
    return -terms.mean(axis=1)


def positive_weights(given, cap, targets, classes):
    """Return how many negatives a positive weighs in each class, (n_classes,), of training clips' ``targets``.

    'balanced' is (n - n_c) / n_c, 'sqrt' its square root, both at most ``cap``; 1 where a class has no positive. Raises
    :class:`StudyError` for a class that is none of ``classes``."""
    if given in ("balanced", "sqrt"):
        n_positive = targets.sum(axis=0)
        ratio = np.where(n_positive > 0, (len(targets) - n_positive) / np.maximum(n_positive, 1), 1.0)
        return np.minimum(np.sqrt(ratio) if given == "sqrt" else ratio, np.inf if cap is None else cap)
    if isinstance(given, dict):
        if strange := sorted(set(given) - set(classes)):
            raise StudyError(f"training.loss.pos_weight: no class {', '.join(strange)}; there are {', '.join(classes)}")
        return np.array([given.get(name, 1.0) for name in classes])
    return np.full(targets.shape[1], 1.0 if given is None else given)


def _categorical(params, targets, classes):
    smoothing = params.label_smoothing
    return Loss(
        keras.losses.CategoricalCrossentropy(label_smoothing=smoothing),
        partial(categorical_crossentropy, label_smoothing=smoothing),
    )


def _binary(params, targets, classes, gamma=0.0, positive=1.0, negative=1.0):
    weights = positive_weights(params.pos_weight, params.cap, targets, classes)
    settings = {"positive": positive * weights, "negative": negative, "gamma": gamma,
                "label_smoothing": params.label_smoothing}  # fmt: skip
    return Loss(WeightedBinary(**settings), partial(weighted_binary, **settings), weights)


def _focal(params, targets, classes):
    weights = {} if params.alpha is None else {"positive": params.alpha, "negative": 1 - params.alpha}
    return _binary(params, targets, classes, params.gamma, **weights)


LOSSES = {  # by LossParams.kind: (settings, targets of the training clips, names of the classes) -> Loss
    "categorical_crossentropy": _categorical,
    "binary_crossentropy": _binary,
    "focal": _focal,
}


def make_loss(params, task, targets, classes):
    """Return the :class:`Loss` that a study's LossParams mean for a row of TASKS.

    ``targets`` (n_clips, n_classes) are those of the training clips. Raises :class:`StudyError`, see
    :func:`positive_weights`."""
    return LOSSES[params.kind or task.loss](params, targets, classes)
