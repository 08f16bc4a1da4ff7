"""Networks over sound that are built at once, for trials of sound that take a second."""

from functools import partial
from pathlib import Path

import keras
import numpy as np

from benchmark.models.audio_networks import log_mel_patches
from benchmark.models.sound_network import SoundNetwork


def SmallAudio(weights=None):
    """Return a network at 16 kHz of two numbers for each patch of 0.96 s."""
    patch = keras.Input((96, 64, 1))
    core = keras.Model(patch, keras.layers.Dense(2)(keras.layers.Flatten()(patch)))
    return SoundNetwork(core, partial(log_mel_patches, patch_hop=96, log_offset=0.01), 16000)


def cut(waveform, n_samples):
    """Return a waveform (m,) cut into windows (n_windows, n_samples), one at least, zeros at the end."""
    n_windows = max(1, -(-len(waveform) // n_samples))
    return np.pad(waveform, (0, n_windows * n_samples - len(waveform))).reshape(n_windows, n_samples)


def Blocks(weights=None, sample_rate=12000, dim=3, n_samples=600):
    """Return a network of ``dim`` numbers for each block of samples, at any sample rate."""
    block = keras.Input((n_samples,))
    core = keras.Model(block, keras.layers.Dense(dim)(block), name="blocks")
    return SoundNetwork(core, partial(cut, n_samples=n_samples), sample_rate)


def load_blocks(core, path):
    """Read the weights that a folder holds, as two files of NumPy."""
    core.set_weights([np.load(Path(path) / "kernel.npy"), np.load(Path(path) / "bias.npy")])


Blocks.load_weights = load_blocks
Blocks.weights_files = {"audioset": "blocks"}


def blocks(name, rate, **changes):
    """Return the settings of a network of :func:`Blocks` with random weights."""
    given = {"reads": "waveform", "backbone": "tests.support.audio_network:Blocks", "weights": "random"}
    return given | {"name": name, "label": name, "sample_rate": rate, "options": {"sample_rate": rate}} | changes


def audio_network(name, **changes):
    """Return the settings of an audio network with random weights."""
    builder = {"backbone": "tensorflow_hub:nowhere", "random": "tests.support.audio_network:SmallAudio"}
    return builder | {"name": name, "label": name, "weights": "random"} | changes
