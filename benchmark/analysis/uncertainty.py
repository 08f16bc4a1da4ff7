"""Each score of a model with the interval that chance leaves: over other clips, and over other splits and seeds."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics import accuracy, summarise
from benchmark.analysis.pairwise import redrawn
from benchmark.analysis.statistics import corrected_t

MACRO = ("precision_macro", "recall_macro", "f1_macro")
UNCERTAINTY_COLUMNS = (
    "model", "label", "n_test", "n_groups", "accuracy", "accuracy_low", "accuracy_high",
    *(f"{score}{end}" for score in MACRO for end in ("", "_low", "_high")),
    "trials", "trial_mean", "trial_std", "trial_low", "trial_high",
)  # fmt: skip


def uncertainty_table(results):
    """Return a row per model with a trial done and :data:`UNCERTAINTY_COLUMNS`.

    accuracy has its Wilson interval and macro averages their bootstrap interval over test clips, or groups of clips
    (see :func:`benchmark.analysis.metrics.summarise`): how far the score of these trained models may be off. n_groups
    is the number of different clips or groups tested. trial_mean and trial_std (ddof 1) are of the trials' accuracies,
    with the corrected resampled t interval: where the mean over other splits and seeds may be. It is missing for one
    trial, and where all trials have the same split: their spread is that of training alone."""
    rows = []
    for model in results.models:
        if trials := results.done(model["name"]):
            row = {"model": model["name"], "label": model["label"], "trials": len(trials)}
            rows.append(row | summarise(trials, results.classes, results.groups) | _over_trials(results, trials))
    return pd.DataFrame(rows, columns=UNCERTAINTY_COLUMNS)


def _over_trials(results, trials):
    shares = [accuracy(trial.test["y_true"], trial.test["y_pred"]) for trial in trials]
    found = corrected_t(shares, results.ratio(trials))
    found |= {end: float(np.clip(found[end], 0, 1)) for end in ("low", "high")}  # Student's t knows of no such ends
    if not redrawn(results) and results.study["split"]["protocol"] != "kfold":
        found |= {"low": np.nan, "high": np.nan}
    return {f"trial_{name}": found[name] for name in ("mean", "std", "low", "high")}
