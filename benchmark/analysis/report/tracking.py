"""The numbers of a study as runs of MLflow in a store of its own, read from what the study wrote."""

import hashlib
import math
import os
import re
from pathlib import Path

from benchmark.analysis.metrics.scores import macro, per_class, summarise_latency
from benchmark.analysis.tables.settings import as_text, flatten
from benchmark.errors import StudyError
from benchmark.store.frames import read_table
from benchmark.store.layout import trial_folder
from benchmark.store.results import read_results

STORE = "mlruns"  # in the study's folder
STRANGE = r"[^\w.\- :/]"  # characters that MLflow takes in no name
APART = {"settings", "depends_on", "origin", "traceback"}  # of trial.json: what is logged as parameters, or not at all


def track(folder, say=print):
    """Log the trials of a results folder and the rows of its comparison to ``mlruns`` in it; return how many were new.

    A run that is there is kept, or replaced where what is on disk has changed. Raises :class:`StudyError` where MLflow
    is not installed, the folder is none of a study, or the store cannot be used."""
    folder, fresh = Path(folder), 0
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3.17 keeps files only where asked to
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # else importing it reports home
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise StudyError(f"tracking: mlflow needs a package ({error}): pip install mlflow-skinny") from None
    runs, client, study = list(_runs(folder)), MlflowClient((folder / STORE).resolve().as_uri()), folder.resolve().name
    try:
        experiment = client.get_experiment_by_name(study)
        place = experiment.experiment_id if experiment else client.create_experiment(study)
        there = {run.info.run_name: run for run in client.search_runs([place], max_results=50_000)}
        for name, *content, ended in runs:
            fingerprint = hashlib.sha256(repr(content).encode()).hexdigest()
            if name in there and there[name].data.tags.get("fingerprint") == fingerprint:
                continue
            if name in there:  # of another state of the disk, or cut off half-way: without its last tag
                client.delete_run(there[name].info.run_id)
            client.set_tag(_log(client, place, name, *content, ended), "fingerprint", fingerprint)
            fresh += 1
    except MlflowException as error:
        raise StudyError(f"tracking: MLflow cannot use {folder / STORE}: {error}") from error
    say(f"tracking: {fresh} runs logged, {len(runs) - fresh} there before, in {folder / STORE}")
    return fresh


def _log(client, place, name, found, settings, steps, ended):
    """Write one run, its numbers as metrics and its words as tags; return its id. MLflow makes batches by itself."""
    from mlflow.entities import Metric, Param, RunTag

    found, settings = ({re.sub(STRANGE, "_", key): value for key, value in part.items()} for part in (found, settings))
    words = {key: value for key, value in found.items() if isinstance(value, str | bool | list) and value != ""}
    numbers = {k: v for k, v in found.items() if k not in words and isinstance(v, int | float) and math.isfinite(v)}
    began, ended = (round(1000 * time) for time in (ended - found.get("seconds", 0), ended))
    run = client.create_run(place, began, run_name=name).info.run_id
    metrics = [Metric(key, value, ended, 0) for key, value in numbers.items()]
    metrics += [Metric(f"history.{key}", value, ended, int(step)) for step, key, value in steps]
    params = [Param(key, as_text(value)) for key, value in settings.items() if value not in (None, {}, [])]
    client.log_batch(run, metrics, params, [RunTag(key, as_text(value)) for key, value in words.items()])
    client.set_terminated(run, "FAILED" if found.get("status") == "failed" else "FINISHED", ended)
    return run


def _runs(folder):
    """Yield name, what was found, settings, history as (step, name, value) and time of each trial and each model."""
    results, comparison = read_results(folder), folder / "comparison.csv"
    for trial in results.trials:
        place = trial_folder(folder, trial.model, trial.fold, trial.seed)
        found = flatten({name: value for name, value in trial.info.items() if name not in APART})
        found |= {"level": "trial", "folder": str(place.resolve()), "fold": str(trial.fold), "seed": str(trial.seed)}
        found |= {"seconds": sum((trial.info.get("seconds") or {}).values())}
        if trial.done:
            found |= macro(per_class(trial.test.y_true, trial.test.y_pred, results.classes))
            found |= summarise_latency(trial.latency) if trial.latency is not None else {}
        else:
            found |= {"status": "failed", "error": trial.error}
        steps = [] if trial.history is None else trial.history.melt("iteration").dropna().to_numpy().tolist()
        ended = max((path.stat().st_mtime for path in place.glob("*.*")), default=0.0)
        yield f"{trial.model}/{place.name}", found, flatten(trial.info.get("settings") or {}), steps, ended
    for row in read_table(comparison).to_dict("records") if comparison.is_file() else ():
        yield row["model"], row | {"level": "model"}, {}, [], comparison.stat().st_mtime
