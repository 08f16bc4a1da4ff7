"""Networks of YAMNet's and VGGish's signature and sizes with random weights, for runs without network.

One embedding for each patch of 0.96 s, as the modules of TensorFlow Hub give. Log-mel front end
and layer tables: tensorflow/models, research/audioset (Gemmeke et al. 2017; Hershey et al. 2017)."""

from functools import partial

import keras
import numpy as np
from keras import layers

from benchmark.models.sound_network import SoundNetwork

SAMPLE_RATE = 16000  # Hz
WINDOW, HOP, N_FFT = 400, 160, 512  # samples: 25 ms, 10 ms
PATCH_FRAMES, N_MELS = 96, 64
VGGISH_FILTERS = (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool")


def YAMNet(weights=None):
    """Return random YAMNet: MobileNet v1 over patches every 0.48 s, 1024 numbers each."""
    core = keras.applications.MobileNet(
        input_shape=(PATCH_FRAMES, N_MELS, 1), weights=None, include_top=False, pooling="avg"
    )
    return SoundNetwork(core, partial(log_mel_patches, patch_hop=48, log_offset=0.001), SAMPLE_RATE)


def VGGish(weights=None):
    """Return random VGGish: a VGG over patches that do not overlap, 128 numbers each."""
    patch = x = layers.Input((PATCH_FRAMES, N_MELS, 1))
    for filters in VGGISH_FILTERS:
        pooled = filters == "pool"
        x = layers.MaxPooling2D(2)(x) if pooled else layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    for units in (4096, 4096, 128):
        x = layers.Dense(units, activation="relu")(x)
    core = keras.Model(patch, x, name="vggish")
    return SoundNetwork(core, partial(log_mel_patches, patch_hop=96, log_offset=0.01), SAMPLE_RATE)


def log_mel_patches(waveform, patch_hop, log_offset):
    """Return the log-mel patches (n_patches, 96, 64, 1) of a 16 kHz waveform (n_samples,): one at least.

    ``patch_hop`` is in frames of 10 ms; ``log_offset`` is added before the logarithm."""
    from librosa.feature import melspectrogram  # imported late: it takes half a second

    shortest = WINDOW + (PATCH_FRAMES - 1) * HOP
    beside = (N_FFT - WINDOW) // 2  # librosa lays the window into the middle of the transform
    waveform = np.pad(waveform, (beside, beside + max(0, shortest - len(waveform))))
    how = {"n_fft": N_FFT, "hop_length": HOP, "win_length": WINDOW, "center": False, "power": 1}
    bands = {"n_mels": N_MELS, "fmin": 125, "fmax": 7500, "htk": True, "norm": None}
    log_mel = np.log(melspectrogram(y=waveform, sr=SAMPLE_RATE, **how, **bands).T + log_offset)
    return np.lib.stride_tricks.sliding_window_view(log_mel, PATCH_FRAMES, axis=0)[::patch_hop].swapaxes(1, 2)[
        ..., None
    ]
