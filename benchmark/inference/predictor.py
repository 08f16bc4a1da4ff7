"""A finished trial as something that scores new files: whole recordings window by window, pictures as they are."""

import math
import time
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from pydantic import ValidationError

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.config.study import NetworkParams, Study
from benchmark.data.addresses import file_of
from benchmark.errors import FeatureError, StudyError, WeightsError
from benchmark.inference.stage_clock import StageClock
from benchmark.models.backend import import_keras
from benchmark.store.csv_file import read_text
from benchmark.store.labels import to_text
from benchmark.store.layout import (
    CLIPS,
    HEAD,
    MODEL,
    PREDICTIONS,
    RECORD,
    THRESHOLDS,
    check_format,
    read_record,
    study_folder,
)
from benchmark.store.predictions import read_predictions
from benchmark.tasks import TASKS
from spectrograms.audio import decode, read_clip
from spectrograms.errors import AudioError, FilmError, ImageError
from spectrograms.image import caveat, is_picture, read_image
from spectrograms.names import printable

PARTS = {MODEL: "model", HEAD: "head"}  # file of a trial: part of the classifier whose weights it holds
KEEPS_NOTHING = {"estimator": "an estimator", "fusion": "a late fusion of other models' scores"}  # by trainer
NEEDED = ("classes", "seed", "settings", "weights")  # of trial.json
LEAST = 0.5  # share of a last window that must be sound: in one with less, the silence after it would be scored
PROBE = 0.05  # seconds decoded to see whether a file goes on
CALLS = 20  # windows timed for a median
MOST = 20.0  # seconds after which no other is timed
DIGITS = 6  # of a score: float32 has no more


def check_trial(folder):
    """Return trial.json of a finished trial with a saved model; raise :class:`StudyError` where it is none."""
    folder = Path(folder)
    try:
        record = read_record(folder)
    except (OSError, ValueError, RecursionError) as error:
        near = sorted(path.parent for path in folder.glob(f"**/{RECORD}"))
        hint = f"; did you mean {near[0]}?" if near else ""
        raise StudyError(
            f"{folder} is no trial's folder: trial.json: {getattr(error, 'strerror', None) or error}{hint}"
        ) from None
    if record.get("status") != "done":
        raise StudyError(f"{folder}: the trial failed ({record.get('error')}), so there is no model")
    if what := KEEPS_NOTHING.get(record.get("trainer")):
        raise StudyError(f"{folder}: {record.get('label')} is {what}, which keeps nothing to predict with")
    if not any((folder / name).exists() for name in PARTS):
        raise StudyError(f"{folder} has no saved model; run the study with training.save: model")
    lacking = [key for key in NEEDED if not record.get(key) and record.get(key) != 0]
    if lacking or not isinstance(record["classes"], list):
        raise StudyError(f"{folder}: trial.json does not hold {', '.join(lacking) or 'a list of classes'}")
    check_format(record, folder)
    return record


def study_clips(trial):
    """Return path, image and label of the clips of a trial's study, indexed by clip_id, as text.

    image: that of the clip's picture, '' where clips.csv has none. No rows where the trial was taken elsewhere."""
    columns = ("path", "image", "label")
    try:
        clips = read_text(study_folder(trial) / CLIPS, ("clip_id", "path", "label"))
    except (StudyError, IndexError):
        return pd.DataFrame(columns=columns)
    return clips.set_index("clip_id").reindex(columns=columns, fill_value="")


def tested_clips(trial, predictor, files):
    """Return (Predictions of the test clips of a trial whose files are still there, their paths (n_clips,)).

    files: paths indexed by clip_id. Raises :class:`StudyError` where predictions.csv cannot be read."""
    test = read_predictions(Path(trial) / PREDICTIONS, predictor.study.task, predictor.thresholds).of("test")
    paths = files.reindex(test.clip_id, fill_value="").to_numpy()
    found = np.array([Path(file_of(path)).is_file() for path in paths], bool)
    return test.take(found), paths[found]


