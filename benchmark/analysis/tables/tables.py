"""Results to tables of numbers: a row per model in the study's order, be its trials done, failed or not run."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.baseline import BASELINES, MAJORITY, majority_trials
from benchmark.analysis.metrics.marks import find_marks
from benchmark.analysis.metrics.metrics import SCORES, pooled_per_class, summarise, summarise_latency, tested
from benchmark.tasks import accuracy

COMPARISON_COLUMNS = (
    "model", "label", "weights", "regime", "trials", "n_test", "accuracy", "accuracy_low", "accuracy_high",
    "accuracy_std", "precision_macro", "recall_macro", "f1_macro", "f1_macro_low", "f1_macro_high",
    "balanced_accuracy", "mcc", "latency_ms_p50", "latency_ms_p90", "throughput", "parameters", "size_mb",
    "train_seconds", "status", "marks",
)  # fmt: skip
PER_CLASS_COLUMNS = ("model", "label", "class", *SCORES, "support", "marks")
LATENCY_COLUMNS = (
    "model", "label", "latency_ms_first", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "latency_ms_mean",
    "calls", "threads", "file_ms_p50", "throughput", "batch_clips", "marks",
)  # fmt: skip
COUNTS = ("trials", "n_test", "parameters", "support", "calls", "batch_clips")  # whole numbers, blank where unknown
PROTOCOLS = {
    "holdout": "holdout, {} % train/val/test",
    "kfold": "{}-fold cross-validation",
    "predefined": "predefined split",
}


def comparison_table(results):
    """Return a row per model with :data:`COMPARISON_COLUMNS`: scores 0..1, latency in ms, size in MB, training in s.

    trials counts those done; accuracy and its interval are explained at :func:`metrics.summarise`; parameters and
    size_mb are of the first trial, train_seconds the mean of one trial. Scores are missing where no trial is done."""
    return _frame(results, (_comparison_row(results, model) for model in results.models), COMPARISON_COLUMNS)


def baseline_table(results):
    """Return one row as of :func:`comparison_table` for the baseline that the study names, none for null.

    Its model is 'majority' (:mod:`analysis.metrics.baseline`), scored on the same test clips by the same functions;
    it has no weights and no latency. trials counts the folds and seeds that any model has done."""
    trials = BASELINES[results.study.get("baseline", MAJORITY)](results)
    scores = summarise(trials, results.groups) if trials else {}
    row = {"model": MAJORITY, "label": "Majority class", "weights": "", "regime": "", "trials": len(trials)}
    return _frame(results, [row | scores | {"status": "baseline"}] if trials else [], COMPARISON_COLUMNS)


def _comparison_row(results, model):
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
    return row | resources | seconds | summarise(done, results.groups) | _latency(done)


def _regime(trials):
    """Return the regime that the trials recorded: it may differ from the study's, as sound networks are frozen."""
    return ", ".join(sorted({trial.info["regime"] for trial in trials if "regime" in trial.info}))


def weights(results, model):
    """Return the name of the weights that a model's trials started from; of the study where none was run."""
    names = {trial.weights for trial in results.done(model["name"]) or results.of(model["name"]) if trial.weights}
    return ", ".join(sorted(names)) or Path(model["weights"]).name


def status(trials, planned):
    """Return 'done', 'failed', 'not run', or '2 of 3 done' for the trials of a model of which ``planned`` are due."""
    done = sum(trial.done for trial in trials)
    if done:
        return "done" if done == planned else f"{done} of {planned} done"
    return "failed" if trials else "not run"


def per_class_table(results):
    """Return a row per model and class with :data:`PER_CLASS_COLUMNS`, for models with a trial done.

    Scores (0..1) are pooled over folds and seeds; support counts predictions, with s seeds a clip up to s times. The
    mean over the classes of a model is its macro average in the comparison, and the recalls weighted by support are
    its accuracy."""
    rows = []
    for model in results.models:
        if done := results.done(model["name"]):
            table = pooled_per_class(done).assign(model=model["name"], label=model["label"])
            rows += table.to_dict("records")
    return _frame(results, rows, PER_CLASS_COLUMNS)


