"""Tables 2 and 3 in the very form of visutsak2025, for studies that name it (``published``): columns, order, digits."""

import pandas as pd

from benchmark.analysis.metrics.scores import SCORES
from benchmark.analysis.tables.columns import Column, number, text
from benchmark.analysis.tables.spec import POOLED, TableSpec

SOURCE = "visutsak2025"


def table_2(results, tables):
    """Return model, label and latency_ms (mean of the timed calls) of each model timed."""
    latency = tables["latency"].dropna(subset="latency_ms_mean")
    return latency[["model", "label", "latency_ms_mean"]].rename(columns={"latency_ms_mean": "latency_ms"})


def table_3(results, tables):
    """Return model, label, class, precision, recall and f1, 0..1, a block per model that ends with its accuracy.

    The accuracy stands in the column f1, as in the paper, in a row whose class is 'Accuracy'."""
    comparison = tables["comparison"].dropna(subset="accuracy")
    accuracies = comparison[["model", "label", "accuracy"]].rename(columns={"accuracy": "f1"})
    scores = tables["per_class"][["model", "label", "class", *SCORES]]
    rows = pd.concat([scores, accuracies.assign(**{"class": "Accuracy"})])
    order = {model: place for place, model in enumerate(comparison["model"])}
    return rows.sort_values("model", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)


def milliseconds(value):
    """Return a time as the paper prints it: '4.8 ms', '906 ms', '3.2 s'."""
    if value >= 1000:
        return f"{value / 1000:.2g} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _f1(value, name):
    return f"{value:.4f}" if name == "Accuracy" else f"{value:.5f}"


TABLE_2 = (
    text("Pre-trained Model", "label"),
    number("Average Computational Times (Keras, CPU)", "latency_ms", milliseconds),
)
TABLE_3 = (
    text("Class", "class"),
    number("Precision", "precision", ".5f"),
    number("Recall", "recall", ".5f"),
    Column("F1-score", ("f1", "class"), _f1),
)
TABLES = (
    TableSpec(
        "table_2", table_2, "Average computational times of the pre-trained models.", TABLE_2, further=False, place=100,
        tasks=("multiclass",), published=SOURCE,
    ),
    TableSpec(
        "table_3", table_3, "Evaluation of pre-trained models for genre classification from spectrograms.", TABLE_3,
        (POOLED,), block="model", long=True, further=False, place=101, tasks=("multiclass",),
        published=SOURCE,
    ),
)  # fmt: skip
