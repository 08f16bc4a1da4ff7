"""One model, fold and seed, from clips to a folder of results."""

import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd

from benchmark.features.batches import Batches, image_batches
from benchmark.models.identity import builder_source
from benchmark.models.weights.load import file_digest
from benchmark.store.labels import to_matrix
from benchmark.store.predictions import pooled, predictions
from benchmark.tasks import accuracy
from benchmark.training.assembly import assemble, prepare_backbone
from benchmark.training.augmentation import make_transform
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.head_training import start_finetune, train_head
from benchmark.training.imbalance import balance
from benchmark.training.loop import fit, gpus, kept_iteration, precision, predict
from benchmark.training.optimizers import variable_factors
from benchmark.trials import latency
from benchmark.trials.energy import EnergyMeter
from benchmark.trials.provenance import Stages, hardware, peak_memory_mb, versions
from spectrograms import version
from spectrograms.files import replacing_folder
from spectrograms.params import fingerprint

EVALUATED = ("val", "test")


def run_trial(job, surroundings):
    """Train, evaluate and time one trial and write its folder; return trial.json as a dict.

    ``job`` and ``surroundings`` are those of :mod:`benchmark.trials.specification`. The folder appears under its own
    name only when it is complete."""
    study, trial, clips, classes = job.study, job.trial, job.rows, job.classes
    stages = Stages(surroundings.progress)
    with precision(study.training.mixed_precision) as policy:
        with stages("build"):
            assembly = assemble(trial.network, study, len(classes), trial.seed)
        with EnergyMeter() as meter:
            history, y_score, said = REGIMES[assembly.regime](assembly, job, clips, stages)
    with surroundings.alone(), stages("latency"):
        timings = measure_latency(study, trial, assembly, clips, classes)
    evaluated = clips[clips["split"].isin(EVALUATED)]
    y_true = to_matrix(evaluated["label"], classes)
    found = predictions(evaluated["split"], evaluated["clip_id"], y_true, y_score, classes, study.task)
    frames = {
        "predictions.csv": pooled(map(found.of, EVALUATED)).frame(),
        "history.csv": pd.DataFrame(history),
        "latency.csv": pd.DataFrame(timings),
    }
    record = trial.record(study) | {"origin": job.origin} | describe(study, trial, assembly, clips, classes, stages)
    record |= said | {"precision": policy, "latency_alone": surroundings.is_alone}
    record |= {"energy_j": meter.joules, "energy_sources": meter.sources}  # of all but building and timing
    record |= {"test_accuracy": accuracy(found.of("test").y_true, found.of("test").y_pred)}
    write_folder(trial.folder(study), record, frames, saved(assembly, study.training.save))
    trial.checkpoint(study).unlink(missing_ok=True)
    return record


def train_frozen(assembly, job, clips, stages):
    """Train the head on backbone outputs that are computed once per clip.

    Returns the history, the scores of val and test, and further keys of trial.json, as does every regime."""
    training, head = job.study.training, assembly.head
    with stages("features"):
        x = assembly.extractor.features(clips, training.batch_size)
    y = to_matrix(clips["label"], job.classes).astype("float32")

    def part(*splits):
        rows = np.flatnonzero(clips["split"].isin(splits))
        return x[rows], y[rows]

    with stages("train") as epoch_done:
        history, said = train_head(head, part("train"), part("val"), training, job.trial.seed, epoch_done)
    with stages("predict"):
        x, y = part(*EVALUATED)
        return history, predict(head, Batches(x.__getitem__, y, training.batch_size)), said


def train_finetune(assembly, job, clips, stages):
    """Train all layers on the pictures.

    A run that is cut goes on from the last whole epoch."""
    extractor, training, study = assembly.extractor, job.study.training, job.study
    size, y = extractor.backbone.input_size, to_matrix(clips["label"], job.classes).astype("float32")

    def batches(*splits, transform=None):
        rows = clips["split"].isin(splits).to_numpy()
        return image_batches(clips["image"][rows], y[rows], size, training.batch_size, transform)

    with stages("load"):
        train, val = batches("train", transform=make_transform(study.augment)), batches("val")
        balanced = balance(train.targets, training, job.trial.seed)
        val.weights = balanced.of(val.targets)
    with stages("head"):
        said = start_finetune(assembly, clips, (train.targets, val.targets), training, job.trial.seed)
    with stages("train") as epoch_done:
        before_validation = prepare_backbone(extractor, train, training)
        factors = variable_factors(extractor.core, assembly.head, extractor.network, training)
        checkpoint = Checkpoint(job.trial.checkpoint(study), fingerprint(dependencies(study, job.trial, clips)))
        history = fit(
            assembly.model, train.balanced(balanced), val, training, job.trial.seed, factors, before_validation,
            checkpoint, epoch_done,
        )  # fmt: skip
    stages.seconds["train"] += round(checkpoint.seconds, 3)  # those of the run that was cut
    with stages("predict"):
        y_score = predict(assembly.model, batches(*EVALUATED))
    return history, y_score, said | {"kept_iteration": kept_iteration(history, training)}


