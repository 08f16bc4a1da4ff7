"""Each score of a model with the interval that chance leaves: over other clips, and over other splits and seeds."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.pairwise import redrawn
from benchmark.analysis.metrics.scores import accuracies
from benchmark.analysis.metrics.statistics import corrected_half_width

MACRO = ("precision_macro", "recall_macro", "f1_macro")
UNCERTAINTY_COLUMNS = (
    "model", "label", "n_test", "n_groups", "accuracy", "accuracy_low", "accuracy_high",
    *(f"{score}{end}" for score in MACRO for end in ("", "_low", "_high")),
    "trials", "trial_std", "trial_low", "trial_high",
)  # fmt: skip


def uncertainty_table(results):
    """Return a row per model with a trial done and :data:`UNCERTAINTY_COLUMNS`.

    accuracy has its Wilson interval and macro averages theirs over test clips, or groups of clips
    (see :func:`analysis.metrics.scores.summarise`): how far the score of these trained models may be off. n_groups
    is the number of different clips or groups tested. trial_std (ddof 1) is of the trials' accuracies; trial_low and
    trial_high are around accuracy: where it may be with other splits and seeds. They are missing for one trial, and
    where all trials have the same split: their spread is that of training alone."""
    rows = []
    for model in results.models:
        if trials := results.done(model["name"]):
            row = {"model": model["name"], "label": model["label"], "trials": len(trials)}
            scores = model_scores(results, model["name"])
            rows.append(row | scores | _over_trials(results, trials, scores))
    return pd.DataFrame(rows, columns=UNCERTAINTY_COLUMNS)


def _over_trials(results, trials, scores):
    """Return the deviation of the trials and the corrected resampled t interval, at least as wide as Wilson's.

    A few trials may by chance be all alike; the clips that they were tested on are not more for it."""
    shares = accuracies(trials)
    found = {"trial_std": scores["accuracy_std"], "trial_low": np.nan, "trial_high": np.nan}
    if len(trials) > 1 and (redrawn(results) or results.study["split"]["protocol"] == "kfold"):
        half = corrected_half_width(shares, results.ratio(trials))
        found["trial_low"] = max(0.0, min(scores["accuracy"] - half, scores["accuracy_low"]))
        found["trial_high"] = min(1.0, max(scores["accuracy"] + half, scores["accuracy_high"]))
    return found
