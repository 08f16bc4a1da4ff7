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
        super().__init__(**{**kwargs, "trainable": False, "dtype": "float32"})
        self.order, self.initial = tuple(order), (tuple(scale), tuple(offset))

    def build(self, input_shape):
        """Create the two weights."""
        scale, offset = map(keras.initializers.Constant, self.initial)
        self.scale = self.add_weight(shape=(3,), initializer=scale, trainable=False, name="scale")
        self.offset = self.add_weight(shape=(3,), initializer=offset, trainable=False, name="offset")

    def call(self, images):
        """Return the normalised images."""
        if self.order != (0, 1, 2):
            images = ops.take(images, np.array(self.order), axis=-1)
        return images * self.scale + self.offset

    def get_config(self):
        """Return what rebuilds the layer."""
        scale, offset = self.initial
        return {**super().get_config(), "order": self.order, "scale": scale, "offset": offset}


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
