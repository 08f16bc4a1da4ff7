"""Scores of each class, a block per model as in Table 3 of visutsak2025."""

import pandas as pd

from benchmark.analysis.metrics.scores import SCORES, pooled_per_class
from benchmark.analysis.tables.columns import Output, number, text
from benchmark.analysis.tables.spec import POOLED, ZERO, TableSpec

PER_CLASS_COLUMNS = ("model", "label", "class", *SCORES, "support", "roc_auc", "average_precision")
SUPPORT = "Support: predictions of clips of the class; with several seeds a clip may count once in each."


def per_class_table(results, tables):
    """Return a row per model and class with :data:`PER_CLASS_COLUMNS`, for models with a trial done.

    Scores (0..1) are pooled over folds and seeds; support counts predictions, with s seeds a clip up to s times. The
    mean over the classes of a model is its macro average in the comparison, and the recalls weighted by support are
    its accuracy. The areas are those of the table ``ranking``."""
    rows = []
    for model in results.models:
        if done := results.done(model["name"]):
            scores = pooled_per_class(done)
            rows += scores.assign(model=model["name"], label=model["label"]).to_dict("records")
    table = pd.DataFrame(rows, columns=PER_CLASS_COLUMNS[:-2])
    areas = tables["ranking"][["model", "class", "roc_auc", "average_precision"]]
    return table.merge(areas, on=["model", "class"], how="left").astype({"support": "Int64"})


def with_accuracy(frame, tables):
    """Return the rows of each model with one more: its accuracy, in the column f1, and all its predictions."""
    accuracies = tables["comparison"].set_index("model")["accuracy"]
    blocks = []
    for model, block in frame.groupby("model", sort=False):
        last = block.iloc[:1][["model", "label"]].assign(
            **{"class": "Accuracy", "f1": accuracies[model], "support": block["support"].sum()}
        )
        blocks += [block, last]
    return pd.concat(blocks, ignore_index=True) if blocks else frame


COLUMNS = (
    text("Class", "class"),
    number("Precision", "precision", ".3f"),
    number("Recall", "recall", ".3f"),
    number("F1-score", "f1", ".3f"),
    number("Support", "support"),
    number("ROC area", "roc_auc", ".3f", outputs=Output.PAGE),
    number("Average precision", "average_precision", ".3f", outputs=Output.PAGE),
)
TABLES = (
    TableSpec(
        "per_class", per_class_table, "Precision, recall and F1-score per class.", COLUMNS, (POOLED, SUPPORT, ZERO),
        shown=with_accuracy, block="model", long=True, further=False, place=20,
        tasks=("multiclass",),
    ),
)  # fmt: skip
