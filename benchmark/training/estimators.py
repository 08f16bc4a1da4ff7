"""Estimators of scikit-learn on features, and what scores by chance: models without a network of their own.

With several labels each class has an estimator of its own. A class that cannot be told from the training clips, since
all of them have it, or none, gets a constant score: Laplace's rule of succession."""

import hashlib
import math
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark.models.backend import cores
from benchmark.training import solver

# Of libsvm: with few features and a large C it would go on for minutes where classes overlap.
ITERATIONS = 100_000
CALIBRATION_FOLDS = 5  # at most: each needs a clip of the class and one that is not of it


class Sample(NamedTuple):
    """Some clips: ``x`` is (n_clips, dim) float64, or (n_clips,) clip ids for what reads no features."""

    x: np.ndarray
    y: np.ndarray  # (n_clips, n_classes) bool


class Fitted(NamedTuple):
    """An estimator of the training clips."""

    score: Callable  # from x to y_score (n_clips, n_classes), 0..1
    converged: bool = True


def svm(train, task, seed, C, kernel, gamma=None):
    """Return support vector machines, one against the rest, with Platt's probabilities, as a :class:`Fitted`.

    Those are fitted to decisions on clips that a machine was not trained on, and a machine of all clips decides, as in
    libsvm (Platt 1999; Lin, Lin and Weng 2007). With one label per clip a clip's scores are divided by their sum. The
    kernel is computed once for all classes and folds, which takes most of the time otherwise."""
    width = 1 / (train.x.shape[1] * max(train.x.var(), 1e-12)) if gamma == "scale" else gamma
    similar = partial(pairwise_kernels, Y=train.x, metric=kernel, filter_params=True, gamma=width)
    known = similar(train.x)
    with warnings.catch_warnings(), ThreadPoolExecutor(len(cores())) as pool:  # libsvm runs beside other threads
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is recorded
        machines = list(pool.map(partial(_platt, known, C), train.y.T))

    def score(x):
        likeness = similar(x)
        return RESCALED[task.activation](np.stack([machine.score(likeness) for machine in machines], axis=1))

    return Fitted(score, all(machine.converged for machine in machines))


def _platt(known, C, column):
    """Return the machine of one class; ``known`` is the kernel (n_clips, n_clips) of the training clips."""
    rarer = min(column.sum(), (~column).sum())
    if rarer < 2:
        return _constant(column)
    machine = SVC(C=C, kernel="precomputed", max_iter=ITERATIONS)
    calibrated = CalibratedClassifierCV(machine, ensemble=False, cv=int(min(CALIBRATION_FOLDS, rarer)))
    calibrated.fit(known, column)
    (whole,) = calibrated.calibrated_classifiers_
    return Fitted(lambda likeness: calibrated.predict_proba(likeness)[:, 1], _converged(whole.estimator))


def _constant(column):
    """Return what gives all clips the same score for a class: its share in training, by Laplace's rule."""
    share = (column.sum() + 1) / (len(column) + 2)
    return Fitted(lambda x: np.full(len(x), share))


def _converged(fitted):
    """Return whether what scikit-learn fitted came to an end before its last iteration."""
    most = getattr(fitted, "max_iter", None)
    return most is None or bool(np.max(fitted.n_iter_) < most)


RESCALED = {"softmax": lambda y_score: y_score / y_score.sum(axis=1, keepdims=True), "sigmoid": lambda y_score: y_score}


def of_classifier(make, train, task, seed, **settings):
    """Return a classifier of scikit-learn as a :class:`Fitted`; ``make(seed, **settings)`` returns what fits it.

    That is a function from (x (n_clips, dim), labels (n_clips,)) to the fitted classifier."""
    return FITTED[task.activation](make(seed, **settings), train)


def _of_one_label(fit, train):
    fitted = fit(train.x, train.y.argmax(axis=1))

    def score(x):
        y_score = np.zeros((len(x), train.y.shape[1]))
        y_score[:, fitted.classes_] = fitted.predict_proba(x)  # of a class without a training clip it knows nothing
        return y_score

    return Fitted(score, _converged(fitted))


