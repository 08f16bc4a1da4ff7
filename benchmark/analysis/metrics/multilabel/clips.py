"""Clip by clip: which labels most models miss, and which they give wrongly."""

import numpy as np
import pandas as pd

from benchmark.analysis.metrics.misclassified import score_of_labels
from benchmark.store.labels import to_text
from benchmark.tasks.scores import clip_f1, exact_match

CLIP_COLUMNS = (
    "clip_id", "path", "label", "predictions", "right", "share_right", "f1", "score_true", "missed", "added",
)  # fmt: skip


def label_clips_table(results):
    """Return a row per tested clip with :data:`CLIP_COLUMNS`, the hardest first.

    Over the predictions of all models and trials: how many are right in all labels, the mean F1 of the clip's labels
    and the mean score of its true ones; missed, added: the classes that at least half of the predictions missed, or
    gave wrongly, joined as labels are."""
    trials = [trial.test for trial in results.trials if trial.done]
    if not trials:
        return pd.DataFrame(columns=CLIP_COLUMNS)
    ids, place = np.unique(np.concatenate([part.clip_id for part in trials]).astype(str), return_inverse=True)
    n = np.bincount(place)

    def mean(of_part):
        values = np.concatenate([of_part(part) for part in trials]).astype(float)
        if values.ndim == 1:
            return np.bincount(place, values) / n
        return np.stack([np.bincount(place, column) for column in values.T], axis=1) / n[:, None]

    right = mean(lambda part: exact_match(part.y_true, part.y_pred))
    wrong = {"missed": lambda part: part.y_true & ~part.y_pred, "added": lambda part: part.y_pred & ~part.y_true}
    table = pd.DataFrame({
        "clip_id": ids, "predictions": n, "right": np.rint(right * n).astype(int), "share_right": right,
        "f1": mean(lambda part: clip_f1(part.y_true, part.y_pred)), "score_true": mean(score_of_labels),
        **{name: to_text(mean(marked) >= 0.5, results.classes) for name, marked in wrong.items()},
    })  # fmt: skip
    clips = results.clips.set_index("clip_id").reindex(columns=["path", "label"])
    table = table.join(clips, on="clip_id").fillna({"path": ""})
    return table.sort_values(["f1", "score_true", "clip_id"], ignore_index=True)[list(CLIP_COLUMNS)]
