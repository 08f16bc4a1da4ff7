"""What follows an extractor: heads from the features (n_steps, dim) of a clip to class probabilities.

A new head is a function and a row of :data:`HEADS`."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("benchmark")
class Standardize(keras.layers.Layer):
    """Subtract the mean and divide by the standard deviation of the training features, (..., dim) to (..., dim).

    Identity until :meth:`adapt` is called. A feature that does not vary in training (a dead unit) becomes 0: dividing
    by its rounding errors would let it drown all others."""

    def build(self, input_shape):
        """Create the statistics."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=shape, initializer="ones", trainable=False, name="scale")

    def adapt(self, features):
        """Take the statistics of the training features (n_clips, dim)."""
        features = np.asarray(features, "float64")
        mean, std = features.mean(axis=0), features.std(axis=0)
        varies = std > np.maximum(1e-5 * np.abs(mean), 1e-4 * np.median(std))  # float32 sums leave 1e-6 of the mean
        self.mean.assign(mean.astype("float32"))
        self.scale.assign(np.where(varies, 1 / np.where(varies, std, 1), 0).astype("float32"))

    def transform(self, features):
        """Return the standardised features (n_clips, dim) as a NumPy array of float64, for solvers outside Keras."""
        mean, scale = (ops.convert_to_numpy(weight).astype("float64") for weight in (self.mean, self.scale))
        return (np.asarray(features, "float64") - mean) * scale

    def folded(self, kernel, bias):
        """Return kernel and bias that give for raw features what those given do for standardised ones."""
        mean, scale = (ops.convert_to_numpy(weight).astype("float64") for weight in (self.mean, self.scale))
        return [kernel * scale[:, None], bias - (mean * scale) @ kernel]

    def call(self, features):
        """Return the standardised features."""
        return (ops.cast(features, "float32") - self.mean) * self.scale


def linear(dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax"):
    """Return a model from features (dim,) to scores (n_classes,), probabilities after softmax, always in float32."""
    return mlp(dim, n_classes, input_dropout, standardize, activation, hidden=())


def mlp(dim, n_classes, input_dropout=0.0, standardize=False, activation="softmax", hidden=(256,), dropout=0.5):
    """Return a model from features (dim,) to scores (n_classes,) over hidden layers of the given numbers of units.

    A hidden layer is dense, dropout, then ReLU, as in the code of Sulun et al. 2024."""
    layers = [keras.Input((dim,), name="features")]
    layers += [Standardize(name="standardize", dtype="float32")] if standardize else []
    layers += [keras.layers.Dropout(input_dropout, name="head_dropout")] if input_dropout else []
    for number, units in enumerate(hidden, start=1):
        layers += [
            keras.layers.Dense(units, name=f"hidden_{number}"),
            keras.layers.Dropout(dropout, name=f"hidden_{number}_dropout"),
            keras.layers.ReLU(name=f"hidden_{number}_relu"),
        ]
    layers += [keras.layers.Dense(n_classes, activation=activation, dtype="float32", name="scores")]
    return keras.Sequential(layers, name="head")


def mean_over_steps(features):
    """Return the mean of each clip's features over its steps, (n_clips, dim), of a list of (n_steps, dim)."""
    return np.stack([steps.mean(axis=0) for steps in features])


def padded(features):
    """Return a list of (n_steps, dim) as {"features": (n_clips, most_steps, dim), "mask": (n_clips, most_steps)}.

    What is no step of a clip is 0, also in the mask, which is 1 elsewhere; float32."""
    most = max(len(steps) for steps in features)
    rows = [np.pad(steps, ((0, most - len(steps)), (0, 0))) for steps in features]
    mask = np.arange(most) < np.array([len(steps) for steps in features])[:, None]
    return {"features": np.stack(rows).astype("float32"), "mask": mask.astype("float32")}


class Head(NamedTuple):
    """One kind of head."""

    build: Callable  # (dim, n_classes, input_dropout, standardize, activation, **settings) -> a Keras model
    reads: Callable  # a list of features (n_steps, dim) -> what the model takes: mean_over_steps or padded


# By HeadParams.kind; the settings that each takes, and their defaults, stand in benchmark.config.heads.HEADS.
HEADS = {"linear": Head(linear, mean_over_steps), "mlp": Head(mlp, mean_over_steps)}
