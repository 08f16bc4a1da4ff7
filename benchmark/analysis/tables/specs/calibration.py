"""What scores are worth beside the class with the highest one."""

from benchmark.analysis.metrics.calibration import calibration_table, ranking_table, reliability_table
from benchmark.analysis.tables.columns import Output, number, text
from benchmark.analysis.tables.spec import TableSpec

COLUMNS = (
    text("Model", "label", outputs=Output.TABLES),
    number("Predictions", "predictions"),
    number("Accuracy", "accuracy", ".3f", outputs=Output.TABLES),
    number("Top-2", "top2", ".3f"),
    number("Confidence", "confidence", ".3f"),
    number("ECE", "ece", ".3f"),
    number("Brier", "brier", ".3f"),
    number("ROC area", "roc_auc_macro", ".3f"),
    number("Average precision", "average_precision_macro", ".3f", short="AP"),
)
FACTS = (
    "Pooled over folds and seeds, but for ROC area and average precision (AP): each class against the rest, means over "
    "classes and trials.",
    "Confidence: mean highest score. ECE: expected calibration error in 10 bins, too high for few clips. "
    "Brier: 0 best, 2 worst. Top-2: the class is among the two highest scores.",
)
TABLES = (
    TableSpec(
        "calibration", lambda results, tables: calibration_table(results, tables["ranking"]),
        "Calibration and ranking of the scores.", COLUMNS, FACTS, place=50,
        tasks=("multiclass",),
    ),
    TableSpec("ranking", lambda results, tables: ranking_table(results), place=51, tasks=("multiclass",)),
    TableSpec("reliability", lambda results, tables: reliability_table(results), place=52,
              tasks=("multiclass",)),
)  # fmt: skip
