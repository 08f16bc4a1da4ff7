"""Tables 2 and 3 in the very form of visutsak2025: its columns, its order of rows, its digits."""

import pandas as pd

from benchmark.analysis.markup import Sheet
from benchmark.analysis.metrics import SCORES
from benchmark.analysis.tables import describe

TABLE_2 = ("Pre-trained Model", "Average Computational Times (Keras, CPU)")
TABLE_3 = ("Class", "Precision", "Recall", "F1-score")


def table_2(tables):
    """Return model, label and latency_ms (mean of the timed calls) of each model timed; tables: of the study."""
    latency = tables["latency"].dropna(subset="latency_ms_mean")
    return latency[["model", "label", "latency_ms_mean"]].rename(columns={"latency_ms_mean": "latency_ms"})


def table_3(tables):
    """Return model, label, class, precision, recall and f1, 0..1, a block per model that ends with its accuracy.

    The accuracy stands in the column f1, as in the paper, in a row whose class is 'Accuracy'."""
    comparison = tables["comparison"].dropna(subset="accuracy")
    accuracies = comparison[["model", "label", "accuracy"]].rename(columns={"accuracy": "f1"})
    scores = tables["per_class"][["model", "label", "class", *SCORES]]
    rows = pd.concat([scores, accuracies.assign(**{"class": "Accuracy"})])
    order = {model: place for place, model in enumerate(comparison["model"])}
    return rows.sort_values("model", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)


def table_2_sheet(results, tables, notes):
    """Return the :class:`Sheet` of :func:`table_2`: '380 ms', '6 s'; notes: the sentences below it."""
    rows = tuple(
        (results.marks.heading(row), milliseconds(row["latency_ms"])) for row in table_2(tables).to_dict("records")
    )
    caption = (f"Average computational times for {len(rows)} pre-trained models.", *describe(results))
    return Sheet("table_2", caption, TABLE_2, rows, notes)


def table_3_sheet(results, tables, notes):
    """Return the :class:`Sheet` of :func:`table_3`: scores with five digits, accuracy with four."""
    rows = []
    for _, block in table_3(tables).groupby("model", sort=False):
        *classes, accuracy = block.to_dict("records")
        rows.append((results.marks.heading(accuracy),))
        rows += [(row["class"], *(f"{row[score]:.5f}" for score in SCORES)) for row in classes]
        rows.append(("Accuracy", "", "", f"{accuracy['f1']:.4f}"))
    caption = ("Evaluation of pre-trained models for genre classification from spectrograms.", *describe(results))
    return Sheet("table_3", caption, TABLE_3, tuple(rows), notes, long=True)


def milliseconds(value):
    """Return a time as the paper prints it: '4.8 ms', '906 ms', '3.2 s'."""
    if value >= 1000:
        return f"{value / 1000:.2g} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
