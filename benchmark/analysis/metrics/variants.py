"""Models that are one model varied, as ``variants`` in study.yaml has them: what was varied, and what it costs."""

import numpy as np

from benchmark.analysis.metrics.model_scores import model_latency

# What of a model in study.yaml shapes its features.
SHAPING = ("reads", "backbone", "weights", "input_size", "layer", "pooling", "crops", "resize", "options",
           "sample_rate", "output", "key", "sound", "text")  # fmt: skip


def variants_of(results, section):
    """Return [(model, variant)] of the models of a study, dicts, that a section of it made: 'ablation' or 'sweep'."""
    return [
        (model, variant)
        for model in results.study["models"]
        for variant in model.get("variants") or ()
        if variant["section"] == section
    ]


def extraction_seconds(results, model):
    """Return {name of features, or 'decode': mean seconds for one test clip} of a model, NaN where that is unknown.

    The mean over its trials done; {} where none has recorded it."""
    recorded = [trial.info.get("extraction_seconds") or {} for trial in results.done(model)]
    found = {}
    for name in dict.fromkeys(name for seconds in recorded for name in seconds):
        known = [seconds[name] for seconds in recorded if seconds.get(name) is not None]
        found[name] = float(np.mean(known)) if known else np.nan
    return found


def feature_settings(results, model, name):
    """Return {setting: value} of the features called ``name`` that a model of study.yaml reads, frames.n among them.

    Of one of several features; else of the model itself, which reads them alone."""
    given = next(one for one in results.study["models"] if one["name"] == model)
    parts = given["features"] if isinstance(given.get("features"), list) else []
    part = next((one for one in parts if one["name"] == name), given)
    frames = (given.get("frames") or {}) | (part.get("frames") or {})
    told = {key: part.get(key) for key in SHAPING} | {"frames": frames}
    inner = {f"{key}.{own}": each for key, value in told.items() if isinstance(value, dict)
             for own, each in value.items()}  # fmt: skip
    return {key: value for key, value in (told | inner).items() if not isinstance(value, dict)}


def seconds_per_clip(results, model):
    """Return extraction_s, classification_s and total_s of a model, seconds for one clip, a dict; NaN where unknown.

    extraction_s: the sum over its features, decoding included, NaN where one of them was not measured;
    classification_s: the head alone on the features of a clip, median."""
    features = extraction_seconds(results, model)
    extraction = float(sum(features.values())) if features else np.nan
    classification = model_latency(results, model).get("head_ms_p50", np.nan) / 1000
    return {
        "extraction_s": extraction, "classification_s": classification, "total_s": extraction + classification,
    }  # fmt: skip
