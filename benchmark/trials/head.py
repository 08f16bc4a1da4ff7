"""A trial of a network with a head: both are joined, trained stage by stage, and kept for predictions."""

import keras

from benchmark.store.labels import to_matrix
from benchmark.store.layout import HEAD, MODEL
from benchmark.store.predictions import SPLITS
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.classifier import build_classifier
from benchmark.training.data import TrialData
from benchmark.training.loop import predict
from benchmark.training.regimes import stages_of
from benchmark.training.stages import run_stages
from benchmark.trials.extraction import extraction_seconds
from benchmark.trials.specification import Trained


def train(job, clips, stages, key):
    """Return the :class:`Trained` of a job; arguments as for :data:`benchmark.trials.trainers.TRAINERS`."""
    study, trial = job.study, job.trial
    with stages("build"):
        classifier = build_classifier(trial.network, study, len(job.classes), trial.seed)
    history, y_score, said = train_and_predict(classifier, job, clips, stages, key)
    said |= {
        "regime": classifier.regime,
        "weights": classifier.extractor.weights,
        "parameters": classifier.parameters,
        "flops": classifier.flops,
        "extraction_seconds": extraction_seconds(classifier.extractor, study, trial.network, clips),
        "size_mb": round(classifier.parameters * 4 / 2**20, 2),  # float32, as MATLAB's table counts megabytes
    }
    return Trained(y_score, said, history, saved(classifier, study.training.save), classifier.extractor.network)


def train_and_predict(classifier, job, clips, stages, key):
    """Train the model through the stages of its regime; return history, scores of val and test, keys of trial.json.

    A run that is cut goes on from the last whole epoch of all layers."""
    study, trial = job.study, job.trial
    plan = stages_of(trial.network, study)
    targets = to_matrix(clips["label"], job.classes).astype("float32")
    data = TrialData(classifier, clips, targets, study, trial.seed, job.classes)
    checkpoint = Checkpoint(trial.checkpoint(study), key)
    history, said = run_stages(plan, classifier, data, stages, checkpoint)
    stages.seconds["train"] += round(checkpoint.seconds, 3)  # those of the run that was cut
    with stages("predict"):
        trains = plan[-1].trains
        return history, predict(classifier.trained(trains), data.batches(trains, *SPLITS)), said


def saved(classifier, save):
    """Return {file name: model} of what a trial keeps; the weights of an audio network stay where they came from."""
    if save == "none":
        return {}
    whole = save == "model" and classifier.model is not classifier.head
    kept = classifier.model if whole else classifier.head
    # Not compiled, for the optimiser would be saved as well: twice the size of the weights.
    return {MODEL if whole else HEAD: keras.Model(kept.inputs, kept.outputs, name=kept.name)}
