"""Classes of unlike size: clips that weigh more, or come more often; and clips that keep one of their labels."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Balance:
    """What a training makes of unlike classes."""

    rows: np.ndarray  # of the training clips, each as often as it is used
    weights: np.ndarray | None  # (n_rows,) of their losses; None: all alike
    class_weight: np.ndarray | None  # (n_classes,) by which losses of validation clips are weighed; None: all alike

    def of(self, targets):
        """Return the weights (n_clips,) of other clips, such as those of validation, or None."""
        return None if self.class_weight is None else targets @ self.class_weight

    def over(self, counts):
        """Return the balance of the parts of the clips: each clip has so many, ``counts`` (n_clips,), in order."""
        starts = np.cumsum(counts) - counts
        rows = np.concatenate([np.arange(starts[row], starts[row] + counts[row]) for row in self.rows])
        weights = None if self.weights is None else np.repeat(self.weights, counts[self.rows])
        return Balance(rows, weights, self.class_weight)


def balance(targets, training, seed):
    """Return the :class:`Balance` of training clips with one-hot ``targets`` (n_clips, n_classes).

    'balanced' weighs as scikit-learn's ``class_weight``: n_clips / (n_classes * clips of the class). Oversampling
    repeats all clips of a class as often as fits into the largest class, and draws the rest without replacement. The
    validation loss, by which weights are kept, is weighed alike in both: it stands for the same aim as the training."""
    counts, rows = targets.sum(axis=0), np.arange(len(targets))
    if not (training.class_weight or training.oversample):
        return Balance(rows, None, None)
    weight = counts.sum() / (len(counts) * np.maximum(counts, 1))
    if training.class_weight:
        return Balance(rows, targets @ weight, weight)
    rng, most, drawn = np.random.default_rng(seed), int(counts.max()), []
    for of_class in (np.flatnonzero(column) for column in targets.T if column.any()):
        times, rest = divmod(most, len(of_class))
        drawn += [np.tile(of_class, times), rng.choice(of_class, rest, replace=False)]
    return Balance(np.sort(np.concatenate(drawn)), None, weight)


def one_label_each(targets, seed):
    """Return targets (n_clips, n_classes) in which each clip has one of its labels, drawn at random, or none as before.

    What an author does who trains a network of one label on films of several (trailers2023)."""
    drawn = np.random.default_rng(seed).random(targets.shape) * (np.asarray(targets) > 0)
    kept = np.zeros_like(targets)
    rows = np.flatnonzero(drawn.any(axis=1))
    kept[rows, drawn[rows].argmax(axis=1)] = 1
    return kept
