"""The first layer of every image network: raw RGB 0..255 to the values its weights were trained on."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("benchmark")
class InputNormalization(keras.layers.Layer):
    """Reorder the channels, then scale and shift each: (..., 3) RGB 0..255 to (..., 3) network input.

    ``scale`` and ``offset`` (3,) are weights that no optimiser moves, so that a model's weights hold its preprocessing.
    Always float32: eight bits of colour do not survive a bfloat16 subtraction of the mean."""

    def __init__(self, order=(0, 1, 2), scale=(1.0, 1.0, 1.0), offset=(0.0, 0.0, 0.0), **kwargs):
        super().__init__(trainable=False, dtype="float32", **{k: v for k, v in kwargs.items() if k not in _FIXED})
        self.order, self.initial = tuple(order), (tuple(scale), tuple(offset))

    def build(self, input_shape):
        """Create the two weights."""
        scale, offset = self.initial
        self.scale = self.add_weight(shape=(3,), initializer=_constant(scale), trainable=False, name="scale")
        self.offset = self.add_weight(shape=(3,), initializer=_constant(offset), trainable=False, name="offset")

    def call(self, images):
        """Return the normalised images."""
        if self.order != (0, 1, 2):
            images = ops.take(images, np.array(self.order), axis=-1)
        return images * self.scale + self.offset

    def get_config(self):
        """Return what rebuilds the layer."""
        scale, offset = self.initial
        return {**super().get_config(), "order": self.order, "scale": scale, "offset": offset}


_FIXED = ("trainable", "dtype")


def _constant(values):
    return lambda shape, dtype=None: ops.convert_to_tensor(np.array(values, "float32"))


def from_library(preprocess_input):
    """Return the :class:`InputNormalization` that does what a library's own ``preprocess_input`` does.

    The function is read off by calling it on four colours, so that any network of ``keras.applications`` brings its
    own; ``None`` stands for raw input. Raises ValueError where it is not one scale and offset for each channel."""
    if preprocess_input is None:
        return InputNormalization(name="input_normalization")
    colours = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3), np.full((1, 3), 100.0)])
    answer = np.asarray(preprocess_input(colours.reshape(5, 1, 1, 3).copy()), "float64").reshape(5, 3)
    offset, gains = answer[0], (answer[1:4] - answer[0]) / 255  # gains: (input channel, output channel)
    order = np.abs(gains).argmax(axis=0)
    scale = gains[order, range(3)]
    if not np.allclose(colours[:, order] * scale + offset, answer, atol=1e-4):
        raise ValueError(
            f"{preprocess_input.__module__}.preprocess_input is not a scale and an offset for each channel"
        )
    return InputNormalization(order.tolist(), scale.tolist(), offset.tolist(), name="input_normalization")


IMAGENET_MEAN, IMAGENET_STD = np.array([0.485, 0.456, 0.406]) * 255, np.array([0.229, 0.224, 0.225]) * 255


def reset(layer, batches, normalization):
    """Set an :class:`InputNormalization` from the training images, as MATLAB does, per channel.

    ``batches`` yields RGB 0..255 images (n, h, w, 3). 'zerocenter' subtracts their mean; 'rescale-symmetric' maps
    their range to [-1, 1]; 'zscore' gives them the mean and the standard deviation that ImageNet's pictures have under
    the pretrained preprocessing (0 and 1, where that is a z-score), so that the weights see the scale they know. That
    MATLAB resets per channel is from memory, unconfirmed."""
    order = list(layer.order)
    mean, std, low, high = (values[order] for values in channel_statistics(batches))
    scale, offset = (ops.convert_to_numpy(weight).astype("float64") for weight in (layer.scale, layer.offset))
    z_scale = scale * IMAGENET_STD[order] / np.maximum(std, 1e-6)
    symmetric = 2 / np.maximum(high - low, 1)
    values = {
        "zerocenter": (scale, -mean * scale),
        "zscore": (z_scale, scale * IMAGENET_MEAN[order] + offset - mean * z_scale),
        "rescale-symmetric": (symmetric, -1 - low * symmetric),
    }
    for weight, value in zip((layer.scale, layer.offset), values[normalization], strict=True):
        weight.assign(value.astype("float32"))


def channel_statistics(batches):
    """Return mean, standard deviation, minimum and maximum of each channel, (3,) each, of batches of images."""
    sums = []
    for images in batches:
        pixels = np.asarray(images, "float64").reshape(-1, 3)
        sums.append((len(pixels), pixels.sum(0), (pixels**2).sum(0), pixels.min(0), pixels.max(0)))
    counts, totals, squares, low, high = (np.array(values) for values in zip(*sums, strict=True))
    mean = totals.sum(0) / counts.sum()
    return mean, np.sqrt(np.maximum(squares.sum(0) / counts.sum() - mean**2, 0)), low.min(0), high.max(0)
