"""The table of predictions: the one file that carries what a model said from training to analysis.

Columns: split (val | test), clip_id, y_true, y_pred (class names), then ``score_<class>`` for every class."""

import numpy as np
import pandas as pd

from benchmark.errors import StudyError

SPLITS = ("val", "test")
TEXT_COLUMNS = ("split", "clip_id", "y_true", "y_pred")
SCORE = "score_"


def to_frame(split, clip_ids, y_true, y_score, classes):
    """Return the predictions of one split, a row per clip; y_pred is the class of the highest score.

    clip_ids and y_true: (n_clips,) strings; y_score: (n_clips, n_classes), columns in the order of ``classes``.
    Raises ValueError where the shapes, the split or a label do not fit."""
    classes = [str(name) for name in classes]
    y_score = np.asarray(y_score)
    expected = (len(clip_ids), len(classes))
    if y_score.shape != expected or len(y_true) != len(clip_ids):
        raise ValueError(f"y_score must have shape {expected} and y_true {expected[0]} labels; "
                         f"got {y_score.shape} and {len(y_true)}")  # fmt: skip
    text = {
        "split": split,
        "clip_id": [str(clip_id) for clip_id in clip_ids],
        "y_true": [str(label) for label in y_true],
        "y_pred": [classes[best] for best in y_score.argmax(axis=1)],
    }
    scores = {SCORE + name: y_score[:, column] for column, name in enumerate(classes)}
    frame = pd.DataFrame(text | scores)
    if problem := _problem(frame):
        raise ValueError(problem)
    return frame


def read_predictions(path):
    """Return the predictions of a trial: frames of :func:`to_frame`, one after the other.

    Raises :class:`StudyError`, naming the file, where it is no CSV, a column is missing, a score is not a finite
    number, a class is unknown, or y_pred is not the class of the highest score."""
    try:
        # A clip or class may be called 'NA' or '007': text columns stay text.
        frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise StudyError(f"{path} cannot be read: {error}") from None
    for column in frame.columns[frame.columns.str.startswith(SCORE)]:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    if problem := _problem(frame):
        raise StudyError(f"{path}: {problem}")
    return frame


def class_names(frame):
    """Return the names of the classes, in the order of the score columns."""
    return [column.removeprefix(SCORE) for column in frame.columns if column.startswith(SCORE)]


def score_matrix(frame):
    """Return y_score, shape (n_clips, n_classes), columns as in :func:`class_names`."""
    return frame[[SCORE + name for name in class_names(frame)]].to_numpy(float)


def _problem(frame):
    """Return in words what is wrong with a frame of predictions, or None."""
    missing = [column for column in TEXT_COLUMNS if column not in frame.columns]
    classes = class_names(frame)
    if missing or not classes:
        return f"missing column {', '.join(missing) or SCORE + '<class>'}; it has {', '.join(frame.columns)}"
    if odd := sorted(set(frame["split"]) - set(SPLITS)):
        return f"split must be one of {', '.join(SPLITS)}; got {', '.join(odd)}"
    if unknown := sorted(set(frame["y_true"]).union(frame["y_pred"]) - set(classes)):
        return f"unknown class {', '.join(unknown)}; the score columns know {', '.join(classes)}"
    y_score = score_matrix(frame)
    if not np.isfinite(y_score).all():
        return (
            f"clip {frame['clip_id'][int(np.argmin(np.isfinite(y_score).all(axis=1)))]} has a score that is no number"
        )
    chosen = y_score[np.arange(len(frame)), pd.Index(classes).get_indexer(frame["y_pred"])]
    if (chosen < y_score.max(axis=1)).any():
        return (
            f"y_pred of clip {frame['clip_id'][int(np.argmax(chosen < y_score.max(axis=1)))]} has not the highest score"
        )
    return None