REGIMES = {"frozen": train_frozen, "finetune": train_finetune}


def measure_latency(study, trial, assembly, clips, classes):
    """Return the rows of latency.csv: the model on the CPU, in float32, as ``predict`` rebuilds it."""
    with keras.device("cpu:0"), precision("off"):
        served = _uncompiled(study, trial, assembly, classes)
        path = clips.loc[clips["split"] == "test", "path"].iloc[0]
        x = served.extractor.read(path)
        return latency.measure(
            lambda: served.score(x),
            lambda: served.score(served.extractor.read(path)),
            lambda: served.score_many([x] * study.latency.batch),
            study.latency,
        )


def _uncompiled(study, trial, assembly, classes):
    """Return the assembly as if new, so that its first call is one, whatever training has compiled before.

    An image network on a machine without GPU only needs a new model around its layers; all else is built again."""
    if trial.network.takes == "image" and not gpus():
        return replace(assembly, model=keras.Model(assembly.model.input, assembly.model.output))
    served = assemble(trial.network, study, len(classes), trial.seed, load=False)
    served.model.set_weights(assembly.model.get_weights())
    return served


def describe(study, trial, assembly, clips, classes, stages):
    """Return the part of trial.json that is known when the trial is done."""
    counts = clips["split"].value_counts()
    return {
        "status": "done",
        "error": None,
        "regime": assembly.regime,
        "weights": assembly.extractor.weights,
        "classes": list(classes),
        **{f"n_{split}": int(counts.get(split, 0)) for split in ("train", *EVALUATED)},
        "parameters": assembly.parameters,
        "flops": assembly.flops,
        "size_mb": round(assembly.parameters * 4 / 2**20, 2),  # float32, as MATLAB's table counts megabytes
        "train_seconds": stages.seconds["train"],
        "seconds": stages.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "threads": latency.threads(),
        "backend": keras.backend.backend(),
        "versions": versions(),
        "hardware": hardware(gpus()),
        "settings": study.model_dump(mode="json", exclude={"models"})
        | {"model": trial.network.model_dump(mode="json")},
        "depends_on": dependencies(study, trial, clips),
    }


def dependencies(study, trial, clips):
    """Return the fingerprints of all that a trial's result depends on, by name: what to compare before reusing it."""
    path = trial.network.weights_path
    network = trial.network.model_dump(mode="json", exclude={"label"})
    drawn = trial.network.takes == "image" and study.dataset.kind == "audio"
    picture = [study.mel, study.image] if drawn else []
    return {
        "clips": fingerprint(clips[["clip_id", "label", "sha256", "split"]].sort_values("clip_id").to_numpy().tolist()),
        "clip": fingerprint(study.clip),
        "picture": fingerprint(*picture),
        "training": fingerprint(study.training, study.augment),
        "latency": fingerprint(study.latency),
        "model": fingerprint(network),
        "weights": file_digest(path) if path and path.exists() else trial.network.weights,
        "builder": builder_source(trial.network),
        "code": CODE["picture" if drawn else study.dataset.kind](study),
    }


CODE = {  # of the way from a file to what a network gets, by what it gets
    "picture": lambda study: version.pictures(study.image),
    "images": lambda study: version.reading(),
    "audio": lambda study: version.decoding(),
}


def saved(assembly, save):
    """Return {file name: model} of what a trial keeps; the weights of an audio network stay where they came from."""
    if save == "none":
        return {}
    whole = save == "model" and assembly.model is not assembly.head
    kept = assembly.model if whole else assembly.head
    # Not compiled, for the optimiser would be saved as well: twice the size of the weights.
    return {"model.keras" if whole else "head.keras": keras.Model(kept.inputs, kept.outputs, name=kept.name)}


def write_folder(folder, record, frames, models):
    """Write a trial's files; the folder is there whole or not at all."""
    with replacing_folder(folder) as temporary:
        for name, frame in frames.items():
            frame.to_csv(temporary / name, index=False)
        for name, model in models.items():
            model.save(temporary / name)
            record |= {"file_mb": round((temporary / name).stat().st_size / 2**20, 2)}
        (temporary / "trial.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
