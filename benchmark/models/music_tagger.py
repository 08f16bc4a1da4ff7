"""Choi's two music taggers, trained on 50 tags of the Million Song Dataset: convolutions with or without a GRU.

MusicTaggerCNN: Choi, Fazekas and Sandler, Automatic tagging using deep convolutional neural networks, ISMIR 2016.
MusicTaggerCRNN: Choi, Fazekas, Sandler and Cho, Convolutional recurrent neural networks for music classification,
ICASSP 2017. Layers, their names and the weights: github.com/keunwoochoi/music-auto_tagging-keras (MIT), a program of
Keras 1. Networks here are to be frozen: the dropout between the blocks is left out."""

from functools import partial

import keras
import numpy as np
from keras import layers, ops

from benchmark.errors import StudyError
from benchmark.models.sound_network import SoundNetwork
from benchmark.models.sound_windows import cut, mel_power
from benchmark.models.weights import keras1_file

SAMPLE_RATE = 12000  # Hz
N_MELS, N_FRAMES = 96, 1366
SECONDS = 29.12  # of sound in 1366 frames
# filters, pooling over (mel bands, frames)
CRNN_BLOCKS = [(64, (2, 2)), (128, (3, 3)), (128, (4, 4)), (128, (4, 4))]
CNN_BLOCKS = [(32, (2, 4)), (128, (2, 4)), (128, (2, 4)), (192, (3, 5)), (256, (4, 4))]
TAGS = """rock, pop, alternative, indie, electronic, female vocalists, dance, 00s, alternative rock, jazz
beautiful, metal, chillout, male vocalists, classic rock, soul, indie rock, Mellow, electronica, 80s
folk, 90s, chill, instrumental, punk, oldies, blues, hard rock, ambient, acoustic
experimental, female vocalist, guitar, Hip-Hop, 70s, party, country, easy listening, sexy, catchy
funk, electro, heavy metal, Progressive rock, 60s, rnb, indie pop, sad, House, happy""".replace("\n", ", ").split(", ")


def MusicTaggerCRNN(weights=None, layer="gru2", seconds=SECONDS, hop=None, standardize=False):
    """Return the CRNN with random weights as a SoundNetwork: 32 numbers for each window of ``seconds``, every ``hop``.

    They are the GRU's last state, the input of the last layer. ``layer`` names another layer: 'output' gives the 50
    :data:`TAGS`; maps are averaged. ``hop`` is half a window unless given in seconds; a window shorter than 29.12 s is
    followed by silence. ``standardize`` gives each window's decibels mean 0 and standard deviation 1: so the networks
    were trained, by the statistics in their first layer, but the authors' program and its published outputs of the
    CRNN lack it. Raises StudyError for a layer or a window that there is not."""
    mel = layers.Input((N_MELS, N_FRAMES, 1))
    x = layers.ZeroPadding2D((0, 37))(mel)
    x = _convolutions(x, CRNN_BLOCKS)
    x = layers.Reshape((15, 128))(x)
    for name, sequences in (("gru1", True), ("gru2", False)):
        x = layers.GRU(32, recurrent_activation=hard_sigmoid, reset_after=False, return_sequences=sequences, name=name)(
            x
        )
    return _network("music_tagger_crnn", mel, x, layer, standardize, seconds, hop)


def MusicTaggerCNN(weights=None, layer="flatten", seconds=SECONDS, hop=None, standardize=True):
    """Return the CNN with random weights as a SoundNetwork: 256 numbers for each window of ``seconds``, every ``hop``.

    They are the input of the last layer. Without ``standardize`` its tags are far from those that the authors
    published, with it close. All else as for :func:`MusicTaggerCRNN`."""
    mel = layers.Input((N_MELS, N_FRAMES, 1))
    x = layers.Flatten(name="flatten")(_convolutions(mel, CNN_BLOCKS))
    return _network("music_tagger_cnn", mel, x, layer, standardize, seconds, hop)


@keras.saving.register_keras_serializable("benchmark")
def hard_sigmoid(x):
    """Return Keras 1's hard sigmoid, 0.2 x + 0.5 between 0 and 1; Keras 3's has another slope."""
    return ops.clip(0.2 * x + 0.5, 0, 1)


def log_mel_windows(waveform, seconds, hop, standardize):
    """Return the mel spectrograms (n_windows, 96, 1366, 1) of the windows of a 12 kHz waveform (n_samples,)."""
    size, hop, full = (round(SAMPLE_RATE * length) for length in (seconds, hop, SECONDS))
    mels = (log_mel(np.pad(window, (0, full - size))) for window in cut(waveform, size, hop))
    return np.stack([standardized(mel) if standardize else mel for mel in mels])[..., None]


def log_mel(waveform):
    """Return the mel spectrogram (96, 1366) of 29.12 s of sound, in dB, none more than 80 dB below the highest.

    As the taggers' authors had it: powers are squared before the logarithm, so that 1 dB counts as 2."""
    from librosa import power_to_db

    return power_to_db(mel_power(waveform, SAMPLE_RATE) ** 2, ref=1.0)


def standardized(mel):
    """Return a mel spectrogram minus its mean, by its standard deviation; zeros where all of it is alike."""
    return (mel - mel.mean()) / max(mel.std(), 1e-6)


def _convolutions(x, blocks):
    x = layers.BatchNormalization(axis=2, epsilon=1e-5, name="bn_0_freq")(x)  # by frame, in spite of its name
    for i, (filters, pooling) in enumerate(blocks, start=1):
        x = layers.Conv2D(filters, 3, padding="same", name=f"conv{i}")(x)
        x = layers.BatchNormalization(epsilon=1e-5, name=f"bn{i}")(x)
        x = layers.ELU(name=f"elu{i}")(x)
        x = layers.MaxPooling2D(pooling, name=f"pool{i}")(x)
    return x


def _network(name, mel, x, layer, standardize, seconds, hop):
    if not 0 < seconds <= SECONDS:
        raise StudyError(f"{name} reads windows of up to {SECONDS} seconds; got seconds: {seconds}")
    tags = keras.Model(mel, layers.Dense(len(TAGS), activation="sigmoid", name="output")(x))
    known = [one.name for one in tags.layers[1:]]
    if layer not in known:
        raise StudyError(f"{name} has no layer '{layer}'; it has {', '.join(known)}")
    x = tags.get_layer(layer).output
    if x.ndim > 2:
        x = ops.mean(x, axis=tuple(range(1, x.ndim - 1)))
    windows = partial(log_mel_windows, seconds=seconds, hop=hop or seconds / 2, standardize=standardize)
    return SoundNetwork(keras.Model(mel, x, name=name), windows, SAMPLE_RATE, batch=1)


MusicTaggerCRNN.weights_files = {"msd": "music_tagger_crnn_weights_tensorflow.h5"}
MusicTaggerCNN.weights_files = {"msd": "music_tagger_cnn_weights_tensorflow.h5"}
MusicTaggerCRNN.load_weights = keras1_file.load
MusicTaggerCNN.load_weights = partial(keras1_file.load, running_std="sd")  # saved before Keras 1.0.7
