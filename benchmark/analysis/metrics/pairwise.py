"""Every pair of models on the clips that both were tested on: which differences are more than chance.

One test for every protocol, which asks whether the networks differ on other clips and after another training:

- **The clips.** The paired predictions of all folds and seeds are added up per unit: a clip, or all clips of a group
  where clips come in groups (parts of one recording). Where both models are alike, each unit's sum has either sign as
  likely; all signs are counted exactly (:func:`analysis.metrics.statistics.sign_flip_test`). So a clip that several
  seeds test is one piece of evidence, as many clips as were tested are known to the test, and seeds that happen to
  differ by the same amount prove nothing. Alone, this is p_clips: do these trained models differ on other clips? Where
  a clip is tested once it is McNemar's exact test.
- **The luck of training.** A network trained again on other clips or from another seed is better or worse by some
  points. How much, one or a few trainings cannot show; so a standard deviation is presumed of each trained model
  (:func:`analysis.metrics.statistics.training_luck`), or what the trials show, if that is more. Over J trials it
  falls by the root of J. p_value counts it beside the clips, and is never below p_clips.

tests/benchmarks/false_findings.py draws equal models and counts how often they are called different. P values of all
pairs are corrected together (Holm), so that eleven equal models do not yield a winner by chance."""

from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.scores import units_of
from benchmark.analysis.metrics.statistics import LUCK, holm, percentiles, resample, sign_flip_test, training_luck

PAIRWISE_COLUMNS = (
    "model_a", "model_b", "label_a", "label_b", "test", "trials", "n_clips", "n_units", "only_a", "only_b",
    "accuracy_a", "accuracy_b", "difference", "low", "high", "luck", "p_clips", "p_value", "p_holm", "separable",
)  # fmt: skip
LEVEL = 0.05  # of the corrected p value
CLIPS, GROUPS = "sign flips of clips", "sign flips of groups"
LUCK_MEANT = (
    f"p and intervals count the luck of training: a standard deviation of {100 * LUCK:g} points of each trained model "
    "(less beyond 800 training clips), or what the trials show, if that is more."
)
BEST, ALIKE = "best", "not separable"
GUESSING = "best, but not above guessing"


def pairwise_table(results):
    """Return a row per pair of models with trials in common and :data:`PAIRWISE_COLUMNS`, in the study's order.

    only_a and only_b: predictions right of one model alone; difference: accuracy of a minus b, pooled over the common
    trials and clips, with a 95 % interval (bootstrap over clips or groups, and the luck of training); n_units: clips
    or groups; luck: standard deviation of the difference by training, 0..1; p_clips: of clips alone; p_value: of clips
    and luck; p_holm: p_value corrected over all rows; separable where it is below 0.05."""
    labels = {model["name"]: model["label"] for model in results.models}
    verdicts = {name: right_by_trial(results.done(name), results.task) for name in labels}
    rows = []
    for a, b in combinations(labels, 2):
        common = [trial for trial in results.done(a) if (trial.fold, trial.seed) in verdicts[b]]
        if common:
            row = _compare(results, common, verdicts[a], verdicts[b])
            rows.append({"model_a": a, "model_b": b, "label_a": labels[a], "label_b": labels[b]} | row)
    table = pd.DataFrame(rows, columns=PAIRWISE_COLUMNS)
    table["p_holm"] = holm(table["p_value"])
    table["separable"] = table["p_holm"] < LEVEL
    return table


def right_by_trial(trials, task):
    """Return {(fold, seed): the task's score of each test clip, a Series indexed by clip_id}."""
    return {
        (trial.fold, trial.seed): pd.Series(task.clip_score(trial.test.y_true, trial.test.y_pred), trial.test.clip_id)
        for trial in trials
    }


def redrawn(results):
    """Return whether the study's seeds split the clips anew, and there are several."""
    split = results.study["split"]
    return len(split["seeds"]) > 1 and split["protocol"] != "predefined"


