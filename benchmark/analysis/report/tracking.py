"""The numbers of a study as runs of MLflow in a store of its own, read from what the study wrote."""

import hashlib
import json
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmark.analysis.metrics.metrics import macro, per_class
from benchmark.errors import StudyError
from benchmark.store.results import read_results

STORE = "mlruns"  # in the study's folder
FILES = ("trial.json", "history.csv", "latency.csv", "predictions.csv")  # of a trial: what its run is made of
NUMBERS = ("test_accuracy", "parameters", "size_mb", "file_mb", "flops", "energy_j", "train_seconds", "peak_memory_mb")
FACTS = ("model", "label", "fold", "seed", "regime", "status", "error", "backend", "precision")
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
LAYOUT = 1  # of a run: another number has all runs logged anew
AT_ONCE = {"metrics": 1000, "params": 100, "tags": 100}  # MLflow's limits for one request
LONGEST = 5000  # characters of a value, below MLflow's limits


@dataclass(frozen=True)
class Run:
    """What is logged of one trial, or of a model over all its trials."""

    name: str
    state: bytes  # what is on disk of it
    ended: float  # seconds since 1970
    params: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    tags: dict = field(default_factory=dict)
    history: pd.DataFrame | None = None
    failed: bool = False

    @property
    def fingerprint(self):
        """Change whenever what is on disk does, or what is made of it."""
        return hashlib.sha256(f"{LAYOUT} {self.name} ".encode() + self.state).hexdigest()


def track(folder, say=print):
    """Log the trials of a results folder and the rows of its comparison to ``mlruns`` in it; return how many were new.

    A run that is there is kept, or replaced where what is on disk has changed. Raises :class:`StudyError` where MLflow
    is not installed, the folder is none of a study, or the store cannot be used."""
    folder = Path(folder)
    client, entities, problem = _connect(folder)
    runs = [*_trial_runs(folder), *_model_runs(folder)]
    try:
        experiment = client.get_experiment_by_name(folder.resolve().name)
        place = experiment.experiment_id if experiment else client.create_experiment(folder.resolve().name)
        found = client.search_runs([place], max_results=50_000)
        there = {run.data.tags.get("fingerprint") for run in found}
        fresh = [run for run in runs if run.fingerprint not in there]
        for run in fresh:
            for old in found:
                if old.info.run_name == run.name:  # of another state of the disk, or cut off half-way
                    client.delete_run(old.info.run_id)
            _log(client, entities, place, run)
    except problem as error:
        raise StudyError(f"tracking: MLflow cannot use {folder / STORE}: {error}") from error
    say(f"tracking: {len(fresh)} runs logged, {len(runs) - len(fresh)} there before, in {folder / STORE}")
    return len(fresh)


def _connect(folder):
    """Return (client of the store, MLflow's entities, its exception)."""
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3.17 keeps files only where asked to
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # else importing it reports home
    try:
        from mlflow import MlflowClient, entities
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise StudyError(f"tracking: mlflow needs a package ({error}): pip install mlflow-skinny") from None
    return MlflowClient(tracking_uri=(folder / STORE).resolve().as_uri()), entities, MlflowException


def _log(client, entities, place, run):
    """Write one run; its fingerprint comes last, so that a run cut off half-way is known by having none."""
    seconds = run.metrics.get("seconds", 0.0)
    ended = round(1000 * run.ended)
    began = ended - round(1000 * seconds)
    key = client.create_run(place, start_time=began, run_name=run.name).info.run_id
    batches = {
        "metrics": [entities.Metric(name, value, ended, 0) for name, value in run.metrics.items()],
        "params": [entities.Param(name, value) for name, value in run.params.items()],
        "tags": [entities.RunTag(name, str(value)[:LONGEST]) for name, value in run.tags.items()],
    }
    batches["metrics"] += _curves(entities, run.history, began)
    for kind, entries in batches.items():
        for start in range(0, len(entries), AT_ONCE[kind]):
            client.log_batch(key, **{kind: entries[start : start + AT_ONCE[kind]]})
    client.set_tag(key, "fingerprint", run.fingerprint)
    client.set_terminated(key, "FAILED" if run.failed else "FINISHED", end_time=ended)


def _curves(entities, history, began):
    """Return the metrics of each iteration; where no validation took place there is none."""
    metrics = []
    for row in [] if history is None else history.to_dict("records"):
        when, step = began + round(1000 * row.get("seconds", 0)), int(row["iteration"])
        known = [name for name in CURVES if _is_number(row.get(name))]
        metrics += [entities.Metric(f"history.{name}", row[name], when, step) for name in known]
    return metrics


def _trial_runs(folder):
    """Yield the run of each trial on disk."""
    results = read_results(folder)
    for trial in results.trials:
        place = folder / "trials" / trial.model / f"{trial.fold}-{trial.seed}"
        files = [place / name for name in FILES if (place / name).is_file()]
        info, tags = trial.info, {"kind": "trial", "weights": trial.weights}
        tags |= {name: info[name] for name in FACTS if info.get(name) is not None}
        tags |= {"error": trial.error} if trial.error else {}
        tags |= {f"versions.{name}": version for name, version in (info.get("versions") or {}).items()}
        tags |= {f"file.{path.name}": path.resolve() for path in sorted(place.glob("*")) if path.is_file()}
        yield Run(
            name=f"{trial.model}/{trial.fold}-{trial.seed}",
            state=b"".join(file.read_bytes() for file in files),
            ended=max((file.stat().st_mtime for file in files), default=0.0),
            params={_key(name): value for name, value in _flat(info.get("settings") or {})},
            metrics=_numbers(trial, results.classes),
            tags=tags,
            history=trial.history,
            failed=not trial.done,
        )


def _numbers(trial, classes):
    """Return the scores and costs of a trial: what trial.json has of them, macro averages, milliseconds."""
    info = trial.info
    numbers = {name: info.get(name) for name in NUMBERS}
    stages = info.get("seconds") or {}
    numbers |= {f"seconds.{stage}": value for stage, value in stages.items()}
    numbers |= {"seconds": sum(stages.values())} if stages else {}
    if trial.done:
        numbers |= macro(per_class(trial.test.y_true, trial.test.y_pred, classes))
        for stage, calls in trial.latency.groupby("stage")["ms"]:
            numbers[f"latency_ms.{stage}.p50"] = calls.median()
    return {name: float(value) for name, value in numbers.items() if _is_number(value)}


def _model_runs(folder):
    """Yield the run of each row of comparison.csv: a model over all its trials."""
    path = folder / "comparison.csv"
    if not path.is_file():
        return
    for row in pd.read_csv(path).to_dict("records"):
        numbers = {_key(name): float(value) for name, value in row.items() if _is_number(value)}
        words = {_key(name): value for name, value in row.items() if isinstance(value, str)}
        state = json.dumps([words, numbers], sort_keys=True).encode()
        yield Run(str(row["model"]), state, path.stat().st_mtime, metrics=numbers, tags=words | {"kind": "model"})


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _flat(settings, outer=()):
    """Yield ('training.epochs', '50') of nested settings: dotted names, values as in YAML or JSON."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, (*outer, str(name)))
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            yield ".".join((*outer, str(name))), text[:LONGEST]


def _key(name):
    """Return a name of the characters that MLflow takes."""
    return re.sub(r"[^\w.\- :/]", "_", str(name))
