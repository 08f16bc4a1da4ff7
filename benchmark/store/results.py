"""A results folder, read into memory. A trial that cannot be read counts as failed, with the reason; the rest go on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.errors import StudyError
from benchmark.store import layout
from benchmark.store.csv_file import read_csv, read_text
from benchmark.store.labels import class_names
from benchmark.store.predictions import Predictions, read_predictions
from benchmark.store.yaml_file import read_yaml
from benchmark.tasks import TASKS

TRIAL_KEYS = ("status", "model", "label", "regime", "weights", "parameters", "size_mb", "train_seconds", "threads")
HISTORY_COLUMNS = ("iteration", "epoch", "loss", "val_loss")  # and val_<score> of the task
LATENCY_COLUMNS = ("stage", "call", "ms")
LEAKAGE_COLUMNS = ("clip_a", "clip_b")


@dataclass(frozen=True, eq=False)  # it holds frames; being itself it can be the key of what is computed of it
class TrialResult:
    """One model, fold and seed. ``error`` is None exactly where the trial is done, and then the frames are there.

    A trial that failed may have the history up to then; latency is there in one trial of a model, which is timed once.
    """

    model: str
    fold: int
    seed: int
    info: dict  # trial.json, as far as it could be read
    error: str | None = None
    predictions: Predictions | None = None
    history: pd.DataFrame | None = None
    latency: pd.DataFrame | None = None

    @property
    def done(self):
        """Whether the trial has numbers."""
        return self.error is None

    @cached_property
    def test(self):
        """The predictions of the test split."""
        return self.predictions.of("test")

    @property
    def weights(self):
        """The name of the weights the trial started from, '' where it is not recorded or there are none."""
        return (self.info.get("weights") or {}).get("name") or ""


@dataclass(frozen=True, eq=False)
class Results:
    """What a study wrote: its settings, its clips, and the trials it asks for that are on disk."""

    folder: Path
    study: dict  # study.yaml
    clips: pd.DataFrame  # clips.csv, a row per clip used
    rejected: pd.DataFrame  # rejected.csv, a row per file set aside
    leakage: pd.DataFrame  # leakage.csv, a row per pair of copies on two sides of a split
    trials: tuple[TrialResult, ...]  # in the study's order of models, then by seed and fold

    @property
    def classes(self):
        """The names of the classes, sorted."""
        return class_names(self.clips["label"])

    @property
    def task(self):
        """The row of :data:`benchmark.tasks.TASKS` that the study has."""
        return TASKS[_task(self.study)]

    def concerns(self, tasks):
        """Return whether what is for these keys of :data:`benchmark.tasks.TASKS`, () for all, is for the study."""
        return not tasks or _task(self.study) in tasks

    @property
    def models(self):
        """A dict with name, label and weights for each model, in the study's order; weights '' where it has none."""
        return _models(self.study)

    @property
    def planned(self):
        """The number of trials that the study asks for per model."""
        return len(_folds_and_seeds(self.study))

    @cached_property
    def groups(self):
        """The group of each clip, indexed by clip_id; None where every clip is its own."""
        if "group" not in self.clips:
            return None
        groups = self.clips.set_index("clip_id")["group"].replace("", np.nan).dropna()
        return None if groups.is_unique else groups

    def n_train(self, trial):
        """Return the training clips of a trial; where not recorded, they are the clips that it has no prediction of."""
        return max(1, trial.info.get("n_train") or len(self.clips) - len(trial.predictions))

    def ratio(self, trials):
        """Return test clips over training clips, the mean of some trials."""
        return float(np.mean([len(trial.test) / self.n_train(trial) for trial in trials]))

    def of(self, model):
        """Return the trials of the model with this name."""
        return [trial for trial in self.trials if trial.model == model]

    def done(self, model):
        """Return the trials of the model with this name that have numbers."""
        return [trial for trial in self.of(model) if trial.done]

    def timed(self, model):
        """Return the trials of the model with this name whose latency was measured."""
        return [trial for trial in self.done(model) if trial.latency is not None]


