"""One model, fold and seed, from clips to a folder of results."""

import json

import keras
import pandas as pd

from benchmark.features.dependencies import depends_on
from benchmark.models.backend import cores
from benchmark.store.labels import to_matrix
from benchmark.store.layout import HEAD, HISTORY, MODEL, PREDICTIONS, RECORD, THRESHOLDS
from benchmark.store.predictions import as_written, pooled, predictions
from benchmark.tasks import TASKS
from benchmark.tasks.thresholds import find_thresholds
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.classifier import build_classifier
from benchmark.training.data import TrialData
from benchmark.training.loop import gpus, precision, predict
from benchmark.training.regimes import stages_of
from benchmark.training.stages import run_stages
from benchmark.trials.energy import EnergyMeter
from benchmark.trials.provenance import Stages, hardware, peak_memory_mb, versions
from spectrograms.files import replacing_folder
from spectrograms.params import Params, content_hash

EVALUATED = ("val", "test")
OF_TASK = {"task", "thresholds"}  # of a study: what a trial depends on where it is given


def run_trial(job, progress=None):
    """Train and evaluate one trial and write its folder; return trial.json as a dict.

    ``job`` is that of :mod:`benchmark.trials.specification`; ``progress(stage, done, total)`` hears how far the trial
    is. The folder appears under its own name only when it is complete. Latency is added to it when no trial runs any
    more, see :mod:`benchmark.engines.timing`."""
    study, trial, clips, classes = job.study, job.trial, job.rows, job.classes
    stages = Stages(progress)
    with precision(study.training.mixed_precision) as policy:
        with stages("build"):
            classifier = build_classifier(trial.network, study, len(classes), trial.seed)
        with EnergyMeter() as meter:
            history, y_score, said = train_and_predict(classifier, job, clips, stages)
    evaluated = clips[clips["split"].isin(EVALUATED)]
    y_true, y_score = to_matrix(evaluated["label"], classes), as_written(y_score)
    thresholds = thresholds_of(study, evaluated["split"].to_numpy() == "val", y_true, y_score, classes)
    found = predictions(evaluated["split"], evaluated["clip_id"], y_true, y_score, classes, study.task, thresholds)
    frames = {
        PREDICTIONS: pooled(map(found.of, EVALUATED)).frame(),
        HISTORY: pd.DataFrame(history),
    }
    record = trial.record(study) | {"origin": job.origin} | describe(study, trial, classifier, clips, classes, stages)
    record |= said | {"precision": policy, "energy_j": meter.joules}
    task, test = TASKS[study.task], found.of("test")
    score = task.scores[task.headline](test.y_true, test.y_score)
    record |= {"headline": task.headline, f"test_{task.headline}": score, THRESHOLDS: thresholds}
    write_folder(trial.folder(study), record, frames, saved(classifier, study.training.save))
    trial.drop_checkpoints(study)
    return record


def thresholds_of(study, val, y_true, y_score, classes):
    """Return {class: threshold}, tuned where the study says so on the clips ``val`` (n_clips,) bool; None without."""
    if not TASKS[study.task].has_thresholds:
        return None
    found = find_thresholds(y_true[val], y_score[val], **study.thresholds.model_dump())
    return dict(zip(classes, found.tolist(), strict=True))


def train_and_predict(classifier, job, clips, stages):
    """Train the model through the stages of its regime; return history, scores of val and test, keys of trial.json.

    A run that is cut goes on from the last whole epoch of all layers."""
    study, trial = job.study, job.trial
    plan = stages_of(trial.network, study)
    targets = to_matrix(clips["label"], job.classes).astype("float32")
    data = TrialData(classifier, clips, targets, study, trial.seed, job.classes)
    checkpoint = Checkpoint(trial.checkpoint(study), content_hash(dependencies(study, trial, clips)))
    history, said = run_stages(plan, classifier, data, stages, checkpoint)
    stages.seconds["train"] += round(checkpoint.seconds, 3)  # those of the run that was cut
    with stages("predict"):
        trains = plan[-1].trains
        return history, predict(classifier.trained(trains), data.batches(trains, *EVALUATED)), said


def describe(study, trial, classifier, clips, classes, stages):
    """Return the part of trial.json that is known when the trial is done."""
    counts = clips["split"].value_counts()
    return {
        "status": "done",
        "error": None,
        "regime": classifier.regime,
        "weights": classifier.extractor.weights,
        "classes": list(classes),
        **{f"n_{split}": int(counts.get(split, 0)) for split in ("train", *EVALUATED)},
        "parameters": classifier.parameters,
        "flops": classifier.flops,
        "size_mb": round(classifier.parameters * 4 / 2**20, 2),  # float32, as MATLAB's table counts megabytes
        "train_seconds": stages.seconds["train"],
        "seconds": stages.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "threads": len(cores()),
        "backend": keras.backend.backend(),
        "versions": versions(),
        "hardware": hardware(gpus()),
        "settings": study.model_dump(mode="json", exclude={"models"})
        | {"model": classifier.extractor.network.model_dump(mode="json")},
        "depends_on": dependencies(study, trial, clips),
    }


def dependencies(study, trial, clips):
    """Return the fingerprints of all that a trial's result depends on, by name: what to compare before reusing it.

    Settings count where they differ from their defaults, so that a new setting makes no finished trial run again."""
    depended = depends_on(trial.network, study)
    del depended["network"]  # the whole of it is in 'model'
    rows = clips[["clip_id", "label", "sha256", "split"]]
    return {
        "clips": content_hash(rows.sort_values("clip_id").to_numpy().tolist()),
        "training": content_hash(_given(study.training), _given(study.augment)),
        **{name: content_hash(given) for name, given in _given(study, include=OF_TASK).items()},
        "model": content_hash(
            _given(trial.network, exclude={"label", "features", "training", "augment", "frames", "thresholds"})
        ),
        **{name: content_hash(_given(part) if isinstance(part, Params) else part) for name, part in depended.items()},
    }


def _given(section, **options):
    """Return the settings of a section that differ from their defaults, as plain JSON."""
    return section.model_dump(mode="json", exclude_defaults=True, **options)


def saved(classifier, save):
    """Return {file name: model} of what a trial keeps; the weights of an audio network stay where they came from."""
    if save == "none":
        return {}
    whole = save == "model" and classifier.model is not classifier.head
    kept = classifier.model if whole else classifier.head
    # Not compiled, for the optimiser would be saved as well: twice the size of the weights.
    return {MODEL if whole else HEAD: keras.Model(kept.inputs, kept.outputs, name=kept.name)}


def write_folder(folder, record, frames, models):
    """Write a trial's files; the folder is there whole or not at all."""
    with replacing_folder(folder) as temporary:
        for name, frame in frames.items():
            frame.to_csv(temporary / name, index=False)
        for name, model in models.items():
            model.save(temporary / name)
            record |= {"file_mb": round((temporary / name).stat().st_size / 2**20, 2)}
        (temporary / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
