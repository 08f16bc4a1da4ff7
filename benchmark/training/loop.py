"""Train a model through one stage, step by step, and keep its history.

The loop is ours and not ``Model.fit``, since that validates between epochs alone, where MATLAB validates every so many
iterations, and since its callbacks cannot bring back the order of the clips and every random state: a training that was
cut has to go on to the same bits. A step itself is Keras' own ``train_on_batch``."""

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from benchmark.errors import TrainingError
from benchmark.training.checkpoint import Checkpoint, Progress
from benchmark.training.early_stopping import EarlyStopping, gain
from benchmark.training.optimizers import make_optimizer

POLICIES = {"off": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def gpus():
    """Return the names of the accelerators that Keras' backend sees, e.g. ['gpu:0']."""
    with contextlib.suppress(RuntimeError, AttributeError):  # how the backends say that there is none
        return keras.distribution.list_devices("gpu")
    return []


@contextlib.contextmanager
def precision(setting):
    """Build layers under ``mixed_precision``: 'auto' is float16 where there is a GPU and off where there is none."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES["float16" if gpus() else "off"] if setting == "auto" else POLICIES[setting])
    try:
        yield keras.config.dtype_policy().name
    finally:
        keras.config.set_dtype_policy(before)


@dataclass(frozen=True)
class FitOptions:
    """What a training may be given besides its data and its stage."""

    factors: dict | None = None  # of :func:`benchmark.training.optimizers.make_optimizer`
    before_validation: Callable = lambda: None  # called before each, e.g. to bring batch-norm statistics up to date
    checkpoint: Checkpoint | None = None  # keeps the state after each epoch; training goes on from there
    epoch_done: Callable = lambda done, total: None  # told of each epoch


def fit(model, train, val, stage, seed=0, options=FitOptions()):
    """Train ``model`` in place on :class:`Batches` and return its history: one dict per iteration.

    ``stage`` is a :class:`benchmark.training.regimes.Stage` that takes steps. Where no validation took place, val_loss
    and the scores of the stage's task, ``val_<name>``, are NaN. Raises :class:`TrainingError` where the loss is no
    number any more."""
    keras.utils.set_random_seed(seed)
    settings, checkpoint = stage.settings, options.checkpoint
    model.compile(make_optimizer(stage, options.factors), loss=stage.loss.in_steps, metrics=[*stage.task.step_metrics])
    progress = Progress(np.arange(len(train)), np.random.default_rng(seed))
    stopping = EarlyStopping(model, stage.monitor, stage.patience, settings.keep)
    if checkpoint:
        checkpoint.restore(model, stopping, progress)
    start = time.perf_counter() - progress.seconds
    while not progress.over and progress.epoch < stage.epochs:
        for row in _epoch(model, train, val, stage, progress, options.before_validation):
            progress.seconds = row["seconds"] = round(time.perf_counter() - start, 3)
            progress.rows.append(row)
            if stopping.is_over(row):
                progress.over = True
                break
        progress.epoch += 1
        if checkpoint:
            checkpoint.save(model, stopping, progress)
        options.epoch_done(progress.epoch, stage.epochs)
    stopping.finish()  # the best weights come back with the statistics that they were validated with
    if math.isnan(progress.rows[-1]["val_loss"]) and settings.keep == "last":
        options.before_validation()
        progress.rows[-1] |= validate(model, val, stage)  # MATLAB's final validation
    return progress.rows


def _epoch(model, train, val, stage, progress, before_validation):
    """Yield a row of the history for each step of the next epoch."""
    epoch, steps, begun = progress.epoch + 1, len(train) // train.batch_size, len(progress.rows)
    gains = [gain(stage.monitor, row) for row in progress.rows]
    model.optimizer.learning_rate = rate = stage.rate(epoch, [value for value in gains if not math.isnan(value)])
    for number, batch in enumerate(_batches(train, stage.settings, progress), 1):
        row = {"iteration": begun + number, "epoch": epoch, "seconds": 0.0, **_step(model, batch, stage, epoch)}
        if is_due(begun + number, number == steps, stage.settings):
            before_validation()
            row |= validate(model, val, stage)
        yield row | {"learning_rate": rate}


def _batches(train, settings, progress):
    """Return the batches of the next epoch, shuffled where it is due."""
    if settings.shuffle == "every-epoch" or (settings.shuffle == "once" and progress.epoch == 0):
        progress.rng.shuffle(progress.order)
    return train.for_training(progress.order, progress.rng)


def is_due(iteration, last_of_epoch, settings):
    """Return whether to validate after an iteration: every so many and the first, as MATLAB, or after each epoch."""
    every = settings.validation_frequency
    return last_of_epoch if every is None else iteration == 1 or iteration % every == 0


def _step(model, batch, stage, epoch):
    """Train on one batch and return its loss and accuracy before the step."""
    model.reset_metrics()
    logs = model.train_on_batch(*batch, return_dict=True)
    if not math.isfinite(logs["loss"]):
        raise TrainingError(
            f"the training loss is no longer a number in epoch {epoch}; "
            f"a learning_rate below {stage.learning_rate:g} may help"
        )
    found = {name: float(logs[name]) for name in ("loss", *stage.task.step_metrics)}
    return found | dict.fromkeys(("val_loss", *(f"val_{name}" for name in stage.task.scores)), math.nan)


def predict(model, batches):
    """Return the class probabilities (n_clips, n_classes) of all clips, in order: of each the mean over its draws."""
    scores = [keras.ops.convert_to_numpy(model.predict_on_batch(inputs))[:n] for inputs, n in batches.in_order()]
    scores = np.concatenate(scores)
    return scores.reshape(len(batches), batches.draws, scores.shape[1]).mean(axis=1)


def validate(model, val, stage):
    """Return the loss, by clip weights where there are any, and the scores of the task on the validation clips."""
    y_score, y_true = predict(model, val), val.targets > 0
    mean = np.average(stage.loss.per_clip(val.targets, y_score), weights=val.weights)
    return {"val_loss": float(mean)} | {
        f"val_{name}": score(y_true, y_score) for name, score in stage.task.scores.items()
    }
