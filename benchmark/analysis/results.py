"""A results folder, read into memory. A trial that cannot be read counts as failed, with the reason; the rest go on."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.analysis.predictions import class_names, read_predictions
from benchmark.config import StudyError, read_yaml

TRIAL_KEYS = ("status", "model", "label", "regime", "weights", "parameters", "size_mb", "train_seconds", "threads")
HISTORY_COLUMNS = ("iteration", "epoch", "loss", "accuracy", "val_loss", "val_accuracy")
LATENCY_COLUMNS = ("stage", "call", "ms")


@dataclass(frozen=True)
class Trial:
    """One model, fold and seed. ``error`` is None exactly where the trial is done, and then the frames are there."""

    model: str
    fold: int
    seed: int
    info: dict  # trial.json, as far as it could be read
    error: str | None = None
    predictions: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    latency: pd.DataFrame | None = None

    @property
    def done(self):
        """Whether the trial has numbers."""
        return self.error is None

    @property
    def test(self):
        """The predictions of the test split."""
        return self.predictions[self.predictions["split"] == "test"]

    @property
    def weights(self):
        """The name of the weights the trial started from, or '' where it is not recorded."""
        return (self.info.get("weights") or {}).get("name", "")


@dataclass(frozen=True)
class Results:
    """What a study wrote: its settings, its clips, and the trials it asks for that are on disk."""

    folder: Path
    study: dict  # study.yaml
    clips: pd.DataFrame  # clips.csv, a row per clip used
    rejected: pd.DataFrame  # rejected.csv, a row per file set aside
    trials: tuple[Trial, ...]  # in the study's order of models, then by seed and fold

    @property
    def classes(self):
        """The names of the classes, sorted."""
        return sorted(set(self.clips["label"]))

    @property
    def models(self):
        """A dict with name, label and weights for each model, in the study's order."""
        return _models(self.study)

    @property
    def planned(self):
        """The number of trials that the study asks for per model."""
        return len(_folds_and_seeds(self.study))

    def of(self, model):
        """Return the trials of the model with this name."""
        return [trial for trial in self.trials if trial.model == model]

    def done(self, model):
        """Return the trials of the model with this name that have numbers."""
        return [trial for trial in self.of(model) if trial.done]


def read_results(folder):
    """Return the :class:`Results` in a folder; raise :class:`StudyError` where there are none.

    Trials of models, folds and seeds that study.yaml does not name are left overs of earlier runs: not read.
    Raises too where clips.csv is missing; a missing rejected.csv means that no file was set aside."""
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"no folder {folder}; give the folder that a run wrote, such as results/<study>")
    if not (folder / "study.yaml").is_file():
        raise StudyError(f"{folder} has no study.yaml, so it is no results folder; give results/<study> itself")
    study = _checked(read_yaml(folder / "study.yaml"), folder / "study.yaml")
    clips = _read_text(folder / "clips.csv", ("clip_id", "label"))
    rejected = folder / "rejected.csv"
    rejected = (
        _read_text(rejected, ("path", "reason")) if rejected.exists() else pd.DataFrame(columns=["path", "reason"])
    )
    trials = [
        read_trial(path, model, fold, seed, set(clips["label"]))
        for model in _models(study)
        for fold, seed in _folds_and_seeds(study)
        if (path := folder / "trials" / model["name"] / f"{fold}-{seed}").is_dir()
    ]
    if not trials:
        raise StudyError(f"{folder / 'trials'} has no trial that study.yaml names; run the study first")
    return Results(folder, study, clips, rejected, tuple(trials))


def read_trial(folder, model, fold, seed, classes):
    """Return the :class:`Trial` in a folder; what is missing or broken in it becomes the trial's error.

    model: a dict with its name, label and weights; classes: the set of names that the predictions must have scores for.
    """
    info = {"model": model["name"], "label": model["label"], "weights": {"name": model["weights"]}}
    try:
        info |= _read_info(folder / "trial.json")
        if info["status"] != "done":
            return Trial(model["name"], fold, seed, info, str(info.get("error") or "no reason recorded"))
        predictions = read_predictions(folder / "predictions.csv")
        _check_predictions(predictions, classes, folder / "predictions.csv")
        history = _read_table(folder / "history.csv", HISTORY_COLUMNS)
        latency = _read_table(folder / "latency.csv", LATENCY_COLUMNS)
    except StudyError as error:
        return Trial(model["name"], fold, seed, info, str(error))
    return Trial(model["name"], fold, seed, info, None, predictions, history, latency)


def _read_info(path):
    """Return trial.json as a dict; a failed trial may lack all but its status."""
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    if not isinstance(info, dict) or info.get("status") not in ("done", "failed"):
        raise StudyError(f"{path}: status must be 'done' or 'failed'")
    missing = [key for key in TRIAL_KEYS if key not in info]
    if info["status"] == "done" and missing:
        raise StudyError(f"{path}: missing key {', '.join(missing)}")
    return info


def _check_predictions(frame, classes, path):
    if set(class_names(frame)) != classes:
        raise StudyError(f"{path}: its classes are {', '.join(class_names(frame))}; "
                         f"those of clips.csv are {', '.join(sorted(classes))}")  # fmt: skip
    if not (frame["split"] == "test").any():
        raise StudyError(f"{path}: no row of the test split")


def _read_table(path, columns, **options):
    try:
        frame = pd.read_csv(path, **options)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    if missing := [column for column in columns if column not in frame.columns]:
        raise StudyError(f"{path}: missing column {', '.join(missing)}; it has {', '.join(frame.columns)}")
    return frame


def _read_text(path, columns):
    return _read_table(path, columns, dtype=str, keep_default_na=False)


def _checked(study, path):
    """Return the mapping of study.yaml; raise where a part that analysis needs is missing."""
    if missing := [key for key in ("name", "dataset", "split", "training", "models") if not study.get(key)]:
        raise StudyError(f"{path}: missing key {', '.join(missing)}; it must be the resolved study that a run wrote")
    try:
        _models(study), _folds_and_seeds(study)
    except (KeyError, TypeError) as error:
        raise StudyError(f"{path}: split or models is not as a run writes it ({error})") from None
    return study


def _models(study):
    return [{key: model[key] for key in ("name", "label", "weights")} for model in study["models"]]


def _folds_and_seeds(study):
    """Return the (fold, seed) pairs the study asks for; only a cross-validation has folds beyond 0."""
    split = study["split"]
    folds = split["folds"] if split["protocol"] == "kfold" else 1
    return [(fold, seed) for seed in split["seeds"] for fold in range(folds)]
