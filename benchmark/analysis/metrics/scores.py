"""Labels and predictions, matrices (n_clips, n_classes), to scores.

Where precision or recall is 0/0 (a class never predicted, or absent from the test clips) it counts as 0, here and in
macro averages, as in scikit-learn. MATLAB gives NaN and leaves the class out of the mean, so its macro averages are
higher wherever that happens.

All scores of a model come from one confusion matrix, the sum over its folds and seeds, which is also the one drawn:
"pooled over folds and seeds". Averaging F1 over folds instead would be biased (Forman & Scholz 2010, SIGKDD
Explorations 12, 49-57). With s seeds a clip may count s times in it, so intervals never take its sum for clips."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.further import METRICS
from benchmark.analysis.metrics.statistics import effective_size, resample, wilson_interval
from benchmark.store.predictions import pooled
from benchmark.tasks.scores import accuracy

SCORES = ("precision", "recall", "f1")
BATCH = 32  # clips of a timed batch where latency.csv does not say


def confusion(y_true, y_pred):
    """Return counts, shape (n_classes, n_classes): rows are true classes, columns predicted ones.

    y_true, y_pred: (n_clips, n_classes) bool, one label per clip."""
    return y_true.T.astype(np.int64) @ y_pred


def per_class(y_true, y_pred, classes):
    """Return a frame with columns class, precision, recall, f1 (0..1) and support (clips), a row per class.

    y_true, y_pred: (n_clips, n_classes) bool."""
    from sklearn.metrics import precision_recall_fscore_support

    *scores, support = precision_recall_fscore_support(y_true, y_pred, average=None, zero_division=0)
    return pd.DataFrame({"class": list(classes), **dict(zip(SCORES, scores, strict=True)), "support": support})


def macro(table):
    """Return precision_macro, recall_macro and f1_macro: the plain means over the rows of a :func:`per_class` table."""
    return {f"{score}_macro": float(table[score].mean()) for score in SCORES}


def tested(trials):
    """Return the test predictions of all trials of a model, one after the other: folds and seeds together."""
    return pooled(trial.test for trial in trials)


def summarise(trials, groups=None):
    """Return n_test, accuracy, its interval and deviation, and the other scores of one model with intervals, as a dict.

    Scores are pooled over folds and seeds. n_test counts the clips tested **per seed** (rounded down where seeds
    differ), and so does the 95 % interval of accuracy: a second seed predicts clips of the same set again, so it adds
    no clips, and the interval never shrinks by repeating seeds. accuracy_std is over trials (ddof 1, NaN with one
    trial): the spread of folds and seeds, no error of the mean. Macro averages have a 95 % interval over test clips, by
    group where ``groups`` (clip_id -> group) says that clips belong together: see :func:`macro_intervals`."""
    found = tested(trials)
    n_test = len(found) // len({trial.seed for trial in trials})
    share = accuracy(found.y_true, found.y_pred)
    low, high = wilson_interval(share, n_test)
    shares = accuracies(trials)
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else np.nan
    scores = {"n_test": n_test, "accuracy": share, "accuracy_low": low, "accuracy_high": high, "accuracy_std": spread}
    scores |= macro(pooled_per_class(trials)) | macro_intervals(found, groups)
    return scores | {name: metric.compute(found) for name, metric in METRICS.items()}


def accuracies(trials):
    """Return the accuracy of each trial on its test clips."""
    return [accuracy(trial.test.y_true, trial.test.y_pred) for trial in trials]


def macro_intervals(found, groups=None):
    """Return n_groups and the low and high ends of the macro averages of pooled predictions.

    2,000 bootstrap resamples of the units that were tested give their variance, and Wilson's interval is that of as
    many clips as would vary so (:func:`analysis.metrics.statistics.effective_size`). A unit is a clip, or all clips
    of a group; it comes with its predictions of every seed, so a repeated seed adds nothing, while clips that only
    another seed tests count as further ones. Units are drawn within classes (a group within the class of most of its
    clips), so that no resample lacks a class; one that lacks a class of mixed groups all the same leaves it out of its
    mean. The trained models are held fixed: the intervals are about other clips, not about another training."""
    counts = outcomes(found, groups)
    strata = counts[:, 2].argmax(axis=1)
    drawn, ends, n_clips = resample(counts, strata=strata), {"n_groups": len(counts)}, len(set(found.clip_id))
    varied, degrees = macro_of_counts(drawn, counts[:, 2].any(axis=0)), None
    if groups is not None:
        degrees = len(counts) - len(set(strata))
        # How far clips of a group are alike, all classes show better than a class of few groups, which may vary by
        # chance hardly at all: no score rests on more clips than accuracy does.
        shares = drawn[:, 0].sum(axis=-1) / drawn[:, 2].sum(axis=-1)
        share = accuracy(found.y_true, found.y_pred)
        n_clips = effective_size(share, shares.var(), n_clips, len(counts))
    for score, value in macro_of_counts(counts.sum(axis=0)).items():
        size = effective_size(value, varied[score].var(), n_clips, len(counts), degrees)
        low, high = wilson_interval(value, size)
        ends |= {f"{score}_macro_low": low, f"{score}_macro_high": high}
    return ends


def outcomes(found, groups=None):
    """Return per unit and class the clips predicted right, predicted so, and truly so, of pooled predictions.

    Shape (n_units, 3, n_classes); units in the order of their names. What scores per class are made of."""
    unit, units = pd.factorize(units_of(pd.Series(found.clip_id), groups), sort=True)
    counts = np.zeros((len(units), 3, len(found.classes)), dtype=np.int32)
    for place, marked in enumerate((found.y_true & found.y_pred, found.y_pred, found.y_true)):
        np.add.at(counts[:, place], unit, marked)
    return counts


def units_of(clip_ids, groups=None):
    """Return the group of each clip, the clip itself where ``groups`` is None or does not know it."""
    if groups is None:
        return clip_ids
    found = clip_ids.map(groups)
    return found.astype(object).where(found.notna(), clip_ids)


def macro_of_counts(counts, known=None):
    """Return macro precision, recall and F1 of counts as of :func:`outcomes`, summed over units.

    counts: (..., 3, n_classes); each value of the dict: (...). 0/0 counts as 0, as everywhere here. known: which
    classes have clips at all, (n_classes,) bool; then the mean leaves out those of them that these counts lack."""
    right, predicted, true = np.moveaxis(np.asarray(counts, dtype=float), -2, 0)
    lacking = (true == 0) & known if known is not None else np.zeros_like(true, dtype=bool)
    parts = {"precision": (right, predicted), "recall": (right, true), "f1": (2 * right, predicted + true)}
    shares = {score: part / np.where(whole > 0, whole, 1) for score, (part, whole) in parts.items()}
    return {score: np.nanmean(np.where(lacking, np.nan, share), axis=-1) for score, share in shares.items()}


def pooled_per_class(trials):
    """Return the :func:`per_class` table of one model, pooled over folds and seeds.

    Support is the predictions of clips of a class, so with s seeds a clip may count s times: the sums of the rows of
    :func:`total_confusion`."""
    found = tested(trials)
    return per_class(found.y_true, found.y_pred, found.classes)


def total_confusion(trials):
    """Return the sum of all trials' confusion matrices: with s seeds every clip is counted s times."""
    return sum(confusion(trial.test.y_true, trial.test.y_pred) for trial in trials)


def summarise_latency(latency):
    """Return first, p50, p90, p99 and mean (ms per clip, batch 1), the timed calls, p50 of a whole file and of the head
    alone on a clip's features, clips of a batch, and throughput (clips per second in such batches, of the median one),
    as a dict.

    latency: frame with columns stage (first | forward | file | head | batch), ms and, where recorded, clips (of the
    call), of one or several trials together. First calls stand apart: the median of them. A stage that was not timed
    gives NaN.
    """
    stages = ("first", "forward", "file", "head")
    first, forward, file, head = (latency.loc[latency["stage"] == stage, "ms"] for stage in stages)
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
        "head_ms_p50": head.median(),
        "batch_clips": clips.median(),
        "throughput": 1000 * (clips / batch["ms"]).median(),
    }
