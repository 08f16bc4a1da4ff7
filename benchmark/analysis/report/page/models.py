"""Each model's part of the page: its confusion matrix, training, scores per class, calibration and examples."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.metrics import total_confusion
from benchmark.analysis.plots.confusion_chart import summaries
from benchmark.analysis.plots.training_progress import kept_iteration
from benchmark.analysis.report.page.charts import OTHERS, level, reliability, training
from benchmark.analysis.tables.columns import Output, estimate
from benchmark.analysis.tables.naming import names, titles
from benchmark.analysis.tables.registry import TABLES
from benchmark.analysis.tables.rendering import render

ACCURACY = estimate("Accuracy", "accuracy")


def model_parts(results, tables, shown, failed):
    """Return a dict per model for its section, in the study's order.

    shown: :class:`analysis.report.page.examples.Examples`; failed: of :func:`analysis.tables.description.failures`."""
    called, titled = names(results), titles(results)
    return [
        {
            "name": row["model"],
            "label": called[row["model"]],
            "title": titled[row["model"]],
            "said": _facts(tables, "comparison", row["model"]),
            "status": row["status"],
            "accuracy": ACCURACY.cell(row).text,
            "standing": row["best"],
            "marks": row["marks"],
            "failure": failed.get(row["label"]),
            **(_numbers(results, tables, row["model"], shown) if results.done(row["model"]) else {"done": False}),
        }
        for row in tables["comparison"].to_dict("records")
    ]


def _of(tables, name, model):
    return tables[name][tables[name]["model"] == model]


def _facts(tables, name, model):
    """Return (header, text) of what a table says of a model that is not blank."""
    made = render(_of(tables, name, model), TABLES[name].columns, "", Output.FACTS)
    return [(title, cell.text) for row in made.rows for title, cell in zip(made.header, row, strict=True) if cell.text]


def _numbers(results, tables, model, shown):
    trials = results.done(model)
    binned = _of(tables, "reliability", model)
    return {
        "done": True,
        "confusion": confusion(total_confusion(trials), results.classes),
        "seeds": len({trial.seed for trial in trials}),
        "training": _training(trials) if len(trials[0].history) else None,
        "trials": len(trials),
        "behind": min(len(trials) - 1, OTHERS),
        "per_class": render(_of(tables, "per_class", model), TABLES["per_class"].columns, "Scores per class"),
        "calibration": _facts(tables, "calibration", model),
        "reliability": reliability(binned) if len(binned) else None,
        "examples": shown.of.get(model, ()),
    }


def _training(trials):
    return training([trial.history for trial in trials], kept_iteration(trials[0].info))


def confusion(matrix, classes):
    """Return a confusion chart: rows of (class, cells, recall), and the precision of each column.

    matrix: counts (n_classes, n_classes), rows true. A cell has its count, a shade and whether it is right; summaries
    are percent of the whole row or column, 'NaN' where that is empty, as in MATLAB's chart."""
    matrix = np.asarray(matrix)
    recall, precision = summaries(matrix)
    most = max(matrix.max(), 1)
    rows = [
        {
            "label": label,
            "cells": [{"count": int(count), "level": level(count / most), "kind": "hit" if i == j else "miss",
                       "said": f"true {label}, predicted {classes[j]}: {count}"} for j, count in enumerate(counts)],
            "recall": _percent(recall[i, 0]),
        }
        for i, (label, counts) in enumerate(zip(classes, matrix, strict=True))
    ]  # fmt: skip
    return {"classes": list(classes), "rows": rows, "precision": [_percent(value) for value in precision[0]],
            "total": int(matrix.sum()), "accuracy": f"{np.trace(matrix) / max(matrix.sum(), 1):.3f}"}  # fmt: skip


def _percent(value):
    return {"text": "NaN" if pd.isna(value) else f"{value:.0f}", "level": level(value / 100)}
