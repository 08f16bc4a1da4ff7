"""Trial specifications: picklable and free of Keras, so that a worker can be started before Keras is imported."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark.config.features import FeatureParams
from benchmark.config.study import NetworkParams, Study
from benchmark.store.layout import FORMAT, trial_folder
from benchmark.trials.provenance import suite

NO_WEIGHTS = {"name": None, "sha256": None}


@dataclass(frozen=True)
class Trial:
    """What is trained: one network on one fold with one seed."""

    network: NetworkParams
    fold: int
    seed: int

    @property
    def name(self):
        """What tells the trial from the others of its study, e.g. 'vgg16/0-1'."""
        return f"{self.network.name}/{self.fold}-{self.seed}"

    def folder(self, study):
        """Return the trial's folder."""
        return trial_folder(study.folder, self.network.name, self.fold, self.seed)

    def checkpoint(self, study):
        """Return the file that keeps the state of a fine-tuning between its epochs."""
        return self.folder(study).with_name(f".{self.fold}-{self.seed}.checkpoint.npz")

    def drop_checkpoints(self, study):
        """Remove those of all stages of the training."""
        for path in self.folder(study).parent.glob(f".{self.fold}-{self.seed}.checkpoint*.npz"):
            path.unlink(missing_ok=True)

    def record(self, study):
        """Return what is known of the trial before it runs: the first part of trial.json."""
        return {
            "format": FORMAT,
            "model": self.network.name,
            "label": self.network.label,
            "fold": self.fold,
            "seed": self.seed,
            "trainer": self.network.trainer,
            "regime": study.training.regime if self.network.is_trained else None,
            "weights": NO_WEIGHTS | {"name": self.network.weights_name},
            "suite": suite(),
        }


@dataclass(frozen=True, eq=False)
class Job:
    """A trial with all that it needs, fit to be sent to another process."""

    study: Study  # as it holds for the trial's model
    trial: Trial
    clips: pd.DataFrame
    split: np.ndarray  # of each clip in this fold
    classes: list[str]
    origin: dict | None = None  # of the study: benchmark.store.origin
    part: FeatureParams | None = None  # which of the network's features are computed, where it is these alone

    @property
    def rows(self):
        """The clip table with its ``split`` in this fold."""
        return self.clips.assign(split=self.split)


@dataclass(frozen=True, eq=False)
class Trained:
    """What a way to make a trial gives: a row of :data:`benchmark.trials.trainers.TRAINERS`."""

    y_score: np.ndarray  # (n_clips, n_classes) of the clips of val and test, in the order of the table
    said: dict  # what trial.json says of it, beside what it says of every trial
    history: list[dict] = field(default_factory=list)  # a row per evaluation in training
    models: dict = field(default_factory=dict)  # {file name: Keras model} that is kept for predictions
    network: NetworkParams | None = None  # as it was built, where that says more than the study
