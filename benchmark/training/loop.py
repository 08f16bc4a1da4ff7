"""Train a model under a study's settings, step by step, and keep its history."""

import contextlib
import math
import time

import keras
import numpy as np

from benchmark.config.training import EPOCHS
from benchmark.errors import TrainingError
from benchmark.training.checkpoint import Progress, Watch
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


def fit(model, train, val, training, seed=0, factors=None, before_validation=lambda: None, checkpoint=None,
        epoch_done=lambda done, total: None):  # fmt: skip
    """Train ``model`` in place on :class:`Batches` and return its history: one dict per iteration.

    ``factors`` are those of :func:`benchmark.training.optimizers.make_optimizer`. ``before_validation`` is called
    before each validation, e.g. to bring batch-norm statistics up to date. Where no validation took
    place val_loss and val_accuracy are NaN. With a :class:`Checkpoint` the state is kept after each epoch, and training
    goes on from there. ``epoch_done`` is told of each. Raises :class:`TrainingError` where the loss is no number any
    more."""
    keras.utils.set_random_seed(seed)
    model.compile(make_optimizer(training, factors), loss="categorical_crossentropy", metrics=["accuracy"])
    progress, watch = Progress(np.arange(len(train)), np.random.default_rng(seed)), Watch(model, training)
    if checkpoint:
        checkpoint.restore(model, watch, progress)
    start = time.perf_counter() - progress.seconds
    n_epochs = training.epochs or EPOCHS[False]
    while not progress.over and progress.epoch < n_epochs:
        for row in _epoch(model, train, val, training, progress, before_validation):
            progress.seconds = row["seconds"] = round(time.perf_counter() - start, 3)
            progress.rows.append(row)
            if watch.is_over(row["val_loss"]):
                progress.over = True
                break
        progress.epoch += 1
        if checkpoint:
            checkpoint.save(model, watch, progress)
        epoch_done(progress.epoch, n_epochs)
    watch.finish()  # the best weights come back with the statistics that they were validated with
    if math.isnan(progress.rows[-1]["val_loss"]) and training.keep == "last":
        before_validation()
        progress.rows[-1] |= validate(model, val)  # MATLAB's final validation
    return progress.rows


def _epoch(model, train, val, training, progress, before_validation):
    """Yield a row of the history for each step of the next epoch."""
    epoch, steps, begun = progress.epoch + 1, len(train) // train.batch_size, len(progress.rows)
    model.optimizer.learning_rate = rate = learning_rate(training, epoch)
    for number, batch in enumerate(_batches(train, training, progress), 1):
        row = {"iteration": begun + number, "epoch": epoch, "seconds": 0.0, **_step(model, batch, training, epoch)}
        if is_due(begun + number, number == steps, training):
            before_validation()
            row |= validate(model, val)
        yield row | {"learning_rate": rate}


def _batches(train, training, progress):
    """Return the batches of the next epoch, shuffled where it is due."""
    if training.shuffle == "every-epoch" or (training.shuffle == "once" and progress.epoch == 0):
        progress.rng.shuffle(progress.order)
    return train.for_training(progress.order, progress.rng)


def learning_rate(training, epoch):
    """Return the learning rate in an epoch (from 1): constant, or dropped piecewise every ``drop_period`` epochs."""
    drops = (epoch - 1) // training.drop_period if training.drop_period else 0
    return training.learning_rate * training.drop_factor**drops


def is_due(iteration, last_of_epoch, training):
    """Return whether to validate after an iteration: every so many and the first, as MATLAB, or after each epoch."""
    every = training.validation_frequency
    return last_of_epoch if every is None else iteration == 1 or iteration % every == 0


def _step(model, batch, training, epoch):
    """Train on one batch and return its loss and accuracy before the step."""
    model.reset_metrics()
    logs = model.train_on_batch(*batch, return_dict=True)
    if not math.isfinite(logs["loss"]):
        raise TrainingError(
            f"the training loss is no longer a number in epoch {epoch}; "
            f"a learning_rate below {training.learning_rate:g} may help"
        )
    return {
        "loss": float(logs["loss"]),
        "accuracy": float(logs["accuracy"]),
        "val_loss": math.nan,
        "val_accuracy": math.nan,
    }


def predict(model, batches):
    """Return the class probabilities (n_clips, n_classes) of all clips, in order."""
    scores = [keras.ops.convert_to_numpy(model.predict_on_batch(inputs))[:n] for inputs, n in batches.in_order()]
    return np.concatenate(scores)


def kept_iteration(history, training):
    """Return the iteration whose weights a training kept: the first of the lowest val_loss, or the last."""
    validated = [row for row in history if not math.isnan(row["val_loss"])]
    best = training.keep == "best" and validated
    return (min(validated, key=lambda row: row["val_loss"]) if best else history[-1])["iteration"]


def validate(model, val):
    """Return the cross-entropy, by clip weights where there are any, and the accuracy of the validation clips."""
    y_score = predict(model, val)
    losses = -np.log(np.clip((y_score * val.targets).sum(axis=1), 1e-7, 1))  # clipped as Keras does
    loss = np.average(losses, weights=val.weights)
    return {"val_loss": float(loss), "val_accuracy": float((y_score.argmax(1) == val.targets.argmax(1)).mean())}