def _compare(results, trials, verdicts_a, verdicts_b):
    """Return the part of a row that compares two models on their common trials."""
    pairs = []
    for number, trial in enumerate(trials):
        a, b = verdicts_a[trial.fold, trial.seed].align(verdicts_b[trial.fold, trial.seed], join="inner")
        pairs.append(pd.DataFrame({"a": a.astype(int), "b": b.astype(int), "trial": number}))
    paired = pd.concat(pairs)
    gain = (paired["a"] - paired["b"]).to_numpy()
    units = pd.factorize(units_of(paired.index.to_series(), results.groups), sort=True)[0]
    n_train = np.mean([results.n_train(trial) for trial in trials])
    found = paired_test(gain, units, paired["trial"].to_numpy(), n_train)
    low, high = difference_interval(gain, units, found["luck"])
    return {
        "test": CLIPS if results.groups is None else GROUPS,
        "trials": len(trials),
        "n_clips": paired.index.nunique(),
        "n_units": units.max() + 1,
        "only_a": int((gain > 0).sum()),
        "only_b": int((gain < 0).sum()),
        "accuracy_a": paired["a"].mean(),
        "accuracy_b": paired["b"].mean(),
        "difference": gain.mean(),
        "low": low,
        "high": high,
    } | found


def paired_test(gain, units, trials, n_train):
    """Return luck, p_clips and p_value of a difference between two models, as a dict.

    gain: right minus right of each prediction, -1..1, (n,); units, trials: which clip or group, and which trial, each
    belongs to, whole numbers from 0, (n,); n_train: training clips of a trial."""
    sums = np.bincount(units, gain).astype(int)
    luck = luck_of_difference(gain, sums, trials, n_train)
    p_clips, p_value = sign_flip_test(sums, (0.0, len(gain) * luck))
    # Luck smooths the steps of few units, at which p may fall to half; but it is no evidence, so p never falls by it.
    return {"luck": luck, "p_clips": p_clips, "p_value": max(p_clips, p_value)}


def difference_interval(gain, units, luck):
    """Return the 95 % interval of the mean gain: a bootstrap over units, with a normal number of deviation ``luck``.

    Arguments as for :func:`paired_test`."""
    totals = resample(np.stack([np.bincount(units, gain), np.bincount(units)], axis=1))
    noise = luck * np.random.default_rng(0).standard_normal(len(totals))
    return percentiles(totals[:, 0] / totals[:, 1] + noise)


def luck_of_difference(gain, sums, trials, n_train):
    """Return the standard deviation 0..1 that training gives the difference of two models, pooled over trials.

    At least what is presumed of two models in each trial; more where the trials' differences spread more than clips and
    that explain. Arguments as for :func:`paired_test`; sums: of the gain of each unit."""
    sizes = np.bincount(trials)
    presumed = 2 * training_luck(n_train) ** 2 * (sizes**2).sum() / len(gain) ** 2
    shown = 0.0
    if len(sizes) > 1:
        differences = np.bincount(trials, gain) / sizes
        shown = differences.var(ddof=1) / len(sizes) - (sums**2).sum() / len(gain) ** 2
    return float(np.sqrt(max(presumed, shown)))


def standing(comparison, pairwise, guessing=(), score="accuracy"):
    """Return for each row of a comparison table 'best', 'not separable' or '', indexed as it is.

    Best is the highest ``score``, the first of equals; where it is one of the models named in ``guessing`` its word
    says that as well (:data:`GUESSING`), so that nobody reads 'best' alone. Not separable from it are the models whose
    difference from it is not significant after Holm's correction, or could not be tested for want of common trials.
    That a model is in this set does not show that it is as good: with few clips all are. A single model has no
    standing."""
    scores = pd.to_numeric(comparison[score])
    if scores.notna().sum() < 2:
        return pd.Series("", comparison.index)
    best = comparison.loc[scores.idxmax(), "model"]
    told = pairwise[(pairwise[["model_a", "model_b"]] == best).any(axis=1) & pairwise["separable"].astype(bool)]
    apart = set(told["model_a"]) | set(told["model_b"])
    words = comparison["model"].map(lambda model: "" if model in apart else ALIKE).where(scores.notna(), "")
    return words.mask(comparison["model"] == best, GUESSING if best in guessing else BEST)


def matrix(pairwise, models, column):
    """Return a column of a pairwise table as a matrix (n_models, n_models), row a, column b; NaN where there is none.

    ``difference`` changes its sign below the diagonal, everything else is the same on both sides of it."""
    place = {name: index for index, name in enumerate(models)}
    values = np.full((len(models), len(models)), np.nan)
    sign = -1 if column == "difference" else 1
    for a, b, value in pairwise[["model_a", "model_b", column]].itertuples(index=False):
        values[place[a], place[b]], values[place[b], place[a]] = value, sign * value
    return values
