"""Labels and predictions to scores. Single-label; every function takes class names and works on any number of classes.

Where precision or recall is 0/0 (a class never predicted, or absent from the test clips) it counts as 0, here and in
macro averages, as in scikit-learn. MATLAB gives NaN and leaves the class out of the mean, so its macro averages are
higher wherever that happens."""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from benchmark.analysis.statistics import percentiles, resample, wilson_interval

SCORES = ("precision", "recall", "f1")
BATCH = 32  # clips of a timed batch where latency.csv does not say


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


def by_seed(trials):
    """Return for each seed the test predictions of all its folds together.

    Pooled, each clip of a cross-validation is tested once per seed. Averaging F1 over folds instead would be biased
    (Forman & Scholz 2010, SIGKDD Explorations 12, 49-57)."""
    seeds = sorted({trial.seed for trial in trials})
    return [pd.concat([trial.test for trial in trials if trial.seed == seed]) for seed in seeds]


def summarise(trials, classes, groups=None):
    """Return accuracy, its interval and deviation, macro averages with intervals, and n_test of one model, as a dict.

    Folds of one seed are pooled, seeds are averaged. The 95 % interval counts the clips tested **per seed**: a second
    seed predicts clips of the same set again, so it adds no clips, and the interval never shrinks by repeating seeds.
    accuracy_std is over trials (ddof 1, NaN with one trial): the spread of folds and seeds, no error of the mean.
    Macro averages have a 95 % bootstrap interval over test clips, by group where ``groups`` (clip_id -> group) says
    that clips belong together: see :func:`macro_intervals`."""
    seeds = by_seed(trials)
    n_test = sum(len(frame) for frame in seeds) // len(seeds)
    share = float(np.mean([accuracy(frame["y_true"], frame["y_pred"]) for frame in seeds]))
    low, high = wilson_interval(share, n_test)
    shares = [accuracy(trial.test["y_true"], trial.test["y_pred"]) for trial in trials]
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else np.nan
    scores = {"accuracy": share, "accuracy_low": low, "accuracy_high": high, "accuracy_std": spread}
    means = macro(mean_per_class(trials, classes))
    return {"n_test": n_test, **scores, **means, **macro_intervals(seeds, classes, groups)}


def macro_intervals(seeds, classes, groups=None):
    """Return n_groups and the low and high ends of the macro averages of pooled predictions, a frame per seed.

    2,000 bootstrap resamples of the units that were tested, percentiles 2.5 and 97.5. A unit is a clip, or all clips
    of a group; it comes with its predictions of every seed, so a repeated seed adds nothing, while clips that only
    another seed tests count as further ones. The trained models are held fixed: the intervals are about other clips,
    not about another training."""
    counts = outcomes(seeds, classes, groups)
    found = {"n_groups": len(counts)}
    for score, values in macro_of_counts(resample(counts)).items():
        low, high = percentiles(values)
        found |= {f"{score}_macro_low": low, f"{score}_macro_high": high}
    return found


def outcomes(seeds, classes, groups=None):
    """Return per unit, seed and class the clips predicted right, predicted so, and truly so.

    Shape (n_units, n_seeds, 3, n_classes); units in the order of their names. What scores per class are made of."""
    tested = pd.concat([frame[["clip_id", "y_true", "y_pred"]].assign(seed=s) for s, frame in enumerate(seeds)])
    unit, units = pd.factorize(units_of(tested["clip_id"], groups), sort=True)
    true, predicted = (pd.Index(list(classes)).get_indexer(tested[column]) for column in ("y_true", "y_pred"))
    counts = np.zeros((len(units), len(seeds), 3, len(classes)), dtype=np.int32)
    right, seed = true == predicted, tested["seed"].to_numpy()
    np.add.at(counts, (unit[right], seed[right], 0, true[right]), 1)
    np.add.at(counts, (unit, seed, 1, predicted), 1)
    np.add.at(counts, (unit, seed, 2, true), 1)
    return counts


def units_of(clip_ids, groups=None):
    """Return the group of each clip, the clip itself where ``groups`` is None or does not know it."""
    if groups is None:
        return clip_ids
    found = clip_ids.map(groups)
    return found.astype(object).where(found.notna(), clip_ids)


def macro_of_counts(counts):
    """Return macro precision, recall and F1 of counts as of :func:`outcomes`, summed over units, averaged over seeds.

    counts: (..., n_seeds, 3, n_classes); each value of the dict: (...). 0/0 counts as 0, as everywhere here."""
    right, predicted, true = np.moveaxis(np.asarray(counts, dtype=float), -2, 0)
    parts = {"precision": (right, predicted), "recall": (right, true), "f1": (2 * right, predicted + true)}
    return {score: (part / np.maximum(whole, 1)).mean(axis=(-2, -1)) for score, (part, whole) in parts.items()}


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
    """Return first, p50, p90, p99 and mean (ms per clip, batch 1), the timed calls, p50 of a whole file, clips of a
    batch, and throughput (clips per second in such batches, of the median one), as a dict.

    latency: frame with columns stage (first | forward | file | batch), ms and, where recorded, clips (of the call), of
    one or several trials together. First calls stand apart: the median of them. A stage that was not timed gives NaN.
    """
    first, forward, file = (latency.loc[latency["stage"] == stage, "ms"] for stage in ("first", "forward", "file"))
    batch = latency[latency["stage"] == "batch"]
    clips = batch.get("clips", pd.Series(BATCH, batch.index))
    return {
        "latency_ms_first": first.median(),
        "latency_ms_p50": forward.quantile(0.5),
        "latency_ms_p90": forward.quantile(0.9),
        "latency_ms_p99": forward.quantile(0.99),
        "latency_ms_mean": forward.mean(),
        "calls": len(forward),
        "file_ms_p50": file.median(),
        "batch_clips": clips.median(),
        "throughput": 1000 * (clips / batch["ms"]).median(),
    }
