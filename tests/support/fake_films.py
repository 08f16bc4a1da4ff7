"""A made-up results folder of films of several genres: models of every kind, most on features that others have too."""

import json

import numpy as np
import pandas as pd
from PIL import Image

from tests.support.fake_results import build_results, change_trial

GENRES = ("Action", "Adventure", "Comedy", "Crime", "Drama", "Horror", "Romance", "SciFi", "Thriller")
FRAMES = {"backbone": "package.resnet:ResNet152", "reads": "frames"}
SOUND = {"backbone": None, "reads": "spectrogram"}

# As those of fake_results.NETWORKS: label, skill, median latency (ms), parameters, size (MB); None where it has none.
METHODS = {
    "random": ("Random", 0.0, None, None, None),
    "prior": ("Prior", 0.02, None, None, None),
    "vllf": ("VLLF", 0.15, None, None, None),
    "av": ("AV", 0.35, None, None, None),
    "lstm": ("LSTM", 0.5, 310.0, 2_362_633, 9.0),
    "ctt_s": ("CTT-MMC-S", 0.5, 120.0, 400_000, 1.5),
    "ctt_a": ("CTT-MMC-A", 0.65, 300.0, 1_575_433, 6.0),
    "ctt_b": ("CTT-MMC-B", 0.62, 301.0, 1_641_225, 6.3),
    "ctt_c": ("CTT-MMC-C", 0.7, 302.0, 1_838_601, 7.0),
    "ctt_tn": ("CTT-MMC-TN", 0.75, None, None, None),
}  # fmt: skip
NO_NETWORK = {"backbone": None, "weights": None, "head": None}
MEASURES = NO_NETWORK | {"reads": "low_level"}
SETTINGS = {  # of study.yaml
    "random": NO_NETWORK | {"estimator": {"kind": "uniform"}},
    "prior": NO_NETWORK | {"estimator": {"kind": "prior"}},
    "vllf": MEASURES | {"features": "visual", "estimator": {"kind": "svm", "c": [0.1, 1, 10]}},
    "av": MEASURES | {"features": "visual_and_sound", "estimator": {"kind": "svm", "c": [0.1, 1, 10]}},
    "lstm": FRAMES | {"head": {"kind": "lstm", "units": 256, "dropout": 0.5, "length": 120, "mask": False}},
    "ctt_s": SOUND | {"head": {"kind": "ctt_spectrogram", "filters": 256, "parts": 11, "draws": 10}},
    "ctt_a": FRAMES | {"head": {"kind": "ctt", "filters": 256, "width": 3, "hidden": [], "maxout": None}},
    "ctt_b": FRAMES | {"head": {"kind": "ctt", "filters": 256, "width": 3, "hidden": [256], "maxout": None}},
    "ctt_c": FRAMES | {"head": {"kind": "ctt", "filters": 256, "width": 3, "hidden": [256], "maxout": 4}},
    "ctt_tn": NO_NETWORK | {"fusion": {"members": ["ctt_c", "ctt_s"], "step": 0.05}},
}
# Of Table 1: parts and draws; those of CTT-MMC-S itself are 11 and 10.
PAIRS = [(parts, draws) for parts in (3, 5, 7, 9, 11) for draws in (5, 10)][:-1]
SEGMENTS = {f"ctt_s_{parts}_{draws}": (parts, draws) for parts, draws in PAIRS}


def build_films(
    folder, models=tuple(METHODS), seeds=(0, 1), published="wehrmann2017", sheets=(), segments=False, **more
):
    """Write a results folder of films and return its path.

    sheets: numbers of clips that have a contact sheet; segments: whether the models of Table 1 are there too; more: as
    of :func:`fake_results.build_results`."""
    networks, settings = dict(METHODS), dict(SETTINGS)
    for name, (parts, draws) in SEGMENTS.items() if segments else ():
        networks[name] = (f"CTT-MMC-S, p = {parts}, {draws} draws", 0.4 + parts / 100, 120.0, 400_000, 1.5)
        settings[name] = SOUND | {"head": {"kind": "ctt_spectrogram", "parts": parts, "draws": draws}}
    models = (*models, *SEGMENTS) if segments else models
    more = {"classes": GENRES, "failed": (), "random": (), "task": "multilabel"} | more
    build_results(folder, models, 1, seeds, published=published, networks=networks, settings=settings, **more)
    for trial in folder.glob("trials/*/*/trial.json"):
        info = json.loads(trial.read_text())
        if networks[info["model"]][3] is None and info["status"] == "done":
            change_trial(trial.parent, **_without_network(settings[info["model"]], info["seed"]))
    _contact_sheets(folder, sheets)
    return folder


def _without_network(settings, seed):
    """Return what trial.json says of a model that is no network."""
    found = {"weights": {"name": None, "sha256": None}, "flops": None, "file_mb": None, "regime": None}
    if "fusion" not in settings:
        return found
    fused = {"members": settings["fusion"]["members"], "weights": [(12 + seed) / 20, (8 - seed) / 20]}
    return found | {"fusion": fused, "train_seconds": None, "threads": None, "peak_memory_mb": None}


def _contact_sheets(folder, sheets):
    """Draw a contact sheet of some clips, and name it in the column ``image`` of clips.csv."""
    clips = pd.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)
    clips["image"] = ""
    for number in sheets:
        cells = np.random.default_rng(number).integers(0, 256, (3, 4, 3), dtype=np.uint8)
        path = folder / f"sheet{number}.png"
        Image.fromarray(cells).resize((480, 210), Image.Resampling.NEAREST).save(path)
        clips.loc[number, "image"] = str(path)
    clips.to_csv(folder / "clips.csv", index=False)
