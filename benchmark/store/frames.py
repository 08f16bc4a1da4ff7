"""What a study wrote, as DataFrames: results for a notebook."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.store.layout import trial_folder
from benchmark.store.predictions import Predictions
from benchmark.store.results import read_results

INPUTS = ("clips", "rejected", "leakage", "grouped")  # CSV files of a study's folder that no report wrote
PLAIN = (str, int, float, bool, type(None))
# Columns of the tables that hold names: a class may be called 'NA' or '007'.
TEXT_COLUMNS = (
    "model", "label", "class", "clip_id", "path", "y_pred", "model_a", "model_b", "label_a", "label_b", "mistaken_for",
    "model_label", "ensemble", "models", "members", "weights", "caveats", "other", "name", "missed", "added",
    "thresholds",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
    """The results of a study. ``predictions``, ``history`` and ``latency`` hold the rows of all finished trials, whose
    model, fold and seed are their first columns."""

    folder: Path
    study: dict  # study.yaml
    clips: pd.DataFrame  # a row per clip used
    rejected: pd.DataFrame  # a row per file set aside
    trials: pd.DataFrame  # a row per trial: status, error, folder, and each single value of trial.json
    predictions: pd.DataFrame  # a row per clip: split, clip_id, y_true, y_pred, a column of scores per class
    history: pd.DataFrame  # a row per evaluation during training
    latency: pd.DataFrame  # a row per timed call, in ms
    tables: dict[str, pd.DataFrame]  # those of the last report, by the names of their files: 'comparison' ...

    def __repr__(self):
        done = (self.trials["status"] == "done").sum()
        return f"<results in {self.folder}: {done} of {len(self.trials)} trials done; tables: {', '.join(self.tables)}>"


def read_frames(folder):
    """Return the :class:`Frames` of a results folder; raise :class:`StudyError` where it is none."""
    results = read_results(folder)
    written = [path for path in sorted(results.folder.glob("*.csv")) if path.stem not in INPUTS]
    return Frames(
        results.folder, results.study, results.clips, results.rejected,
        trials=pd.DataFrame([_row(results.folder, trial) for trial in results.trials]),
        predictions=_stacked(results.trials, "predictions"),
        history=_stacked(results.trials, "history"),
        latency=_stacked(results.trials, "latency"),
        tables={path.stem: read_table(path) for path in written},
    )  # fmt: skip


def _row(folder, trial):
    """Return what is known of a trial beside its tables."""
    known = {
        "model": trial.model,
        "label": trial.info["label"],
        "fold": trial.fold,
        "seed": trial.seed,
        "status": "done" if trial.done else "failed",
        "error": trial.error,
        "folder": trial_folder(folder, trial.model, trial.fold, trial.seed),
        "weights": trial.weights,
    }
    return known | {key: value for key, value in trial.info.items() if key not in known and isinstance(value, PLAIN)}


def _stacked(trials, part):
    """Return one table of all finished trials that have this part, one below the other."""
    keys = ["model", "fold", "seed"]
    parts = {(trial.model, trial.fold, trial.seed): getattr(trial, part) for trial in trials
             if trial.done and getattr(trial, part) is not None}  # fmt: skip
    tables = {key: part.frame() if isinstance(part, Predictions) else part for key, part in parts.items()}
    return pd.concat(tables, names=keys).reset_index(keys).reset_index(drop=True) if tables else pd.DataFrame()


def read_table(path):
    """Return a table as a report wrote it; what is blank is NaN, or '' in a column of text."""
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False, na_values=[""])
    return table.fillna(dict.fromkeys(TEXT_COLUMNS, ""))
