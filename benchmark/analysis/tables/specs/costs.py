"""What a model costs, and which models give their score for the least time. What was not recorded is missing."""

import pandas as pd

from benchmark.analysis.metrics.model_scores import model_latency
from benchmark.analysis.metrics.statistics import pareto
from benchmark.analysis.tables.columns import Output, count, number, text, yes_no
from benchmark.analysis.tables.spec import POOLED, THROUGHPUT, TIMING, TableSpec
from benchmark.tasks import TASKS

COSTS_COLUMNS = (
    "model", "label", "score", "parameters", "size_mb", "flops", "file_mb", "peak_memory_mb", "train_seconds",
    "energy_j", "latency_ms_first", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "batch_clips", "throughput",
    "threads", "processor", "accelerators", "pareto",
)  # fmt: skip
FIXED = ("parameters", "size_mb", "flops", "file_mb")  # alike in all trials of a model: of the first one
MEANS = ("train_seconds", "energy_j")  # of one trial


def costs_columns(score):
    """Return :data:`COSTS_COLUMNS` with the score that models are ranked by, such as accuracy, by its name."""
    return [score if name == "score" else name for name in COSTS_COLUMNS]


def costs_table(results, comparison):
    """Return a row per model with :func:`costs_columns`, in the study's order.

    The score is that of the comparison; sizes in MB, flops of one forward pass, train_seconds and energy_j the
    means of one trial, peak_memory_mb the most of any trial (of its whole process, training included), latency in ms at
    batch 1, throughput in clips per second at batch_clips. threads, processor and accelerators are text, several where
    trials differ. pareto: no other model has as high a score and as short a median
    latency, and is better in one."""
    score = results.task.headline
    rows = [_row(results, model) for model in results.models]
    table = pd.DataFrame(rows).merge(comparison[["model", score]], on="model", how="left")
    table = table.reindex(columns=costs_columns(score))
    table["pareto"] = pareto(table[score], table["latency_ms_p50"])
    return table.astype(dict.fromkeys(("parameters", "flops", "batch_clips"), "Int64"))


def _row(results, model):
    trials = results.done(model["name"])
    row = {"model": model["name"], "label": model["label"]}
    if not trials:
        return row
    infos = pd.DataFrame([trial.info for trial in trials])
    numbers = infos.reindex(columns=[*FIXED, *MEANS, "peak_memory_mb"]).apply(pd.to_numeric, errors="coerce")
    hardware = [trial.info.get("hardware") or {} for trial in trials]
    row |= {name: numbers[name].iloc[0] for name in FIXED} | {name: numbers[name].mean() for name in MEANS}
    row |= {
        "peak_memory_mb": numbers["peak_memory_mb"].max(),
        "threads": _text(trial.info["threads"] for trial in trials),
        "processor": _text(found.get("processor") for found in hardware),
        "accelerators": _text(name for found in hardware for name in found.get("accelerators") or ()),
    }
    return row | model_latency(results, model["name"])


def _text(values):
    """Return different values that are known as text, in order, separated by commas."""
    return ", ".join(sorted({str(value) for value in values if value not in (None, "")}))


COLUMNS = (
    yes_no("Front", "pareto", no=""),
    number("Parameters", "parameters", count, short="Params"),
    number("FLOPs", "flops", count),
    number("Size", "size_mb", ".1f", unit="MB", outputs=Output.SCREEN),
    number("File", "file_mb", ".1f", unit="MB", outputs=Output.SCREEN),
    number("Peak memory", "peak_memory_mb", ".0f", unit="MB", short="Memory"),
    number("Training", "train_seconds", ".1f", unit="s"),
    number("Energy", "energy_j", ".0f", unit="J"),
    number("First call", "latency_ms_first", ".1f", unit="ms", outputs=Output.SCREEN),
    number("p50", "latency_ms_p50", ".1f", unit="ms"),
    number("p90", "latency_ms_p90", ".1f", unit="ms", outputs=Output.SCREEN),
    number("p99", "latency_ms_p99", ".1f", unit="ms", outputs=Output.SCREEN),
    number("Clips/s", "throughput", ".1f", note=THROUGHPUT),
    text("Threads", "threads", outputs=Output.SCREEN),
    text("GPU", "accelerators", outputs=Output.SCREEN),
)


def _spec(name, task):
    """Return the table for a task, with the score that it ranks by."""
    words, header = task.headline_words
    score = (text("Model", "label"), number(header, task.headline, ".3f"))
    return TableSpec(
        "costs", lambda results, tables: costs_table(results, tables["comparison"]), "Costs of the models.",
        (*score, *COLUMNS),
        (POOLED, TIMING, f"Front: no other model has as high a {words} and is as fast (p50).",
         "Size: parameters in float32; file: as saved. Peak memory: of the whole process, training included. "
         "Training and energy: of one trial."),
        place=60, tasks=(name,),
    )  # fmt: skip


TABLES = tuple(_spec(name, task) for name, task in TASKS.items())
