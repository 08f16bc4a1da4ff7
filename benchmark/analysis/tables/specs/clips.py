"""Clip by clip: which ones most models get wrong, and which mistakes were made with most confidence."""

from benchmark.analysis.metrics.misclassified import hardest_table, mistakes_table
from benchmark.analysis.tables.columns import Column, number, text
from benchmark.analysis.tables.spec import TableSpec

MOST = 30  # rows shown; the CSV has the others


def _first(frame, tables):
    return frame.head(MOST)


HARDEST = (
    text("Clip", "clip_id"),
    text("Class", "label"),
    Column("Right", ("right", "predictions"), "{} of {}".format),
    number("Score of its class", "score_true", ".3f"),
    text("Mistaken for", "mistaken_for"),
    number("Times", "times"),
)
MISTAKES = (
    text("Model", "model_label"),
    text("Clip", "clip_id"),
    text("Class", "label"),
    text("Predicted", "y_pred"),
    number("Score", "score", ".3f"),
    number("Score of its class", "score_true", ".3f"),
)
TABLES = (
    TableSpec(
        "hardest", lambda results, tables: hardest_table(results), "The clips that most predictions get wrong.",
        HARDEST, (f"Over all models and trials; at most {MOST} clips here, all in hardest.csv.",),
        shown=_first, place=90,
    ),
    TableSpec(
        "mistakes", lambda results, tables: mistakes_table(results), "The most confident mistakes.", MISTAKES,
        (f"At most {MOST} here, more in mistakes.csv.",), shown=_first, place=91,
    ),
)  # fmt: skip
