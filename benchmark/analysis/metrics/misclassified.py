"""Clip by clip: which ones most models get wrong, and which errors were made with most confidence.

The first are worth listening to: a wrong label, a clip of silence, a class that sounds like another."""

from functools import lru_cache

import numpy as np
import pandas as pd

PER_CLIP_COLUMNS = (
    "clip_id", "path", "label", "predictions", "right", "share_right", "score_true", "mistaken_for", "times",
)  # fmt: skip
CONFIDENT_ERRORS_COLUMNS = (
    "model", "model_label", "fold", "seed", "clip_id", "path", "label", "y_pred", "score", "score_true",
)  # fmt: skip
MOST = 100  # errors kept; the next ones are less sure


@lru_cache(maxsize=8)  # two tables and the page need it
def tested_clips(results):
    """Return all test predictions, a row each: model, fold, seed, clip_id, y_true, y_pred and three scores.

    score: the highest of any class; score_true: what the true class got, of several labels their mean; clip_score: how
    right the clip is, 0..1, as the task has it. The frame is not to be changed."""
    frames = []
    for trial in (trial for trial in results.trials if trial.done):
        test = trial.test
        named = {"clip_id": test.clip_id, "y_true": test.names("y_true"), "y_pred": test.names("y_pred")}
        scores = {"score": test.y_score.max(axis=1), "score_true": score_of_labels(test)}
        scores["clip_score"] = results.task.clip_score(test.y_true, test.y_pred).astype(float)
        frames.append(pd.DataFrame(named | {"model": trial.model, "fold": trial.fold, "seed": trial.seed} | scores))
    columns = ["clip_id", "y_true", "y_pred", "model", "fold", "seed", "score", "score_true", "clip_score"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def score_of_labels(found):
    """Return the mean score of the labels of each clip, (n_clips,), NaN where it has none."""
    labels = found.y_true.sum(axis=1)
    sums = (found.y_score * found.y_true).sum(axis=1)
    return np.divide(sums, labels, out=np.full(len(found), np.nan), where=labels > 0)


def per_clip_table(results):
    """Return a row per tested clip with :data:`PER_CLIP_COLUMNS`, the hardest first.

    Over the predictions of all models and trials: how many are right, the mean score of the true class, and which class
    the clip was mistaken for most often, how many times ('' and 0 where never). Of clips with the same share of right
    predictions the one with the lower score comes first, then the one with the smaller name."""
    table = tested_clips(results)
    table = table.assign(right=table["y_pred"] == table["y_true"])
    clips = table.groupby("clip_id").agg(
        predictions=("right", "size"), right=("right", "sum"), share_right=("right", "mean"),
        score_true=("score_true", "mean"),
    )  # fmt: skip
    wrong = table[~table["right"].astype(bool)].groupby(["clip_id", "y_pred"]).size().reset_index(name="times")
    first = wrong.sort_values(["times", "y_pred"], ascending=[False, True]).drop_duplicates("clip_id")
    clips = clips.join(first.set_index("clip_id").rename(columns={"y_pred": "mistaken_for"})).reset_index()
    clips = clips.fillna({"mistaken_for": "", "times": 0}).astype({"times": int})
    return _named(results, clips.sort_values(["share_right", "score_true", "clip_id"]))[list(PER_CLIP_COLUMNS)]


def confident_errors_table(results, most=MOST):
    """Return the wrong test predictions with the highest scores, a row each: :data:`CONFIDENT_ERRORS_COLUMNS`."""
    table = tested_clips(results)
    labels = {model["name"]: model["label"] for model in results.models}
    wrong = table[table["y_pred"] != table["y_true"]].assign(model_label=table["model"].map(labels))
    order = ["score", "model", "clip_id", "seed"]
    wrong = wrong.sort_values(order, ascending=[False, True, True, True]).head(most)
    return _named(results, wrong)[list(CONFIDENT_ERRORS_COLUMNS)]


def _named(results, table):
    """Return a table with the path ('' where not recorded) and the label of each clip, rows numbered anew."""
    clips = results.clips.set_index("clip_id").reindex(columns=["path", "label"])
    joined = table.join(clips, on="clip_id").fillna({"path": ""})
    return joined.reset_index(drop=True)
