"""One model in two studies that tested other clips: whether the difference is more than chance.

Each study has its own chance, of the clips tested and of the luck of training; that of the difference is both."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from benchmark.analysis.metrics.multilabel.resampling import resampled, sample_of
from benchmark.analysis.metrics.scores import tested, units_of
from benchmark.analysis.metrics.statistics import (
    CONFIDENCE,
    effective_size,
    newcombe_interval,
    newcombe_test,
    training_luck,
)

NEWCOMBE, NORMAL = "Newcombe's interval, other clips", "normal interval of two bootstraps, other clips"


def unpaired_accuracy(first, second, name):
    """Return difference (second minus first), test, low, high and p_value of a model's accuracy in two studies."""
    a, b = (_sample(results, name) for results in (first, second))
    return {"difference": b.share - a.share, "test": NEWCOMBE} | unpaired(a, b)


def unpaired(a, b):
    """Return low, high and p_value of the difference b - a of two :class:`Sample` of different clips, as a dict."""
    observed = (b.share, b.n, a.share, a.n, float(np.hypot(a.luck, b.luck)))
    low, high = newcombe_interval(*observed)
    return {"low": low, "high": high, "p_value": newcombe_test(*observed)}


@dataclass(frozen=True)
class Sample:
    """An accuracy, and what it rests on."""

    share: float  # accuracy 0..1, pooled over folds and seeds
    n: float  # independent clips: those tested per seed, fewer where clips of a group are alike
    luck: float  # standard deviation 0..1 by training


def sample(right, units, trials, n_seeds, n_train):
    """Return the :class:`Sample` of one model's predictions; arguments as for :func:`pairwise.paired_test`.

    right: whether each prediction is, (n,); units: the group of each, None where every clip is its own."""
    share, n = float(np.mean(right)), len(right) // n_seeds
    if units is not None:
        units = np.unique(units, return_inverse=True)[1]
        sums, n_units = np.bincount(units, right - share), units.max() + 1
        variance = (sums**2).sum() / len(right) ** 2 * n_units / max(n_units - 1, 1)
        n = effective_size(share, variance, n, min(n_units, n), n_units - 1)
    return Sample(share, n, training_luck(n_train) * float(np.linalg.norm(np.bincount(trials) / len(right))))


def _sample(results, name):
    trials = results.done(name)
    found = tested(trials)
    right = results.task.clip_score(found.y_true, found.y_pred).astype(float)
    units = None if results.groups is None else units_of(pd.Series(found.clip_id), results.groups).astype(str)
    numbers = np.repeat(np.arange(len(trials)), [len(trial.test) for trial in trials])
    n_train = np.mean([results.n_train(trial) for trial in trials])
    return sample(right, units, numbers, len({trial.seed for trial in trials}), n_train)


def unpaired_precision(first, second, name):
    """Return the same of a model's macro average precision, of which the bootstrap gives the variance."""
    scores, variance = [], 0.0
    for results in (first, second):
        trials = results.done(name)
        parts = tuple(trial.test for trial in trials)
        scores.append(sample_of(results, parts).scores()["average_precision_macro"])
        sizes = np.array([len(part) for part in parts])
        n_train = np.mean([results.n_train(trial) for trial in trials])
        variance += np.nanvar(resampled(results, parts)["average_precision_macro"])
        variance += (training_luck(n_train) * np.linalg.norm(sizes) / sizes.sum()) ** 2
    gain, spread = float(scores[1] - scores[0]), float(np.sqrt(variance))
    half = float(ndtri((1 + CONFIDENCE) / 2)) * spread
    return {"difference": gain, "test": NORMAL, "low": gain - half, "high": gain + half,
            "p_value": float(2 * ndtr(-abs(gain) / spread))}  # fmt: skip


UNPAIRED = {"accuracy": unpaired_accuracy, "average_precision_macro": unpaired_precision}  # by the task's headline
