"""How long one prediction takes: batch 1, on the CPU, compiled, warmed up, synchronised, while nothing else runs."""

import json
import os
import time
from statistics import median

import keras
import numpy as np
import pandas as pd
import psutil

from benchmark.models.backend import cores
from benchmark.store.layout import LATENCY, RECORD, read_record
from benchmark.training.classifier import build_classifier
from benchmark.training.loop import precision
from benchmark.trials.provenance import processor
from spectrograms.files import write_text
from spectrograms.params import content_hash

ROUNDS = 3  # of timed calls, at most, until one is stable
STABLE = 0.05  # of the median: how far the medians of the two halves of a round may be apart
FEWEST = 10  # calls of a round from which on its halves are compared
LEAST = 0.25  # seconds over which load is counted: processor time comes in ticks of 10 ms


def time_model(job):
    """Time the model of a finished trial and add latency.csv to its folder; return its record with what was found.

    The model is rebuilt as ``predict`` rebuilds it, in float32 on the CPU, but with random weights: their values do not
    change how long a product of two matrices takes, and a trial need not have kept its own."""
    study, trial, began, load = job.study, job.trial, time.perf_counter(), Load()
    with keras.device("cpu:0"), precision("off"):
        model = build_classifier(trial.network, study, len(job.classes), trial.seed, load=False)
        rows, found = time_classifier(model, job.clips["path"][job.split == "test"].iloc[0], study.latency, load)
    found |= {"threads": len(cores()), "processor": processor(), "seconds": round(time.perf_counter() - began, 3)}
    found["settings"] = content_hash(study.latency)
    folder = trial.folder(study)
    write_text(folder / LATENCY, pd.DataFrame(rows).to_csv(index=False))
    record = read_record(folder) | {"latency": found}
    write_text(folder / RECORD, json.dumps(record, indent=1))  # last: a run killed before it times once more
    return record


def time_classifier(model, path, latency, load):
    """Return :func:`measure` of an :class:`benchmark.training.classifier.Classifier` that never ran, on one file.

    Further rows are 'head': its head alone, on the features of the file."""
    x = model.extractor.read(path)
    rows, found = measure(
        lambda: model.score(x),
        lambda: model.score(model.extractor.read(path)),
        lambda: model.score_many([x] * latency.batch),
        latency,
        load,
    )
    return rows + rows_of("head", time_calls(_head_call(model, x), few(latency))[1], 1, load()), found


def _head_call(model, x):
    """Return a call of the head alone on the features of one clip; where the model takes more, on as many zeros."""
    alone = model.model is model.head
    features = model.inputs([x]) if alone else np.zeros((1, model.extractor.dim), "float32")
    return lambda: model.head.predict_on_batch(features)


def few(latency, calls=5):
    """Return the settings of a timing of which the median of a few calls is enough."""
    return latency.model_copy(update={"calls": min(latency.calls, calls), "seconds": 0.0, "warmup": 1})


def rows_of(stage, timed, clips, load):
    """Return the rows of latency.csv of some timed calls (ms), each on so many clips, with the load meanwhile."""
    return [
        {"stage": stage, "call": number, "ms": round(ms, 4), "clips": clips, "load": load}
        for number, ms in enumerate(timed)
    ]


def stands(job, record):
    """Return whether the latency in a finished trial's folder was timed under the study's settings; record: trial.json.

    A trial that is trained again has a new folder without one."""
    timed = record.get("latency") or {}
    there = (job.trial.folder(job.study) / LATENCY).is_file()
    return there and timed.get("settings") == content_hash(job.study.latency)


def time_calls(call, latency):
    """Return the milliseconds of the first call, which compiles, and of the timed calls after warm-up.

    ``call`` takes nothing and returns when its result is in host memory. At least ``latency.calls`` calls and
    ``latency.seconds`` seconds are timed, so that a fast network gets many and a slow one enough for a percentile;
    after ``latency.most`` seconds FEWEST calls are enough."""
    first = _milliseconds(call)
    for _ in range(latency.warmup):
        call()
    timed, start, spent = [], time.perf_counter(), 0.0
    while len(timed) < latency.calls or spent < latency.seconds:
        if len(timed) >= FEWEST and spent > latency.most:
            break
        timed.append(_milliseconds(call))
        spent = time.perf_counter() - start
    return first, timed


def measure(forward, from_file, forward_batch, latency, load):
    """Return the rows of latency.csv, and what is to be known of them, a dict.

    Rows are 'first' and 'forward' (the model), 'file' (decode + render + forward), and 'batch' (the model on
    ``latency.batch`` clips at once) where the study asks and that takes no longer than ``latency.most``, each with the
    clips of its call and the load meanwhile. The dict has the load before and during 'forward', whether that was stable
    (None after too few calls), and the rounds that it took. ``load()`` returns the cores that other
    processes keep busy, see :class:`Load`."""
    before, rounds, began = load(), 1, time.perf_counter()
    first, timed = time_calls(forward, latency)
    while is_stable(timed) is False and rounds < ROUNDS and time.perf_counter() - began < latency.most:
        rounds, (_, timed) = rounds + 1, time_calls(forward, latency)
    found = {"load": {"before": before, "during": load()}, "stable": is_stable(timed), "rounds": rounds}
    rows = [row for stage, ms in (("first", [first]), ("forward", timed))
            for row in rows_of(stage, ms, 1, found["load"]["during"])]  # fmt: skip
    rows += rows_of("file", time_calls(from_file, few(latency))[1], 1, load())
    if latency.batch and latency.batch * median(timed) / 1000 <= latency.most:
        rows += rows_of("batch", time_calls(forward_batch, few(latency, 3))[1], latency.batch, load())
    return rows, found


def is_stable(timed):
    """Return whether the medians of both halves of the timed calls agree, None where there are too few to say."""
    if len(timed) < FEWEST:
        return None
    halves = median(timed[: len(timed) // 2]), median(timed[len(timed) // 2 :])
    return abs(halves[0] - halves[1]) <= STABLE * min(halves)


class Load:
    """How many cores other processes keep busy: ``load()`` since the call before, as far as this process may see."""

    def __init__(self):
        self.when, self.used, self.busy = time.perf_counter(), _used_by_others(), 0.0

    def __call__(self):
        """Return the cores, on average; after less than LEAST seconds what was returned before."""
        now = time.perf_counter()
        if now - self.when >= LEAST:
            used = _used_by_others()
            seconds = sum(used[who] - self.used.get(who, 0.0) for who in used)  # of a new process: all that it used
            self.busy = round(seconds / (now - self.when), 2)
            self.when, self.used = now, used
        return self.busy


def _used_by_others():
    """Return {process: the processor seconds that it has used so far} of all but this one."""
    found = {}
    for process in psutil.process_iter(["create_time", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None and process.pid != os.getpid():
            found[process.pid, process.info["create_time"]] = times.user + times.system
    return found


def _milliseconds(call):
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)
