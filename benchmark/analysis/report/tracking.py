"""The numbers of a study as runs of MLflow in a store of its own, read from what the study wrote."""

import hashlib
import json
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmark.analysis.metrics.scores import macro, per_class, summarise_latency
from benchmark.errors import StudyError
from benchmark.store.frames import read_table
from benchmark.store.layout import trial_folder
from benchmark.store.results import read_results

STORE = "mlruns"  # in the study's folder
APART = {"settings", "depends_on", "origin", "traceback"}  # of trial.json: what is logged as parameters, or not at all
AT_ONCE = {"params": 100, "tags": 100, "metrics": 1000}  # MLflow's limits for one request
LONGEST = 5000  # characters of a value, below MLflow's limits


@dataclass(frozen=True)
class Run:
    """What is logged of one trial, or of a model over all its trials."""

    name: str
    found: dict  # its numbers become metrics, its words tags
    ended: float  # seconds since 1970
    settings: dict = field(default_factory=dict)
    history: pd.DataFrame | None = None

    @property
    def fingerprint(self):
        """Change whenever what is logged does."""
        curves = None if self.history is None else self.history.to_csv()
        return hashlib.sha256(repr((self.name, self.found, self.settings, curves)).encode()).hexdigest()


def track(folder, say=print):
    """Log the trials of a results folder and the rows of its comparison to ``mlruns`` in it; return how many were new.

    A run that is there is kept, or replaced where what is on disk has changed. Raises :class:`StudyError` where MLflow
    is not installed, the folder is none of a study, or the store cannot be used."""
    folder = Path(folder)
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3.17 keeps files only where asked to
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # else importing it reports home
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise StudyError(f"tracking: mlflow needs a package ({error}): pip install mlflow-skinny") from None
    client, runs = MlflowClient((folder / STORE).resolve().as_uri()), [*_trial_runs(folder), *_model_runs(folder)]
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
            _log(client, place, run)
    except MlflowException as error:
        raise StudyError(f"tracking: MLflow cannot use {folder / STORE}: {error}") from error
    say(f"tracking: {len(fresh)} runs logged, {len(runs) - len(fresh)} there before, in {folder / STORE}")
    return len(fresh)


def _log(client, place, run):
    """Write one run; its fingerprint comes last, so that a run cut off half-way is known by having none."""
    from mlflow.entities import Metric, Param, RunTag

    found, ended = {_key(name): value for name, value in run.found.items()}, round(1000 * run.ended)
    began = ended - round(1000 * found.get("seconds", 0))
    key = client.create_run(place, start_time=began, run_name=run.name).info.run_id
    batches = {
        "params": [Param(_key(name), _text(value)) for name, value in run.settings.items()],
        "tags": [RunTag(name, _text(value)) for name, value in found.items() if isinstance(value, bool | str | list)],
        "metrics": [Metric(name, value, ended, 0) for name, value in found.items() if _is_number(value)],
    }
    if run.history is not None:  # where no validation took place there is none
        steps = run.history.melt("iteration").dropna().itertuples(index=False)
        batches["metrics"] += [Metric(f"history.{name}", value, ended, int(step)) for step, name, value in steps]
    for kind, entries in batches.items():
        for start in range(0, len(entries), AT_ONCE[kind]):
            client.log_batch(key, **{kind: entries[start : start + AT_ONCE[kind]]})
    client.set_tag(key, "fingerprint", run.fingerprint)
    client.set_terminated(key, "FAILED" if found.get("status") == "failed" else "FINISHED", end_time=ended)


def _trial_runs(folder):
    """Yield the run of each trial on disk: what trial.json has of it, its macro averages, and its latency."""
    results = read_results(folder)
    for trial in results.trials:
        place = trial_folder(folder, trial.model, trial.fold, trial.seed)
        found = _flat({name: value for name, value in trial.info.items() if name not in APART})
        found |= {"kind": "trial", "folder": str(place.resolve()), "fold": str(trial.fold), "seed": str(trial.seed)}
        found |= {"seconds": sum((trial.info.get("seconds") or {}).values())}
        if trial.done:
            found |= macro(per_class(trial.test.y_true, trial.test.y_pred, results.classes))
            found |= summarise_latency(trial.latency) if trial.latency is not None else {}
        else:
            found |= {"status": "failed", "error": trial.error}
        ended = max((path.stat().st_mtime for path in place.glob("*.*")), default=0.0)
        yield Run(f"{trial.model}/{place.name}", found, ended, _flat(trial.info.get("settings") or {}), trial.history)


def _model_runs(folder):
    """Yield the run of each row of comparison.csv: a model over all its trials."""
    path = folder / "comparison.csv"
    for row in read_table(path).to_dict("records") if path.is_file() else ():
        found = {name: value for name, value in row.items() if value != ""}
        yield Run(row["model"], found | {"kind": "model"}, path.stat().st_mtime)


def _flat(nested):
    """Return {'training.epochs': 50} of nested mappings; what is empty or null is left out."""
    found = {}
    for name, value in nested.items():
        inner = _flat(value) if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): value for key, value in inner.items() if value is not None}
    return found


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value):
    return (value if isinstance(value, str) else json.dumps(value))[:LONGEST]


def _key(name):
    """Return a name of the characters that MLflow takes."""
    return re.sub(r"[^\w.\- :/]", "_", str(name))
