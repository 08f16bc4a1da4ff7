"""Layers that Keras lacks: what is learnt of the training features beforehand, maxout, and what goes over steps.

A clip's steps come with a mask (n_clips, n_steps) float32: 1 for its steps, which come first, and 0 for padding."""

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

    def adapt(self, blocks):
        """Take the statistics of the training features: arrays (n, dim), of which one at a time is in memory."""
        mean, std = moments(blocks)
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


def moments(blocks):
    """Return mean and standard deviation, (dim,) float64 each, of the rows of arrays (n, dim).

    Blocks are merged as Chan, Golub & LeVeque (1983) do, which loses no digits where a mean is large."""
    count, mean, squares = 0, 0.0, 0.0
    for block in blocks:
        block = np.asarray(block, "float64")
        n, own = len(block), block.mean(axis=0)
        apart = own - mean
        squares = squares + ((block - own) ** 2).sum(axis=0) + apart**2 * (count * n / (count + n))
        mean, count = mean + apart * (n / (count + n)), count + n
    return mean, np.sqrt(squares / count)


@keras.saving.register_keras_serializable("benchmark")
class SubtractMean(keras.layers.Layer):
    """Subtract the mean segment of the training clips, (n, segment, dim) to (n, segment, dim); before, nothing."""

    def build(self, input_shape):
        """Create the mean segment."""
        self.mean = self.add_weight(shape=input_shape[1:], initializer="zeros", trainable=False, name="mean")

    def adapt(self, blocks):
        """Take the mean of the training clips' segments: ``blocks`` are their features (n_steps, dim), one by one.

        What is left of a clip after its whole segments is not counted; a shorter clip is one segment, zeros after."""
        total, count = np.zeros(self.mean.shape), 0
        for block in blocks:
            for start in range(0, max(1, len(block) // len(total)) * len(total), len(total)):
                segment = block[start : start + len(total)]
                total[: len(segment)] += segment
                count += 1
        self.mean.assign((total / count).astype("float32"))

    def call(self, segments):
        """Return the segments less their mean."""
        return ops.cast(segments, "float32") - self.mean


ADAPTED = (Standardize, SubtractMean)  # to the training features, before the first step


@keras.saving.register_keras_serializable("benchmark")
class Maxout(keras.layers.Layer):
    """The largest of ``pieces`` linear functions for each unit, (n, dim) to (n, units): Goodfellow et al. 2013,
    arXiv:1302.4389; ``MaxoutDense`` of Keras 1, with its number of parameters."""

    def __init__(self, units, pieces, **options):
        super().__init__(**options)
        self.units, self.pieces = units, pieces
        self.linear = keras.layers.Dense(units * pieces, name="linear", dtype=self.dtype_policy)

    def build(self, input_shape):
        """Create kernel and bias of all pieces."""
        self.linear.build(input_shape)

    def call(self, x):
        """Return the largest piece of each unit."""
        return ops.max(ops.reshape(self.linear(x), (-1, self.units, self.pieces)), axis=-1)

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "units": self.units, "pieces": self.pieces}


@keras.saving.register_keras_serializable("benchmark")
class MaxOverTime(keras.layers.Layer):
    """The maximum over the windows of a convolution of ``width`` steps, (n, n_steps, filters) to (n, filters).

    A window starts at each step; it counts where it touches no padding. The first always counts: of a clip that is
    shorter than a window it is all there is."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width

    def call(self, x, real):  # Keras keeps the name mask for one of its own
        """Return the maximum over the windows that count; ``real`` is the mask (n, n_steps) of the steps."""
        last = ops.pad(real, [[0, 0], [0, self.width - 1]])[:, self.width - 1 :]  # of each window
        counts = ops.concatenate([ops.ones_like(last[:, :1]), last[:, 1:]], axis=1) > 0
        return ops.max(ops.where(counts[..., None], x, -np.inf), axis=1)

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("benchmark")
class OverSteps(keras.layers.Layer):
    """Scores of clips (n_clips, n_classes) from those of their steps (n_clips * n_steps, n_classes).

    ``how``: mean; max; or noisy_or, 1 - prod(1 - p), the probability that a class is in any step (Pearl 1988). Under a
    softmax (``sums_to_one``) the scores are divided by their sum again. A step is ``unit`` rows of the mask. The first
    always counts: of a clip that has nothing it is the zeros in its place."""

    def __init__(self, how, unit=1, sums_to_one=False, **options):
        super().__init__(**options)
        self.how, self.unit, self.sums_to_one = how, unit, sums_to_one

    def call(self, scores, real):  # Keras keeps the name mask for one of its own
        """Return the clips' scores; ``real`` is the mask (n_clips, n_steps * unit)."""
        mask = ops.cast(real, scores.dtype)[:, :: self.unit]  # a step is there where it begins
        mask = ops.concatenate([ops.ones_like(mask[:, :1]), mask[:, 1:]], axis=1)
        shape = (-1, ops.shape(mask)[1], scores.shape[-1])
        found = OVER_STEPS[self.how](ops.reshape(scores, shape), mask[..., None])
        return found / ops.sum(found, axis=-1, keepdims=True) if self.sums_to_one else found

    def compute_output_shape(self, scores_shape, real_shape):
        """Return (n_clips, n_classes)."""
        return real_shape[0], scores_shape[-1]

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "how": self.how, "unit": self.unit, "sums_to_one": self.sums_to_one}


OVER_STEPS = {  # (scores (n_clips, n_steps, n_classes) 0..1, mask (n_clips, n_steps, 1)) -> (n_clips, n_classes)
    "mean": lambda scores, mask: ops.sum(scores * mask, axis=1) / ops.sum(mask, axis=1),
    "max": lambda scores, mask: ops.max(scores * mask, axis=1),
    "noisy_or": lambda scores, mask: 1 - ops.prod(1 - scores * mask, axis=1),
}
