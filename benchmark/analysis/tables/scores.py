"""The scores of all models of a study: a row per model in its order, be its trials done, failed or not run."""

from functools import lru_cache

import pandas as pd

from benchmark.analysis.metrics.model_scores import model_latency, model_scores
from benchmark.analysis.tables.description import weights

COMPARISON_COLUMNS = (
    "model", "label", "weights", "regime", "trials", "n_test", "accuracy", "accuracy_low", "accuracy_high",
    "accuracy_std", "precision_macro", "recall_macro", "f1_macro", "f1_macro_low", "f1_macro_high",
    "balanced_accuracy", "mcc", "latency_ms_p50", "latency_ms_p90", "throughput", "parameters", "size_mb",
    "train_seconds", "status",
)  # fmt: skip
COUNTS = ("trials", "n_test", "parameters")  # whole numbers, blank where unknown


@lru_cache(maxsize=8)  # the comparison and the table of parity both need it
def scores_table(results):
    """Return a row per model with :data:`COMPARISON_COLUMNS`: scores 0..1, latency in ms, size in MB, training in s.

    trials counts those done; accuracy and its interval are explained at :func:`metrics.summarise`; parameters and
    size_mb are of the first trial, train_seconds the mean of one trial. Scores are missing where no trial is done."""
    return one_row_per_model(_row(results, model) for model in results.models)


def _row(results, model):
    trials, done = results.of(model["name"]), results.done(model["name"])
    row = {
        "model": model["name"],
        "label": model["label"],
        "weights": weights(results, model),
        "regime": _regime(done or trials) or results.study["training"]["regime"],
        "trials": len(done),
        "status": status(trials, results.planned),
    }
    if not done:
        return row
    resources = {key: done[0].info[key] for key in ("parameters", "size_mb")}
    seconds = {"train_seconds": sum(trial.info["train_seconds"] for trial in done) / len(done)}
    return row | resources | seconds | model_scores(results, model["name"]) | model_latency(results, model["name"])


def _regime(trials):
    """Return the regime that the trials recorded: it may differ from the study's, as sound networks are frozen."""
    return ", ".join(sorted({trial.info["regime"] for trial in trials if "regime" in trial.info}))


def status(trials, planned):
    """Return 'done', 'failed', 'not run', or '2 of 3 done' for the trials of a model of which ``planned`` are due."""
    done = sum(trial.done for trial in trials)
    if done:
        return "done" if done == planned else f"{done} of {planned} done"
    return "failed" if trials else "not run"


def one_row_per_model(rows):
    """Return dicts as a frame with :data:`COMPARISON_COLUMNS`."""
    return pd.DataFrame(list(rows)).reindex(columns=COMPARISON_COLUMNS).astype(dict.fromkeys(COUNTS, "Int64"))
