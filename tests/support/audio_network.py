"""An audio network that is built at once, for trials of sound that take a second."""

import keras

from benchmark.models.audio_networks import AudioNetwork


def SmallAudio():
    """Return a network of two numbers for each patch of 0.96 s."""
    patch = keras.Input((96, 64, 1))
    return AudioNetwork(keras.Model(patch, keras.layers.Dense(2)(keras.layers.Flatten()(patch))), 96, 0.01)


def audio_network(name, **changes):
    """Return the settings of an audio network with random weights."""
    builder = {"backbone": "tensorflow_hub:nowhere", "random": "tests.support.audio_network:SmallAudio"}
    return builder | {"name": name, "label": name, "weights": "random"} | changes
