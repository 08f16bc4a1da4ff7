"""What follows a backbone: standardise, drop out, classify."""

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


def linear(dim, n_classes, dropout=0.0, standardize=False):
    """Return a model from features (dim,) to class probabilities (n_classes,), always in float32."""
    layers = [keras.Input((dim,), name="features")]
    layers += [Standardize(name="standardize", dtype="float32")] if standardize else []
    layers += [keras.layers.Dropout(dropout, name="head_dropout")] if dropout else []
    layers += [keras.layers.Dense(n_classes, activation="softmax", dtype="float32", name="scores")]
    return keras.Sequential(layers, name="head")
