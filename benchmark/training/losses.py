"""What a training minimises: Keras' own loss in its steps, and the same clip by clip in NumPy for its validations."""

import numpy as np


def categorical_crossentropy(targets, y_score):
    """Return the cross-entropy (n_clips,) of class probabilities (n_clips, n_classes), clipped as Keras does."""
    return -np.log(np.clip((y_score * targets).sum(axis=1), 1e-7, 1))


def binary_crossentropy(targets, y_score):
    """Return the mean cross-entropy over classes (n_clips,) of scores (n_clips, n_classes), clipped as Keras does."""
    y_score = np.clip(y_score, 1e-7, 1 - 1e-7)
    return -(targets * np.log(y_score) + (1 - targets) * np.log(1 - y_score)).mean(axis=1)


LOSSES = {  # by Keras' name: benchmark.tasks.Task.loss
    "categorical_crossentropy": categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
}
