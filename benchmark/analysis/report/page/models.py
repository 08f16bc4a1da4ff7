"""Each model's part of the page: its drawings, scores per class, calibration and examples."""

from benchmark.analysis.report.page.drawings import drawings
from benchmark.analysis.tables.columns import Output, estimate
from benchmark.analysis.tables.naming import names, titles
from benchmark.analysis.tables.rendering import render


def model_parts(results, tables, figures, shown, failed):
    """Return a dict per model for its section, in the study's order.

    figures: of :func:`benchmark.analysis.plots.figures.write_figures`; shown:
    :class:`analysis.report.page.examples.Examples`; failed: of :func:`analysis.tables.description.failures`."""
    called, titled = names(results), titles(results)
    headline = estimate(results.task.headline_words[1], results.task.headline)
    return [
        {
            "name": row["model"],
            "label": called[row["model"]],
            "title": titled[row["model"]],
            "said": _facts(tables, "comparison", row["model"]),
            "status": row["status"],
            "headline": headline.cell(row).text,
            "standing": row["best"],
            "caveats": row["caveats"],
            "failure": failed.get(row["label"]),
            "drawings": drawings(figures, "model", f": {titled[row['model']]}", row["model"]),
            **(_numbers(tables, row["model"], shown) if results.done(row["model"]) else {"done": False}),
        }
        for row in tables["comparison"].to_dict("records")
    ]


def _of(tables, name, model):
    return tables[name][tables[name]["model"] == model]


def _facts(tables, name, model):
    """Return (header, text) of what a table says of a model that is not blank."""
    made = render(_of(tables, name, model), tables.specs[name].columns, "", Output.FACTS)
    return [(title, cell.text) for row in made.rows for title, cell in zip(made.header, row, strict=True) if cell.text]


def _numbers(tables, model, shown):
    return {
        "done": True,
        "per_class": render(_of(tables, "per_class", model), tables.specs["per_class"].columns, "Scores per class"),
        "calibration": _facts(tables, "calibration", model),
        "examples": shown.of.get(model, ()),
    }
