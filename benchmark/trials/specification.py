"""What an engine runs and what it gives along: light types, that a process can be told of before it loads Keras."""

import contextlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.config.study import NetworkParams, Study
from benchmark.store.trial_format import FORMAT
from benchmark.trials.provenance import suite


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
        return study.folder / "trials" / self.name

    def checkpoint(self, study):
        """Return the file that keeps the state of a fine-tuning between its epochs."""
        return self.folder(study).with_name(f".{self.fold}-{self.seed}.checkpoint.npz")

    def record(self, study):
        """Return what is known of the trial before it runs: the first part of trial.json."""
        return {
            "format": FORMAT,
            "model": self.network.name,
            "label": self.network.label,
            "fold": self.fold,
            "seed": self.seed,
            "regime": study.training.regime,
            "weights": {"name": self.network.weights_name, "sha256": None},
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

    @property
    def rows(self):
        """The clip table with its ``split`` in this fold."""
        return self.clips.assign(split=self.split)


@dataclass(frozen=True)
class Surroundings:
    """What an engine gives to a trial."""

    progress: callable = lambda stage, done=0, total=0: None  # called with the stage's name, e.g. ("train", 3, 50)
    alone: callable = contextlib.nullcontext  # latency is measured in it: nothing else of the study runs meanwhile
    is_alone: bool = True  # False where an engine cannot promise that
