"""Train a model under a study's settings and keep its history."""

import contextlib
import math
import time

import keras

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgdm": lambda learning_rate: keras.optimizers.SGD(learning_rate, momentum=0.9),
    "rmsprop": keras.optimizers.RMSprop,
}
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


def fit(model, train, val, training, seed=0):
    """Train ``model`` in place and return its history, one dict per epoch.

    ``train`` and ``val`` are (inputs, targets) arrays or a PyDataset of such batches; targets (n_clips, n_classes).
    With ``patience`` training stops after that many epochs without a lower val_loss and the best epoch's weights are
    kept. Raises :class:`TrainingError` where the loss is no number any more."""
    keras.utils.set_random_seed(seed)
    optimizer = OPTIMIZERS[training.optimizer](learning_rate=training.learning_rate)
    model.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    history = History()
    callbacks = [keras.callbacks.TerminateOnNaN(), history]
    if training.patience:
        callbacks += [keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True)]
    batches = {} if isinstance(train, keras.utils.PyDataset) else {"batch_size": training.batch_size}
    inputs, targets = (train, None) if not batches else train
    model.fit(
        inputs,
        targets,
        validation_data=val,
        epochs=training.epochs,
        callbacks=callbacks,
        verbose=0,
        shuffle=True,
        **batches,
    )
    if not all(math.isfinite(row["loss"]) for row in history.rows) or not history.rows:
        epoch = next((row["epoch"] for row in history.rows if not math.isfinite(row["loss"])), 1)
        raise TrainingError(
            f"the training loss is no longer a number in epoch {epoch}; "
            f"a learning_rate below {training.learning_rate:g} may help"
        )
    return history.rows


class History(keras.callbacks.Callback):
    """Collect one row per epoch: the columns of history.csv."""

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.rows, self.start = [], time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Add the epoch's row; seconds are counted from the start of training."""
        optimizer = self.model.optimizer
        scores = {name: float(logs.get(name, math.nan)) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        self.rows.append(
            {
                "iteration": int(keras.ops.convert_to_numpy(optimizer.iterations)),
                "epoch": epoch + 1,
                "seconds": round(time.perf_counter() - self.start, 3),
                **scores,
                "learning_rate": float(keras.ops.convert_to_numpy(optimizer.learning_rate)),
            }
        )
