"""What a training minimises, in Keras for its steps and in NumPy for its validations."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Loss(NamedTuple):
    """One loss, written twice."""

    keras: str  # Keras' name of it
    per_clip: Callable  # (targets, y_score), both (n_clips, n_classes), to the loss of each clip, (n_clips,)


def cross_entropy(targets, y_score):
    """Return the cross-entropy (n_clips,) of class probabilities, clipped as Keras does."""
    return -np.log(np.clip((y_score * targets).sum(axis=1), 1e-7, 1))


LOSSES = {"cross_entropy": Loss("categorical_crossentropy", cross_entropy)}
