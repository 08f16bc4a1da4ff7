"""The optimum of a linear head for several labels: one L2-regularised logistic regression per class, by L-BFGS.

As for one label (:mod:`benchmark.training.solver`) each problem is convex, and the answer depends on no start or rate.
It is that of scikit-learn's OneVsRestClassifier over LogisticRegression."""

import math
import time

import numpy as np
from scipy.special import expit

from benchmark.training.solver import Solution, fit


def solve(
    features, targets, pos_weight=None, C=1.0, max_iter=1000, val=None, iteration_done=lambda done, total: None,
    *, task, loss,
):  # fmt: skip
    """Return the :class:`Solution` that minimises C * (sum of cross-entropies) + ||kernel||^2 / 2 for each class.

    ``features`` (n_clips, dim) are standardised, ``targets`` (n_clips, n_classes) of 0 and 1; a positive of a class
    weighs ``pos_weight`` (n_classes,) negatives. A class that all clips have, or none, gets a constant score: Laplace's
    rule of succession. ``val`` is (features, targets, anything) of the validation clips, for the history, which holds
    ``loss.per_clip`` and the scores of ``task`` with every class at the same iteration, or at its last. Progress is
    told in classes."""
    x = np.asarray(features, "float64")
    weights = np.ones(targets.shape[1]) if pos_weight is None else pos_weight
    paths, converged = [], True
    for number, (column, weight) in enumerate(zip(targets.T > 0, weights, strict=True), 1):
        path, ended = _path(x, column, weight, C, max_iter)
        paths.append(path)
        converged &= ended
        iteration_done(number, len(weights))
    parts = {"": (x, targets)} | ({} if val is None else {"val_": val[:2]})
    history = [_row(number, paths, parts, task, loss) for number in range(1, max(map(len, paths)) + 1)]
    kernel, bias, _ = _at(max_iter, paths)
    return Solution(kernel, bias, C, converged, history)


def _path(x, column, weight, C, max_iter):
    """Return ([(kernel (dim,), bias, seconds) after each iteration of one class], whether it converged)."""
    if column.all() or not column.any():
        share = (column.sum() + 1) / (len(column) + 2)
        return [(np.zeros(x.shape[1]), math.log(share / (1 - share)), 0.0)], True
    path, began = [], time.perf_counter()

    def note(model):
        path.append((model.coef_[0].copy(), float(model.intercept_[0]), time.perf_counter() - began))

    model, converged = fit(x, column, np.where(column, weight, 1.0), C, max_iter, note)
    return path or [(model.coef_[0], float(model.intercept_[0]), time.perf_counter() - began)], converged


def _at(number, paths):
    """Return (kernel (dim, n_classes), bias (n_classes,), seconds) of all classes after so many iterations."""
    kernels, biases, seconds = zip(*(path[min(number, len(path)) - 1] for path in paths), strict=True)
    return np.stack(kernels, axis=1), np.array(biases), sum(seconds)


def _row(number, paths, parts, task, loss):
    """Return the row of the history after so many iterations of each class."""
    kernel, bias, seconds = _at(number, paths)
    row = {"iteration": number, "epoch": number, "seconds": round(seconds, 3)}
    row |= dict.fromkeys(("loss", "val_loss", *(f"val_{name}" for name in task.scores), "learning_rate"), math.nan)
    for prefix, (features, targets) in parts.items():
        y_score = expit(features @ kernel + bias)
        row[f"{prefix}loss"] = float(loss.per_clip(targets, y_score).mean())
        if prefix:
            row |= {f"{prefix}{name}": score(targets > 0, y_score) for name, score in task.scores.items()}
    return row
