"""The comparison: a row per model in the study's order, be its trials done, failed or not run, and the baseline."""

from functools import lru_cache

import pandas as pd

from benchmark.analysis.metrics.baseline import baseline_of, baseline_trials
from benchmark.analysis.metrics.caveats import find_caveats
from benchmark.analysis.metrics.further import METRICS
from benchmark.analysis.metrics.model_scores import model_latency, model_scores, trial_scores
from benchmark.analysis.metrics.pairwise import ALIKE, BEST, GUESSING, standing
from benchmark.analysis.tables.columns import Column, Output, count, estimate, number, text, with_interval
from benchmark.analysis.tables.description import weights
from benchmark.analysis.tables.model_settings import model_settings
from benchmark.analysis.tables.spec import INTERVAL, MACRO, POOLED, THROUGHPUT, TIMING, ZERO, TableSpec
from benchmark.analysis.tables.specs.pairwise import tests_used

COMPARISON_COLUMNS = (
    "model", "label", "features", "head", "weights", "regime", "trials", "n_test",
    "accuracy", "accuracy_low", "accuracy_high",
    "accuracy_std", "precision_macro", "recall_macro", "f1_macro", "f1_macro_low", "f1_macro_high",
    *METRICS, "latency_ms_p50", "latency_ms_p90", "throughput", "parameters", "size_mb",
    "train_seconds", "status",
)  # fmt: skip
COUNTS = ("trials", "n_test", "parameters")  # whole numbers, blank where unknown
COMPARISON_EXTRA = {
    "published_accuracy": "published_accuracy",
    "published_on": "published_on",
    "parity_difference": "difference",
    "parity_p": "p_value",
}  # columns that the comparison gains, and those of the parity table they come from
BEST_MEANT = "Best: the highest accuracy; not separable: models whose difference from it may be chance."
STANDINGS = {BEST: "*", GUESSING: "*", ALIKE: "~"}  # of a model, in the terminal


@lru_cache(maxsize=8)  # the comparison and the table of parity both need it
def scores_table(results, columns=COMPARISON_COLUMNS):
    """Return a row per model with these columns: scores 0..1, latency in ms, size in MB, training in s.

    trials counts those done; accuracy and its interval are explained at :func:`metrics.summarise`; parameters and
    size_mb are of the first trial, train_seconds the mean of one trial. Scores are missing where no trial is done."""
    settings = model_settings(results)
    return one_row_per_model((settings[model["name"]] | _row(results, model) for model in results.models), columns)


def _row(results, model):
    trials, done = results.of(model["name"]), results.done(model["name"])
    row = {
        "model": model["name"],
        "label": model["label"],
        "weights": weights(results, model),
        "regime": _regime(done or trials, results.study["training"]["regime"]),
        "trials": len(done),
        "status": status(trials, results.planned),
    }
    if not done:
        return row
    resources = {key: done[0].info[key] for key in ("parameters", "size_mb")}
    # Unknown where nothing was trained.
    seconds = {"train_seconds": pd.Series([trial.info["train_seconds"] for trial in done], dtype=float).mean()}
    return row | resources | seconds | model_scores(results, model["name"]) | model_latency(results, model["name"])


def _regime(trials, usual):
    """Return the regime that the trials recorded: it may differ from the study's, as sound networks are frozen.

    '' of a model without a network; that of the study, ``usual``, where nothing is recorded."""
    recorded = {trial.info["regime"] or "" for trial in trials if "regime" in trial.info}
    return ", ".join(sorted(recorded)) if recorded else usual


def status(trials, planned):
    """Return 'done', 'failed', 'not run', or '2 of 3 done' for the trials of a model of which ``planned`` are due."""
    done = sum(trial.done for trial in trials)
    if done:
        return "done" if done == planned else f"{done} of {planned} done"
    return "failed" if trials else "not run"


def one_row_per_model(rows, columns):
    """Return dicts as a frame with these columns."""
    return pd.DataFrame(list(rows)).reindex(columns=columns).astype(dict.fromkeys(COUNTS, "Int64"))


def comparison_table(results, tables, columns=COMPARISON_COLUMNS):
    """Return :func:`scores_table` with ``best`` (see :func:`analysis.metrics.pairwise.standing`) before the deviation
    of the score that models are ranked by and, where a model of the study is published, the columns of parity behind
    its own."""
    scores, headline = scores_table(results, columns).copy(), results.task.headline
    guessing = [name for name, kinds in find_caveats(results).found.items() if "guessing" in kinds]
    best = standing(scores, tables["pairwise"], guessing, headline)
    scores.insert(scores.columns.get_loc(f"{headline}_std"), "best", best)
    return scores if tables["parity"].empty else with_parity(scores, tables["parity"])


