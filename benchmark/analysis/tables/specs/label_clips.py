"""Clip by clip, of several labels: which ones most models get wrong."""

from benchmark.analysis.metrics.multilabel.clips import label_clips_table
from benchmark.analysis.metrics.multilabel.confident import confident_labels_table
from benchmark.analysis.tables.columns import Column, number, text
from benchmark.analysis.tables.multilabel import TASKS
from benchmark.analysis.tables.spec import TableSpec
from benchmark.analysis.tables.specs.clips import MOST, first

COLUMNS = (
    text("Clip", "clip_id"),
    text("Labels", "label"),
    Column("All right", ("right", "predictions"), "{} of {}".format),
    number("F1 of its labels", "f1", ".3f"),
    number("Score of its labels", "score_true", ".3f"),
    text("Missed", "missed"),
    text("Added", "added"),
)
CONFIDENT_ERRORS = (
    text("Model", "model_label"),
    text("Clip", "clip_id"),
    text("Labels", "label"),
    text("Class", "class"),
    text("Error", "error"),
    number("Score", "score", ".3f"),
    number("Threshold", "threshold", ".2f"),
    number("Margin", "margin", ".3f"),
)
TABLES = (
    TableSpec(
        "per_clip", lambda results, tables: label_clips_table(results),
        "The clips whose labels most predictions get wrong.", COLUMNS,
        (f"Over all models and trials; at most {MOST} clips here, all in per_clip.csv. Missed, added: by at least half "
         "of the predictions.",), shown=first, place=90, tasks=TASKS,
    ),
    TableSpec(
        "confident_errors", lambda results, tables: confident_labels_table(results), "The most confident errors.",
        CONFIDENT_ERRORS,
        ("Wrong decisions on single classes. Margin: how far the score is from the threshold of its class, on the "
         f"wrong side. At most {MOST} here, more in confident_errors.csv.",), shown=first, place=91, tasks=TASKS,
    ),
)  # fmt: skip
