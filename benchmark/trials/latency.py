"""How long one prediction takes: batch 1, on the CPU, compiled, warmed up, synchronised."""

import os
import time


def threads():
    """Return the number of CPU threads that the backends may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def time_calls(call, latency):
    """Return the milliseconds of the first call, which compiles, and of the timed calls after warm-up.

    ``call`` takes nothing and returns when its result is in host memory. At least ``latency.calls`` calls and
    ``latency.seconds`` seconds are timed, so that a fast network gets many and a slow one enough for a percentile."""
    first = _milliseconds(call)
    for _ in range(latency.warmup):
        call()
    timed, start = [], time.perf_counter()
    while len(timed) < latency.calls or time.perf_counter() - start < latency.seconds:
        timed.append(_milliseconds(call))
    return first, timed


def measure(forward, from_file, forward_batch, latency):
    """Return the rows of latency.csv, each with the clips of its call: 'first' and 'forward' (the model), 'file'
    (decode + render + forward), and 'batch' (the model on ``latency.batch`` clips at once) where the study asks."""
    first, timed = time_calls(forward, latency)
    few = latency.model_copy(update={"calls": min(latency.calls, 5), "seconds": 0.0, "warmup": 1})
    _, files = time_calls(from_file, few)
    stages = {"first": ([first], 1), "forward": (timed, 1), "file": (files, 1)}
    if latency.batch:
        _, batches = time_calls(forward_batch, few.model_copy(update={"calls": min(latency.calls, 3)}))
        stages["batch"] = batches, latency.batch
    return [
        {"stage": stage, "call": number, "ms": round(ms, 4), "clips": clips}
        for stage, (calls, clips) in stages.items()
        for number, ms in enumerate(calls)
    ]


def _milliseconds(call):
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)
