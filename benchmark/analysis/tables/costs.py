"""What a model costs, and which models give their accuracy for the least time. What was not recorded is missing."""

import pandas as pd

from benchmark.analysis.metrics.metrics import latency_of
from benchmark.analysis.metrics.statistics import pareto

COSTS_COLUMNS = (
    "model", "label", "accuracy", "parameters", "size_mb", "flops", "file_mb", "peak_memory_mb", "train_seconds",
    "energy_j", "latency_ms_first", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "batch_clips", "throughput",
    "threads", "processor", "accelerators", "pareto",
)  # fmt: skip
FIXED = ("parameters", "size_mb", "flops", "file_mb")  # alike in all trials of a model: of the first one
MEANS = ("train_seconds", "energy_j")  # of one trial


def costs_table(results, comparison):
    """Return a row per model with :data:`COSTS_COLUMNS`, in the study's order.

    accuracy as in the comparison; sizes in MB, flops of one forward pass, train_seconds and energy_j the
    means of one trial, peak_memory_mb the most of any trial (of its whole process, training included), latency in ms at
    batch 1, throughput in clips per second at batch_clips. threads, processor and accelerators are text, several where
    trials differ. pareto: no other model is at least as accurate and as fast (median latency), and better in one."""
    rows = [_row(results, model) for model in results.models]
    table = pd.DataFrame(rows).merge(comparison[["model", "accuracy"]], on="model", how="left")
    table = table.reindex(columns=COSTS_COLUMNS)
    table["pareto"] = pareto(table["accuracy"], table["latency_ms_p50"])
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
        "processor": _text(found.get("processor", "") for found in hardware),
        "accelerators": _text(name for found in hardware for name in found.get("accelerators") or ()),
    }
    return row | latency_of(results, model["name"])


def _text(values):
    """Return different values as text, in order, separated by commas."""
    return ", ".join(sorted({str(value) for value in values} - {""}))
