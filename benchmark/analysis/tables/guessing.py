"""Scores that need no model: one that is not above them has learnt nothing."""

import numpy as np

from benchmark.analysis.tables.description import chance, majority_share


def guessing(results):
    """Return {name: score 0..1}: of what says nothing of a clip, on the score that the task ranks by.

    {} without a trial done. Of accuracy: a blind guess among the classes, and always naming the largest class; they are
    one where they print alike, as with classes of equal size."""
    return {name: score for name, score in LEVELS[results.task.headline](results).items() if np.isfinite(score)}


def _of_classes(results):
    blind, majority = 1 / len(results.classes), majority_share(results)
    if f"{blind:.2f}" == f"{majority:.2f}":
        return {f"chance, largest class {blind:.2f}": blind}
    return {f"chance {blind:.2f}": blind, f"largest class {majority:.2f}": majority}


def _of_labels(results):
    return {f"chance {(level := chance(results).level):.2f}": level}


LEVELS = {"accuracy": _of_classes, "average_precision_macro": _of_labels}  # by the task's headline
