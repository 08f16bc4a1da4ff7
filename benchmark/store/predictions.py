"""The table of predictions: the one file that carries what a model said from training to analysis.

On disk: split (val | test), clip_id, y_true, y_pred (class names, several joined by '|'), then ``score_<class>`` for
every class. In memory: :class:`Predictions`, matrices."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from benchmark.errors import StudyError
from benchmark.store.csv_file import read_csv
from benchmark.store.labels import to_matrix, to_text
from benchmark.tasks import TASKS

SPLITS = ("val", "test")
TEXT_COLUMNS = ("split", "clip_id", "y_true", "y_pred")
SCORE = "score_"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said of some clips."""

    split: np.ndarray  # (n_clips,) val or test
    clip_id: np.ndarray  # (n_clips,)
    y_true: np.ndarray  # (n_clips, n_classes) bool
    y_pred: np.ndarray  # (n_clips, n_classes) bool
    y_score: np.ndarray  # (n_clips, n_classes)
    classes: tuple[str, ...]

    def __len__(self):
        """Return the number of clips."""
        return len(self.clip_id)

    def take(self, rows):
        """Return some of the clips: by their numbers, or a mask (n_clips,)."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ARRAYS})

    def of(self, split):
        """Return those of a split, 'val' or 'test'."""
        return self.take(self.split == split)

    def ordered(self, classes):
        """Return the same with the columns of these classes, in this order; they must be the same classes."""
        columns = [self.classes.index(name) for name in classes]
        parts = {name: getattr(self, name)[:, columns] for name in MATRICES}
        return replace(self, **parts, classes=tuple(classes))

    def names(self, which):
        """Return y_true or y_pred as text, (n_clips,) object."""
        return to_text(getattr(self, which), self.classes)

    def frame(self):
        """Return the table that is written, a row per clip."""
        text = {"split": self.split, "clip_id": self.clip_id, "y_true": self.names("y_true")}
        scores = {SCORE + name: self.y_score[:, column] for column, name in enumerate(self.classes)}
        return pd.DataFrame(text | {"y_pred": self.names("y_pred")} | scores)


MATRICES = ("y_true", "y_pred", "y_score")
ARRAYS = tuple(field.name for field in fields(Predictions) if field.name != "classes")


def pooled(parts):
    """Return several predictions of the same classes, one after the other."""
    parts = list(parts)
    return replace(parts[0], **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS})


def as_written(y_score):
    """Return scores as a reader of predictions.csv finds them: float64 of the shortest text that tells a float32.

    A threshold tuned on the binary values may be one of them exactly, and its text lie below it."""
    y_score = np.asarray(y_score)
    return y_score.astype(str).astype(float) if y_score.dtype == np.float32 else y_score


def predictions(split, clip_ids, y_true, y_score, classes, task="multiclass", thresholds=None):
    """Return the :class:`Predictions` that scores decide, by the task's rule.

    split: one word for all, or (n_clips,); clip_ids (n_clips,); y_true and y_score (n_clips, n_classes), columns in the
    order of ``classes``; thresholds {class: threshold} where the task has them, 0.5 unless given. Raises ValueError
    where shapes, split or labels do not fit."""
    classes, y_true, y_score = tuple(map(str, classes)), np.asarray(y_true, dtype=bool), as_written(y_score)
    expected = (len(clip_ids), len(classes))
    if y_score.shape != expected or y_true.shape != expected:
        raise ValueError(f"y_true and y_score must have shape {expected}; got {y_true.shape} and {y_score.shape}")
    split = np.broadcast_to(np.asarray(split, dtype=object), len(clip_ids))
    clip_id = np.array([str(clip_id) for clip_id in clip_ids], dtype=object)
    y_pred = TASKS[task].decide(y_score, _in_order(thresholds, classes))
    made = Predictions(split, clip_id, y_true, y_pred, y_score, classes)
    if problem := _problem(made, task, thresholds):
        raise ValueError(problem)
    return made


def read_predictions(path, task="multiclass", thresholds=None):
    """Return the :class:`Predictions` of a trial; ``thresholds`` {class: threshold} are those of its trial.json.

    Raises :class:`StudyError`, naming the file, where it is no CSV, a column is missing, a score is not a finite
    number, a class is unknown, or y_pred is not what the scores decide."""
    # A clip or class may be called 'NA' or '007': text columns stay text.
    frame = read_csv(path, TEXT_COLUMNS, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False)
    classes = tuple(column.removeprefix(SCORE) for column in frame.columns if column.startswith(SCORE))
    if not classes:
        raise StudyError(f"{path}: missing column {SCORE}<class>; it has {', '.join(frame.columns)}")
    y_score = frame[[SCORE + name for name in classes]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    try:
        y_true, y_pred = (to_matrix(frame[column], classes) for column in ("y_true", "y_pred"))
    except KeyError as error:
        raise StudyError(
            f"{path}: unknown class {error.args[0]}; the score columns know {', '.join(classes)}"
        ) from None
    ids, split = (frame[column].to_numpy(object) for column in ("clip_id", "split"))
    read = Predictions(split, ids, y_true, y_pred, y_score, classes)
    if problem := _problem(read, task, thresholds):
        raise StudyError(f"{path}: {problem}")
    return read


def _in_order(thresholds, classes):
    """Return {class: threshold} as an array (n_classes,), None where there are none."""
    return None if not thresholds else np.array([thresholds[name] for name in classes], float)


def _problem(found, task, thresholds):
    """Return in words what is wrong with predictions, or None."""
    if odd := sorted(set(found.split) - set(SPLITS)):
        return f"split must be one of {', '.join(SPLITS)}; got {', '.join(odd)}"
    rules = TASKS[task]
    if thresholds and (lacking := sorted(set(found.classes) - set(thresholds))):
        return f"trial.json holds no threshold of {', '.join(lacking)}"
    flaws = {
        "has a score that is no number": ~np.isfinite(found.y_score).all(axis=1),
        f"has a y_true that is no label of the task {task}": ~rules.labels(found.y_true),
        "has a y_pred that its scores do not decide": ~rules.agrees(
            found.y_pred, found.y_score, _in_order(thresholds, found.classes)
        ),
    }
    return next((f"clip {found.clip_id[rows.argmax()]} {flaw}" for flaw, rows in flaws.items() if rows.any()), None)
