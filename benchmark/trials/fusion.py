"""A trial of a late fusion: the members' stored scores of the same fold and seed, weighed on validation clips."""

import numpy as np
import pandas as pd

from benchmark.errors import StudyError
from benchmark.store.labels import to_matrix
from benchmark.store.layout import PREDICTIONS, THRESHOLDS, read_record, trial_folder
from benchmark.store.predictions import SPLITS, read_predictions
from benchmark.tasks import TASKS
from benchmark.training.fusion import best_weights, fused
from benchmark.trials.specification import Trained


def train(job, clips, stages, key):
    """Return the :class:`Trained` of a job; arguments as for :data:`benchmark.trials.trainers.TRAINERS`.

    Raises :class:`StudyError` where a member failed, or has predicted other clips."""
    params, task = job.trial.network.fusion, TASKS[job.study.task]
    evaluated = clips[clips["split"].isin(SPLITS)]
    y_true, val = to_matrix(evaluated["label"], job.classes), evaluated["split"].to_numpy() == "val"
    with stages("load"):
        y_scores = np.stack([scores_of(name, job, evaluated) for name in params.members])
    with stages("train") as tried:
        headline = task.scores[task.headline]
        weights, best = best_weights(y_true[val], y_scores[:, val], params.n_steps, headline, tried)
    said = {"members": list(params.members), "weights": weights.tolist(), f"val_{task.headline}": best}
    return Trained(fused(y_scores, weights), {"fusion": said})


def scores_of(member, job, clips):
    """Return what a member said of some clips in the trial of the same fold and seed, (n_clips, n_classes)."""
    folder = trial_folder(job.study.folder, member, job.trial.fold, job.trial.seed)
    try:
        record = read_record(folder)
    except (OSError, ValueError) as error:
        raise StudyError(f"its member {member} has no trial at {folder}: {error}") from None
    if record.get("status") != "done":
        raise StudyError(f"its member {member} failed: {record.get('error') or 'no reason recorded'}")
    found = read_predictions(folder / PREDICTIONS, job.study.task, record.get(THRESHOLDS))
    rows = pd.Index(found.clip_id).get_indexer(clips["clip_id"].astype(str))
    same = (rows >= 0).all() and (found.split[rows] == clips["split"].to_numpy()).all()
    if not same or set(found.classes) != set(job.classes):
        raise StudyError(f"its member {member} has predicted other clips or classes: run both again")
    return found.ordered(job.classes).y_score[rows]
