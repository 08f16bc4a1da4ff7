"""Computation times: ms per clip at batch 1 on the CPU, and clips per second in batches."""

import pandas as pd

from benchmark.analysis.metrics.model_scores import model_latency
from benchmark.analysis.tables.columns import Output, number, text
from benchmark.analysis.tables.spec import THROUGHPUT, TIMING, TableSpec

LATENCY_COLUMNS = (
    "model", "label", "latency_ms_first", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "latency_ms_mean",
    "calls", "threads", "file_ms_p50", "throughput", "batch_clips",
)  # fmt: skip


def latency_table(results, tables):
    """Return a row per model with :data:`LATENCY_COLUMNS`: ms per clip at batch 1 on the CPU.

    threads is text: those of the timed calls, several where they differ; throughput: clips per second in batches of
    batch_clips."""
    rows = []
    for model in results.models:
        infos = [trial.info for trial in results.timed(model["name"])]
        counts = {(info.get("latency") or info)["threads"] for info in infos}
        row = {"model": model["name"], "label": model["label"], "threads": ", ".join(map(str, sorted(counts)))}
        rows.append(row | model_latency(results, model["name"]))
    return pd.DataFrame(rows, columns=LATENCY_COLUMNS).astype({"calls": "Int64", "batch_clips": "Int64"})


COLUMNS = (
    text("Model", "label"),
    number("First call", "latency_ms_first", ".1f", unit="ms"),
    number("p50", "latency_ms_p50", ".1f", unit="ms"),
    number("p90", "latency_ms_p90", ".1f", unit="ms"),
    number("p99", "latency_ms_p99", ".1f", unit="ms"),
    number("Mean", "latency_ms_mean", ".1f", unit="ms"),
    number("Calls", "calls", outputs=Output.SCREEN),
    text("Threads", "threads", outputs=Output.SCREEN),
    number("Whole file", "file_ms_p50", ".1f", unit="ms"),
    number("Clips/s", "throughput", ".1f", note=THROUGHPUT),
)
TABLES = (
    TableSpec(
        "latency", latency_table, "Computation times.", COLUMNS,
        (TIMING, "Whole file: reading included, and decoding and rendering of sound."), place=70,
    ),
)  # fmt: skip
