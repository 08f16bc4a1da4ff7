"""Batch normalisation as MATLAB trains it: batch statistics in training, population statistics for everything else."""

import keras
import numpy as np
from keras import ops

from benchmark.models.catalogue import batch_norms
from benchmark.training.modes import Called


class PopulationStatistics:
    """Set the statistics of a backbone's batch normalisations to those of the whole training set.

    One pass, in which each layer sees its inputs normalised by batch, as in training; the mean is the mean over
    batches, the variance the mean of squares minus its square. MATLAB's 'population' is documented as one pass after
    training; that it normalises by batch in that pass is inferred."""

    def __init__(self, model, core, batches, training=True):
        self.layers, self.batches = batch_norms(core), batches
        if self.layers:
            moments = [_moments(layer.input) for layer in self.layers]
            inner = keras.Model(core.input, [value for pair in moments for value in pair])
            prepared = model.get_layer("input_normalization")(model.input)
            self.moments = keras.Model(model.input, Called(inner, training)(prepared))

    def measure(self):
        """Return the mean and the variance of each layer's input over all clips: pairs of (channels,) float64."""
        sums, n_batches = None, 0
        for inputs, n in self.batches.in_order():
            if n < self.batches.batch_size:  # the rest would be counted with its filling: left out, as in training
                break
            values = [ops.convert_to_numpy(value).astype("float64") for value in self.moments.predict_on_batch(inputs)]
            sums = values if sums is None else [total + value for total, value in zip(sums, values, strict=True)]
            n_batches += 1
        averages = [total / n_batches for total in sums]
        pairs = zip(averages[::2], averages[1::2], strict=True)
        return [(mean, np.maximum(square - mean**2, 0)) for mean, square in pairs]

    def __call__(self):
        """Measure and set the statistics."""
        if not self.layers:
            return
        kept = [(ops.convert_to_numpy(x.moving_mean), ops.convert_to_numpy(x.moving_variance)) for x in self.layers]
        try:
            kept = self.measure()
        finally:  # the pass itself moves them
            for layer, (mean, variance) in zip(self.layers, kept, strict=True):
                layer.moving_mean.assign(mean.astype("float32"))
                layer.moving_variance.assign(variance.astype("float32"))


def _moments(x):
    """Return the mean and the mean of squares over all axes but the last, in float32."""
    x, axes = ops.cast(x, "float32"), tuple(range(len(x.shape) - 1))
    return ops.mean(x, axis=axes), ops.mean(ops.square(x), axis=axes)


def is_folded(core):
    """Return whether batch normalisations were folded into the convolutions: all means are 0, all variances alike."""
    layers = batch_norms(core)
    means = all(not ops.convert_to_numpy(layer.moving_mean).any() for layer in layers)
    return bool(layers) and means and all(np.ptp(ops.convert_to_numpy(x.moving_variance)) < 1e-3 for x in layers)


def unfold(model, core, batches):
    """Give folded batch normalisations the statistics of the training images, without changing what the network says.

    Files converted from phones hold such networks. Batch statistics would destroy them: a scale folded into the weights
    would be divided out. Mean and variance are measured in inference mode; scale and offset take them back."""
    statistics = PopulationStatistics(model, core, batches, training=False)
    for layer, (mean, variance) in zip(statistics.layers, statistics.measure(), strict=True):
        gamma, beta, old_mean, old_variance = (ops.convert_to_numpy(w).astype("float64") for w in _weights(layer))
        ratio = gamma / np.sqrt(old_variance + layer.epsilon)
        values = ratio * np.sqrt(variance + layer.epsilon), beta + ratio * (mean - old_mean), mean, variance
        for weight, value in zip(_weights(layer), values, strict=True):
            weight.assign(value.astype("float32"))


def _weights(layer):
    if not (layer.scale and layer.center):
        raise ValueError(f"{layer.name} has no scale or no offset: its folding cannot be undone")
    return layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance
