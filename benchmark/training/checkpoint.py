"""A training between two of its epochs, kept in one file: to go on from, to the same result."""

import json
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from spectrograms.files import replacing

# RuntimeError: a flipped bit may claim encryption or an unknown compression
DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile)


@dataclass
class Progress:
    """How far a training is, and the random state that its next epoch begins with."""

    order: np.ndarray  # of the training clips; shuffled in place
    rng: np.random.Generator
    rows: list[dict] = field(default_factory=list)  # of the history
    epoch: int = 0  # whole ones done
    seconds: float = 0.0
    over: bool = False  # stopped before its last epoch


class Checkpoint:
    """The file of one training; ``key`` stands for all that the training depends on.

    It holds every variable of model and optimiser (with statistics, dropout seeds and moments), the best weights so
    far, the history, and the state of the random generator: a training that goes on from it takes the same steps. It is
    an NPZ file without pickled objects, written whole or not at all."""

    def __init__(self, path, key):
        self.path, self.key, self.spent, self.parts = Path(path), key, 0.0, []

    @property
    def seconds(self):
        """Those spent before the file, or those of the stages, were loaded."""
        return self.spent + sum(part.spent for part in self.parts)

    def of_stage(self, number):
        """Return the checkpoint of a stage, counted from 1: files of their own, so that no stage is trained twice."""
        name = self.path.name if number == 1 else f"{self.path.stem}-{number}{self.path.suffix}"
        part = Checkpoint(self.path.with_name(name), self.key)
        self.parts.append(part)
        return part

    def save(self, model, stopping, progress):
        """Write the state after an epoch; where the disk does not take it, warn: the training needs it not."""
        variables, best = _variables(model), stopping.weights or []
        header = {
            "key": self.key, "made_with": _made_with(), "shapes": _shapes(variables), "n_best": len(best),
            "epoch": progress.epoch, "seconds": progress.seconds, "over": progress.over, "rows": progress.rows,
            "rng": progress.rng.bit_generator.state, "best": stopping.best, "waited": stopping.waited,
        }  # fmt: skip
        arrays = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8), "order": progress.order}
        arrays |= {f"best{i}": array for i, array in enumerate(best)} | _names(variables)
        try:
            with replacing(self.path) as temporary, zipfile.ZipFile(temporary, "w") as file:
                for name, array in arrays.items():  # one at a time: np.savez wants a copy of all, 2 GB for VGG-16
                    with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, keras.ops.convert_to_numpy(array), allow_pickle=False)
        except OSError as error:
            warnings.warn(f"no checkpoint {self.path}: {error.strerror or error}; training goes on", stacklevel=2)

    def restore(self, model, stopping, progress):
        """Bring all three to the state in the file; leave them as they are where there is none that fits."""
        variables = _variables(model)
        try:
            with np.load(self.path, allow_pickle=False) as file:
                header = json.loads(file["header"].tobytes())
                if not self._fits(file, header, variables):
                    return
                for name, variable in _names(variables).items():
                    variable.assign(file[name])
                stopping.weights = [file[f"best{i}"] for i in range(header["n_best"])] or None
                progress.order = file["order"]
        except DAMAGED:
            return
        stopping.best, stopping.waited = header["best"], header["waited"]
        progress.rows, progress.epoch, progress.over = header["rows"], header["epoch"], header["over"]
        progress.rng.bit_generator.state = header["rng"]
        self.spent = progress.seconds = header["seconds"]

    def _fits(self, file, header, variables):
        """Return whether a file is whole and of this training: it is read once through before anything is changed."""
        found = (header["key"], header["made_with"], header["shapes"])
        names = {"header", "order", *_names(variables), *(f"best{i}" for i in range(header["n_best"]))}
        same = found == (self.key, _made_with(), _shapes(variables)) and set(file.files) == names
        return same and file.zip.testzip() is None


def _made_with():
    """Return what the numbers also depend on: another precision or backend would go on to another result."""
    return [keras.version(), keras.backend.backend(), keras.config.dtype_policy().name]


def _names(variables):
    return {f"variable{i}": variable for i, variable in enumerate(variables)}


def _shapes(variables):
    return [list(variable.shape) for variable in variables]


def _variables(model):
    """Return all variables of a compiled model and its optimiser, random states included, in an order of its own."""
    if not model.optimizer.built:  # the loss scale of float16 would begin anew
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]