def _of_several_labels(fit, train):
    parts = [_of_class(fit, train.x, column) for column in train.y.T]
    return Fitted(lambda x: np.stack([part.score(x) for part in parts], axis=1), all(part.converged for part in parts))


def _of_class(fit, x, column):
    if column.all() or not column.any():
        return _constant(column)
    fitted = fit(x, column)
    return Fitted(lambda x: fitted.predict_proba(x)[:, 1], _converged(fitted))


FITTED = {"softmax": _of_one_label, "sigmoid": _of_several_labels}  # by the activation of the task


def random_forest(seed, n_estimators):
    """Return what fits a random forest (Breiman 2001)."""
    return lambda x, labels: RandomForestClassifier(n_estimators, random_state=seed, n_jobs=len(cores())).fit(x, labels)


def logistic(seed, C):
    """Return what fits a logistic regression, as the head of a frozen network is solved."""
    return lambda x, labels: solver.fit(x, labels, None, C, max_iter=1000, note=lambda model: None)[0]


def knn(seed, n_neighbors):
    """Return what scores by the share of a class among the nearest training clips."""
    return lambda x, labels: KNeighborsClassifier(min(n_neighbors, len(x))).fit(x, labels)


def uniform(train, task, seed):
    """Return what scores clips at random, uniformly: each by the seed and its clip id, in whatever order they come."""

    def score(clip_ids):
        numbers = [int.from_bytes(hashlib.sha256(str(clip_id).encode()).digest()) for clip_id in clip_ids]
        drawn = [np.random.default_rng([seed, number]).random(train.y.shape[1]) for number in numbers]
        return RESCALED[task.activation](np.stack(drawn))

    return Fitted(score)


def prior(train, task, seed):
    """Return what gives every clip the share of each class among the training clips."""
    return Fitted(lambda clip_ids: np.tile(train.y.mean(axis=0), (len(clip_ids), 1)))


class Estimator(NamedTuple):
    """One kind of estimator."""

    fit: Callable  # (Sample, task, seed, **settings) -> Fitted
    standardizes: bool = False  # whether features are standardised on the training clips


ESTIMATORS = {  # by EstimatorParams.kind; their settings stand in benchmark.config.estimators.ESTIMATORS
    "svm": Estimator(svm, standardizes=True),
    "random_forest": Estimator(partial(of_classifier, random_forest)),
    "logistic": Estimator(partial(of_classifier, logistic), standardizes=True),
    "knn": Estimator(partial(of_classifier, knn), standardizes=True),
    "uniform": Estimator(uniform),
    "prior": Estimator(prior),
}


def fit_best(params, train, val, task, seed=0, tried=lambda done, total: None):
    """Return (what scores clips, from x to y_score; what trial.json says of it), the best on the validation clips.

    params: an EstimatorParams; train, val: a :class:`Sample` each; task: a row of TASKS, by whose headline settings are
    compared: of equals those that come first count. ``tried`` is told how many have been."""
    row, grid, began, best = ESTIMATORS[params.kind], params.candidates, time.perf_counter(), None
    prepare = StandardScaler().fit(train.x).transform if row.standardizes else np.asarray
    train, x = train._replace(x=prepare(train.x)), prepare(val.x)
    for number, settings in enumerate(grid, 1):
        fitted = row.fit(train, task, seed, **settings)
        of_val = task.scores[task.headline](val.y, fitted.score(x))
        if best is None or of_val > best[0]:  # it is no number for all of them, or for none
            best = of_val, settings, fitted
        tried(number, len(grid))
    of_val, chosen, fitted = best
    return lambda x: fitted.score(prepare(x)), {
        "kind": params.kind,
        "settings": chosen,
        f"val_{task.headline}": None if math.isnan(of_val) else of_val,
        "tried": len(grid),
        "converged": fitted.converged,
        "seconds": round(time.perf_counter() - began, 3),
    }
