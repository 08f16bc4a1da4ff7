"""Curves of several labels: precision over recall, means of classes and trials, and F1 over the threshold."""

import numpy as np
from sklearn.metrics import precision_recall_curve

from benchmark.analysis.metrics.calibration import at_recalls, curves
from benchmark.store.layout import THRESHOLDS
from benchmark.tasks.thresholds import DEFAULT, f1_at

TRIED = np.linspace(0, 1, 101)  # thresholds


def precision_curves(trials, classes):
    """Return {'macro', 'micro' and each class: precision at each recall of :data:`calibration.GRID`, None if unknown}.

    Of a class and micro, all scores of all classes together: means over the trials in which there is a positive clip;
    macro: the mean of the classes. The area below a curve is the average precision, but for the steps of the grid."""
    of_class = {name: curves(trials, name)["precision"] for name in classes}
    known = [values for values in of_class.values() if values is not None]
    parts = [trial.test for trial in trials if trial.test.y_true.any()]
    together = [at_recalls(*precision_recall_curve(part.y_true.ravel(), part.y_score.ravel())[:2]) for part in parts]
    return {
        "macro": np.mean(known, axis=0) if known else None,
        "micro": np.mean(together, axis=0) if together else None,
        **of_class,
    }


def threshold_curves(trials, classes):
    """Return {class: (f1 (n_trials, n) at each of :data:`TRIED`, [(threshold chosen, its F1)] of each trial)}.

    F1 of the validation clips. Classes without a positive one in the first trial are left out, as all are where it has
    no validation clips; trials without validation clips too."""
    validated = [(trial, part) for trial in trials if len(part := trial.predictions.of("val"))]
    found = {}
    for column, name in enumerate(classes):
        if not validated or not validated[0][1].y_true[:, column].any():
            continue
        pairs = [(part.y_true[:, column], part.y_score[:, column]) for _, part in validated]
        chosen = [(trial.info.get(THRESHOLDS) or {}).get(name, DEFAULT) for trial, _ in validated]
        at_chosen = [float(f1_at(*pair, [value])[1][0]) for pair, value in zip(pairs, chosen, strict=True)]
        found[name] = (
            np.array([f1_at(*pair, TRIED)[1] for pair in pairs]),
            list(zip(chosen, at_chosen, strict=True)),
        )
    return found
