"""Wrong decisions on single labels, those first that are farthest from the threshold of their class.

The highest score of a clip says nothing of its errors: it may be of a class that is right."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.misclassified import MOST
from benchmark.store.layout import THRESHOLDS
from benchmark.tasks.thresholds import DEFAULT

CONFIDENT_COLUMNS = (
    "model", "model_label", "fold", "seed", "clip_id", "path", "label", "y_pred", "class", "error", "score",
    "threshold", "margin",
)  # fmt: skip
ORDER = ["margin", "model", "clip_id", "class", "seed"]


def thresholds_of(trial):
    """Return the thresholds that a trial decided by, (n_classes,), in the order of its predictions."""
    recorded = trial.info.get(THRESHOLDS) or {}
    return np.array([recorded.get(name, DEFAULT) for name in trial.test.classes], float)


def confident_labels_table(results, most=MOST):
    """Return the wrong decisions with the greatest margins, a row each: :data:`CONFIDENT_COLUMNS`.

    error: 'missed' or 'added'; margin: how far the score 0..1 of the class is from its threshold, on the wrong side."""
    labels = {model["name"]: model["label"] for model in results.models}
    frames = [
        _errors(trial, most).assign(model=trial.model, fold=trial.fold, seed=trial.seed)
        for trial in results.trials if trial.done
    ]  # fmt: skip
    if not frames:
        return pd.DataFrame(columns=CONFIDENT_COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    table = (
        table.assign(model_label=table["model"].map(labels))
        .sort_values(ORDER, ascending=[False, *[True] * 4], kind="stable")
        .head(most)
    )
    clips = results.clips.set_index("clip_id").reindex(columns=["path", "label"])
    table = table.join(clips, on="clip_id").fillna({"path": ""})
    return table.reset_index(drop=True)[list(CONFIDENT_COLUMNS)]


def _errors(trial, most):
    """Return the wrong decisions of one trial whose margins are among the ``most`` greatest, or as great."""
    test, thresholds = trial.test, thresholds_of(trial)
    margins = np.where(test.y_true != test.y_pred, np.abs(test.y_score - thresholds), -1.0)
    least = max(np.sort(margins, axis=None)[-most:][0], 0.0)
    rows, columns = np.nonzero(margins >= least)
    return pd.DataFrame({
        "clip_id": test.clip_id[rows],
        "y_pred": test.names("y_pred")[rows],
        "class": np.array(test.classes, object)[columns],
        "error": np.where(test.y_true[rows, columns], "missed", "added"),
        "score": test.y_score[rows, columns],
        "threshold": thresholds[columns],
        "margin": margins[rows, columns],
    })  # fmt: skip
