"""Every pair of models on the clips that both were tested on: which differences are more than chance.

Which test is used, and why:

- **One seed, holdout, cross-validation or predefined split: McNemar's exact test.** Each clip is tested once, so the
  clips are independent pairs; folds are pooled. It asks whether these trained models differ on other clips. Where clips
  come in groups (parts of one recording), clips are no longer independent: the pairs are then the groups, and the exact
  sign test asks in how many of them one model is right more often; without groups it is McNemar's test.
- **Several seeds of a predefined split: the same,** over the sum of the seeds: every seed tests the same clips, so
  counting each again would invent evidence.
- **Several seeds, each with a split of its own: the corrected resampled t-test** of Nadeau & Bengio over the trials
  (seeds, or folds of all seeds). A clip may be tested several times and training clips overlap, which the corrected
  variance allows for; it asks whether the networks differ under another split and seed.

P values of all pairs are corrected together (Holm), so that eleven equal models do not yield a winner by chance."""

from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.analysis.metrics import units_of
from benchmark.analysis.statistics import corrected_t, holm, percentiles, resample, sign_test

PAIRWISE_COLUMNS = (
    "model_a", "model_b", "label_a", "label_b", "test", "trials", "n_clips", "only_a", "only_b", "accuracy_a",
    "accuracy_b", "difference", "low", "high", "p_value", "p_holm", "separable",
)  # fmt: skip
LEVEL = 0.05  # of the corrected p value
MCNEMAR, SIGN, RESAMPLED_T = "McNemar, exact", "sign test over groups, exact", "corrected resampled t-test"
BEST, ALIKE = "best", "not separable"


def pairwise_table(results):
    """Return a row per pair of models with trials in common and :data:`PAIRWISE_COLUMNS`, in the study's order.

    only_a and only_b: predictions right of one model alone; difference: accuracy of a minus b, with a 95 % interval
    (of the corrected t statistic, or bootstrap over clips or groups); p_holm over all rows; separable where it is below
    0.05. Accuracies are over the common trials and clips alone."""
    labels = {model["name"]: model["label"] for model in results.models}
    verdicts = {name: right_by_trial(results.done(name)) for name in labels}
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


def right_by_trial(trials):
    """Return {(fold, seed): whether each test clip was predicted right, a bool Series indexed by clip_id}."""
    return {
        (trial.fold, trial.seed): (trial.test["y_pred"] == trial.test["y_true"]).set_axis(trial.test["clip_id"])
        for trial in trials
    }


def redrawn(results):
    """Return whether the study's seeds split the clips anew, and there are several."""
    split = results.study["split"]
    return len(split["seeds"]) > 1 and split["protocol"] != "predefined"


def _compare(results, trials, verdicts_a, verdicts_b):
    """Return the part of a row that compares two models on their common trials."""
    pairs = []
    for key in ((trial.fold, trial.seed) for trial in trials):
        a, b = verdicts_a[key].align(verdicts_b[key], join="inner")
        pairs.append(pd.DataFrame({"a": a.astype(int), "b": b.astype(int)}))
    paired = pd.concat(pairs)
    gain = paired["a"] - paired["b"]
    row = {
        "trials": len(trials),
        "n_clips": paired.index.nunique(),
        "only_a": int((gain > 0).sum()),
        "only_b": int((gain < 0).sum()),
        "accuracy_a": paired["a"].mean(),
        "accuracy_b": paired["b"].mean(),
        "difference": gain.mean(),
    }
    if redrawn(results):
        found = corrected_t([(pair["a"] - pair["b"]).mean() for pair in pairs], results.ratio(trials))
        return row | {"test": RESAMPLED_T, "low": found["low"], "high": found["high"], "p_value": found["p"]}
    return row | _over_units(gain, results.groups)


def _over_units(gain, groups):
    """Return test, interval and p of right minus right of each clip, a Series indexed by clip_id."""
    clips = gain.index.to_series()
    units = gain.groupby(units_of(clips, groups).to_numpy()).agg(["sum", "count"])
    totals = resample(units)
    low, high = percentiles(totals[:, 0] / totals[:, 1])
    test = MCNEMAR if groups is None else SIGN
    return {"test": test, "low": low, "high": high, "p_value": sign_test(units["sum"])[2]}


def standing(comparison, pairwise):
    """Return for each row of a comparison table 'best', 'not separable' or '', indexed as it is.

    Best is the highest accuracy, the first of equals; not separable from it are the models whose difference from it is
    not significant after Holm's correction, or could not be tested for want of common trials. That a model is in this
    set does not show that it is as good: with few clips all are. A single model has no standing."""
    accuracy = pd.to_numeric(comparison["accuracy"])
    if accuracy.notna().sum() < 2:
        return pd.Series("", comparison.index)
    best = comparison.loc[accuracy.idxmax(), "model"]
    told = pairwise[(pairwise[["model_a", "model_b"]] == best).any(axis=1) & pairwise["separable"].astype(bool)]
    apart = set(told["model_a"]) | set(told["model_b"])
    words = comparison["model"].map(lambda model: "" if model in apart else ALIKE).where(accuracy.notna(), "")
    return words.mask(comparison["model"] == best, BEST)


def matrix(pairwise, models, column):
    """Return a column of a pairwise table as a matrix (n_models, n_models), row a, column b; NaN where there is none.

    ``difference`` changes its sign below the diagonal, everything else is the same on both sides of it."""
    place = {name: index for index, name in enumerate(models)}
    values = np.full((len(models), len(models)), np.nan)
    sign = -1 if column == "difference" else 1
    for a, b, value in pairwise[["model_a", "model_b", column]].itertuples(index=False):
        values[place[a], place[b]], values[place[b], place[a]] = value, sign * value
    return values
