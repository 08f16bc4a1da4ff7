"""musicnn: convolutions as high as a timbre and as long as a rhythm, trained on 50 tags of music.

Pons and Serra, musicnn: pre-trained convolutional neural networks for music audio tagging, ISMIR 2019 late-breaking;
Pons et al., End-to-end learning for music audio tagging at scale, ISMIR 2018. Layers, their names and the weights are
those of the package musicnn (ISC licence), a program of TensorFlow 1, whose checkpoints are read here without it.
Networks here are to be frozen: the dropout before the dense layers is left out."""

from functools import partial

import keras
import numpy as np
from keras import layers, ops

from benchmark.errors import StudyError
from benchmark.models.sound_network import SoundNetwork
from benchmark.models.sound_windows import cut, mel_power
from benchmark.models.weights import tf_checkpoint

SAMPLE_RATE = 16000  # Hz
N_MELS, N_FFT, FRAME_HOP = 96, 512, 256
# filters, (frames, mel bands); timbres are padded over time alone, rhythms reach over one band
FRONT_END = [(204, (7, 38)), (204, (7, 67)), (51, (128, 1)), (51, (64, 1)), (51, (32, 1))]
N_FILTERS, N_UNITS, N_TAGS = 64, 200, 50


def Musicnn(weights=None, layer="penultimate", seconds=3.0, hop=3.0):
    """Return musicnn with random weights as a SoundNetwork: an embedding for each window of 16 kHz sound.

    ``layer``: 'penultimate' for 200 numbers, 'mean_pool' or 'max_pool' for the 753 maps over time before it, 'tags'
    for the probabilities of 50 tags (Million Song Dataset or MagnaTagATune, by the weights). ``seconds`` and ``hop``
    become frames of 16 ms: 3 s are 187, on which the network was trained. Raises StudyError for another layer."""
    mel = layers.Input((n_frames(seconds), N_MELS))
    maps = _middle(_front_end(mel))
    pooled = {"max_pool": ops.max(maps, axis=1), "mean_pool": ops.mean(maps, axis=1)}
    x = layers.Flatten()(ops.stack([pooled["max_pool"], pooled["mean_pool"]], axis=-1))
    x = _norm(9)(x)
    x = layers.Dense(N_UNITS, activation="relu", name="dense")(x)
    x = _norm(10)(x)
    outputs = {"penultimate": x} | pooled
    outputs["tags"] = layers.Dense(N_TAGS, activation="sigmoid", name="dense_1")(x)
    if layer not in outputs:
        raise StudyError(f"musicnn has no layer '{layer}'; it has {', '.join(outputs)}")
    windows = partial(log_mel_windows, size=n_frames(seconds), hop=n_frames(hop))
    return SoundNetwork(keras.Model(mel, outputs[layer], name="musicnn"), windows, SAMPLE_RATE, batch=4)


def n_frames(seconds):
    """Return how many frames musicnn counts in so many seconds, one at least."""
    return 1 + max(0, (round(seconds * SAMPLE_RATE) - N_FFT // 2) // FRAME_HOP)


def log_mel_windows(waveform, size, hop):
    """Return windows (n_windows, size, 96) of the mel spectrogram log10(10000 power + 1) of a 16 kHz waveform.

    ``size`` and ``hop`` are in frames. In float32 throughout: half precision, in which the package keeps the powers,
    ends at 65504, which sound of full scale exceeds."""
    waveform = np.pad(waveform, (0, max(0, N_FFT - len(waveform))))
    mel = np.log10(10000 * mel_power(waveform, SAMPLE_RATE).T + 1)
    return np.stack(cut(mel.astype("float32"), size, hop))


def _front_end(mel):
    """Return the maps (n_frames, 561) of the five convolutions over a mel spectrogram, the highest over its bands."""
    x = _norm(0)(layers.Reshape((*mel.shape[1:], 1))(mel))
    padded = layers.ZeroPadding2D((3, 0))(x)
    maps = []
    for i, (filters, size) in enumerate(FRONT_END):
        is_timbre = size[1] > 1
        convolved = _conv(i, filters, size, "valid" if is_timbre else "same")(padded if is_timbre else x)
        maps.append(ops.max(_norm(i + 1)(convolved), axis=2))
    return ops.concatenate(maps, axis=-1)


def _middle(front):
    """Return the maps (n_frames, 753) of the front end and of three convolutions upon it, two of them residual."""
    maps, x = [front], front
    for i in (5, 6, 7):
        x = layers.ZeroPadding2D((3, 0))(layers.Reshape((*x.shape[1:], 1))(x))
        x = ops.squeeze(_norm(i + 1)(_conv(i, N_FILTERS, (7, x.shape[2]), "valid")(x)), axis=2)
        x = x if i == 5 else x + maps[-1]
        maps.append(x)
    return ops.concatenate(maps, axis=-1)


def _conv(i, filters, size, padding):
    return layers.Conv2D(filters, size, padding=padding, activation="relu", name=_numbered("conv2d", i))


def _norm(i):
    return layers.BatchNormalization(name=_numbered("batch_normalization", i))


def _numbered(name, i):
    return f"{name}_{i}" if i else name


Musicnn.weights_files = {"msd": "MSD_musicnn", "mtt": "MTT_musicnn"}
Musicnn.load_weights = tf_checkpoint.load