def latency_table(results):
    """Return a row per model with :data:`LATENCY_COLUMNS`: ms per clip at batch 1 on the CPU, all its trials together.

    threads is text: the trials' thread counts, several where they differ; throughput: clips per second in batches of
    batch_clips."""
    rows = []
    for model in results.models:
        done = results.done(model["name"])
        threads = ", ".join(str(count) for count in sorted({trial.info["threads"] for trial in done}))
        timed = _latency(done) if done else {}
        rows.append({"model": model["name"], "label": model["label"], "threads": threads, **timed})
    return _frame(results, rows, LATENCY_COLUMNS)


def _latency(trials):
    return summarise_latency(pd.concat([trial.latency for trial in trials]))


def _frame(results, rows, columns):
    frame = pd.DataFrame(list(rows)).reindex(columns=columns)
    return with_marks(results, frame).astype({column: "Int64" for column in COUNTS if column in columns})


def with_marks(results, table):
    """Return a table with a last column for what a reader must know about each row, in words: see :mod:`marks`."""
    table = table.drop(columns="marks", errors="ignore")
    words = [find_marks(results).words(row) for row in table.to_dict("records")]
    return table.assign(marks=pd.Series(words, table.index, dtype=object))


def majority_share(results):
    """Return the accuracy 0..1 of always predicting the largest training class, pooled over folds and seeds.

    Of the test clips of all folds and seeds with a trial done: see :func:`analysis.metrics.baseline.majority_trials`.
    NaN where no trial is done. It is what a model must be above to have learned anything, be chance as low as it is."""
    trials = majority_trials(results)
    return accuracy(*(getattr(tested(trials), name) for name in ("y_true", "y_pred"))) if trials else float("nan")


def describe(results):
    """Return in sentences what the numbers rest on: sound, clips, classes, protocol, seeds, chance, rejected files."""
    study, n, classes = results.study, len(results.clips), results.classes
    split, majority = study["split"], majority_share(results)
    always = "" if np.isnan(majority) else f"; always naming the largest class: accuracy {majority:.3f}"
    detail = {
        "holdout": "/".join(f"{100 * part:g}" for part in split.get("fractions") or ()),
        "kfold": split.get("folds"),
    }
    protocol = PROTOCOLS[split["protocol"]].format(detail.get(split["protocol"]))
    seeds = ", ".join(str(seed) for seed in split["seeds"])
    rejected = len(results.rejected)
    sentences = [
        f"Study {study['name']}: {n} clips, {len(classes)} classes ({', '.join(classes)}).",
        f"Protocol: {protocol}; {'seed' if len(split['seeds']) == 1 else 'seeds'} {seeds}.",
        f"Chance level {1 / len(classes):.3f}{always}.",
        f"{rejected or 'No'} {'file' if rejected == 1 else 'files'} rejected.",
    ]
    return [*warnings(results), *sentences]


def warnings(results):
    """Return the sentences a reader must not miss: synthetic sound, and models that started from random weights."""
    found = []
    if results.study["dataset"].get("synthetic"):
        found.append("SYNTHETIC sound: the clips are computed, not recorded; the scores say nothing about real ones.")
    random = [model["label"] for model in results.models if "random" in weights(results, model)]
    if random:
        found.append(f"Random weights, nothing pretrained: {', '.join(random)}.")
    return found


def failures(results, width=300):
    """Return a dict from the label of each model with failed trials to what went wrong, in one line of text.

    Trials that failed alike are named together; a longer error is cut after ``width`` characters."""
    found = {}
    for model in results.models:
        reasons = {}
        for trial in results.of(model["name"]):
            if not trial.done:
                reasons.setdefault(" ".join(trial.error.split())[:width], []).append(f"{trial.fold}-{trial.seed}")
        if reasons:
            sentences = (f"{error} (fold-seed {', '.join(names)})" for error, names in reasons.items())
            found[model["label"]] = "; ".join(sentences)
    return found