def read_results(folder):
    """Return the :class:`Results` in a folder; raise :class:`StudyError` where there are none.

    Trials of models, folds and seeds that study.yaml does not name are left overs of earlier runs: not read.
    Raises too where clips.csv is missing; a missing rejected.csv means that no file was set aside, a missing or empty
    leakage.csv that no copies were found."""
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"no folder {folder}; give the folder that a run wrote, such as results/<study>")
    if not (folder / layout.STUDY).is_file():
        raise StudyError(f"{folder} has no study.yaml, so it is no results folder; give results/<study> itself")
    study = _checked(read_yaml(folder / layout.STUDY), folder / layout.STUDY)
    clips = read_text(folder / layout.CLIPS, ("clip_id", "label"))
    rejected = _read_optional(folder / layout.REJECTED, ("path", "reason"))
    leakage = _read_optional(folder / layout.LEAKAGE, LEAKAGE_COLUMNS)
    classes, task = class_names(clips["label"]), _task(study)
    trials = [
        read_trial(path, model, fold, seed, classes, task)
        for model in _models(study)
        for fold, seed in _folds_and_seeds(study)
        if (path := layout.trial_folder(folder, model["name"], fold, seed)).is_dir()
    ]
    if not trials:
        raise StudyError(f"{folder / layout.TRIALS} has no trial that study.yaml names; run the study first")
    return Results(folder, study, clips, rejected, leakage, tuple(trials))


def read_trial(folder, model, fold, seed, classes, task="multiclass"):
    """Return the :class:`TrialResult` in a folder; what is missing or broken in it becomes the trial's error.

    model: a dict with its name, label and weights; classes: those that the predictions
    must have scores for, in whose order they come back."""
    info = {"model": model["name"], "label": model["label"], "weights": {"name": model["weights"]}}
    try:
        info |= _read_info(folder / layout.RECORD)
        if info["status"] != "done":
            history = read_csv(path, HISTORY_COLUMNS) if (path := folder / layout.HISTORY).is_file() else None
            error = str(info.get("error") or "no reason recorded")
            return TrialResult(model["name"], fold, seed, info, error, history=history)
        predictions = _read_predictions(folder / layout.PREDICTIONS, classes, task, info.get(layout.THRESHOLDS))
        history = read_csv(folder / layout.HISTORY, HISTORY_COLUMNS)
        timed = folder / layout.LATENCY
        latency = read_csv(timed, LATENCY_COLUMNS) if timed.is_file() else None
    except StudyError as error:
        return TrialResult(model["name"], fold, seed, info, str(error))
    return TrialResult(model["name"], fold, seed, info, None, predictions, history, latency)


def _read_info(path):
    """Return trial.json as a dict; a failed trial may lack all but its status."""
    try:
        info = layout.read_record(path.parent)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    if info.get("status") not in ("done", "failed"):
        raise StudyError(f"{path}: status must be 'done' or 'failed'")
    missing = [key for key in TRIAL_KEYS if key not in info]
    if info["status"] == "done" and missing:
        raise StudyError(f"{path}: missing key {', '.join(missing)}")
    layout.check_format(info, path.parent)
    return info


def _read_predictions(path, classes, task, thresholds):
    found = read_predictions(path, task, thresholds)
    if set(found.classes) != set(classes):
        raise StudyError(
            f"{path}: its classes are {', '.join(found.classes)}; those of clips.csv are {', '.join(classes)}"
        )
    if not (found.split == "test").any():
        raise StudyError(f"{path}: no row of the test split")
    return found.ordered(classes)


def _read_optional(path, columns):
    """Return a table of text, one without rows where there is no file or nothing in it."""
    there = path.is_file() and path.stat().st_size > 0
    return read_text(path, columns) if there else pd.DataFrame(columns=list(columns))


def _checked(study, path):
    """Return the mapping of study.yaml; raise where a part that analysis needs is missing."""
    if missing := [key for key in ("name", "dataset", "split", "training", "models") if not study.get(key)]:
        raise StudyError(f"{path}: missing key {', '.join(missing)}; it must be the resolved study that a run wrote")
    try:
        _models(study), _folds_and_seeds(study)
    except (KeyError, TypeError) as error:
        raise StudyError(f"{path}: split or models is not as a run writes it ({error})") from None
    return study


def _task(study):
    return study.get("task", "multiclass")


def _models(study):
    return [{key: model[key] for key in ("name", "label")} | {"weights": model.get("weights") or ""}
            for model in study["models"]]  # fmt: skip


def _folds_and_seeds(study):
    """Return the (fold, seed) pairs the study asks for; only a cross-validation has folds beyond 0."""
    split = study["split"]
    folds = split["folds"] if split["protocol"] == "kfold" else 1
    return [(fold, seed) for seed in split["seeds"] for fold in range(folds)]
