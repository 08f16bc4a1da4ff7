"""A study of coloured pictures that a tiny network learns in a second."""

import keras
import numpy as np
from PIL import Image

from benchmark.config.sections import read_section
from benchmark.config.study import Study
from benchmark.data import preparation as prepare
from benchmark.engines import schedule as engine

COLOURS = {"blue": (20, 30, 200), "green": (20, 200, 30), "red": (200, 20, 30)}


def SmallNet(include_top=False, weights=None, input_shape=(32, 32, 3), pooling=None):
    """A network that learns in a second: the contract of keras.applications."""
    image = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, strides=2)(image)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.5)(x))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="small")


SmallNet.preprocess_input = lambda images: images / 127.5 - 1


SMALL = {"name": "small", "label": "Small", "backbone": "tests.support.studies:SmallNet"}


NETWORK = SMALL | {"weights": "random", "input_size": 32}


FAST = {"calls": 3, "seconds": 0, "warmup": 1}


def write_pictures(root):
    """Write twenty pictures a class into ``root``, its colour with noise; return it."""
    rng = np.random.default_rng(0)
    for label, colour in COLOURS.items():
        (root / label).mkdir()
        for number in range(20):
            noisy = np.clip(colour + rng.normal(size=(40, 60, 3)) * 40, 0, 255).astype("uint8")
            Image.fromarray(noisy).save(root / label / f"{number:02}.png")
    return root


def study_of(root, tmp_path, kind="images", **changes):
    raw = {
        "name": "colours",
        "dataset": {"root": str(root), "kind": kind},
        "training": {"epochs": 15, "learning_rate": 0.02, "patience": None, **changes.pop("training", {})},
        "latency": FAST,
        "models": [NETWORK],
        "results": str(tmp_path / "results"),
        "cache": str(tmp_path / "cache"),
    }
    return read_section(Study, raw | changes)


def run(study, **options):
    said = []
    ready = prepare.prepare(study, said.append)
    prepare.write_study(study, ready)
    return engine.run_all(study, ready.clips, ready.folds, say=said.append, **options), "\n".join(said)


def folder_of(study, name="small"):
    return study.folder / "trials" / name / "0-0"
