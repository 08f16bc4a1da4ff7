"""Models that decide together."""

from benchmark.analysis.metrics.ensembles import ensembles_table
from benchmark.analysis.tables.columns import Output, estimate, number, text
from benchmark.analysis.tables.spec import INTERVAL, MACRO, POOLED, TableSpec

COLUMNS = (
    text("Ensemble", "label"),
    text("Members", "members", outputs=Output.SCREEN),
    number("Trials", "trials"),
    number("Clips", "n_test"),
    number("Validation", "val_accuracy", ".3f"),
    estimate("Accuracy", "accuracy"),
    number("± std", "accuracy_std", ".3f"),
    number("Precision", "precision_macro", ".3f", outputs=Output.SCREEN),
    number("Recall", "recall_macro", ".3f", outputs=Output.SCREEN),
    estimate("F1-score", "f1_macro"),
)
FACTS = (
    "Members are chosen in each trial on its validation clips alone; in brackets the trials a model was in.",
    "Validation: the accuracy that chosen rows were chosen by, pooled, and so too high for them.",
    POOLED, INTERVAL, MACRO,
)  # fmt: skip
TABLES = (
    TableSpec(
        "ensembles", lambda results, tables: ensembles_table(results), "Ensembles of the stored predictions.", COLUMNS,
        FACTS, place=80, tasks=("multiclass",),
    ),
)  # fmt: skip
