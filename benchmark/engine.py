"""All trials of a study, one after the other: what is done is kept, what fails is recorded, the rest goes on."""

import gc
import json
import traceback

import keras

from benchmark.config import StudyError
from benchmark.models.catalogue import build_backbone, find_builder
from benchmark.models.weights import WeightsError
from benchmark.training.fit import TrainingError
from benchmark.trial import Trial, dependencies, run_trial, write_folder
from spectrograms.audio import AudioError
from spectrograms.image import ImageError

EXPECTED = (StudyError, WeightsError, TrainingError, AudioError, ImageError, MemoryError, OSError)


def plan(study, folds):
    """Return the trials, model by model; ``folds`` is {seed: [split of each clip, ...]}."""
    return [
        Trial(net, fold, seed) for net in study.models for seed, parts in folds.items() for fold in range(len(parts))
    ]


def check_models(study):
    """Raise :class:`StudyError` for a model that cannot be found, or whose own weights file does not fit it."""
    for network in study.models:
        path = network.weights_path
        if path is not None and not path.exists():
            raise StudyError(f"{network.name}: no weights at {path}; give a file that exists, or 'weights: random'")
        if network.takes == "image":
            find_builder(network.backbone)
            if path is not None:
                _fits(network)


def _fits(network):
    try:
        build_backbone(network)
    except WeightsError as error:
        raise StudyError(f"{network.name}: {error}") from None
    finally:
        keras.utils.clear_session()


def run_all(study, clips, folds, force=False, say=print):
    """Run the trials that are not done; return the records of all, in order.

    ``say`` gets one line per trial: reused and why redone, accuracy and seconds, or what failed."""
    trials, classes, records = plan(study, folds), sorted(clips["label"].unique()), []
    for number, trial in enumerate(trials, 1):
        name = f"[{number}/{len(trials)}] {trial.network.label}, fold {trial.fold}, seed {trial.seed}"
        rows, own = clips.assign(split=folds[trial.seed][trial.fold]), study.for_model(trial.network)
        done, why = reusable(own, trial, rows)
        if done and not force:
            say(f"{name}: done before, kept")
            records.append(done)
            continue
        say(f"{name}: {'asked for again' if done else why} …")
        records.append(attempt(own, trial, rows, classes))
        say(f"{name}: {outcome(records[-1])}")
        keras.utils.clear_session()
        gc.collect()
    return records


def reusable(study, trial, clips):
    """Return (record, '') of a finished trial that still stands, or (None, why it has to run)."""
    try:
        record = json.loads((trial.folder(study) / "trial.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, "not run yet"
    if record.get("status") != "done":
        return None, "failed before"
    was, now = record.get("depends_on", {}), dependencies(study, trial, clips)
    changed = [name for name in now if was.get(name) != now[name]]
    return (None, f"again, since {', '.join(changed)} changed") if changed else (record, "")


def attempt(study, trial, clips, classes):
    """Run one trial; where it fails, record why in its folder and go on."""
    try:
        return run_trial(study, trial, clips, classes)
    except EXPECTED as error:
        reason, details = " ".join(str(error).split()) or type(error).__name__, None
    except Exception as error:  # of any library: the other trials still run, and the traceback is kept
        reason, details = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", traceback.format_exc()
    record = trial.record(study) | {"status": "failed", "error": reason, "traceback": details}
    write_folder(trial.folder(study), record, {}, {})
    return record


def outcome(record):
    """Return one trial's result in words."""
    if record["status"] == "failed":
        return f"FAILED: {record['error']}"
    seconds = sum(record["seconds"].values())
    accuracy = f"{record['test_accuracy']:.3f} of {record['n_test']} test clips right"
    return f"{accuracy}; {seconds:.0f} s, of them training {record['train_seconds']:.1f} s"
