"""The optimum of a linear head: L2-regularised multinomial logistic regression on standardised features, by L-BFGS.

The problem is convex, so the answer depends on no start, learning rate or number of epochs. With some hundred clips and
a thousand features gradient steps never leave their start behind, and what is left of it is noise in every score.
Linear probes are solved so in Radford et al. 2021 (CLIP, arXiv:2103.00020, A.3) and Zhai et al. 2019 (VTAB,
arXiv:1910.04867)."""

import math
import time
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

GRID = tuple(10.0**power for power in range(-4, 3))  # of C
TOLERANCE = (
    1e-6  # largest element of the gradient of the mean loss at the end; scikit-learn's 1e-4 leaves 0.01 in scores
)


@dataclass(frozen=True)
class Solution:
    """A solved head: class scores are ``softmax(features @ kernel + bias)``."""

    kernel: np.ndarray  # (dim, n_classes)
    bias: np.ndarray  # (n_classes,)
    C: float
    converged: bool  # False where ``max_iter`` iterations were not enough
    history: list[dict]  # a row per iteration

    def scores(self, features):
        """Return the class probabilities (n_clips, n_classes) of features (n_clips, dim)."""
        return softmax(features @ self.kernel + self.bias, axis=1)


def solve(features, targets, weights=None, C=1.0, max_iter=1000, val=None, iteration_done=lambda done, total: None):
    """Return the :class:`Solution` that minimises C * (weighted sum of cross-entropies) + ||kernel||^2 / 2.

    ``features`` (n_clips, dim) are standardised, ``targets`` (n_clips, n_classes) one-hot with a clip of each class,
    ``weights`` (n_clips,) those of the clips. ``val`` is (features, targets, weights) of the validation clips, whose
    loss is in the history. Two classes have one kernel, its halves with opposite signs, as in scikit-learn."""
    parts = {"": (np.asarray(features, "float64"), targets, weights)} | ({} if val is None else {"val_": val})
    rows, began = [], time.perf_counter()

    def note(model):
        seconds = round(time.perf_counter() - began, 3)
        rows.append({"iteration": len(rows) + 1, "epoch": len(rows) + 1, "seconds": seconds} | _row(parts, model))
        iteration_done(len(rows), max_iter)

    model, converged = fit(parts[""][0], targets.argmax(axis=1), weights, C, max_iter, note)
    return Solution(*_softmax_form(model), C, converged, rows)


def fit(features, labels, weights, C, max_iter, note):
    """Return (a logistic regression of scikit-learn fitted by L-BFGS, whether it converged within ``max_iter``).

    ``labels`` and ``weights`` are (n_clips,); ``note(model)`` is called after each iteration."""
    model = LogisticRegression(C=C, max_iter=max_iter, tol=TOLERANCE).set_callbacks(_Follower(note))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is recorded
        model.fit(features, labels, sample_weight=weights)
    return model, int(model.n_iter_[0]) < max_iter


def solve_best(
    features, targets, weights, val, max_iter=1000, iteration_done=lambda done, total: None, grid=GRID, by=solve
):
    """Return (the :class:`Solution` of the C in ``grid`` with the lowest loss on ``val``, {C: that loss}).

    Arguments as for :func:`solve`, or what else solves: ``by``. Of equal losses the smaller C counts."""
    found = {C: by(features, targets, weights, C, max_iter, val, iteration_done) for C in grid}
    losses = {C: found[C].history[-1]["val_loss"] for C in grid}
    return found[min(grid, key=losses.get)], losses


def _softmax_form(model):
    """Return the kernel (dim, n_classes) and the bias (n_classes,) of a fitted logistic regression."""
    kernel, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # one row: the logit of the second class over the first
        kernel, bias = np.hstack([-kernel, kernel]) / 2, np.array([-bias[0], bias[0]]) / 2
    return kernel, bias


def _row(parts, model):
    """Return loss and accuracy of a model on some clips, {prefix of the columns: (features, targets, weights)}."""
    kernel, bias = _softmax_form(model)
    row = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"), math.nan)
    for prefix, (features, targets, weights) in parts.items():
        logs = log_softmax(features @ kernel + bias, axis=1)
        row[f"{prefix}loss"] = float(np.average(-(logs * targets).sum(axis=1), weights=weights))
        row[f"{prefix}accuracy"] = float((logs.argmax(axis=1) == targets.argmax(axis=1)).mean())
    return row


class _Follower:
    """A callback of scikit-learn that hands a model on after each iteration."""

    def __init__(self, note):
        self.note = note

    def setup(self, estimator, context):
        """Do nothing: part of the protocol."""

    def teardown(self, estimator, context):
        """Do nothing: part of the protocol."""

    def on_fit_task_begin(self, estimator, context, **given):
        """Do nothing: part of the protocol."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **given):
        """Hand the model on; not for the whole fit, nor for an iteration that never ran."""
        if context.task_name == "lbfgs-iter" and fitted_estimator is not None:
            self.note(fitted_estimator)
