"""Labels and predictions to scores. Single-label; every function takes class names and works on any number of classes.

Where precision or recall is 0/0 (a class never predicted, or absent from the test clips) it counts as 0, here and in
macro averages, as in scikit-learn. MATLAB gives NaN and leaves the class out of the mean, so its macro averages are
higher wherever that happens."""

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

SCORES = ("precision", "recall", "f1")


def accuracy(y_true, y_pred):
    """Return the share of clips, 0..1, whose class was predicted."""
    return float(np.mean(np.asarray(y_true, dtype=object) == np.asarray(y_pred, dtype=object)))


def confusion(y_true, y_pred, classes):
    """Return counts, shape (n_classes, n_classes): rows are true classes, columns predicted ones."""
    return confusion_matrix(y_true, y_pred, labels=list(classes))


def per_class(y_true, y_pred, classes):
    """Return a frame with columns class, precision, recall, f1 (0..1) and support (clips), a row per class."""
    *scores, support = precision_recall_fscore_support(y_true, y_pred, labels=list(classes), zero_division=0)
    return pd.DataFrame({"class": list(classes), **dict(zip(SCORES, scores, strict=True)), "support": support})


def macro(table):
    """Return precision_macro, recall_macro and f1_macro: the plain means over the rows of a :func:`per_class` table."""
    return {f"{score}_macro": float(table[score].mean()) for score in SCORES}


def wilson_interval(share, n, confidence=0.95):
    """Return the (low, high) Wilson interval of a share 0..1 observed on ``n`` clips.

    It is scipy's ``binomtest(k, n).proportion_ci(method="wilson")``, open to a share that is a mean over seeds and so
    need not be a whole number of clips. Source: Wilson 1927, JASA 22, 209-212."""
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding may leave 1e-17 where the formula gives exactly 0 or 1.
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def by_seed(trials):
    """Return for each seed the test predictions of all its folds together.

    Pooled, each clip of a cross-validation is tested once per seed. Averaging F1 over folds instead would be biased
    (Forman & Scholz 2010, SIGKDD Explorations 12, 49-57)."""
    seeds = sorted({trial.seed for trial in trials})
    return [pd.concat([trial.test for trial in trials if trial.seed == seed]) for seed in seeds]


def summarise(trials, classes):
    """Return accuracy, its interval and deviation, macro averages and n_test of one model's trials, as a dict.

    Folds of one seed are pooled, seeds are averaged. The 95 % interval counts the clips tested **per seed**: a second
    seed predicts clips of the same set again, so it adds no clips, and the interval never shrinks by repeating seeds.
    accuracy_std is over trials (ddof 1, NaN with one trial): the spread of folds and seeds, no error of the mean."""
    seeds = by_seed(trials)
    n_test = sum(len(frame) for frame in seeds) // len(seeds)
    share = float(np.mean([accuracy(frame["y_true"], frame["y_pred"]) for frame in seeds]))
    low, high = wilson_interval(share, n_test)
    shares = [accuracy(trial.test["y_true"], trial.test["y_pred"]) for trial in trials]
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else np.nan
    scores = {"accuracy": share, "accuracy_low": low, "accuracy_high": high, "accuracy_std": spread}
    return {"n_test": n_test, **scores, **macro(mean_per_class(trials, classes))}


def mean_per_class(trials, classes):
    """Return the :func:`per_class` table of one model: of the pooled folds of a seed, averaged over seeds.

    Support is the clips of a class tested per seed, rounded down where seeds differ."""
    tables = [per_class(frame["y_true"], frame["y_pred"], classes) for frame in by_seed(trials)]
    mean = pd.concat(tables).groupby("class", sort=False).mean().reset_index()
    return mean.astype({"support": int})


def total_confusion(trials, classes):
    """Return the sum of all trials' confusion matrices: with s seeds every clip is counted s times."""
    return sum(confusion(trial.test["y_true"], trial.test["y_pred"], classes) for trial in trials)


def summarise_latency(latency):
    """Return first, p50, p90 and mean (ms per clip, batch 1), the timed calls, and p50 of a whole file, as a dict.

    latency: frame with columns stage (first | forward | file) and ms, of one or several trials together. First calls
    stand apart: the median of them. A stage that was not timed gives NaN."""
    first, forward, file = (latency.loc[latency["stage"] == stage, "ms"] for stage in ("first", "forward", "file"))
    return {
        "latency_ms_first": first.median(),
        "latency_ms_p50": forward.quantile(0.5),
        "latency_ms_p90": forward.quantile(0.9),
        "latency_ms_mean": forward.mean(),
        "calls": len(forward),
        "file_ms_p50": file.median(),
    }
