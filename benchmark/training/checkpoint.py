"""A training between two of its epochs, kept in one file: to go on from, to the same result."""

import json
import math
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from benchmark.files import replacing

DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile)


@dataclass
class Progress:
    """How far a training is, and the random state that its next epoch begins with."""

    order: np.ndarray  # of the training clips; shuffled in place
    rng: np.random.Generator
    rows: list[dict] = field(default_factory=list)  # of the history
    epoch: int = 0  # whole ones done
    seconds: float = 0.0
    over: bool = False  # stopped before its last epoch


class Watch:
    """Stop after ``patience`` validations without a lower loss, and keep the best or the last weights."""

    def __init__(self, model, training):
        self.model, self.training = model, training
        self.best, self.weights, self.waited = math.inf, None, 0

    def is_over(self, val_loss):
        """Return whether to stop, given the loss of a validation (NaN: none took place)."""
        if math.isnan(val_loss):
            return False
        self.waited = 0 if val_loss < self.best else self.waited + 1
        if val_loss < self.best:
            self.best = val_loss
            self.weights = self.model.get_weights() if self.training.keep == "best" else None
        return self.training.patience is not None and self.waited >= self.training.patience

    def finish(self):
        """Put the best weights back where they are wanted."""
        if self.weights is not None:
            self.model.set_weights(self.weights)


class Checkpoint:
    """The file of one training; ``key`` stands for all that the training depends on.

    It holds every variable of model and optimiser (with statistics, dropout seeds and moments), the best weights so
    far, the history, and the state of the random generator: a training that goes on from it takes the same steps. It is
    an NPZ file without pickled objects, written whole or not at all. ``seconds`` are those spent before it was
    loaded."""

    def __init__(self, path, key):
        self.path, self.key, self.seconds = Path(path), key, 0.0

    def save(self, model, watch, progress):
        """Write the state after an epoch; where the disk does not take it, warn: the training needs it not."""
        header = {
            "key": self.key, "epoch": progress.epoch, "seconds": progress.seconds, "over": progress.over,
            "rows": progress.rows, "rng": progress.rng.bit_generator.state, "best": watch.best, "waited": watch.waited,
        }  # fmt: skip
        arrays = {f"variable{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(model))}
        arrays |= {f"best{i}": array for i, array in enumerate(watch.weights or [])}
        header = np.frombuffer(json.dumps(header).encode(), np.uint8)
        try:
            with replacing(self.path) as temporary, open(temporary, "wb") as file:
                np.savez(file, header=header, order=progress.order, **arrays)
        except OSError as error:
            warnings.warn(f"no checkpoint {self.path}: {error.strerror or error}; training goes on", stacklevel=2)

    def restore(self, model, watch, progress):
        """Bring all three to the state in the file; leave them as they are where there is none that fits."""
        try:
            with np.load(self.path, allow_pickle=False) as file:
                header = json.loads(file["header"].tobytes())
                if header["key"] != self.key:
                    return
                arrays = {name: file[name] for name in file.files}
        except DAMAGED:
            return
        variables = _variables(model)
        if [arrays[f"variable{i}"].shape for i in range(len(variables))] != [tuple(v.shape) for v in variables]:
            return
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"variable{i}"])
        watch.weights = [arrays[f"best{i}"] for i in range(len(model.weights)) if f"best{i}" in arrays] or None
        watch.best, watch.waited = header["best"], header["waited"]
        progress.order, progress.rows, progress.epoch = arrays["order"], header["rows"], header["epoch"]
        progress.seconds, progress.over = header["seconds"], header["over"]
        progress.rng.bit_generator.state = header["rng"]
        self.seconds = progress.seconds


def _variables(model):
    """Return all variables of a compiled model and its optimiser, random states included, in an order of its own."""
    model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]
