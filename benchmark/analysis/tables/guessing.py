"""Accuracies that need no model: one that is not above them has learnt nothing."""

import numpy as np

from benchmark.analysis.tables.description import majority_share


def guessing(results):
    """Return {name: accuracy 0..1}: of a blind guess among the classes, and of always naming the largest class.

    They are one where they print alike, as with classes of equal size; without a trial done there is no second one."""
    chance, majority = 1 / len(results.classes), majority_share(results)
    if f"{chance:.2f}" == f"{majority:.2f}":
        return {f"chance, largest class {chance:.2f}": chance}
    found = {f"chance {chance:.2f}": chance, f"largest class {majority:.2f}": majority}
    return {name: share for name, share in found.items() if np.isfinite(share)}
