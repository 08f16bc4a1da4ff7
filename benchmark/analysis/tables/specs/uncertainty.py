"""Every score with its interval."""

from benchmark.analysis.metrics.uncertainty import uncertainty_table
from benchmark.analysis.tables.columns import Column, Output, estimate, interval, number, text
from benchmark.analysis.tables.spec import INTERVAL, MACRO, POOLED, ZERO, TableSpec

COLUMNS = (
    text("Model", "label"),
    number("Clips", "n_test"),
    number("Different", "n_groups", outputs=Output.SCREEN, note="Different: clips or groups tested in all."),
    estimate("Accuracy", "accuracy"),
    estimate("Precision", "precision_macro", outputs=Output.SCREEN),
    estimate("Recall", "recall_macro", outputs=Output.SCREEN),
    estimate("F1-score", "f1_macro"),
    number("Trials", "trials"),
    number("± std", "trial_std", ".3f"),
    Column("Corrected t [95 %]", ("trial_low", "trial_high"), interval),
)
FACTS = (
    POOLED, INTERVAL, MACRO,
    "Corrected t: accuracy with the corrected resampled t interval (Nadeau, Bengio 2003) where trials have splits "
    "of their own: what another split and seed may give; never narrower than Wilson's.", ZERO,
)  # fmt: skip
TABLES = (
    TableSpec(
        "uncertainty", lambda results, tables: uncertainty_table(results), "Scores with their intervals.", COLUMNS,
        FACTS, place=30, tasks=("multiclass",),
    ),
)  # fmt: skip
