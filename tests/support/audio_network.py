"""An audio network that is built at once, for trials of sound that take a second."""

from functools import partial

import keras

from benchmark.models.audio_networks import log_mel_patches
from benchmark.models.sound_network import SoundNetwork


def SmallAudio(weights=None):
    """Return a network of two numbers for each patch of 0.96 s."""
    patch = keras.Input((96, 64, 1))
    core = keras.Model(patch, keras.layers.Dense(2)(keras.layers.Flatten()(patch)))
    return SoundNetwork(core, partial(log_mel_patches, patch_hop=96, log_offset=0.01), 16000)


def audio_network(name, **changes):
    """Return the settings of an audio network with random weights."""
    builder = {"backbone": "tensorflow_hub:nowhere", "random": "tests.support.audio_network:SmallAudio"}
    return builder | {"name": name, "label": name, "weights": "random"} | changes
