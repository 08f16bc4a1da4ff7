"""Predictions at the thresholds of trailers2023 side by side, for studies that name it (``published``)."""

from benchmark.analysis.metrics.multilabel.fixed_thresholds import fixed_classes_table, fixed_table
from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.multilabel import HEADERS, LOSSES, TASKS, ZERO
from benchmark.analysis.tables.spec import TableSpec

SOURCE = "trailers2023"
THRESHOLDS = (0.5, 0.36, 0.1)  # of all models; of the one on frames; of those on sound
FACTS = (
    "One threshold for all genres, whatever the thresholds that a model was given: the scores are those of its "
    "predictions, decided anew. Pooled over folds and seeds.",
    ZERO,
)
SCORES = (
    "keras_accuracy", "subset_accuracy", "hamming_loss", "precision_macro", "recall_macro", "precision_micro",
    "recall_micro",
)  # fmt: skip
SIDES = [
    number(f"{score.capitalize()} at {threshold:g}", f"{score}_{threshold:g}", ".3f")
    for threshold in THRESHOLDS for score in ("precision", "recall")
]  # fmt: skip


def _of(table):
    return lambda results, tables: table(results, THRESHOLDS)


TABLES = (
    TableSpec(
        "fixed_thresholds", _of(fixed_table), "Scores at three thresholds.",
        (number("Threshold", "threshold", "g"), *(number(HEADERS[name], name, ".3f") for name in SCORES),
         number("Labels per clip", "labels_per_clip", ".2f")),
        (*FACTS, LOSSES), block="model", long=True, place=100, tasks=TASKS, published=SOURCE,
    ),
    TableSpec(
        "fixed_thresholds_classes", _of(fixed_classes_table), "Precision and recall of each genre at three thresholds.",
        (text("Genre", "class"), *SIDES), FACTS, block="model", long=True, place=101, tasks=TASKS, published=SOURCE,
    ),
)  # fmt: skip
