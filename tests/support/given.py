"""Clips that are given as features, and a study of them."""

import h5py
import numpy as np

from benchmark.config.study import NetworkParams
from benchmark.data.conversion.convert import TEXT
from tests.support.studies import study_of

CLASSES = ("action", "comedy", "drama")


def network(key=None, name="given"):
    """Return a model that reads given features of a key."""
    return NetworkParams(name=name, label="Given", reads="given", key=key)


def features_of(label, rng, n_steps=4, dim=6):
    """Return features (n_steps, dim) that tell their class."""
    return (CLASSES.index(label) + rng.normal(size=(n_steps, dim)) / 4).astype("f4")


def write_features(path, per_class=12, **changes):
    """Write an HDF5 file with clips of CLASSES, each with the array 'x'; ``changes`` are attributes of all groups."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for label in CLASSES:
            for number in range(per_class):
                group = file.create_group(f"{label}{number:02}")
                group["x"] = features_of(label, rng, 3 + number % 3)
                group.attrs["labels"] = np.array([label], TEXT)
                for name, value in changes.items():
                    group.attrs[name] = value
    return path


def given_study(root, tmp_path, models=None, **changes):
    """Return a study of features in ``root``."""
    pictures = study_of(root, tmp_path, **changes)
    dataset = pictures.dataset.model_copy(update={"kind": "features"})
    return pictures.model_copy(update={"dataset": dataset, "models": tuple(models or [network()])})
