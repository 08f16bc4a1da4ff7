"""Every score of models of several labels with its interval, of each class and of all together."""

import pandas as pd

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.multilabel.classes import classes_table
from benchmark.analysis.tables.columns import Output, estimate, number, text
from benchmark.analysis.tables.multilabel import HEADERS, INTERVAL, LOSSES, OF_CLASS, POOLED, TASKS, ZERO, left_out
from benchmark.analysis.tables.spec import TableSpec

UNCERTAINTY_COLUMNS = ("model", "label", "score", "name", "value", "value_low", "value_high")
SUPPORT = (
    "Support: predictions of clips of the class, predicted: of the class; with several seeds a clip counts in each."
)


def scores_with_intervals(results, tables):
    """Return a row per model with a trial done and score of :data:`HEADERS`, with :data:`UNCERTAINTY_COLUMNS`."""
    rows = []
    for model in results.models:
        if results.done(model["name"]):
            scores = model_scores(results, model["name"])
            row = {"model": model["name"], "label": model["label"]}
            rows += [row | {"score": score, "name": name, "value": scores[score], "value_low": scores[f"{score}_low"],
                            "value_high": scores[f"{score}_high"]} for score, name in HEADERS.items()]  # fmt: skip
    return pd.DataFrame(rows, columns=UNCERTAINTY_COLUMNS)


def with_macro(frame, tables):
    """Return the rows of each model with one more, the means over classes."""
    blocks = []
    for model, block in frame.groupby("model", sort=False):
        scores = model_scores(tables.results, model)
        means = {f"{score}{end}": scores[f"{score}_macro{end}"] for score in OF_CLASS for end in ("", "_low", "_high")}
        last = block.iloc[:1][["model", "label"]].assign(**{"class": "Macro mean"}, **means)
        blocks += [block, last.assign(support=block["support"].sum(), predicted=block["predicted"].sum())]
    return pd.concat(blocks, ignore_index=True) if blocks else frame


def _shown(score, header):
    """Return the columns of a score of classes: with its interval where there is room."""
    return (estimate(header, score, outputs=Output.SCREEN), number(header, score, ".3f", outputs=Output.NARROW))


COLUMNS = (
    text("Class", "class"),
    *(column for score, header in OF_CLASS.items() for column in _shown(score, header)),
    number("Support", "support"),
    number("Predicted", "predicted"),
)
UNCERTAINTY = (text("Score", "name"), estimate("Value", "value"))
TABLES = (
    TableSpec(
        "per_class", lambda results, tables: classes_table(results), "Scores of each class.", COLUMNS,
        (POOLED, INTERVAL, SUPPORT, ZERO), left_out, shown=with_macro, block="model", long=True, further=False,
        place=20, tasks=TASKS,
    ),
    TableSpec(
        "uncertainty", scores_with_intervals, "Scores with their intervals.", UNCERTAINTY,
        (POOLED, INTERVAL, ZERO, LOSSES), left_out, block="model", long=True, place=30, tasks=TASKS,
    ),
)  # fmt: skip
