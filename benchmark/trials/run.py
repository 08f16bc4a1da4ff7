"""One model, fold and seed, from clips to a folder of results."""

import hashlib
import json

import keras
import pandas as pd

from benchmark.features.dependencies import depends_on
from benchmark.models.backend import cores
from benchmark.store.labels import to_matrix
from benchmark.store.layout import HISTORY, PREDICTIONS, RECORD, THRESHOLDS, trial_folder
from benchmark.store.predictions import SPLITS, as_written, pooled, predictions
from benchmark.store.results import HISTORY_COLUMNS
from benchmark.tasks import TASKS
from benchmark.tasks.thresholds import find_thresholds
from benchmark.training.loop import gpus, precision
from benchmark.trials.energy import EnergyMeter
from benchmark.trials.provenance import Stages, hardware, peak_memory_mb, versions
from benchmark.trials.trainers import TRAINERS
from spectrograms.files import replacing_folder
from spectrograms.params import Params, content_hash

OF_TASK = {"task", "thresholds"}  # of a study: what a trial depends on where it is given
# Of a network: what it is called, and sections of its own, which count as the study has them for it.
SHOWN = {"label", "features", "training", "augment", "frames", "thresholds", "variants"}


def run_trial(job, progress=None):
    """Train and evaluate one trial and write its folder; return trial.json as a dict.

    ``job`` is that of :mod:`benchmark.trials.specification`; ``progress(stage, done, total)`` hears how far the trial
    is. The folder appears under its own name only when it is complete. Latency is added to it when no trial runs any
    more, see :mod:`benchmark.engines.timing`."""
    study, trial, clips, classes = job.study, job.trial, job.rows, job.classes
    stages, depended = Stages(progress), dependencies(study, trial, clips)
    with precision(study.training.mixed_precision) as policy, EnergyMeter() as meter:
        trained = TRAINERS[trial.network.trainer](job, clips, stages, content_hash(depended))
    evaluated = clips[clips["split"].isin(SPLITS)]
    y_true, y_score = to_matrix(evaluated["label"], classes), as_written(trained.y_score)
    thresholds = thresholds_of(study, evaluated["split"].to_numpy() == "val", y_true, y_score, classes)
    found = predictions(evaluated["split"], evaluated["clip_id"], y_true, y_score, classes, study.task, thresholds)
    task, test = TASKS[study.task], found.of("test")
    frames = {
        PREDICTIONS: pooled(map(found.of, SPLITS)).frame(),
        HISTORY: pd.DataFrame(trained.history or None, columns=None if trained.history else HISTORY_COLUMNS),
    }
    record = trial.record(study) | {"origin": job.origin} | describe(job, clips, stages, trained.network)
    record |= {"depends_on": depended, **trained.said, "precision": policy, "energy_j": meter.joules}
    score = task.scores[task.headline](test.y_true, test.y_score)
    record |= {"headline": task.headline, f"test_{task.headline}": score, THRESHOLDS: thresholds}
    write_folder(trial.folder(study), record, frames, trained.models)
    trial.drop_checkpoints(study)
    return record


def thresholds_of(study, val, y_true, y_score, classes):
    """Return {class: threshold}, tuned where the study says so on the clips ``val`` (n_clips,) bool; None without."""
    if not TASKS[study.task].has_thresholds:
        return None
    found = find_thresholds(y_true[val], y_score[val], **study.thresholds.model_dump())
    return dict(zip(classes, found.tolist(), strict=True))


def describe(job, clips, stages, network=None):
    """Return the part of trial.json that is known when any trial is done; its trainer adds what only that knows."""
    network = network or job.trial.network
    counts = clips["split"].value_counts()
    return {
        "status": "done",
        "error": None,
        "classes": list(job.classes),
        **{f"n_{split}": int(counts.get(split, 0)) for split in ("train", *SPLITS)},
        **dict.fromkeys(("parameters", "flops", "size_mb")),
        "train_seconds": stages.seconds["train"],
        "seconds": stages.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "threads": len(cores()),
        "backend": keras.backend.backend(),
        "versions": versions(),
        "hardware": hardware(gpus()),
        "settings": job.study.model_dump(mode="json", exclude={"models"}) | {"model": network.model_dump(mode="json")},
    }


def dependencies(study, trial, clips):
    """Return the fingerprints of all that a trial's result depends on, by name: what to compare before reusing it.

    Settings count where they differ from their defaults, so that a new setting makes no finished trial run again. Of
    other models whose trials come first, predictions count."""
    depended = {}
    for part in trial.network.parts:
        of_it = depends_on(part, study if part is trial.network else study.for_features(part))
        del of_it["network"]  # the whole of it is in 'model', or here
        of_it |= {} if part is trial.network else {"features": _given(part, exclude={"label", "frames"})}
        depended |= {of_part(part, trial.network, name): value for name, value in of_it.items()}
    rows = clips[["clip_id", "label", "sha256", "split"]]
    needed = {name: trial_folder(study.folder, name, trial.fold, trial.seed) for name in trial.network.needs}
    return {
        "clips": content_hash(rows.sort_values("clip_id").to_numpy().tolist()),
        "training": content_hash(_given(study.training), _given(study.augment)),
        **{name: content_hash(given) for name, given in _given(study, include=OF_TASK).items()},
        "model": content_hash(_given(trial.network, exclude=SHOWN)),
        **{name: content_hash(_given(part) if isinstance(part, Params) else part) for name, part in depended.items()},
        **{f"predictions of {name}": _digest(folder / PREDICTIONS) for name, folder in needed.items()},
    }


def of_part(part, network, name):
    """Return what a trial calls something that it depends on for one of its network's ``parts``."""
    return name if part is network else f"{part.name}: {name}"


def _given(section, **options):
    """Return the settings of a section that differ from their defaults, as plain JSON."""
    return section.model_dump(mode="json", exclude_defaults=True, **options)


def _digest(path):
    """Return the SHA-256 of a file; None where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def write_folder(folder, record, frames, models):
    """Write a trial's files; the folder is there whole or not at all."""
    with replacing_folder(folder) as temporary:
        for name, frame in frames.items():
            frame.to_csv(temporary / name, index=False)
        for name, model in models.items():
            model.save(temporary / name)
            record |= {"file_mb": round((temporary / name).stat().st_size / 2**20, 2)}
        (temporary / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
