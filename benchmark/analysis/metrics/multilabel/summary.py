"""Every score of one model of several labels with its interval, and what its thresholds did to them."""

from dataclasses import replace

import numpy as np

from benchmark.analysis.metrics.multilabel.resampling import intervals
from benchmark.analysis.metrics.multilabel.sample import Sample
from benchmark.tasks.scores import average_precision_macro
from benchmark.tasks.thresholds import DEFAULT, tune_per_class

USED = {"global": "tuned on val (one for all)", "per_class": "tuned on val (per class)"}


def summarise_labels(trials, results):
    """Return n_test, n_units, every score with its ends, deviation and thresholds of one model, a dict.

    Scores are those of :meth:`analysis.metrics.multilabel.sample.Sample.scores`, with ``_low`` and ``_high``, arrays
    (n_classes,) where there is one per class. n_test counts clips per seed. average_precision_macro_std: over trials
    (ddof 1). thresholds: in words, those the decisions were made with; f1_macro_at_half: with 0.5 for all;
    f1_macro_tuned_on_test: with thresholds that suit the test clips of each trial best, which no honest choice can
    know: how optimistic tuning there would be."""
    parts = tuple(trial.test for trial in trials)
    by_trial = [average_precision_macro(part.y_true, part.y_score) for part in parts]
    return intervals(results, parts) | {
        "n_test": sum(map(len, parts)) // len({trial.seed for trial in trials}),
        "average_precision_macro_std": float(np.std(by_trial, ddof=1)) if len(parts) > 1 else np.nan,
        "thresholds": ", ".join(sorted({thresholds_used(trial) for trial in trials})),
        "f1_macro_at_half": f1_at_half(parts)["f1_macro"][0],
        "f1_macro_tuned_on_test": f1_tuned_on_test(parts)["f1_macro"][0],
    }


def thresholds_used(trial):
    """Return in words which thresholds a trial decided by: '0.5', another number, or how they were tuned."""
    settings = (trial.info.get("settings") or {}).get("thresholds") or {}
    return USED.get(settings.get("kind"), f"{settings.get('value', DEFAULT):g}")


def f1_at_half(parts):
    """Return precision, recall and F1 per class and their means with a threshold of 0.5 for all, of Predictions of
    each trial; as :meth:`Sample.decided`, of one weighting."""
    return decided(replace(part, y_pred=part.y_score >= DEFAULT) for part in parts)


def f1_tuned_on_test(parts):
    """Return the same with the thresholds that have the highest F1 on the test clips of each trial themselves."""
    return decided(replace(part, y_pred=part.y_score >= tune_per_class(part.y_true, part.y_score)) for part in parts)


def decided(parts):
    """Return :meth:`Sample.decided` of Predictions of each trial, every clip counting once."""
    parts = list(parts)
    return Sample(parts, [np.zeros(len(part), int) for part in parts], 1).decided(np.ones((1, 1)))
