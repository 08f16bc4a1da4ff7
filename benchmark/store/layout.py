"""Where the files of a study lie, and which format the record of a trial has: the one place that knows."""

import json
from pathlib import Path

from benchmark.errors import StudyError

# In results/<study>.
STUDY, CLIPS, REJECTED, LEAKAGE, GROUPED = "study.yaml", "clips.csv", "rejected.csv", "leakage.csv", "grouped.csv"
STATUS, EXAMPLES, FIGURES, TRIALS = "status.json", "examples", "figures", "trials"
TEXTS = "texts"  # a JSON file for each feature that reads words
# In results/<study>/trials/<model>/<fold>-<seed>.
RECORD, PREDICTIONS, HISTORY, LATENCY = "trial.json", "predictions.csv", "history.csv", "latency.csv"
MODEL, HEAD = "model.keras", "head.keras"
THRESHOLDS = "thresholds"  # of trial.json: {class: threshold}

FORMAT = 1  # of trial.json and the files beside it; counted up where one of them changes its meaning


def trial_folder(study, model, fold, seed):
    """Return the folder of a trial in a study's folder."""
    return Path(study) / TRIALS / model / f"{fold}-{seed}"


def study_folder(trial):
    """Return the study's folder that a trial's folder lies in; its own where it was taken elsewhere."""
    trial = Path(trial).resolve()
    return trial.parents[2] if trial.parent.parent.name == TRIALS else trial.parent


def read_record(trial):
    """Return trial.json of a trial's folder as a dict; raise OSError or ValueError where it is none."""
    record = json.loads((Path(trial) / RECORD).read_text(encoding="utf-8"))
    if not isinstance(record, dict):
        raise ValueError(f"it must hold a mapping; got {type(record).__name__}")
    return record


def check_format(record, folder):
    """Raise :class:`StudyError` unless trial.json of ``folder``, a dict, is of the format that this version writes."""
    if (found := record.get("format")) != FORMAT:
        was = "without a format number" if found is None else f"in format {found}"
        raise StudyError(
            f"{folder}: trial.json was written {was}, and this version reads format {FORMAT}: run it again"
        )
