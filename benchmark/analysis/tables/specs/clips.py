"""Clip by clip: which ones most models get wrong, and which errors were made with most confidence."""

from benchmark.analysis.metrics.misclassified import confident_errors_table, per_clip_table
from benchmark.analysis.tables.columns import Column, number, text
from benchmark.analysis.tables.spec import TableSpec

MOST = 30  # rows shown; the CSV has the others


def first(frame, tables):
    """Return the rows that are shown."""
    return frame.head(MOST)


PER_CLIP = (
    text("Clip", "clip_id"),
    text("Class", "label"),
    Column("Right", ("right", "predictions"), "{} of {}".format),
    number("Score of its class", "score_true", ".3f"),
    text("Mistaken for", "mistaken_for"),
    number("Times", "times"),
)
CONFIDENT_ERRORS = (
    text("Model", "model_label"),
    text("Clip", "clip_id"),
    text("Class", "label"),
    text("Predicted", "y_pred"),
    number("Score", "score", ".3f"),
    number("Score of its class", "score_true", ".3f"),
)
TABLES = (
    TableSpec(
        "per_clip", lambda results, tables: per_clip_table(results),
        "How many predictions of each clip are right, the hardest clips first.", PER_CLIP,
        (f"Over all models and trials; at most {MOST} clips here, all in per_clip.csv.",), shown=first, place=90,
        tasks=("multiclass",),
    ),
    TableSpec(
        "confident_errors", lambda results, tables: confident_errors_table(results), "The most confident errors.",
        CONFIDENT_ERRORS, (f"At most {MOST} here, more in confident_errors.csv.",), shown=first, place=91,
        tasks=("multiclass",),
    ),
)  # fmt: skip
