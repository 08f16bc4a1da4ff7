"""Thresholds and calibration of each class, and which classes come together."""

from benchmark.analysis.metrics.multilabel.classes import (
    calibration_classes_table,
    calibration_means,
    thresholds_table,
    together_table,
)
from benchmark.analysis.tables.columns import Column, Output, number, text
from benchmark.analysis.tables.multilabel import POOLED, TASKS, ZERO
from benchmark.analysis.tables.spec import TableSpec

MOST = 30  # pairs of classes shown; the CSV has the others


def _threshold(value, low, high):
    return f"{value:.2f}" if low == high else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _pairs(frame, tables):
    """Return the most frequent pairs of different classes, a row per model: its label, and what it predicted."""
    pairs = frame[frame["class"] != frame["other"]].head(MOST)
    labels = {f"predicted_{model['name']}": model["label"] for model in tables.results.models}
    ids = ["class", "other", "true"]
    long = pairs.melt(ids, [name for name in labels if name in pairs], "label", "predicted", ignore_index=False)
    return long.assign(label=long["label"].map(labels)).sort_index(kind="stable")


THRESHOLDS = (
    text("Class", "class"),
    Column("Threshold", ("threshold", "threshold_low", "threshold_high"), _threshold),
    number("Precision", "precision", ".3f"),
    number("Recall", "recall", ".3f"),
    number("F1", "f1", ".3f"),
    number("F1 at 0.5", "f1_at_half", ".3f"),
    number("F1 tuned on test", "f1_tuned_on_test", ".3f", outputs=Output.SCREEN),
)
CALIBRATION = (
    number("Mean score", "mean_score", ".3f"),
    number("Share", "share", ".3f"),
    number("ECE", "ece", ".3f"),
    number("Brier", "brier", ".3f"),
)
CALIBRATED = (
    "Pooled over folds and seeds. Share: of clips that have the class, which calibrated scores have as their mean. "
    "ECE: expected calibration error of each class in 10 bins of its score. Brier: mean squared distance, 0 best."
)
TABLES = (
    TableSpec(
        "thresholds", lambda results, tables: thresholds_table(results), "Thresholds of each class.", THRESHOLDS,
        ("Threshold: of several trials the mean, and from the least to the most. Tuned ones have the highest F1 on the "
         "validation clips. F1 tuned on test: with thresholds that suit the test clips best: how optimistic that is.",
         POOLED, ZERO),
        block="model", long=True, place=45, tasks=TASKS,
    ),
    TableSpec(
        "calibration", lambda results, tables: calibration_means(tables["calibration_classes"]),
        "Calibration, means over classes.",
        (text("Model", "label", outputs=Output.TABLES), number("Predictions", "predictions", ".0f"), *CALIBRATION),
        (CALIBRATED,), place=50, tasks=TASKS,
    ),
    TableSpec(
        "calibration_classes", lambda results, tables: calibration_classes_table(results),
        "Calibration of each class.", (text("Class", "class"), *CALIBRATION), (CALIBRATED,), block="model", long=True,
        place=51, tasks=TASKS,
    ),
    TableSpec(
        "cooccurrence", lambda results, tables: together_table(results), "Classes that come together.",
        (text("Class", "class"), text("With", "other"), number("Clips", "true"), text("Model", "label"),
         number("Predicted", "predicted")),
        (f"Predictions of clips that have both, and of both; the {MOST} most frequent, all in cooccurrence.csv.",),
        shown=_pairs, long=True, place=85, tasks=TASKS,
    ),
)  # fmt: skip
