"""The folder of a trial that was never trained, as a run writes it: no step is taken, so that it takes a moment."""

import json

import numpy as np

from benchmark.config.sections import read_section
from benchmark.config.study import NetworkParams, Study
from benchmark.training.classifier import build_classifier


def write_trial(folder, network, classes, part="model.keras", kind="images"):
    """Write trial.json and the model or head (``part``) of a network's settings below ``folder``; return the folder."""
    raw = {"name": "s", "dataset": {"root": "x", "kind": kind}, "clip": {"duration": 1}, "models": [network]}
    study, rng = read_section(Study, raw), np.random.default_rng(0)
    classifier = build_classifier(study.models[0], study, len(classes), seed=3)
    dense = classifier.head.get_layer("scores")  # weights as after training, so that scores differ from clip to clip
    dense.set_weights([0.05 * rng.normal(size=weight.shape) for weight in dense.get_weights()])
    trial = folder / "trials" / network["name"] / "0-3"
    trial.mkdir(parents=True)
    (classifier.model if part == "model.keras" else classifier.head).save(trial / part)
    settings = study.model_dump(mode="json", exclude={"models"})
    settings["model"] = NetworkParams.model_validate(network).model_dump(mode="json")
    record = {"format": 1, "status": "done", "classes": classes, "seed": 3, "weights": classifier.extractor.weights}
    (trial / "trial.json").write_text(json.dumps(record | {"settings": settings}))
    return trial