def window_starts(path, clip, hop=None):
    """Yield the seconds at which the windows of an audio or video file begin: ``clip.offset``, then every ``hop``.

    The first is the study's own clip, and is there whatever the file is. ``hop`` is in seconds, the duration of a clip
    unless given. A later window is left out where the one before it reaches the end of the file, or where less than
    half of it would be sound (where it would not be whole, under ``short: reject``). The end is found by decoding,
    since headers lie; nothing is kept, so a film needs no more memory than a clip."""
    hop, share = hop or clip.duration, 1.0 if clip.short == "reject" else LEAST
    for number in count():
        start = clip.offset + number * hop
        covered = start - hop + clip.duration
        if number and not _goes_on(path, max(covered, start + share * clip.duration - PROBE)):
            return
        yield start


def _goes_on(path, start):
    """Return whether a file has sound from ``start`` seconds on, PROBE seconds of it."""
    try:
        sound = decode(path, start, PROBE)
    except (AudioError, OSError):
        return False
    return len(sound.mono) > (PROBE - 0.001) * sound.rate  # a millisecond: the time stamps of Matroska


class Predictor:
    """The model of a trial's folder, rebuilt from its settings; only weights are read from its saved model.

    Files go the way that the training clips went: the same seconds, spectrogram, picture and size. ``thresholds`` are
    those of trial.json, {class: threshold}, or None where the task has none. ``known`` are the user's own networks:
    where they are given, the trial may name no other code than theirs (``check_trusted``); without them the folder is
    trusted."""

    def __init__(self, folder, record, known=None):
        import_keras()
        from benchmark.models.catalogue import check_trusted
        from benchmark.models.weights.load import load_file
        from benchmark.training.classifier import build_classifier
        from benchmark.training.loop import precision

        self.classes = record["classes"]
        self.study, self.network = _settings(folder, record)
        self.thresholds = _thresholds(folder, record, TASKS[self.study.task])
        if known is not None:
            for part in self.network.parts:
                check_trusted(part, known, folder)
        file, part = next((file, part) for file, part in PARTS.items() if (Path(folder) / file).exists())
        try:
            with precision("off"):
                self.classifier = build_classifier(
                    self.network, self.study, len(self.classes), record["seed"], load=part == "head"
                )
            load_file(getattr(self.classifier, part), Path(folder) / file)
        except WeightsError as error:
            raise StudyError(f"{folder}: {error}") from None
        if part == "head" and self.classifier.extractor.weights["sha256"] != record["weights"]["sha256"]:
            raise StudyError(
                f"{folder}: the head was trained on other weights of {self.network.label} than are found now"
            )

    def predict(self, path, hop=None, timed=False):
        """Return {file, predicted, thresholds, scores, error, caveat, windows, seconds, latency_ms} of one file.

        ``windows`` holds {start, predicted, scores, error} of each of :func:`window_starts`, start in seconds; a
        picture, or a file of features, is one window without start. A window that cannot be scored, such as a silent
        one, has an error instead of scores. The file's scores are the mean of its windows'; where there is none, its
        error is that of its first window. ``predicted`` is what the scores decide, as predictions.csv has it: a class,
        or of several labels all at or above their threshold, joined by '|'.
        ``seconds`` are those of each stage, {decode, feature ..., head} of several features, {read, features, head} or
        {read, model} of others, over all windows; those of the first file have what is compiled in them. They and
        ``latency_ms`` are None unless ``timed``: see :meth:`latency`. Raises StudyError for a ``hop`` that is
        none, or that a model that reads no windows has no use for."""
        if hop is not None and not 0 < hop < math.inf:
            raise StudyError(f"the hop must be a number of seconds above 0; got {hop:g}")
        if hop is not None and not self._reads_windows:
            raise StudyError(
                f"{self.network.label} reads a file as a whole "
                f"({', '.join(dict.fromkeys(part.reads for part in self.network.parts))}), not window by window: leave "
                "out the hop"
            )
        windows, scored, clock = [], [], StageClock()
        has_windows = self._has_windows(path)
        for start in window_starts(path, self.study.clip, hop) if has_windows else [None]:
            try:
                scores, error = self.classifier.score_in_stages(self._reader(start), path, clock), None
            except (AudioError, ImageError, FilmError, FeatureError, OSError) as problem:
                scores, error = None, getattr(problem, "reason", None) or str(problem)
            windows.append({"start": start, **self._said(scores), "error": error})
            scored += [] if scores is None else [(start, scores)]
        row = {"file": str(path), **self._said(None), "thresholds": self.thresholds, "error": None, "caveat": ""}
        seconds = {stage: round(took, 3) for stage, took in clock.items()} if timed else None
        row |= {"windows": windows, "seconds": seconds, "latency_ms": None}
        if not scored:
            return row | {"error": windows[0]["error"]}
        mean = np.mean([scores for _, scores in scored], axis=0, dtype="float64")
        latency = self.latency(path, [start for start, _ in scored]) if timed else None
        return row | self._said(mean) | {"caveat": self._caveat(path, scored[-1][0]), "latency_ms": latency}

    def _has_windows(self, path):
        """Return whether a file is scored window by window."""
        return self._reads_windows and not (self.network.reads == "picture" and is_picture(path))

    @property
    def _reads_windows(self):
        """Whether the model reads sound alone, as much of it as a clip."""
        kind, read = DATASET_KINDS[self.study.dataset.kind], [part.reads for part in self.network.parts]
        return all("clip" in sections and "frames" not in sections for sections in map(kind.sections, read))

    def decide(self, y_score):
        """Return which classes scores (n, n_classes) decide by the rule of the study's task, of that shape, bool."""
        limits = self.thresholds and np.array([self.thresholds[name] for name in self.classes])
        return TASKS[self.study.task].decide(y_score, limits)

    def _caveat(self, path, start):
        """Return what is to be known of a file whose last window begins at ``start`` seconds, '' if nothing."""
        if self.network.reads == "several":
            return _lacking(self.classifier.extractor.lacking)
        if start is None:
            return caveat(read_image(path)) if self.network.reads == "picture" else ""
        beyond = self.study.clip.model_copy(
            update={"offset": start, "duration": self.study.clip.duration + 1, "short": "pad"}
        )
        try:
            return read_clip(path, beyond, self.study.mel.sample_rate).caveat
        except (AudioError, OSError):
            return ""

    def latency(self, path, starts):
        """Return the median milliseconds of a window: {forward, file, calls}, 'file' with decoding and rendering.

        CALLS windows are timed, over and over from ``starts`` where these are fewer, but no more than fit into MOST
        seconds. The model has run before, so nothing is compiled."""
        forward, file = [], []
        for start in islice(cycle(starts), CALLS):
            if sum(file) > 1000 * MOST:
                break
            began = time.perf_counter()
            x = self._reader(start).read(path)
            read = time.perf_counter()
            self.classifier.score(x)
            done = time.perf_counter()
            forward.append(1000 * (done - read))
            file.append(1000 * (done - began))
        return {"forward": round(median(forward), 3), "file": round(median(file), 3), "calls": len(file)}

    def _reader(self, start):
        """Return the trial's extractor, reading the clip that begins at ``start`` seconds, and else what it read."""
        extractor = self.classifier.extractor
        return extractor if start is None else extractor.at(self.study.clip.model_copy(update={"offset": start}))

    def _said(self, scores):
        """Return {predicted, scores} of scores (n_classes,), by name; decided before they are rounded."""
        if scores is None:
            return {"predicted": None, "scores": None}
        named = {name: round(float(score), DIGITS) for name, score in zip(self.classes, scores, strict=True)}
        return {"predicted": to_text(self.decide(scores[None]), self.classes)[0], "scores": named}


def _lacking(errors):
    """Return in words what a file has not, {name of the features: error}."""
    found = {}
    for name, error in errors.items():
        found.setdefault(printable(str(error)), []).append(name)
    return "; ".join(f"without {', '.join(names)}: {reason}" for reason, names in found.items())


def _settings(folder, record):
    """Return (study, network) as trial.json has them."""
    try:
        settings = dict(record["settings"])
        network = NetworkParams.model_validate(settings.pop("model"))
        alone = settings | {"models": [network], "ensembles": ()}  # of the study's models
        return Study.model_validate(alone, context={"part": True}), network
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{folder}: trial.json does not hold the settings of a trial: {error}") from None


def _thresholds(folder, record, task):
    """Return {class: threshold} as trial.json has them, None where the task has none."""
    if not task.has_thresholds:
        return None
    given = record.get(THRESHOLDS)
    try:
        return {name: float(given[name]) for name in record["classes"]}
    except (KeyError, TypeError, ValueError):
        raise StudyError(f"{folder}: trial.json must hold the threshold of each class; got {given!r}") from None