def with_parity(comparison, parity):
    """Return a comparison table with the columns :data:`COMPARISON_EXTRA` behind its own, blank for other models; as it
    is where parity has several scores per model, which have no place in one row."""
    if not set(COMPARISON_EXTRA.values()) <= set(parity.columns):
        return comparison
    columns = parity.set_index("model")[list(COMPARISON_EXTRA.values())]
    columns.columns = list(COMPARISON_EXTRA)
    return comparison.join(columns, on="model")


def baseline_table(results, tables):
    """Return one row with the columns of the comparison for the baseline of the task, none where the study wants none,
    or has a model of that name.

    It is that of :mod:`analysis.metrics.baseline`, scored on the same test clips by the same functions;
    it has no weights and no latency. trials counts the folds and seeds that any model has done. Whatever ranks, tests
    or draws models takes the comparison alone, since the baseline is no model of the study."""
    own = results.task.baseline in (model["name"] for model in results.models)
    trials = baseline_trials(results) if results.study.get("baseline", True) and not own else []
    scores = trial_scores(results, trials) if trials else {}
    row = {"model": results.task.baseline, "label": baseline_of(results).label, "weights": "", "regime": ""}
    row |= {"features": "", "head": ""}
    row |= {"trials": len(trials), "status": "baseline"}
    columns = tables["comparison"].columns
    return one_row_per_model([scores | row] if trials else [], columns).assign(best="")[columns]


def about(tables):
    """Return sentences on the baseline and the tests, where there are any."""
    baseline = () if tables["baseline"].empty else (baseline_of(tables.results).meant,)
    return (*baseline, *tests_used(tables)) if tables["comparison"]["best"].any() else baseline


def with_standing(value, low, high, best):
    """Return a score with its interval and the sign of its standing."""
    return f"{with_interval(value, low, high)} {STANDINGS.get(best, ' ')}"


SETTINGS = (
    text("Features", "features", outputs=Output.SCREEN | Output.FACTS),
    text("Head", "head", outputs=Output.SCREEN | Output.FACTS, note="Head: in brackets, where models differ."),
)
NOT_PAPER = Output.ANY & ~Output.LATEX
RESOURCES = (
    number("p50", "latency_ms_p50", ".1f", unit="ms"),
    number("p90", "latency_ms_p90", ".1f", unit="ms", outputs=Output.SCREEN),
    number("Clips/s", "throughput", ".1f", outputs=Output.SCREEN, note=THROUGHPUT),
    number("Parameters", "parameters", count, short="Params", drop=5),
    number("Size", "size_mb", ".1f", unit="MB", short="", drop=1, outputs=NOT_PAPER),
    number("Training", "train_seconds", ".1f", unit="s", short="Train", drop=2, outputs=NOT_PAPER),
    text("Status", "status", drop=3, usual="done", outputs=NOT_PAPER),
)
COLUMNS = (
    text("Model", "label", outputs=Output.TABLES),
    *SETTINGS,
    text("Weights", "weights", shorten=True),
    text("Regime", "regime", outputs=Output.SCREEN | Output.FACTS),
    number("Trials", "trials", outputs=Output.SCREEN | Output.FACTS),
    number("Clips", "n_test", outputs=Output.SCREEN | Output.LATEX | Output.FACTS),
    estimate("Accuracy", "accuracy", outputs=Output.SCREEN | Output.LATEX),
    Column("Accuracy [95 %]", ("accuracy", "accuracy_low", "accuracy_high", "best"), with_standing,
           outputs=Output.TERMINAL),
    text("Best", "best", outputs=Output.SCREEN, note=BEST_MEANT),
    number("± std", "accuracy_std", ".3f", outputs=Output.SCREEN),
    number("Precision", "precision_macro", ".3f", outputs=Output.SCREEN),
    number("Recall", "recall_macro", ".3f", outputs=Output.SCREEN),
    estimate("F1-score", "f1_macro", outputs=Output.SCREEN | Output.LATEX | Output.FACTS),
    number("F1", "f1_macro", ".3f", outputs=Output.TERMINAL),
    *(number(m.header, name, m.form, outputs=Output.SCREEN, note=m.note) for name, m in METRICS.items()),
    *RESOURCES,
)  # fmt: skip
TABLES = (
    TableSpec(
        "comparison", comparison_table, "Comparison of the models.", COLUMNS,
        (POOLED, INTERVAL, MACRO, ZERO, TIMING), about, extra="baseline",
        further=False, place=10, tasks=("multiclass",),
    ),
    TableSpec("baseline", baseline_table, place=11, tasks=("multiclass",)),
)  # fmt: skip
