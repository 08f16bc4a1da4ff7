"""Models that are one model varied: with some of its features at a time, or with other values of one setting."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.model_scores import model_scores
from benchmark.analysis.metrics.variants import seconds_per_clip, variants_of
from benchmark.analysis.tables.columns import count, estimate, number, text
from benchmark.analysis.tables.settings import as_text
from benchmark.analysis.tables.spec import TableSpec
from benchmark.tasks import TASKS

USES = "uses_"  # before the name of a feature, in the columns of the ablation
TICKS = {"plain": "✓", "averaged": "*"}
SWEEP_COLUMNS = ("setting", "varied", "varied_label", "value", "model", "label")


def ablation_table(results, tables=None):
    """Return a row per model of the ablation, the fewest features first: model, label, ``uses_<feature>`` of each
    feature (plain, averaged, or ''), :func:`resources`, and the score that models are ranked by with its ends."""
    found = sorted(variants_of(results, "ablation"), key=lambda one: _extent(one[1]["value"]))
    names = dict.fromkeys(name for _, variant in reversed(found) for name in variant["value"])
    rows = [
        {"model": model["name"], "label": model["label"]}
        | {f"{USES}{name}": variant["value"].get(name, "") for name in names}
        | scores_of(results, model["name"])
        for model, variant in found
    ]
    return pd.DataFrame(rows)


def _extent(features):
    return len(features), sum(how == "averaged" for how in features.values())


def scores_of(results, model):
    """Return the score of a model that the task ranks by with its ends, seconds per clip and parameters, a dict."""
    score, done = results.task.headline, results.done(model)
    scores = model_scores(results, model) if done else {}
    found = {f"{score}{end}": scores.get(f"{score}{end}", np.nan) for end in ("", "_low", "_high")}
    parameters = done[0].info["parameters"] if done else None
    return found | seconds_per_clip(results, model) | {"parameters": np.nan if parameters is None else parameters}


def sweep_table(results, tables=None):
    """Return a row per model of a sweep: setting, the model varied and its label, value, model, label, the score that
    models are ranked by with its ends, seconds and parameters; numbers in their order."""
    rows = [
        dict(zip(SWEEP_COLUMNS, (v["setting"], v["of"], v["label"], v["value"], model["name"], model["label"]),
                 strict=True)) | scores_of(results, model["name"])
        for model, v in variants_of(results, "sweep")
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["setting"], row["varied"], row["value"] if is_number(row["value"]) else 0))
    return pd.DataFrame(rows)


def is_number(value):
    """Return whether a value of a setting is a number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ticks(results, names):
    """Return a column per feature of the ablation: whether a model reads it, and whether averaged over time."""
    labels = {
        part["name"]: part["label"]
        for model in results.study["models"] if isinstance(model.get("features"), list) for part in model["features"]
    }  # fmt: skip
    return tuple(text(labels.get(name, name), f"{USES}{name}", TICKS.get) for name in names)


def used(frame):
    """Return the names of the features that the columns of an ablation are of."""
    return [name.removeprefix(USES) for name in frame if name.startswith(USES)]


RESOURCES = (
    number("Extraction", "extraction_s", ".2f", unit="s"),
    number("Classification", "classification_s", ".4f", unit="s"),
    number("Total", "total_s", ".2f", unit="s"),
    number("Parameters", "parameters", count, short="Params"),
)
FACTS = (
    "Seconds for one clip. Extraction: the mean over the test clips of what was measured when their features were "
    "computed, the sum over the features, of films decoding included; classification: the head alone, batch 1 on the "
    "CPU, median. Blank where it was not measured.",
)
READ = "✓: the feature is read; *: averaged over time."


def _specs(task_name, task):
    """Return the tables for a task, with the score that it ranks by."""
    score = estimate(task.headline_words[1], task.headline)
    return (
        TableSpec(
            "ablation", ablation_table, "Ablation of the features.", (text("Model", "label"),), (READ, *FACTS),
            varying=lambda tables: (*ticks(tables.results, used(tables["ablation"])), score, *RESOURCES), place=25,
            tasks=(task_name,),
        ),
        TableSpec(
            "sweep", sweep_table, "One setting varied.",
            (text("Setting", "setting"), text("Model", "varied_label"), text("Value", "value", as_text), score,
             *RESOURCES),
            FACTS, place=26, tasks=(task_name,),
        ),
    )  # fmt: skip


TABLES = tuple(spec for name, task in TASKS.items() for spec in _specs(name, task))
