"""Tables 1, 3 and 4 in the form of wehrmann2017, for studies that name it (``published``): rows, columns and digits."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.tables.columns import number, text
from benchmark.analysis.tables.multilabel import POOLED, TASKS, left_out
from benchmark.analysis.tables.paper_form import TABLE_4, in_order
from benchmark.analysis.tables.spec import TableSpec
from benchmark.tasks.scores import average_precision_micro

SOURCE = "wehrmann2017"
SEGMENTED = "ctt_spectrogram"  # the head whose ``parts`` and ``draws`` Table 1 varies
SAMPLES = "samples_"  # before the number of draws, in the columns of Table 1
TABLE_3_SCORES = {  # in the order of the paper, and what it calls them
    "average_precision_macro": "AU(PRC), macro",
    "average_precision_micro": "AU(PRC), micro",
    "average_precision_weighted": "AU(PRC), weighted",
    "ranking_loss": "Ranking Loss",
}


def table_1(results, tables):
    """Return a row per number of parts p with ``models`` and micro average precision on the validation clips in a
    column ``samples_N`` per number of draws N: of the models of the study whose head takes both, means over trials."""
    rows = []
    for model in results.study["models"]:
        head, trials = model.get("head") or {}, results.done(model["name"])
        if isinstance(head, dict) and head.get("kind") == SEGMENTED and trials:
            place = {"parts": head["parts"], "draws": head["draws"], "models": model["name"]}
            rows.append(place | {"score": validated(trials)})
    if not rows:
        return pd.DataFrame()
    found = pd.DataFrame(rows)
    scores = found.pivot_table("score", "parts", "draws").add_prefix(SAMPLES).rename_axis(columns=None)
    return found.groupby("parts")["models"].agg(", ".join).to_frame().join(scores).reset_index()


def validated(trials):
    """Return micro average precision on the validation clips, the mean over trials; NaN without any positive label."""
    parts = [trial.predictions.of("val") for trial in trials]
    scores = [average_precision_micro(part.y_true, part.y_score) for part in parts if part.y_true.any()]
    return float(np.mean(scores)) if scores else np.nan


def table_3(results, tables):
    """Return model, label and the scores of :data:`TABLE_3_SCORES` of each model done, in the order of the paper."""
    labels = {model["name"]: model["label"] for model in results.models if results.done(model["name"])}
    rows = [{"model": name, "label": labels[name]} | model_scores(results, name) for name in in_order(list(labels))]
    return pd.DataFrame(rows, columns=["model", "label", *TABLE_3_SCORES])


def table_4(results, tables):
    """Return a row per class with the average precision of each model done in a column of its name."""
    table = tables["per_class"]
    wide = table.pivot(index="class", columns="model", values="average_precision").rename_axis(columns=None)
    return wide[in_order(wide.columns.tolist(), TABLE_4)].reset_index()


def _samples(tables):
    draws = sorted(int(name.removeprefix(SAMPLES)) for name in tables["table_1"] if name.startswith(SAMPLES))
    return tuple(number(f"{n} samples", f"{SAMPLES}{n}", ".3f") for n in draws)


def _methods(tables):
    labels = {model["name"]: model["label"] for model in tables.results.models}
    return tuple(number(labels[name], name, ".3f") for name in tables["table_4"] if name in labels)


TABLES = (
    TableSpec(
        "table_1", table_1, "Impact of p for training and number of samples for testing.",
        (number("Value of segments p", "parts", ".0f"),),
        ("Micro average precision on the validation clips, means over trials.",), varying=_samples, place=100,
        tasks=TASKS, published=SOURCE,
    ),
    TableSpec(
        "table_3", table_3, "Results comparing the methods.",
        (text("Method", "label"), *(number(header, name, ".3f") for name, header in TABLE_3_SCORES.items())),
        (POOLED,), left_out, place=101, tasks=TASKS, published=SOURCE,
    ),
    TableSpec(
        "table_4", table_4, "Average precision of each genre by method.", (text("Genre", "class"),), (POOLED,),
        left_out, varying=_methods, place=102, tasks=TASKS, published=SOURCE,
    ),
)  # fmt: skip
