"""Cnn14, a network that tags sounds with AudioSet's classes (PANNs: Kong et al. 2020), up to its embedding.

Layers and front end are those of pytorch/models.py and torchlibrosa in qiuqiangkong/audioset_tagging_cnn, whose weights
it reads: log-mel spectrogram at 32 kHz, six blocks of two convolutions, mean over bands, maximum and mean over time."""

import re
from functools import partial

import keras
import numpy as np
from keras import layers

from benchmark.errors import StudyError
from benchmark.models.sound_network import SoundNetwork
from benchmark.models.weights import torch_file
from benchmark.models.weights.safetensors_file import copy_tensors

SAMPLE_RATE, N_FFT, HOP = 32000, 1024, 320  # Hz, samples, samples: 10 ms
N_MELS, FMIN, FMAX = 64, 50, 14000
AMIN = 1e-10  # power below which no logarithm is taken
FILTERS = (64, 128, 256, 512, 1024, 2048)  # of the blocks; all but the last halve both axes
SHORTEST = 2 ** (len(FILTERS) - 1)  # frames that leave one
CONVOLUTION = {"kernel_size": 3, "padding": "same", "use_bias": False}
EPSILON = 1e-5  # torch's, of batch normalisation


def Cnn14(weights=None, dim=128, seconds=3.0, hop=1.5):
    """Return Cnn14 as a :class:`SoundNetwork` with random weights: ``dim`` numbers for each window of sound.

    ``dim`` is 128 for Cnn14_emb128, 2048 for Cnn14. A window lasts ``seconds``, and the next begins ``hop`` seconds
    after it; zeros fill up what is left at the end. Raises :class:`StudyError` for a window too short to be halved five
    times, and for a hop that is none or leaves sound out."""
    n_samples, step = round(seconds * SAMPLE_RATE), round(hop * SAMPLE_RATE)
    n_frames = 1 + n_samples // HOP
    if n_frames < SHORTEST:
        raise StudyError(f"Cnn14 needs windows of {(SHORTEST - 1) * HOP / SAMPLE_RATE:g} s or more; got {seconds:g}")
    if not 1 <= step <= n_samples:
        raise StudyError(f"Cnn14's hop must be above 0 and at most its window of {seconds:g} s; got {hop:g}")
    log_mel = x = layers.Input((n_frames, N_MELS, 1))
    x = layers.BatchNormalization(axis=2, epsilon=EPSILON, name="bn0")(x)  # of the bands
    for number, filters in enumerate(FILTERS, 1):
        for part in (1, 2):
            x = layers.Conv2D(filters, name=f"conv_block{number}_conv{part}", **CONVOLUTION)(x)
            x = layers.BatchNormalization(epsilon=EPSILON, name=f"conv_block{number}_bn{part}")(x)
            x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x) if number < len(FILTERS) else x
    x = keras.ops.mean(x, axis=2)
    x = layers.Add()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)])
    x = layers.Dense(dim, activation="relu", name="fc1")(x)
    return SoundNetwork(keras.Model(log_mel, x, name="cnn14"), partial(log_mels, n_samples, step), SAMPLE_RATE)


def log_mels(n_samples, hop, waveform):
    """Return the log-mel spectrograms (n_windows, n_frames, 64, 1) in dB of a waveform (m,) at 32 kHz.

    Windows are of ``n_samples`` every ``hop`` samples, one at least; each is transformed by itself, as a clip is there:
    centred Hann windows, its ends mirrored."""
    n_windows = 1 + max(0, -(-(len(waveform) - n_samples) // hop))
    padded = np.pad(waveform, (0, max(0, (n_windows - 1) * hop + n_samples - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_samples)[::hop][:n_windows]
    return np.stack([_log_mel(window) for window in windows])[..., None]


def _log_mel(waveform):
    """Return the log-mel spectrogram (n_frames, 64) of one window."""
    import librosa  # imported late: it takes half a second

    how = {"n_fft": N_FFT, "hop_length": HOP, "pad_mode": "reflect"}
    bands = {"n_mels": N_MELS, "fmin": FMIN, "fmax": FMAX}
    power = librosa.feature.melspectrogram(y=waveform, sr=SAMPLE_RATE, **how, **bands)
    return librosa.power_to_db(power, amin=AMIN, top_db=None).T


def load_weights(core, path):
    """Load a .pth file of PANNs into Cnn14's core; its classifier and the matrices of its front end are left out."""
    names = {layer.name: re.sub(r"(conv_block\d)_", r"\1.", layer.name) for layer in core.layers}
    copy_tensors(core, torch_file.read(path), names)


Cnn14.load_weights = load_weights
# https://zenodo.org/records/3987831, CC BY 4.0
Cnn14.weights_files = {"audioset": "Cnn14_emb128_mAP=0.412.pth"}
