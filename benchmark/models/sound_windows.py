"""Sound in windows, and its mel spectrogram, as networks over music read them."""

import numpy as np

REST = 0.1  # of a hop: less sound than this at the end gets no window of its own


def cut(sound, size, hop):
    """Return a list of windows (size, ...) of sound (n, ...) along its first axis, every ``hop``: one at least.

    All are full. What the last of them leaves over is in one more window, which ends with the sound and so overlaps
    more than the others, unless it is less than a tenth of a hop. Zeros follow sound shorter than one window."""
    if len(sound) < size:
        sound = np.pad(sound, [(0, size - len(sound))] + [(0, 0)] * (sound.ndim - 1))
    starts = [*range(0, len(sound) - size + 1, hop)]
    rest = len(sound) - size - starts[-1]
    if rest and rest >= REST * hop:
        starts.append(len(sound) - size)
    return [sound[start : start + size] for start in starts]


def mel_power(waveform, sample_rate, **bands):
    """Return the mel spectrogram (96, n_frames) of a waveform of 257 samples at least: powers, one every 256 samples.

    ``bands`` are librosa's: Slaney's scale and areas unless they say otherwise. The ends are mirrored, as
    librosa did before version 0.10, when these networks were trained, and as torchaudio does."""
    from librosa.feature import melspectrogram  # imported late: it takes half a second

    frames = {"n_fft": 512, "hop_length": 256, "pad_mode": "reflect"}
    return melspectrogram(y=waveform, sr=sample_rate, n_mels=96, **frames, **bands)
