"""Train a model under a study's settings, step by step, and keep its history."""

import contextlib
import math
import time

import keras
import numpy as np

from benchmark.training.optimizers import make_optimizer

POLICIES = {"off": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


class TrainingError(ArithmeticError):
    """Training went where no result can come from."""


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


def fit(model, train, val, training, seed=0, factors=None, before_validation=lambda: None):
    """Train ``model`` in place on :class:`Batches` and return its history: one dict per iteration.

    ``factors`` are those of :func:`benchmark.training.optimizers.make_optimizer`. ``before_validation`` is called
    before each validation, e.g. to bring batch-norm statistics up to date. Where no validation took
    place val_loss and val_accuracy are NaN. Raises :class:`TrainingError` where the loss is no number any more."""
    keras.utils.set_random_seed(seed)
    model.compile(make_optimizer(training, factors), loss="categorical_crossentropy", metrics=["accuracy"])
    rng, start, rows = np.random.default_rng(seed), time.perf_counter(), []
    watch = Watch(model, training)
    for epoch, last, batch in _steps(train, training, rng):
        model.optimizer.learning_rate = rate = learning_rate(training, epoch)
        row = {"iteration": len(rows) + 1, "epoch": epoch, "seconds": 0.0, **_step(model, batch, training, epoch)}
        if is_due(len(rows) + 1, last, training):
            before_validation()
            row |= validate(model, val)
        rows.append(row | {"seconds": round(time.perf_counter() - start, 3), "learning_rate": rate})
        if watch.is_over(row["val_loss"]):
            break
    watch.finish()  # the best weights come back with the statistics that they were validated with
    if math.isnan(rows[-1]["val_loss"]) and training.keep == "last":
        before_validation()
        rows[-1] |= validate(model, val)  # MATLAB's final validation
    return rows


def _steps(train, training, rng):
    """Yield (epoch, whether it is the epoch's last step, batch)."""
    order = np.arange(len(train))
    for epoch in range(1, training.epochs + 1):
        if training.shuffle == "every-epoch" or (training.shuffle == "once" and epoch == 1):
            rng.shuffle(order)
        steps = len(train) // train.batch_size
        for number, batch in enumerate(train.for_training(order, rng), 1):
            yield epoch, number == steps, batch


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


def validate(model, val):
    """Return the cross-entropy and the accuracy of the validation clips."""
    y_score = predict(model, val)
    loss = -np.log(np.clip((y_score * val.targets).sum(axis=1), 1e-7, 1)).mean()  # clipped as Keras does
    return {"val_loss": float(loss), "val_accuracy": float((y_score.argmax(1) == val.targets.argmax(1)).mean())}


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
