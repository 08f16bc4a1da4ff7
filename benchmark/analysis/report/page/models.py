"""Each model's part of the page: its drawings, scores per class, calibration and examples."""

from benchmark.analysis.report.page.drawings import drawings
from benchmark.analysis.report.page.grids import per_class_grid
from benchmark.analysis.tables.columns import CALIBRATION, COMPARISON, cells
from benchmark.analysis.tables.naming import names, titles

# What the comparison says of a model again beside its name.
SAID = (
    "Weights", "Regime", "Trials", "Clips", "F1-score [95 %]", "p50 (ms)", "Parameters", "Size (MB)", "Training (s)",
    "Status",
)  # fmt: skip


def model_parts(results, tables, figures, shown, failed):
    """Return a dict per model for its section, in the study's order.

    figures: of :func:`benchmark.analysis.plots.figures.write_figures`; shown:
    :class:`analysis.report.page.examples.Examples`; failed: of :func:`analysis.tables.tables.failures`."""
    called, titled = names(results), titles(results)
    return [
        {
            "name": row["model"],
            "label": called[row["model"]],
            "title": titled[row["model"]],
            "said": _said(row),
            "status": row["status"],
            "accuracy": COMPARISON["Accuracy [95 %]"](row),
            "standing": row["best"],
            "marks": row["marks"],
            "failure": failed.get(row["label"]),
            "drawings": drawings(figures, "model", f": {titled[row['model']]}", row["model"]),
            **(_numbers(tables, row["model"], shown) if results.done(row["model"]) else {"done": False}),
        }
        for row in tables["comparison"].to_dict("records")
    ]


def _said(row):
    return [(name, text) for name in SAID if (text := COMPARISON[name](row))]


def _numbers(tables, model, shown):
    calibration = tables["calibration"]
    return {
        "done": True,
        "per_class": per_class_grid(tables, model),
        "calibration": _said_of(calibration[calibration["model"] == model]),
        "examples": shown.of.get(model, ()),
    }


def _said_of(table):
    kept = {name: form for name, form in CALIBRATION.items() if name not in ("Model", "Accuracy")}
    return [(name, text) for name, text in zip(kept, *cells(table, kept), strict=True) if text] if len(table) else []
