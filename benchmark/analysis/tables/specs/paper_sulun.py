"""Tables 1 to 3 in the form of sulun2024, for studies that name it (``published``): rows, columns and digits."""

import pandas as pd

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.multilabel.fixed_thresholds import fixed_scores
from benchmark.analysis.tables.columns import Column, number, text
from benchmark.analysis.tables.multilabel import POOLED, TASKS, ZERO, left_out
from benchmark.analysis.tables.paper_form import SULUN_TABLE_1
from benchmark.analysis.tables.spec import TableSpec
from benchmark.analysis.tables.specs.variants import FACTS, READ, RESOURCES, USES, scores_of, ticks, used

SOURCE = "sulun2024"
HALF = 0.5  # the threshold of all precisions and recalls of the paper
AP = "average_precision"
BASELINE, *_, BEST = SULUN_TABLE_1  # the models of Table 2
OF_GENRES = {"precision": "P", "recall": "R", AP: "AP"}


def table_1(results, tables):
    """Return model, label, precision and recall (macro, at 0.5), and macro average precision of each model done that is
    no variant of another, in the order of the paper, others behind its own."""
    models = {model["name"]: model for model in results.study["models"] if results.done(model["name"])}
    whole = [name for name, model in models.items() if name in SULUN_TABLE_1 or not model.get("variants")]
    order = [*(name for name in SULUN_TABLE_1 if name in whole), *(name for name in whole if name not in SULUN_TABLE_1)]
    rows = []
    for name in order:
        decided = fixed_scores(results.done(name), HALF)
        scores = {f"{score}_macro": decided[f"{score}_macro"] for score in ("precision", "recall")}
        scores |= {f"{AP}_macro": model_scores(results, name)[f"{AP}_macro"]}
        rows.append({"model": name, "label": models[name]["label"]} | scores)
    return pd.DataFrame(rows)


def table_2(results, tables):
    """Return a row per genre with ``precision_M``, ``recall_M`` (at 0.5) and ``average_precision_M`` of the best model
    M of the paper and of its baseline, where they are done; without either of the best of Table 1."""
    first = tables["table_1"]
    models = [name for name in (BEST, BASELINE) if results.done(name)]
    if not models and len(first):
        models = [first.loc[first[f"{AP}_macro"].idxmax(), "model"]]
    columns = {"class": results.classes}
    for name in models:
        found = fixed_scores(results.done(name), HALF) | {AP: model_scores(results, name)[AP]}
        columns |= {f"{score}_{name}": found[score] for score in OF_GENRES}
    return pd.DataFrame(columns) if models else pd.DataFrame()


def table_3(results, tables):
    """Return the table of the ablation behind a row of the paper's baseline, which is there where it is done."""
    ablation = tables["ablation"].drop(columns="caveats")
    baseline = [model for model in results.models if model["name"] == BASELINE and results.done(BASELINE)]
    if ablation.empty:
        return ablation
    rows = [
        {name: "" for name in ablation if name.startswith(USES)}
        | {"model": model["name"], "label": model["label"]}
        | scores_of(results, model["name"])
        for model in baseline
    ]
    return pd.concat([pd.DataFrame(rows, columns=ablation.columns), ablation], ignore_index=True) if rows else ablation


def percent(value):
    """Return a share as the paper prints it: '66.02'."""
    return f"{100 * value:.2f}"


def _with_ends(value, low, high):
    return percent(value) if pd.isna(low) else f"{percent(value)} [{100 * low:.1f}, {100 * high:.1f}]"


def _of_models(tables):
    labels = {model["name"]: model["label"] for model in tables.results.models}
    return tuple(
        number(f"{labels[name]}, {short}", f"{score}_{name}", percent)
        for name in labels for score, short in OF_GENRES.items() if f"{score}_{name}" in tables["table_2"]
    )  # fmt: skip


def _of_features(tables):
    ends = (f"{AP}_macro", f"{AP}_macro_low", f"{AP}_macro_high")
    return (*ticks(tables.results, used(tables["table_3"])), Column("mAP [95 %]", ends, _with_ends), *RESOURCES)


AT_HALF = f"P and R: macro precision and recall at a threshold of {HALF:g}, whatever that of the model; in per cent."
TABLES = (
    TableSpec(
        "table_1", table_1, "The models.",
        (text("Models", "label"), number("P@0.5", "precision_macro", percent),
         number("R@0.5", "recall_macro", percent), number("mAP", f"{AP}_macro", percent)),
        (AT_HALF, POOLED, ZERO), left_out, place=100, tasks=TASKS, published=SOURCE,
    ),
    TableSpec(
        "table_2", table_2, "Each genre by the best model and the baseline.", (text("Genre", "class"),),
        (AT_HALF, POOLED, ZERO), varying=_of_models, place=101, tasks=TASKS, published=SOURCE,
    ),
    TableSpec(
        "table_3", table_3, "The effect of the features on mean average precision and time.",
        (text("Model", "label"),), (READ, POOLED, *FACTS), varying=_of_features, place=102, tasks=TASKS,
        published=SOURCE,
    ),
)  # fmt: skip
